"""`brightline keys`: make, list and retire the keys of watermarks. Secrets are never shown."""

import json
from pathlib import Path

import click

from brightline.core.errors import KeyringError
from brightline.core.words import Words
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.watermark.keyring import FILE_NAME, Key, Keyring, held

_NONE_YET = Words(
    "no keys yet; make one with `brightline keys new`", "还没有密钥；请用 `brightline keys new` 生成"
)
_NONE_IN_USE = Words(
    "no key is in use now; make one with `brightline keys new`",
    "现在没有使用中的密钥；请用 `brightline keys new` 生成",
)


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
    settings = read_settings(settings_file, home=home, language=language)
    path = settings.home / FILE_NAME
    with held(path):
        keyring = _load_or_empty(path).with_new(name)
        keyring.save(path)
    key = keyring.active.id
    said = Words(
        f"key `{key}` marks from now on; the keyring is `{path}`",
        f"此后用密钥 `{key}` 写入水印；密钥环为 `{path}`",
    )
    click.echo(said.in_language(settings.language))
    return Exit.ALLOWED


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@settings_options
def list_keys(as_json: bool, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """List the keys, newest first."""
    settings = read_settings(settings_file, home=home, language=language)
    keyring = _load_or_empty(settings.home / FILE_NAME)
    for key in keyring.all():
        click.echo(_json(key) if as_json else _line(key).in_language(settings.language))
    if not keyring.keys:
        click.echo(_NONE_YET.in_language(settings.language), err=True)
    return Exit.ALLOWED


@command.command()
@click.argument("name")
@settings_options
def retire(name: str, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Retire the key NAME: it marks nothing new, and still finds what it marked."""
    settings = read_settings(settings_file, home=home, language=language)
    path = settings.home / FILE_NAME
    with held(path):
        keyring = Keyring.load(path).with_retired(name)
        keyring.save(path)
    said = Words(
        f"key `{name}` is retired; it still finds what it marked",
        f"密钥 `{name}` 已停用；仍可用它找到此前写入的水印",
    )
    click.echo(said.in_language(settings.language))
    if all(key.retired for key in keyring.keys):
        click.echo(_NONE_IN_USE.in_language(settings.language), err=True)
    return Exit.ALLOWED


def _load_or_empty(path: Path) -> Keyring:
    if path.is_symlink() and not path.exists():
        raise KeyringError(f"`{path}` is a link to nothing")
    return Keyring.load(path) if path.exists() else Keyring()


def _line(key: Key) -> Words:
    state = (
        Words(f"retired {key.retired}", f"{key.retired} 停用") if key.retired else Words("in use", "使用中")
    )
    return Words(f"{key.id}\tcreated {key.created}\t{state.en}", f"{key.id}\t{key.created} 生成\t{state.zh}")


def _json(key: Key) -> str:
    return json.dumps({"id": key.id, "created": key.created, "retired": key.retired}, sort_keys=True)
