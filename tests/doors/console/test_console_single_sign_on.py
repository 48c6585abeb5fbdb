"""Signing in at the organisation's own provider: a real one on loopback, real signatures, and every way to cheat."""

import time
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from sign_in_provider import CLIENT, SECRET, Provider
from sqlalchemy import select

from brightline.core.errors import SettingsError
from brightline.doors.service.access import COOKIE
from brightline.doors.service.console import state as console_state
from brightline.doors.service.console.single_sign_on import COOKIE as TRANSACTION
from brightline.doors.service.oidc import FAILED
from brightline.doors.service.serve import open_state
from brightline.review import people
from brightline.review.people import Role
from brightline.review.tables import people as table
from brightline.settings import Settings
from brightline.settings_service import OidcSetting, ServiceSetting, fault_of_service
from serving import served

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def provider():
    one = Provider("localhost")  # another site than 127.0.0.1, as a real one is
    yield one
    one.close()


@pytest.fixture(autouse=True)
def as_before(provider):
    provider.reset()


def setting_of(provider, folder):
    (folder / "secret").write_text(f"{SECRET}\n")
    return OidcSetting(
        issuer=provider.url, client_id=CLIENT, client_secret_file=str(folder / "secret"), name="Example & Sons",
        roles={"moderators": ("reviewer",), "chiefs": ("lead", "author")},
    )  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request, provider, tmp_path_factory):
    """The address of a service, and its state."""
    home, database = tmp_path_factory.mktemp("sso"), ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        server.psql("CREATE SCHEMA sso")
        plain = str(server.get_uri())
        database = f"{plain}{'&' if '?' in plain else '?'}options=-csearch_path%3Dsso"
    service = ServiceSetting(workers=False, oidc=setting_of(provider, home), requests_per_minute=100_000)
    with (
        pytest.MonkeyPatch.context() as patch,
        open_state(Settings(home=home, jobs=1, database=database, service=service)) as state,
    ):
        # All tests sign in from one address; that sixty a minute are enough for people is tested with the sessions.
        patch.setattr(console_state, "SIGN_INS_PER_MINUTE", 10_000)
        people.add_person(state.store, "house", "ada", "The other Ada", (Role.ADMIN,), PASSWORD)
        with served(state) as url:
            yield url, state


@pytest.fixture
def browser(place):
    with httpx.Client(base_url=place[0], headers={"accept": "text/html"}, timeout=60) as client:
        yield client


def begin(client, asked="/settings"):
    """What the provider sends the browser back with."""
    answer = client.get("/sign-in/oidc", params={"next": asked})
    assert answer.status_code == 303
    said = httpx.get(answer.headers["location"]).headers["location"]
    return urlsplit(said)


def come_back(client, back):
    return client.get(f"{back.path}?{back.query}")


def signed_in(client):
    return client.get("/v1/me").json() if COOKIE in client.cookies else None


def row_of(place, subject):
    with place[1].store.reading() as connection:
        return connection.execute(select(table).where(table.c.subject == subject)).first()


@pytest.mark.parametrize("key", ["rsa-1", "ec-1"])
def test_somebody_signs_in_elsewhere_and_gets_the_roles_of_the_groups(place, browser, provider, key):
    provider.key, provider.who["sub"] = key, f"first {key}"
    provider.who["groups"] = ["chiefs", "strangers"]
    assert "Sign in with Example &amp; Sons" in browser.get("/sign-in?next=/queue").text
    answer = come_back(browser, begin(browser, "/queue"))
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/queue">' in answer.text
    told = signed_in(browser)
    assert (told["tenant"], told["roles"]) == ("house", ["lead", "author"])
    assert told["login"].startswith("ada.")  # the login `ada` is a local account's, and stays it
    cookies = "; ".join(answer.headers.get_list("set-cookie")).lower()
    assert "samesite=strict" in cookies.split(TRANSACTION)[0]
    assert TRANSACTION not in browser.cookies
    asked = provider.asked
    assert len(asked["nonce"]) == len(asked["state"]) == len(asked["code_challenge"]) == 43
    assert len({asked["nonce"], asked["state"], asked["code_challenge"]}) == 3
    assert asked["scope"] == "openid profile"
    entry = place[1].house.ledger.entry(place[1].house.ledger.head().size - 1)
    found = place[1].house.ledger.examination(entry.examination).findings[0]
    assert {one.name: one.value for one in found.details}["deed"] == "person.add"


def test_the_transaction_is_lax_and_sealed_and_the_page_asked_for_is_ours(place, browser):
    answer = browser.get("/sign-in/oidc", params={"next": "https://evil.example/"})
    cookie = answer.headers["set-cookie"]
    assert "SameSite=lax" in cookie
    assert "HttpOnly" in cookie
    assert "Path=/sign-in/oidc" in cookie
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    assert state not in cookie
    assert 'content="0;url=/"' in come_back(browser, begin(browser, "//evil.example")).text


def test_the_same_person_keeps_the_account_and_follows_the_groups(place, browser, provider):
    provider.who |= {"sub": "follower", "preferred_username": "grace"}
    come_back(browser, begin(browser))
    first = signed_in(browser)
    assert (first["login"], first["roles"]) == ("grace", ["reviewer"])
    kept = {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
    with httpx.Client(base_url=place[0], headers={"accept": "text/html"}) as other:
        provider.who |= {"preferred_username": "renamed", "groups": ["chiefs"]}
        come_back(other, begin(other))
        second = signed_in(other)
        assert (second["id"], second["login"], second["roles"]) == (first["id"], "grace", ["lead", "author"])
        assert httpx.get(f"{place[0]}/v1/me", headers=kept).status_code == 401  # begun with other roles
        provider.who["groups"] = []
        with httpx.Client(base_url=place[0], headers={"accept": "text/html"}) as third:
            refused = come_back(third, begin(third))
            assert refused.status_code == 403
            assert "give you no role here" in refused.text
        assert other.get("/v1/me").status_code == 401


def test_nobody_signs_in_with_the_password_of_an_account_that_has_none(place, browser, provider):
    provider.who |= {"sub": "no-password", "preferred_username": "nopass"}
    come_back(browser, begin(browser))
    for password in ("", "correct horse battery"):
        answer = httpx.post(f"{place[0]}/sign-in", data={"login": "nopass", "password": password})
        assert answer.status_code == 403


def test_a_closed_account_stays_closed(place, browser, provider):
    provider.who["sub"] = "closed"
    come_back(browser, begin(browser))
    with place[1].store.writing() as connection:
        people.switch(connection, signed_in(browser)["id"], "house", on=False)
    assert come_back(browser, begin(browser)).status_code == 403
    assert browser.get("/v1/me").status_code == 401


NOW = int(time.time())
CHEATS = {
    "a wrong nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another-client"},
    "several audiences and no party": {"aud": [CLIENT, "another-client"]},
    "another party": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
    "another issuer": {"iss": "https://evil.example"},
    "expired": {"iat": NOW - 600, "exp": NOW - 300},
    "no expiry": {"exp": None},
    "of tomorrow": {"iat": NOW + 86_400, "exp": NOW + 90_000},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject of any length": {"sub": "s" * 256},
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(place, browser, provider, cheat):
    provider.who["sub"] = "cheat"
    provider.claims = CHEATS[cheat]
    refused(browser, come_back(browser, begin(browser)))
    assert row_of(place, "cheat") is None


def refused(client, answer):
    assert answer.status_code == 403
    assert FAILED in answer.text
    assert COOKIE not in client.cookies


@pytest.mark.parametrize("how", ["none", "HS256", "a stranger's key", "an unknown key"])
def test_a_token_that_the_provider_did_not_sign_opens_nothing(browser, provider, how):
    provider.who["sub"] = "cheat"
    if how == "none":
        provider.algorithm, provider.signer = "none", ""
    elif how == "HS256":  # signed with what everybody knows: the name of the client
        provider.algorithm, provider.signer = "HS256", (CLIENT * 4)
    else:
        provider.signer = rsa.generate_private_key(65537, 2048)
    refused(browser, come_back(browser, begin(browser)))


def test_an_answer_of_another_sign_in_opens_nothing(place, browser):
    back = begin(browser)
    query = {name: values[0] for name, values in parse_qs(back.query).items()}
    for wrong in ({"state": "x" * 43}, {"state": ""}, {"iss": "https://evil.example"}, {"code": ""}):
        with httpx.Client(base_url=place[0], headers={"accept": "text/html"}) as client:
            client.cookies.set(TRANSACTION, browser.cookies[TRANSACTION])
            refused(client, client.get(f"{back.path}?{urlencode(query | wrong)}"))
    with httpx.Client(base_url=place[0], headers={"accept": "text/html"}) as victim:
        # An attacker's own answer, sent to somebody who began nothing, or began another sign-in.
        refused(victim, come_back(victim, back))
        begin(victim)
        refused(victim, come_back(victim, back))
        victim.cookies.set(TRANSACTION, "x" * 400)
        refused(victim, come_back(victim, back))


def test_a_code_counts_once_also_at_a_provider_that_forgets(place, browser, provider):
    back = begin(browser)
    kept = browser.cookies[TRANSACTION]
    code = parse_qs(back.query)["code"][0]
    remembered = provider.codes[code]
    assert come_back(browser, back).status_code == 200
    with httpx.Client(base_url=place[0], headers={"accept": "text/html"}) as again:
        again.cookies.set(TRANSACTION, kept)
        provider.codes[code] = remembered
        refused(again, come_back(again, back))
        assert code in provider.codes  # it was not even asked


def test_a_sign_in_that_took_too_long_is_over(browser, monkeypatch):
    from brightline.doors.service import oidc

    monkeypatch.setattr(oidc, "TRANSACTION_S", -1)
    answer = browser.get("/sign-in/oidc")
    monkeypatch.undo()
    said = urlsplit(httpx.get(answer.headers["location"]).headers["location"])
    sealed = answer.headers["set-cookie"].split("=", 1)[1].split(";")[0]
    browser.cookies.set(TRANSACTION, sealed)
    refused(browser, come_back(browser, said))


def test_a_provider_that_is_away_is_told_of_and_local_accounts_still_sign_in(tmp_path, provider):
    away = msgspec.structs.replace(setting_of(provider, tmp_path), issuer="http://127.0.0.1:9")
    service = ServiceSetting(workers=False, oidc=away)
    with open_state(Settings(home=tmp_path, jobs=1, service=service)) as state, served(state) as url:
        people.add_person(state.store, "house", "local", "L", (Role.REVIEWER,), PASSWORD)
        with httpx.Client(base_url=url, headers={"accept": "text/html"}) as client:
            refused(client, client.get("/sign-in/oidc"))
            client.post("/sign-in", data={"login": "local", "password": PASSWORD})
            assert signed_in(client)["login"] == "local"
            forged = client.get("/sign-in/oidc", headers={"host": "evil.example"})
            assert forged.status_code == 400


def test_settings_that_would_let_in_nobody_or_anybody_are_refused(tmp_path, provider):
    good = setting_of(provider, tmp_path)
    for wrong, told in (
        ({"issuer": "http://sso.example"}, "expected https://"),
        ({"client_id": ""}, "client_id"),
        ({"scopes": ("profile",)}, "openid"),
        ({"roles": {}}, "nobody could sign in"),
        ({"roles": {"a": ("king",)}}, "`king`"),
        ({"algorithms": ()}, "algorithms"),
    ):
        fault = fault_of_service(ServiceSetting(oidc=msgspec.structs.replace(good, **wrong)))
        assert told in fault, fault
    assert "public_url" in fault_of_service(ServiceSetting(host="0.0.0.0", oidc=good))
    assert fault_of_service(ServiceSetting(oidc=good)) == ""
    missing = msgspec.structs.replace(good, client_secret_file=str(tmp_path / "none"))
    service = ServiceSetting(workers=False, oidc=missing)
    with (
        open_state(Settings(home=tmp_path, jobs=1, service=service)) as state,
        pytest.raises(SettingsError, match="cannot read"),
        served(state),
    ):
        pass


@pytest.mark.browser
def test_a_browser_goes_there_and_comes_back_signed_in(place, chromium, provider):
    """The provider is another site, so that the session's strict cookie would stay behind after a mere redirect."""
    provider.who["sub"] = f"browser {time.time()}"
    context = chromium.new_context(locale="en-GB")
    try:
        page = context.new_page()
        page.goto(f"{place[0]}/settings")
        page.get_by_role("link", name="Sign in with Example & Sons").click()
        page.wait_for_url(f"{place[0]}/settings")
        assert page.get_by_role("heading", name="Settings").is_visible()
        assert page.get_by_role("button", name="Ada L.: Sign out").is_visible()
    finally:
        context.close()


def test_without_the_setting_there_is_no_button_and_no_way(console):
    with httpx.Client(base_url=console.url, headers={"accept": "text/html"}) as client:
        assert "/sign-in/oidc" not in client.get("/sign-in").text
        assert client.get("/sign-in/oidc").status_code == 404
        assert client.get("/sign-in/oidc/back").status_code == 404
