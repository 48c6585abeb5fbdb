"""Notices to other systems: rows written in the transaction of what they tell of, delivered until they are taken.

A notice is signed with HMAC-SHA-256 over its time and body, as `brightline-signature: t=<seconds>,v1=<hex>`. The same id may
come twice, never not at all: receivers keep the ids that they have seen.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, insert, select, update

from brightline.core.errors import NotThereError, ReviewError
from brightline.review.store import Store, new_id, now_ms
from brightline.review.tables import hooks, outbox
from brightline.settings_service import ServiceSetting

EVENTS = (
    "submission.decided", "submission.dead", "case.decided", "appeal.opened", "appeal.decided", "incident.opened",
    "incident.closed", "decision.stuck",
)  # fmt: skip
FIRST_S, LONGEST_S = 2.0, 3600.0  # pause after the first failure, doubled up to the longest
SECRET_PREFIX = "whsec_"  # noqa: S105 - what all secrets begin with, so that leaks are found
ANSWER_LIMIT = 300  # characters that are kept of what a receiver answered


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to hear of what."""

    id: str
    tenant: str
    url: str
    events: tuple[str, ...]
    state: str
    made_ms: int


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notice on its way, leased to whoever delivers it."""

    id: str
    url: str
    event: str
    body: bytes
    attempts: int
    secret: bytes


def add_hook(store: Store, tenant: str, url: str, events: tuple[str, ...]) -> tuple[Hook, str]:
    """Keep a hook; gives it with its secret, which is shown this once.

    Raises:
        ReviewError: an event is unknown, or the URL is none.
    """
    if unknown := [event for event in events if event not in EVENTS]:
        raise ReviewError(f"no event `{unknown[0][:40]}`; known: {', '.join(EVENTS)}")
    if not url.startswith(("http://", "https://")):
        raise ReviewError(f"`{url[:80]}` is no URL: expected it to begin with `https://`")
    hook, made, secret = new_id(), now_ms(), SECRET_PREFIX + secrets.token_urlsafe(32)
    row = {
        "id": hook, "tenant": tenant, "url": url, "events": ",".join(events or EVENTS), "state": "on",
        "made_ms": made,
    }  # fmt: skip
    with store.writing() as connection:
        connection.execute(
            insert(hooks).values(**row, secret=store.vault.seal(secret.encode(), f"hook/{hook}"))
        )
    return Hook(id=hook, tenant=tenant, url=url, events=events or EVENTS, state="on", made_ms=made), secret


def list_hooks(connection: Connection, tenant: str) -> list[Hook]:
    """All hooks of a tenant."""
    rows = connection.execute(select(hooks).where(hooks.c.tenant == tenant).order_by(hooks.c.id))
    return [
        Hook(
            id=row.id, tenant=row.tenant, url=row.url, events=tuple(row.events.split(",")), state=row.state,
            made_ms=row.made_ms,
        )
        for row in rows
    ]  # fmt: skip


def end_hook(connection: Connection, hook: str, tenant: str) -> None:
    """Stop a hook; what waits for it is not delivered any more.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    mine = (hooks.c.id == hook, hooks.c.tenant == tenant, hooks.c.state == "on")
    if connection.execute(update(hooks).where(*mine).values(state="off")).rowcount != 1:
        raise NotThereError(f"no hook `{hook[:40]}` in force")
    connection.execute(
        update(outbox).where(outbox.c.hook == hook, outbox.c.state == "waiting").values(state="ended")
    )


def announce(connection: Connection, tenant: str, event: str, facts: Mapping[str, object]) -> None:
    """Write a notice for each hook of the tenant that wants it, in the caller's transaction."""
    wanted = select(hooks.c.id, hooks.c.events).where(hooks.c.tenant == tenant, hooks.c.state == "on")
    now = now_ms()
    for row in connection.execute(wanted).all():
        if event not in row.events.split(","):
            continue
        notice = new_id()
        time = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = msgspec.json.encode({"id": notice, "event": event, "time": time, "data": dict(facts)})
        connection.execute(
            insert(outbox).values(
                id=notice, hook=row.id, event=event, body=body, state="waiting", next_ms=now, made_ms=now
            )
        )


def lease_notices(store: Store, count: int, lease_s: float) -> list[Notice]:
    """Take notices that are due; others do not get them until the lease ends."""
    now = now_ms()
    wanted = (
        select(outbox, hooks.c.url, hooks.c.secret)
        .join(hooks, hooks.c.id == outbox.c.hook)
        .where(
            outbox.c.state == "waiting",
            outbox.c.next_ms <= now,
            outbox.c.leased_ms < now,
            hooks.c.state == "on",
        )
        .order_by(outbox.c.next_ms)
        .limit(count)
    )
    with store.writing() as connection:
        locked = wanted.with_for_update(skip_locked=True, of=outbox) if store.skips_locked else wanted
        rows = connection.execute(locked).all()
        if rows:
            connection.execute(
                update(outbox)
                .where(outbox.c.id.in_([row.id for row in rows]))
                .values(leased_ms=now + int(lease_s * 1000), attempts=outbox.c.attempts + 1)
            )
    return [
        Notice(
            id=row.id, url=row.url, event=row.event, body=row.body, attempts=row.attempts + 1,
            secret=store.vault.open(row.secret, f"hook/{row.hook}"),
        )
        for row in rows
    ]  # fmt: skip


def delivered(store: Store, notice: str, answer: str) -> None:
    """The receiver took it."""
    with store.writing() as connection:
        connection.execute(
            update(outbox).where(outbox.c.id == notice).values(state="taken", answer=answer[:ANSWER_LIMIT])
        )


def refused(store: Store, notice: Notice, answer: str, setting: ServiceSetting) -> None:
    """The receiver did not take it: again later, or given up until somebody replays it."""
    pause_ms = int(1000 * min(LONGEST_S, FIRST_S * 2 ** (notice.attempts - 1)))
    over = notice.attempts >= setting.hook_attempts
    with store.writing() as connection:
        connection.execute(
            update(outbox)
            .where(outbox.c.id == notice.id)
            .values(
                state="given_up" if over else "waiting",
                next_ms=now_ms() + pause_ms,
                leased_ms=0,
                answer=answer[:ANSWER_LIMIT],
            )
        )


def replay(connection: Connection, tenant: str, notice: str) -> None:
    """Deliver a notice again, whatever became of it.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    mine = select(hooks.c.id).where(hooks.c.tenant == tenant, hooks.c.state == "on")
    done = connection.execute(
        update(outbox)
        .where(outbox.c.id == notice, outbox.c.hook.in_(mine))
        .values(state="waiting", attempts=0, next_ms=now_ms(), leased_ms=0)
    )
    if done.rowcount != 1:
        raise NotThereError(f"no notice `{notice[:40]}` of a hook in force")


def signature(secret: bytes, time_s: int, body: bytes) -> str:
    """The value of `brightline-signature`.

    >>> signature(b"k", 1, b"{}")[:7]
    't=1,v1='
    """
    mac = hmac.new(secret, b"%d." % time_s + body, hashlib.sha256).hexdigest()
    return f"t={time_s},v1={mac}"
