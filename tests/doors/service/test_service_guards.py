"""Who may do what: every route of the router, enumerated, refuses strangers and those whose roles do not allow it."""

import re

import httpx
import pytest
from fastapi.routing import APIRoute

from brightline.doors.service.app import ROUTERS
from brightline.review.people import MAY, Role

PASSWORD = "correct horse battery"
ROUTES = [
    (route, method)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
PUBLIC = {"/v1/appeals/status/{code}"}  # an author has a code, and no account
WHO = {
    "sub": Role.SUBMITTER, "rev": Role.REVIEWER, "lead": Role.LEAD, "author": Role.AUTHOR, "aud": Role.AUDITOR,
    "admin": Role.ADMIN,
}  # fmt: skip


def needed(route):
    """What the route's guard asks for; a route without a guard fails here."""
    found = [
        dependency.call.needs
        for dependency in route.dependant.dependencies
        if hasattr(dependency.call, "needs")
    ]
    assert found, f"{route.path} has no guard"
    return found[0]


def path_of(route):
    filled = re.sub(r"\{index\}", "0", route.path)
    return re.sub(r"\{\w+\}", "0" * 32, filled)


@pytest.mark.parametrize(("route", "method"), ROUTES, ids=[f"{m} {r.path}" for r, m in ROUTES])
def test_every_route_refuses_strangers_and_the_underprivileged(running, route, method):
    if route.path in PUBLIC:
        return
    deed = needed(route)
    stranger = httpx.request(method, running.url + path_of(route))
    assert stranger.status_code == 401, stranger.text
    assert (
        running.as_("nobody")
        .request(method, path_of(route), headers={"authorization": "Bearer bls_x"})
        .status_code
        == 401
    )
    for who, role in WHO.items():
        answer = running.as_(who).request(method, path_of(route))
        if deed is not None and deed not in MAY[role]:
            assert answer.status_code == 403, (who, answer.text)
        else:
            assert answer.status_code not in {401, 403}, (who, answer.text)


def test_a_cookie_alone_changes_nothing(running):
    from brightline.doors.service.access import COOKIE, CSRF_HEADER, csrf_of
    from brightline.review import people

    _, cookie = people.sign_in(running.state.store, "lead", PASSWORD, "", running.state.setting)
    jar = {"cookie": f"{COOKIE}={cookie}"}
    body = {"text": "tea"}
    bare = httpx.post(f"{running.url}/v1/submissions", json=body, headers=jar)
    assert bare.status_code == 403
    wrong = httpx.post(f"{running.url}/v1/submissions", json=body, headers=jar | {CSRF_HEADER: "0" * 48})
    assert wrong.status_code == 403
    right = httpx.post(
        f"{running.url}/v1/submissions", json=body, headers=jar | {CSRF_HEADER: csrf_of(cookie)}
    )
    assert right.status_code == 202
    assert httpx.get(f"{running.url}/v1/me", headers=jar).json()["login"] == "lead"


def test_sessions_are_new_at_each_sign_in_and_a_planted_one_opens_nothing(running):
    from brightline.review import people

    state = running.state
    planted = "a" * 43
    assert people.find_session(state.store, planted, state.setting) is None
    cookies = {people.sign_in(state.store, "lead", PASSWORD, "", state.setting)[1] for _ in range(3)}
    assert len(cookies) == 3
    assert planted not in cookies


@pytest.mark.parametrize(
    "name", ["content-security-policy", "x-content-type-options", "x-frame-options", "cache-control"]
)
def test_every_answer_carries_the_headers_that_keep_browsers_strict(running, name):
    for path in ("/v1/me", "/v1/nothing", "/v1/openapi.json"):
        assert name in httpx.get(running.url + path).headers


def test_too_many_requests_are_told_when_to_come_again():
    from brightline.doors.service.state import Rates

    rates = Rates(2)
    assert rates.take("a") == rates.take("a") == 0
    assert 0 < rates.take("a") <= 30
    assert rates.take("b") == 0
