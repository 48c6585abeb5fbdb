"""`message.fraud`: does a message, or a conversation, try to defraud its reader? How, what for, and where the money shall go.

The probability is an estimate by words and tactics; it may ask people to look and proves nothing. Texts in other
languages than Chinese and English, and texts too short to say anything, are not judged.
"""

from collections.abc import Iterator, Sequence

from brightline.core.finding import Basis, Detail, Finding, details
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.known.banks import Bank, open_bank
from brightline.detectors.message.fraud_chat import Course, follow
from brightline.detectors.message.fraud_entities import Entity, find_entities
from brightline.detectors.message.fraud_entities import Kind as EntityKind
from brightline.detectors.message.fraud_language import is_judged
from brightline.detectors.message.fraud_model import judge, types
from brightline.detectors.message.fraud_normal import TEXT_LIMIT, plain
from brightline.detectors.message.fraud_reasons import Reason, reasons
from brightline.detectors.message.fraud_tactics import HONEST, Hit, find_tactics
from brightline.media.wellformed import well_formed
from brightline.settings import Settings

NAME = "message.fraud"

SUSPECTED = 0.55  # from here on a finding is given; set on unseen sittings between lures missed and newsletters flagged
QUOTE_LIMIT = 80  # characters of content that a reason quotes
ENTITIES_SHOWN = 10  # accounts and numbers of one text that findings name
TACTICS_SHOWN = 3  # tactics that a reason names; all stand in the details

TYPE_WORDS: dict[str, Words] = {
    "romance": Words(en="a romance scam", zh="杀猪盘或婚恋诈骗"),
    "investment": Words(en="an investment scam", zh="虚假投资理财诈骗"),
    "job": Words(en="a job or task scam", zh="刷单返利或虚假招聘诈骗"),
    "impersonation": Words(en="an impersonation scam", zh="冒充亲友、领导、公检法或客服诈骗"),
    "refund_or_loan": Words(en="a refund or loan scam", zh="虚假退款理赔或贷款诈骗"),
    "business_payment": Words(en="a business payment scam", zh="冒充商务对象的付款诈骗"),
    "account_takeover": Words(en="phishing for an account", zh="钓鱼盗号诈骗"),
    "elderly_marketing": Words(en="marketing that preys on the elderly", zh="针对老年人的虚假营销"),
}


def prepare(settings: Settings) -> Detect:
    """Open the banks, whose SHA-256 rows may be fingerprints of accounts (see `fraud_entities.Entity.fingerprint`).

    Raises:
        BankError: a bank is malformed, too large or unreadable.
    """
    banks = tuple(open_bank(setting, settings.home) for setting in settings.banks if not setting.allow)

    def detect(subject: Subject) -> Iterator[Finding]:
        return look(subject, banks)

    return detect


def look(subject: Subject, banks: Sequence[Bank] = ()) -> Iterator[Finding]:
    """Claims `text.scam` of a text or a whole chat, `text.scam.tactic`, `entity.payment` and `entity.known`."""
    if subject.kind is Kind.CHAT and len(subject.parts) > 1:
        course = follow([well_formed(part.text) for part in subject.parts])
        if course.turn:
            yield _conversation(course, len(subject.parts))
        return
    text = well_formed(subject.text)
    if text:
        yield from _message(
            text, well_formed(subject.header("subject")) if subject.kind.media.value == "message" else ""
        )
        yield from _entities(text, banks)


def _message(text: str, title: str) -> Iterator[Finding]:
    spelled = plain(f"{title}\n{text}" if title else text)
    if not is_judged(spelled):
        return
    judgement = judge(spelled)
    if judgement.probability < SUSPECTED:
        return
    hits = [hit for hit in find_tactics(text[:TEXT_LIMIT]) if hit.tactic.name not in HONEST]
    why = reasons(text[:TEXT_LIMIT], title)
    kinds = types(spelled)
    best = max(kinds, key=lambda name: kinds[name])
    facts = {
        "contribution": " ".join(f"{reason.weight:.2f}" for reason in why),
        "language": "zh" if spelled.is_chinese else "en",
        "tactics": " ".join(hit.tactic.name for hit in hits),
        "type": best,
        "types": " ".join(
            f"{name}={share:.2f}" for name, share in _sorted(kinds) if share >= 0.05
        ),  # the rest is noise
    }
    yield Finding(
        detector=NAME,
        claim="text.scam",
        basis=Basis.ESTIMATE,
        probability=judgement.probability,
        harm=Harm.FRAUD_AI,
        why=_why(judgement.probability, best, hits, _quote(text, why)),
        where=tuple(reason.span for reason in why),
        details=details(**facts),
    )
    for hit in hits:
        yield _tactic(hit)


def _sorted(kinds: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(kinds.items(), key=lambda item: (-item[1], item[0]))


def _why(probability: float, kind: str, hits: Sequence[Hit], quote: str) -> Words:
    named, percent = TYPE_WORDS[kind], round(probability * 100)
    shown = hits[:TACTICS_SHOWN]
    en = f"reads like {named.en} ({percent} % at even odds)"
    zh = f"疑似{named.zh}（先验各半时 {percent}%）"
    if shown:
        en += ": " + "; ".join(hit.tactic.said.en for hit in shown)
        zh += "：" + "；".join(hit.tactic.said.zh for hit in shown)
    if quote:
        en += f" - most of it from “{quote}”"
        zh += f"，主要依据“{quote}”"
    return Words(en=en, zh=zh)


def _quote(text: str, why: Sequence[Reason]) -> str:
    return " ".join(text[why[0].span.start : why[0].span.end].split())[:QUOTE_LIMIT] if why else ""


def _tactic(hit: Hit) -> Finding:
    """Rules found these words in a text that the model suspects: a fact of the text, and no accusation by itself."""
    return Finding(
        detector=NAME,
        claim="text.scam.tactic",
        basis=Basis.ESTIMATE,
        probability=SUSPECTED,
        why=Words(en=f"the text {hit.tactic.said.en}", zh=f"文中出现：{hit.tactic.said.zh}"),
        where=hit.spans,
        details=(Detail("tactic", hit.tactic.name),),
    )


def _conversation(course: Course, turns: int) -> Finding:
    named = TYPE_WORDS[course.type]
    percent = round(course.probability * 100)
    facts = {
        "tactics": " ".join(f"{name}@{turn}" for name, turn in course.tactics),
        "turn": str(course.turn),
        "turns": str(turns),
        "type": course.type,
    }
    return Finding(
        detector=NAME,
        claim="text.scam",
        basis=Basis.ESTIMATE,
        probability=course.probability,
        harm=Harm.FRAUD_AI,
        why=Words(
            en=f"the conversation reads like {named.en} ({percent} % at even odds), from turn {course.turn} of {turns} on",
            zh=f"对话疑似{named.zh}（先验各半时 {percent}%），共 {turns} 轮，自第 {course.turn} 轮起已可预警",
        ),
        details=details(**facts),
    )


def _entities(text: str, banks: Sequence[Bank]) -> Iterator[Finding]:
    for number, entity in enumerate(find_entities(text)):
        for bank in banks:
            row = bank.known.sha256_row(entity.fingerprint)
            if row >= 0:
                yield _known(entity, bank)
        if number < ENTITIES_SHOWN and entity.kind not in {EntityKind.PHONE, EntityKind.CHAT}:
            yield _payment(entity)


def _masked(value: str) -> str:
    """Enough to find it in the text, too little to use it."""
    return f"{value[:4]}…{value[-4:]}"


def _payment(entity: Entity) -> Finding:
    shown = _masked(entity.value)
    return Finding(
        detector=NAME,
        claim="entity.payment",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(
            en=f"the text names a {entity.kind} with a right checksum: {shown}",
            zh=f"文中出现校验通过的收款标识（{entity.kind}）：{shown}",
        ),
        where=(entity.span,),
        details=(Detail("fingerprint", entity.fingerprint.hex()), Detail("kind", entity.kind)),
    )


def _known(entity: Entity, bank: Bank) -> Finding:
    shown = _masked(entity.value)
    return Finding(
        detector=NAME,
        claim="entity.known",
        basis=Basis.MATCH,
        probability=1.0,
        harm=Harm.FRAUD_AI,
        why=Words(
            en=f"{entity.kind} {shown} stands in bank `{bank.name}`",
            zh=f"{entity.kind} {shown} 在名单“{bank.name}”中",
        ),
        where=(entity.span,),
        details=(Detail("bank", bank.name), Detail("kind", entity.kind)),
    )
