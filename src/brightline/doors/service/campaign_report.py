"""A campaign's report as blocks of a document."""

from collections.abc import Iterator

from brightline.core.decision import Action
from brightline.core.words import Words
from brightline.doors.service.documents import Block, Heading, Table, Text, day, moment
from brightline.doors.words import ACTIONS
from brightline.review.campaigns import Report
from brightline.review.measures import Disposed

DISPOSED = {
    Disposed.PRODUCT: Words("products", "产品"),
    Disposed.ACCOUNT: Words("accounts", "账号"),
    Disposed.SITE: Words("sites and apps", "网站与应用"),
    Disposed.DATASET: Words("data sets", "数据集"),
    Disposed.ITEM: Words("items", "内容"),
}
ABOVE = (Action.LABEL, Action.REVIEW, Action.BLOCK)


def blocks(report: Report, language: str, head: str) -> Iterator[Block]:
    """The report, block after block.

    Args:
        report: what was counted.
        language: `en` or `zh`.
        head: the ledger's head when it was counted, so that the numbers can be held to it.
    """

    def say(en: str, zh: str) -> str:
        return Words(en, zh).in_language(language)

    campaign = report.campaign
    yield Heading(campaign.title, 1)
    yield Text(f"{day(campaign.from_ms)} – {day(campaign.until_ms)}")
    if campaign.about:
        yield Text(campaign.about)
    yield Text(
        say(
            f"{report.examined:,} subjects were decided; people decided {sum(report.people.values()):,} cases,"
            f" {report.changed:,} of them otherwise than the policy asked.",
            f"共对 {report.examined:,} 项内容作出决定；人工决定 {sum(report.people.values()):,} 件，"
            f"其中 {report.changed:,} 件与策略请求不同。",  # Chinese signs
        )
    )
    yield Heading(say("By category", "按类别"))
    yield _categories(report, language)
    yield Heading(say("By day", "按日"))
    yield Table(
        (say("day", "日期"), *(ACTIONS[action].in_language(language) for action in ABOVE)),
        tuple(
            (one.day, *(f"{one.actions.get(action.value, 0):,}" for action in ABOVE)) for one in report.days
        ),
    )
    yield Heading(say("Appeals", "申诉"))
    yield Table(
        (say("open", "处理中"), say("upheld", "成立"), say("rejected", "驳回")),
        (tuple(f"{report.appeals.get(name, 0):,}" for name in ("open", "upheld", "rejected")),),
    )
    yield Text(
        say(
            f"Counted {moment(report.made_ms)} from what the service holds; every decision is in the ledger, whose head then was:",
            f"统计时间 {moment(report.made_ms)}；每项决定均记入账本，当时的账本头为：",  # Chinese signs
        )
    )
    yield Text(head)


def _categories(report: Report, language: str) -> Table:
    kinds = [kind for kind in Disposed if any(row.disposals.get(kind.value) for row in report.rows)]
    head = (
        Words("category", "类别").in_language(language),
        *(ACTIONS[action].in_language(language) for action in ABOVE),
        *(DISPOSED[kind].in_language(language) for kind in kinds),
        Words("goal", "目标").in_language(language),
    )
    rows = tuple(
        (
            f"{row.category} {row.words.in_language(language)}",
            *(f"{row.actions.get(action.value, 0):,}" for action in ABOVE),
            *(f"{row.disposals.get(kind.value, 0):,}" for kind in kinds),
            f"{row.wanted:,}" if row.wanted is not None else "–",
        )
        for row in report.rows
    )
    return Table(head, rows)
