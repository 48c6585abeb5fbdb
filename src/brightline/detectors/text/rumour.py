"""`text.rumour`: does a post in 中文 read like the posts that fact-checkers called rumours?

Style and wording only: it never says that anything is false, and an estimate sends to review at most. English is left
out: no honest training data of both kinds was at hand.
"""

from collections.abc import Iterator, Sequence

from brightline.core.errors import BankError, DetectorError
from brightline.core.finding import Basis, Detail, Finding, Span
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.text.claim_sense import Sense, e5
from brightline.detectors.text.rumour_model import likelihood, words_that_weighed
from brightline.detectors.text.rumour_signals import Sign, is_unsigned_notice, signs
from brightline.detectors.text.stance import Stance, stance_of
from brightline.media.wellformed import well_formed
from brightline.settings import Settings

NAME = "text.rumour"

LEAST_HAN = 15  # fewer 汉字 say too little: the model abstains
MOST_CHARACTERS = 2_000  # longer texts are articles, which it was not trained on: it abstains
HAN_SHARE = 0.4  # of all letters, from which a text counts as 中文
LIKELY, UNLIKELY = 0.75, 0.35  # verdicts; see the card for what lies above and below
HARMS: dict[str, Harm] = {
    "miracle": Harm.DOMAIN_MISINFO,
    "money": Harm.DOMAIN_MISINFO,
    "school": Harm.DOMAIN_MISINFO,
}
SIGNS_QUOTED = 3
SPANS_LIMIT = 40
DIGITS = 4  # of a probability: other processors sum the sense model a little differently
_NOT_POSTS = frozenset({Kind.JSON, Kind.CSV, Kind.FEED, Kind.CHAT, Kind.MBOX})  # their parts are judged


def prepare(_settings: Settings) -> Detect:
    """Ready to judge; the weights are read at the first post in 中文."""
    return detect


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `rumour.likely` of every post in 中文 that can be judged, and `rumour.unsigned_notice`.

    Raises:
        DetectorError: the weights or the optional model cannot be read.
    """
    text = well_formed(subject.text)
    if subject.kind in _NOT_POSTS or not is_judged(text):
        return
    try:
        sense = e5()
    except BankError as error:
        raise DetectorError(str(error)) from error
    yield _finding(text, sense)
    if is_unsigned_notice(text):
        yield _notice(text)


def is_judged(text: str) -> bool:
    """Whether a text is a post in 中文 of a length that was trained on."""
    if len(text) > MOST_CHARACTERS:
        return False
    han = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    return han >= LEAST_HAN and han >= HAN_SHARE * sum(letter.isalpha() for letter in text)


def _finding(text: str, sense: Sense | None) -> Finding:
    probability = round(likelihood(text, sense), DIGITS)
    verdict = "likely" if probability >= LIKELY else "unlikely" if probability < UNLIKELY else "unclear"
    stance = stance_of(text).stance
    found = signs(text)
    accuses = verdict == "likely" and stance is not Stance.DENIES
    words = words_that_weighed(text) if verdict != "unlikely" else []
    spans = [*(span for sign in found for span in sign.spans), *(word.span for word in words)]
    return Finding(
        detector=NAME,
        claim="rumour.likely",
        basis=Basis.ESTIMATE,
        probability=probability,
        harm=_harm(found) if accuses else None,
        why=_why(verdict, stance, found),
        where=tuple(_without_overlap(spans)) if verdict != "unlikely" else (),
        details=(
            Detail("model", "words" if sense is None else f"words+{sense.name}"),  # the second is asked from 0.2 on
            *((Detail("signs", ",".join(sign.name for sign in found)),) if found else ()),
            Detail("stance", stance.value),
            Detail("verdict", verdict),
            *(
                (Detail("weighed", " ".join(f"{text[one.span.start : one.span.end]}:{one.weight:g}" for one in words)),)
                if words
                else ()
            ),
        ),
    )  # fmt: skip


def _harm(found: Sequence[Sign]) -> Harm:
    return next((HARMS[sign.name] for sign in found if sign.name in HARMS), Harm.RUMOUR)


def _why(verdict: str, stance: Stance, found: Sequence[Sign]) -> Words:
    if verdict == "unlikely":
        return Words(en="the post does not read like a rumour", zh="文本的写法不像谣言")
    en = (
        "the post reads like a rumour"
        if verdict == "likely"
        else "the post may or may not be a rumour by its style"
    )
    zh = "文本的写法接近已被辟谣的帖子" if verdict == "likely" else "仅从写法无法判断是否为谣言"
    if found:
        en += f": {', '.join(sign.words.en for sign in found[:SIGNS_QUOTED])}"
        zh += f"：{'、'.join(sign.words.zh for sign in found[:SIGNS_QUOTED])}"
    if stance is Stance.DENIES:
        en, zh = f"{en}; but it speaks of a denial", f"{zh}；但文中含有辟谣表述"
    return Words(en=f"{en}. What it says was not checked", zh=f"{zh}。内容真伪未经核查")


def _notice(text: str) -> Finding:
    spans = next((sign.spans for sign in signs(text) if sign.name == "notice"), ())
    return Finding(
        detector=NAME,
        claim="rumour.unsigned_notice",
        basis=Basis.ESTIMATE,
        probability=0.5,
        why=Words(
            en="the text is laid out as an official notice and carries neither a document number nor a date at its end",
            zh="文本采用官方通知的版式，却没有发文字号，落款处也没有日期",
        ),
        where=spans[:SPANS_LIMIT],
    )


def _without_overlap(spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept[:SPANS_LIMIT]
