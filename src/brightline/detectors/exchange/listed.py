"""`exchange.listed`: words and patterns of the operator's own lists, in any disguise, also split over a caller's turns."""

from collections.abc import Iterator, Sequence

import msgspec

from brightline.core.finding import Basis, Finding, Span, details
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.exchange.automaton import Automaton
from brightline.detectors.exchange.patterns import literal
from brightline.detectors.exchange.scan import Hit, Scan
from brightline.settings import Settings
from brightline.settings_exchange import WordsSetting

NAME = "exchange.listed"

SPANS_LIMIT = 100  # places that one finding lists
SPLIT_CHARACTERS = 200_000  # of a caller's turns together that are looked through for words split over them


class Lists(msgspec.Struct, frozen=True, eq=False):
    """All lists as one machine, and which list each pattern is of."""

    machine: Automaton
    owners: tuple[WordsSetting, ...]


def compile_lists(settings: Settings) -> Lists:
    """The machine of the lists in the settings.

    Raises:
        DetectorError: a pattern cannot be read, or they are too many.
    """
    owners = [one for one in settings.exchange.words for _ in (*one.words, *one.patterns)]
    return Lists(Automaton(patterns_of(settings)), tuple(owners))


def patterns_of(settings: Settings) -> list[str]:
    """The patterns of all lists, in order."""
    return [
        pattern
        for one in settings.exchange.words
        for pattern in (*(literal(words) for words in one.words), *one.patterns)
    ]


def prepare(settings: Settings) -> Detect:
    """Read the lists.

    Raises:
        DetectorError: a pattern cannot be read.
    """
    lists = compile_lists(settings)

    def detect(subject: Subject) -> Iterator[Finding]:
        return look(subject, lists)

    return detect


def look(subject: Subject, lists: Lists) -> Iterator[Finding]:
    """Claims `exchange.listed`, one finding for each list with hits."""
    if lists.machine.is_empty:
        return
    if subject.kind is Kind.CHAT and subject.parts:
        yield from _split(subject.parts, lists)
    elif subject.text:
        yield from _findings(hits(subject.text, lists), lists)


def hits(text: str, lists: Lists) -> list[Hit]:
    """All hits in a text, by their places."""
    scan = Scan(lists.machine)
    return sorted({*scan.feed(text), *scan.close()})


def _split(turns: Sequence[Subject], lists: Lists) -> Iterator[Finding]:
    """Hits that go over the border between two turns of one speaker; those within a turn are that turn's own."""
    for role in sorted({turn.header("account") for turn in turns}):
        texts = [turn.text for turn in turns if turn.header("account") == role]
        if len(texts) < 2:
            continue
        for joint in ("", " "):
            scan = Scan(lists.machine)
            found: set[Hit] = set()
            borders: list[int] = []
            for text in texts:
                if scan.size + len(text) > SPLIT_CHARACTERS:
                    break
                found |= {*scan.feed(text + joint)}
                borders.append(scan.size - len(joint))
            found |= {*scan.close()}
            across = [hit for hit in found if any(hit.start < border < hit.end for border in borders)]
            if across:
                yield from _findings(sorted(across), lists, split=True)
                break


def _findings(found: Sequence[Hit], lists: Lists, *, split: bool = False) -> Iterator[Finding]:
    by_list: dict[str, list[Hit]] = {}
    for hit in found:
        by_list.setdefault(lists.owners[hit.pattern].name, []).append(hit)
    owners = {one.name: one for one in lists.owners}
    for name, mine in sorted(by_list.items()):
        spans = merged(mine)
        yield Finding(
            detector=NAME,
            claim="exchange.listed",
            basis=Basis.MATCH,
            probability=1.0,
            harm=Harm(harm) if (harm := owners[name].harm) is not None else None,
            why=_words(name, len(spans), split=split),
            where=() if split else tuple(spans[:SPANS_LIMIT]),
            details=details(count=str(len(spans)), list=name, split="yes" if split else ""),
        )


def merged(found: Sequence[Hit]) -> list[Span]:
    """Stretches that hits cover, those that overlap as one."""
    spans: list[Span] = []
    for hit in sorted(found):
        if spans and hit.start < spans[-1].end:
            spans[-1] = Span(spans[-1].start, max(spans[-1].end, hit.end))
        else:
            spans.append(Span(hit.start, hit.end))
    return spans


def _words(name: str, count: int, *, split: bool) -> Words:
    if split:
        return Words(
            f"words of the list `{name}` are split over several turns",
            f"名单 `{name}` 中的词语被拆分在多轮对话中",
        )
    return Words(
        f"words of the list `{name}` stand here in {count} places", f"文中有 {count} 处命中名单 `{name}`"
    )
