"""A whole text judged: its windows, its hidden readings, and where in it the suspicion lies.

Short texts are one window. In long ones the linear voice, which is quick, picks the windows that the network reads; the
highest counts, less what the highest of so many honest windows reaches by chance.
"""

import hashlib
import math
from collections import OrderedDict

import msgspec

from brightline.core.finding import Span
from brightline.core.subject import Subject
from brightline.detectors.exchange.language import language_of
from brightline.detectors.exchange.model import NOTHING, Odds, judge, linear_score
from brightline.detectors.exchange.readings import readings
from brightline.detectors.exchange.windows import sentences, windows

TEXT_LIMIT = (
    200_000  # characters that are judged of one text: a book's chapter; what lies beyond leaves a gap
)
READ_WINDOWS = 4  # windows of a long text that the network reads, 8 ms each
SENTENCES_FROM = 120  # characters of a text from which on its sentences are judged by themselves too
SUREST = 0.99  # an estimate is never certain
ALONE = 1.0  # log-odds that a sentence torn from its company loses
MANY_SENTENCES = 0.5  # and for each doubling of their number
READ_SENTENCES = 2  # of them, those that the linear voice suspects most
MANY = 0.35  # log-odds that each doubling of the windows takes from the highest: measured on honest documents
GLANCE = 0.2  # of the linear voice alone, from which on the network is asked about a file
REMEMBERED = 256  # texts whose judgement is kept, by digest: two detectors ask about each
GATEWAY = "gateway"  # the channel of what is on its way to a model


class Peak(msgspec.Struct, frozen=True):
    """The highest probability of one kind in a text.

    Attributes:
        probability: in [0, 1].
        span: the window where it is reached.
        form: `plain`, or how those words were hidden.
    """

    probability: float = 0.0
    span: Span = Span(0, 0)
    form: str = "plain"


class Judged(msgspec.Struct, frozen=True):
    """A text judged.

    Attributes:
        attack: of an attack on the model that reads it.
        harm: of a request for something harmful.
        language: `en`, `zh` or `other`.
        windows: into how many windows it was cut.
        whole: no part of it was left out.
    """

    attack: Peak
    harm: Peak
    language: str
    windows: int
    whole: bool


_SEEN: OrderedDict[bytes, Judged] = OrderedDict()


def may_sense(subject: Subject) -> bool:
    """Whether the network may read a subject: at the gateway, where what is judged is meant for a model.

    Elsewhere, in files, the linear voice judges alone: the encoder's 150 MB do not fit a worker beside the others'
    networks, and whole mails are what the network takes for attacks too often.
    """
    return subject.context.channel == GATEWAY


def judged(text: str, *, thorough: bool = True, sense: bool = True) -> Judged:
    """Judge a text; the same text within the last 256 is not judged twice.

    Args:
        text: as it stands; what lies beyond 200,000 characters is not judged.
        thorough: the network reads it in any case; else only where the linear voice sees something, which spares
            files that nobody suspects the second that the encoder takes to load.
        sense: the network may be asked at all; without it the linear voice judges alone, in a fraction of the memory.

    Raises:
        DetectorError: the encoder's package or the weights are missing or damaged.
    """
    key = hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=16, salt=bytes([thorough, sense])
    ).digest()
    if key in _SEEN:
        _SEEN.move_to_end(key)
        return _SEEN[key]
    found = _SEEN[key] = _judge(text, thorough=thorough, sense=sense)
    if len(_SEEN) > REMEMBERED:
        _SEEN.popitem(last=False)
    return found


def _judge(text: str, *, thorough: bool, sense: bool) -> Judged:
    language = language_of(text)
    spans = windows(text[:TEXT_LIMIT], is_chinese=language == "zh")
    hidden = readings(text)
    if not (thorough or hidden or _is_suspected(text, spans)):
        return Judged(Peak(), Peak(), language, len(spans), _is_whole(text, spans))
    peaks = _of_windows(text, spans, sense=sense)
    peaks[0] = max(peaks[0], _of_sentences(text[:TEXT_LIMIT], sense=sense), key=lambda peak: peak.probability)
    for reading in hidden:
        odds = judge(reading.text, sense=sense)
        whole = Span(0, len(text))
        peaks = [
            max(peak, Peak(value, whole, reading.form), key=lambda one: one.probability)
            for peak, value in zip(peaks, (odds.attack, odds.harm), strict=True)
        ]
    attack, harm = (
        msgspec.structs.replace(peak, probability=min(peak.probability, SUREST)) for peak in peaks
    )
    return Judged(attack, harm, language, len(spans), _is_whole(text, spans))


def _is_whole(text: str, spans: list[Span]) -> bool:
    return len(text) <= TEXT_LIMIT and spans[-1].end >= len(text)


def _is_suspected(text: str, spans: list[Span]) -> bool:
    """Whether the linear voice hears anything in a window, at a probability that most honest files stay below."""
    return any(
        max(odds.attack, odds.harm) >= GLANCE
        for odds in (judge(text[span.start : span.end], sense=False) for span in spans)
    )


def _of_windows(text: str, spans: list[Span], *, sense: bool) -> list[Peak]:
    """The peaks of attack and harm over the windows that the network reads."""
    chosen = spans if len(spans) <= READ_WINDOWS else _worst(text, spans)
    odds = [(span, judge(text[span.start : span.end], sense=sense)) for span in chosen] or [
        (Span(0, 0), NOTHING)
    ]
    return [
        max(
            (Peak(_less(_value(one, head), len(spans)), span) for span, one in odds),
            key=lambda peak: peak.probability,
        )
        for head in ("attack", "harm")
    ]


def _of_sentences(text: str, *, sense: bool) -> Peak:
    """The sentence of a longer text that most reads like an attack by itself: the company of a mail would hide it."""
    if len(text) < SENTENCES_FROM:
        return Peak()
    spans = sentences(text)
    scored = sorted(
        (-float(linear_score(text[span.start : span.end])[0]), span.start, span) for span in spans
    )
    read = [
        (judge(text[span.start : span.end], sense=sense).attack, span)
        for _, _, span in scored[:READ_SENTENCES]
    ]
    return max(
        (Peak(_lower(value, ALONE + MANY_SENTENCES * math.log2(len(spans))), span) for value, span in read),
        key=lambda peak: peak.probability,
        default=Peak(),
    )


def _value(odds: Odds, head: str) -> float:
    return odds.attack if head == "attack" else odds.harm


def _worst(text: str, spans: list[Span]) -> list[Span]:
    """The windows that the linear voice suspects most, half of them for each kind."""
    scored = [(linear_score(text[span.start : span.end]), span) for span in spans]
    picked: dict[Span, None] = {}
    for head in (0, 1):
        order = sorted(scored, key=lambda one: (-float(one[0][head]), one[1].start))
        picked |= dict.fromkeys(span for _, span in order[: READ_WINDOWS // 2])
    return list(picked)


def _less(probability: float, count: int) -> float:
    return probability if count == 1 else _lower(probability, MANY * math.log2(count))


def _lower(probability: float, log_odds: float) -> float:
    if not 0 < probability < 1:
        return probability
    return 1 / (1 + math.exp(log_odds - math.log(probability / (1 - probability))))
