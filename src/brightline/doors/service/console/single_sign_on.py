"""Signing in at the organisation's own provider: there, and back."""

import asyncio
import logging
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from brightline.core.chinese import words_of
from brightline.core.errors import RefusedError
from brightline.doors.service import record
from brightline.doors.service.access import cookie_of, is_secure, limited, state_of
from brightline.doors.service.console.layout import LOCAL_CHARACTERS, local, pages, render
from brightline.doors.service.console.sign import sign_in_form, start_session
from brightline.doors.service.console.state import console_of
from brightline.doors.service.oidc import CODE_LIMIT, FAILED, TRANSACTION_S, Oidc, Transaction
from brightline.doors.service.problems import ProblemError
from brightline.review import people
from brightline.review.elsewhere import Arrival, sign_in_guest, spend

LOGGER = logging.getLogger(__name__)
ROUTER = pages()
BEGIN, BACK = "/sign-in/oidc", "/sign-in/oidc/back"
COOKIE = "brightline-oidc"
HERE = {"127.0.0.1", "::1", "localhost"}
Short = Annotated[str, Query(max_length=CODE_LIMIT)]


@ROUTER.get(BEGIN)
async def begin(
    request: Request, asked: Annotated[str, Query(alias="next", max_length=LOCAL_CHARACTERS)] = "/"
) -> Response:
    """Send the browser to the provider."""
    oidc = _oidc(request)
    try:
        departure = await oidc.begin(_back(request), local(asked))
    except RefusedError as error:
        return await asyncio.to_thread(sign_in_form, request, local(asked), words_of(str(error)))
    answer = RedirectResponse(departure.url, status_code=HTTPStatus.SEE_OTHER)
    # Lax: the provider's page sends the browser back here, and a strict cookie would stay at home.
    answer.set_cookie(
        COOKIE, departure.cookie, max_age=TRANSACTION_S, path=BEGIN, httponly=True, samesite="lax",
        secure=is_secure(request),
    )  # fmt: skip
    return answer


@ROUTER.get(BACK)
async def back(request: Request, code: Short = "", state: Short = "", iss: Short = "") -> Response:
    """The provider sends the browser back: whom it vouches for gets a session under a new id."""
    oidc, asked = _oidc(request), "/"
    try:
        transaction = oidc.transaction_of(request.cookies.get(COOKIE, ""), state)
        asked = transaction.asked
        await asyncio.to_thread(_spend, request, transaction)
        guest = await oidc.finish(transaction, code, iss)
        arrival = await asyncio.to_thread(
            sign_in_guest, state_of(request).store, guest, oidc.setting.tenant, state_of(request).setting
        )
    except RefusedError as error:
        LOGGER.warning("oidc: refused why=%s", error.__cause__ or error)
        answer: Response = await asyncio.to_thread(sign_in_form, request, asked, words_of(str(error)))
    else:
        await asyncio.to_thread(_note, request, arrival)
        # A page of ours leads on: after a redirect from elsewhere browsers would keep the strict cookie back.
        answer = render(request, "arrived.html", None, asked=asked)
        start_session(request, answer, arrival.person, arrival.cookie)
    answer.delete_cookie(COOKIE, path=BEGIN, httponly=True, samesite="lax", secure=is_secure(request))
    return answer


def _spend(request: Request, transaction: Transaction) -> None:
    with state_of(request).store.writing() as connection:
        if not spend(connection, transaction.state, transaction.ends_ms):
            raise RefusedError(FAILED)


def _note(request: Request, arrival: Arrival) -> None:
    """What became of the account is in the ledger; a session of this browser from before ends."""
    if arrival.news:
        facts = {"of": arrival.person.id, "roles": ",".join(arrival.person.roles), "by": "oidc"}
        record.done(state_of(request), arrival.person, f"person.{arrival.news}", None, facts)
    if old := cookie_of(request):
        people.end_session(state_of(request).store, old)


def _oidc(request: Request) -> Oidc:
    host = request.client.host if request.client is not None else ""
    limited(request, console_of(request).sign_ins, host)
    found = console_of(request).oidc
    if found is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "nobody signs in elsewhere: `service.oidc` is not set")
    return found


def _back(request: Request) -> str:
    """Our own address; without `public_url` only this machine's, since a request's `host` is anybody's word."""
    public = state_of(request).setting.public_url.rstrip("/")
    if not public:
        host = request.headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in HERE:
            raise ProblemError(HTTPStatus.BAD_REQUEST, "set `service.public_url` to sign in from elsewhere")
        public = f"http://{host}"
    return public + BACK
