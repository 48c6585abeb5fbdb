"""Who asks, and whether they may: tokens of programs, sessions of people, and guards that routes name.

A cookie alone changes nothing: a request that changes something carries the session's CSRF token too, in the header
`x-csrf-token` or the form field `csrf`. Each route names what it needs by `needs(May....)`; a test walks the router and
finds one that does not.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import Request

from brightline.doors.service.problems import ProblemError
from brightline.doors.service.state import Rates, State
from brightline.review import people
from brightline.review.people import May, Person

COOKIE = "brightline"
SECURE_COOKIE = "__Host-brightline"  # by TLS: no other host of the domain can plant it (RFC 6265bis, 4.1.3.2)
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Guard = Callable[[Request], Awaitable[Person]]


def state_of(request: Request) -> State:
    """What the service holds."""
    found: State = request.app.state.service
    return found


def language_of(request: Request) -> str:
    """`en` or `zh`: the cookie that the language switch sets, else what the browser asks for first, else the setting."""
    chosen = request.cookies.get("language", "")
    if chosen in {"en", "zh"}:
        return chosen
    first = request.headers.get("accept-language", "").split(",")[0].strip().lower()
    if first[:2] in {"en", "zh"}:
        return first[:2]
    return state_of(request).house.settings.language


def is_secure(request: Request) -> bool:
    """Whether people reach us by TLS, so that cookies may say so."""
    return state_of(request).setting.public_url.startswith("https://")


def cookie_name(request: Request) -> str:
    """The name of the session's cookie."""
    return SECURE_COOKIE if is_secure(request) else COOKIE


def cookie_of(request: Request) -> str:
    """The session's cookie, as the browser sent it; empty where there is none."""
    return request.cookies.get(cookie_name(request), "")


def csrf_of(cookie: str) -> str:
    """The CSRF token of a session."""
    return hashlib.blake2b(cookie.encode(), digest_size=24, person=b"brightline-csrf").hexdigest()


async def person_of(request: Request) -> Person | None:
    """Who asks, by token or cookie; None where nobody is known."""
    state = state_of(request)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return await asyncio.to_thread(people.find_token, state.store, token.strip())
    cookie = cookie_of(request)
    if not cookie:
        return None
    return await asyncio.to_thread(people.find_session, state.store, cookie, state.setting)


def limited(request: Request, rates: Rates, caller: str) -> None:
    """Count a request of a caller; the answer's head says how many are left.

    Raises:
        ProblemError: 429, with the seconds to wait; too many came.
    """
    wait = rates.take(caller)
    request.state.rates = rates.fields(caller)
    if wait:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many requests: come again later",
            {"retry-after": str(int(wait) + 1)},
        )


def needs(deed: May | None) -> Guard:
    """A guard for a route: somebody who may do that; None for anybody who is signed in."""

    async def guard(request: Request) -> Person:
        person = await person_of(request)
        if person is None:
            raise ProblemError(
                HTTPStatus.UNAUTHORIZED, "sign in, or send a token", {"www-authenticate": "Bearer"}
            )
        limited(request, state_of(request).rates, person.id)
        if not person.is_program and request.method not in SAFE:
            await _check_csrf(request)
        if deed is not None and not person.may(deed):
            raise ProblemError(HTTPStatus.FORBIDDEN, f"your roles do not allow `{deed.value}`")
        request.state.person = person
        return person

    guard.needs = deed  # type: ignore[attr-defined]  # the router's test reads it
    return guard


async def _check_csrf(request: Request) -> None:
    expected = csrf_of(cookie_of(request))
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        form = await request.form()
        given = str(form.get(CSRF_FIELD, ""))
        if not _same(given, expected):
            await form.close()  # files that came with it
    if not _same(given, expected):
        raise ProblemError(HTTPStatus.FORBIDDEN, "the form is not of this session: load the page again")


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
