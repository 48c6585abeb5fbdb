"""The application: routes, security headers, and errors as problem details or pages."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from brightline.core.errors import BrightlineError
from brightline.doors.service import (
    api_appeals,
    api_banks,
    api_campaigns,
    api_cases,
    api_evidence,
    api_incidents,
    api_manage,
    api_policies,
    api_quality,
    api_register,
    api_submissions,
    api_urls,
)
from brightline.doors.service.access import is_secure, language_of
from brightline.doors.service.bounds import PACE, Bounded, Pace
from brightline.doors.service.console import app as console
from brightline.doors.service.effects import keep_delivering, keep_effects, keep_sweeping
from brightline.doors.service.examples import shown
from brightline.doors.service.problems import MEDIA_TYPE, ProblemError, problem, status_of
from brightline.doors.service.rules import keep_rules
from brightline.doors.service.state import State

HEADERS = {
    # Nothing from elsewhere, no inline script, nowhere to send a form but here, and nobody frames us.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Other sites learn nothing; our own forms keep their `origin`, by which older browsers say whose page sends them.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
YEAR_S = 365 * 86_400
Next = Callable[[Request], Awaitable[Response]]

ROUTERS = (
    api_submissions.ROUTER, api_urls.ROUTER, api_cases.ROUTER, api_appeals.ROUTER, api_incidents.ROUTER, api_campaigns.ROUTER,
    api_register.ROUTER, api_manage.ROUTER,
    api_evidence.ROUTER, api_policies.ROUTER, api_quality.ROUTER, api_banks.ROUTER,
)  # fmt: skip


def make_app(state: State, pace: Pace = PACE) -> FastAPI:
    """The application over a state; `state.worker`, when there is one, is started and stopped with it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.waiters.begin()
        tasks = [
            asyncio.create_task(one)
            for one in (
                state.intake.run(),
                keep_effects(state),
                keep_delivering(state),
                keep_sweeping(state),
                keep_rules(state.rules),
            )
        ]
        if state.worker is not None:
            state.worker.start()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if state.worker is not None:
                await asyncio.to_thread(state.worker.stop)

    app = FastAPI(
        title="Brightline", version=version("brightline"), lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/v1/openapi.json", description="Detect misuse of AI, decide under policy, prove it.",
    )  # fmt: skip
    app.state.service = state
    plain = app.openapi

    def documented() -> dict[str, Any]:
        return plain() if app.openapi_schema is not None else shown(plain())

    app.openapi = documented  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    for router in ROUTERS:
        app.include_router(router)
    console.add_to(app)
    app.add_middleware(Bounded, told=_told, pace=pace)
    app.middleware("http")(_secured)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(BrightlineError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def _secured(request: Request, go_on: Next) -> Response:
    answer = await go_on(request)
    rates: dict[str, str] = getattr(request.state, "rates", {})
    for name, value in (HEADERS | rates).items():
        answer.headers.setdefault(name, value)
    if is_secure(request):
        answer.headers.setdefault("strict-transport-security", f"max-age={YEAR_S}")
    return answer


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return _told(request, error.status, error.detail, error.headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, BrightlineError)
    return _told(request, status_of(error), str(error), {})


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError | ValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return _told(request, HTTPStatus.UNPROCESSABLE_ENTITY, f"`{place[:80]}`: {first['msg'][:200]}", {})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _told(request, HTTPStatus(error.status_code), str(error.detail), dict(error.headers or {}))


def _told(request: Request, status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> Response:
    if console.wants_page(request):
        return console.trouble(request, status, detail, headers)
    body = problem(status, detail, request.url.path, language_of(request))
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers))
