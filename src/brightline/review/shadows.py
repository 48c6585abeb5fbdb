"""Policies in shadow: they decide beside the one in force, change nothing, and what they would have decided is counted."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from brightline.core.decision import Action
from brightline.core.errors import ConflictError, NotThereError
from brightline.review.store import new_id, now_ms
from brightline.review.tables import submissions
from brightline.review.tables_quality import shadow_decisions, shadows

SHADOWS_LIMIT = 4  # of one tenant at once: each decides everything once more
CHANGED_LISTED = 50  # submissions that would be decided otherwise, on one page


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that runs, or ran, in shadow."""

    id: str
    tenant: str
    draft: str
    policy: str
    state: str
    made_by: str
    made_ms: int
    ended_ms: int | None


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """How many submissions were decided one way and would have been another, or the same."""

    before: Action
    after: Action
    count: int


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A submission that would have been decided otherwise."""

    submission: str
    name: str
    before: Action
    after: Action
    entry: int | None


def begin(connection: Connection, tenant: str, draft: str, policy: str, person: str) -> Shadow:
    """Let a policy run in shadow.

    Raises:
        ConflictError: it does, or too many do.
    """
    on = (shadows.c.tenant == tenant, shadows.c.state == "on")
    running_now = list(connection.execute(select(shadows.c.policy).where(*on)).scalars())
    if policy in running_now:
        raise ConflictError("this policy runs in shadow already")
    if len(running_now) >= SHADOWS_LIMIT:
        raise ConflictError(f"{SHADOWS_LIMIT} policies run in shadow already: end one first")
    shadow = new_id()
    row = {"id": shadow, "tenant": tenant, "draft": draft, "policy": policy, "state": "on", "made_by": person}
    connection.execute(insert(shadows).values(**row, made_ms=now_ms()))
    return get(connection, shadow, tenant)


def end(connection: Connection, shadow: str, tenant: str) -> Shadow:
    """Let it run no longer; what it counted stays.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it has ended.
    """
    get(connection, shadow, tenant)
    mine = (shadows.c.id == shadow, shadows.c.state == "on")
    if connection.execute(update(shadows).where(*mine).values(state="off", ended_ms=now_ms())).rowcount != 1:
        raise ConflictError(f"shadow `{shadow}` has ended already")
    return get(connection, shadow, tenant)


def get(connection: Connection, shadow: str, tenant: str) -> Shadow:
    """One shadow.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    row = connection.execute(
        select(shadows).where(shadows.c.id == shadow, shadows.c.tenant == tenant)
    ).first()
    if row is None:
        raise NotThereError(f"no shadow `{shadow[:40]}`")
    return _shadow(row)


def listed(connection: Connection, tenant: str, count: int = 50) -> list[Shadow]:
    """Shadows of a tenant, those that run first, then the newest."""
    wanted = select(shadows).where(shadows.c.tenant == tenant)
    ordered = wanted.order_by(shadows.c.state.desc(), shadows.c.id.desc())
    return [_shadow(row) for row in connection.execute(ordered.limit(count))]


def running(connection: Connection) -> list[Shadow]:
    """Those that run now, of all tenants."""
    return [_shadow(row) for row in connection.execute(select(shadows).where(shadows.c.state == "on"))]


def write_down(
    connection: Connection, submission: str, before: Action, after: Sequence[tuple[str, Action]]
) -> None:
    """Keep what each shadow would have decided of a submission, in the transaction that completes it."""
    rows = [
        {"shadow": shadow, "submission": submission, "before": before.value, "after": action.value}
        for shadow, action in after
    ]
    if rows:
        connection.execute(insert(shadow_decisions), rows)


def counted(connection: Connection, shadow: str) -> tuple[Transition, ...]:
    """Counts of (before, after), softest first."""
    pair = (shadow_decisions.c.before, shadow_decisions.c.after)
    wanted = select(*pair, func.count()).where(shadow_decisions.c.shadow == shadow).group_by(*pair)
    found = [
        Transition(before=Action(row[0]), after=Action(row[1]), count=int(row[2]))
        for row in connection.execute(wanted)
    ]
    return tuple(sorted(found, key=lambda one: (one.before.rank, one.after.rank)))


def changed(connection: Connection, shadow: str) -> list[Changed]:
    """The newest submissions that it would have decided otherwise."""
    wanted = (
        select(shadow_decisions, submissions.c.name, submissions.c.entry)
        .join(submissions, submissions.c.id == shadow_decisions.c.submission)
        .where(shadow_decisions.c.shadow == shadow, shadow_decisions.c.before != shadow_decisions.c.after)
        .order_by(shadow_decisions.c.submission.desc())
        .limit(CHANGED_LISTED)
    )
    return [
        Changed(
            submission=row.submission, name=row.name, before=Action(row.before), after=Action(row.after), entry=row.entry
        )
        for row in connection.execute(wanted)
    ]  # fmt: skip


def _shadow(row: Row[Any]) -> Shadow:
    return Shadow(**{name: getattr(row, name) for name in Shadow.__struct_fields__})
