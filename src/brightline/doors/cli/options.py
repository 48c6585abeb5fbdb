"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from brightline.settings import Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(command: F) -> F:
    """`--settings`, `--home`, `--language`: read by `read_settings`."""
    for option in (
        click.option("--language", type=click.Choice(["en", "zh"]), help="Language of what people read."),
        click.option("--home", type=click.Path(path_type=Path), help="Folder of the ledger and its key."),
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Settings file [default: brightline.toml here, if there is one].",
        ),
    ):
        command = option(command)
    return command


def read_settings(settings_file: Path | None, **flags: object) -> Settings:
    """Settings from flags, environment and file.

    Raises:
        SettingsError: something in them is wrong.
    """
    return load_settings(
        settings_file, os.environ, {name: value for name, value in flags.items() if value != ()}
    )
