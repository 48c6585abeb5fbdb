"""What is done with one batch of rows, in whichever process: everything that needs no other row."""

import hashlib
from typing import Any  # re2 has no types

import msgspec
import re2

from brightline.carriers.markdown import read as read_marks
from brightline.core.errors import CarrierError, DetectorError
from brightline.core.subject import Context, Kind, Subject
from brightline.core.words import Words
from brightline.detectors.dataset.injected import order_in
from brightline.detectors.dataset.listed import Evaluation, Wordlist, contaminated, found_words
from brightline.detectors.dataset.nouns import Kind as Suspected
from brightline.detectors.dataset.nouns import Row
from brightline.detectors.dataset.sketch import Sketch, sketch
from brightline.detectors.dataset.tokens import tokens_of
from brightline.detectors.text.personal import detect as personal

_NUMBER = re2.compile(r"[0-9][0-9A-Za-z \-]{6}")  # no identifier of a person is shorter
_MARKED = ("AIGC", "ContentProducer")
_CONTEXT = Context(channel="dataset", time="2026-01-01T00:00:00Z")  # rules on time have no part in it
_NO_DIGEST = hashlib.sha256(b"").hexdigest()


class Spotted(msgspec.Struct, frozen=True):
    """One row with something in it that can be told without any other row."""

    kind: Suspected
    row: int  # within the batch
    score: float
    why: Words
    quote: str = ""


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """A batch, scanned.

    Attributes:
        first: number of its first row.
        sketch: of the texts.
        answers: hash of each row's answer, 0 where there is none.
        spotted: rows with something in them.
        marked: rows that carry an AIGC mark of their own.
        unjudged: rows that a detector could not judge.
    """

    first: int
    sketch: Sketch
    answers: tuple[int, ...]
    spotted: tuple[Spotted, ...]
    marked: tuple[int, ...]
    unjudged: int


class Looked(msgspec.Struct, frozen=True):
    """What rows are compared with; either may be empty."""

    words: Wordlist | None = None
    evaluation: Evaluation | None = None


def scan(first: int, rows: list[Row], looked: Looked) -> Scanned:
    """Scan a batch.

    Args:
        first: number of its first row.
        rows: the batch.
        looked: listed words and evaluation sets.
    """
    tokens = tokens_of([row.text for row in rows])
    spotted: list[Spotted] = []
    marked, unjudged = [], 0
    for number, row in enumerate(rows):
        try:
            spotted += _spotted(number, row)
        except DetectorError:
            unjudged += 1
        if any(name in row.text for name in _MARKED) and _is_marked(row.text):
            marked.append(first + number)
    if looked.words is not None:
        spotted += [_listed(row, word) for row, word in found_words(tokens, looked.words).items()]
    if looked.evaluation is not None:
        spotted += [_copied(row, share) for row, share in contaminated(tokens, looked.evaluation).items()]
    return Scanned(
        first=first,
        sketch=sketch(tokens),
        answers=tuple(_answer(row.response) for row in rows),
        spotted=tuple(spotted),
        marked=tuple(marked),
        unjudged=unjudged,
    )


def text_subject(text: str) -> Subject:
    """A row's words as a subject of the text detectors."""
    return Subject(digest=_NO_DIGEST, size_bytes=len(text), kind=Kind.TEXT, context=_CONTEXT, text=text)


def _spotted(number: int, row: Row) -> list[Spotted]:
    found = []
    for text in (row.text, row.response):
        order = order_in(text) if text else None
        if order is not None:
            found.append(Spotted(Suspected.INJECTION, number, order[0], order[2], order[1]))
            break
    whole: Any = f"{row.text}\n{row.response}" if row.response else row.text
    if _NUMBER.search(whole) is not None:
        for finding in personal(text_subject(whole)):
            found.append(
                Spotted(Suspected.PERSONAL, number, finding.probability, finding.why, finding.detail("type"))
            )
            break
    return found


def _is_marked(text: str) -> bool:
    try:
        return any(True for _ in read_marks(memoryview(text.encode("utf-8", "replace"))))
    except CarrierError:
        return False


def _listed(row: int, word: str) -> Spotted:
    shown = word[:80]
    return Spotted(
        Suspected.LISTED,
        row,
        1.0,
        Words(f"holds the listed words “{shown}”", f"含有词库中的“{shown}”"),
        shown,
    )


def _copied(row: int, share: float) -> Spotted:
    percent = round(100 * share)
    return Spotted(
        Suspected.CONTAMINATION,
        row,
        share,
        Words(
            f"{percent} % of its runs of words stand in an evaluation set too",
            f"有 {percent}% 的连续词组也出现在评测集中",
        ),
    )


def _answer(text: str) -> int:
    shown = " ".join(text.lower().split())
    if not shown:
        return 0
    return int.from_bytes(hashlib.blake2b(shown.encode("utf-8", "surrogatepass"), digest_size=8).digest()) | 1
