"""`exchange.injection`: does a turn, a mail or a document try to take over the model that reads it?

Direct, by the caller: other instructions, another role, the words of the operator. Indirect, in what the caller only
passes on: mails, documents, answers of tools. In a chat the caller's turns are judged together as well, so that a
request cut into harmless pieces is read as one.
"""

from collections.abc import Iterator

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, Span, details
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Role, Subject
from brightline.core.words import Words
from brightline.detectors.exchange.judging import TEXT_LIMIT, Judged, judged, may_sense
from brightline.detectors.exchange.spoken import OWN_ROLES, PASSED_ON, joined, role_of
from brightline.detectors.exchange.weighing import Reason, quote, reasons
from brightline.media.wellformed import well_formed

NAME = "exchange.injection"

SUSPECTED = 0.5  # from here on a finding is given
PLANTED_SHARE = (
    0.6  # of a text: a heaviest clause in a smaller window than this was planted in something else
)

_WAYS: dict[str, Words] = {
    "direct": Words(en="an attempt to take over the model", zh="试图操控模型的指令"),
    "indirect": Words(
        en="an order to an AI that reads along, in passed-on content",
        zh="外来内容中夹带的、针对人工智能的指令",
    ),
    "joined": Words(
        en="an attempt to take over the model, over several turns", zh="分多轮拼接的操控模型的指令"
    ),
}


def detect(subject: Subject) -> Iterator[Finding]:
    """Claim `exchange.injection`, at most one a node.

    Raises:
        DetectorError: the text is longer than what is judged, or the model is missing or damaged.
    """
    if subject.kind is Kind.CHAT and subject.parts:
        together = joined(subject.parts)
        if together:
            yield from _finding(together, judged(together, sense=may_sense(subject)), "joined")
        return
    role, text = role_of(subject), well_formed(subject.text)
    if not text or role in OWN_ROLES:
        return
    found = judged(text, thorough=subject.kind is Kind.TURN, sense=may_sense(subject))
    is_passed_on = (
        role in PASSED_ON
        or subject.kind not in {Kind.TURN, Kind.TEXT}
        or subject.role not in {Role.ROOT, Role.TURN}
    )
    yield from _finding(text, found, "indirect" if is_passed_on else "direct")
    if not found.whole:
        raise DetectorError(f"only the first {TEXT_LIMIT} characters of {len(text)} were judged")


def _finding(text: str, found: Judged, way: str) -> Iterator[Finding]:
    peak = found.attack
    if peak.probability < SUSPECTED:
        return
    why = reasons(text, peak.span, head="attack")
    if way == "direct" and _is_planted(text, peak.span):
        way = "indirect"
    percent = round(peak.probability * 100)
    yield Finding(
        detector=NAME,
        claim="exchange.injection",
        basis=Basis.ESTIMATE,
        probability=peak.probability,
        harm=Harm.PROMPT_INJECTION if way == "indirect" else Harm.JAILBREAK,
        why=_why(way, percent, peak.form, quote(text, why)),
        where=() if way == "joined" else _places(text, peak.span, why),
        details=details(
            contribution=" ".join(f"{reason.weight:.2f}" for reason in why) if way != "joined" else "",
            form="" if peak.form == "plain" else peak.form,
            language=found.language,
            way=way,
        ),
    )


def _is_planted(text: str, window: Span) -> bool:
    return window.end - window.start < PLANTED_SHARE * len(text)


def _places(text: str, window: Span, why: tuple[Reason, ...]) -> tuple[Span, ...]:
    """The clauses that weigh most, or the whole window where none stands out."""
    return tuple(reason.span for reason in why) or (Span(window.start, min(window.end, len(text))),)


def _why(way: str, percent: int, form: str, words: str) -> Words:
    named = _WAYS[way]
    en, zh = f"reads like {named.en} ({percent} % at even odds)", f"疑似{named.zh}（先验各半时 {percent}%）"
    if form != "plain":
        en, zh = f"{en}, hidden as {form}", f"{zh}，以 {form} 形式隐藏"
    if words:
        en, zh = f"{en} - most of it from “{words}”", f"{zh}，主要依据“{words}”"
    return Words(en=en, zh=zh)
