"""Policies: what is in force, drafts and what they would have done, shadows, and the way into force by a second person."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from starlette.datastructures import FormData

from brightline.core.decision import Action
from brightline.core.errors import PolicyError
from brightline.core.words import Words
from brightline.doors.service import promoting
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.api_policies import draft_of, version_named
from brightline.doors.service.console.colleagues import names_of
from brightline.doors.service.console.layout import Fields, go, pages, render, text
from brightline.doors.service.problems import ProblemError
from brightline.policy.decide import Policy
from brightline.policy.pack import Case, Pack, Rule
from brightline.review import promotions, shadows
from brightline.review.people import May, Person
from brightline.review.promotions import IN_FORCE, PROPOSED, REASON_LIMIT
from brightline.review.shadows import Shadow, Transition

ROUTER = pages()
Seer = Annotated[Person, Depends(needs(May.SEE))]
Author = Annotated[Person, Depends(needs(May.PROPOSE))]
Second = Annotated[Person, Depends(needs(May.AGREE))]
SomeId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
FORM_MOST = 250_000  # characters of a draft that a form carries; the API takes larger ones
STATES = {
    PROPOSED: Words("proposed", "待批准"),
    IN_FORCE: Words("in force", "现行"),
    "past": Words("was in force", "曾生效"),
    "refused": Words("refused", "已驳回"),
}
KINDS = {
    "added": Words("added", "新增"),
    "removed": Words("removed", "删除"),
    "changed": Words("changed", "修改"),
}
EFFECTS = {"stricter": Words("stricter", "更严"), "softer": Words("softer", "更宽"), "": Words("", "")}


class PackShown(msgspec.Struct, frozen=True):
    """A pack and its rules as they are in force, overlays laid on, with the worked cases of its source."""

    pack: Pack
    rules: tuple[Rule, ...]
    cases: dict[str, tuple[Case, ...]]


class ShadowShown(msgspec.Struct, frozen=True):
    """A shadow with its counts."""

    shadow: Shadow
    counted: tuple[Transition, ...]
    total: int
    otherwise: int


@ROUTER.get("/policies")
def show(request: Request, person: Seer) -> Response:
    """What is in force, rule by rule."""
    state = state_of(request)
    policy = state.house.force.of(person.tenant)
    versions = {one.name: one.pack for one in promoting.versions_of(state, person.tenant)}
    sources = {
        name.removeprefix("force:"): pack for name, pack in versions.items() if name.startswith("force:")
    }
    sources["house/review"] = versions.get("shipped:house/review")
    shown = [*_packs(policy, sources), *_packs(state.review_policy, sources)]
    with state.store.reading() as connection:
        promoted = promotions.in_force(connection).get(person.tenant)
        waiting = promotions.listed(connection, person.tenant, (PROPOSED,))
        names = names_of(connection, person.tenant)
    return render(
        request, "policies.html", person, packs=shown, digest=policy.digest, promoted=promoted, waiting=waiting,
        names=names, stale=promoted is not None and promoted.proposal.own != state.house.policy.digest,
        may_agree=promotions.may_agree, most=REASON_LIMIT,
    )  # fmt: skip


@ROUTER.get("/policies/work")
def work(request: Request, person: Seer) -> Response:
    """Drafts, shadows, and proposals with what became of them."""
    state = state_of(request)
    with state.store.reading() as connection:
        drafts = promotions.newest_drafts(connection, person.tenant)
        history = promotions.listed(connection, person.tenant)
        running = [
            _shown(one, shadows.counted(connection, one.id))
            for one in shadows.listed(connection, person.tenant)
        ]
        names = names_of(connection, person.tenant)
    return render(
        request, "policies_work.html", person, drafts=drafts, history=history, shadows=running, names=names,
        states=STATES, digest=state.house.force.of(person.tenant).digest, most=REASON_LIMIT,
        sources=[one.name for one in promoting.versions_of(state, person.tenant)],
    )  # fmt: skip


@ROUTER.get("/policies/new")
def new(
    request: Request, person: Author, start: Annotated[str, Query(alias="from", max_length=300)] = ""
) -> Response:
    """Write a version, beginning from another one or from an overlay on a pack."""
    if start.startswith("overlay:"):
        source = _overlay(start.removeprefix("overlay:"))
    elif start:
        version = version_named(request, person, start)
        source = version.text if version is not None else ""
    else:
        source = _own()
    return render(request, "policies_edit.html", person, source=source, start=start, most=FORM_MOST)


@ROUTER.post("/policies/drafts")
def save(request: Request, person: Author, fields: Fields) -> Response:
    """Keep a version, and see what it is."""
    source = text(fields, "source", FORM_MOST)
    if not source.strip():
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "the draft is empty")
    made = promoting.save(state_of(request), person, source, text(fields, "note"))
    return go(f"/policies/drafts/{made.id}")


@ROUTER.get("/policies/drafts/{draft}")
def draft_page(
    request: Request,
    draft: SomeId,
    person: Seer,
    past: Annotated[int, Query(ge=0, le=promoting.PAST_MOST)] = 0,
) -> Response:
    """One version: what is wrong with it, its worked cases, what it changes, and what it would have done."""
    state = state_of(request)
    found = draft_of(request, draft, person)
    checked = promoting.check(state, found)
    before = version_named(request, person, f"force:{found.pack}", strict=False)
    tried, trouble = None, ""
    if past:
        try:
            tried = promoting.try_on_past(state, person.tenant, promoting.policy_of(checked), past)
        except PolicyError as error:
            trouble = str(error)
    with state.store.reading() as connection:
        others = promotions.versions(connection, person.tenant, found.pack)
        names = names_of(connection, person.tenant)
    return render(
        request, "policies_draft.html", person, draft=found, checked=checked, tried=tried, trouble=trouble, past=past,
        diff=promoting.differ(before, promoting.version_of(found)), has_before=before is not None, others=others,
        names=names, kinds=KINDS, effects=EFFECTS, most=REASON_LIMIT, actions=list(Action),
    )  # fmt: skip


@ROUTER.get("/policies/difference")
def differ(
    request: Request,
    person: Seer,
    one: Annotated[str, Query(max_length=300)],
    two: Annotated[str, Query(max_length=300)],
) -> Response:
    """Any two versions beside each other."""
    before, after = version_named(request, person, one), version_named(request, person, two)
    assert before is not None  # asked for strictly
    assert after is not None
    return render(
        request, "policies_difference.html", person, one=one, two=two, diff=promoting.differ(before, after),
        kinds=KINDS, effects=EFFECTS,
    )  # fmt: skip


@ROUTER.post("/policies/drafts/{draft}/shadow")
def begin_shadow(request: Request, draft: SomeId, person: Author) -> Response:
    """Let it run beside the policy in force."""
    promoting.begin_shadow(state_of(request), person, draft_of(request, draft, person))
    return go("/policies/work#shadows")


@ROUTER.get("/policies/shadows/{shadow}")
def shadow_page(request: Request, shadow: SomeId, person: Seer) -> Response:
    """What a shadow would have decided."""
    with state_of(request).store.reading() as connection:
        found = shadows.get(connection, shadow, person.tenant)
        shown = _shown(found, shadows.counted(connection, shadow))
        changed = shadows.changed(connection, shadow)
        names = names_of(connection, person.tenant)
    return render(
        request, "policies_shadow.html", person, one=shown, changed=changed, names=names, actions=list(Action)
    )


@ROUTER.post("/policies/shadows/{shadow}/end")
def end_shadow(request: Request, shadow: SomeId, person: Author) -> Response:
    """Let it end."""
    promoting.end_shadow(state_of(request), person, shadow)
    return go(f"/policies/shadows/{shadow}")


@ROUTER.post("/policies/drafts/{draft}/propose")
def propose(request: Request, draft: SomeId, person: Author, fields: Fields) -> Response:
    """Propose it for force."""
    promoting.propose(state_of(request), person, draft_of(request, draft, person), _reason(fields))
    return go("/policies")


@ROUTER.post("/policies/own/propose")
def propose_own(request: Request, person: Author, fields: Fields) -> Response:
    """Propose to go back to the settings' policy."""
    promoting.propose_again(state_of(request), person, None, _reason(fields))
    return go("/policies")


@ROUTER.post("/policies/promotions/{promotion}/again")
def propose_again(request: Request, promotion: SomeId, person: Author, fields: Fields) -> Response:
    """Propose what was in force before."""
    state = state_of(request)
    with state.store.reading() as connection:
        earlier = promotions.get(connection, promotion, person.tenant)
    promoting.propose_again(state, person, earlier, _reason(fields))
    return go("/policies")


@ROUTER.post("/policies/promotions/{promotion}/agree")
def agree(request: Request, promotion: SomeId, person: Second) -> Response:
    """Put it into force."""
    promoting.agree(state_of(request), person, promotion)
    return go("/policies")


@ROUTER.post("/policies/promotions/{promotion}/refuse")
def refuse(request: Request, promotion: SomeId, person: Second, fields: Fields) -> Response:
    """Refuse it, or withdraw one's own."""
    promoting.refuse(state_of(request), person, promotion, _reason(fields))
    return go("/policies/work#history")


def _reason(fields: FormData) -> str:
    return text(fields, "reason", REASON_LIMIT)


def _packs(policy: Policy, sources: dict[str, Pack | None]) -> list[PackShown]:
    rules = [one.active for one in policy.rules]
    return [
        PackShown(
            pack,
            tuple(one.rule for one in rules if one.name.startswith(f"{pack.id}#")),
            _cases(sources.get(pack.id)),
        )
        for pack in policy.packs
    ]


def _cases(source: Pack | None) -> dict[str, tuple[Case, ...]]:
    return {rule.id: rule.cases for rule in source.rules} if source is not None else {}


def _shown(shadow: Shadow, counted: tuple[Transition, ...]) -> ShadowShown:
    otherwise = sum(one.count for one in counted if one.before is not one.after)
    return ShadowShown(shadow, counted, sum(one.count for one in counted), otherwise)


def _overlay(pack: str) -> str:
    """An overlay to begin from: it tightens one rule of a pack."""
    return (
        "# An overlay only tightens: it raises actions and severities, or adds rules of its own.\n"
        f"pack: house/{pack.split('/')[-1]}-overlay\nversion: 1\ntitle: {{en: Our overlay, zh: 本单位叠加策略}}\n"
        "jurisdiction: HOUSE\nabout: {en: What we tighten and why., zh: 从严调整的内容与理由。}\n"
        f"tightens: {pack}\nraise:\n  - rule: {pack}#RULE\n    action: review\n"
    )


def _own() -> str:
    """A pack to begin from: one rule with the two worked cases that it needs."""
    return (
        "pack: house/own\nversion: 1\ntitle: {en: Our rules, zh: 本单位规则}\njurisdiction: HOUSE\n"
        "about: {en: What these rules are for., zh: 规则用途说明。}\nrules:\n  - id: known-items\n"
        "    when: findings.exists(f, f.claim == 'known.match' && f.basis == 'match')\n"
        "    action: block\n    severity: high\n"
        "    grounds: [{law: House rules, article: known items, standing: house, as_of: 2026-11-23}]\n"
        "    message: {en: This is a known item., zh: 该内容为已知条目。}\n    cases:\n"
        "      - name: a known item\n        subject: {kind: text}\n"
        "        findings: [{claim: known.match, basis: match, probability: 1.0}]\n"
        "        expect: {matches: true, action: block}\n"
        "      - name: nothing known\n        subject: {kind: text}\n        expect: {matches: false, action: allow}\n"
    )
