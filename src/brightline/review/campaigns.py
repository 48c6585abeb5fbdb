"""Campaigns: enforcement over a span of time, counted by category, such as the two phases of Qinglang 2026.

Counts come from what was decided in that span; what was disposed of beside single subjects (products, accounts, sites) people
enter, here by category or in the register of measures, each entry with who and when. A campaign names the packs whose rules it
relies on (`rules`); other packs can be tried in shadow on the same decisions: `shadow` says what they would change.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from brightline.core.errors import ConflictError, ReviewError
from brightline.core.harm import Harm
from brightline.core.words import Words
from brightline.policy.harms import crosswalk
from brightline.review import measures
from brightline.review.measures import Disposed
from brightline.review.rows import PAGE_LIMIT, keep, row_of, sliced
from brightline.review.store import new_id, now_ms
from brightline.review.tables import appeals, campaigns, cases, submissions

DAY_MS = 86_400_000
GOALS_LIMIT = 20  # goals of one campaign
DISPOSALS_LIMIT = 5_000  # entries of one campaign
OTHER = "other"  # category of a harm that no list names


# CAC, 清朗·整治AI应用乱象, 2026-04-30: two phases of seven categories (titles seen in public digests of the notice).
QINGLANG_2026: dict[str, Words] = {
    "QL26-1.1": Words("filing or registration not done", "应备未备、应登未登"),
    "QL26-1.2": Words("weak platform security and review", "平台安全与审核能力不足"),
    "QL26-1.3": Words("unsafe training corpora", "训练语料不安全"),
    "QL26-1.4": Words("AI data poisoning", "AI数据投毒"),
    "QL26-1.5": Words("labelling not implemented", "内容标识未落实"),
    "QL26-1.6": Words(
        "AI used for attacks, impersonation, privacy breaches", "利用AI实施攻击、冒充与侵犯隐私"
    ),
    "QL26-1.7": Words("open-source models not secured", "开源模型安全缺失"),
    "QL26-2.1": Words("remade classics and digital slop", "魔改经典与“数字泔水”"),  # Chinese quotes
    "QL26-2.2": Words("false information", "制作传播虚假信息"),
    "QL26-2.3": Words("impersonating others", "冒充他人"),
    "QL26-2.4": Words("violent or vulgar content", "暴力低俗内容"),
    "QL26-2.5": Words("harm to minors", "侵害未成年人权益"),
    "QL26-2.6": Words("AI-hosted water armies", "AI托管网络水军"),
    "QL26-2.7": Words("illegal AI products and services", "违规AI产品与服务"),
    OTHER: Words("in no category", "未归入上述类别"),
}


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A number that a campaign wants to reach in a category."""

    category: str
    wanted: int


class Disposal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was disposed of, entered by a person."""

    kind: Disposed
    count: int
    category: str
    note: str
    person: str
    at_ms: int


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as it stands; `rules` are packs that it relies on, `shadow` packs that are tried and not in force."""

    id: str
    tenant: str
    title: str
    about: str
    from_ms: int
    until_ms: int
    state: str
    goals: tuple[Goal, ...]
    shadow: tuple[str, ...]
    disposals: tuple[Disposal, ...]
    rules: tuple[str, ...] = ()


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """One category of a report."""

    category: str
    words: Words
    actions: dict[str, int]
    disposals: dict[str, int]
    wanted: int | None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions above `allow` of one day, UTC."""

    day: str
    actions: dict[str, int]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign did.

    Attributes:
        campaign: which.
        made_ms: when this was counted.
        examined: subjects decided in its span.
        actions: of all of them.
        rows: by category, those with nothing too.
        days: the trend.
        people: cases that people decided, by action.
        changed: of those, how many otherwise than the policy asked.
        appeals: by outcome, open ones as `open`.
    """

    campaign: Campaign
    made_ms: int
    examined: int
    actions: dict[str, int]
    rows: tuple[Category, ...]
    days: tuple[Day, ...]
    people: dict[str, int]
    changed: int
    appeals: dict[str, int]


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    about: str
    goals: tuple[Goal, ...]
    shadow: tuple[str, ...]
    disposals: tuple[Disposal, ...] = ()
    rules: tuple[str, ...] = ()


def open_campaign(
    connection: Connection,
    tenant: str,
    *,
    title: str,
    about: str,
    from_ms: int,
    until_ms: int,
    goals: tuple[Goal, ...] = (),
    shadow: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
) -> Campaign:
    """Begin a campaign.

    Raises:
        ReviewError: it has no title, ends before it begins, or names a category that there is not.
    """
    if not title.strip() or until_ms <= from_ms:
        raise ReviewError("a campaign has a title, and ends after it begins")
    if unknown := [goal.category for goal in goals if goal.category not in QINGLANG_2026]:
        raise ReviewError(f"no category `{unknown[0][:20]}`; known: {', '.join(QINGLANG_2026)}")
    if len(goals) > GOALS_LIMIT:
        raise ReviewError(f"a campaign has at most {GOALS_LIMIT} goals")
    campaign = new_id()
    facts = _Facts(title=title[:200], about=about, goals=goals, shadow=shadow, rules=rules)
    connection.execute(
        insert(campaigns).values(
            id=campaign,
            tenant=tenant,
            facts=msgspec.json.encode(facts),
            from_ms=from_ms,
            until_ms=until_ms,
            state="running",
        )
    )
    return get(connection, campaign, tenant)


def get(connection: Connection, campaign: str, tenant: str) -> Campaign:
    """One campaign.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    return _campaign(row_of(connection, campaigns, campaign, tenant))


def listed(connection: Connection, tenant: str, count: int = PAGE_LIMIT, skip: int = 0) -> list[Campaign]:
    """Campaigns of a tenant, the newest first."""
    wanted = select(campaigns).where(campaigns.c.tenant == tenant)
    ordered = wanted.order_by(campaigns.c.from_ms.desc(), campaigns.c.id.desc())
    return [_campaign(row) for row in connection.execute(sliced(ordered, count, skip))]


def dispose(
    connection: Connection,
    campaign: str,
    tenant: str,
    person: str,
    kind: Disposed,
    count: int,
    category: str,
    note: str,
) -> Campaign:
    """Enter what was disposed of.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it has ended.
        ReviewError: the category is none, or the list is full.
    """
    if category not in QINGLANG_2026:
        raise ReviewError(f"no category `{category[:20]}`; known: {', '.join(QINGLANG_2026)}")
    row = row_of(connection, campaigns, campaign, tenant, held=True)
    if row.state != "running":
        raise ConflictError(f"campaign `{campaign}` has ended")
    facts = msgspec.json.decode(row.facts, type=_Facts)
    if len(facts.disposals) >= DISPOSALS_LIMIT:
        raise ReviewError(f"a campaign has at most {DISPOSALS_LIMIT} entries")
    entry = Disposal(
        kind=kind, count=count, category=category, note=note[:1000], person=person, at_ms=now_ms()
    )
    later = msgspec.structs.replace(facts, disposals=(*facts.disposals, entry))
    keep(connection, campaigns, campaign, later)
    return get(connection, campaign, tenant)


def end(connection: Connection, campaign: str, tenant: str) -> Campaign:
    """End a campaign; its report can still be made.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it has ended.
    """
    if get(connection, campaign, tenant).state != "running":
        raise ConflictError(f"campaign `{campaign}` has ended")
    connection.execute(update(campaigns).where(campaigns.c.id == campaign).values(state="ended"))
    return get(connection, campaign, tenant)


def entries_of(connection: Connection, campaign: Campaign) -> Iterator[int]:
    """Positions in the ledger of what was decided in its span, for a back-test of the packs in shadow."""
    wanted = select(submissions.c.entry).where(*_span(campaign), submissions.c.entry.is_not(None))
    yield from connection.execute(wanted.order_by(submissions.c.entry)).scalars()


def report(connection: Connection, campaign: Campaign) -> Report:
    """Count what a campaign did."""
    by_category: dict[str, Counter[str]] = defaultdict(Counter)
    by_day: dict[int, Counter[str]] = defaultdict(Counter)
    actions: Counter[str] = Counter()
    wanted = select(submissions.c.action, submissions.c.harm, submissions.c.done_ms).where(
        *_span(campaign), submissions.c.action != ""
    )
    for action, harm, done_ms in connection.execute(wanted):
        actions[action] += 1
        if action == "allow":
            continue
        by_day[done_ms // DAY_MS][action] += 1
        for category in categories_of(harm):
            by_category[category][action] += 1
    disposed: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in campaign.disposals:
        disposed[entry.category][entry.kind.value] += entry.count
    for measure in measures.between(connection, campaign.tenant, campaign.from_ms, campaign.until_ms):
        for category in categories_of(measure.harm):
            disposed[category][measure.kind.value] += measure.count
    goals = {goal.category: goal.wanted for goal in campaign.goals}
    people, changed = _people(connection, campaign)
    return Report(
        campaign=campaign,
        made_ms=now_ms(),
        examined=actions.total(),
        actions=dict(actions),
        rows=tuple(
            Category(
                category=name,
                words=words,
                actions=dict(by_category[name]),
                disposals=dict(disposed[name]),
                wanted=goals.get(name),
            )
            for name, words in QINGLANG_2026.items()
        ),
        days=tuple(Day(day=_day(number), actions=dict(by_day[number])) for number in sorted(by_day)),
        people=people,
        changed=changed,
        appeals=_appeals(connection, campaign),
    )


def categories_of(harm: str) -> tuple[str, ...]:
    """The campaign's categories that a harm falls under; a subject counts in each of them.

    >>> categories_of("impersonation_face"), categories_of("")
    (('QL26-1.6', 'QL26-2.3'), ('other',))
    """
    return (crosswalk(Harm(harm)).qinglang_2026 if harm else ()) or (OTHER,)


def _span(campaign: Campaign) -> tuple[Any, ...]:
    return (
        submissions.c.tenant == campaign.tenant,
        submissions.c.copy_of.is_(None),
        submissions.c.done_ms >= campaign.from_ms,
        submissions.c.done_ms < campaign.until_ms,
    )


def _people(connection: Connection, campaign: Campaign) -> tuple[dict[str, int], int]:
    wanted = select(cases.c.decided, cases.c.asked).where(
        cases.c.tenant == campaign.tenant,
        cases.c.golden == "",
        cases.c.state == "closed",
        cases.c.decided_ms >= campaign.from_ms,
        cases.c.decided_ms < campaign.until_ms,
    )
    counts: Counter[str] = Counter()
    changed = 0
    for decided, asked in connection.execute(wanted):
        counts[decided] += 1
        changed += decided != asked
    return dict(counts), changed


def _appeals(connection: Connection, campaign: Campaign) -> dict[str, int]:
    wanted = select(appeals.c.outcome).where(
        appeals.c.tenant == campaign.tenant,
        appeals.c.made_ms >= campaign.from_ms,
        appeals.c.made_ms < campaign.until_ms,
    )
    return dict(Counter(outcome or "open" for outcome in connection.execute(wanted).scalars()))


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY_MS / 1000, UTC).strftime("%Y-%m-%d")


def _campaign(row: Row[Any]) -> Campaign:
    facts = msgspec.json.decode(row.facts, type=_Facts)
    return Campaign(
        id=row.id,
        tenant=row.tenant,
        title=facts.title,
        about=facts.about,
        from_ms=row.from_ms,
        until_ms=row.until_ms,
        state=row.state,
        goals=facts.goals,
        shadow=facts.shadow,
        disposals=facts.disposals,
        rules=facts.rules,
    )
