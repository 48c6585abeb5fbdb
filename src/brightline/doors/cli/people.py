"""`brightline people`: the accounts that may use the service, and the tokens of programs."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import click

from brightline.core.errors import SettingsError
from brightline.core.words import Words
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.review import people as accounts
from brightline.review.people import Role
from brightline.review.store import Store, open_store
from brightline.settings import Settings

ROLES = click.Choice([role.value for role in Role])


@click.group(name="people")
def command() -> None:
    """Make, list and close the accounts of the service, and the tokens of programs."""


@command.command()
@click.argument("login")
@click.option(
    "--role", "roles", type=ROLES, multiple=True, required=True, help="What the person is, again for more."
)
@click.option("--shown", default="", help="The name that colleagues see.")
@click.option(
    "--tenant", default="house", show_default=True, help="Whose submissions and cases the person sees."
)
@click.option(
    "--password-file", type=click.Path(path_type=Path, dir_okay=False), help="Its first line is the password."
)
@settings_options
def add(
    login: str,
    roles: tuple[str, ...],
    shown: str,
    tenant: str,
    password_file: Path | None,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Make the account LOGIN; without a password file, one is made up and shown this once."""
    settings = read_settings(settings_file, home=home, language=language)
    password = _password(password_file)
    with _opened(settings) as store:
        accounts.add_person(store, tenant, login, shown, tuple(Role(role) for role in roles), password)
    if password_file is None:
        click.echo(password)
        _say(
            settings,
            f"account `{login}` is made; its password is shown this once",
            f"账户 `{login}` 已创建，密码仅显示这一次",
        )
    else:
        _say(settings, f"account `{login}` is made", f"账户 `{login}` 已创建")
    return Exit.ALLOWED


@command.command(name="list")
@click.option("--tenant", default="house", show_default=True, help="Whose accounts.")
@settings_options
def list_people(tenant: str, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """List the accounts."""
    settings = read_settings(settings_file, home=home, language=language)
    with _opened(settings) as store, store.reading() as connection:
        found = accounts.list_people(connection, tenant)
    for one in found:
        click.echo(f"{one.id}\t{one.login}\t{one.shown}\t{','.join(one.roles)}\t{one.state}")
    if not found:
        _say(
            settings,
            "there is no account; make one with `brightline people add`",
            "尚无账户，请用 `brightline people add` 创建",
        )
    return Exit.ALLOWED


@command.command()
@click.argument("person_id")
@click.option("--tenant", default="house", show_default=True, help="Whose account.")
@settings_options
def close(
    person_id: str, tenant: str, settings_file: Path | None, home: Path | None, language: str | None
) -> int:
    """Close the account PERSON_ID; its sessions end at once."""
    settings = read_settings(settings_file, home=home, language=language)
    with _opened(settings) as store, store.writing() as connection:
        accounts.switch(connection, person_id, tenant, on=False)
    _say(settings, f"account {person_id} is closed", f"账户 {person_id} 已关闭")
    return Exit.ALLOWED


@command.command()
@click.argument("name")
@click.option(
    "--role", "roles", type=ROLES, multiple=True, required=True, help="What it may do, again for more."
)
@click.option("--tenant", default="house", show_default=True, help="Whose it is.")
@settings_options
def token(
    name: str,
    roles: tuple[str, ...],
    tenant: str,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Make a token called NAME and show it once; only its hash is kept."""
    settings = read_settings(settings_file, home=home, language=language)
    with _opened(settings) as store:
        made, text = accounts.add_token(store, tenant, name, tuple(Role(role) for role in roles))
    click.echo(text)
    _say(
        settings,
        f"token {made} of `{tenant}`; it is shown this once",
        f"`{tenant}` 的令牌 {made}，仅显示这一次",
    )
    return Exit.ALLOWED


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[Store]:
    with open_store(settings) as store:
        yield store


def _password(path: Path | None) -> str:
    if path is None:
        return secrets.token_urlsafe(15)
    try:
        return path.read_text("utf-8").split("\n", 1)[0]
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read the password file `{path}`: {error}") from error


def _say(settings: Settings, en: str, zh: str) -> None:
    click.echo(Words(en, zh).in_language(settings.language), err=True)
