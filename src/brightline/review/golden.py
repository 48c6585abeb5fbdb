"""Golden items: subjects whose right answer is known, shown again as cases that look like any other.

A golden case shows a copy of the submission: the same content, findings and decision under an id of its own. The copy is
counted nowhere, told to nobody outside, and what a reviewer decides of it changes nothing but the reviewer's own figures.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from brightline.core.decision import Action
from brightline.core.errors import ConflictError, NotThereError, ReviewError
from brightline.core.wire import digest
from brightline.review import cases as case_room
from brightline.review.store import new_id, now_ms
from brightline.review.tables import cases, contents, submissions
from brightline.review.tables_quality import golden, servings
from brightline.settings_service import ServiceSetting

NOTE_LIMIT = 2_000  # characters of why the answer is the right one
REST_MS = 30 * 86_400_000  # an item is not shown again for so long: reviewers remember
CAUSE_MS = 3_600_000  # a case draws a golden one within an hour or not at all
DUE_MOST = 20  # that one turn serves


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """A golden item as it stands: its known answer, and how often it was shown and answered rightly."""

    id: str
    submission: str
    name: str
    harm: str
    answer: str
    note: str
    state: str
    made_by: str
    made_ms: int
    shown: int
    answered: int
    right: int


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A golden item that is to be shown now, because a case drew it."""

    cause: str
    tenant: str
    golden: str
    submission: str
    answer: str
    entry: int


def add(connection: Connection, case: str, tenant: str, person: str, answer: Action, note: str) -> str:
    """Make the subject of a closed case golden; gives the item's id.

    Raises:
        NotThereError: this tenant has no such case.
        ConflictError: the case is not closed, its subject was not judged, or it is golden already.
        ReviewError: no reason is given.
    """
    if not note.strip():
        raise ReviewError("say why this is the right answer: others are measured by it")
    found = case_room.get(connection, case, tenant)
    entry = connection.execute(
        select(submissions.c.entry).where(submissions.c.id == found.submission)
    ).scalar()
    if found.state is not case_room.State.CLOSED or found.golden or entry is None:
        raise ConflictError("only what was judged and then decided by people for good can become golden")
    mine = (golden.c.submission == found.submission, golden.c.state == "on")
    if connection.execute(select(golden.c.id).where(*mine)).first() is not None:
        raise ConflictError("this is golden already")
    item = new_id()
    row = {
        "id": item,
        "tenant": tenant,
        "submission": found.submission,
        "answer": answer.value,
        "state": "on",
    }
    connection.execute(insert(golden).values(**row, note=note[:NOTE_LIMIT], made_by=person, made_ms=now_ms()))
    return item


def retire(connection: Connection, item: str, tenant: str) -> None:
    """Show it no more; answers given stay.

    Raises:
        NotThereError: this tenant has none of that id in use.
    """
    mine = (golden.c.id == item, golden.c.tenant == tenant, golden.c.state == "on")
    if connection.execute(update(golden).where(*mine).values(state="off")).rowcount != 1:
        raise NotThereError(f"no golden item `{item[:40]}` in use")


def listed(connection: Connection, tenant: str, count: int = 200) -> list[Golden]:
    """Golden items, those in use first."""
    wanted = (
        select(golden, submissions.c.name, submissions.c.harm)
        .join(submissions, submissions.c.id == golden.c.submission)
        .where(golden.c.tenant == tenant)
        .order_by(golden.c.state.desc(), golden.c.id.desc())
    )
    numbers = _numbers(connection, tenant)
    return [_golden(row, *numbers.get(row.id, (0, 0, 0))) for row in connection.execute(wanted.limit(count))]


def due(connection: Connection, percent: float) -> list[Due]:
    """Golden items that cases opened just now have drawn, of all tenants; each case draws the same whoever asks."""
    if percent <= 0:
        return []
    since = now_ms() - CAUSE_MS
    drew = select(servings.c.cause)
    fresh = select(cases.c.id, cases.c.tenant).where(
        cases.c.golden == "", cases.c.made_ms >= since, cases.c.id.not_in(drew),
        cases.c.tenant.in_(select(golden.c.tenant).where(golden.c.state == "on")),
    )  # fmt: skip
    causes = [row for row in connection.execute(fresh.order_by(cases.c.id)) if _draws(row.id, percent)]
    found: list[Due] = []
    for row in causes[:DUE_MOST]:
        item = _next(connection, row.tenant, [one.golden for one in found])
        if item is not None:
            found.append(
                Due(
                    cause=row.id, tenant=row.tenant, golden=item.id, submission=item.submission, answer=item.answer,
                    entry=item.entry,
                )
            )  # fmt: skip
    return found


def serve(connection: Connection, one: Due, entry: int, leaf: str, setting: ServiceSetting) -> str:
    """Open the golden case; gives its id. A cause that has served already makes the whole transaction fail.

    Args:
        connection: of `store.writing()`.
        one: what is due.
        entry: position in the ledger where the decision was written down again for the copy.
        leaf: its leaf hash.
        setting: for the case's clock.
    """
    found = connection.execute(select(submissions).where(submissions.c.id == one.submission)).mappings().one()
    row = dict(found)
    copy, now = new_id(), now_ms()
    fresh = {"id": copy, "key": None, "made_ms": now, "done_ms": now, "entry": entry, "leaf": leaf}
    connection.execute(insert(submissions).values(**row | fresh | {"copy_of": one.submission, "priority": 0}))
    made = connection.execute(select(submissions).where(submissions.c.id == copy)).one()
    case = case_room.open_case(connection, made, setting)
    connection.execute(update(cases).where(cases.c.id == case).values(golden=one.answer, second=False))
    connection.execute(
        insert(servings).values(
            cause=one.cause, tenant=one.tenant, golden=one.golden, case_id=case, made_ms=now
        )
    )
    return case


def _next(connection: Connection, tenant: str, taken: Sequence[str]) -> Row[Any] | None:
    """The item that was not shown for longest, among those that rested and whose content is still there."""
    last = (
        select(servings.c.golden, func.max(servings.c.made_ms).label("last_ms"))
        .group_by(servings.c.golden)
        .subquery()
    )
    wanted: Select[Any] = (
        select(golden.c.id, golden.c.submission, golden.c.answer, submissions.c.entry)
        .join(submissions, submissions.c.id == golden.c.submission)
        .join(contents, contents.c.id == submissions.c.content)
        .outerjoin(last, last.c.golden == golden.c.id)
        .where(
            golden.c.tenant == tenant,
            golden.c.state == "on",
            golden.c.id.not_in(taken),
            contents.c.wrapped.is_not(None),
            func.coalesce(last.c.last_ms, 0) < now_ms() - REST_MS,
        )
        .order_by(func.coalesce(last.c.last_ms, 0), golden.c.id)
    )
    return connection.execute(wanted.limit(1)).first()


def _numbers(connection: Connection, tenant: str) -> dict[str, tuple[int, int, int]]:
    """Shown, answered and answered rightly, by item."""
    wanted = (
        select(servings.c.golden, cases.c.state, cases.c.decided, cases.c.golden.label("known"))
        .join(cases, cases.c.id == servings.c.case_id)
        .where(servings.c.tenant == tenant)
    )
    found: dict[str, tuple[int, int, int]] = {}
    for row in connection.execute(wanted):
        shown, answered, right = found.get(row.golden, (0, 0, 0))
        is_closed = row.state == "closed"
        found[row.golden] = (
            shown + 1,
            answered + is_closed,
            right + (is_closed and row.decided == row.known),
        )
    return found


def _golden(row: Row[Any], shown: int, answered: int, right: int) -> Golden:
    own = {name: getattr(row, name) for name in Golden.__struct_fields__ if hasattr(row, name)}
    return Golden(**own | {"shown": shown, "answered": answered, "right": right})


def _draws(case: str, percent: float) -> bool:
    return int(digest(f"golden {case}")[:8], 16) < percent / 100 * 2**32
