"""How every page of the console is made: templates, navigation by what a person may do, language, look, static files."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files
from typing import Annotated
from urllib.parse import quote, urlsplit

import jinja2
import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from starlette.datastructures import FormData

from brightline.core.words import Words
from brightline.doors.report.page import plain, ticks
from brightline.doors.service.access import cookie_of, csrf_of, is_secure, language_of, state_of
from brightline.doors.service.bounds import ENDS
from brightline.doors.service.console import words
from brightline.doors.service.problems import ProblemError
from brightline.review.people import May, Person

FORM_BYTES = 256 * 1024  # of one form: a note of 4,000 characters in percent signs, and 200 cases, fit
FIELDS_MOST = 400  # of one form: 200 cases and what is done with them
LOCAL_CHARACTERS = 500  # of a path that somebody comes back to after signing in
YEAR_S = 365 * 86_400


class Place(msgspec.Struct, frozen=True):
    """One line of the navigation: where it leads, what it is called, what one must be allowed, and its key after `g`."""

    path: str
    words: Words
    deed: May | None
    key: str


# A page that wants to be found stands here; `guarded()` gives it its router.
PLACES = [
    Place("/queue", Words("Queue", "待办"), May.SEE, "q"),
    Place("/appeals", Words("Appeals", "申诉"), May.SEE, "a"),
    Place("/complaints", Words("Complaints", "投诉"), May.SEE, "c"),
    Place("/register", Words("Measures", "处置登记"), May.SEE, "r"),
    Place("/incidents", Words("Incidents", "事件"), May.SEE, "i"),
    Place("/campaigns", Words("Campaigns", "专项行动"), May.SEE, "n"),
    Place("/overview", Words("Overview", "总览"), May.SEE, "o"),
    Place("/ledger", Words("Ledger", "账本"), May.AUDIT, "l"),
    Place("/detectors", Words("Detectors", "检测器"), May.SEE, "d"),
    Place("/policies", Words("Policies", "策略"), May.SEE, "p"),
    Place("/banks", Words("Banks", "名单"), May.SEE, "b"),
    Place("/quality", Words("Quality", "质量"), May.LEAD, "y"),
    Place("/people", Words("People and access", "人员与权限"), May.MANAGE, "m"),
    Place("/settings", Words("Settings", "设置"), None, "s"),
]
STATIC = {
    "report.css": ("brightline.doors.report", "style.css", "text/css"),
    "console.css": ("brightline.doors.service.console", "static/console.css", "text/css"),
    "console.js": ("brightline.doors.service.console", "static/console.js", "text/javascript"),
    "verify.js": ("brightline.doors.service.console", "static/verify.js", "text/javascript"),
}


async def bounded(request: Request) -> None:
    """Refuse a form that is too long, or does not say how long it is, before anything reads it."""
    if request.method != "POST":
        return
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > FORM_BYTES:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"a form has at most {FORM_BYTES} bytes and says how many",
            ENDS,
        )


def pages() -> APIRouter:
    """A router for pages: outside of the API's document, its forms bounded."""
    return APIRouter(include_in_schema=False, dependencies=[Depends(bounded)])


async def _fields(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=FIELDS_MOST)


Fields = Annotated[FormData, Depends(_fields)]


def text(fields: FormData, name: str, most: int = 200) -> str:
    """A field of a form, cut; empty where it is missing. Databases take no NUL, and nobody types one."""
    value = fields.get(name, "")
    return value[:most].replace("\x00", "") if isinstance(value, str) else ""


def render(
    request: Request,
    template: str,
    person: Person | None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """A page in the language of who asks."""
    language = language_of(request)

    def say(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    def tell(told: Words) -> Markup:
        return ticks(told.in_language(language))

    settings = person.settings if person is not None else {}
    theme = request.cookies.get("theme", "")
    page = environment().get_template(template).render(
        language=language,
        theme=theme if theme in {"light", "dark"} else "auto",
        person=person,
        places=[place for place in PLACES if person is not None and (place.deed is None or person.may(place.deed))],
        may={deed.value for deed in May if person is not None and person.may(deed)},
        csrf=csrf_of(cookie_of(request)),
        path=request.url.path,
        here=local(request.url.path + (f"?{request.url.query}" if request.url.query else "")),
        shortcuts=settings.get("shortcuts", True),
        say=say,
        tell=tell,
        **values,
    )  # fmt: skip
    return HTMLResponse(page, status_code=status, headers=dict(headers or {}))


def local(path: str) -> str:
    r"""The path if it leads to a page of ours, `/` otherwise.

    >>> local("/cases/1?x=2"), local("//example.com/"), local("/\\example.com"), local("https://example.com")
    ('/cases/1?x=2', '/', '/', '/')
    """
    odd = any(sign <= " " or sign == "\\" or sign == "\x7f" for sign in path)
    if not path.startswith("/") or path.startswith("//") or odd or len(path) > LOCAL_CHARACTERS:
        return "/"
    return path


def go(path: str) -> RedirectResponse:
    """See another page, after something was done."""
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)


def to_sign_in(path: str) -> RedirectResponse:
    """Sign in first, then come back."""
    return go(f"/sign-in?next={quote(local(path))}")


def check_same_site(request: Request) -> None:
    """Refuse a form that another site's page sends for somebody who has no session whose token it could carry.

    Browsers say by `sec-fetch-site` whose page sends it, older ones by `origin` alone; what says neither is no browser.
    """
    site = request.headers.get("sec-fetch-site")
    if not (site in {"same-origin", "none"} if site is not None else _is_own_origin(request)):
        raise ProblemError(HTTPStatus.FORBIDDEN, "the form is not of this session: load the page again")


def _is_own_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is None:
        return True
    public = urlsplit(state_of(request).setting.public_url).netloc
    return urlsplit(origin).netloc in {public, request.headers.get("host", "")} - {""}


def remember(request: Request, answer: Response, name: str, value: str) -> None:
    """A cookie for how pages look; it opens nothing."""
    answer.set_cookie(
        name, value, max_age=YEAR_S, httponly=True, samesite="strict", secure=is_secure(request), path="/"
    )


@cache
def environment() -> jinja2.Environment:
    """The templates of the console, and those of the report that both show."""
    loaders = [
        jinja2.PackageLoader("brightline.doors.service.console", "templates"),
        jinja2.PackageLoader("brightline.doors", "report"),
    ]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    made.filters.update(ticks=ticks, plain=plain, when=when, lasts=words.lasts)
    made.globals.update(
        version=version("brightline"), static={name: static_path(name) for name in STATIC}, words=words
    )
    return made


@cache
def static_file(name: str) -> tuple[bytes, str]:
    """The bytes and the media type of a static file."""
    package, path, kind = STATIC[name]
    return files(package).joinpath(path).read_bytes(), kind


def static_path(name: str) -> str:
    """Its address, which changes with its bytes, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name)[0]).hexdigest()[:16]}"


def when(time_ms: int | None) -> str:
    """A moment, UTC, to the second.

    >>> when(0)
    '1970-01-01 00:00:00'
    """
    if time_ms is None:
        return ""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
