"""From a draft to a policy in force: checked, tried on past decisions, proposed, agreed to by a second person, recorded.

What both persons do is in the ledger before it holds; the policy itself is kept there by its digest, so that whatever it
decides can be replayed after it has gone.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from brightline.core.decision import Action, Decision
from brightline.core.errors import BrightlineError, PolicyError
from brightline.core.finding import Examination
from brightline.core.wire import canonical
from brightline.doors.service import record
from brightline.doors.service.rules import FOLDER
from brightline.doors.service.state import State
from brightline.policy.against_people import Tried, try_policy
from brightline.policy.claims import known_claims
from brightline.policy.decide import Policy, compile_policy, policy_bytes
from brightline.policy.diff import PackDiff, diff_packs
from brightline.policy.load import MAX_BYTES, Loaded, load_pack, parse_pack
from brightline.policy.pack import Pack
from brightline.policy.packs import find_pack, shipped
from brightline.policy.testing import CaseResult, run_cases
from brightline.review import answers, promotions, shadows
from brightline.review.people import Person
from brightline.review.promotions import Draft, Promotion, Proposal
from brightline.review.shadows import Shadow

PAST_MOST = 10_000  # decisions that one trial looks at; about ten seconds
SOURCE_MOST = MAX_BYTES  # bytes of a draft
CHANGES_SHOWN = 200
FILES_LISTED = 200  # packs of the operator's folder that a draft may begin from
UNTITLED = "house/new-pack"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A draft, looked at: what is wrong with it, and how its worked cases came out.

    Attributes:
        draft: the version.
        loaded: its problems, and the pack unless something is wrong with it.
        cases: its worked cases; none where it is no pack.
        fault: why it cannot be in force with the others; empty where it can.
        policy: the policy that it would make; None where it cannot.
    """

    draft: Draft
    loaded: Loaded
    cases: tuple[CaseResult, ...]
    fault: str
    policy: Policy | None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A pack in one version, with its text where we have it."""

    name: str
    pack: Pack | None
    text: str


def check(state: State, draft: Draft) -> Checked:
    """Look at a draft: its text, its worked cases, and whether it fits the packs in force."""
    loaded = parse_pack(draft.source.encode(), f"{draft.pack}.yaml", known_claims())
    if loaded.pack is None:
        return Checked(draft=draft, loaded=loaded, cases=(), fault="", policy=None)
    try:
        cases = tuple(run_cases(loaded.pack))
        policy = policy_with(state, draft.tenant, loaded.pack)
    except PolicyError as error:
        return Checked(draft=draft, loaded=loaded, cases=(), fault=str(error), policy=None)
    failed = sum(not case.passed for case in cases)
    fault = (
        f"{failed} of {len(cases)} worked cases fail: a pack comes into force only when all pass"
        if failed
        else ""
    )
    return Checked(draft=draft, loaded=loaded, cases=cases, fault=fault, policy=policy)


def policy_with(state: State, tenant: str, pack: Pack) -> Policy:
    """The tenant's policy with this pack in the place of its earlier version, or as one more.

    Raises:
        PolicyError: the packs do not fit together.
    """
    packs = list(state.house.force.of(tenant).packs)
    at = next((place for place, one in enumerate(packs) if one.id == pack.id), len(packs))
    packs[at : at + 1] = [pack]
    return compile_policy(packs)


def policy_of(checked: Checked) -> Policy:
    """The policy that a draft makes.

    Raises:
        PolicyError: it cannot be in force.
    """
    if checked.policy is None or checked.fault:
        first = next((str(one) for one in checked.loaded.problems if not one.warning), "")
        raise PolicyError(checked.fault or first or "the draft is no pack")
    return checked.policy


def save(state: State, person: Person, source: str, note: str) -> Draft:
    """Keep a version; its name is the pack's id where the text gives one.

    Raises:
        PolicyError: it is too long to be a pack.
    """
    data = source.replace("\r\n", "\n").encode("utf-8", "replace")
    if len(data) > SOURCE_MOST:
        raise PolicyError(f"a pack has at most {SOURCE_MOST} bytes, this text {len(data)}")
    loaded = parse_pack(data, "draft", None)
    name = loaded.pack.id if loaded.pack is not None else _said_id(data.decode())
    with state.store.writing() as connection:
        return promotions.save_draft(connection, person.tenant, person.id, name, data.decode(), note)


def try_on_past(state: State, tenant: str, policy: Policy, count: int) -> Tried:
    """What a policy would have decided of the tenant's newest decisions, beside what people decided of them."""
    with state.store.reading() as connection:
        people, copies = answers.of_entries(connection, tenant), answers.copies(connection, tenant)
    past = _past(state, tenant, people, copies, min(count, PAST_MOST))
    return try_policy(past, policy, CHANGES_SHOWN)


def propose(state: State, person: Person, draft: Draft, reason: str) -> Promotion:
    """Propose a draft for force.

    Raises:
        PolicyError: it cannot be in force.
        ReviewError: no reason is given.
        ConflictError: it is in force, or proposed already.
    """
    checked = check(state, draft)
    policy = policy_of(checked)
    pack = checked.loaded.pack
    kept = [one.id for one in drafts_in_force(state, person.tenant) if one.pack != draft.pack]
    proposal = Proposal(
        pack=draft.pack, version=pack.version if pack is not None else "", drafts=(*kept, draft.id),
        authors=(draft.made_by,), reason=reason, own=state.house.policy.digest,
        base=state.house.force.of(person.tenant).digest,
    )  # fmt: skip
    return _propose(state, person, policy, proposal)


def propose_again(state: State, person: Person, earlier: Promotion | None, reason: str) -> Promotion:
    """Propose what was in force before, or, given None, the policy of the settings.

    Raises:
        ReviewError: no reason is given.
        ConflictError: it is in force, or proposed already.
    """
    base, own = state.house.force.of(person.tenant).digest, state.house.policy
    if earlier is None:
        bare = Proposal(pack="", version="", base=base, own=own.digest, drafts=(), authors=(), reason=reason)
        return _propose(state, person, own, bare)
    again = msgspec.structs.replace(earlier.proposal, base=base, own=own.digest, reason=reason, answer="")
    with state.store.writing() as connection:
        made = promotions.propose(connection, person.tenant, person.id, earlier.policy, again)
    record.done(state, person, "policy.propose", None, _facts(made))
    return made


def agree(state: State, person: Person, promotion: str) -> Promotion:
    """Agree to a proposal: it is in the ledger, then in force, here at once and on every server within a second.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided, or another policy came into force since.
        RefusedError: the person proposed or wrote it.
        LedgerError: it could not be recorded; nothing changes.
    """
    state.rules.refresh()
    with state.store.reading() as connection:
        found = promotions.get(connection, promotion, person.tenant)
    base = state.house.force.of(person.tenant).digest
    with state.store.writing() as connection:
        promotions.check_agree(connection, promotion, person.tenant, person.id, base)
    facts = _facts(found) | {"proposed_by": found.made_by}
    record.done_once(state, person, "policy.agree", facts, f"policy.agree {promotion} {person.id}")
    with state.store.writing() as connection:
        checked = promotions.check_agree(connection, promotion, person.tenant, person.id, base)
        promotions.put_in_force(connection, checked, person.id)
    state.rules.refresh()
    with state.store.reading() as connection:
        return promotions.get(connection, promotion, person.tenant)


def refuse(state: State, person: Person, promotion: str, answer: str) -> Promotion:
    """Refuse a proposal, or withdraw one's own.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is decided.
        ReviewError: no reason is given.
    """
    with state.store.writing() as connection:
        refused = promotions.refuse(connection, promotion, person.tenant, person.id, answer)
    record.done(state, person, "policy.refuse", None, _facts(refused))
    return refused


def begin_shadow(state: State, person: Person, draft: Draft) -> Shadow:
    """Let a draft decide beside the policy in force, from the next submission on.

    Raises:
        PolicyError: it cannot be in force.
        ConflictError: it runs in shadow already, or too many do.
    """
    policy = policy_of(check(state, draft))
    state.house.ledger.save_policy(policy.digest, policy_bytes(policy))
    with state.store.writing() as connection:
        made = shadows.begin(connection, person.tenant, draft.id, policy.digest, person.id)
    state.rules.refresh()
    record.done(state, person, "shadow.begin", None, {"policy": policy.digest, "shadow": made.id})
    return made


def end_shadow(state: State, person: Person, shadow: str) -> Shadow:
    """Let a shadow end.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it has ended.
    """
    with state.store.writing() as connection:
        ended = shadows.end(connection, shadow, person.tenant)
    state.rules.refresh()
    record.done(state, person, "shadow.end", None, {"policy": ended.policy, "shadow": shadow})
    return ended


def drafts_in_force(state: State, tenant: str) -> list[Draft]:
    """The drafts that the tenant's policy is made of; none where the settings' own decides."""
    with state.store.reading() as connection:
        promoted = promotions.in_force(connection).get(tenant)
        return (
            [promotions.get_draft(connection, one, tenant) for one in promoted.proposal.drafts]
            if promoted
            else []
        )


def versions_of(state: State, tenant: str) -> list[Version]:
    """Every pack that a draft can begin from or be held against: those in force, those shipped, those in the folder."""
    drafts = {draft.pack: draft for draft in drafts_in_force(state, tenant)}
    found = {}
    for pack in state.house.force.of(tenant).packs:
        found[f"force:{pack.id}"] = _in_force(state, pack, drafts.get(pack.id))
    for name in shipped():
        found[f"shipped:{name}"] = _from_file(f"shipped:{name}", find_pack(name))
    folder = state.house.settings.home / FOLDER
    for path in sorted(folder.rglob("*.yaml"))[:FILES_LISTED]:
        place = path.relative_to(folder).as_posix()
        if place.startswith(f"{tenant}/") or place.count("/") < 2:  # another tenant's packs are not shown
            found[f"folder:{place}"] = _from_file(f"folder:{place}", path)
    return [version for version in found.values() if version.text]


def version_of(draft: Draft) -> Version:
    """A draft as a version."""
    loaded = parse_pack(draft.source.encode(), draft.pack, None)
    return Version(name=draft.id, pack=loaded.pack, text=draft.source)


def differ(before: Version | None, after: Version) -> PackDiff:
    """What differs between two versions; None is a pack that was not there."""
    old = before.pack if before is not None else None
    return diff_packs(old, after.pack, before.text if before is not None else "", after.text)


def _in_force(state: State, pack: Pack, draft: Draft | None) -> Version:
    """The pack in force with its source: a draft's, a file's whose rules are the same, else written out as JSON."""
    name = f"force:{pack.id}"
    if draft is not None:
        return Version(name=name, pack=version_of(draft).pack, text=draft.source)
    for setting in state.house.settings.policies:
        try:
            version = _from_file(name, find_pack(setting))
        except BrightlineError:
            continue
        if version.pack is not None and _bare(version.pack) == _bare(pack):
            return version
    return Version(name=name, pack=pack, text=msgspec.json.format(canonical(pack)).decode())


def _from_file(name: str, path: Path) -> Version:
    try:
        return Version(name=name, pack=load_pack(path), text=path.read_text("utf-8"))
    except (BrightlineError, OSError, UnicodeDecodeError):
        return Version(name=name, pack=None, text="")


def _bare(pack: Pack) -> Pack:
    rules = tuple(msgspec.structs.replace(rule, cases=()) for rule in pack.rules)
    return msgspec.structs.replace(pack, rules=rules)


def _propose(state: State, person: Person, policy: Policy, proposal: Proposal) -> Promotion:
    state.house.ledger.save_policy(policy.digest, policy_bytes(policy))
    with state.store.writing() as connection:
        made = promotions.propose(connection, person.tenant, person.id, policy.digest, proposal)
    record.done(state, person, "policy.propose", None, _facts(made))
    return made


def _facts(promotion: Promotion) -> dict[str, str]:
    proposal = promotion.proposal
    reason = hashlib.sha256(proposal.reason.encode()).hexdigest()
    return {
        "promotion": promotion.id, "policy": promotion.policy, "before": proposal.base, "pack": proposal.pack,
        "version": proposal.version, "reason": reason,
    }  # fmt: skip


def _past(
    state: State, tenant: str, people: dict[int, Action], copies: frozenset[int], count: int
) -> Iterator[tuple[Examination, Decision, Action | None]]:
    """The tenant's newest decisions by a policy, not by people, with people's answers; read tile by tile from the end."""
    ledger = state.house.ledger
    stop, left = ledger.size, count
    while stop > 0 and left > 0:
        start = max(0, stop - 256)
        for one in list(ledger.entries(start, stop))[::-1]:
            context = one.examination.context
            if context.tenant != tenant or context.channel == "review" or one.index in copies or left <= 0:
                continue
            left -= 1
            yield one.examination, one.decision, people.get(one.index)
        stop = start


def _said_id(text: str) -> str:
    """What a text that is no pack yet calls itself."""
    line = next((line for line in text.split("\n") if line.startswith("pack:")), "")
    return line.removeprefix("pack:").strip()[:110] or UNTITLED
