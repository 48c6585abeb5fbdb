"""Who is who, which case is next, and what may still be taken back: what several pages ask."""

from sqlalchemy import Connection

from brightline.core.errors import NotThereError
from brightline.review import cases, people
from brightline.review.cases import Case, State
from brightline.review.people import May, Person
from brightline.review.store import now_ms

LOOKED_AT = 100  # cases from the top of the queue, to find one that is free


def names_of(connection: Connection, tenant: str) -> dict[str, str]:
    """Ids of accounts and programs with the names that colleagues see."""
    programs = {str(one["id"]): str(one["name"]) for one in people.list_tokens(connection, tenant)}
    return programs | {one.id: one.shown for one in people.list_people(connection, tenant)}


def pending_of(connection: Connection, case: str, person: Person) -> Case | None:
    """The case if this person decided it and may still take that back."""
    if not case:
        return None
    try:
        found = cases.get(connection, case, person.tenant)
    except NotThereError:
        return None
    is_open = found.state is State.DECIDED and (found.effect_ms or 0) > now_ms()
    return found if is_open and found.decided_by == person.id else None


def may_take(case: Case, person: Person) -> bool:
    """Whether this person may decide the case now."""
    if case.state not in cases.UNDECIDED or not person.may(May.REVIEW):
        return False
    if case.claimed_by not in {None, person.id} and case.claimed_ms > now_ms():
        return False
    if case.state is State.ESCALATED and not person.may(May.LEAD):
        return False
    return not (case.state is State.SECOND and case.decided_by == person.id)


def next_case(connection: Connection, person: Person, after: str = "") -> Case | None:
    """The most urgent case that this person may decide; behind `after` first, where that is in the queue."""
    found = cases.queue(connection, person.tenant, count=LOOKED_AT)
    at = next((place for place, case in enumerate(found) if case.id == after), -1)
    turned = found[at + 1 :] + found[: max(at, 0)]
    return next((case for case in turned if may_take(case, person)), None)
