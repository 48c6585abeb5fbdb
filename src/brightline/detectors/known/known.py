"""Known items: is this subject, or a copy of it, in one of the operator's banks?

An allow-bank vouches only for what it surely knows: the same bytes, the same words, or a picture within
`ALLOWED_PDQ_DISTANCE` bits that is nearer than the accusing one. It never outweighs an accusing bank that knows the
very same bytes, words or picture: two banks then contradict each other, and people decide.
"""

from collections.abc import Iterable, Iterator, Sequence

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Detail, Finding
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.known.banks import Bank, open_bank
from brightline.detectors.known.hits import (
    Flat,
    Hit,
    Method,
    bytes_hits,
    file_hits,
    picture_hits,
    text_hits,
)
from brightline.detectors.known.video_hits import look_at, video_hits
from brightline.settings import Limits, Settings

NAME = "known.items"
ALLOWED_PDQ_DISTANCE = 8  # re-compressed and resized copies of the very picture; no stranger was as near

_ACCUSED = {
    Method.SHA256: ("is byte for byte", "逐字节相同"),
    Method.PDQ: ("looks like a copy of", "画面近似，疑为其副本"),
    Method.TLSH: ("is nearly the same file as", "文件内容近似"),
    Method.TEXT: ("repeats or rewords", "文字相同或近似"),
    Method.VIDEO: ("shows the pictures of", "画面依次相符，疑为其副本或片段"),
}


def prepare(settings: Settings) -> Detect:
    """Open the banks, once for each worker.

    Raises:
        BankError: a bank is malformed, too large or unreadable.
    """
    banks = tuple(open_bank(setting, settings.home) for setting in settings.banks)

    def detect(subject: Subject) -> Iterator[Finding]:
        return look_up(banks, subject, settings.limits)

    return detect


def look_up(banks: Sequence[Bank], subject: Subject, limits: Limits) -> Iterator[Finding]:
    """Give `known.match` for each accusing bank, `known.allowed` for each bank that vouches.

    Raises:
        DetectorError: the picture cannot be decoded, or the text is too long; findings up to there stand.
    """
    if not banks:
        return
    exact = list(bytes_hits(banks, subject))
    vouched = [hit for hit in exact if hit.bank.allow]
    yield from (_match(hit) for hit in exact if not hit.bank.allow)
    yield from (_allowed(hit) for hit in vouched)
    yield from _weighed(file_hits(banks, subject), vouched)
    yield from _texts(banks, subject, vouched)
    pictures = picture_hits(banks, subject, limits)
    if isinstance(pictures, Flat):
        yield _flat(pictures)
    else:
        yield from _weighed(pictures, vouched)
    yield from _videos(banks, subject, vouched, limits)


def _videos(
    banks: Sequence[Bank], subject: Subject, vouched: Sequence[Hit], limits: Limits
) -> Iterator[Finding]:
    """What the stills that could be seen match; then whatever kept us from seeing more."""
    seen = look_at(banks, subject, limits)
    if seen is None:
        return
    hits = video_hits(banks, seen)
    if isinstance(hits, Flat):
        yield _flat(hits)
    else:
        yield from _weighed(hits, vouched)
    if seen.stopped is not None:
        raise seen.stopped


def _texts(banks: Sequence[Bank], subject: Subject, vouched: Sequence[Hit]) -> Iterator[Finding]:
    hits: list[Hit] = []
    problem: DetectorError | None = None
    try:
        hits.extend(text_hits(banks, subject))
    except DetectorError as error:  # what was found before the limit is weighed first
        problem = error
    yield from _weighed(hits, vouched)
    if problem is not None:
        raise problem


def _weighed(hits: Iterable[Hit], vouched: Sequence[Hit]) -> Iterator[Finding]:
    """Findings of one method: what no allow-bank vouches for, and which allow-banks vouched."""
    found = list(hits)
    allowing = [hit for hit in found if hit.bank.allow and _vouches(hit)]
    for hit in found:
        if not hit.bank.allow and not vouched and not any(_outweighs(other, hit) for other in allowing):
            yield _match(hit)
    yield from (_allowed(hit) for hit in allowing)


def _vouches(hit: Hit) -> bool:
    match hit.method:
        case Method.PDQ:
            return hit.distance <= ALLOWED_PDQ_DISTANCE
        case Method.VIDEO:  # what lies between the stills was not seen
            return False
        case _:
            return hit.same


def _outweighs(allowing: Hit, accusing: Hit) -> bool:
    """The same words or bits in both banks contradict each other, and the accusation stands."""
    return allowing.distance < accusing.distance or (allowing.same and not accusing.same)


def _match(hit: Hit) -> Finding:
    en, zh = _ACCUSED[hit.method]
    return Finding(
        detector=NAME,
        claim="known.match",
        basis=Basis.MATCH,
        probability=hit.probability,
        harm=hit.bank.harm,
        why=Words(
            en=f"{en} item `{hit.id[:80]}` of bank `{hit.bank.name}` (distance {_number(hit.distance)})",
            zh=f"与名单“{hit.bank.name}”中的条目“{hit.id[:80]}”{zh}（距离 {_number(hit.distance)}）",
        ),
        where=hit.where,
        details=_details(hit),
    )


def _allowed(hit: Hit) -> Finding:
    return Finding(
        detector=NAME,
        claim="known.allowed",
        basis=Basis.MATCH,
        probability=hit.probability,
        why=Words(
            en=f"bank `{hit.bank.name}` vouches for this as item `{hit.id[:80]}`",
            zh=f"放行名单“{hit.bank.name}”中的条目“{hit.id[:80]}”为其担保",
        ),
        where=hit.where,
        details=_details(hit),
    )


def _flat(flat: Flat) -> Finding:
    is_video = flat.method is Method.VIDEO
    return Finding(
        detector=NAME,
        claim="known.not_compared",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(
            en=f"the {'pictures of the video have' if is_video else 'picture has'} too little detail to be compared with "
            f"known {'videos' if is_video else 'pictures'}; its bytes were",
            zh=f"{'视频' if is_video else ''}画面细节过少，无法与已知{'视频' if is_video else '图片'}比对；已比对其字节",
        ),
        details=(Detail("method", flat.method), Detail("quality", str(flat.quality))),
    )


def _details(hit: Hit) -> tuple[Detail, ...]:
    return (
        Detail("bank", hit.bank.name),
        Detail("bank_digest", hit.bank.digest),
        Detail("distance", _number(hit.distance)),
        Detail("id", hit.id),
        Detail("method", hit.method),
        Detail("more", str(hit.more)),
        *((Detail("stills", hit.stills),) if hit.stills else ()),
    )


def _number(distance: float) -> str:
    return f"{distance:g}"
