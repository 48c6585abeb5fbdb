"""People who sign in elsewhere: accounts known by an issuer and its name for them, and values that count once."""

import hashlib
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from brightline.core.errors import RefusedError
from brightline.ledger.engine import insert_new
from brightline.review.people import LOGIN_SIGNS, Person, Role, begin_session, end_sessions, get_person
from brightline.review.store import Store, new_id, now_ms
from brightline.review.tables import people, spent
from brightline.settings_service import ServiceSetting

LOGIN_MOST = 60  # characters that are taken of a name elsewhere
SHOWN_MOST = 200


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Who an issuer says that somebody is.

    Attributes:
        issuer: its address.
        subject: its name for the person, which it gives to no other ever (OpenID Connect Core, 5.7).
        login: what the person would like to be called by; decides nothing.
        shown: the person's name.
        roles: by the person's groups.
    """

    issuer: str
    subject: str
    login: str
    shown: str
    roles: tuple[Role, ...]


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has signed in: `news` is what changed of the account, `add`, `roles` or nothing."""

    person: Person
    cookie: str
    news: str


def sign_in_guest(store: Store, guest: Guest, tenant: str, setting: ServiceSetting) -> Arrival:
    """Begin a session of somebody whom an issuer vouches for; makes the account at the first time.

    An account made here is never mistaken for theirs, whatever name they bring. Roles follow their groups: with others than
    before, sessions that had begun end.

    Raises:
        RefusedError: no role is theirs, or the account was closed here, or is another tenant's.
    """
    with store.writing() as connection:
        row = _known(connection, guest)
        if not guest.roles:
            if row is not None:
                end_sessions(connection, row.id)
        elif row is None:
            person = _add(connection, guest, tenant)
            return _arrived(connection, person, "add", setting)
        elif row.state == "on" and row.tenant == tenant:
            news = _follow(connection, row, guest)
            return _arrived(connection, row.id, news, setting)
    raise RefusedError("your groups give you no role here, or your account is closed: ask an administrator")


def spend(connection: Connection, value: str, ends_ms: int) -> bool:
    """Whether a value counts: the first time only, whoever gives it."""
    now = now_ms()
    connection.execute(delete(spent).where(spent.c.ends_ms < now))
    digest = hashlib.sha256(value.encode()).hexdigest()
    fresh = insert_new(connection, spent).values(digest=digest, ends_ms=ends_ms).on_conflict_do_nothing()
    return connection.execute(fresh.returning(spent.c.digest)).first() is not None


def _known(connection: Connection, guest: Guest) -> Row[Any] | None:
    wanted = select(people).where(people.c.issuer == guest.issuer, people.c.subject == guest.subject)
    return connection.execute(wanted.with_for_update()).first()


def _arrived(connection: Connection, person: str, news: str, setting: ServiceSetting) -> Arrival:
    cookie = begin_session(connection, person, setting)
    return Arrival(person=get_person(connection, person), cookie=cookie, news=news)


def _follow(connection: Connection, row: Row[Any], guest: Guest) -> str:
    """Take over name and roles; says what changed that matters."""
    roles = ",".join(guest.roles)
    changed = sorted(row.roles.split(",")) != sorted(guest.roles)
    if changed:
        end_sessions(connection, row.id)
    shown = guest.shown[:SHOWN_MOST] or row.shown
    connection.execute(update(people).where(people.c.id == row.id).values(roles=roles, shown=shown))
    return "roles" if changed else ""


def _add(connection: Connection, guest: Guest, tenant: str) -> str:
    person, login = new_id(), _free_login(connection, guest)
    connection.execute(
        insert(people).values(
            id=person, tenant=tenant, login=login, shown=guest.shown[:SHOWN_MOST] or login, roles=",".join(guest.roles),
            password="", settings=b"{}", state="on", made_ms=now_ms(), issuer=guest.issuer, subject=guest.subject,
        )
    )  # fmt: skip
    return person


def _free_login(connection: Connection, guest: Guest) -> str:
    """The name that they bring where it is free, with a few digits of their own where it is not."""
    name = (
        "".join(sign for sign in guest.login.strip().lower() if sign in LOGIN_SIGNS)[:LOGIN_MOST] or "guest"
    )
    if connection.execute(select(people.c.id).where(people.c.login == name)).first() is None:
        return name
    own = hashlib.sha256(f"{guest.issuer}\n{guest.subject}".encode()).hexdigest()
    return f"{name}.{own[:12]}"
