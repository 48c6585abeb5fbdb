"""One model behind the OpenAI chat API, asked one question at a time. Whatever comes back is bounded and never trusted."""

import asyncio
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from brightline.assess.bank import Question
from brightline.assess.reply import Came, Reply
from brightline.core.errors import SettingsError

BODY_LIMIT_BYTES = 1024 * 1024  # of one answer; 4,000 tokens take 20 KB
TEXT_CHARACTERS = 20_000  # of an answer that are kept
AGAIN = frozenset({408, 409, 425, 429})  # besides 5xx: asking again may help
FILTERS = frozenset(
    {"content_filter", "content_policy_violation", "data_inspection_failed"}
)  # codes of a refusal
_PATH = "/chat/completions"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How the endpoint is asked.

    Attributes:
        url: of the chat completions.
        model: its name there.
        key: bearer token, or empty.
        system: system prompt, or empty.
        temperature: 0 for the likeliest words.
        answer_tokens: most tokens of an answer.
        timeout_s: for one answer, whole.
    """

    url: str
    model: str
    key: str = ""
    system: str = ""
    temperature: float = 0.0
    answer_tokens: int = 512
    timeout_s: float = 60.0


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    total_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Fault(msgspec.Struct):
    code: str | int | None = None


class _Faulty(msgspec.Struct):
    error: _Fault | None = None
    code: str | int | None = None


def completions_of(url: str) -> str:
    """The address of the chat completions below a base such as `https://model.example/v1`.

    Raises:
        SettingsError: it is no address over HTTP, or carries a name and password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"`{url[:80]}` is no address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise SettingsError(f"`{url[:80]}` is no address of an endpoint, expected http:// or https://")
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingsError(
            "an endpoint's address has neither password nor query: give the key with --key-file"
        )
    path = parts.path.rstrip("/").removesuffix(_PATH)
    return f"{parts.scheme}://{parts.netloc}{path}{_PATH}"


class Endpoint:
    """A connection pool to one endpoint; `ask` never raises for what the other side does."""

    def __init__(self, wanted: Wanted, at_once: int) -> None:
        self._wanted = wanted
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=at_once),
            timeout=aiohttp.ClientTimeout(total=wanted.timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,  # a packed answer could swell beyond any bound
            headers={
                "Accept-Encoding": "identity",
                **({"Authorization": f"Bearer {wanted.key}"} if wanted.key else {}),
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(self, question: Question) -> Reply:
        """What the endpoint says to one question."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._wanted.timeout_s):
                reply = await self._asked(question)
        except TimeoutError:
            reply = _failed("timeout")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reply = _failed("broke_off" if isinstance(error, aiohttp.ClientPayloadError) else "unreachable")
        return msgspec.structs.replace(reply, seconds=round(time.monotonic() - begun, 3))

    async def _asked(self, question: Question) -> Reply:
        wanted = self._wanted
        system = [{"role": "system", "content": wanted.system}] if wanted.system else []
        body = {
            "model": wanted.model,
            "messages": [*system, {"role": "user", "content": question.question}],
            "temperature": wanted.temperature,
            "max_tokens": wanted.answer_tokens,
            "stream": False,
        }
        async with self._session.post(wanted.url, json=body, allow_redirects=False) as response:
            data = await _bounded(response)
            if data is None:
                return _failed("too_large", again=False)
            if response.status == 200:
                return read_answer(data)
            return read_failure(response.status, data, response.headers.get("Retry-After", ""))


def read_answer(data: bytes) -> Reply:
    """The reply in the body of a 200."""
    try:
        said = msgspec.json.decode(data, type=_Completion)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _failed("not_json")
    if not said.choices:
        return _failed("no_choice")
    first = said.choices[0]
    tokens = max(0, min(said.usage.total_tokens, 10**9)) if said.usage is not None else 0
    if first.message.refusal or first.finish_reason == "content_filter":
        return Reply(came=Came.REFUSED, tokens=tokens)
    text = first.message.content
    if text is None:
        return _failed("no_words", again=False)
    return Reply(came=Came.ANSWERED, text=text[:TEXT_CHARACTERS], tokens=tokens)


def read_failure(status: int, data: bytes, wait: str) -> Reply:
    """The reply in any other answer: a refusal only where the service's own code says so."""
    try:
        fault = msgspec.json.decode(data, type=_Faulty)
        code = fault.error.code if fault.error is not None else fault.code
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        code = None
    if 400 <= status < 500 and isinstance(code, str) and code.lower() in FILTERS:
        return Reply(came=Came.REFUSED)
    seconds = float(wait) if wait.isascii() and wait.isdecimal() and len(wait) < 6 else 0.0
    return Reply(
        came=Came.FAILED, error=f"http_{status}", again=status >= 500 or status in AGAIN, wait_s=seconds
    )


async def _bounded(response: aiohttp.ClientResponse) -> bytes | None:
    parts: list[bytes] = []
    left = BODY_LIMIT_BYTES
    async for chunk in response.content.iter_chunked(64 * 1024):
        left -= len(chunk)
        if left < 0:
            return None
        parts.append(chunk)
    return b"".join(parts)


def _failed(error: str, *, again: bool = True) -> Reply:
    return Reply(came=Came.FAILED, error=error, again=again)
