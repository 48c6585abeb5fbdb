"""Settings, policy and keys are read anew while streams go on; what is wrong changes nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx2
import msgspec
import pytest
from gateway_parts import RunningGateway, settings_for

from brightline.core.errors import SettingsError
from brightline.doors.cli.main import outcome
from brightline.doors.gateway.running import reload_all
from brightline.doors.gateway.serve import Gateway
from brightline.settings import load_settings

STRICT = """
pack: acme/strict
version: 2026.11.1
title: {en: Strict, zh: 从严}
jurisdiction: HOUSE
about: {en: Nothing passes., zh: 一律不放行。}
rules:
  - id: any
    when: subject.kind == 'chat' && context.channel == 'gateway'
    action: block
    severity: low
    grounds: [{law: House rules, article: strict, standing: house, as_of: 2026-11-23}]
    message: {en: Closed., zh: 已关闭。}
    cases:
      - {name: a chat, subject: {kind: chat}, context: {channel: gateway}, expect: {matches: true, action: block}}
      - {name: a text, subject: {kind: text}, expect: {matches: false}}
"""


class Reloadable(RunningGateway):
    """A gateway whose settings on disk are an attribute."""

    def start(self):
        self.wanted = self.settings
        self.gateway = Gateway(self.settings, lambda: self.wanted)
        self._thread = threading.Thread(target=self.gateway.run, args=(self._heard,), daemon=True)
        self._thread.start()
        assert self._ready.wait(90)
        return self

    def want(self, **more):
        self.wanted = msgspec.structs.replace(
            self.wanted,
            gateway=msgspec.structs.replace(self.wanted.gateway, **more.pop("gateway", {})),
            **more,
        )
        self.gateway.reload().result(60)


@pytest.fixture
def reloadable(upstream, tmp_path):
    one = Reloadable(settings_for(tmp_path / "home", upstream.port)).start()
    yield one
    one.stop()


def test_a_stream_that_runs_ends_whole_under_the_policy_it_began_with(reloadable, tmp_path):
    token, _ = reloadable.key("tenant-r")
    (tmp_path / "strict.yaml").write_text(STRICT, "utf-8")
    said = " ".join(f"Sentence {n} of a slow answer." for n in range(12))
    body = {"model": "slow", "stream": True, "messages": [{"role": "user", "content": f"say:{said}"}]}
    with (
        httpx2.Client(timeout=60) as client,
        client.stream("POST", f"{reloadable.url}/v1/chat/completions", json=body,
                      headers={"authorization": f"Bearer {token}"}) as answer,
    ):  # fmt: skip
        lines = answer.iter_lines()
        first = next(line for line in lines if "content" in line)
        old = reloadable.gateway._app.state
        reloadable.want(policies=("house/default", str(tmp_path / "strict.yaml")))
        assert old.in_flight == 1
        assert reloadable.chat(token, "say:Hello.").json()["error"]["message"] == "Closed."
        rest = [first, *lines]
    words = "".join(
        json.loads(line[6:])["choices"][0]["delta"].get("content", "")
        for line in rest
        if line.startswith("data: {") and json.loads(line[6:])["choices"]
    )
    assert words == said
    assert "data: [DONE]" in rest
    end = time.monotonic() + 5
    while not old.client._session.closed and time.monotonic() < end:
        time.sleep(0.05)
    assert old.client._session.closed


def test_new_upstreams_and_models_are_served_at_once(reloadable, upstream):
    token, _ = reloadable.key("tenant-r")
    assert reloadable.chat(token, "say:x", model="fresh").status_code == 404
    (one,) = reloadable.settings.gateway.upstreams
    more = msgspec.structs.replace(one, models={**one.models, "fresh": "say"})
    reloadable.want(gateway={"upstreams": (more,)})
    assert reloadable.chat(token, "say:x", model="fresh").status_code == 200


def test_what_is_known_of_an_upstreams_health_outlives_a_reload(reloadable):
    before = reloadable.gateway._app.state.pool.upstreams
    reloadable.want(gateway={"extra_fields": ("seedling",)})
    assert reloadable.gateway._app.state.pool.upstreams == before


def test_what_is_wrong_changes_nothing(reloadable, tmp_path):
    token, _ = reloadable.key("tenant-r")
    (tmp_path / "broken.yaml").write_text("pack: [", "utf-8")
    state = reloadable.gateway._app.state
    good = reloadable.wanted
    for more, said in (
        ({"policies": (str(tmp_path / "broken.yaml"),)}, "broken.yaml"),
        ({"gateway": {"port": 1}}, "restart"),
        ({"gateway": {"upstreams": ()}}, "no upstream"),
        ({"gateway": {"prompt_detectors": ("text.nothing",)}}, "text.nothing"),
    ):
        with pytest.raises(Exception, match=said):
            reloadable.want(**more)
        reloadable.wanted = good
        assert reloadable.gateway._app.state is state
    assert reloadable.chat(token, "say:Hello.").status_code == 200


def test_the_command_tells_a_running_process_and_hears_what_came_of_it(
    upstream, tmp_path, monkeypatch, capfd
):
    file = tmp_path / "brightline.toml"
    table = f"""
home = "{tmp_path / "home"}"
policies = ["house/default"]
[gateway]
port = 0
media_workers = 0
[[gateway.upstreams]]
name = "scripted"
base_url = "http://127.0.0.1:{upstream.port}/v1"
models = {{ NAME = "say" }}
health_seconds = 0
"""
    file.write_text(table.replace("NAME", "assistant"))
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("BRIGHTLINE_")]:
        monkeypatch.delenv(name)
    assert outcome(["gateway", "reload"]) == 2
    assert "no gateway runs" in capfd.readouterr().err
    assert outcome(["gateway", "key", "new", "tenant-c"]) == 0
    token = capfd.readouterr().out.strip()
    process = subprocess.Popen(
        [sys.executable, "-m", "brightline", "gateway"], stderr=subprocess.PIPE, text=True
    )
    try:
        said = ""
        while "listening on" not in said:
            said = process.stderr.readline()
            assert said, "it ended before it listened"
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        gateway = RunningGateway(
            load_settings(file, {}), port=int(said.rpartition("/v1")[0].rpartition(":")[2])
        )
        assert gateway.chat(token, "say:x", "second").status_code == 404
        file.write_text(table.replace("NAME", "second"))
        assert outcome(["gateway", "reload"]) == 0
        assert gateway.chat(token, "say:x", "second").status_code == 200
        file.write_text("[gateway")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert gateway.chat(token, "say:x", "second").status_code == 200
        file.write_text(table.replace("NAME", "third").replace("port = 0", "port = 1"))
        assert outcome(["gateway", "reload"]) == 2
        assert "restart" in capfd.readouterr().err
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        drain.join(5)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    assert not [*(tmp_path / "home").glob("gateway-*.pid")]
    with pytest.raises(SettingsError, match="no gateway runs"):
        reload_all(tmp_path / "home")
