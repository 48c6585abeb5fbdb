"""A whole answer's body -> an Answer, and the body that stands in its place when it may not be released.

Upstreams add fields of their own (reasoning, citations), and any string that a caller gets is words: so every string
of an answer is judged, wherever it stands, but for ids and kinds.
"""

import time
from collections.abc import Iterator

import msgspec

from brightline.core.errors import ExchangeError
from brightline.exchange.nouns import UNCOUNTED, Answer, Json, Protocol, Tokens, Turn, Unread
from brightline.exchange.words import BUILD, words_in

# What stands around the words of an answer; values are the upstream's own names and settings.
_AROUND = BUILD | {
    "model", "created", "created_at", "usage", "system_fingerprint", "service_tier", "provider", "logprobs",
    "stop_reason", "signature", "encrypted_content", "completed_at",
}  # fmt: skip
# Of a response's body, what only repeats the request.
REPEATED = _AROUND | {
    "tools", "tool_choice", "text", "truncation", "reasoning", "metadata", "instructions", "prompt_cache_key",
    "safety_identifier", "user", "previous_response_id",
}  # fmt: skip
TOKENS_LIMIT = (
    100_000_000  # of one answer; a larger count is no count, and budgets are not to break on it (tokens)
)
_BINARY = frozenset({"b64_json", "data"})  # base64 of pictures and sound


def read_answer(protocol: Protocol, data: bytes, model: str) -> Answer:
    """Read a JSON answer.

    Args:
        protocol: of the route.
        data: the answer.
        model: as the caller calls it.

    Raises:
        ExchangeError: it is no JSON object, or nested too deep.
    """
    try:
        body = msgspec.json.decode(data)
    except (RecursionError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ExchangeError("the upstream's answer is not JSON") from error
    if not isinstance(body, dict):
        raise ExchangeError("the upstream's answer is no JSON object")
    if protocol is Protocol.EMBEDDINGS:
        return Answer(body=data, turns=(), tokens=tokens_of(body.get("usage")))
    if "model" in body:
        body["model"] = model
    turns = [Turn("assistant", words) for piece in _pieces(protocol, body) if (words := "\n".join(piece))]
    return Answer(
        body=msgspec.json.encode(body),
        turns=tuple(turns),
        unread=tuple(_unread(body)),
        tokens=tokens_of(body.get("usage")),
    )


def _pieces(protocol: Protocol, body: dict[str, Json]) -> Iterator[list[str]]:
    """The words of each choice, and those that stand around the choices."""
    match protocol:
        case Protocol.CHAT | Protocol.COMPLETIONS:
            inner, around = "choices", _AROUND
        case Protocol.RESPONSES:
            inner, around = "output", REPEATED
        case Protocol.IMAGES:
            inner, around = "data", _AROUND  # beside each picture stand words: the prompt as it was rewritten
        case _:
            inner, around = "content", _AROUND
    choices = body.get(inner)
    for choice in choices if isinstance(choices, list) else ():
        yield _values(choice, _AROUND | _BINARY)
    rest = {name: value for name, value in body.items() if name != inner}
    yield _values(rest, around | _BINARY)


def _values(value: Json, skip: frozenset[str]) -> list[str]:
    """Words without the keys that every answer has."""
    return [one for one in words_in(value, skip) if one not in _KEYS]


_KEYS = frozenset({
    "message", "content", "text", "tool_calls", "function", "name", "arguments", "refusal", "annotations", "output",
    "error", "reasoning_content", "reasoning", "summary", "input", "delta", "choices", "image", "data", "url",
    "incomplete_details", "max_output_tokens", "parallel_tool_calls", "temperature", "top_p", "store", "background",
    "previous_response_id", "audio", "function_call", "custom_tool_call", "phase",
})  # fmt: skip


def _unread(body: dict[str, Json]) -> Iterator[Unread]:
    if body.get("data"):
        yield Unread(-1, "picture")
    choices = body.get("choices")
    for number, choice in enumerate(choices if isinstance(choices, list) else ()):
        message = choice.get("message") if isinstance(choice, dict) else None
        if isinstance(message, dict) and message.get("audio"):
            yield Unread(number, "audio")
    output = body.get("output")
    for number, item in enumerate(output if isinstance(output, list) else ()):
        if isinstance(item, dict) and item.get("type") == "image_generation_call":
            yield Unread(number, "picture")


def tokens_of(usage: Json) -> Tokens:
    """Tokens that an upstream's `usage` counts, in any of the three forms."""
    if not isinstance(usage, dict):
        return UNCOUNTED
    prompt = (usage.get("prompt_tokens"), usage.get("input_tokens"))
    completion = (usage.get("completion_tokens"), usage.get("output_tokens"))
    return Tokens(_count(prompt), _count(completion))


def _count(values: tuple[Json, Json]) -> int:
    return next((value for value in values if isinstance(value, int) and 0 <= value <= TOKENS_LIMIT), -1)


class _Usage(msgspec.Struct):
    usage: dict[str, Json] | None = None


def tokens_in(data: bytes) -> Tokens:
    """Tokens that an answer which nobody reads otherwise says it took."""
    try:
        return tokens_of(msgspec.json.decode(data, type=_Usage).usage)
    except (RecursionError, UnicodeDecodeError, msgspec.DecodeError):
        return UNCOUNTED


def refused_answer(protocol: Protocol, model: str, request: str, words: str) -> bytes:
    """The body in place of an answer that may not be released: well-formed, and it says why.

    Args:
        protocol: of the route, one of those that give words.
        model: as the caller calls it.
        request: id of the request.
        words: for whoever reads it.
    """
    now = int(time.time())
    match protocol:
        case Protocol.CHAT:
            message: Json = {"role": "assistant", "content": None, "refusal": words}
            choice: Json = {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": "content_filter",
            }
            body: Json = {
                "id": request,
                "object": "chat.completion",
                "created": now,
                "model": model,
                "choices": [choice],
            }
        case Protocol.COMPLETIONS:
            choice = {"index": 0, "text": words, "logprobs": None, "finish_reason": "content_filter"}
            body = {
                "id": request,
                "object": "text_completion",
                "created": now,
                "model": model,
                "choices": [choice],
            }
        case Protocol.RESPONSES:
            body = refused_response(model, request, words, now)
        case _:
            usage: Json = {"input_tokens": 0, "output_tokens": 0}
            body = {
                "id": request, "type": "message", "role": "assistant", "model": model, "usage": usage,
                "content": [{"type": "text", "text": words}], "stop_reason": "refusal", "stop_sequence": None,
            }  # fmt: skip
    return msgspec.json.encode(body)


def refused_response(model: str, request: str, words: str, now: int) -> dict[str, Json]:
    """A response object that ended as incomplete by a content filter."""
    part: Json = {"type": "refusal", "refusal": words}
    item: Json = {
        "id": f"msg_{request}", "type": "message", "role": "assistant", "status": "incomplete", "content": [part],
    }  # fmt: skip
    return {
        "id": request, "object": "response", "created_at": now, "status": "incomplete", "model": model,
        "incomplete_details": {"reason": "content_filter"}, "error": None, "output": [item],
        "parallel_tool_calls": False, "tool_choice": "auto", "tools": [], "instructions": None, "metadata": {},
        "temperature": None, "top_p": None,
    }  # fmt: skip
