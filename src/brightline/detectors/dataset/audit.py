"""The audit of a data set: read once in batches on several processes, tested as a whole, sampled, and summed up in checks."""

import hashlib
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from brightline.core.errors import DetectorError
from brightline.core.subject import Gap, GapKind
from brightline.core.words import Words
from brightline.detectors.dataset.checks import checks_of, poison_checks
from brightline.detectors.dataset.corpus import FEATURES_LIMIT, corpus
from brightline.detectors.dataset.listed import evaluation, wordlist
from brightline.detectors.dataset.manifest import Source
from brightline.detectors.dataset.nouns import (
    Audit,
    Check,
    Columns,
    Row,
    Sampled,
    SourceShare,
)
from brightline.detectors.dataset.poison import suspicions_of
from brightline.detectors.dataset.rows import Batch, Table
from brightline.detectors.dataset.sampling import SAMPLE_ROWS, draw, interval
from brightline.detectors.dataset.scan import Looked, Scanned, scan

AHEAD = 4  # batches that wait for a process, so that memory holds a few of them
SOURCES_SHOWN = 200
Judge = Callable[[Sequence[str]], Iterator[Sequence[Words] | None]]
"""For each row in order, why it is unlawful or harmful: nothing where it is neither, None where nobody can say."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do.

    Attributes:
        columns: which fields mean what; empty names are told from the data.
        seed: of every draw.
        sample: rows that are drawn.
        keywords: listed words.
        evaluations: files of evaluation sets.
        sources: the manifest.
        processes: that share the work.
    """

    columns: Columns = Columns()
    seed: int = 0
    sample: int = SAMPLE_ROWS
    keywords: tuple[str, ...] = ()
    evaluations: tuple[Path, ...] = ()
    sources: tuple[Source, ...] = ()
    processes: int = 1


def audit(paths: Sequence[Path], plan: Plan, judge: Judge | None = None) -> Audit:
    """Audit the files as one data set.

    Args:
        paths: files of rows, read in this order.
        plan: what to do.
        judge: reads the drawn rows; without it the share of unlawful rows stays undecided.

    Raises:
        DetectorError: a file cannot be read as rows.
    """
    began = time.monotonic()
    tables = [Table(path, plan.columns) for path in paths]
    if not tables:
        raise DetectorError("no files to audit")
    parts, labels, sources, is_whole = _scanned(tables, plan)
    gaps = [gap for table in tables for gap in table.gaps()]
    gaps += [] if is_whole else [_too_much(len(labels))]
    whole = corpus(parts, labels)
    tested = suspicions_of(whole, parts, plan.seed, lambda rows: _texts(tables, rows))
    drawn = draw(sources, plan.sample, plan.seed)
    sample = _judged(_texts(tables, drawn, with_answers=True), drawn, sources, judge)
    unread = sum(one.by != "" and one.unlawful is None for one in sample)
    gaps += _unjudged(sum(part.unjudged for part in parts) + unread)
    shares = _shares(sources, sample, plan.sources, is_judged=judge is not None)
    files = tuple((table.path.name, _digest(table.path)) for table in tables)
    checks: tuple[Check, ...] = (
        *checks_of(tested, shares, sample, len(labels), plan.sources),
        *poison_checks(tested, len(labels)),
    )
    return Audit(
        files=files,
        digest=hashlib.sha256("\n".join(one for _, one in files).encode()).hexdigest(),
        rows=len(labels),
        columns=tables[0].columns,
        seed=plan.seed,
        checks=tuple(sorted(checks, key=lambda one: (one.name, one.source))),
        suspicions=tested.suspicions,
        sources=shares[:SOURCES_SHOWN],
        sample=sample,
        counts={**tested.counts, "marked_as_ai": sum(len(part.marked) for part in parts)},
        gaps=(*gaps, *tested.gaps),
        seconds=round(time.monotonic() - began, 3),
    )


def _scanned(tables: Sequence[Table], plan: Plan) -> tuple[list[Scanned], list[str], list[str], bool]:
    """All rows, scanned; their labels and sources; and whether all of them fitted into memory."""
    looked = Looked(
        wordlist(list(plan.keywords)) if plan.keywords else None,
        evaluation([row.text for path in plan.evaluations for row in _rows(Table(path))])
        if plan.evaluations
        else None,
    )
    parts, labels, sources, held = list[Scanned](), list[str](), list[str](), 0
    for batch, part in _worked(_batches(tables), looked, plan.processes):
        if held + len(part.sketch.features) > FEATURES_LIMIT:
            return parts, labels, sources, False
        held += len(part.sketch.features)
        parts.append(part)
        labels += [row.label for row in batch.rows]
        sources += [row.source for row in batch.rows]
    return parts, labels, sources, True


def _worked(batches: Iterator[Batch], looked: Looked, processes: int) -> Iterator[tuple[Batch, Scanned]]:
    """Batches in their order with what became of them."""
    if processes <= 1:
        for batch in batches:
            yield batch, scan(batch.first, batch.rows, looked)
        return
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting: list[tuple[Batch, Future[Scanned]]] = []
        for batch in batches:
            waiting.append((batch, pool.submit(scan, batch.first, batch.rows, looked)))
            if len(waiting) >= AHEAD * processes:
                first, future = waiting.pop(0)
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _batches(tables: Sequence[Table]) -> Iterator[Batch]:
    first = 0
    for table in tables:
        for batch in table.batches(first):
            yield batch
            first += len(batch.rows)


def _rows(table: Table) -> Iterator[Row]:
    for batch in table.batches():
        yield from batch.rows


def _texts(
    tables: Sequence[Table], wanted: Sequence[int], *, with_answers: bool = False
) -> Mapping[int, str]:
    """The texts of some rows, and their answers where those are asked for, by a second pass over the files."""
    asked, found = np.array(sorted(wanted), np.int64), dict[int, str]()
    if not len(asked):
        return found
    for batch in _batches(tables):
        low, high = np.searchsorted(asked, [batch.first, batch.first + len(batch.rows)])
        for number in asked[low:high].tolist():
            row = batch.rows[number - batch.first]
            found[number] = f"{row.text}\n{row.response}" if with_answers and row.response else row.text
        if len(found) == len(asked):
            break
    return found


def _judged(
    texts: Mapping[int, str], drawn: Sequence[int], sources: Sequence[str], judge: Judge | None
) -> tuple[Sampled, ...]:
    if judge is None:
        return tuple(Sampled(row=row, source=sources[row]) for row in drawn)
    sample = []
    for row, reasons in zip(drawn, judge([texts[row] for row in drawn]), strict=True):
        if reasons is None:
            sample.append(Sampled(row=row, source=sources[row], by="detectors"))
            continue
        sample.append(
            Sampled(
                row=row,
                source=sources[row],
                unlawful=bool(reasons),
                by="detectors",
                reasons=tuple(reasons)[:5],
            )
        )
    return tuple(sample)


def _shares(
    sources: Sequence[str], sample: Sequence[Sampled], manifest: Sequence[Source], *, is_judged: bool
) -> tuple[SourceShare, ...]:
    rows, drawn = Counter(sources), Counter(one.source for one in sample)
    read = Counter(one.source for one in sample if one.unlawful is not None)
    bad = Counter(one.source for one in sample if one.unlawful)
    said = {source.name: source for source in manifest}
    return tuple(
        SourceShare(
            name=name,
            rows=count,
            sampled=drawn[name],
            unlawful=interval(bad[name], read[name], is_all=read[name] == count) if is_judged else None,
            licence=said.get(name, Source()).licence,
            authorised=said.get(name, Source()).authorised,
        )
        for name, count in rows.most_common()
    )


def _too_much(rows: int) -> Gap:
    why = Words(
        f"only the first {rows} rows fitted the limit of memory; audit the rest by itself",
        f"受内存限额所限，只检查了前 {rows} 行；其余部分请单独审计",
    )
    return Gap(source="dataset", kind=GapKind.LIMIT, why=why)


def _unjudged(count: int) -> list[Gap]:
    why = Words(f"{count} rows could not be judged by a detector", f"有 {count} 行检测器未能判定")
    return [Gap(source="dataset", kind=GapKind.FAILED, why=why)] if count else []


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
