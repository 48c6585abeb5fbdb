"""`brightline backup`: everything that a house keeps, in one file; taken at work, rehearsed, given back."""

import os
from pathlib import Path

import click
from sqlalchemy import Connection

from brightline.core.chinese import in_chinese
from brightline.core.errors import LedgerError, VerificationError
from brightline.core.words import Words
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.review.backup.create import LEDGER_KEY, Files, create
from brightline.review.backup.manifest import Begin, End
from brightline.review.backup.parts import PARTS, Part
from brightline.settings import Settings

FILE = click.Path(path_type=Path, dir_okay=False)
THERE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(name="backup")
def command() -> None:
    """Back up a house that is at work, rehearse a restore, and restore.

    One file has the ledger, the service, contents and the gateway as they were at one moment, whether they lie in SQLite
    or PostgreSQL, and is restored into either. Exit codes: 0 done, 1 changed or cut off, 2 could not be done.
    """


@command.command(name="create")
@click.argument("file", type=FILE)
@click.option(
    "--to", "recipients", multiple=True, help="Encrypt to this age public key, `age1...`; again for more."
)
@click.option("--keys", is_flag=True, help="Put the keys into it too; only with --to.")
@settings_options
def create_one(
    file: Path,
    recipients: tuple[str, ...],
    keys: bool,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Write a backup to FILE, while servers and gateways go on; nothing is replaced."""
    settings = read_settings(settings_file, home=home, language=language)
    made = create(settings, file, parts(), files(), recipients=recipients, keys=keys)
    _tell(settings, made.begin, made.end)
    _say(
        settings,
        f"written: `{file}`, {made.size_bytes:,} bytes",
        f"已写入：`{file}`，{made.size_bytes:,} 字节",
    )
    if not keys:
        names = ", ".join(f"`{name}`" for name in made.begin.checks)
        _say(settings, f"without keys; keep these elsewhere: {names}", f"不含密钥；请另行妥善保存：{names}")
    return Exit.ALLOWED


@command.command()
@click.argument("file", type=THERE)
@click.option("--identity", type=THERE, help="File of the age identity that opens it.")
@click.option("--key", default="", help="The ledger's public key that you have from elsewhere.")
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with room for the rehearsal.",
)
@settings_options
def verify(
    file: Path,
    identity: Path | None,
    key: str,
    scratch: Path | None,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Rehearse the restore of FILE in a folder that is thrown away: every row is counted, the ledger audited anew."""
    from brightline.review.backup.restore import rehearse  # late: making a backup needs none of it

    settings = read_settings(settings_file, home=home, language=language)
    try:
        done = rehearse(file, parts(), files(), identities=identity, key=key, scratch=scratch)
    except VerificationError as error:
        _say(settings, f"tampered: {error}", f"已被篡改：{in_chinese(str(error))}")
        return Exit.CAUGHT
    _tell(settings, done.begin, done.end)
    _say(settings, f"verified: signed by `{done.begin.vkey}`", f"核验通过：由 `{done.begin.vkey}` 签名")
    return Exit.ALLOWED


@command.command()
@click.argument("file", type=THERE)
@click.option("--identity", type=THERE, help="File of the age identity that opens it.")
@click.option("--key", default="", help="The ledger's public key that you have from elsewhere.")
@settings_options
def restore(
    file: Path,
    identity: Path | None,
    key: str,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Restore FILE into the home folder and database of the settings, which must be empty.

    Servers and gateways stay off until it is done. All of it is checked before any of it is put into place.
    """
    from brightline.review.backup.restore import (
        restore as give_back,
    )  # late: making a backup needs none of it

    settings = read_settings(settings_file, home=home, language=language)
    try:
        done = give_back(settings, file, parts(), files(), identities=identity, key=key)
    except VerificationError as error:
        _say(settings, f"tampered: {error}", f"已被篡改：{in_chinese(str(error))}")
        return Exit.CAUGHT
    _tell(settings, done.begin, done.end)
    for name in done.missing:
        _say(
            settings,
            f"missing: put `{name}` into `{settings.home}`",
            f"缺少：请将 `{name}` 放入 `{settings.home}`",
        )
    return Exit.ALLOWED


@command.command()
@click.argument("file", type=FILE)
@settings_options
def identity(file: Path, settings_file: Path | None, home: Path | None, language: str | None) -> int:
    """Make an age identity in FILE, mode 0600, and print its public key for --to; keep FILE away from the house."""
    from brightline.review.backup.archive import new_identity  # late: few commands encrypt

    settings = read_settings(settings_file, home=home, language=language)
    secret, public = new_identity()
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise LedgerError(f"cannot write `{file}`: {(error.strerror or str(error)).lower()}") from error
    with os.fdopen(made, "w", encoding="ascii") as opened:
        opened.write(f"# public key: {public}\n{secret}\n")
    click.echo(public)
    _say(
        settings,
        f"the secret is in `{file}`; who has it reads the backups",
        f"私钥在 `{file}` 中；持有者可读取备份",
    )
    return Exit.ALLOWED


def parts() -> tuple[Part, ...]:
    """All that a house may keep in a database, the gateway's too."""
    from brightline.doors.gateway.conduct import TABLES as CONDUCT  # late: `--help` needs none of it
    from brightline.doors.gateway.store import STORE_FILE, TABLES

    def lay(connection: Connection, _revision: str) -> None:
        TABLES.create_all(connection)
        CONDUCT.create_all(connection)

    service, ledger = PARTS
    names = frozenset({*TABLES.tables, *CONDUCT.tables})
    return (
        service,
        Part(name="gateway", file=STORE_FILE, tables=names, lay=lay, revision=lambda _: ""),
        ledger,
    )


def files() -> Files:
    """The files of a home folder that no database holds and nothing makes anew."""
    from brightline.detectors.person.files import FILE_NAME as PERSONS
    from brightline.detectors.person.files import KEYS_NAME as PERSONS_KEYS
    from brightline.doors.gateway.contents import KEY_FILE as CONTENTS_KEY
    from brightline.doors.gateway.keys import SECRET_FILE
    from brightline.review.vault import MASTER_FILE
    from brightline.watermark.keyring import FILE_NAME as WATERMARKS

    return Files(
        secrets=(LEDGER_KEY, MASTER_FILE, SECRET_FILE, CONTENTS_KEY, WATERMARKS, PERSONS_KEYS),
        others=(PERSONS,),
    )


def _tell(settings: Settings, begin: Begin, end: End) -> None:
    rows = sum(table.rows for table in end.tables.values())
    _say(
        settings,
        f"{begin.made}: {rows:,} rows of {len(end.tables)} tables; ledger {end.size} entries, root {end.root}",
        f"{begin.made}：{len(end.tables)} 张表，{rows:,} 行；账本 {end.size} 条记录，根哈希 {end.root}",
    )


def _say(settings: Settings, en: str, zh: str) -> None:
    click.echo(Words(en, zh).in_language(settings.language))
