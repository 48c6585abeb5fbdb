"""Signing in and out, how pages look, and the files that all of them share."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from brightline.core.chinese import words_of
from brightline.core.errors import RefusedError
from brightline.core.words import Words
from brightline.doors.service.access import (
    cookie_name,
    cookie_of,
    is_secure,
    limited,
    needs,
    person_of,
    state_of,
)
from brightline.doors.service.console.layout import (
    LOCAL_CHARACTERS,
    PLACES,
    STATIC,
    Fields,
    check_same_site,
    go,
    local,
    pages,
    remember,
    render,
    static_file,
    text,
)
from brightline.doors.service.console.state import console_of
from brightline.doors.service.problems import ProblemError
from brightline.review import people
from brightline.review.people import Person

ROUTER = pages()
Anybody = Annotated[Person, Depends(needs(None))]
Asked = Annotated[str, Query(alias="next", max_length=LOCAL_CHARACTERS)]


@ROUTER.get("/")
def home(person: Anybody) -> RedirectResponse:
    """The first page that this person may see."""
    first = next(place for place in PLACES if place.deed is None or person.may(place.deed))
    return go(first.path)


@ROUTER.get("/sign-in")
async def sign_in_page(request: Request, asked: Asked = "/") -> Response:
    """The form; who is signed in already goes on."""
    if await person_of(request) is not None:
        return go(local(asked))
    return sign_in_form(request, local(asked), None)


@ROUTER.post("/sign-in")
def sign_in(request: Request, fields: Fields) -> Response:
    """Begin a session under a new id; an old one of this browser ends."""
    check_same_site(request)
    state, asked = state_of(request), local(text(fields, "next", LOCAL_CHARACTERS))
    host = request.client.host if request.client is not None else ""
    limited(request, console_of(request).sign_ins, host)
    try:
        person, cookie = people.sign_in(
            state.store,
            text(fields, "login", 80),
            text(fields, "password", people.PASSWORD_MOST + 1),
            text(fields, "code", 16),
            state.setting,
        )
    except RefusedError as error:
        return sign_in_form(request, asked, words_of(str(error)))
    if old := cookie_of(request):
        people.end_session(state.store, old)
    answer = go(asked)
    start_session(request, answer, person, cookie)
    return answer


@ROUTER.post("/sign-out")
def sign_out(request: Request, _: Anybody) -> RedirectResponse:
    """End the session."""
    people.end_session(state_of(request).store, cookie_of(request))
    answer = go("/sign-in")
    answer.delete_cookie(
        cookie_name(request), path="/", httponly=True, samesite="strict", secure=is_secure(request)
    )
    return answer


@ROUTER.post("/look")
def look(request: Request, fields: Fields) -> RedirectResponse:
    """Switch the language, or light and dark."""
    check_same_site(request)
    answer = go(local(text(fields, "next", LOCAL_CHARACTERS)))
    if (language := text(fields, "language")) in {"en", "zh"}:
        remember(request, answer, "language", language)
    if (theme := text(fields, "theme")) in {"light", "dark", "auto"}:
        remember(request, answer, "theme", theme)
    return answer


@ROUTER.get("/static/{name}")
def static(name: Annotated[str, Path(max_length=40)]) -> Response:
    """A style sheet or module."""
    if name not in STATIC:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"no file `{name[:40]}`")
    data, kind = static_file(name)
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(data, media_type=f"{kind}; charset=utf-8", headers=headers)


def start_session(request: Request, answer: Response, person: Person, cookie: str) -> None:
    """Give the browser its session, and how this person likes pages to look."""
    answer.set_cookie(
        cookie_name(request), cookie, httponly=True, samesite="strict", secure=is_secure(request), path="/"
    )
    for name in ("language", "theme"):
        if isinstance(value := person.settings.get(name), str) and value:
            remember(request, answer, name, value)


def sign_in_form(request: Request, asked: str, fault: Words | None) -> Response:
    """The form, with what was wrong the last time."""
    with state_of(request).store.reading() as connection:
        nobody = people.count_people(connection) == 0
    status = HTTPStatus.OK if fault is None else HTTPStatus.FORBIDDEN
    oidc = console_of(request).oidc
    return render(
        request, "sign_in.html", None, status=status, asked=asked, fault=fault, nobody=nobody,
        elsewhere=oidc.setting.name if oidc is not None else "",
    )  # fmt: skip
