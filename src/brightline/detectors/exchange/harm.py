"""`exchange.harm`: does a caller ask a model for something harmful, and for what kind of harm?

Whether is a model's estimate, what kind is told by words: forged faces and voices, undressing, fraud, disinformation,
paid opinion, malware and intrusion, weapons and drugs, self-harm. A question about a harm is no request for it.
"""

from collections.abc import Iterator

from brightline.core.finding import Basis, Finding, Span, details
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Role, Subject
from brightline.core.words import Words
from brightline.detectors.exchange.harm_types import HarmType, type_of
from brightline.detectors.exchange.judging import Judged, judged, may_sense
from brightline.detectors.exchange.spoken import OWN_ROLES, PASSED_ON, joined, role_of
from brightline.detectors.exchange.weighing import quote, reasons
from brightline.media.wellformed import well_formed

NAME = "exchange.harm"

SUSPECTED = 0.5  # from here on a finding is given


def detect(subject: Subject) -> Iterator[Finding]:
    """Claim `exchange.harm`, at most one a node.

    Raises:
        DetectorError: the model is missing or damaged.
    """
    if subject.kind is Kind.CHAT and subject.parts:
        together = joined(subject.parts)
        if together:
            yield from _finding(together, judged(together, sense=may_sense(subject)), is_joined=True)
        return
    text = well_formed(subject.text)
    # What tools and documents say asks the model for nothing in the caller's name.
    is_asked = subject.role in {Role.ROOT, Role.TURN} and role_of(subject) not in OWN_ROLES | PASSED_ON
    if text and is_asked:
        yield from _finding(
            text, judged(text, thorough=subject.kind is Kind.TURN, sense=may_sense(subject)), is_joined=False
        )


def _finding(text: str, found: Judged, *, is_joined: bool) -> Iterator[Finding]:
    peak = found.harm
    if peak.probability < SUSPECTED:
        return
    window = text[peak.span.start : peak.span.end]
    kind = type_of(window)
    why = reasons(text, peak.span, head="harm")
    places = tuple(reason.span for reason in why) or (Span(peak.span.start, peak.span.end),)
    yield Finding(
        detector=NAME,
        claim="exchange.harm",
        basis=Basis.ESTIMATE,
        probability=peak.probability,
        harm=kind.harm if kind.harm is not None else Harm.LLM_ATTACK_AID,
        why=_why(kind, round(peak.probability * 100), quote(text, why)),
        where=() if is_joined else places,
        details=details(
            form="" if peak.form == "plain" else peak.form,
            language=found.language,
            type=kind.name,
            way="joined" if is_joined else "turn",
        ),
    )


def _why(kind: HarmType, percent: int, words: str) -> Words:
    en = f"reads like a request for {kind.said.en} ({percent} % at even odds)"
    zh = f"疑似请求{kind.said.zh}（先验各半时 {percent}%）"
    if words:
        en, zh = f"{en} - most of it from “{words}”", f"{zh}，主要依据“{words}”"
    return Words(en=en, zh=zh)
