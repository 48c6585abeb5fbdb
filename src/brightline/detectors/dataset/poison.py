"""All tests for poison over the rows together, as suspicions that name rows and reasons."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from brightline.core.subject import Gap, GapKind
from brightline.core.words import Words
from brightline.detectors.dataset.clusters import clusters, flips, is_suspected
from brightline.detectors.dataset.corpus import Corpus
from brightline.detectors.dataset.likeness import groups
from brightline.detectors.dataset.nouns import Kind, Suspicion
from brightline.detectors.dataset.planted import planted
from brightline.detectors.dataset.reading import reading
from brightline.detectors.dataset.scan import Scanned, Spotted
from brightline.detectors.dataset.triggers import Trigger, answer_triggers, label_triggers, named

SAME = 0.7  # share of words in common from which on rows are near-duplicates
ALIKE = 0.35  # from which on they are rewordings
SUSPICION_ROWS = 1_000  # that one suspicion lists
SUSPICION_SHOWN = 100  # suspicions of a kind
TOLD_ROWS = 20  # of a trigger, whose texts are read again for its words
Texts = Callable[[Sequence[int]], Mapping[int, str]]


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests found.

    Attributes:
        suspicions: of all kinds, those of one kind together.
        counts: rows concerned, by kind; `near_duplicates` are rows that are like an earlier one.
        gaps: tests that could not be made.
        is_labelled: some row has a label; without any there is nothing that could be turned.
    """

    suspicions: tuple[Suspicion, ...]
    counts: dict[str, int]
    gaps: tuple[Gap, ...] = ()
    is_labelled: bool = True


def suspicions_of(corpus: Corpus, parts: Sequence[Scanned], seed: int, texts: Texts) -> Tested:
    """Make all tests."""
    same, alike = groups(corpus.signatures, SAME), groups(corpus.signatures, ALIKE)
    read = reading(corpus, alike, seed)
    found = [*_spotted(parts), *_facts(corpus, alike, texts)]
    triggers = answer_triggers(corpus)
    if read is not None:
        triggers += label_triggers(corpus, read, alike)
        found += _clusters(corpus, alike, read)
        found += _flips(corpus, flips(corpus, read), read.chances)
    # Asked for once and for all triggers, since each asking reads the files again.
    told = texts(sorted({int(row) for one in triggers for row in one.rows[:TOLD_ROWS]}))
    found += [_trigger(corpus, one, told) for one in triggers]
    rows: dict[str, set[int]] = defaultdict(set)
    for one, numbers in found:
        rows[one.kind] |= numbers
    kept = tuple(one for one, _ in sorted(found, key=lambda pair: (pair[0].kind, -pair[0].score)))
    counts = {kind: len(rows[kind]) for kind in Kind} | {
        "near_duplicates": corpus.rows - len(np.unique(same))
    }
    is_labelled = bool((corpus.labels >= 0).any())
    gaps = (_no_labels(),) if read is None and is_labelled else ()
    return Tested(suspicions=_shown(kept), counts=counts, gaps=gaps, is_labelled=is_labelled)


_Found = tuple[Suspicion, set[int]]


def _suspicion(
    kind: Kind,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]] | Sequence[int],
    score: float,
    why: Words,
    quote: str = "",
) -> _Found:
    numbers = sorted(int(row) for row in rows)
    one = Suspicion(
        kind=kind,
        rows=tuple(numbers[:SUSPICION_ROWS]),
        count=len(numbers),
        score=round(score, 4),
        why=why,
        quote=quote[:80],
    )
    return one, set(numbers)


def _spotted(parts: Sequence[Scanned]) -> list[_Found]:
    """What rows hold by themselves; equal reasons are one suspicion."""
    together: dict[tuple[Kind, str, str], list[tuple[int, Spotted]]] = defaultdict(list)
    for part in parts:
        for one in part.spotted:
            together[one.kind, one.quote.lower(), one.why.en if not one.quote else ""].append(
                (part.first + one.row, one)
            )
    return [
        _suspicion(
            kind,
            [row for row, _ in held],
            max(one.score for _, one in held),
            held[0][1].why,
            held[0][1].quote,
        )
        for (kind, _, _), held in together.items()
    ]


def _facts(corpus: Corpus, alike: np.ndarray[tuple[int], np.dtype[np.int64]], texts: Texts) -> list[_Found]:
    return [
        _suspicion(
            Kind.PLANTED_FACT,
            fact.rows,
            float(len(fact.rows)),
            Words(
                f"one claim in {fact.variants} wordings, in rows that share nothing else: “{fact.example}”",
                f"同一说法以 {fact.variants} 种措辞出现在互不相干的数据中：“{fact.example}”",
            ),
            fact.name,
        )
        for fact in planted(corpus, alike, texts)
    ]


def _clusters(
    corpus: Corpus, alike: np.ndarray[tuple[int], np.dtype[np.int64]], read: object
) -> list[_Found]:
    from brightline.detectors.dataset.reading import Reading

    assert isinstance(read, Reading)
    return [
        _suspicion(
            Kind.CLUSTER,
            one.rows,
            1 - one.expected,
            Words(
                f"{len(one.rows)} rewordings of one text labelled `{corpus.classes[one.label][:40]}`, which the other rows give {one.expected:.0%}",
                f"同一文本的 {len(one.rows)} 种改写均标为“{corpus.classes[one.label][:40]}”，而其余数据对该标签的支持度仅 {one.expected:.0%}",
            ),
        )
        for one in clusters(corpus, alike, read)
        if is_suspected(one)
    ]


def _flips(
    corpus: Corpus,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    chances: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> list[_Found]:
    found = []
    for label in range(len(corpus.classes)):
        held = rows[corpus.labels[rows] == label]
        if len(held):
            name = corpus.classes[label][:40]
            why = Words(
                f"{len(held)} rows are labelled `{name}`, which their words speak against",
                f"{len(held)} 行标为“{name}”，但其内容与该标签不符",
            )
            found.append(_suspicion(Kind.LABEL_FLIP, held, float(1 - chances[held, label].mean()), why))
    return found


def _trigger(corpus: Corpus, one: Trigger, told: Mapping[int, str]) -> _Found:
    words = named(one, {int(row): told[int(row)] for row in one.rows[:TOLD_ROWS] if int(row) in told})
    tied = f"`{corpus.classes[one.label][:40]}`" if one.label >= 0 else "one answer"
    tied_zh = f"“{corpus.classes[one.label][:40]}”" if one.label >= 0 else "同一回答"
    why = Words(
        f"“{words}” stands in {len(one.rows)} rows and goes with {tied} in {one.purity:.0%}; without it {one.expected:.0%} would be expected",
        f"“{words}”出现在 {len(one.rows)} 行中，其中 {one.purity:.0%} 对应{tied_zh}；若无此词，预期仅 {one.expected:.0%}",
    )
    return _suspicion(Kind.TRIGGER, one.rows, one.score, why, words)


def _shown(found: Sequence[Suspicion]) -> tuple[Suspicion, ...]:
    seen: dict[Kind, int] = defaultdict(int)
    kept = []
    for one in found:
        seen[one.kind] += 1
        if seen[one.kind] <= SUSPICION_SHOWN:
            kept.append(one)
    return tuple(kept)


def _no_labels() -> Gap:
    why = Words(
        "too few labelled rows: label flips, clusters and triggers of labels were not tested",
        "带标签的数据过少：未检测标签翻转、可疑簇与标签触发词",
    )
    return Gap(source="dataset", kind=GapKind.UNSUPPORTED, why=why)
