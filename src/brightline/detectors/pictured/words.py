"""`pictured.words`: the words and QR codes of a picture go through the lanes for fraud, links, rumours and known claims.

Screenshots of chats, flyers and codes carry what filters of text would catch. What a lane says of the words is said here
of the places in the picture where they stand.
"""

from collections.abc import Iterator, Sequence

import msgspec

from brightline.core.finding import Basis, Box, Detail, Finding, Span
from brightline.core.signatures import Detect
from brightline.core.subject import EMPTY_BLOB, Kind, Subject
from brightline.core.words import Words
from brightline.detectors.message import fraud, links
from brightline.detectors.message.addresses import find_addresses, read_address
from brightline.detectors.pictured.codes import Code, find_codes
from brightline.detectors.pictured.lines import Page, read_page
from brightline.detectors.text import claims, rumour
from brightline.media.image import size, thumbnail
from brightline.settings import Settings

NAME = "pictured.words"

SIDE = 1280  # of the copy that is looked at first: that of `provenance.explicit_image`, so it is decoded once
SHARP_SIDE = 2400  # of the copy that small letters are read on: a whole screenshot of a phone
LONG_SIDE = 4096  # of pictures more than three times as long as wide, as in `provenance.explicit_image`
SMALLEST = 24  # pixels of a side under which no words can stand
BOXES_SHOWN = 40  # places of one finding
QUOTE_LIMIT = 80  # characters of content that a reason quotes
_WEB = frozenset({"http", "https"})
MISREAD = 0.5  # an address read from letters may have a wrong one: 1 for l is what imitators do too


class Piece(msgspec.Struct, frozen=True):
    """A line or a code: its characters in the picture's text, its box in the full picture."""

    span: Span
    box: Box
    is_code: bool


def prepare(settings: Settings) -> Detect:
    """Make the lanes ready.

    Raises:
        BankError: a bank is malformed, too large or unreadable.
        DetectorError: a lane cannot be made ready.
    """
    lanes = (fraud.prepare(settings), links.detect, rumour.prepare(settings), claims.prepare(settings))

    def detect(subject: Subject) -> Iterator[Finding]:
        return look(subject, lanes)

    return detect


def look(subject: Subject, lanes: Sequence[Detect]) -> Iterator[Finding]:
    """Claims `picture.text`, `picture.code`, and those of the lanes with boxes for places.

    Raises:
        DetectorError: the picture cannot be decoded, the text networks cannot run, or a lane cannot judge.
    """
    full = size(subject)
    shorter, longer = min(full.width, full.height), max(full.width, full.height)
    if shorter < SMALLEST:
        return
    pixels = thumbnail(subject, LONG_SIDE if longer > 3 * shorter else SIDE)
    scale = full.width / pixels.shape[1]
    codes = [Code(code.text, _grown(code.box, scale)) for code in find_codes(pixels)]
    page = read_page(pixels, lambda: thumbnail(subject, max(SHARP_SIDE, max(pixels.shape[:2]))))
    text, pieces = _laid_out(page, codes, full.width / page.width)
    if page.lines:
        yield _text_finding(page, [piece.box for piece in pieces if not piece.is_code])
    yield from (_code_finding(code) for code in codes)
    if text:
        yield from _judged(subject, text, pieces, lanes)


def _grown(box: Box, scale: float) -> Box:
    return Box(
        round(box.x * scale),
        round(box.y * scale),
        max(1, round(box.width * scale)),
        max(1, round(box.height * scale)),
    )


def _laid_out(page: Page, codes: Sequence[Code], scale: float) -> tuple[str, list[Piece]]:
    """The picture's text, a line a line and each code a line at the end, and what stands where."""
    told = [(line.text, _grown(line.box, scale), False) for line in page.lines]
    told += [(code.text, code.box, True) for code in codes]
    pieces, start = [], 0
    for text, box, is_code in told:
        pieces.append(Piece(Span(start, start + len(text)), box, is_code))
        start += len(text) + 1
    return "\n".join(text for text, _, _ in told), pieces


def _judged(
    subject: Subject, text: str, pieces: Sequence[Piece], lanes: Sequence[Detect]
) -> Iterator[Finding]:
    shown = msgspec.structs.replace(
        subject, kind=Kind.TEXT, text=text, headers=(), links=(), parts=(), gaps=(), blob=EMPTY_BLOB
    )
    for lane in lanes:
        for finding in lane(shown):
            yield _placed(finding, pieces)


def _placed(finding: Finding, pieces: Sequence[Piece]) -> Finding:
    """A lane's finding with boxes for spans, weaker where it rests on letters of an address that may be misread."""
    spans = [place for place in finding.where if isinstance(place, Span)]
    met = [[piece for piece in pieces if _meet(piece.span, span)] for span in spans]
    boxes = tuple(_around([piece.box for piece in group]) for group in met if group)
    if not finding.detail("contribution"):  # else each place has its number
        boxes = tuple(dict.fromkeys(boxes))
    is_code = any(piece.is_code for group in met for piece in group)
    changed = msgspec.structs.replace(
        finding,
        detector=NAME,
        where=boxes[:BOXES_SHOWN],
        details=tuple(sorted((*finding.details, Detail("lane", finding.detector)), key=lambda one: one.name)),
        why=Words(en=f"in the picture: {finding.why.en}", zh=f"图中内容：{finding.why.zh}"),
    )
    if not finding.claim.startswith("link.") or is_code:
        return changed
    return msgspec.structs.replace(
        changed, basis=Basis.ESTIMATE, probability=min(MISREAD, finding.probability)
    )


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _around(boxes: Sequence[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _text_finding(page: Page, boxes: Sequence[Box]) -> Finding:
    text = "\n".join(line.text for line in page.lines)
    score = sum(line.score for line in page.lines) / len(page.lines)
    shown = " ".join(text.split())[:QUOTE_LIMIT]
    facts = {"characters": len(text), "lines": len(page.lines), "lines_found": page.found}
    return Finding(
        detector=NAME,
        claim="picture.text",
        basis=Basis.ESTIMATE,
        probability=round(min(score, 0.99), 4),
        why=Words(
            en=f"the picture says “{shown}” ({len(page.lines)} of {page.found} lines read)",
            zh=f"图中文字：“{shown}”（共找到 {page.found} 行，读出 {len(page.lines)} 行）",
        ),
        where=tuple(boxes[:BOXES_SHOWN]),
        details=tuple(Detail(name, str(value)) for name, value in sorted(facts.items())),
    )


def _code_finding(code: Code) -> Finding:
    scheme, colon, _ = code.text.partition(":")
    other = (
        scheme.lower() if colon and scheme.isalpha() and scheme.lower() not in _WEB else ""
    )  # wifi, tel, bitcoin
    raw = next((raw for raw, _ in find_addresses(code.text)), "")
    address = read_address(raw) if raw and not other else None
    leads = other or ("text" if address is None else "link")
    shown = (address.host if address is not None else code.text)[:QUOTE_LIMIT]
    facts = {"form": "qr", "host": shown if address is not None else "", "leads": leads[:20]}
    return Finding(
        detector=NAME,
        claim="picture.code",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(en=f"a QR code in the picture leads to `{shown}`", zh=f"图中二维码指向 `{shown}`"),
        where=(code.box,),
        details=tuple(Detail(name, value) for name, value in sorted(facts.items()) if value),
    )
