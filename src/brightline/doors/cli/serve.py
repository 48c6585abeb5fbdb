"""`brightline serve`: the API, the review console and a worker, in one process."""

from pathlib import Path

import click

from brightline.core.words import Words
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.settings import Settings


@click.command(name="serve")
@settings_options
def command(settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Serve the API, the review console and a worker, as the table `[service]` of the settings says.

    The first time, make an account with `brightline people add`. docs/guides/service.md shows how.
    """
    settings = read_settings(settings_file, home=home, language=language)
    from brightline.doors.service.serve import run  # late: other commands need no server

    host = settings.service.host
    run(
        settings,
        lambda port: _say(settings, f"listening on http://{host}:{port}/", f"已监听 http://{host}:{port}/"),
    )
    return Exit.ALLOWED


def _say(settings: Settings, en: str, zh: str) -> None:
    click.echo(Words(en, zh).in_language(settings.language), err=True)
