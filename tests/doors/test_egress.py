"""Nothing leaves the machine: every door is run under a watch of its system calls, and the whole demo where there is only loopback."""

import http.server
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from brightline.settings import load_settings

ROOT = Path(__file__).parents[2]
BRIGHTLINE = str(Path(sys.executable).with_name("brightline"))
CALLS = "connect,sendto,sendmsg,sendmmsg"
PLACE = re.compile(
    r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)|sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"'
)
RESOLVERS = ("systemd/resolve", "avahi", "mdns")
FILES = ["mail", "image", "speech", "document", "text", "chat", "feed", "data"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="this machine has no strace"),
]


def watched(words, log, **more):
    """Words that run a program with all its children under watch."""
    return [
        "strace",
        "-f",
        "-qq",
        "--seccomp-bpf",
        "-e",
        f"trace={CALLS}",
        "-e",
        "signal=none",
        "-o",
        str(log),
        *map(str, words),
    ]


def strays(log):
    """Addresses beyond loopback, and name servers, that a watched program spoke to or tried to."""
    found = []
    for line in log.read_text("utf-8", "replace").splitlines():
        for match in PLACE.finditer(line):
            port, address = match[1] or match[3], match[2] or match[4]
            if not (address.startswith("127.") or address in {"::1", "::ffff:127.0.0.1"}) or port == "53":
                found.append(f"{address}:{port}")
        if "AF_UNIX" in line and any(one in line for one in RESOLVERS):
            found.append(line)
    return found


def run(words, log, codes=(0, 1, 3)):
    ran = subprocess.run(watched(words, log), capture_output=True, text=True, timeout=250, check=False)
    assert ran.returncode in codes, ran.stdout + ran.stderr
    return ran


@pytest.mark.parametrize(
    "code",
    ["import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
     "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.connect_ex(('2001:db8::1', 9))",
     "import ctypes, socket; socket.socket().connect_ex(('127.0.0.53', 53))",
     "import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('192.0.2.1', 80))",
     "import subprocess, sys; subprocess.run([sys.executable, '-c', \"import socket; socket.socket(type=2).connect(('198.51.100.1', 9))\"])"],
)  # fmt: skip
def test_the_watch_sees_what_would_leave(tmp_path, code):
    log = tmp_path / "log"
    subprocess.run(watched([sys.executable, "-c", code], log), capture_output=True, check=False, timeout=60)
    assert strays(log)


@pytest.mark.timeout(600)
def test_judging_files_of_every_kind_speaks_to_nobody(tmp_path):
    log, home = tmp_path / "log", tmp_path / "home"
    run([BRIGHTLINE, "scan", *(ROOT / "examples" / one for one in FILES), "--home", home], log)
    assert strays(log) == []


@pytest.mark.timeout(600)
def test_the_other_commands_speak_to_nobody(tmp_path):
    home, log = tmp_path / "home", tmp_path / "log"
    picture = ROOT / "examples" / "image" / "drawing.png"
    mail = ROOT / "examples" / "mail" / "invoice.eml"
    run([BRIGHTLINE, "scan", mail, "--home", home], log)
    for number, words in enumerate(
        (
            ["doctor", "--home", home], ["ledger", "verify", "--home", home], ["replay", "--home", home], ["explain", "0", "--home", home], ["detectors"], ["policy", "test"],
            ["mark", "write", picture, "-o", tmp_path / "marked.png", "--home", home], ["mark", "verify", picture], ["gate", ROOT / "examples" / "data", "--home", home],
            ["bom", ROOT / "examples" / "data"],
        )
    ):  # fmt: skip
        log = tmp_path / f"log{number}"
        run([BRIGHTLINE, *words], log, codes=(0, 1, 2, 3, 4))
        assert strays(log) == [], words


def end(process):
    """End the program, which ends its watch; the watch itself takes no signal."""
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split():
        os.kill(int(child), signal.SIGTERM)
    process.wait(60)


def listening(process, mark):
    """The line in which a server says where it listens."""
    for said in process.stderr:
        if mark in said:
            return said
    raise AssertionError("it ended before it listened")


@pytest.mark.timeout(600)
def test_the_service_speaks_only_to_who_asks(tmp_path):
    log, home = tmp_path / "log", tmp_path / "home"
    file = tmp_path / "brightline.toml"
    file.write_text(f'home = "{home}"\njobs = 1\n[service]\nport = 0\n', "utf-8")
    token = subprocess.run([BRIGHTLINE, "people", "token", "sub", "--role", "submitter", "--settings", file], capture_output=True, text=True, check=True).stdout.split()[-1]  # fmt: skip
    with subprocess.Popen(watched([BRIGHTLINE, "serve", "--settings", file], log), stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        try:
            said = listening(process, "http://")
            address = re.search(r"http://[\d.:]+", said)[0]
            for name in ("mail/bank-phishing.eml", "image/coffee-cup-signed.jpg", "speech/notice.en.flac"):
                request = urllib.request.Request(
                    f"{address}/v1/submissions?wait=60", (ROOT / "examples" / name).read_bytes(), {"authorization": f"Bearer {token}", "content-type": "application/octet-stream"},
                )  # fmt: skip
                with urllib.request.urlopen(request, timeout=120) as answer:
                    assert b'"state":"done"' in answer.read()
            with urllib.request.urlopen(f"{address}/sign-in", timeout=60) as page:
                assert page.status == 200
        finally:
            end(process)
    assert strays(log) == []


class Model(http.server.BaseHTTPRequestHandler):
    """A model on loopback that says one sentence."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        data = b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Good morning."}}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Quiet."""


@pytest.mark.timeout(600)
def test_the_gateway_speaks_only_to_its_upstreams(tmp_path):
    log, file = tmp_path / "log", tmp_path / "brightline.toml"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model) as model:
        threading.Thread(target=model.serve_forever, daemon=True).start()
        file.write_text(
            f'home = "{tmp_path / "home"}"\n[gateway]\nport = 0\n[[gateway.upstreams]]\nname = "near"\n'
            f'base_url = "http://127.0.0.1:{model.server_address[1]}/v1"\nmodels = {{ assistant = "m" }}\n', "utf-8",
        )  # fmt: skip
        assert load_settings(file, {}).gateway.upstreams
        token = subprocess.run([BRIGHTLINE, "gateway", "key", "new", "t", "--settings", file], capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
        with subprocess.Popen(watched([BRIGHTLINE, "gateway", "--settings", file], log), stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
            try:
                port = int(listening(process, "listening on").rpartition("/v1")[0].rpartition(":")[2])
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}/v1/chat/completions", b'{"model":"assistant","messages":[{"role":"user","content":"Good morning, see https://example.org/ today."}]}',
                    {"authorization": f"Bearer {token}", "content-type": "application/json"},
                )  # fmt: skip
                with urllib.request.urlopen(request, timeout=120) as answer:
                    assert b"Good morning." in answer.read()
            finally:
                end(process)
        model.shutdown()
    assert strays(log) == []


def test_the_demo_runs_where_there_is_only_loopback(tmp_path):
    """A namespace of its own has no route to anywhere; what needs one fails."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this kernel gives no network namespace to plain users")
    code = "import socket; s = socket.socket(); s.settimeout(5); print(s.connect_ex(('192.0.2.1', 80)))"
    tried = subprocess.run([*alone, sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(tried.stdout) != 0
    ran = subprocess.run(
        [*alone, BRIGHTLINE, "scan", ROOT / "examples" / "mail", ROOT / "examples" / "image" / "cat.jpg", "--home", tmp_path / "home"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode in {0, 1, 3}, ran.stdout + ran.stderr
    verified = subprocess.run(
        [*alone, BRIGHTLINE, "ledger", "verify", "--home", tmp_path / "home"], check=False
    )
    assert verified.returncode == 0
