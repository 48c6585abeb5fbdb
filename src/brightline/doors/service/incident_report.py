"""An incident as blocks of a document: what happened, its clocks, what authorities were told."""

from collections.abc import Iterator

from brightline.core.words import Words
from brightline.doors.service.documents import Block, Heading, Table, Text, moment
from brightline.review.incidents import Duty, Incident, Term

DUTIES = {
    Duty.CN_CII: Words("China: critical information infrastructure", "中国：关键信息基础设施运营者"),
    Duty.CN_CENTRAL: Words("China: central and state organs", "中国：中央和国家机关"),
    Duty.CN_OTHER: Words("China: other network operators", "中国：其他网络运营者"),
    Duty.EU_SERIOUS: Words("EU: serious incident", "欧盟：严重事件"),
    Duty.EU_WIDESPREAD: Words("EU: widespread infringement", "欧盟：大范围侵害"),
    Duty.EU_DEATH: Words("EU: death of a person", "欧盟：致人死亡"),
    Duty.US_NCII: Words("US: intimate image without consent", "美国：未经同意的私密影像"),
}
STATES = {"open": Words("open", "处理中"), "closed": Words("closed", "已结案")}


def blocks(incident: Incident, language: str, head: str, now_ms: int) -> Iterator[Block]:
    """The incident, block after block.

    Args:
        incident: as it stands.
        language: `en` or `zh`.
        head: the ledger's head, to which the moments can be held.
        now_ms: when this is written.
    """

    def say(en: str, zh: str) -> str:
        return Words(en, zh).in_language(language)

    yield Heading(incident.title, 1)
    yield Text(
        say("State: ", "状态：")  # Chinese signs
        + STATES[incident.state].in_language(language)
        + say(". Found ", "。发现时间：")
        + moment(incident.found_ms)
        + (say(". Closed ", "。结案时间：") + moment(incident.closed_ms) if incident.closed_ms else "")
    )
    if incident.note:
        yield Text(incident.note)
    yield Heading(say("Clocks", "法定时限"))
    yield Table(
        (say("duty", "义务"), say("what", "事项"), say("until", "截止"), say("met", "完成")),
        tuple(_row(term, language, now_ms) for term in incident.terms),
    )
    yield Heading(say("Reports to authorities", "向主管部门的报告"))
    if not incident.filed:
        yield Text(say("none yet", "暂无"))
    for one in incident.filed:
        number = say(", number ", "，编号 ") + one.reference if one.reference else ""
        yield Text(f"{moment(one.at_ms)} · {one.authority}{number} ({one.clock})")
        if one.said:
            yield Text(one.said)
    if incident.submissions:
        yield Heading(say("What showed it", "相关提交"))
        yield Text(", ".join(incident.submissions))
    yield Text(
        say(
            f"Written {moment(now_ms)}. Each deed is in the ledger, whose head then was:",
            f"生成时间 {moment(now_ms)}。各项操作均记入账本，当时的账本头为：",  # Chinese signs
        )
    )
    yield Text(head)


def _row(term: Term, language: str, now_ms: int) -> tuple[str, ...]:
    late = Words("LATE", "已超时").in_language(language) if term.due_ms < now_ms else "–"
    what = f"{term.clock.what.in_language(language)} ({term.clock.ground}; {term.clock.standing.value})"
    met = moment(term.met_ms) if term.met_ms is not None else late
    return DUTIES[term.duty].in_language(language), what, moment(term.due_ms), met
