"""A person's own settings: language, light or dark, how harmful media are shown, shortcuts, one-time codes, password."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Response

from brightline.core.errors import RefusedError
from brightline.doors.service.access import cookie_of, needs, state_of
from brightline.doors.service.console.layout import Fields, go, pages, remember, render, text
from brightline.doors.service.problems import ProblemError
from brightline.review import people
from brightline.review.people import Person

ROUTER = pages()
Anybody = Annotated[Person, Depends(needs(None))]
SWITCHES = ("blur", "grey", "mute", "shortcuts")  # all on until the person switches them off
SECRET_CHARACTERS = 64
QR_SCALE, QR_BORDER = 5, 4  # pixels of a module, and modules of the quiet zone that the standard asks for


@ROUTER.get("/settings")
def show(request: Request, person: Anybody) -> Response:
    """The page."""
    return render(
        request, "settings.html", person, switches=_switches(person), secret="", address="", picture=""
    )


@ROUTER.post("/settings")
def change(request: Request, person: Anybody, fields: Fields) -> Response:
    """Keep them with the account."""
    _check_person(person)
    kept = {**person.settings, **{name: text(fields, name) == "on" for name in SWITCHES}}
    if (language := text(fields, "language")) in {"en", "zh"}:
        kept["language"] = language
    if (theme := text(fields, "theme")) in {"auto", "light", "dark"}:
        kept["theme"] = theme
    with state_of(request).store.writing() as connection:
        people.change_settings(connection, person.id, kept)
    answer = go("/settings")
    for name in ("language", "theme"):
        if value := kept.get(name):
            remember(request, answer, name, str(value))
    return answer


@ROUTER.post("/settings/second")
def new_second(request: Request, person: Anybody) -> Response:
    """A fresh secret for one-time codes; asked for only once its first code was given."""
    _check_person(person)
    secret, address = people.new_second(person.login)
    return render(
        request, "settings.html", person, switches=_switches(person), secret=secret, address=address,
        picture=_qr(address),
    )  # fmt: skip


@ROUTER.post("/settings/second/confirm")
def confirm_second(request: Request, person: Anybody, fields: Fields) -> Response:
    """Ask for codes from now on; sessions elsewhere, which gave none, end."""
    _check_person(person)
    with state_of(request).store.writing() as connection:
        people.set_second(
            connection,
            state_of(request).store,
            person.id,
            text(fields, "secret", SECRET_CHARACTERS),
            text(fields, "code", 8).strip(),
        )
        people.end_sessions(connection, person.id, keep=cookie_of(request))
    return go("/settings")


@ROUTER.post("/settings/password")
def change_password(request: Request, person: Anybody, fields: Fields) -> Response:
    """A new password, after the old one; all sessions end, this one too."""
    _check_person(person)
    state = state_of(request)
    most = people.PASSWORD_MOST + 1
    try:
        people.sign_in(
            state.store, person.login, text(fields, "old", most), text(fields, "code", 16), state.setting
        )
    except RefusedError as error:
        raise ProblemError(HTTPStatus.FORBIDDEN, str(error)) from None
    new = text(fields, "new", most)
    with state.store.writing() as connection:
        people.change_password(connection, person.id, new)
    return go("/sign-in")


def _qr(address: str) -> str:
    """The address as a QR code (ISO/IEC 18004), a PNG within the page: the secret goes through no other request."""
    import segno  # late: few ask for it

    return segno.make(address, error="m", micro=False).png_data_uri(scale=QR_SCALE, border=QR_BORDER)


def _switches(person: Person) -> dict[str, bool]:
    return {name: bool(person.settings.get(name, True)) for name in SWITCHES}


def _check_person(person: Person) -> None:
    if person.is_program:
        raise ProblemError(HTTPStatus.FORBIDDEN, "a program has no settings of its own")
