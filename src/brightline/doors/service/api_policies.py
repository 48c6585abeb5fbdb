"""`/v1/policies`: what is in force, drafts and their trials, shadows, and promotion by a second person."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from brightline.core.errors import NotThereError
from brightline.doors.service import promoting
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.forms import Form
from brightline.doors.service.promoting import PAST_MOST, Checked
from brightline.review import promotions, shadows
from brightline.review.people import May, Person
from brightline.review.promotions import Draft

ROUTER = APIRouter(prefix="/v1/policies", tags=["policies"])
Seer = Annotated[Person, Depends(needs(May.SEE))]
Author = Annotated[Person, Depends(needs(May.PROPOSE))]
Second = Annotated[Person, Depends(needs(May.AGREE))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Reason = Annotated[str, Field(min_length=1, max_length=promotions.REASON_LIMIT)]
PACK = "pack: house/own\nversion: 1\n..."


class DraftForm(Form):
    """A version of a pack: the whole text, as it would stand in a file."""

    source: Annotated[str, Field(min_length=1, max_length=promoting.SOURCE_MOST, examples=[PACK])]
    note: Annotated[str, Field(max_length=200)] = ""


class ReasonForm(Form):
    """Why."""

    reason: Reason


@ROUTER.get("")
def get_policy(request: Request, person: Seer) -> dict[str, Any]:
    """The policy that decides for your tenant now."""
    state = state_of(request)
    policy = state.house.force.of(person.tenant)
    with state.store.reading() as connection:
        promoted = promotions.in_force(connection).get(person.tenant)
    packs = [{"pack": one.id, "version": one.version, "rules": len(one.rules)} for one in policy.packs]
    return {
        "policy": policy.digest, "own": state.house.policy.digest, "packs": packs,
        "promotion": msgspec.to_builtins(promoted),
    }  # fmt: skip


@ROUTER.get("/drafts")
def list_drafts(request: Request, person: Seer) -> list[dict[str, Any]]:
    """The newest version of each draft."""
    with state_of(request).store.reading() as connection:
        return [_draft(one) for one in promotions.newest_drafts(connection, person.tenant)]


@ROUTER.post("/drafts", status_code=HTTPStatus.CREATED)
def add_draft(request: Request, form: DraftForm, person: Author) -> dict[str, Any]:
    """Keep a version; what is wrong with it is told, and it is kept all the same."""
    state = state_of(request)
    return _checked(promoting.check(state, promoting.save(state, person, form.source, form.note)))


@ROUTER.get("/drafts/{draft}")
def get_draft(request: Request, draft: SomeId, person: Seer) -> dict[str, Any]:
    """One version: its text, its problems, how its worked cases come out."""
    return _checked(promoting.check(state_of(request), draft_of(request, draft, person)))


@ROUTER.get("/drafts/{draft}/past")
def try_draft(
    request: Request, draft: SomeId, person: Seer, count: Annotated[int, Query(ge=1, le=PAST_MOST)] = 2_000
) -> dict[str, Any]:
    """What it would have decided of the newest decisions, with precision and recall against what people decided."""
    state = state_of(request)
    policy = promoting.policy_of(promoting.check(state, draft_of(request, draft, person)))
    told: dict[str, Any] = msgspec.to_builtins(promoting.try_on_past(state, person.tenant, policy, count))
    return told


@ROUTER.get("/drafts/{draft}/difference")
def differ(
    request: Request, draft: SomeId, person: Seer, before: Annotated[str, Query(max_length=300)] = ""
) -> dict[str, Any]:
    """What it changes in another version, named by a draft's id or as `/v1/policies/versions` does; else in that in force."""
    after = draft_of(request, draft, person)
    old = version_named(request, person, before or f"force:{after.pack}", strict=bool(before))
    told: dict[str, Any] = msgspec.to_builtins(promoting.differ(old, promoting.version_of(after)))
    return told


@ROUTER.get("/versions")
def list_versions(request: Request, person: Seer) -> list[dict[str, str]]:
    """Packs that a draft can begin from, with their text: in force, shipped, and in the operator's folder."""
    return [
        {"name": one.name, "text": one.text}
        for one in promoting.versions_of(state_of(request), person.tenant)
    ]


@ROUTER.post("/drafts/{draft}/shadow", status_code=HTTPStatus.CREATED)
def begin_shadow(request: Request, draft: SomeId, person: Author) -> dict[str, Any]:
    """Let it decide beside the policy in force; its decisions are counted and change nothing."""
    told: dict[str, Any] = msgspec.to_builtins(
        promoting.begin_shadow(state_of(request), person, draft_of(request, draft, person))
    )
    return told


@ROUTER.get("/shadows")
def list_shadows(request: Request, person: Seer) -> list[dict[str, Any]]:
    """Policies in shadow, with what they would have decided otherwise."""
    with state_of(request).store.reading() as connection:
        return [
            msgspec.to_builtins(one) | {"counted": msgspec.to_builtins(shadows.counted(connection, one.id))}
            for one in shadows.listed(connection, person.tenant)
        ]


@ROUTER.post("/shadows/{shadow}/end")
def end_shadow(request: Request, shadow: SomeId, person: Author) -> dict[str, Any]:
    """Let a shadow end."""
    told: dict[str, Any] = msgspec.to_builtins(promoting.end_shadow(state_of(request), person, shadow))
    return told


@ROUTER.post("/drafts/{draft}/propose", status_code=HTTPStatus.CREATED)
def propose(request: Request, draft: SomeId, form: ReasonForm, person: Author) -> dict[str, Any]:
    """Propose it for force; a second person agrees or refuses."""
    made = promoting.propose(state_of(request), person, draft_of(request, draft, person), form.reason)
    told: dict[str, Any] = msgspec.to_builtins(made)
    return told


@ROUTER.get("/promotions")
def list_promotions(request: Request, person: Seer) -> list[dict[str, Any]]:
    """Proposals and what became of them, the newest first."""
    with state_of(request).store.reading() as connection:
        found: list[dict[str, Any]] = msgspec.to_builtins(promotions.listed(connection, person.tenant))
    return found


@ROUTER.post("/promotions/own", status_code=HTTPStatus.CREATED)
def propose_own(request: Request, form: ReasonForm, person: Author) -> dict[str, Any]:
    """Propose to go back to the policy of the settings."""
    told: dict[str, Any] = msgspec.to_builtins(
        promoting.propose_again(state_of(request), person, None, form.reason)
    )
    return told


@ROUTER.post("/promotions/{promotion}/again", status_code=HTTPStatus.CREATED)
def propose_again(request: Request, promotion: SomeId, form: ReasonForm, person: Author) -> dict[str, Any]:
    """Propose an earlier policy again, as it was."""
    state = state_of(request)
    with state.store.reading() as connection:
        earlier = promotions.get(connection, promotion, person.tenant)
    told: dict[str, Any] = msgspec.to_builtins(promoting.propose_again(state, person, earlier, form.reason))
    return told


@ROUTER.post("/promotions/{promotion}/agree")
def agree(request: Request, promotion: SomeId, person: Second) -> dict[str, Any]:
    """Agree: it is in force at once. Who proposed or wrote it cannot."""
    told: dict[str, Any] = msgspec.to_builtins(promoting.agree(state_of(request), person, promotion))
    return told


@ROUTER.post("/promotions/{promotion}/refuse")
def refuse(request: Request, promotion: SomeId, form: ReasonForm, person: Second) -> dict[str, Any]:
    """Refuse a proposal, or withdraw your own."""
    told: dict[str, Any] = msgspec.to_builtins(
        promoting.refuse(state_of(request), person, promotion, form.reason)
    )
    return told


def draft_of(request: Request, draft: str, person: Person) -> Draft:
    """A draft of the person's tenant.

    Raises:
        NotThereError: there is none of that id.
    """
    with state_of(request).store.reading() as connection:
        return promotions.get_draft(connection, draft, person.tenant)


def version_named(
    request: Request, person: Person, name: str, *, strict: bool = True
) -> promoting.Version | None:
    """A version by its name, or by the id of a draft.

    Raises:
        NotThereError: there is none, and it is asked for strictly.
    """
    if ":" not in name:
        return promoting.version_of(draft_of(request, name, person))
    found = promoting.versions_of(state_of(request), person.tenant)
    version = next((one for one in found if one.name == name), None)
    if version is None and strict:
        raise NotThereError(f"no version `{name[:100]}` of a pack")
    return version


def _draft(draft: Draft) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(draft)
    return told


def _checked(checked: Checked) -> dict[str, Any]:
    return _draft(checked.draft) | {
        "problems": msgspec.to_builtins(checked.loaded.problems),
        "cases": [msgspec.to_builtins(one) | {"passed": one.passed} for one in checked.cases],
        "fault": checked.fault,
        "policy": checked.policy.digest if checked.policy is not None else "",
    }
