"""`/v1/campaigns`: enforcement over a span of time, its counts, what packs in shadow would change, its report."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from brightline.core.errors import ReviewError
from brightline.doors.service import campaign_report, record
from brightline.doors.service.access import language_of, needs, state_of
from brightline.doors.service.forms import Form
from brightline.doors.service.state import State
from brightline.policy.backtest import backtest
from brightline.policy.decide import compile_policy
from brightline.policy.packs import load_packs, shipped
from brightline.review import campaigns
from brightline.review.campaigns import Campaign, Disposed, Goal, Report
from brightline.review.people import May, Person

ROUTER = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])
Seer = Annotated[Person, Depends(needs(May.SEE))]
Manager = Annotated[Person, Depends(needs(May.MANAGE))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Time = Annotated[int, Field(ge=0, le=2**48)]
MEDIA = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class GoalForm(Form):
    """A number that is wanted in a category."""

    category: Annotated[str, Field(max_length=20, examples=["QL26-2.3"])]
    wanted: Annotated[int, Field(ge=0, le=10**9)]


class CampaignForm(Form):
    """A campaign; times are milliseconds since 1970. `shadow` names shipped packs to try on its decisions."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    about: Annotated[str, Field(max_length=4000)] = ""
    from_ms: Time
    until_ms: Time
    goals: Annotated[list[GoalForm], Field(default_factory=list, max_length=campaigns.GOALS_LIMIT)]
    shadow: Annotated[list[Annotated[str, Field(max_length=80)]], Field(default_factory=list, max_length=10)]


class DisposalForm(Form):
    """What was disposed of beside single subjects."""

    kind: Literal["product", "account", "site", "dataset", "item"]
    count: Annotated[int, Field(ge=1, le=10**9)]
    category: Annotated[str, Field(max_length=20)]
    note: Annotated[str, Field(max_length=1000)] = ""


@ROUTER.get("")
def list_campaigns(request: Request, person: Seer) -> list[dict[str, Any]]:
    """Campaigns of your tenant, the newest first."""
    with state_of(request).store.reading() as connection:
        return [told(one) for one in campaigns.listed(connection, person.tenant)]


@ROUTER.post("", status_code=HTTPStatus.CREATED)
def open_campaign(request: Request, form: CampaignForm, person: Manager) -> dict[str, Any]:
    """Begin a campaign."""
    state = state_of(request)
    if unknown := [name for name in form.shadow if name not in shipped()]:
        raise ReviewError(f"no pack `{unknown[0]}` ships; known: {', '.join(shipped())}")
    goals = tuple(Goal(category=one.category, wanted=one.wanted) for one in form.goals)
    with state.store.writing() as connection:
        made = campaigns.open_campaign(
            connection, person.tenant, title=form.title, about=form.about, from_ms=form.from_ms, until_ms=form.until_ms,
            goals=goals, shadow=tuple(form.shadow),
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
    shown: dict[str, Any] = msgspec.to_builtins(report_of(state_of(request), campaign, person.tenant))
    return shown


@ROUTER.get("/{campaign}/report.{form}")
def get_document(request: Request, campaign: SomeId, form: Literal["pdf", "docx"], person: Seer) -> Response:
    """The report as a document, in the language that you ask for."""
    state = state_of(request)
    head = state.house.ledger.checkpoint()
    found = report_of(state, campaign, person.tenant)
    made = list(campaign_report.blocks(found, language_of(request), head))
    data = campaign_report.as_pdf(made) if form == "pdf" else campaign_report.as_docx(made)
    name = f"campaign-{campaign[:12]}.{form}"
    return Response(
        data, media_type=MEDIA[form], headers={"content-disposition": f'attachment; filename="{name}"'}
    )


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


def told(campaign: Campaign) -> dict[str, Any]:
    """A campaign as people see it."""
    shown: dict[str, Any] = msgspec.to_builtins(campaign)
    return shown
