"""How fast the ledger appends, audits, exports and verifies: `python benchmarks/bench_ledger.py`.

One process, one core. Every append is durable (SQLite in WAL mode with fsync at each commit) and whole: examination,
decision, entry, tree, look-ups and a signed checkpoint a batch.
"""

import argparse
import hashlib
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from brightline.core.decision import Action, Decision, Ground, RuleMatch, Severity, Standing
from brightline.core.finding import Basis, Examination, Finding, Span
from brightline.core.harm import Harm
from brightline.core.subject import Context, Facts, Kind
from brightline.core.wire import digest
from brightline.core.words import Words
from brightline.ledger import merkle, verify
from brightline.ledger.audit import verify_store
from brightline.ledger.export import export
from brightline.ledger.ledger import Ledger

ZERO = "0" * 64
ENTRIES = 50_000
SINGLES = 500


def make_item(number: int) -> tuple[Examination, Decision]:
    """An examination with one finding, and a decision with one rule."""
    subject = hashlib.sha256(b"%d" % number).hexdigest()
    why = Words(en="hidden characters", zh="隐藏字符")
    finding = Finding(
        detector="text.unicode",
        claim="text.hidden",
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.PROMPT_INJECTION,
        why=why,
        where=(Span(1, 4),),
    )
    examination = Examination(
        facts=Facts(digest=subject, size_bytes=number, kind=Kind.TEXT),
        context=Context(time="2026-11-23T12:00:00Z"),
        findings=(finding,),
        gaps=(),
        detectors=ZERO,
    )
    match = RuleMatch(
        rule="house/default#hidden",
        action=Action.REVIEW,
        severity=Severity.MEDIUM,
        message=why,
        grounds=(Ground(law="house", article="1", standing=Standing.HOUSE),),
        findings=(0,),
    )
    decision = Decision(
        action=Action.REVIEW,
        subject=subject,
        examination=digest(examination),
        policy=ZERO,
        detectors=ZERO,
        matches=(match,),
    )
    return examination, decision


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Took(NamedTuple):
    """Wall-clock and CPU seconds; on a shared machine the second says what one core does."""

    wall_s: float
    cpu_s: float


def timed(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def open_ledger(folder: Path, url: str = "") -> Ledger:
    place = url or f"sqlite:///{folder / 'ledger.sqlite'}"
    return Ledger.open(url=place, key_file=folder / "ledger.key", origin="bench.example.com/log")


def row(name: str, rate: float, note: str = "") -> None:
    print(f"{name:<44}{rate:>14,.0f}  {note}", flush=True)


def bench_batches(items: list[tuple[Examination, Decision]], folder: Path) -> None:
    """Batches of several sizes into one store that grows; the median of three rounds each."""
    with open_ledger(folder) as ledger:
        ledger.record(items[:1000])  # warm
        for size in (1_000, 10_000, 50_000):

            def batches(step: int = size) -> None:
                for at in range(0, len(items), step):
                    ledger.record(items[at : at + step])

            rounds = [timed(batches) for _ in range(3)]
            wall = statistics.median(len(items) / one.wall_s for one in rounds)
            cpu = statistics.median(len(items) / one.cpu_s for one in rounds)
            row(f"append, batches of {size:,}", wall, f"entries/s; {cpu:,.0f} a CPU second")


def bench_singles(items: list[tuple[Examination, Decision]], folder: Path, url: str, name: str) -> None:
    """One decision at a time, each with its own checkpoint and fsync."""
    with open_ledger(folder, url) as ledger:
        times = [seconds(lambda item=item: ledger.record([item])) for item in items[:SINGLES]]  # type: ignore[misc]
    cuts = statistics.quantiles(times, n=100)
    note = f"entries/s, p50 {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms"
    row(f"append, one at a time, durable, {name}", len(times) / sum(times), note)


def bench_reading(folder: Path) -> None:
    """Audit, export and stand-alone verification of the store that the batches left."""
    with open_ledger(folder) as ledger:
        size = ledger.size
        row("audit of the store (`verify_store`)", size / seconds(lambda: verify_store(ledger)), "entries/s")
        row("export to tiles", size / seconds(lambda: export(ledger, folder / "log")), "entries/s")
        key = ledger.vkey
        took = seconds(lambda: verify.verify(folder / "log", key, [], [], []))
        row("verify.py over the folder", size / took, "entries/s")
        row(
            "inclusion proofs", 200 / seconds(lambda: [ledger.prove(at * 7) for at in range(200)]), "proofs/s"
        )
        row(
            "entries streamed with evidence",
            20_000 / seconds(lambda: list(ledger.entries(0, 20_000))),
            "entries/s",
        )
    row("entries in the log", size)


def main() -> None:
    parser = argparse.ArgumentParser(description="measure the ledger")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="entries a round")
    parser.add_argument("--url", default="", help="a second store for single appends, e.g. postgresql://...")
    given = parser.parse_args()
    items = [make_item(number) for number in range(given.entries)]
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(given.entries)]
    print(f"{'ledger':<44}{'rate':>14}")
    row("tree alone", given.entries / seconds(lambda: merkle.extend(merkle.Frontier(), leaves)), "leaves/s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench_batches(items, folder)
        bench_singles(items, folder, "", "SQLite")
        if given.url:
            bench_singles(items, folder / "other", given.url, "other")
        bench_reading(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row("peak memory", peak, "MiB, of which the items given take most")


if __name__ == "__main__":
    main()
