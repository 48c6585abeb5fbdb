"""People with tokens of a real issuer on loopback: who is let in, as whom, and who is not."""

import base64
import http.server
import json
import threading
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from brightline.core.errors import SettingsError
from brightline.doors.gateway.people import People
from brightline.settings_gateway import GatewaySetting, IssuerSetting, fault_of


class Issuer:
    """Signs tokens, and tells its keys at its own address."""

    def __init__(self):
        self.keys = {
            "rsa-1": rsa.generate_private_key(65537, 2048),
            "ec-1": ec.generate_private_key(ec.SECP256R1()),
        }
        self.asked = 0
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked += 1
                told = (
                    issuer.jwks()
                    if self.path == "/jwks"
                    else {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/jwks"}
                )
                data = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def jwks(self):
        kinds = {"rsa": (jwt.algorithms.RSAAlgorithm, "RS256"), "ec": (jwt.algorithms.ECAlgorithm, "ES256")}
        rows = []
        for name, key in self.keys.items():
            kind, algorithm = kinds[name.split("-")[0]]
            rows.append(
                {**kind.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig", "alg": algorithm}
            )
        return {"keys": rows}

    def token(self, key="rsa-1", algorithm=None, **claims):
        now = int(time.time())
        said = {
            "iss": self.url,
            "sub": "person-1",
            "aud": "brightline",
            "iat": now,
            "exp": now + 300,
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(
            said, self.keys[key], algorithm or ("RS256" if key.startswith("rsa") else "ES256"), {"kid": key}
        )


@pytest.fixture(scope="module")
def issuer():
    one = Issuer()
    yield one
    one.server.shutdown()
    one.server.server_close()


def setting(issuer, **more):
    return IssuerSetting(
        issuer=issuer.url, audience="brightline", **{"discover": True, "tenant": "staff", **more}
    )


@pytest.fixture
def people(issuer, tmp_path):
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.jwks()))
    return People([setting(issuer, discover=False, jwks_file=str(tmp_path / "jwks.json"))])


def test_a_person_asks_a_model_with_the_issuers_token(issuer, upstream, another):
    row = setting(issuer, operator_role="ops", models=("say",), tokens_per_day=1000)
    gateway = another(upstream.port, gateway={"issuers": (row,)})
    answer = gateway.chat(issuer.token(), "say:Good morning.")
    assert answer.json()["choices"][0]["message"]["content"] == "Good morning."
    assert gateway.chat(issuer.token(key="ec-1"), "say:Hello.").status_code == 200
    assert gateway.chat(issuer.token(), "x", model="echo").status_code == 404
    assert gateway.chat(issuer.token(exp=int(time.time()) - 60), "x").status_code == 401
    entry = gateway.gateway._ledger.entry(0)
    context = gateway.gateway._ledger.examination(entry.examination).context
    assert (context.tenant, context.actor[:2]) == ("staff", "p-")
    assert "person-1" not in context.actor


def test_the_metrics_are_for_people_of_the_operators_role(issuer, upstream, another):
    import httpx2

    gateway = another(upstream.port, gateway={"issuers": (setting(issuer, operator_role="ops"),)})
    for roles, status in ((["ops"], 200), (["others"], 403), (None, 403), ({"ops": 1}, 403)):
        headers = {"authorization": f"Bearer {issuer.token(roles=roles)}"}
        assert httpx2.get(f"{gateway.url}/metrics", headers=headers).status_code == status


def test_keys_from_a_file_need_no_network(issuer, people):
    asked = issuer.asked
    key = people.find(issuer.token())
    assert (key.tenant, issuer.asked) == ("staff", asked)
    assert people.find(issuer.token()) is not None


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"exp": None}, {"iat": None}, {"sub": None}, {"aud": "another"}, {"aud": None}, {"iss": "https://other.test"},
     {"iat": 99999999999}, {"nbf": 99999999999}, {"exp": "soon"}],
)  # fmt: skip
def test_a_token_that_is_not_for_us_or_not_now_lets_nobody_in(issuer, people, claims):
    assert people.find(issuer.token(**claims)) is None


def test_a_token_that_its_issuer_did_not_sign_lets_nobody_in(issuer, people):
    good = issuer.token()
    head, body, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"rsa-1"}').rstrip(b"=").decode()
    public = issuer.keys["rsa-1"].public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    shared = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa-1"}').rstrip(b"=").decode()
    import hmac

    mac = (
        base64.urlsafe_b64encode(hmac.digest(public, f"{shared}.{body}".encode(), "sha256"))
        .rstrip(b"=")
        .decode()
    )
    other = Issuer()
    other.url = issuer.url
    try:
        forged = [f"{none}.{body}.", f"{head}.{body}.", f"{shared}.{body}.{mac}", f"{head}.{body}.{signature[:-6]}AAAAAA",
                  other.token(), "a.b.c", "...", f"{head}.{'A' * 20000}.{signature}"]  # fmt: skip
        assert [people.find(token) for token in forged] == [None] * len(forged)
    finally:
        other.server.shutdown()
        other.server.server_close()
    assert people.find(good) is not None


def test_a_remembered_token_ends_when_it_expires(issuer, people):
    token = issuer.token(exp=int(time.time()) - 29)  # within the leeway of thirty seconds, for one more
    assert people.find(token) is not None
    time.sleep(1.2)
    assert people.find(token) is None


def test_the_tenant_may_be_a_claim_and_two_people_are_two(issuer, tmp_path):
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.jwks()))
    people = People(
        [
            setting(
                issuer, discover=False, jwks_file=str(tmp_path / "jwks.json"), tenant="", tenant_claim="org"
            )
        ]
    )
    first, second = people.find(issuer.token(org="a")), people.find(issuer.token(org="b", sub="person-2"))
    assert (first.tenant, second.tenant) == ("a", "b")
    assert first.id != second.id
    assert people.find(issuer.token()) is None
    assert people.find(issuer.token(org=["a"])) is None


def test_a_new_key_of_the_issuer_is_asked_for_once(issuer):
    import asyncio

    people = People([setting(issuer)])
    asyncio.run(people.ask())
    issuer.keys["rsa-2"] = rsa.generate_private_key(65537, 2048)
    try:
        token = issuer.token(key="rsa-2")
        assert people.find(token) is None
        one = people._issuers[issuer.url]
        assert (
            not one.wants_keys
        )  # it was asked just now: a stranger's token must not make us ask again and again
        one._issuer._asked -= 61
        assert people.find(token) is None
        asyncio.run(people.ask())
        assert people.find(token) is not None
    finally:
        del issuer.keys["rsa-2"]


def test_an_issuer_that_does_not_answer_stops_nobody_else(caplog):
    import asyncio
    import logging

    logging.getLogger("brightline.gateway").propagate = True
    people = People([IssuerSetting(issuer="http://127.0.0.1:9", audience="x", discover=True, tenant="t")])
    asyncio.run(people.ask())
    assert people.find("a.b.c") is None


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"keys":[]}', b'{"keys":[{"kty":"oct","k":"AAAA","kid":"x"}]}', b"[" * 100_000]
)
def test_a_file_without_public_keys_is_refused(tmp_path, data):
    (tmp_path / "jwks.json").write_bytes(data)
    row = IssuerSetting(
        issuer="https://id.example", audience="x", jwks_file=str(tmp_path / "jwks.json"), tenant="t"
    )
    with pytest.raises(SettingsError, match="holds no key"):
        People([row])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (IssuerSetting(issuer="https://id.example", audience="x", tenant="t"), "jwks_file"),
        (IssuerSetting(issuer="http://id.example", audience="x", discover=True, tenant="t"), "https"),
        (IssuerSetting(issuer="https://id.example", audience="x", discover=True), "tenant"),
        (IssuerSetting(issuer="https://id.example", audience="", discover=True, tenant="t"), "audience"),
        (
            IssuerSetting(
                issuer="https://id.example", audience="x", discover=True, tenant="t", money_per_day=1
            ),
            "prices",
        ),
    ],
)
def test_settings_that_would_let_too_many_in_are_refused(row, said):
    assert said in fault_of(GatewaySetting(issuers=(row,)))
