"""Cases: decisions that wait for a person, from the queue to the moment they take effect.

    open ──decide──> decided ──undo window ends──> closed
      │  ╲             │
      │   second ──────┤      a blind second review agrees
      └─> escalated <──┘      it does not, or somebody asked a lead

Who claims a case holds it for a while, and nobody else decides it meanwhile. A decision may be taken back until its window
closes; only then is it recorded in the ledger and told to anybody.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, or_, select, update

from brightline.core.decision import Action
from brightline.core.errors import ConflictError, NotThereError, RefusedError
from brightline.core.wire import digest
from brightline.review.store import new_id, now_ms
from brightline.review.tables import cases, events, submissions
from brightline.settings_service import ServiceSetting

WEIGHTS = {"low": 1.0, "medium": 2.0, "high": 4.0, "critical": 8.0}  # of severity, in the queue's order
HOUR_MS = 3_600_000
NOTE_LIMIT = 4000  # characters of a comment or reason
PAGE_LIMIT = 200


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    SECOND = "second"  # one person decided; another reviews it without seeing that
    ESCALATED = "escalated"  # for a lead
    DECIDED = "decided"  # may still be taken back
    CLOSED = "closed"  # in the ledger


UNDECIDED = (State.OPEN, State.SECOND, State.ESCALATED)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it stands, with what its submission is."""

    id: str
    tenant: str
    submission: str
    name: str
    kind: str
    digest: str
    state: State
    harm: str
    severity: str
    probability: float
    asked: str
    made_ms: int
    due_ms: int
    claimed_by: str | None
    claimed_ms: int
    assigned_to: str | None
    second: bool
    golden: str
    decided: str
    decided_by: str | None
    decided_ms: int | None
    effect_ms: int | None
    entry: int | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a case: who, when, what."""

    id: str
    person: str | None
    at_ms: int
    what: str
    data: dict[str, Any]


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides of a case.

    Attributes:
        action: what is to be done.
        reason: code of the campaign's or the policy's category, e.g. a harm.
        note: in words, for colleagues and appeals.
    """

    action: Action
    reason: str = ""
    note: str = ""


def open_case(connection: Connection, row: Row[Any], setting: ServiceSetting) -> str:
    """Open the case of a judged submission, in the caller's transaction; gives its id."""
    severity = row.severity or "medium"
    probability = row.probability or 1.0  # a gap: nobody knows
    hours = getattr(setting, f"{severity}_hours")
    case, now = new_id(), now_ms()
    connection.execute(
        insert(cases).values(
            id=case, tenant=row.tenant, submission=row.id, state=State.OPEN.value, harm=row.harm, severity=severity,
            probability=probability, rank=WEIGHTS[severity] * probability, asked=row.action, made_ms=now,
            due_ms=now + int(hours * HOUR_MS), second=_drawn(row.id, setting.second_percent),
        )
    )  # fmt: skip
    add_event(connection, case, None, "opened", {"asked": row.action, "harm": row.harm})
    return case


def queue(
    connection: Connection,
    tenant: str,
    *,
    states: Sequence[State] = UNDECIDED,
    harm: str = "",
    kind: str = "",
    person: str = "",
    count: int = 50,
    skip: int = 0,
) -> list[Case]:
    """Cases by rank: severity times probability times age, overdue ones first.

    Args:
        connection: of the store.
        tenant: whose.
        states: that are wanted.
        harm: only of this harm.
        kind: only of this kind of subject.
        person: only those that this person holds or was assigned.
        count: at most so many, up to `PAGE_LIMIT`.
        skip: so many first.
    """
    now = now_ms()
    wanted = _joined().where(cases.c.tenant == tenant, cases.c.state.in_([state.value for state in states]))
    if harm:
        wanted = wanted.where(cases.c.harm == harm)
    if kind:
        wanted = wanted.where(submissions.c.kind == kind)
    if person:
        wanted = wanted.where(or_(cases.c.claimed_by == person, cases.c.assigned_to == person))
    age = now - cases.c.made_ms + HOUR_MS
    ordered = wanted.order_by((cases.c.due_ms > now), (cases.c.rank * age).desc(), cases.c.id)
    return [_case(row) for row in connection.execute(ordered.limit(min(count, PAGE_LIMIT)).offset(skip))]


def get(connection: Connection, case: str, tenant: str) -> Case:
    """One case.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    row = connection.execute(_joined().where(cases.c.id == case, cases.c.tenant == tenant)).first()
    if row is None:
        raise NotThereError(f"no case `{case[:40]}`")
    return _case(row)


def of_submission(connection: Connection, submission: str, tenant: str) -> str:
    """The id of a submission's case; empty where it has none."""
    wanted = select(cases.c.id).where(cases.c.submission == submission, cases.c.tenant == tenant)
    return connection.execute(wanted).scalar() or ""


def history(connection: Connection, case: str) -> list[Event]:
    """What happened to a case, oldest first."""
    rows = connection.execute(select(events).where(events.c.case_id == case).order_by(events.c.id))
    return [
        Event(
            id=row.id, person=row.person, at_ms=row.at_ms, what=row.what, data=msgspec.json.decode(row.data)
        )
        for row in rows
    ]


def claim(connection: Connection, case: str, tenant: str, person: str, setting: ServiceSetting) -> Case:
    """Hold a case for a while.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: another person holds it, or it is decided.
        RefusedError: the person gave the first of two blind reviews.
    """
    _mine(_locked(connection, case, tenant), person)
    until = now_ms() + int(setting.claim_seconds * 1000)
    connection.execute(update(cases).where(cases.c.id == case).values(claimed_by=person, claimed_ms=until))
    add_event(connection, case, person, "claimed", {})
    return get(connection, case, tenant)


def release(connection: Connection, case: str, tenant: str, person: str) -> None:
    """Let go of a case that the person holds.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: the person does not hold it.
    """
    found = _locked(connection, case, tenant)
    if found.claimed_by != person:
        raise ConflictError(f"case `{case}` is not held by you")
    connection.execute(update(cases).where(cases.c.id == case).values(claimed_by=None, claimed_ms=0))
    add_event(connection, case, person, "released", {})


def decide(
    connection: Connection,
    case: str,
    tenant: str,
    person: str,
    ruling: Ruling,
    setting: ServiceSetting,
    *,
    lead: bool,
) -> Case:
    """Decide a case; it takes effect when the undo window closes.

    Args:
        connection: of `store.writing()`.
        case: its id.
        tenant: whose.
        person: who decides.
        ruling: what.
        setting: windows.
        lead: whether the person may decide what was escalated.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: another person holds it, or it is decided.
        RefusedError: it waits for a lead, or the person gave the first of two blind reviews.
    """
    found = _mine(_locked(connection, case, tenant), person)
    if found.state is State.ESCALATED and not lead:
        raise RefusedError(f"case `{case}` waits for a lead")
    add_event(connection, case, person, "decided", {"before": found.state.value, **_told(ruling)})
    if found.second and found.state is State.OPEN:
        _to(connection, case, State.SECOND, decided=ruling.action.value, decided_by=person)
    elif found.state is State.SECOND and found.decided != ruling.action.value:
        _to(connection, case, State.ESCALATED)
        add_event(
            connection, case, None, "disagreed", {"first": found.decided, "second": ruling.action.value}
        )
    else:
        now = now_ms()
        _to(
            connection, case, State.DECIDED, decided=ruling.action.value, decided_by=person, decided_ms=now,
            effect_ms=now + int(setting.undo_seconds * 1000),
        )  # fmt: skip
    return get(connection, case, tenant)


def undo(connection: Connection, case: str, tenant: str, person: str, setting: ServiceSetting) -> Case:
    """Take one's own decision back while its window is open; the case is held by that person again.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is not decided, or the window has closed.
        RefusedError: another person decided it.
    """
    found = _locked(connection, case, tenant)
    if found.state is not State.DECIDED or (found.effect_ms or 0) <= now_ms():
        raise ConflictError(f"case `{case}` is {found.state.value}: there is nothing left to take back")
    if found.decided_by != person:
        raise RefusedError(f"case `{case}` was decided by another person")
    rulings = [event for event in history(connection, case) if event.what == "decided"]
    before = State(rulings[-1].data["before"])
    first = rulings[-2] if before is State.SECOND else None  # its ruling stands
    _to(
        connection,
        case,
        before,
        decided=first.data["action"] if first else "",
        decided_by=first.person if first else None,
        decided_ms=None,
        effect_ms=None,
        claimed_by=person,
        claimed_ms=now_ms() + int(setting.claim_seconds * 1000),
    )
    add_event(connection, case, person, "undone", {})
    return get(connection, case, tenant)


def escalate(connection: Connection, case: str, tenant: str, person: str, note: str) -> None:
    """Hand a case to a lead.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: another person holds it, or it is decided.
    """
    _mine(_locked(connection, case, tenant), person)
    _to(connection, case, State.ESCALATED)
    add_event(connection, case, person, "escalated", {"note": note[:NOTE_LIMIT]})


def assign(connection: Connection, case: str, tenant: str, person: str, to: str | None) -> None:
    """Put a case on somebody's list, or take it off.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    _locked(connection, case, tenant)
    connection.execute(update(cases).where(cases.c.id == case).values(assigned_to=to))
    add_event(connection, case, person, "assigned", {"to": to})


def comment(connection: Connection, case: str, tenant: str, person: str, note: str) -> None:
    """Say something about a case to colleagues.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    get(connection, case, tenant)
    add_event(connection, case, person, "comment", {"note": note[:NOTE_LIMIT]})


def due_for_effect(connection: Connection, count: int, but: Sequence[str] = ()) -> list[Case]:
    """Decided cases whose undo window has closed, of all tenants, to be recorded; but for those that rest."""
    wanted = _joined().where(
        cases.c.state == State.DECIDED.value, cases.c.effect_ms <= now_ms(), cases.c.id.not_in(but)
    )
    return [_case(row) for row in connection.execute(wanted.order_by(cases.c.effect_ms).limit(count))]


def ruling_of(connection: Connection, case: str) -> Ruling:
    """What was decided last.

    Raises:
        NotThereError: nothing was.
    """
    for event in reversed(history(connection, case)):
        if event.what == "decided":
            data = event.data
            return Ruling(action=Action(data["action"]), reason=data["reason"], note=data["note"])
    raise NotThereError(f"nothing was decided of case `{case[:40]}`")


def close(connection: Connection, case: str, entry: int) -> bool:
    """The decision is in the ledger at `entry`; says whether this call closed it."""
    mine = (cases.c.id == case, cases.c.state == State.DECIDED.value)
    done = connection.execute(update(cases).where(*mine).values(state=State.CLOSED.value, entry=entry))
    if done.rowcount == 1:
        add_event(connection, case, None, "closed", {"entry": entry})
    return done.rowcount == 1


def counts(connection: Connection, tenant: str) -> dict[str, int]:
    """Cases of each state, and `overdue` ones among the undecided."""
    by_state = select(cases.c.state, func.count()).where(cases.c.tenant == tenant).group_by(cases.c.state)
    found = {state.value: 0 for state in State} | {row[0]: row[1] for row in connection.execute(by_state)}
    late = select(func.count()).where(
        cases.c.tenant == tenant,
        cases.c.state.in_([state.value for state in UNDECIDED]),
        cases.c.due_ms < now_ms(),
    )
    return found | {"overdue": int(connection.execute(late).scalar_one())}


def add_event(connection: Connection, case: str, person: str | None, what: str, data: dict[str, Any]) -> None:
    """Write down that something happened to a case."""
    connection.execute(
        insert(events).values(
            id=new_id(),
            case_id=case,
            person=person,
            at_ms=now_ms(),
            what=what,
            data=msgspec.json.encode(data),
        )
    )


def _mine(found: Case, person: str) -> Case:
    """The case, if the person may work on it now."""
    if found.state not in UNDECIDED:
        raise ConflictError(f"case `{found.id}` is {found.state.value} already")
    if found.claimed_by not in {None, person} and found.claimed_ms > now_ms():
        raise ConflictError(f"case `{found.id}` is held by another person")
    if found.state is State.SECOND and found.decided_by == person:
        raise RefusedError(f"case `{found.id}` waits for another person's review")
    return found


def _locked(connection: Connection, case: str, tenant: str) -> Case:
    """One case, whose row nobody else changes until the transaction ends."""
    connection.execute(select(cases.c.id).where(cases.c.id == case).with_for_update())
    return get(connection, case, tenant)


def _to(connection: Connection, case: str, state: State, **values: Any) -> None:
    row = {"state": state.value, "claimed_by": None, "claimed_ms": 0} | values
    connection.execute(update(cases).where(cases.c.id == case).values(**row))


def _told(ruling: Ruling) -> dict[str, str]:
    return {"action": ruling.action.value, "reason": ruling.reason, "note": ruling.note[:NOTE_LIMIT]}


def _drawn(submission: str, percent: float) -> bool:
    """Whether a case is drawn for a second review: by its id, so that a repeat draws the same."""
    return int(digest(submission)[:8], 16) < percent / 100 * 2**32


def _joined() -> Select[Any]:
    return select(cases, submissions.c.name, submissions.c.kind, submissions.c.digest).join(
        submissions, submissions.c.id == cases.c.submission
    )


def _case(row: Row[Any]) -> Case:
    fields = {name: getattr(row, name) for name in Case.__struct_fields__ if name != "state"}
    return Case(**fields, state=State(row.state))
