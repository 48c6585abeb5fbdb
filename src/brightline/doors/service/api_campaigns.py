"""`/v1/campaigns`: enforcement over a span of time, its counts, what packs in shadow would change, its report."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field

from brightline.core.errors import ReviewError
from brightline.doors.service import campaign_report, documents, record
from brightline.doors.service.access import language_of, state_of
from brightline.doors.service.asks import Count, Manager, Seer, Skip, SomeId, told
from brightline.doors.service.forms import Form
from brightline.doors.service.state import State
from brightline.policy.backtest import backtest
from brightline.policy.decide import compile_policy
from brightline.policy.packs import load_packs, shipped
from brightline.review import campaigns
from brightline.review.campaigns import Goal, Report
from brightline.review.measures import Disposed
from brightline.review.rows import PAGE_LIMIT

ROUTER = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])
Time = Annotated[int, Field(ge=0, le=2**48)]


PackName = Annotated[str, Field(max_length=80)]


class GoalForm(Form):
    """A number that is wanted in a category."""

    category: Annotated[str, Field(max_length=20, examples=["QL26-2.3"])]
    wanted: Annotated[int, Field(ge=0, le=10**9)]


class CampaignForm(Form):
    """A campaign; times are milliseconds since 1970. `rules` names shipped packs that it relies on, `shadow` such to try."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    about: Annotated[str, Field(max_length=4000)] = ""
    from_ms: Time
    until_ms: Time
    goals: Annotated[list[GoalForm], Field(default_factory=list, max_length=campaigns.GOALS_LIMIT)]
    rules: Annotated[list[PackName], Field(default_factory=list, max_length=10)]
    shadow: Annotated[list[PackName], Field(default_factory=list, max_length=10)]


class DisposalForm(Form):
    """What was disposed of beside single subjects."""

    kind: Literal["product", "account", "site", "dataset", "item"]
    count: Annotated[int, Field(ge=1, le=10**9)]
    category: Annotated[str, Field(max_length=20)]
    note: Annotated[str, Field(max_length=1000)] = ""


@ROUTER.get("")
def list_campaigns(
    request: Request, person: Seer, count: Count = PAGE_LIMIT, skip: Skip = 0
) -> list[dict[str, Any]]:
    """Campaigns of your tenant, the newest first."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in campaigns.listed(connection, person.tenant, count, skip)]


@ROUTER.post("", status_code=HTTPStatus.CREATED)
def open_campaign(request: Request, form: CampaignForm, person: Manager) -> dict[str, Any]:
    """Begin a campaign."""
    state = state_of(request)
    if unknown := [name for name in (*form.rules, *form.shadow) if name not in shipped()]:
        raise ReviewError(f"no pack `{unknown[0]}` ships; known: {', '.join(shipped())}")
    goals = tuple(Goal(category=one.category, wanted=one.wanted) for one in form.goals)
    with state.store.writing() as connection:
        made = campaigns.open_campaign(
            connection, person.tenant, title=form.title, about=form.about, from_ms=form.from_ms, until_ms=form.until_ms,
            goals=goals, shadow=tuple(form.shadow), rules=tuple(form.rules),
        )  # fmt: skip
    record.done(state, person, "campaign.open", None, {"of": made.id})
    return told(made)


@ROUTER.post("/{campaign}/disposals", status_code=HTTPStatus.CREATED)
def dispose(request: Request, campaign: SomeId, form: DisposalForm, person: Manager) -> dict[str, Any]:
    """Enter what was disposed of; who entered how many is in the ledger."""
    state = state_of(request)
    with state.store.writing() as connection:
        found = campaigns.dispose(
            connection,
            campaign,
            person.tenant,
            person.id,
            Disposed(form.kind),
            form.count,
            form.category,
            form.note,
        )
    facts = {"of": campaign, "kind": form.kind, "count": str(form.count), "category": form.category}
    record.done(state, person, "campaign.disposal", None, facts)
    return told(found)


@ROUTER.post("/{campaign}/end")
def end(request: Request, campaign: SomeId, person: Manager) -> dict[str, Any]:
    """End a campaign."""
    state = state_of(request)
    with state.store.writing() as connection:
        found = campaigns.end(connection, campaign, person.tenant)
    record.done(state, person, "campaign.end", None, {"of": campaign})
    return told(found)


@ROUTER.get("/{campaign}/report")
def get_report(request: Request, campaign: SomeId, person: Seer) -> dict[str, Any]:
    """Counts by category, action and day, appeals, and what people decided otherwise."""
    return told(report_of(state_of(request), campaign, person.tenant))


@ROUTER.get("/{campaign}/report.{form}", response_class=Response, responses=documents.RESPONSES)
def get_document(
    request: Request, campaign: SomeId, form: Literal["html", "pdf", "docx"], person: Seer
) -> Response:
    """The report as a document, in the language that you ask for."""
    state = state_of(request)
    head = state.house.ledger.checkpoint()
    found = report_of(state, campaign, person.tenant)
    made = list(campaign_report.blocks(found, language_of(request), head))
    return documents.served(made, form, f"campaign-{campaign[:12]}")


@ROUTER.get("/{campaign}/shadow")
def get_shadow(request: Request, campaign: SomeId, person: Seer) -> dict[str, Any]:
    """What the campaign's packs in shadow would change of what was decided in its span; nothing is changed by it."""
    state = state_of(request)
    with state.store.reading() as connection:
        found = campaigns.get(connection, campaign, person.tenant)
        entries = list(campaigns.entries_of(connection, found))
    if not found.shadow:
        return {
            "packs": [],
            "total": len(entries),
            "stricter": 0,
            "softer": 0,
            "transitions": [],
            "changed": [],
        }
    policy = compile_policy(load_packs([*dict.fromkeys((*state.house.settings.policies, *found.shadow))]))
    ledger = state.house.ledger
    recorded = ((ledger.examination(d.examination), d) for d in (ledger.decision(entry) for entry in entries))
    shown: dict[str, Any] = msgspec.to_builtins(backtest(recorded, policy))
    return {"packs": list(found.shadow), **shown}


def report_of(state: State, campaign: str, tenant: str) -> Report:
    """The report of a campaign, counted now.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    with state.store.reading() as connection:
        return campaigns.report(connection, campaigns.get(connection, campaign, tenant))
