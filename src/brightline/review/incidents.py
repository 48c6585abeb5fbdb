"""Incidents: what must be reported to an authority, with the clocks that the law starts when it is found.

The clocks are data with the standing that we know them in; one that we have from memory alone says so to whoever reads it.
"""

from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from brightline.core.decision import Standing
from brightline.core.errors import ConflictError, NotThereError, ReviewError
from brightline.core.words import Words
from brightline.review import outbox
from brightline.review.rows import PAGE_LIMIT, keep, row_of, sliced
from brightline.review.store import new_id, now_ms
from brightline.review.tables import incidents

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Duty(StrEnum):
    """Who has to report what; several may hold for one incident."""

    CN_CII = "cn_cii"
    CN_CENTRAL = "cn_central"
    CN_OTHER = "cn_other"
    EU_SERIOUS = "eu_serious"
    EU_WIDESPREAD = "eu_widespread"
    EU_DEATH = "eu_death"
    US_NCII = "us_ncii"


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """One term of a duty, from when the incident was found."""

    id: str
    what: Words
    within_ms: int
    ground: str
    standing: Standing


_CN = "National Cybersecurity Incident Reporting Measures (in force 2025-11-01)"
_EU = "Regulation (EU) 2024/1689 Art. 73"
_FIRST = Words("first report to the authority", "向主管部门首次报告")
_SUMMARY = Words("summary of what happened and what was done", "事件处置总结报告")


def _clock(name: str, what: Words, within_ms: int, ground: str, standing: Standing) -> Clock:
    return Clock(id=name, what=what, within_ms=within_ms, ground=ground, standing=standing)


CLOCKS: dict[Duty, tuple[Clock, ...]] = {
    duty: (
        _clock("report", _FIRST, hours * HOUR_MS, _CN, Standing.SEEN),
        _clock("summary", _SUMMARY, 30 * DAY_MS, _CN, Standing.SEEN),
    )
    for duty, hours in ((Duty.CN_CII, 1), (Duty.CN_CENTRAL, 2), (Duty.CN_OTHER, 4))
} | {
    duty: (_clock("report", _FIRST, days * DAY_MS, _EU, Standing.MEMORY),)
    for duty, days in ((Duty.EU_SERIOUS, 15), (Duty.EU_WIDESPREAD, 2), (Duty.EU_DEATH, 10))
}
CLOCKS[Duty.US_NCII] = (
    _clock(
        "removal", Words("the reported intimate image is no longer shown", "被举报的私密影像已停止展示"),
        48 * HOUR_MS, "TAKE IT DOWN Act (platforms since 2026-05-19)", Standing.MEMORY,
    ),
)  # fmt: skip


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A clock of one incident: when it ends, and when it was met."""

    duty: Duty
    clock: Clock
    due_ms: int
    met_ms: int | None = None


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A report that went to an authority: under which clock, to whom, under which number, what it said, by whom, when."""

    clock: str
    authority: str
    reference: str
    said: str
    person: str
    at_ms: int


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it stands.

    Attributes:
        id: of the row.
        tenant: whose.
        title: in a few words.
        note: what is known.
        duties: that hold.
        submissions: ids of what showed it.
        state: `open` or `closed`.
        found_ms: when it was found: the clocks start here, and a report later than that does not move them.
        closed_ms: when it was closed.
        terms: its clocks.
        filed: reports to authorities, oldest first.
    """

    id: str
    tenant: str
    title: str
    note: str
    duties: tuple[Duty, ...]
    submissions: tuple[str, ...]
    state: str
    found_ms: int
    closed_ms: int | None
    terms: tuple[Term, ...]
    filed: tuple[Filed, ...] = ()


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    note: str
    duties: tuple[Duty, ...]
    submissions: tuple[str, ...]
    met: dict[str, int] = {}
    filed: tuple[Filed, ...] = ()


def open_incident(
    connection: Connection,
    tenant: str,
    title: str,
    note: str,
    duties: tuple[Duty, ...],
    submissions: tuple[str, ...],
    found_ms: int,
) -> Incident:
    """Write an incident down; its clocks run from when it was found.

    Raises:
        ReviewError: it has no title or no duty, or was found in the future.
    """
    if not title.strip() or not duties:
        raise ReviewError("an incident has a title and at least one duty: " + ", ".join(Duty))
    if found_ms > now_ms() + HOUR_MS:
        raise ReviewError("an incident cannot have been found in the future")
    incident = new_id()
    facts = _Facts(note=note, duties=duties, submissions=submissions)
    connection.execute(
        insert(incidents).values(
            id=incident,
            tenant=tenant,
            title=title[:200],
            facts=msgspec.json.encode(facts),
            state="open",
            found_ms=found_ms,
        )
    )
    outbox.announce(connection, tenant, "incident.opened", {"incident": incident, "duties": list(duties)})
    return get(connection, incident, tenant)


def get(connection: Connection, incident: str, tenant: str) -> Incident:
    """One incident.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    return _incident(row_of(connection, incidents, incident, tenant))


def listed(connection: Connection, tenant: str, count: int = PAGE_LIMIT, skip: int = 0) -> list[Incident]:
    """Incidents of a tenant: open ones first, then the newest."""
    wanted = select(incidents).where(incidents.c.tenant == tenant)
    ordered = wanted.order_by(incidents.c.state.desc(), incidents.c.found_ms.desc(), incidents.c.id.desc())
    return [_incident(row) for row in connection.execute(sliced(ordered, count, skip))]


def meet(
    connection: Connection, incident: str, tenant: str, duty: Duty, clock: str, filed: Filed | None = None
) -> Incident:
    """Say that a term was met, now; `filed` is the report by which it was.

    Raises:
        NotThereError: there is no such incident or clock.
        ConflictError: it was met before.
    """
    row = row_of(connection, incidents, incident, tenant, held=True)
    term = next((one for one in _incident(row).terms if (one.duty, one.clock.id) == (duty, clock)), None)
    if term is None:
        raise NotThereError(f"incident `{incident}` has no clock `{duty.value}/{clock[:20]}`")
    if term.met_ms is not None:
        raise ConflictError(f"clock `{duty.value}/{clock}` of incident `{incident}` was met before")
    facts = msgspec.json.decode(row.facts, type=_Facts)
    met = facts.met | {f"{duty.value}/{clock}": now_ms()}
    reports = (*facts.filed, filed) if filed is not None else facts.filed
    keep(connection, incidents, incident, msgspec.structs.replace(facts, met=met, filed=reports))
    return get(connection, incident, tenant)


def close(connection: Connection, incident: str, tenant: str) -> Incident:
    """Close an incident.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: a clock is still running, or it is closed.
    """
    found = get(connection, incident, tenant)
    if found.state != "open":
        raise ConflictError(f"incident `{incident}` is closed already")
    if running := [term for term in found.terms if term.met_ms is None]:
        raise ConflictError(
            f"clock `{running[0].duty.value}/{running[0].clock.id}` of incident `{incident}` was not met"
        )
    connection.execute(
        update(incidents).where(incidents.c.id == incident).values(state="closed", closed_ms=now_ms())
    )
    outbox.announce(connection, tenant, "incident.closed", {"incident": incident})
    return get(connection, incident, tenant)


def _incident(row: Row[Any]) -> Incident:
    facts = msgspec.json.decode(row.facts, type=_Facts)
    terms = tuple(
        Term(
            duty=duty, clock=clock, due_ms=row.found_ms + clock.within_ms,
            met_ms=facts.met.get(f"{duty.value}/{clock.id}"),
        )
        for duty in facts.duties
        for clock in CLOCKS[duty]
    )  # fmt: skip
    return Incident(
        id=row.id, tenant=row.tenant, title=row.title, note=facts.note, duties=facts.duties,
        submissions=facts.submissions, state=row.state, found_ms=row.found_ms, closed_ms=row.closed_ms, terms=terms,
        filed=facts.filed,
    )  # fmt: skip
