"""Submissions: taken in durably, leased by workers, completed once.

The state of a row is `waiting`, `leased`, `done` or `dead`. A worker that dies leaves its lease to run out, and another takes
the row; what it had recorded already is found again in the ledger by its job key, so nothing is decided twice.
"""

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from brightline.core.decision import Action
from brightline.core.errors import ConflictError, NotThereError
from brightline.core.subject import Context
from brightline.ledger.engine import insert_new
from brightline.review import cases, outbox
from brightline.review.content import put
from brightline.review.store import Store, new_id, now_ms
from brightline.review.tables import cases as case_rows
from brightline.review.tables import contents, pieces, submissions
from brightline.settings_service import ServiceSetting

KEY_LIMIT = 200  # characters of an idempotency key
NAME_LIMIT = 200  # characters of a submission's name


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody hands in.

    Attributes:
        tenant: whose it is.
        name: as people call it.
        data: the bytes.
        context: as the door knows it.
        asked: digest of the whole request, 64 hex digits.
        key: the caller's idempotency key; empty is none.
        priority: higher goes first.
    """

    tenant: str
    name: str
    data: bytes
    context: Context
    asked: str
    key: str = ""
    priority: int = 0


class Accepted(msgspec.Struct, frozen=True):
    """A submission that is durable; `repeated` says that it was before."""

    id: str
    repeated: bool


class Leased(msgspec.Struct, frozen=True, kw_only=True):
    """A submission that a worker holds."""

    id: str
    tenant: str
    name: str
    content: str
    context: Context
    attempts: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a submission, as its row keeps it.

    Attributes:
        id: of the submission.
        entry: position in the ledger.
        leaf: leaf hash of that entry.
        digest: of the subject.
        kind: of the subject.
        action: what the policy asked for.
        harm: what the strongest reason warns of, or empty.
        severity: of the strictest rule.
        probability: of the finding that weighed most.
        gaps: how many.
        seconds: of its examination.
    """

    id: str
    entry: int
    leaf: str
    digest: str
    kind: str
    action: Action
    harm: str
    severity: str
    probability: float
    gaps: int
    seconds: float


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as it stands."""

    id: str
    tenant: str
    name: str
    content: str
    state: str
    attempts: int
    made_ms: int
    done_ms: int | None
    fault: str
    entry: int | None
    leaf: str
    digest: str
    kind: str
    action: str
    harm: str
    severity: str
    probability: float
    gaps: int
    context: Context


def accept(store: Store, offers: Sequence[Offer], setting: ServiceSetting) -> list[Accepted | ConflictError]:
    """Take offers in, all in one durable transaction; returns when they are on disk.

    Returns:
        In order, what became of each: accepted, or the conflict of a key that names another request.

    Raises:
        LedgerError: the database failed; nothing was taken in.
    """
    with store.writing() as connection:
        return [_accept(connection, store, offer, setting) for offer in offers]


def _accept(
    connection: Connection, store: Store, offer: Offer, setting: ServiceSetting
) -> Accepted | ConflictError:
    if offer.key and (known := _of_key(connection, offer)) is not None:
        return known
    made = now_ms()
    erase_ms = made + int(setting.retention_days * 86_400_000)
    content = put(connection, store, offer.tenant, offer.data, erase_ms)
    submission = new_id()
    row = {
        "id": submission, "tenant": offer.tenant, "key": offer.key or None, "asked": offer.asked,
        "name": offer.name[:NAME_LIMIT], "content": content, "context": msgspec.json.encode(offer.context),
        "priority": offer.priority, "state": "waiting", "made_ms": made,
    }  # fmt: skip
    fresh = insert_new(connection, submissions).values(**row).on_conflict_do_nothing()
    taken = fresh.returning(submissions.c.id)
    if connection.execute(taken).first() is not None:
        return Accepted(submission, repeated=False)
    connection.execute(delete(pieces).where(pieces.c.content == content))  # another server was quicker
    connection.execute(delete(contents).where(contents.c.id == content))
    known = _of_key(connection, offer)
    return (
        known if known is not None else ConflictError(f"key `{offer.key}` is being used right now: try again")
    )


def _of_key(connection: Connection, offer: Offer) -> Accepted | ConflictError | None:
    row = connection.execute(
        select(submissions.c.id, submissions.c.asked).where(
            submissions.c.tenant == offer.tenant, submissions.c.key == offer.key
        )
    ).first()
    if row is None:
        return None
    if row.asked != offer.asked:
        return ConflictError(f"key `{offer.key}` was used for another request: take a new one")
    return Accepted(row.id, repeated=True)


def lease(store: Store, worker: str, count: int, setting: ServiceSetting) -> list[Leased]:
    """Take up to `count` submissions, highest priority and oldest first; others do not get them until the lease ends.

    Rows whose leases ran out `setting.attempts` times are dead: they get a case, because nobody judged them.
    """
    now = now_ms()
    free = or_(
        submissions.c.state == "waiting",
        and_(submissions.c.state == "leased", submissions.c.leased_ms < now),
    )
    wanted = select(submissions).where(free).order_by(submissions.c.priority.desc(), submissions.c.made_ms)
    with store.writing() as connection:
        wanted = (
            wanted.limit(count).with_for_update(skip_locked=True)
            if store.skips_locked
            else wanted.limit(count)
        )
        rows = connection.execute(wanted).all()
        dead = [row for row in rows if row.attempts >= setting.attempts]
        for row in dead:
            _bury(connection, row, setting)
        taken = [row for row in rows if row.attempts < setting.attempts]
        if taken:
            connection.execute(
                update(submissions)
                .where(submissions.c.id.in_([row.id for row in taken]))
                .values(
                    state="leased",
                    leased_by=worker,
                    leased_ms=now + int(setting.lease_seconds * 1000),
                    attempts=submissions.c.attempts + 1,
                )
            )
    return [
        Leased(
            id=row.id, tenant=row.tenant, name=row.name, content=row.content,
            context=msgspec.json.decode(row.context, type=Context), attempts=row.attempts + 1,
        )
        for row in taken
    ]  # fmt: skip


def extend(store: Store, worker: str, ids: Sequence[str], setting: ServiceSetting) -> None:
    """Say that the worker still works on these."""
    until = now_ms() + int(setting.lease_seconds * 1000)
    with store.writing() as connection:
        connection.execute(
            update(submissions)
            .where(
                submissions.c.id.in_(ids), submissions.c.leased_by == worker, submissions.c.state == "leased"
            )
            .values(leased_ms=until)
        )


def give_back(store: Store, worker: str, ids: Sequence[str]) -> None:
    """Return leases that were not worked on, without counting them as attempts."""
    with store.writing() as connection:
        connection.execute(
            update(submissions)
            .where(
                submissions.c.id.in_(ids), submissions.c.leased_by == worker, submissions.c.state == "leased"
            )
            .values(state="waiting", leased_by="", leased_ms=0, attempts=submissions.c.attempts - 1)
        )


def complete(
    store: Store,
    worker: str,
    done: Sequence[Judged],
    setting: ServiceSetting,
    beside: Callable[[Connection, str], None] | None = None,
) -> list[str]:
    """Write down decisions that are in the ledger, with their cases and notices, in one transaction.

    Args:
        store: of the service.
        worker: who holds the leases.
        done: what was decided.
        setting: for the cases.
        beside: writes down more of each that is completed, by its id, in the same transaction.

    Returns:
        Ids that were completed by this call; one whose lease went to another worker is left to that one.
    """
    completed = []
    with store.writing() as connection:
        for one in done:
            changed = connection.execute(
                update(submissions)
                .where(
                    submissions.c.id == one.id,
                    submissions.c.leased_by == worker,
                    submissions.c.state == "leased",
                )
                .values(
                    state="done", done_ms=now_ms(), entry=one.entry, leaf=one.leaf, digest=one.digest, kind=one.kind,
                    action=one.action.value, harm=one.harm, severity=one.severity, probability=one.probability,
                    gaps=one.gaps, seconds=one.seconds,
                )
            )  # fmt: skip
            if changed.rowcount != 1:
                continue
            row = connection.execute(select(submissions).where(submissions.c.id == one.id)).one()
            outbox.announce(connection, row.tenant, "submission.decided", told(row))
            if one.action >= Action.REVIEW:
                cases.open_case(connection, row, setting)
            if beside is not None:
                beside(connection, one.id)
            completed.append(one.id)
    return completed


def fail(store: Store, worker: str, submission: str, fault: str, setting: ServiceSetting) -> None:
    """A submission that could not be judged at all: it is dead, and a person gets it."""
    with store.writing() as connection:
        row = connection.execute(
            select(submissions).where(
                submissions.c.id == submission,
                submissions.c.leased_by == worker,
                submissions.c.state == "leased",
            )
        ).first()
        if row is not None:
            _bury(connection, row, setting, fault)


def get(connection: Connection, submission: str, tenant: str) -> Submission:
    """One submission.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    row = connection.execute(
        select(submissions).where(submissions.c.id == submission, submissions.c.tenant == tenant)
    ).first()
    if row is None:
        raise NotThereError(f"no submission `{submission[:40]}`")
    return _submission(row)


def newest_entry(connection: Connection, submission: str) -> int | None:
    """Position in the ledger of what was decided last of a submission: a person's decision where there is one."""
    own = connection.execute(select(submissions.c.entry).where(submissions.c.id == submission)).scalar()
    people = connection.execute(
        select(case_rows.c.entry).where(case_rows.c.submission == submission)
    ).scalar()
    return people if people is not None else own


def page(
    connection: Connection,
    tenant: str,
    *,
    before: str = "",
    count: int = 50,
    state: str = "",
    action: str = "",
) -> list[Submission]:
    """The newest submissions, older than the id `before` where one is given."""
    wanted = select(submissions).where(submissions.c.tenant == tenant, submissions.c.copy_of.is_(None))
    if before:
        wanted = wanted.where(submissions.c.id < before)
    if state:
        wanted = wanted.where(submissions.c.state == state)
    if action:
        wanted = wanted.where(submissions.c.action == action)
    rows = connection.execute(wanted.order_by(submissions.c.id.desc()).limit(count))
    return [_submission(row) for row in rows]


def waiting(connection: Connection) -> int:
    """How many submissions wait or are being judged, of all tenants."""
    query = (
        select(func.count()).select_from(submissions).where(submissions.c.state.in_(("waiting", "leased")))
    )
    return int(connection.execute(query).scalar_one())


def told(row: Row[tuple[object, ...]]) -> dict[str, object]:
    """What others are told of a decided submission: no content, no name of a file."""
    return {
        "submission": row.id, "state": row.state, "action": row.action, "harm": row.harm, "digest": row.digest,
        "kind": row.kind, "entry": row.entry, "leaf": row.leaf, "gaps": row.gaps,
    }  # fmt: skip


def _bury(
    connection: Connection, row: Row[tuple[object, ...]], setting: ServiceSetting, fault: str = ""
) -> None:
    said = fault or f"{row.attempts} workers ended while they judged it"
    connection.execute(
        update(submissions)
        .where(submissions.c.id == row.id)
        .values(
            state="dead", fault=said, done_ms=now_ms(), action=Action.REVIEW.value, severity="high", gaps=1
        )
    )
    buried = connection.execute(select(submissions).where(submissions.c.id == row.id)).one()
    outbox.announce(connection, row.tenant, "submission.dead", told(buried))
    cases.open_case(connection, buried, setting)


def _submission(row: Row[tuple[object, ...]]) -> Submission:
    fields = {name: getattr(row, name) for name in Submission.__struct_fields__ if name != "context"}
    return Submission(**fields, context=msgspec.json.decode(row.context, type=Context))
