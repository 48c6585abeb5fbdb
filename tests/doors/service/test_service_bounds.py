"""Requests that send too much, too slowly or not at all: they are refused, and everybody else is served meanwhile."""

import contextlib
import gzip
import json
import socket
import threading
import time

import httpx
import pytest

from brightline.doors.patience import HEAD_BYTES
from brightline.doors.service.bounds import BATCH_BYTES, FORM_BYTES, Pace
from brightline.doors.service.serve import open_state
from brightline.review import people
from brightline.review.people import Role
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting
from serving import served

PACE, HEAD_S = Pace(pause_s=1.0, grace_s=2.0), 1.5
SLOW = 150  # connections at once, more than the service has threads
UPLOAD_BYTES = 4 * 1024 * 1024


class Hurried:
    """A service that waits less long than ours does, so that its tests are short."""

    def __init__(self, state, url):
        self.state, self.url = state, url
        self.port = int(url.rsplit(":", 1)[1])
        self.token = people.add_token(state.store, "t", "sub", (Role.SUBMITTER, Role.LEAD))[1]
        self.head = {"authorization": f"Bearer {self.token}"}

    def line(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def post_head(self, path, *lines, token=True):
        told = [f"POST {path} HTTP/1.1", "host: x", *lines]
        if token:
            told.append(f"authorization: Bearer {self.token}")
        return ("\r\n".join(told) + "\r\n\r\n").encode()


@pytest.fixture(scope="module")
def hurried(tmp_path_factory):
    setting = ServiceSetting(requests_per_minute=100_000, upload_bytes=UPLOAD_BYTES)
    with (
        open_state(Settings(home=tmp_path_factory.mktemp("bounds"), jobs=1, service=setting)) as state,
        served(state, PACE, HEAD_S) as url,
    ):
        yield Hurried(state, url)


def answer_of(line):
    """All that comes until the other side closes."""
    told = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := line.recv(65_536):
            told += piece
    return told


def ended(line):
    """How long the other side keeps a line, and what it says."""
    begun = time.monotonic()
    with line:
        told = answer_of(line)
    return time.monotonic() - begun, told.partition(b"\r\n")[0]


def test_connections_that_say_nothing_or_half_a_head_are_ended(hurried):
    said = (b"", b"GET / HTT", b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ", b"\r\n")
    lines = [hurried.line() for _ in said]
    for line, words in zip(lines, said, strict=True):
        line.sendall(words)
    begun = time.monotonic()
    told = [ended(line)[1] for line in lines]
    assert time.monotonic() - begun < HEAD_S + 2
    assert set(told) <= {b"", b"HTTP/1.1 408 Request Timeout"}


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(hurried):
    line = hurried.line()
    begun = time.monotonic()
    with line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while time.monotonic() - begun < HEAD_S * 4:
            line.sendall(b"G" if time.monotonic() == begun else b"x")
            time.sleep(0.1)
    assert time.monotonic() - begun < HEAD_S + 2


@pytest.mark.parametrize("where", ["one header", "many headers", "path", "trailers", "chunk extension"])
def test_heads_and_trailers_have_an_end(hurried, where):
    """What a parser would keep collecting is cut off, before it fills the memory."""
    chunked = hurried.post_head("/v1/submissions", "transfer-encoding: chunked")
    begin, piece = {
        "one header": (b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ", b"a" * 65_536),
        "many headers": (b"GET /healthz HTTP/1.1\r\nhost: x\r\n", b"x-a: b\r\n" * 8192),
        "path": (b"GET /", b"a" * 65_536),
        "trailers": (chunked + b"3\r\ntea\r\n0\r\n", b"x-a: b\r\n" * 8192),
        "chunk extension": (chunked + b"3;", b"a" * 65_536),
    }[where]
    sent, line = len(begin), hurried.line()
    with line, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        line.sendall(begin)
        for _ in range(1000):
            line.sendall(piece)
            sent += len(piece)
    assert sent < 400 * HEAD_BYTES  # it was cut off; a part of it lay in the buffers between


def test_bodies_that_stop_or_trickle_end_with_408(hurried):
    head = hurried.post_head("/v1/submissions", "content-type: text/plain", "content-length: 1000")
    stopped, trickling = hurried.line(), hurried.line()
    stopped.sendall(head + b"tea")
    trickling.sendall(head)
    begun = time.monotonic()

    def trickle():
        with contextlib.suppress(OSError):
            while time.monotonic() - begun < 15:
                trickling.sendall(b"x")
                time.sleep(0.2)

    thread = threading.Thread(target=trickle)
    thread.start()
    for line in (stopped, trickling):
        seconds, told = ended(line)
        assert told == b"HTTP/1.1 408 Request Timeout"
        assert seconds < PACE.grace_s + 2
    thread.join()


def test_many_slow_bodies_hold_up_nobody_else(hurried):
    """More of them than the service has threads: others are answered as quickly as ever."""
    heads = [
        hurried.post_head("/v1/submissions", "content-type: application/json", "content-length: 90000"),
        hurried.post_head("/v1/submissions/batch", "content-type: application/json", "content-length: 90000"),
        hurried.post_head(
            "/sign-in", "content-type: application/x-www-form-urlencoded", "content-length: 900"
        ),
        hurried.post_head("/v1/cases/bulk", "content-type: application/json", "transfer-encoding: chunked"),
    ]
    lines = [hurried.line() for _ in range(SLOW)]
    try:
        for number, line in enumerate(lines):
            line.sendall(heads[number % len(heads)])
        begun = time.monotonic()
        with httpx.Client(base_url=hurried.url, headers=hurried.head, timeout=20) as client:
            answers = [
                client.post("/v1/submissions", json={"text": f"note {n}"}).status_code for n in range(5)
            ]
            answers.append(client.get("/v1/me").status_code)
        seconds = time.monotonic() - begun
        statuses = {answer_of(line).split(b" ")[1] for line in lines}
    finally:
        for line in lines:
            line.close()
    assert answers == [202] * 5 + [200]
    assert seconds < 3
    assert statuses == {b"408"}


def test_those_who_do_not_read_their_answers_hold_up_nobody(hurried):
    told = httpx.post(f"{hurried.url}/v1/submissions", content=b"x" * (3 * 1024 * 1024), headers=hurried.head)
    assert told.status_code == 202, told.text
    path = f"/v1/submissions/{told.json()['id']}/content"
    lines = [hurried.line() for _ in range(60)]
    try:
        for line in lines:
            line.sendall(
                f"GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {hurried.token}\r\n\r\n".encode()
            )
        begun = time.monotonic()
        assert httpx.get(f"{hurried.url}/v1/me", headers=hurried.head, timeout=20).status_code == 200
        assert time.monotonic() - begun < 15  # held up it would be until their pace ends them
    finally:
        for line in lines:
            line.close()


@pytest.mark.parametrize(
    "path", ["/v1/submissions", "/v1/submissions/batch", "/v1/complaints", "/sign-in", "/v1/policies/drafts"]
)
def test_bodies_without_an_end_are_refused_as_soon_as_they_are_too_long(hurried, path):
    kind = "application/x-www-form-urlencoded" if path == "/sign-in" else "application/json"
    line = hurried.line()
    line.sendall(hurried.post_head(path, f"content-type: {kind}", "transfer-encoding: chunked"))
    piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < 4 * BATCH_BYTES:
            line.sendall(piece)
            sent += 65_536
    line.close()
    assert sent < UPLOAD_BYTES + 8 * 1024 * 1024  # what lay in the buffers between is not ours


def test_too_long_bodies_are_refused_by_their_head_alone(hurried):
    for path, limit in (
        ("/v1/submissions", UPLOAD_BYTES + 65_536),
        ("/v1/complaints", FORM_BYTES),
        ("/sign-in", 256 * 1024),
    ):
        line = hurried.line()
        line.sendall(
            hurried.post_head(path, "content-type: application/json", f"content-length: {limit + 1}")
        )
        seconds, told = ended(line)
        assert told.split(b" ")[1] == b"413"
        assert seconds < HEAD_S + 2


def test_strangers_send_no_more_than_a_form(hurried):
    """A JSON body is read before its route asks who sends it, so somebody unknown is refused by the head."""
    for told in (f"content-length: {FORM_BYTES + 1}", "transfer-encoding: chunked"):
        for credential in (
            "x-none: 1",
            "authorization: Bearer bls_guessed",
            "cookie: brightline=" + "a" * 43,
        ):
            line = hurried.line()
            line.sendall(
                hurried.post_head(
                    "/v1/submissions/batch", "content-type: application/json", told, credential, token=False
                )
            )
            seconds, answer = ended(line)
            assert answer.split(b" ")[1] == b"401"
            assert seconds < HEAD_S + 2


def test_no_content_coding_is_undone(hurried):
    """A few bytes never become many: what is coded is refused with the codings that would do."""
    bomb = gzip.compress(b'{"text": "' + b" " * 50_000_000 + b'"}')
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"):
        head = hurried.head | {
            "content-encoding": coding,
            "content-type": "application/json",
            "accept-language": "zh",
        }
        answer = httpx.post(f"{hurried.url}/v1/submissions", content=bomb, headers=head)
        assert answer.status_code == 415
        assert answer.headers["accept-encoding"] == "identity"
        assert answer.headers["content-type"] == "application/problem+json"
        assert "按原样" in answer.json()["detail"]
    plain = httpx.post(
        f"{hurried.url}/v1/submissions",
        json={"text": "tea"},
        headers=hurried.head | {"content-encoding": "identity"},
    )
    assert plain.status_code == 202


def test_json_that_is_deep_or_odd_is_refused_and_fails_nothing(hurried):
    deep = "[" * 100_000
    odd = [
        deep, '{"text":' * 50_000, '{"text": "\\ud800"}', '{"text": "\\u0000", "name": "\\u0000"}', "NaN", "1e999999", "-" * 100_000,
        '{"text": "a", "text": "b"}', '{"text": "a", "priority": 1e400}', json.dumps({"text": "a", "priority": 10**400}),
    ]  # fmt: skip
    for path in ("/v1/submissions", "/v1/submissions/batch", "/v1/complaints", "/v1/cases/bulk"):
        for body in odd:
            answer = httpx.post(
                hurried.url + path,
                content=body.encode(),
                headers=hurried.head | {"content-type": "application/json"},
                timeout=30,
            )
            assert answer.status_code in {202, 400, 422}, (path, body[:40], answer.text[:200])
