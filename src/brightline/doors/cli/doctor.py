"""`brightline doctor`: is this machine fit for its work, and what should be done."""

from pathlib import Path

import click
import msgspec

from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.doctor import examined
from brightline.doors.exits import Exit

SIGNS = {"good": "ok", "note": "--", "warning": "!", "fault": "X"}
COLOURS = {"good": "green", "note": None, "warning": "yellow", "fault": "red"}


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, one object a line.")
@settings_options
def command(as_json: bool, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Look at this machine: versions, clock, keys, disk, database, ledger, detectors, sandbox, trust list, ways out.

    Changes nothing. Exit codes: 0 fit, 1 something must be mended, 2 the settings cannot be read.
    """
    settings = read_settings(settings_file, home=home, language=language)
    faults = 0
    for seen in examined(settings):
        faults += seen.state == "fault"
        if as_json:
            click.echo(msgspec.json.encode(seen))
            continue
        sign = click.style(f"{SIGNS[seen.state]:>2}", fg=COLOURS[seen.state], bold=seen.state == "fault")
        click.echo(f"{sign}  {seen.name:<12} {seen.said.in_language(settings.language)}")
        if deed := seen.deed.in_language(settings.language):
            click.echo(f"{'':17}{deed}")
    return Exit.CAUGHT if faults else Exit.ALLOWED
