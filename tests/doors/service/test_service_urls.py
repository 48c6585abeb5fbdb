"""URLs that callers hand in: what is public is fetched and judged, and nothing of the house, however its address is written."""

import contextlib
import http.server
import ipaddress
import threading
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core.errors import SettingsError
from brightline.doors.service import fetch_guard
from brightline.doors.service.fetch_guard import is_permitted_host, may_reach, url_of
from brightline.doors.service.problems import ProblemError
from brightline.doors.service.serve import open_state
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings, load_settings
from brightline.settings_service import ServiceSetting
from serving import served

OPEN = ServiceSetting(fetch=True)
LURE = b"You have won! Send a gift card to claim your prize today."
LIMIT = 64 * 1024
# Each of them is this machine, its neighbour or a cloud's credentials, in a spelling that some reader takes for it.
INWARD = [
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://2130706433/", "http://017700000001/",
    "http://0177.0.0.1/", "http://127.0.0.1./", "http://0/", "http://0.0.0.0/", "http://[::]/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://10.0.0.1/", "http://172.16.0.1/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/", "http://0xa9fea9fe/", "http://100.100.100.200/",
    "http://168.63.129.16/", "http://192.0.0.192/", "http://100.64.0.1/", "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://240.0.0.1/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://\uff11\uff12\uff17.0.0.1/", "http://127\u30020\u30020\u30021/",
    "http://\u2460\u2461\u2466.0.0.1/", "http://localhost/", "http://LOCALHOST/", "http://localhost./",
]  # fmt: skip
WRONG = [
    "", "picture.jpg", "//example.org/a", "file:///etc/passwd", "ftp://example.org/a", "gopher://example.org/", "javascript:alert(1)",
    "data:text/plain,hello", "http://", "http:///a", "http://exa mple.org/", "http://example.org\\@127.0.0.1/", "http://a:b@example.org/", "http://a@example.org/",
    "http://example.org:22/", "http://example.org:0/", "http://example.org:99999/", "http://example.org/\r\nhost: a", "http://example.org/\x00", "http://exa%00mple.org/",
    "http://example.org#@127.0.0.1:6379/ ", "http://[::1", "http://-a-.example.org/", "http://example..org/", "http://" + "a" * 3000 + ".org/",
]  # fmt: skip


class Site(http.server.BaseHTTPRequestHandler):
    """A site with good pages and bad ones."""

    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012 - of one test run

    def do_GET(self):
        self.asked.append(self.headers["host"].partition(":")[0] + self.path)
        deed = getattr(self, "page_" + self.path.strip("/").partition("?")[0].partition("/")[0], None)
        if deed is None:
            self.say(404, b"")
        else:
            deed()

    def say(self, status, data, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def page_lure(self):
        seen = {name for name in ("cookie", "authorization", "referer") if self.headers.get(name)}
        self.say(200, LURE if not seen else b"")

    def page_to(self):
        self.say(302, b"", location=self.path.partition("?")[2], set_cookie="a=b")

    def page_round(self):
        self.say(302, b"", location=self.path + "x")

    def page_nowhere(self):
        self.say(302, b"")

    def page_large(self):
        self.say(200, b"a" * (LIMIT + 1))

    def page_endless(self):
        self.send_response(200)
        self.send_header("connection", "close")
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"a" * 65536)
        self.close_connection = True

    def page_coded(self):
        self.say(200, b"\x1f\x8b" + b"a" * 100, content_encoding="gzip")

    def page_slow(self):
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100):
                self.wfile.write(b"a")
                time.sleep(0.1)
        self.close_connection = True

    def page_broken(self):
        self.send_response(200)
        self.send_header("content-length", "1000")
        self.end_headers()
        self.wfile.write(b"short")
        self.close_connection = True

    def page_head(self):
        self.say(200, LURE, x_long="a" * 60_000)

    def log_message(self, *_):
        """Quiet."""


class Names:
    """A name server of the test: names, and what they lead to at each time of asking."""

    def __init__(self):
        self.known = {}
        self.asked = []

    async def __call__(self, host, _port):
        self.asked.append(host)
        answers = self.known.get(host.rstrip("."), [[]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture(scope="module")
def site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def fetching(tmp_path_factory, site):
    """A service that may fetch from a loopback network of its own, a client, and the names that it asks for."""
    home = tmp_path_factory.mktemp("urls")
    setting = ServiceSetting(
        requests_per_minute=100_000, fetch=True, fetch_ports=(site, 80), fetch_networks=("127.0.0.1/32",), fetch_seconds=2.0, upload_bytes=LIMIT,
        fetch_hosts=("site.example", ".below.example", "inside.example", "turns.example", "mixed.example", "nobody.example", "meta.example"),
    )  # fmt: skip
    with open_state(Settings(home=home, jobs=1, service=setting)) as state:
        state.names = Names()
        state.names.known = {
            "site.example": [["127.0.0.1"]], "a.below.example": [["127.0.0.1"]], "inside.example": [["127.0.0.2"]],
            "turns.example": [["127.0.0.1"], ["127.0.0.2"]], "mixed.example": [["127.0.0.1", "10.0.0.1"]], "meta.example": [["169.254.169.254"]],
        }  # fmt: skip
        token = people.add_token(state.store, "house", "all", (Role.SUBMITTER, Role.REVIEWER))[1]
        other = people.add_token(state.store, "house", "aud", (Role.AUDITOR,))[1]
        with served(state) as url:
            head = {"authorization": f"Bearer {token}"}
            with httpx.Client(base_url=url, headers=head, timeout=60) as client:
                yield client, state, other


def handed(client, url, **more):
    return client.post("/v1/submissions/url?wait=60", json={"url": url, **more})


def test_what_lies_behind_a_url_is_judged_like_bytes(fetching, site):
    client, _, _ = fetching
    told = handed(client, f"http://site.example:{site}/lure?token=secret#part").json()
    assert told["state"] == "done"
    assert told["name"] == "site.example/lure"
    same = client.post("/v1/submissions?wait=60", content=LURE).json()
    assert (told["digest"], told["action"], told["harm"]) == (same["digest"], same["action"], same["harm"])
    assert client.get(f"/v1/submissions/{told['id']}/content").content == LURE


def test_redirects_are_followed_when_each_step_may_be(fetching, site):
    client, _, _ = fetching
    good = f"http://a.below.example:{site}/lure"
    told = handed(client, f"http://site.example:{site}/to?{good}").json()
    assert told["state"] == "done"
    assert told["name"] == "a.below.example/lure"
    assert handed(client, f"http://site.example:{site}/to?/lure").json()["state"] == "done"


@pytest.mark.parametrize(
    "to",
    ["http://169.254.169.254/latest/", "http://127.0.0.2/", "http://inside.example/", "file:///etc/passwd", "http://site.example:22/", "http://other.example/",
     "http://0x7f.1/", "http://a:b@site.example/", "//127.0.0.2/"],
)  # fmt: skip
def test_redirects_lead_nowhere_inward(fetching, site, to):
    client, _, _ = fetching
    Site.asked.clear()
    answer = handed(client, f"http://site.example:{site}/to?{to}")
    assert answer.status_code == 422, answer.text
    assert Site.asked == [f"site.example/to?{to}"]


def test_a_name_that_changes_its_mind_is_asked_once(fetching, site):
    """DNS rebinding: the address that was checked is the one that is connected to."""
    client, state, _ = fetching
    state.names.asked.clear()
    assert handed(client, f"http://turns.example:{site}/lure").json()["state"] == "done"
    assert state.names.asked == ["turns.example"]
    assert handed(client, f"http://turns.example:{site}/lure").status_code == 422


@pytest.mark.parametrize("host", ["inside.example", "mixed.example", "meta.example"])
def test_names_that_lead_inward_sound_like_names_that_lead_nowhere(fetching, site, host):
    client, _, _ = fetching
    Site.asked.clear()
    inward, nowhere = (handed(client, f"http://{one}:{site}/lure") for one in (host, "nobody.example"))
    assert inward.status_code == nowhere.status_code == 422
    assert inward.text.replace(host, "X") == nowhere.text.replace("nobody.example", "X")
    assert not Site.asked


@pytest.mark.parametrize(
    ("page", "status", "said"),
    [("large", 502, "more than"), ("endless", 502, "more than"), ("coded", 502, "coding"), ("broken", 502, "breaks off"), ("missing", 502, "status 404"),
     ("slow", 504, "longer than"), ("round/", 502, "redirects"), ("nowhere", 502, "status 302"), ("head", 502, "breaks off")],
)  # fmt: skip
def test_sites_that_misbehave_are_a_clear_fault(fetching, site, page, status, said):
    client, _, _ = fetching
    began = time.monotonic()
    answer = handed(client, f"http://site.example:{site}/{page}")
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert time.monotonic() - began < 8


def test_nobody_answers(fetching):
    client, _, _ = fetching
    assert handed(client, "http://site.example:80/lure").status_code in {502, 504}


def test_a_key_repeats_the_request_and_not_the_answer(fetching, site):
    client, _, _ = fetching
    url = f"http://site.example:{site}/lure"
    first, again = handed(client, url, key="k1").json(), handed(client, url, key="k1").json()
    assert (again["id"], again["repeated"]) == (first["id"], True)
    assert handed(client, f"{url}?2", key="k1").status_code == 409


def test_only_who_may_hand_in_and_only_where_it_is_on(fetching, site, tmp_path):
    client, _, other = fetching
    body = {"url": f"http://site.example:{site}/lure"}
    Site.asked.clear()
    head = {"authorization": f"Bearer {other}"}
    assert httpx.post(f"{client.base_url}/v1/submissions/url", json=body, headers=head).status_code == 403
    assert httpx.post(f"{client.base_url}/v1/submissions/url", json=body).status_code == 401
    with open_state(Settings(home=tmp_path, jobs=1)) as state, served(state) as url:
        token = people.add_token(state.store, "house", "sub", (Role.SUBMITTER,))[1]
        answer = httpx.post(
            f"{url}/v1/submissions/url", json=body, headers={"authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 403
        assert "service.fetch" in answer.json()["detail"]
    assert not Site.asked


@pytest.mark.parametrize("url", INWARD)
def test_no_spelling_of_an_inward_address_passes(fetching, url):
    """With no host named and the usual ports: the address decides, or the odd spelling itself."""
    client, _state, _ = fetching
    Site.asked.clear()
    try:
        read = url_of(url, OPEN)
    except ProblemError:
        pass
    else:
        found = fetch_guard.literal_of(read.raw_host or "")
        assert "localhost" in url.lower() or (found is not None and not may_reach(found)), read
    assert handed(client, url).status_code == 422
    assert not Site.asked


def test_localhost_is_refused_by_its_address():
    for one in ("127.0.0.1", "::1"):
        with pytest.raises(ProblemError, match="no address that may be fetched"):
            fetch_guard.check_addresses("localhost", [one], OPEN)


@pytest.mark.parametrize("url", WRONG)
def test_what_is_no_url_of_the_web_is_refused(url):
    with pytest.raises(ProblemError):
        url_of(url, OPEN)


@given(st.integers(0, 2**32 - 1))
def test_every_way_to_hold_an_ipv4_address_in_ipv6_is_closed(number):
    """Whatever the inner address: mapped, translated and tunnelled forms are never connected to, even where all is permitted."""
    every = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    for prefix in ("::ffff:0:0", "::ffff:0:0:0", "64:ff9b::"):
        assert not may_reach(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + number), every)
    assert not may_reach(ipaddress.IPv6Address((0x2002 << 112) + (number << 80)), every)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_is_not_global_is_never_public(address):
    """The standard library's reading of IANA's registries as a second opinion."""
    if may_reach(address):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


def test_hosts_that_the_operator_names():
    assert is_permitted_host("Site.Example.", ["site.example"])
    assert not is_permitted_host("evil-site.example", ["site.example"])
    assert not is_permitted_host("below.example", [".below.example"])
    assert not is_permitted_host("site.example.evil.org", ["site.example", ".site.example"])


@pytest.mark.parametrize(
    "line",
    ["fetch_ports = [0]", 'fetch_networks = ["10.0.0.1/8"]', "fetch_seconds = 0", "fetch_ports = [70000]"],
)
def test_settings_that_cannot_be(tmp_path, line):
    file = tmp_path / "brightline.toml"
    file.write_text(f"[service]\n{line}\n")
    with pytest.raises(SettingsError, match=r"`service[.]fetch"):
        load_settings(file, {})
