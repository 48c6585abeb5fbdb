"""What a caller is told when something cannot be done: RFC 9457 problem details, in the caller's language."""

from collections.abc import Mapping
from http import HTTPStatus

from brightline.core.chinese import words_of
from brightline.core.errors import (
    BrightlineError,
    ConflictError,
    LedgerError,
    NotThereError,
    RefusedError,
    ReviewError,
)

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """An answer that is a problem; raised by routes, turned into JSON or a page by the app."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def status_of(error: BrightlineError) -> HTTPStatus:
    """The HTTP status that an error of the house becomes."""
    match error:
        case NotThereError():
            return HTTPStatus.NOT_FOUND
        case ConflictError():
            return HTTPStatus.CONFLICT
        case RefusedError():
            return HTTPStatus.FORBIDDEN
        case ReviewError():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case LedgerError():
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            return HTTPStatus.BAD_REQUEST


def problem(status: HTTPStatus, detail: str, instance: str, language: str) -> dict[str, object]:
    """The body: type, title, status, detail, instance."""
    return {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": words_of(detail).in_language(language),
        "instance": instance,
    }
