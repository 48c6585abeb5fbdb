"""`brightline ledger`: verify, prove, export, sign off."""

from pathlib import Path

import click

from brightline.assembly import existing_ledger
from brightline.core.errors import LedgerError
from brightline.core.words import Words
from brightline.doors.cli.options import read_settings, settings_options
from brightline.doors.exits import Exit
from brightline.ledger.ledger import Ledger
from brightline.ledger.note import NOTE_LIMIT_BYTES
from brightline.settings import Settings


@click.group(name="ledger")
def command() -> None:
    """Verify, prove and export the ledger."""


@command.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--key", help="The log's public key; needed for an exported FOLDER of somebody else's.")
@click.option("--witness", multiple=True, help="A witness's key that must have cosigned FOLDER's checkpoint.")
@click.option(
    "--old", multiple=True, type=click.Path(path_type=Path), help="An older checkpoint that you kept."
)
@click.option("--proof", multiple=True, type=click.Path(path_type=Path), help="A .tlog-proof file.")
@settings_options
def verify(
    folder: Path | None,
    key: str | None,
    witness: tuple[str, ...],
    old: tuple[Path, ...],
    proof: tuple[Path, ...],
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> int:
    """Recompute every hash of the ledger, or of an exported FOLDER, and check every signature."""
    settings = read_settings(settings_file, home=home, language=language)
    if folder is None and (old or witness):
        raise click.UsageError("--old and --witness need the FOLDER of an exported ledger")
    if folder is None and not proof:
        return _verify_store(settings)
    from brightline.ledger.verify import verify as verify_files  # it runs alone, too

    if key is None:
        with existing_ledger(settings) as ledger:
            key = ledger.vkey
    report = verify_files(folder, key, witness, old, proof)
    for line in report.said:
        click.echo(f"verified: {line}")
    for line in report.faults:
        click.echo(f"tampered: {line}")
    for line in report.unknown:
        click.echo(f"cannot tell: {line}", err=True)
    return report.code


@command.command()
@click.argument("bundle", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", default="", help="The log's public key that you have from elsewhere.")
def evidence(bundle: Path, key: str) -> int:
    """Verify BUNDLE, an evidence bundle of the service, offline; without --key only that it is whole."""
    from brightline.ledger.evidence import verify_evidence  # it runs alone, too

    report = verify_evidence(bundle, key)
    for line in report.said:
        click.echo(f"verified: {line}")
    for line in report.faults:
        click.echo(f"tampered: {line}")
    for line in report.unknown:
        click.echo(f"cannot tell: {line}", err=True)
    return report.code


def _verify_store(settings: Settings) -> int:
    from brightline.ledger.audit import verify_store

    with existing_ledger(settings, check=False) as ledger:
        audit = verify_store(ledger)
    for line in audit.faults:
        click.echo(f"tampered: {line}")
    if audit.faults:
        return Exit.CAUGHT
    told = Words(
        f"ledger verified: {audit.size} entries, root {audit.root}, log {audit.origin}",
        f"账本核验通过：{audit.size} 条记录，根哈希 {audit.root}，日志 {audit.origin}",
    )
    click.echo(told.in_language(settings.language))
    return Exit.ALLOWED


@command.command()
@click.argument("reference")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it here [default: stdout]."
)
@settings_options
def prove(
    reference: str, output: Path | None, settings_file: Path | None, home: Path | None, language: str | None
) -> None:
    """Write a .tlog-proof that the entry of REFERENCE (index, leaf or subject digest) is in the ledger."""
    with existing_ledger(read_settings(settings_file, home=home, language=language)) as ledger:
        proof = ledger.prove(one_entry(ledger, reference))
    if output is None:
        click.echo(proof, nl=False)
    else:
        output.write_text(proof, "utf-8")


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@settings_options
def export(folder: Path, settings_file: Path | None, home: Path | None, language: str | None) -> None:
    """Write what is new to FOLDER as static C2SP tiles that any tlog client reads."""
    from brightline.ledger.export import export as write_tiles

    with existing_ledger(read_settings(settings_file, home=home, language=language)) as ledger:
        done = write_tiles(ledger, folder)
        click.echo(f"{done.size - done.before} new entries, {done.size} in all, in `{folder}`")
        click.echo(f"public key, for whoever verifies it: {ledger.vkey}")


@command.command()
@click.option(
    "--add", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A witness's cosignatures."
)
@click.option("--witness", multiple=True, help="Keys of the witnesses that we know; needed with --add.")
@settings_options
def checkpoint(
    add: Path | None,
    witness: tuple[str, ...],
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
) -> None:
    """Print the newest signed checkpoint; --add keeps cosignatures that witnesses gave for it."""
    with existing_ledger(read_settings(settings_file, home=home, language=language)) as ledger:
        if add is not None:
            kept = ledger.add_cosignatures(_signatures(add), witness)
            click.echo(f"{kept} cosignatures kept", err=True)
        click.echo(ledger.checkpoint(), nl=False)


def _signatures(path: Path) -> str:
    """What a witness answered.

    Raises:
        LedgerError: the file is no text, or larger than any note.
    """
    with path.open("rb") as file:
        data = file.read(NOTE_LIMIT_BYTES + 1)
    if len(data) > NOTE_LIMIT_BYTES:
        raise LedgerError(
            f"`{path}` is larger than {NOTE_LIMIT_BYTES} bytes, expected a note or signature lines"
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LedgerError(f"`{path}` is not UTF-8, expected a note or signature lines") from error


@command.command()
@settings_options
def key(settings_file: Path | None, home: Path | None, language: str | None) -> None:
    """Print the public key that verifies the ledger's checkpoints."""
    with existing_ledger(read_settings(settings_file, home=home, language=language)) as ledger:
        click.echo(ledger.vkey)


def one_entry(ledger: Ledger, reference: str) -> int:
    """The position of the entry that a reference names; of several for one subject, the newest.

    Raises:
        LedgerError: it names none.
    """
    found = ledger.find(reference)
    if not found:
        raise LedgerError(
            f"nothing in the ledger is `{reference[:80]}`: give an index such as `12`, or 8 to 64 digits of a digest"
        )
    return found[-1]
