"""`brightline gateway` as people run it: a process with the shipped policy, ended by a signal."""

import json
import os
import signal
import subprocess
import sys

from gateway_parts import RunningGateway

from brightline.settings import load_settings

TABLE = """
home = "{home}"
[gateway]
port = 0
[[gateway.upstreams]]
name = "scripted"
base_url = "http://127.0.0.1:{port}/v1"
key_file = "{key}"
models = {{ assistant = "say" }}
"""


def test_the_process_serves_tells_in_json_and_ends_in_order(tmp_path, upstream):
    (tmp_path / "upstream.key").write_text("sk-of-the-upstream\n")
    file = tmp_path / "brightline.toml"
    file.write_text(TABLE.format(home=tmp_path / "home", port=upstream.port, key=tmp_path / "upstream.key"))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BRIGHTLINE_")}
    brightline = [sys.executable, "-m", "brightline", "gateway"]
    made = subprocess.run(
        [*brightline, "key", "new", "tenant-p", "--audience", "public", "--settings", file],
        capture_output=True, text=True, check=True, env=environ,
    )  # fmt: skip
    token = made.stdout.strip()
    process = subprocess.Popen(
        [*brightline, "--settings", file], stderr=subprocess.PIPE, text=True, env=environ
    )
    try:
        said = ""
        while "listening on" not in said:
            said = process.stderr.readline()
            assert said, "it ended before it listened"
        gateway = RunningGateway(
            load_settings(file, {}), port=int(said.rpartition("/v1")[0].rpartition(":")[2])
        )
        answer = gateway.chat(token, "say:Good morning.", "assistant")
        assert answer.json()["choices"][0]["message"]["content"] == "Good morning."
        assert upstream.heard[-1][1]["authorization"] == "bearer sk-of-the-upstream"
        assert "[DONE]" in gateway.chat(token, "say:One. Two.", "assistant", stream=True).text
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    lines = [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line.get("event") == "request"]
    assert [(line["status"], line["tenant"]) for line in requests] == [(200, "tenant-p")] * 2
    assert "sk-of-the-upstream" not in logged
    assert token not in logged
    verified = subprocess.run(
        [sys.executable, "-m", "brightline", "ledger", "verify", "--settings", file],
        capture_output=True, text=True, check=False, env=environ,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr
