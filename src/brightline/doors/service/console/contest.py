"""For those whom a decision concerns and who have no account: appeal by the code of the notice, and ask what became of it.

Whether a code is known is told to nobody: the answer to an appeal is the same for every code, and a code without an appeal looks
like one that was never given out. Only a slip of the pen is told, by the code's check sign.
"""

from http import HTTPStatus

from fastapi import Request, Response

from brightline.core.errors import NotThereError
from brightline.doors.service.access import language_of, limited, state_of
from brightline.doors.service.api_appeals import notice_of
from brightline.doors.service.console.layout import Fields, check_same_site, pages, render, text
from brightline.doors.service.console.state import console_of
from brightline.review import appeals
from brightline.review.appeals import REASON_LIMIT

ROUTER = pages()
CODE_CHARACTERS = 60  # with dashes and spaces


@ROUTER.get("/appeal")
def show(request: Request) -> Response:
    """The form."""
    return _form(request)


@ROUTER.post("/appeal")
def take(request: Request, fields: Fields) -> Response:
    """Take an appeal in; the answer says the same whether or not the code is known."""
    _check(request)
    code, reason = text(fields, "code", CODE_CHARACTERS), text(fields, "reason", REASON_LIMIT).strip()
    if not appeals.is_well_formed(code) or not reason:
        fault = "reason" if appeals.is_well_formed(code) else "code"
        return _form(request, fault=fault, code=code, reason=reason)
    state = state_of(request)
    with state.store.writing() as connection:
        appeals.open_by_code(connection, code, reason, state.setting)
    return render(request, "contest_taken.html", None)


@ROUTER.get("/appeal/status")
def ask(request: Request) -> Response:
    """The form that asks for a code."""
    return render(request, "contest_status.html", None, asked=False, found=None, notice="")


@ROUTER.post("/appeal/status")
def status(request: Request, fields: Fields) -> Response:
    """How an appeal stands; the code comes in the form's body, so that no address and no log holds it."""
    _check(request)
    code = text(fields, "code", CODE_CHARACTERS)
    with state_of(request).store.reading() as connection:
        try:
            found = appeals.of_code(connection, code)
        except NotThereError:
            found = None
    notice = notice_of(found, language_of(request)) if found is not None else ""
    return render(request, "contest_status.html", None, asked=True, found=found, notice=notice)


def _form(request: Request, *, fault: str = "", code: str = "", reason: str = "") -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
    return render(
        request, "contest.html", None, status=status, fault=fault, code=code, reason=reason, limit=REASON_LIMIT,
        days=state_of(request).setting.appeal_days,
    )  # fmt: skip


def _check(request: Request) -> None:
    check_same_site(request)
    host = request.client.host if request.client is not None else ""
    limited(request, console_of(request).outsiders, host)
