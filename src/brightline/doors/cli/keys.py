"""`brightline keys`: make, list and retire the keys of watermarks. Secrets are never shown."""

import json
from pathlib import Path

import click

from brightline.core.errors import KeyringError
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.watermark.keyring import FILE_NAME, Key, Keyring, held


@click.group(name="keys")
def command() -> None:
    """Make, list and retire the keys of watermarks.

    The keyring is `watermark-keys.json` in the home folder, readable by its owner alone. Keep a copy where you keep
    other secrets: without a key its marks can never be found again.
    """


@command.command()
@click.argument("name", required=False, default="")
@settings_options
def new(name: str, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Add a fresh random key, which marks from now on; older keys still find what they marked.

    NAME is the key's public id: a-z, 0-9, `.`, `_`, `-` [default: the date and four random hex digits].
    """
    path = _path(settings_file, home, language)
    with held(path):
        keyring = _load_or_empty(path).with_new(name)
        keyring.save(path)
    click.echo(f"key `{keyring.active.id}` marks from now on; the keyring is `{path}`")
    return Exit.ALLOWED


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@settings_options
def list_keys(as_json: bool, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """List the keys, newest first."""
    keyring = _load_or_empty(_path(settings_file, home, language))
    for key in keyring.all():
        click.echo(_json(key) if as_json else _line(key))
    if not keyring.keys:
        click.echo("no keys yet; make one with `brightline keys new`", err=True)
    return Exit.ALLOWED


@command.command()
@click.argument("name")
@settings_options
def retire(name: str, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Retire the key NAME: it marks nothing new, and still finds what it marked."""
    path = _path(settings_file, home, language)
    with held(path):
        keyring = Keyring.load(path).with_retired(name)
        keyring.save(path)
    click.echo(f"key `{name}` is retired; it still finds what it marked")
    if all(key.retired for key in keyring.keys):
        click.echo("no key is in use now; make one with `brightline keys new`", err=True)
    return Exit.ALLOWED


def _path(settings_file: Path | None, home: Path | None, language: str | None) -> Path:
    return read_settings(settings_file, home=home, language=language).home / FILE_NAME


def _load_or_empty(path: Path) -> Keyring:
    if path.is_symlink() and not path.exists():
        raise KeyringError(f"`{path}` is a link to nothing")
    return Keyring.load(path) if path.exists() else Keyring()


def _line(key: Key) -> str:
    return f"{key.id}\tcreated {key.created}\t{f'retired {key.retired}' if key.retired else 'in use'}"


def _json(key: Key) -> str:
    return json.dumps({"id": key.id, "created": key.created, "retired": key.retired}, sort_keys=True)
