"""`text.claims`: does this text pass on a claim that somebody has checked already?

Nothing is judged here: a finding shows the fact-check that the operator loaded, its rating, publisher and address. A
text that denies the claim, or asks about it, is not accused.
"""

from collections.abc import Iterator, Sequence

import msgspec

from brightline.core.errors import BankError, DetectorError
from brightline.core.finding import Basis, Finding, Span, details
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.text.checkworthy import SENTENCES_LIMIT, Worthy, worthy
from brightline.detectors.text.checkworthy import sentences as cut
from brightline.detectors.text.claim_bank import ClaimBank, open_bank
from brightline.detectors.text.claim_match import Candidate, rank
from brightline.detectors.text.claim_sense import Sense, senses
from brightline.detectors.text.fact_checks import FactCheck, Verdict
from brightline.detectors.text.stance import Stance, stance_of
from brightline.media.wellformed import well_formed
from brightline.settings import Settings

NAME = "text.claims"

SHORT_CHARACTERS = 400  # a text up to here is looked up whole, as a post is
SENSED_LIMIT = 16  # wordings of one text that are looked up by sense too: about 30 ms each
LOOKED_UP_LIMIT = 200  # that are looked up by words: 2 ms each in a bank of 10,000
LEAST = 0.5  # a fact-check less probable than this is not shown
SPANS_LIMIT = 40  # sentences that one finding lists
SHOWN_LIMIT = 3  # fact-checks of one bank that one text is shown
SAME_PROBABILITY = 0.98  # of the same wording; see the card
NEAR_CHARACTERS = 120  # before and after a matched sentence in which a denial counts for it
QUOTED = 60  # characters of a claim that a reason quotes
_ACCUSING = frozenset({Verdict.FALSE, Verdict.MISLEADING})

_RATED: dict[Verdict, Words] = {
    Verdict.FALSE: Words(en="rated false", zh="结论为不实"),
    Verdict.MISLEADING: Words(en="rated misleading or partly false", zh="结论为误导或部分不实"),
    Verdict.TRUE: Words(en="rated true", zh="结论为属实"),
    Verdict.UNPROVEN: Words(en="rated unproven", zh="结论为尚无定论"),
    Verdict.OTHER: Words(en="with a rating that we do not know", zh="评级用语未能识别"),
}
_STANCES: dict[Stance, Words] = {
    Stance.ASSERTS: Words(en="passes on", zh="传播了"),
    Stance.DENIES: Words(en="denies", zh="否认了"),
    Stance.ASKS: Words(en="asks about", zh="询问了"),
}


class _Match(msgspec.Struct, frozen=True):
    bank: ClaimBank
    candidate: Candidate
    span: Span


def prepare(settings: Settings) -> Detect:
    """Open the banks of fact-checks and the models that their vectors need.

    Raises:
        DetectorError: a bank or a model cannot be read.
    """
    if not settings.claims:
        return _nothing
    try:
        banks = tuple(open_bank(bank.name, bank.path) for bank in settings.claims)
        models = senses() if any(bank.senses for bank in banks) else ()
    except BankError as error:
        raise DetectorError(str(error)) from error
    return lambda subject: find(subject, banks, models)


def find(subject: Subject, banks: Sequence[ClaimBank], models: Sequence[Sense]) -> Iterator[Finding]:
    """Claims `claim.match` for each fact-check that fits, and `claim.unchecked` for what fits none.

    Raises:
        DetectorError: the text has more sentences worth checking than are looked up.
    """
    text = well_formed(subject.text)
    if not text.strip():
        return
    sentences = worthy(text)
    spans = _looked_up(text, sentences)
    matched: list[_Match] = []
    for bank in banks:
        matched += _in_bank(bank, text, spans[:LOOKED_UP_LIMIT], models)
    yield from (_finding(match, text) for match in matched)
    if left := [one for one in sentences if not any(_meet(one.span, match.span) for match in matched)]:
        yield _unchecked(left)
    if len(spans) > LOOKED_UP_LIMIT or sum(1 for _ in cut(text)) >= SENTENCES_LIMIT:
        raise DetectorError(
            f"more than {LOOKED_UP_LIMIT} sentences worth checking, or {SENTENCES_LIMIT} in all: the rest was not looked up"
        )


def _nothing(_subject: Subject) -> Iterator[Finding]:
    return iter(())


def _looked_up(text: str, sentences: Sequence[Worthy]) -> list[Span]:
    """A short text whole; of a longer one its beginning, which is the headline, and the sentences worth checking."""
    if len(text) <= SHORT_CHARACTERS:
        return [Span(0, len(text))]
    head = next((at for at, letter in enumerate(text[:SHORT_CHARACTERS]) if letter == "\n" and at > 10), 0)
    spans = [Span(0, head or SHORT_CHARACTERS)]
    ranked = sorted(sentences, key=lambda one: (-one.weight, one.span.start))
    return spans + [one.span for one in ranked if one.span.start >= spans[0].end]


def _in_bank(bank: ClaimBank, text: str, spans: Sequence[Span], models: Sequence[Sense]) -> list[_Match]:
    best: dict[int, _Match] = {}
    for place, span in enumerate(spans):
        helped = models if place < SENSED_LIMIT else ()
        for candidate in rank(bank, text[span.start : span.end], helped, SHOWN_LIMIT):
            old = best.get(candidate.number)
            if _probability(candidate) >= LEAST and (
                old is None or _probability(candidate) > _probability(old.candidate)
            ):
                best[candidate.number] = _Match(bank, candidate, span)
    ordered = sorted(best.values(), key=lambda one: (-_probability(one.candidate), one.candidate.number))
    return ordered[:SHOWN_LIMIT]


def _probability(candidate: Candidate) -> float:
    return max(candidate.probability, SAME_PROBABILITY) if candidate.same else candidate.probability


def _finding(match: _Match, text: str) -> Finding:
    candidate, check = match.candidate, match.candidate.check
    near = text[max(0, match.span.start - NEAR_CHARACTERS) : match.span.end + NEAR_CHARACTERS]
    stance = stance_of(near).stance
    accuses = stance is Stance.ASSERTS and check.verdict in _ACCUSING
    return Finding(
        detector=NAME,
        claim="claim.match",
        basis=Basis.MATCH if candidate.same else Basis.ESTIMATE,
        probability=_probability(candidate),
        harm=Harm.FALSE_INFO if accuses else None,
        why=_why(match, check, stance),
        where=(match.span,),
        details=details(
            bank=match.bank.name,
            bank_digest=match.bank.digest,
            date=check.date[:40],
            id=check.id[:200],
            method=candidate.method,
            publisher=check.publisher[:200],
            rating=check.rating[:200],
            same="yes" if candidate.same else "",
            stance=stance.value,
            url=check.url[:500],
            verdict=check.verdict.value,
        ),
    )


def _why(match: _Match, check: FactCheck, stance: Stance) -> Words:
    rated, does = _RATED[check.verdict], _STANCES[stance]
    quoted = check.claim if len(check.claim) <= QUOTED else f"{check.claim[: QUOTED - 1]}…"
    by = check.publisher[:60]
    known = match.candidate.same
    return Words(
        en=f"the text {'' if known else 'probably '}{does.en} the claim “{quoted}”, {rated.en}{f' by {by}' if by else ''}",
        zh=f"文本{'' if known else '很可能'}{does.zh}这一说法：“{quoted}”，{f'{by}核查，' if by else ''}{rated.zh}",
    )


def _unchecked(left: Sequence[Worthy]) -> Finding:
    """What could be checked and is in no bank: for whoever reviews; it accuses nobody."""
    reasons = sorted({reason for one in left for reason in one.reasons})
    return Finding(
        detector=NAME,
        claim="claim.unchecked",
        basis=Basis.ESTIMATE,
        probability=0.5,
        why=Words(
            en=f"{len(left)} sentences state what could be checked, and no fact-check loaded here speaks of them",
            zh=f"有 {len(left)} 句陈述可以核查，但已载入的核查库中没有与之对应的条目",
        ),
        where=tuple(one.span for one in left[:SPANS_LIMIT]),
        details=details(count=str(len(left)), reasons=",".join(reasons)),
    )


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
