"""The console's routes are put into the application here."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse


def add_to(app: FastAPI) -> None:
    """Put all pages into the application."""


def wants_page(request: Request) -> bool:
    """Whether who asks is a browser that shows pages, and not a program."""
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def trouble(request: Request, status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> Response:
    """The page that says what cannot be done."""
    return PlainTextResponse(detail, status_code=status, headers=dict(headers))
