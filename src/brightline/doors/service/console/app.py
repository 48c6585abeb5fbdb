"""The console's routes are put into the application here."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response

from brightline.core.chinese import words_of
from brightline.core.words import Words
from brightline.doors.service.console import (
    appeals,
    banks,
    campaigns,
    cases,
    contest,
    detectors,
    evidence,
    incidents,
    ledger,
    overview,
    people,
    policies,
    quality,
    queue,
    register,
    settings,
    sign,
    single_sign_on,
    statement,
)
from brightline.doors.service.console.layout import render, to_sign_in
from brightline.doors.service.console.state import Console

ROUTERS = (
    sign.ROUTER, queue.ROUTER, cases.ROUTER, overview.ROUTER, ledger.ROUTER, detectors.ROUTER, policies.ROUTER,
    appeals.ROUTER, contest.ROUTER, register.ROUTER, incidents.ROUTER, campaigns.ROUTER, statement.ROUTER,
    people.ROUTER, settings.ROUTER, evidence.ROUTER, quality.ROUTER, banks.ROUTER, banks.LOOKS,
    single_sign_on.ROUTER,
)  # fmt: skip
_TITLES = {
    HTTPStatus.UNAUTHORIZED: Words("Sign in first", "请先登录"),
    HTTPStatus.FORBIDDEN: Words("That is not allowed", "不允许此操作"),
    HTTPStatus.NOT_FOUND: Words("There is nothing here", "此处没有内容"),
    HTTPStatus.CONFLICT: Words("Somebody was quicker", "已有他人先行处理"),
    HTTPStatus.UNPROCESSABLE_ENTITY: Words("The form needs another look", "表单需要修改"),
    HTTPStatus.TOO_MANY_REQUESTS: Words("Too many requests", "请求过多"),
}
_ANY_TITLE = Words("That did not work", "操作未成功")


def add_to(app: FastAPI) -> None:
    """Put all pages into the application."""
    console = Console(app.state.service)
    app.state.console = console
    for router in ROUTERS:
        app.include_router(router)
    inner = app.router.lifespan_context

    @contextlib.asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with inner(running) as state:
            try:
                yield state or {}
            finally:
                console.close()

    app.router.lifespan_context = lifespan


def wants_page(request: Request) -> bool:
    """Whether who asks is a browser that shows pages, and not a program."""
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def trouble(request: Request, status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> Response:
    """The page that says what cannot be done; who is not signed in does that first and then comes back."""
    if status is HTTPStatus.UNAUTHORIZED:
        query = f"?{request.url.query}" if request.url.query else ""
        return to_sign_in(request.url.path + query if request.method == "GET" else "/")
    return render(
        request,
        "trouble.html",
        getattr(request.state, "person", None),
        status=status,
        headers=headers,
        title=_TITLES.get(status, _ANY_TITLE),
        detail=words_of(detail),
        code=int(status),
    )
