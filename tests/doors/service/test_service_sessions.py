"""Sessions and forms: no other site's page changes anything, sessions begin afresh and end when they should, guessing is slow."""

import re
import time
from http.cookies import SimpleCookie

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import func, select

from brightline.doors.service.access import COOKIE, CSRF_HEADER, SECURE_COOKIE, csrf_of
from brightline.doors.service.app import ROUTERS
from brightline.doors.service.console.app import ROUTERS as PAGES
from brightline.doors.service.serve import open_state
from brightline.doors.service.state import Rates
from brightline.review import people
from brightline.review.people import FREE_FAILURES, Role
from brightline.review.store import new_id
from brightline.review.tables import metadata
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting
from serving import served

PASSWORD, NEW = "correct horse battery", "another horse entirely"
SAFE = {"GET", "HEAD", "OPTIONS"}
OUTSIDE = {"/sign-in", "/look", "/appeal", "/appeal/status"}  # forms of those who have no session
CHANGING = [
    (route, method)
    for router in (*ROUTERS, *PAGES)
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods - SAFE)
]
FORM = {"content-type": "application/x-www-form-urlencoded"}


def path_of(route):
    return re.sub(r"\{\w+\}", "0" * 32, re.sub(r"\{index\}", "0", route.path))


def new_person(running):
    """The login of somebody with every role, whom no other test knows."""
    login = f"s-{new_id()[-8:]}"
    people.add_person(running.state.store, "t", login, login, tuple(Role), PASSWORD)
    return login


@pytest.fixture(scope="module")
def signed_in(running):
    """Browsers without a face; each call gives one, and the answer to its form."""
    begun = []

    def begin(login, password=PASSWORD):
        begun.append(httpx.Client(base_url=running.url, headers={"accept": "text/html"}, timeout=60))
        form = {"login": login, "password": password, "next": "/"}
        return begun[-1], begun[-1].post("/sign-in", data=form)

    yield begin
    for client in begun:
        client.close()


@pytest.fixture(scope="module")
def browser(running, signed_in):
    return signed_in(new_person(running))[0]


def sizes(store):
    """How many rows each table has."""
    with store.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_every_route_that_changes_something_refuses_a_form_of_another_site(running, browser):
    """Enumerated from the router: a cookie alone, with no token, a guessed one, or one of another session."""
    cookie = browser.cookies[COOKIE]
    token, other = csrf_of(cookie), csrf_of("b" * 43)
    jar = {"cookie": f"{COOKIE}={cookie}"}
    attempts = [
        {"headers": jar},
        {"headers": jar | {CSRF_HEADER: other}},
        {"headers": jar | {CSRF_HEADER: ""}, "params": {"csrf": token}},
        {"headers": jar | FORM, "content": f"csrf={other}&action=block&note=n"},
        {"headers": jar | {"content-type": "text/plain"}, "content": f'csrf={token}&{{"a": "'},
        {"headers": jar, "files": {"file": ("a.txt", b"tea")}, "data": {"csrf": other}},
    ]
    before, let_in = sizes(running.state.store), []
    with httpx.Client(base_url=running.url, timeout=60) as client:
        for route, method in CHANGING:
            if route.path in OUTSIDE:
                continue
            for attempt in attempts:
                answer = client.request(method, path_of(route), **attempt)
                if answer.status_code != 403:
                    let_in.append((method, route.path, answer.status_code, answer.text[:100]))
    assert let_in == []
    assert sizes(running.state.store) == before
    assert len(CHANGING) > 70


def test_with_the_token_of_the_session_the_same_routes_are_reached(running, signed_in):
    """So that the refusals above are those of the token. Signing out comes last."""
    client, _ = signed_in(new_person(running))
    token = csrf_of(client.cookies[COOKIE])
    for route, method in CHANGING:
        if route.path in OUTSIDE | {"/sign-out"} or route.path.startswith("/v1/bank"):
            continue
        answer = client.request(method, path_of(route), headers={CSRF_HEADER: token})
        assert "not of this session" not in answer.text, (method, route.path)
    assert client.get("/v1/me").status_code == 200


@pytest.mark.parametrize("path", sorted(OUTSIDE))
def test_forms_without_a_session_refuse_other_sites(running, path):
    own = running.url
    for said in (
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "cross-site", "origin": own},
        {"origin": "https://elsewhere.example"}, {"origin": "null"}, {"origin": own + ".elsewhere.example"}, {"origin": "garbage"},
    ):  # fmt: skip
        answer = httpx.post(own + path, data={"login": "lead", "password": "x", "code": "A"}, headers=said)
        assert answer.status_code == 403, said
        assert "not of this session" in answer.text
        assert "set-cookie" not in answer.headers
    for said in ({}, {"origin": own}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}):
        answer = httpx.post(own + path, data={"login": "nobody", "password": "x", "code": "A"}, headers=said)
        assert "not of this session" not in answer.text, said


def test_a_session_begins_under_a_new_id_whatever_the_browser_brought(running, signed_in):
    login, planted = new_person(running), "a" * 43
    first, _ = signed_in(login)
    known = first.cookies[COOKIE]
    for brought in (planted, known):
        answer = httpx.post(
            f"{running.url}/sign-in",
            data={"login": login, "password": PASSWORD},
            headers={"cookie": f"{COOKIE}={brought}"},
        )
        given = SimpleCookie(answer.headers["set-cookie"])[COOKIE].value
        assert given not in {planted, known}
        assert len(given) >= 43  # 256 bits
        assert httpx.get(f"{running.url}/v1/me", headers={"cookie": f"{COOKIE}={brought}"}).status_code == 401
        assert httpx.get(f"{running.url}/v1/me", headers={"cookie": f"{COOKIE}={given}"}).status_code == 200
    for place in (f"/v1/me?{COOKIE}={given}", f"/v1/me;{COOKIE}={given}"):  # no address opens a session
        assert httpx.get(running.url + place).status_code in {401, 404}


def test_the_sessions_cookie_stays_with_this_site_and_out_of_scripts(running, signed_in):
    _, answer = signed_in(new_person(running))
    told = answer.headers.get_list("set-cookie")
    mine = next(one for one in told if one.startswith(f"{COOKIE}="))
    assert "HttpOnly" in mine
    assert "SameSite=strict" in mine
    assert "Path=/" in mine
    assert "Domain" not in mine
    assert "Max-Age" not in mine  # it ends with the browser
    assert "expires" not in mine.lower()


def test_by_tls_the_cookie_is_marked_secure_and_no_other_host_can_plant_it(tmp_path):
    setting = ServiceSetting(public_url="https://review.example.com", workers=False)
    with open_state(Settings(home=tmp_path, jobs=1, service=setting)) as state, served(state) as url:
        people.add_person(state.store, "t", "ann", "Ann", (Role.REVIEWER,), PASSWORD)
        form, own = {"login": "ann", "password": PASSWORD}, {"origin": "https://review.example.com"}
        answer = httpx.post(f"{url}/sign-in", data=form, headers=own)
        mine = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(SECURE_COOKIE))
        assert "Secure" in mine
        assert "Path=/" in mine
        assert "Domain" not in mine
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        value = SimpleCookie(mine)[SECURE_COOKIE].value
        assert httpx.get(f"{url}/v1/me", headers={"cookie": f"{SECURE_COOKIE}={value}"}).status_code == 200
        planted = httpx.get(f"{url}/v1/me", headers={"cookie": f"{COOKIE}={value}"})
        assert planted.status_code == 401
        assert (
            httpx.post(f"{url}/sign-in", data=form, headers={"origin": "https://evil.example"}).status_code
            == 403
        )


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(running, signed_in):
    client, _ = signed_in(new_person(running))
    kept = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    other = {"cookie": f"{COOKIE}={signed_in('lead')[0].cookies[COOKIE]}"}
    assert httpx.get(f"{running.url}/v1/me", headers=kept).status_code == 200
    answer = client.post("/sign-out", data={"csrf": csrf_of(client.cookies[COOKIE])})
    assert answer.status_code == 303
    assert f'{COOKIE}=""' in answer.headers["set-cookie"]
    assert httpx.get(f"{running.url}/v1/me", headers=kept).status_code == 401
    assert httpx.get(f"{running.url}/v1/me", headers=other).status_code == 200


def test_a_new_password_ends_all_sessions_and_the_old_password(running, signed_in):
    login = new_person(running)
    here, there = signed_in(login)[0], signed_in(login)[0]
    form = {"csrf": csrf_of(here.cookies[COOKIE]), "old": PASSWORD, "new": NEW}
    refused = here.post("/settings/password", data=form | {"old": "a guess of mine"})
    assert refused.status_code == 403
    assert there.get("/v1/me").status_code == 200
    assert here.post("/settings/password", data=form).status_code == 303
    for client in (here, there):
        assert client.get("/v1/me").status_code == 401
    assert COOKIE not in signed_in(login)[1].cookies
    assert COOKIE in signed_in(login, NEW)[1].cookies


def test_one_time_codes_asked_for_here_end_the_sessions_elsewhere(running, signed_in):
    from pyotp import TOTP

    login = new_person(running)
    here, there = signed_in(login)[0], signed_in(login)[0]
    token = csrf_of(here.cookies[COOKIE])
    secret = re.search(
        r'name="secret" value="(\w+)"', here.post("/settings/second", data={"csrf": token}).text
    )[1]
    form = {"csrf": token, "secret": secret, "code": TOTP(secret).now()}
    assert here.post("/settings/second/confirm", data=form).status_code == 303
    assert here.get("/v1/me").status_code == 200
    assert there.get("/v1/me").status_code == 401


def test_closing_an_account_ends_its_sessions_at_once(running, signed_in):
    login = new_person(running)
    client, _ = signed_in(login)
    mine = client.get("/v1/me").json()["id"]
    assert running.as_("admin").post(f"/v1/people/{mine}/close").status_code == 204
    assert client.get("/v1/me").status_code == 401


def test_an_account_rests_after_failures_and_does_not_say_so(running, signed_in):
    """The right password is refused in the same words while it rests, so that nobody learns which guess was right."""
    login = new_person(running)
    wrong = [signed_in(login, f"guess number {n} of mine")[1] for n in range(FREE_FAILURES)]
    right = signed_in(login)[1]
    nobody = signed_in(f"no-{new_id()[-8:]}", "guess of mine today")[1]
    answers = [*wrong, right, nobody]
    assert {answer.status_code for answer in answers} == {403}
    assert {COOKIE in answer.cookies for answer in answers} == {False}
    assert len({re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}) == 1
    with running.state.store.writing() as connection:  # its rest is over
        from brightline.review.tables import people as table

        row = connection.execute(select(table).where(table.c.login == login)).one()
        assert row.locked_ms - time.time() * 1000 > 20_000
        connection.execute(table.update().where(table.c.login == login).values(locked_ms=0))
    again = signed_in(login, "yet another guess of mine")[1]
    assert again.status_code == 403
    with running.state.store.reading() as connection:
        later = connection.execute(select(table.c.locked_ms).where(table.c.login == login)).scalar_one()
    assert later - time.time() * 1000 > 50_000  # twice as long
    assert signed_in(login)[1].status_code == 403


def test_answers_say_how_many_requests_are_left_and_when_to_come_again(tmp_path):
    setting = ServiceSetting(requests_per_minute=3, workers=False)
    with open_state(Settings(home=tmp_path, jobs=1, service=setting)) as state, served(state) as url:
        token = people.add_token(state.store, "t", "rev", (Role.REVIEWER,))[1]
        head = {"authorization": f"Bearer {token}"}
        answers = [
            httpx.get(f"{url}/v1/{what}", headers=head) for what in ("me", "people", "cases/none", "me", "me")
        ]
        assert [answer.status_code for answer in answers] == [200, 403, 422, 429, 429]
        for left, answer in zip((2, 1, 0, 0, 0), answers, strict=True):
            assert answer.headers["ratelimit-policy"] == '"requests";q=3;w=60'
            assert re.fullmatch(rf'"requests";r={left};t=\d+', answer.headers["ratelimit"])
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 21
        assert "ratelimit" not in httpx.get(f"{url}/healthz").headers
        tries = [
            httpx.post(f"{url}/sign-in", data={"login": "x", "password": "y"}).status_code for _ in range(3)
        ]
        assert tries == [403] * 3


def test_sign_ins_and_forms_from_one_address_are_limited(tmp_path):
    with (
        open_state(Settings(home=tmp_path, jobs=1, service=ServiceSetting(workers=False))) as state,
        served(state) as url,
        httpx.Client(base_url=url) as client,
    ):
        answers = [client.post("/appeal/status", data={"code": "A"}) for _ in range(24)]
        assert answers[0].status_code == 200
        assert answers[0].headers["ratelimit-policy"] == '"forms";q=20;w=60'
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) <= 4
        assert (
            client.post("/sign-in", data={"login": "x", "password": "y"})
            .headers["ratelimit"]
            .startswith('"sign-ins";r=')
        )


def test_a_bucket_refills_and_tells_when_it_is_full():
    rates = Rates(60, "x")
    assert rates.fields("a") == {"ratelimit-policy": '"x";q=60;w=60', "ratelimit": '"x";r=60;t=0'}
    for _ in range(10):
        rates.take("a")
    assert rates.fields("a")["ratelimit"] in {'"x";r=50;t=10', '"x";r=50;t=9'}
