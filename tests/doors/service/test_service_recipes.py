"""The `curl` recipes of the guides, run as they stand against a real service."""

import http.server
import re
import shlex
import shutil
import subprocess
import threading
from pathlib import Path

import msgspec
import pytest

from brightline.doors.service.serve import open_state
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting
from serving import served

ROOT = Path(__file__).parents[3]
GUIDES = [ROOT / "docs" / "guides" / "service.md", ROOT / "docs" / "guides" / "zh" / "service.md"]
HOST = "http://127.0.0.1:8600"


class Picture(http.server.BaseHTTPRequestHandler):
    """A site with one picture."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You have won! Send a gift card.")

    def log_message(self, *_):
        """Quiet."""


async def here(_host, _port):
    """Every name leads to this machine."""
    return ["127.0.0.1"]


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Picture) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        port = site.server_address[1]
        setting = ServiceSetting(fetch=True, fetch_ports=(port,), fetch_networks=("127.0.0.1/32",))
        home = tmp_path_factory.mktemp("recipes")
        with open_state(Settings(home=home, jobs=1, service=setting)) as state, served(state) as url:
            state.names = here
            token = people.add_token(state.store, "house", "sub", (Role.SUBMITTER,))[1]
            (home / "mail.eml").write_bytes(
                b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Prize\r\n\r\nYou have won! Send a gift card.\r\n"
            )
            yield home, url, token, port
        site.shutdown()


def recipes():
    """Each command of the guides that begins with `curl`, its lines joined."""
    found = []
    for guide in GUIDES:
        for block in re.findall(r"```console\n(.*?)```", guide.read_text("utf-8"), re.DOTALL):
            found += [
                pytest.param(command.replace("\\\n", " "), id=f"{guide.parent.name}-{len(found) + number}")
                for number, command in enumerate(
                    re.findall(r"^\$ (curl (?:.*\\\n)*.*)$", block, re.MULTILINE)
                )
            ]
    return found


@pytest.mark.skipif(shutil.which("curl") is None, reason="this machine has no curl")
@pytest.mark.parametrize("command", recipes())
def test_the_recipe_hands_something_in(kitchen, command):
    home, url, token, port = kitchen
    command = command.replace(HOST, url).replace("$TOKEN", token).replace("https://example.org/", f"http://example.org:{port}/")  # fmt: skip
    words = shlex.split(command)
    assert any(word.startswith(url) for word in words)
    ran = subprocess.run([*words, "-sS", "--fail-with-body"], cwd=home, capture_output=True, timeout=90, check=False)  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = msgspec.json.decode(ran.stdout)
    assert len(told["id"]) == 32


def test_the_guides_have_recipes():
    assert len(recipes()) >= 4
