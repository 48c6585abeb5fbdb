"""The service, as a program sees it. One request a method; what may be tried again is tried again."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from brightline.client.faults import ProblemError, SilentError
from brightline.client.nouns import Action, Appeal, Case, Decided, Receipt, Status, Submission

T = TypeVar("T")
ATTEMPTS = 5  # of a request that may be repeated
PAUSE_S = 0.5  # before the second attempt; doubles
LONGEST_S = 30.0  # of one pause, whatever the service asks for
WAIT_S = 60.0  # that one request asks the service to wait for a decision
AGAIN = frozenset({429, 502, 503, 504})
BATCH = 256  # texts in one request
NAME_CHARACTERS = 200  # that the service keeps of a name


class Service:
    """A service at an address.

    Each submission gets an idempotency key, so that trying again never hands anything in twice. A `Service` may be shared by
    threads; close it, or use it as a context.
    """

    def __init__(
        self, url: str, token: str, *, language: str = "en", timeout: float = 30.0, verify: bool | str = True
    ) -> None:
        """Reach the service at `url`, such as `https://brightline.example.org`, with a token of the role that the work needs.

        Args:
            url: without `/v1`.
            token: `bls_...`; never written anywhere.
            language: of what problems say, `en` or `zh`.
            timeout: seconds that one answer may take, beside what it is asked to wait.
            verify: False, or a file of certificates, for a house's own authority.
        """
        head = {
            "authorization": f"Bearer {token}",
            "accept-language": language,
            "user-agent": "brightline-client",
        }
        self._client = httpx.Client(
            base_url=url.rstrip("/"), headers=head, timeout=timeout, verify=verify, trust_env=False
        )
        self._timeout = timeout

    # Submissions

    def submit(
        self, content: bytes | str | Path, *, name: str = "", key: str = "", wait: float = 0.0, kind: str = ""
    ) -> Submission:
        """Hand in a text, bytes or a file; durable when this returns.

        Args:
            content: a text as `str`; bytes; or a file's path.
            name: that people see; a file's own name unless told.
            key: the same key never hands in twice; one of its own unless told.
            wait: seconds to wait for the decision.
            kind: a media type, such as `message/rfc822`; what the bytes are, they say themselves.

        Raises:
            ProblemError: the service refuses: too large, no right to, another body under the same key.
            SilentError: nobody answers.
        """
        if isinstance(content, Path):
            name, content = name or content.name, content.read_bytes()
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        head = {
            "content-type": kind or "application/octet-stream",
            "x-name": quote(name[:NAME_CHARACTERS], errors="surrogatepass"),
            "idempotency-key": key or secrets.token_hex(16),
        }
        return self._ask(Submission, "POST", "/v1/submissions", wait=wait, content=data, headers=head)

    def submit_url(self, url: str, *, name: str = "", key: str = "", wait: float = 0.0) -> Submission:
        """Have the service fetch a URL and judge what lies there, where its operator allows it."""
        body = {"url": url, "name": name, "key": key or secrets.token_hex(16)}
        return self._ask(Submission, "POST", "/v1/submissions/url", wait=wait, json=body)

    def submit_texts(self, texts: Sequence[str], *, keys: Sequence[str] = ()) -> list[Submission]:
        """Hand in many texts, 256 a request; in their order.

        Raises:
            ValueError: there are keys, and not one for each text.
        """
        if keys and len(keys) != len(texts):
            raise ValueError(f"{len(keys)} keys for {len(texts)} texts")
        named = keys or [secrets.token_hex(16) for _ in texts]
        done: list[Submission] = []
        for begin in range(0, len(texts), BATCH):
            pairs = zip(texts[begin : begin + BATCH], named[begin : begin + BATCH], strict=True)
            body = {"items": [{"text": text, "key": key} for text, key in pairs]}
            done += self._ask(list[Submission], "POST", "/v1/submissions/batch", json=body)
        return done

    def judge(self, content: bytes | str | Path, *, name: str = "", timeout: float = 300.0) -> Submission:
        """Hand in, and wait until it is decided.

        Raises:
            SilentError: it is not decided within `timeout` seconds; it stays in the queue.
        """
        until = time.monotonic() + timeout
        found = self.submit(content, name=name, wait=min(timeout, WAIT_S))
        while not found.is_decided:
            left = until - time.monotonic()
            if left <= 0:
                raise SilentError(f"submission {found.id} is not decided after {timeout:g} s")
            found = self.submission(found.id, wait=min(left, WAIT_S))
        return found

    def submission(self, submission: str, *, wait: float = 0.0) -> Submission:
        """One submission as it stands, or as it is decided within `wait` seconds."""
        return self._ask(Submission, "GET", f"/v1/submissions/{submission}", wait=wait)

    def submissions(self, *, state: str = "", action: str = "") -> Iterator[Submission]:
        """All submissions, newest first; asks for more as they are used."""
        before = ""
        while True:
            query = {"before": before, "state": state, "action": action}
            page = self._ask(_Page, "GET", "/v1/submissions", query=query)
            yield from page.items
            if not (before := page.next):
                return

    def answer(self, submission: str) -> Decided:
        """Why: the rules that matched with their articles, and the findings with their reasons."""
        told = self._ask(dict[str, Any], "GET", f"/v1/submissions/{submission}/answer")
        return msgspec.convert(told | {"answer": told}, Decided)

    def content(self, submission: str) -> bytes:
        """The bytes; the reading is recorded in the ledger."""
        return self._send("GET", f"/v1/submissions/{submission}/content").content

    def receipt(self, submission: str) -> Receipt:
        """Where its decision stands in the ledger."""
        return self._ask(Receipt, "GET", f"/v1/submissions/{submission}/receipt")

    def proof(self, submission: str) -> str:
        """A `.tlog-proof` (C2SP) that anybody verifies, also with other tools."""
        return self._send("GET", f"/v1/submissions/{submission}/proof").text

    # What people decide

    def cases(self, **query: str) -> list[Case]:
        """The queue, most pressing first; `query` as `GET /v1/cases` takes it."""
        return self._ask(list[Case], "GET", "/v1/cases", query=query)

    def case(self, case: str) -> Case:
        """One case."""
        return self._ask(Case, "GET", f"/v1/cases/{case}")

    def claim(self, case: str) -> Case:
        """Work on a case; nobody else decides it meanwhile."""
        return self._ask(Case, "POST", f"/v1/cases/{case}/claim", again=False)

    def decide(self, case: str, action: Action, *, reason: str = "", note: str = "") -> Case:
        """Decide a case; for some seconds it can be taken back (`undo`)."""
        body = {"action": action, "reason": reason, "note": note}
        return self._ask(Case, "POST", f"/v1/cases/{case}/decide", json=body, again=False)

    def undo(self, case: str) -> Case:
        """Take a decision back before it takes effect."""
        return self._ask(Case, "POST", f"/v1/cases/{case}/undo", again=False)

    def appeal(self, submission: str, reason: str) -> Appeal:
        """Write down that somebody disagrees; the answer's `code` is theirs."""
        body = {"submission": submission, "reason": reason}
        return self._ask(Appeal, "POST", "/v1/appeals", json=body, again=False)

    def appeal_status(self, code: str) -> Status:
        """What became of an appeal, by its code."""
        return self._ask(Status, "GET", f"/v1/appeals/status/{code}")

    # The rest

    def checkpoint(self) -> str:
        """The ledger's head, signed (C2SP)."""
        return self._send("GET", "/v1/ledger/checkpoint").text

    def statistics(self) -> dict[str, Any]:
        """Counts by day, action, harm and kind; latency; the queue."""
        return self._ask(dict[str, Any], "GET", "/v1/statistics")

    def call(self, method: str, path: str, json: object = None) -> Any:
        """Any other operation of `/v1/openapi.json`; its answer as JSON. Only GET is tried again."""
        return self._ask(object, method, path, json=json, again=method == "GET")

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        """The service itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _ask(
        self, kind: type[T], method: str, path: str, *, wait: float = 0.0, again: bool = True,
        query: Mapping[str, str] | None = None, **more: Any,
    ) -> T:  # fmt: skip
        asked = {name: value for name, value in (query or {}).items() if value}
        if wait > 0:
            asked["wait"] = f"{wait:.3f}"
            more["timeout"] = self._timeout + wait
        answer = self._send(method, path, again=again, params=asked, **more)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            raise ProblemError(answer.status_code, "an answer that is not of this API", str(error)) from error

    def _send(self, method: str, path: str, *, again: bool = True, **more: Any) -> httpx.Response:
        attempts, pause = ATTEMPTS if again else 1, PAUSE_S
        for attempt in range(1, attempts + 1):
            try:
                answer = self._client.request(method, path, **more)
            except (httpx.TransportError, httpx.DecodingError) as error:
                if attempt == attempts:
                    raise SilentError(f"{method} {path}: {type(error).__name__}") from error
                time.sleep(pause)
            else:
                if answer.status_code not in AGAIN or attempt == attempts:
                    return _checked(answer)
                time.sleep(min(LONGEST_S, max(pause, _asked_pause(answer))))
            pause *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")


class _Page(msgspec.Struct, frozen=True):
    """Some submissions, and where the next begin."""

    items: list[Submission]
    next: str


class _Problem(msgspec.Struct, frozen=True):
    """RFC 9457, as far as it is used."""

    title: str = ""
    detail: str = ""


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem(title=answer.reason_phrase)
    raise ProblemError(answer.status_code, problem.title, problem.detail)


def _asked_pause(answer: httpx.Response) -> float:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() else 0.0
