"""`brightline detectors`: what looks at what, from the catalogue and the cards; imports no detector."""

import tomllib

import click
import msgspec

from brightline.core.harm import Harm
from brightline.examine.catalogue import Entry, card_path, catalogue


class Row(msgspec.Struct, frozen=True):
    """One detector as the list shows it."""

    name: str
    looks_at: tuple[str, ...]
    harms: tuple[str, ...]
    basis: tuple[str, ...]
    purpose: str
    card: str


@click.command(name="detectors")
@click.option(
    "--harm", type=click.Choice([harm.value for harm in Harm]), help="Only those that warn of this."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON Lines.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", help="Language of the purposes.")
def command(harm: str | None, *, as_json: bool, language: str) -> None:
    """List the detectors and what they look at."""
    rows = [_row(entry, language) for entry in catalogue() if harm is None or harm in entry.harms]
    if as_json:
        for row in rows:
            click.echo(msgspec.json.encode(row))
        return
    from brightline.doors.cli.show import show_detectors

    show_detectors(rows)


def _row(entry: Entry, language: str) -> Row:
    card = tomllib.loads(card_path(entry).read_text("utf-8"))
    basis = card.get("basis", [])
    return Row(
        name=entry.name,
        looks_at=("any file",)
        if entry.whole
        else (*(("text",) if entry.text else ()), *entry.media, *entry.kinds),
        harms=tuple(entry.harms),
        basis=tuple(basis) if isinstance(basis, list) else (str(basis),),
        purpose=str(card["purpose"][language]),
        card=str(card_path(entry)),
    )
