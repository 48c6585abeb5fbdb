"""A request's body -> a Call: strictly decoded, bounded, with all its words as turns.

Words outside messages (tools, schemas, instructions of a format) reach the model as well: they are a turn of their own.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from brightline.core.errors import ExchangeError
from brightline.exchange.blocks import block_words
from brightline.exchange.bodies import (
    ChatBody,
    ChatMessage,
    CompletionsBody,
    EmbeddingsBody,
    MessagesBody,
    PicturesBody,
    RefusalPart,
    ResponsesBody,
    SpeechBody,
    TextPart,
)
from brightline.exchange.faults import Fault
from brightline.exchange.nouns import Call, Json, Protocol, Turn, Unread
from brightline.exchange.words import words_in

B = TypeVar("B", bound=msgspec.Struct)
Reading = Iterator[Turn | Unread]
_ROLES = frozenset({"developer", "system", "user", "assistant"})
PARAMETERS = "parameters"  # the role of words outside any message


def read_call(protocol: Protocol, data: bytes, extra: frozenset[str] = frozenset()) -> Call:
    """Read a JSON body.

    Args:
        protocol: of the route.
        data: the body.
        extra: names of further fields that the operator allows.

    Raises:
        Fault: 400, with the place in the body.
    """
    body = decode(data)
    known = {name: value for name, value in body.items() if name not in extra}
    kind, read = _READERS[protocol]
    form = _convert(known, kind)
    try:
        found = [*read(form), *_parameters(body, _SAID[protocol])]
    except ExchangeError as error:
        raise _malformed(str(error), "") from error
    turns = tuple(one for one in found if isinstance(one, Turn))
    return Call(
        protocol=protocol,
        model=str(body["model"]),
        stream=body.get("stream") is True,
        body=body,
        turns=turns,
        unread=tuple(one for one in found if isinstance(one, Unread)),
    )


def decode(data: bytes) -> dict[str, Json]:
    """A JSON object; of a repeated key the last counts, here and for whom it is forwarded to.

    Raises:
        Fault: 400, the bytes are no JSON object.
    """
    try:
        body = msgspec.json.decode(data)
    except RecursionError as error:
        raise _malformed("the body is nested too deep", "") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Fault(400, "invalid_json", f"the body is not JSON: {_line(error)}") from error
    if not isinstance(body, dict):
        raise _malformed(f"the body is a JSON {type(body).__name__}, expected an object", "")
    return body


def _convert(body: dict[str, Json], kind: type[B]) -> B:
    try:
        return msgspec.convert(body, kind)
    except RecursionError as error:
        raise _malformed("the body is nested too deep", "") from error
    except msgspec.ValidationError as error:
        said, _, place = _line(error).partition(" - at `$")
        raise _malformed(said[:1].lower() + said[1:], place.rstrip("`").lstrip(".")) from error


def _malformed(message: str, param: str) -> Fault:
    at = f" at `{param}`" if param else ""
    return Fault(400, "invalid_value", f"{message}{at}", param=param)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _parameters(body: dict[str, Json], said: frozenset[str]) -> Reading:
    """Words of everything that is no message; their fields' own names are the protocol's and count for nothing."""
    values = [
        value for name, value in body.items() if name not in said and isinstance(value, str | list | dict)
    ]
    words = "\n".join(one for value in values for one in words_in(value))
    if words:
        yield Turn(PARAMETERS, words)


def _chat(body: ChatBody) -> Reading:
    for number, message in enumerate(body.messages):
        yield from _chat_message(message, number)


def _chat_message(message: ChatMessage, number: int) -> Reading:
    said = [
        one for one in (message.name, message.refusal, message.reasoning_content, message.reasoning) if one
    ]
    if isinstance(message.content, str):
        said.insert(0, message.content)
    for part in message.content if isinstance(message.content, list) else ():
        match part:
            case TextPart():
                said += [part.text, *words_in(part.citations), *words_in(part.annotations)]
            case RefusalPart():
                said.append(part.refusal)
            case _:
                yield Unread(number, str(type(part).__struct_config__.tag))
    for value in (message.function_call, message.tool_calls, message.annotations):
        said += words_in(value)
    if message.audio is not None:
        yield Unread(number, "audio")
    yield Turn(message.role, "\n".join(said))


def _completions(body: CompletionsBody) -> Reading:
    yield from _inputs(body.prompt)
    if body.suffix:
        yield Turn("user", body.suffix)


def _embeddings(body: EmbeddingsBody) -> Reading:
    return _inputs(body.input)


def _inputs(value: str | list[str | int | list[int]]) -> Reading:
    """Texts; tokens are no words that anybody could judge here."""
    if isinstance(value, str):
        yield Turn("user", value)
        return
    if any(isinstance(one, int) for one in value):
        yield Unread(-1, "tokens")
    for number, text in enumerate(value):
        if isinstance(text, str):
            yield Turn("user", text)
        elif isinstance(text, list):
            yield Unread(number, "tokens")


def _responses(body: ResponsesBody) -> Reading:
    if body.instructions:
        yield Turn("system", body.instructions)
    if isinstance(body.input, str):
        yield Turn("user", body.input)
        return
    for number, item in enumerate(body.input):
        words, unread = block_words([item], f"input[{number}]")
        yield from (Unread(number, what) for what in unread)
        role = item.get("role")
        yield Turn(role if isinstance(role, str) and role in _ROLES else "tool", "\n".join(words))


def _messages(body: MessagesBody) -> Reading:
    if isinstance(body.system, str):
        yield Turn("system", body.system)
    elif body.system:
        yield Turn("system", "\n".join(part.text for part in body.system))
    for number, message in enumerate(body.messages):
        if isinstance(message.content, str):
            yield Turn(message.role, message.content)
            continue
        words, unread = block_words(message.content, f"messages[{number}].content")
        yield from (Unread(number, what) for what in unread)
        yield Turn(message.role, "\n".join(words))


def _pictures(body: PicturesBody) -> Reading:
    yield Turn("user", body.prompt)
    yield Unread(-1, "picture")


def _speech(body: SpeechBody) -> Reading:
    yield Turn("user", body.input)
    yield Unread(-1, "sound")


_READERS: dict[Protocol, tuple[type[msgspec.Struct], Callable[..., Reading]]] = {
    Protocol.CHAT: (ChatBody, _chat),
    Protocol.COMPLETIONS: (CompletionsBody, _completions),
    Protocol.EMBEDDINGS: (EmbeddingsBody, _embeddings),
    Protocol.RESPONSES: (ResponsesBody, _responses),
    Protocol.MESSAGES: (MessagesBody, _messages),
    Protocol.IMAGES: (PicturesBody, _pictures),
    Protocol.AUDIO: (SpeechBody, _speech),
}
_PLAIN = {"model", "stream", "stream_options"}
_SAID = {
    protocol: frozenset({"messages", "prompt", "suffix", "input", "instructions", "system"} | _PLAIN)
    for protocol in Protocol
}
_SAID[Protocol.AUDIO] -= {"instructions"}
