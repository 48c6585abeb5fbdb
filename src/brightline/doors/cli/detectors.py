"""`brightline detectors`: what looks at what, from the catalogue and the cards; imports no detector."""

import click
import msgspec

from brightline.core.harm import Harm
from brightline.doors.cli.detector_rows import row_of
from brightline.examine.catalogue import catalogue


@click.command(name="detectors")
@click.option(
    "--harm", type=click.Choice([harm.value for harm in Harm]), help="Only those that warn of this."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON Lines.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", help="Language of the purposes.")
def command(harm: str | None, *, as_json: bool, language: str) -> None:
    """List the detectors and what they look at."""
    rows = [row_of(entry, language) for entry in catalogue() if harm is None or harm in entry.harms]
    if as_json:
        for row in rows:
            click.echo(msgspec.json.encode(row))
        return
    from brightline.doors.cli.show import show_detectors

    show_detectors(rows)
