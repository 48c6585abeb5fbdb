"""Who may sign in and what they may do: local accounts, their sessions, and tokens of programs.

Passwords are kept as Argon2id (RFC 9106, the library's defaults), cookies and tokens as SHA-256: they are 256 random bits, so
that nobody finds one by guessing. After some failures in a row an account rests, longer each time.
"""

import hashlib
import secrets
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from pyotp import TOTP, random_base32
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from brightline.core.errors import ConflictError, NotThereError, RefusedError, ReviewError
from brightline.review.store import Store, new_id, now_ms
from brightline.review.tables import people, sessions, tokens
from brightline.settings_service import ServiceSetting

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSWORD_LEAST, PASSWORD_MOST = 12, 256  # characters; the longest so that hashing stays cheap
FREE_FAILURES = 5  # in a row, before an account rests
REST_S, REST_MOST_S = 30.0, 3600.0  # the first rest, doubled up to the longest
STEP_S = 30  # of one-time codes, RFC 6238
DAY_MS = 86_400_000
TOKEN_PREFIX = "bls_"  # noqa: S105 - what all tokens begin with, so that leaks are found
REFUSED = "login, password or code do not fit, or the account rests after too many failures"
LOGIN_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._@+-")


class May(StrEnum):
    """One thing that a person or a program may do."""

    SUBMIT = "submit"
    SEE = "see"  # decisions, findings and statistics, without content
    READ = "read"  # content under examination
    REVIEW = "review"  # decide cases
    LEAD = "lead"  # escalated cases, assignment, bulk decisions, golden items
    PROPOSE = "propose"  # policies
    AGREE = "agree"  # to what another person proposed
    AUDIT = "audit"  # the ledger and what people did
    MANAGE = "manage"  # people, tokens, hooks, campaigns, incidents


class Role(StrEnum):
    """What people are, each with what they may do (`MAY`)."""

    SUBMITTER = "submitter"
    REVIEWER = "reviewer"
    LEAD = "lead"
    AUTHOR = "author"
    AUDITOR = "auditor"
    ADMIN = "admin"


MAY: dict[Role, frozenset[May]] = {
    Role.SUBMITTER: frozenset({May.SUBMIT}),
    Role.REVIEWER: frozenset({May.SEE, May.READ, May.REVIEW, May.SUBMIT}),
    Role.LEAD: frozenset({May.SEE, May.READ, May.REVIEW, May.LEAD, May.SUBMIT, May.AGREE}),
    Role.AUTHOR: frozenset({May.SEE, May.PROPOSE, May.AGREE}),
    Role.AUDITOR: frozenset({May.SEE, May.AUDIT}),
    Role.ADMIN: frozenset({May.SEE, May.MANAGE, May.AUDIT}),
}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An account, or a program with a token; `settings` are its own, such as blur and language."""

    id: str
    tenant: str
    login: str
    shown: str
    roles: tuple[Role, ...]
    settings: dict[str, Any] = {}
    has_second: bool = False
    is_program: bool = False
    state: str = "on"

    def may(self, deed: May) -> bool:
        """Whether one of the roles allows it."""
        return any(deed in MAY[role] for role in self.roles)


def add_person(
    store: Store, tenant: str, login: str, shown: str, roles: tuple[Role, ...], password: str
) -> Person:
    """Make an account.

    Raises:
        ReviewError: the login or the password will not do, or no role is given.
        ConflictError: the login is taken.
    """
    name = login.strip().lower()
    if not name or len(name) > 80 or not LOGIN_SIGNS.issuperset(name):
        raise ReviewError(f"`{login[:80]}` is no login: expected letters, digits and any of . _ @ + -")
    if not roles:
        raise ReviewError("an account needs a role: " + ", ".join(Role))
    hashed = hash_password(password)
    person = new_id()
    with store.writing() as connection:
        if connection.execute(select(people.c.id).where(people.c.login == name)).first():
            raise ConflictError(f"the login `{name}` is taken")
        connection.execute(
            insert(people).values(
                id=person, tenant=tenant, login=name, shown=shown[:200] or name, roles=",".join(roles),
                password=hashed, settings=b"{}", state="on", made_ms=now_ms(),
            )
        )  # fmt: skip
        return get_person(connection, person)


def sign_in(
    store: Store, login: str, password: str, code: str, setting: ServiceSetting
) -> tuple[Person, str]:
    """Check who somebody is and begin a session.

    Returns:
        The person, and the cookie's value.

    Raises:
        RefusedError: login, password or code do not fit, or the account rests; the reason is never told apart.
    """
    name = login.strip().lower()
    with store.reading() as connection:
        known = connection.execute(select(people.c.password).where(people.c.login == name)).scalar()
    fits = _verify(known or "", password[: PASSWORD_MOST + 1])  # takes long, so outside of the transaction
    with store.writing() as connection:
        row = connection.execute(select(people).where(people.c.login == name).with_for_update()).first()
        if row is None or row.locked_ms > now_ms():
            raise RefusedError(REFUSED)
        good = (
            fits and row.state == "on" and row.password == known and _code_fits(connection, store, row, code)
        )
        if good:
            connection.execute(update(people).where(people.c.id == row.id).values(failed=0, locked_ms=0))
            return _person(row), begin_session(connection, row.id, setting)
        _count_failure(connection, row)
    raise RefusedError(REFUSED)


def find_session(store: Store, cookie: str, setting: ServiceSetting) -> Person | None:
    """Whose session a cookie opens; None where there is none in force. Being seen makes it last."""
    if not 20 <= len(cookie) <= 100:
        return None
    now = now_ms()
    wanted = (
        select(people, sessions.c.seen_ms, sessions.c.ends_ms)
        .join(sessions, sessions.c.person == people.c.id)
        .where(sessions.c.digest == _hash(cookie))
    )
    with store.reading() as connection:
        row = connection.execute(wanted).first()
    idle_ms = setting.session_seconds * 1000
    if row is None or row.state != "on" or row.ends_ms < now or row.seen_ms + idle_ms < now:
        return None
    if now - row.seen_ms > idle_ms / 20:  # not a write a request
        with store.writing() as connection:
            connection.execute(update(sessions).where(sessions.c.digest == _hash(cookie)).values(seen_ms=now))
    return _person(row)


def end_session(store: Store, cookie: str) -> None:
    """Sign out."""
    with store.writing() as connection:
        connection.execute(delete(sessions).where(sessions.c.digest == _hash(cookie)))


def end_sessions(connection: Connection, person: str, keep: str = "") -> None:
    """Sign a person out everywhere, as after a change of password or role; but for the session of the cookie `keep`."""
    connection.execute(delete(sessions).where(sessions.c.person == person, sessions.c.digest != _hash(keep)))


def add_token(store: Store, tenant: str, name: str, roles: tuple[Role, ...]) -> tuple[str, str]:
    """Make a token for a program; gives its id, and the token, which is shown this once.

    Raises:
        ReviewError: no role is given.
    """
    if not roles:
        raise ReviewError("a token needs a role: " + ", ".join(Role))
    made, token = new_id(), TOKEN_PREFIX + secrets.token_urlsafe(32)
    with store.writing() as connection:
        connection.execute(
            insert(tokens).values(
                id=made,
                digest=_hash(token),
                tenant=tenant,
                name=name[:200],
                roles=",".join(roles),
                made_ms=now_ms(),
            )
        )
    return made, token


def find_token(store: Store, token: str) -> Person | None:
    """The program that a token belongs to; None where there is none in force."""
    if not token.startswith(TOKEN_PREFIX) or len(token) > 100:
        return None
    with store.reading() as connection:
        row = connection.execute(
            select(tokens).where(tokens.c.digest == _hash(token), tokens.c.revoked_ms.is_(None))
        ).first()
    if row is None:
        return None
    roles = tuple(Role(role) for role in row.roles.split(","))
    return Person(
        id=row.id,
        tenant=row.tenant,
        login=f"token/{row.id[-6:]}",
        shown=row.name,
        roles=roles,
        is_program=True,
    )


def revoke_token(connection: Connection, token: str, tenant: str) -> None:
    """End a token.

    Raises:
        NotThereError: this tenant has none of that id in force.
    """
    mine = (tokens.c.id == token, tokens.c.tenant == tenant, tokens.c.revoked_ms.is_(None))
    if connection.execute(update(tokens).where(*mine).values(revoked_ms=now_ms())).rowcount != 1:
        raise NotThereError(f"no token `{token[:40]}` in force")


def list_tokens(connection: Connection, tenant: str) -> list[dict[str, Any]]:
    """Tokens of a tenant, without themselves."""
    rows = connection.execute(select(tokens).where(tokens.c.tenant == tenant).order_by(tokens.c.id))
    return [
        {"id": row.id, "name": row.name, "roles": row.roles.split(","), "made_ms": row.made_ms, "revoked_ms": row.revoked_ms}
        for row in rows
    ]  # fmt: skip


def get_person(connection: Connection, person: str) -> Person:
    """One account.

    Raises:
        NotThereError: there is none of that id.
    """
    row = connection.execute(select(people).where(people.c.id == person)).first()
    if row is None:
        raise NotThereError(f"no person `{person[:40]}`")
    return _person(row)


def list_people(connection: Connection, tenant: str) -> list[Person]:
    """All accounts of a tenant, by login."""
    rows = connection.execute(select(people).where(people.c.tenant == tenant).order_by(people.c.login))
    return [_person(row) for row in rows]


def count_people(connection: Connection) -> int:
    """How many accounts there are: none means that nobody has set the service up."""
    return int(connection.execute(select(func.count()).select_from(people)).scalar_one())


def change_settings(connection: Connection, person: str, settings: dict[str, Any]) -> None:
    """Keep a person's own settings."""
    connection.execute(
        update(people).where(people.c.id == person).values(settings=msgspec.json.encode(settings))
    )


def change_password(connection: Connection, person: str, password: str) -> None:
    """Give an account a new password; all its sessions end.

    Raises:
        ReviewError: the password will not do.
    """
    hashed = hash_password(password)
    connection.execute(
        update(people).where(people.c.id == person).values(password=hashed, failed=0, locked_ms=0)
    )
    end_sessions(connection, person)


def switch(
    connection: Connection, person: str, tenant: str, *, on: bool, roles: tuple[Role, ...] = ()
) -> None:
    """Open or close an account, or give it other roles; all its sessions end.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    values: dict[str, Any] = {"state": "on" if on else "off"}
    if roles:
        values["roles"] = ",".join(roles)
    mine = (people.c.id == person, people.c.tenant == tenant)
    if connection.execute(update(people).where(*mine).values(**values)).rowcount != 1:
        raise NotThereError(f"no person `{person[:40]}`")
    end_sessions(connection, person)


def new_second(login: str) -> tuple[str, str]:
    """A secret for one-time codes, and the `otpauth:` address that an authenticator reads."""
    secret = random_base32()
    return secret, TOTP(secret).provisioning_uri(name=login, issuer_name="Brightline")


def set_second(connection: Connection, store: Store, person: str, secret: str, code: str) -> None:
    """Ask this account for a one-time code from now on.

    Raises:
        ReviewError: the code does not fit the secret, so the authenticator does not have it.
    """
    try:
        fits = TOTP(secret).verify(code, valid_window=1)
    except ValueError:  # no base32, or too short: not a secret of ours
        fits = False
    if not fits:
        raise ReviewError("the code does not fit: scan the picture again, and see that the clock is right")
    sealed = store.vault.seal(secret.encode(), f"second/{person}")
    connection.execute(update(people).where(people.c.id == person).values(second=sealed))


def hash_password(password: str) -> str:
    """Argon2id of a password.

    Raises:
        ReviewError: it is too short or too long.
    """
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise ReviewError(
            f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters, this one {len(password)}"
        )
    return _hasher().hash(password)


def _verify(hashed: str, password: str) -> bool:
    """Whether the password fits; takes as long where there is no account."""
    from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

    try:
        _hasher().verify(hashed or _nobody(), password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return bool(hashed)


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # late: it builds a C interface, which a start need not wait for

    return PasswordHasher()


@cache
def _nobody() -> str:
    """The hash that is tried where there is no such account."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _code_fits(connection: Connection, store: Store, row: Row[Any], code: str) -> bool:
    if row.second is None:
        return True
    secret = store.vault.open(row.second, f"second/{row.id}").decode()
    now = now_ms() // 1000
    for step in (now // STEP_S - 1, now // STEP_S, now // STEP_S + 1):
        if step > row.second_used and secrets.compare_digest(
            TOTP(secret).at(step * STEP_S), code.strip()[:8]
        ):
            connection.execute(update(people).where(people.c.id == row.id).values(second_used=step))
            return True
    return False


def _count_failure(connection: Connection, row: Row[Any]) -> None:
    failed = row.failed + 1
    rest_s = min(REST_MOST_S, REST_S * 2 ** (failed - FREE_FAILURES)) if failed >= FREE_FAILURES else 0.0
    connection.execute(
        update(people)
        .where(people.c.id == row.id)
        .values(failed=failed, locked_ms=now_ms() + int(rest_s * 1000))
    )


def begin_session(connection: Connection, person: str, setting: ServiceSetting) -> str:
    """A session of somebody who has shown who they are; gives the cookie's value."""
    cookie, now = secrets.token_urlsafe(32), now_ms()
    connection.execute(
        insert(sessions).values(
            digest=_hash(cookie),
            person=person,
            made_ms=now,
            seen_ms=now,
            ends_ms=now + int(setting.session_days * DAY_MS),
        )
    )
    connection.execute(delete(sessions).where(sessions.c.ends_ms < now))
    return cookie


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id, tenant=row.tenant, login=row.login, shown=row.shown,
        roles=tuple(Role(role) for role in row.roles.split(",")), settings=msgspec.json.decode(row.settings),
        has_second=row.second is not None, state=row.state,
    )  # fmt: skip
