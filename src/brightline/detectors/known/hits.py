"""Looks items up in banks: the same bytes, a copied picture, a near copy of a file, reworded text."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from brightline.core.errors import DetectorError
from brightline.core.finding import Place, Span
from brightline.core.subject import Media, Subject
from brightline.detectors.known.banks import PDQ_MINIMUM_QUALITY, Bank, has_tlsh
from brightline.detectors.known.odds import (
    PDQ_ODDS,
    PDQ_RADIUS,
    SAME_TEXT_ODDS,
    TEXT_ODDS,
    TEXT_SIMILARITY,
    TLSH_ODDS,
    TLSH_RADIUS,
    by_distance,
    by_similarity,
)
from brightline.detectors.known.rows import HashType
from brightline.media.fingerprint import (
    PDQ_MINIMUM_SIDE,
    PDQ_SIDE,
    TEXT_CHARACTERS,
    Pdq,
    TextPrint,
    pdq_dihedral,
    text_print,
    tlsh_distance,
    tlsh_of,
)
from brightline.media.image import frames, size, thumbnail
from brightline.settings import Limits

FRAMES = 8  # frames of an animation that are compared, evenly spaced; 15 ms each
LOOKED_UP_CHARACTERS = 4 * TEXT_CHARACTERS  # about 2 s of detector time
PASSAGES = 5_000  # paragraphs and lines of one text that are looked up; about 0.3 ms each
NEAR_TOKENS = 8  # shorter texts share too many shingles by chance: only the same words count


class Method(StrEnum):
    """How an item was known again."""

    SHA256 = "sha256"
    PDQ = "pdq"
    TLSH = "tlsh"
    TEXT = "text"
    VIDEO = "video"


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One item of one bank that the subject is, or nearly is.

    Attributes:
        distance: in the method's own measure: 0, bits, TLSH points, or 1 - similarity.
        same: nothing that the method looks at differs.
        more: further items of the same bank that match less well or as well.
        stills: of a video, how many matched and how many could have; empty for others.
    """

    bank: Bank
    method: Method
    id: str
    distance: float
    probability: float
    same: bool
    more: int = 0
    where: tuple[Place, ...] = ()
    stills: str = ""


class Flat(msgspec.Struct, frozen=True):
    """A picture, or a video, that PDQ cannot tell from others: too little detail, or too small."""

    quality: int
    method: Method = Method.PDQ


def bytes_hits(banks: Sequence[Bank], subject: Subject) -> Iterator[Hit]:
    """Items that are the subject, byte for byte."""
    digest = bytes.fromhex(subject.digest)
    for bank in banks:
        row = bank.known.sha256_row(digest)
        if row >= 0:
            name = bank.known.name(HashType.SHA256, row)
            yield Hit(bank=bank, method=Method.SHA256, id=name, distance=0, probability=1.0, same=True)


def picture_hits(banks: Sequence[Bank], subject: Subject, limits: Limits) -> list[Hit] | Flat:
    """Pictures that the subject is a copy of, mirrored and turned copies too.

    Raises:
        DetectorError: the picture cannot be decoded.
    """
    asked = [bank for bank in banks if len(bank.known.pdq)]
    if not asked or subject.kind.media is not Media.IMAGE:
        return []
    shown = size(subject, limits)
    if min(shown.width, shown.height) < PDQ_MINIMUM_SIDE:
        return Flat(0)
    hashes = [one for picture in _pictures(subject, shown.frames, limits) for one in picture]
    told = [one for one in hashes if one.quality >= PDQ_MINIMUM_QUALITY]
    if not told:
        return Flat(max(one.quality for one in hashes))
    return [hit for bank in asked if (hit := _picture_hit(bank, told)) is not None]


def file_hits(banks: Sequence[Bank], subject: Subject) -> Iterator[Hit]:
    """Text files that the subject is a near copy of.

    Raises:
        DetectorError: the bytes cannot be read.
    """
    asked = [bank for bank in banks if len(bank.known.tlsh)]
    if not asked or not has_tlsh(subject):
        return
    try:
        fuzzy = tlsh_of([subject.blob.view()])
    except OSError as error:
        raise DetectorError(f"the bytes cannot be read: {error.strerror}") from error
    for bank in asked if fuzzy else ():
        near = sorted((tlsh_distance(fuzzy, one.decode()), row) for row, one in enumerate(bank.known.tlsh))
        near = [pair for pair in near if pair[0] <= TLSH_RADIUS]
        if near:
            distance, row = near[0]
            yield Hit(
                bank=bank,
                method=Method.TLSH,
                id=bank.known.name(HashType.TLSH, row),
                distance=distance,
                probability=by_distance(TLSH_ODDS, distance),
                same=distance == 0,
                more=len(near) - 1,
            )


def text_hits(banks: Sequence[Bank], subject: Subject) -> Iterator[Hit]:
    """Texts that the subject's text, one of its paragraphs or one of its lines repeats or rewords.

    Raises:
        DetectorError: the text is longer than `LOOKED_UP_CHARACTERS`; hits before that have been given.
    """
    asked = [bank for bank in banks if len(bank.known.text)]
    if not asked or not subject.text:
        return
    printed = [(span, text_print(subject.text[span.start : span.end])) for span in passages(subject.text)]
    for bank in asked:
        hits = [hit for span, one in printed if (hit := _text_hit(bank, span, one)) is not None]
        if hits:
            yield min(hits, key=lambda hit: (hit.distance, not hit.same))
    if len(subject.text) > LOOKED_UP_CHARACTERS or len(printed) >= PASSAGES:
        raise DetectorError(
            f"only {PASSAGES} passages of the first {LOOKED_UP_CHARACTERS} characters were looked up in text banks"
        )


def passages(text: str) -> list[Span]:
    """Give the whole text, its paragraphs and its lines as spans without repeats, at most `PASSAGES`."""
    looked = text[:LOOKED_UP_CHARACTERS]
    spans = {(0, len(looked)): None}
    for separator in ("\n\n", "\n"):
        start = 0
        for piece in looked.split(separator):
            if len(piece.strip()) >= NEAR_TOKENS:
                spans.setdefault((start, start + len(piece)))
            start += len(piece) + len(separator)
    return [Span(start, end) for start, end in list(spans)[:PASSAGES]]


def _pictures(subject: Subject, count: int, limits: Limits) -> Iterator[tuple[Pdq, ...]]:
    if count <= 1:
        yield pdq_dihedral(thumbnail(subject, PDQ_SIDE, limits))
        return
    for pixels in frames(subject, FRAMES, PDQ_SIDE, limits):
        yield pdq_dihedral(pixels)


def _picture_hit(bank: Bank, hashes: Sequence[Pdq]) -> Hit | None:
    near: dict[int, int] = {}
    for one in hashes:
        for found in bank.known.pdq.search(one.bits, PDQ_RADIUS):
            near[found.row] = min(found.distance, near.get(found.row, PDQ_RADIUS))
    if not near:
        return None
    row = min(near, key=lambda row: (near[row], row))
    return Hit(
        bank=bank,
        method=Method.PDQ,
        id=bank.known.name(HashType.PDQ, row),
        distance=near[row],
        probability=by_distance(PDQ_ODDS, near[row]),
        same=near[row] == 0,
        more=len(near) - 1,
    )


def _text_hit(bank: Bank, span: Span, one: TextPrint) -> Hit | None:
    near = bank.known.text.search(one, TEXT_SIMILARITY)
    if one.tokens < NEAR_TOKENS:
        near = [found for found in near if found.same]
    if not near:
        return None
    best = near[0]
    return Hit(
        bank=bank,
        method=Method.TEXT,
        id=bank.known.name(HashType.TEXT, best.row),
        distance=0.0 if best.same else round(1.0 - best.similarity, 2),
        probability=SAME_TEXT_ODDS if best.same else by_similarity(TEXT_ODDS, best.similarity),
        same=best.same,
        more=len(near) - 1,
        where=(span,),
    )
