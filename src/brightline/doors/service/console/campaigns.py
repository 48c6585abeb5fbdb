"""Campaigns: begun with goals and packs, watched while they run, reported as a page, PDF or DOCX."""

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus

import msgspec
from fastapi import Request, Response
from starlette.datastructures import FormData

from brightline.doors.service import api_campaigns
from brightline.doors.service.access import state_of
from brightline.doors.service.api_campaigns import CampaignForm, DisposalForm, GoalForm, report_of
from brightline.doors.service.asks import Manager, Seer, Skip, SomeId
from brightline.doors.service.campaign_report import ABOVE
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.doors.service.console.trend import drawn
from brightline.doors.service.problems import ProblemError
from brightline.policy.packs import shipped
from brightline.review import campaigns
from brightline.review.campaigns import GOALS_LIMIT, QINGLANG_2026, Campaign, Report
from brightline.review.store import now_ms

ROUTER = pages()
PAGE = 50
DAYS_DRAWN = 366  # of a longer campaign the last ones
NOTE_CHARACTERS = 4000


class Standing(msgspec.Struct, frozen=True):
    """A campaign on its way: `planned`, `running`, `over` or `ended`, how much of its time is gone, 0 to 100, days left."""

    state: str
    gone: int
    days_left: int


@ROUTER.get("/campaigns")
def show_all(request: Request, person: Seer, skip: Skip = 0) -> Response:
    """The list, and the form of a new one."""
    state = state_of(request)
    with state.store.reading() as connection:
        found = campaigns.listed(connection, person.tenant, PAGE + 1, skip)
    today = datetime.now(UTC).date()
    return render(
        request, "campaigns.html", person, found=found[:PAGE], more=len(found) > PAGE, skip=skip, page=PAGE,
        standing={one.id: _standing(one) for one in found}, categories=QINGLANG_2026, packs=shipped(),
        in_force={pack.id for pack in state.house.policy.packs}, limit=GOALS_LIMIT,
        first=today.isoformat(), last=(today + timedelta(days=30)).isoformat(),
    )  # fmt: skip


@ROUTER.post("/campaigns")
def open_campaign(request: Request, person: Manager, fields: Fields) -> Response:
    """Begin one; its last day belongs to it."""
    first, last = _day(fields, "first"), _day(fields, "last") + timedelta(days=1)
    wanted = {name: text(fields, f"goal.{name}", 12).strip() for name in QINGLANG_2026}
    goals = [
        GoalForm.model_validate({"category": name, "wanted": number})
        for name, number in wanted.items()
        if number
    ]
    form = CampaignForm.model_validate(
        {
            "title": text(fields, "title"), "about": text(fields, "about", NOTE_CHARACTERS),
            "from_ms": _ms(first), "until_ms": _ms(last), "goals": [goal.model_dump() for goal in goals],
            "rules": fields.getlist("rules"), "shadow": fields.getlist("shadow"),
        }
    )  # fmt: skip
    made = api_campaigns.open_campaign(request, form, person)
    return go(f"/campaigns/{made['id']}")


@ROUTER.get("/campaigns/{campaign}")
def show(request: Request, campaign: SomeId, person: Seer, shadow: bool = False) -> Response:
    """How it runs; `shadow` also tries its packs on what was decided, which takes a while."""
    state = state_of(request)
    report = report_of(state, campaign, person.tenant)
    tried = api_campaigns.get_shadow(request, campaign, person) if shadow else None
    with state.store.reading() as connection:
        names = names_of(connection, person.tenant)
    first, last = _span(report.campaign)
    disposed: dict[str, int] = {}
    for row in report.rows:
        for kind, count in row.disposals.items():
            disposed[kind] = disposed.get(kind, 0) + count
    return render(
        request, "campaign.html", person, report=report, campaign=report.campaign, drawn=drawn(report.days, first, last),
        standing=_standing(report.campaign), reached=_reached(report), disposed=disposed, names=names, above=ABOVE,
        tried=tried, in_force={pack.id for pack in state.house.policy.packs}, categories=QINGLANG_2026,
        last_day=last.isoformat(), first_day=first.isoformat(),
    )  # fmt: skip


@ROUTER.post("/campaigns/{campaign}/disposals")
def dispose(request: Request, campaign: SomeId, person: Manager, fields: Fields) -> Response:
    """Enter what was disposed of."""
    form = DisposalForm.model_validate(
        {
            "kind": text(fields, "kind"), "count": text(fields, "count"), "category": text(fields, "category"),
            "note": text(fields, "note", 1000),
        }
    )  # fmt: skip
    api_campaigns.dispose(request, campaign, form, person)
    return go(f"/campaigns/{campaign}#disposals")


@ROUTER.post("/campaigns/{campaign}/end")
def end(request: Request, campaign: SomeId, person: Manager) -> Response:
    """End it."""
    api_campaigns.end(request, campaign, person)
    return go(f"/campaigns/{campaign}")


def _standing(campaign: Campaign) -> Standing:
    now, whole = now_ms(), campaign.until_ms - campaign.from_ms
    gone = max(0, min(100, round(100 * (now - campaign.from_ms) / whole)))
    left = max(0, -(-(campaign.until_ms - now) // campaigns.DAY_MS))
    if campaign.state != "running":
        return Standing("ended", gone, left)
    if now < campaign.from_ms:
        return Standing("planned", 0, left)
    return Standing("running" if now < campaign.until_ms else "over", gone, left)


def _reached(report: Report) -> dict[str, int]:
    """Of each category with a goal: decisions and disposals together."""
    return {
        row.category: sum(row.actions.values()) + sum(row.disposals.values())
        for row in report.rows
        if row.wanted is not None
    }


def _span(campaign: Campaign) -> tuple[date, date]:
    first = datetime.fromtimestamp(campaign.from_ms / 1000, UTC).date()
    last = datetime.fromtimestamp((campaign.until_ms - 1) / 1000, UTC).date()
    return max(first, last - timedelta(days=DAYS_DRAWN - 1)), last


def _day(fields: FormData, name: str) -> date:
    given = text(fields, name, 40)
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"`{given}` is no day") from None


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
