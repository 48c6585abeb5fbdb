"""`brightline bank claims` and `bank find`: banks of fact-checks, and what they say about a post."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from brightline.detectors.text.claim_bank import open_bank, verify_bank, write_bank
from brightline.detectors.text.claim_match import rank
from brightline.detectors.text.claim_sense import senses
from brightline.detectors.text.fact_checks import FactCheck, read_fact_checks
from brightline.detectors.text.stance import stance_of

POST_BYTES = 64 * 1024  # one line of `bank find`: a post, not a book


@click.command()
@click.argument("bank", type=click.Path(path_type=Path, file_okay=False))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def claims(bank: Path, paths: tuple[Path, ...]) -> None:
    """Write BANK, a folder, of the fact-checks in PATHS, or add them to it: ClaimReview as JSON-LD, JSON, JSON lines or in HTML; CSV.

    Without PATHS, check every file of BANK.
    """
    if not paths:
        click.echo(f"`{bank}`: {verify_bank(bank)} fact-checks, all files whole")
        return
    models = senses()
    count = write_bank(bank, _read_all(paths), models)
    by = " and ".join(("words", *(model.name for model in models)))
    click.echo(f"{count} fact-checks in `{bank}`, found again by {by}")
    if len(models) == 1:
        click.echo("install `brightline[claims]` to find reworded claims in 中文 too", err=True)


@click.command()
@click.argument("bank", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--top", type=click.IntRange(1, 100), default=5, show_default=True, help="Fact-checks for each post."
)
@click.option("--words-only", is_flag=True, help="Leave the models out.")
def find(bank: Path, top: int, words_only: bool) -> None:
    """Rank the fact-checks in BANK for each line of standard input; one line of JSON for each post."""
    opened = open_bank(bank.name, bank)
    models = () if words_only else senses()
    for line in _lines():
        ranked = rank(opened, line, models, top)
        found = [
            {
                "id": one.check.id, "claim": one.check.claim, "rating": one.check.rating, "verdict": one.check.verdict,
                "publisher": one.check.publisher, "url": one.check.url, "probability": round(one.probability, 3),
                "same": one.same, "method": one.method,
            }
            for one in ranked
        ]  # fmt: skip
        answer = {"stance": stance_of(line).stance, "found": found}
        click.echo(msgspec.json.encode(answer, order="deterministic").decode())


def _read_all(paths: tuple[Path, ...]) -> Iterator[FactCheck]:
    for path in paths:
        yield from read_fact_checks(path)


def _lines() -> Iterator[str]:
    stream = sys.stdin.buffer
    while line := stream.readline(POST_BYTES):
        yield line.decode("utf-8", "replace").strip()
