"""Pictures, sounds and files that stand in a body: found and decoded, so that workers can look into them.

What cannot be had here (an address that only the upstream would fetch, tokens, a file that lies elsewhere) stays
unread, and so a gap.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from brightline.exchange.multipart import Form
from brightline.exchange.nouns import Answer, Call, Json, Protocol, Unread

MEDIA_LIMIT = (
    32  # pictures and sounds of one body that are looked into; a page of pictures has under 20 (count)
)
DEPTH_LIMIT = (
    16  # of a body's nesting that is searched; blocks in tools' results in items have under 8 (levels)
)
_DATA_URL = re.compile(r"data:[a-zA-Z0-9!#$&^_.+/;=-]{0,200},").match
_OUTPUTS = {Protocol.IMAGES: "picture", Protocol.AUDIO: "sound"}


class Medium(msgspec.Struct, frozen=True):
    """One picture, sound or file.

    Attributes:
        what: its kind, as `Unread` names it.
        data: its bytes.
        turn: index of its turn, -1 for the whole.
    """

    what: str
    data: bytes
    turn: int = -1


def media_of_call(call: Call, form: Form | None) -> list[Medium]:
    """All that a call holds; decoding takes about 1 ms a MB.

    >>> part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    >>> body = {"messages": [{"role": "user", "content": [part]}]}
    >>> [(one.what, one.data) for one in media_of_call(Call(
    ...     protocol=Protocol.CHAT, model="m", stream=False, body=body, turns=()), None)]
    [('image_url', b'hi')]
    """
    if form is not None:
        return [Medium("file", field.data) for field in form.fields if field.is_file][:MEDIA_LIMIT]
    found: list[Medium] = []
    for name in ("messages", "input"):
        turns = call.body.get(name)
        for number, turn in enumerate(turns if isinstance(turns, list) else ()):
            found += _within(turn, number)
    return found[:MEDIA_LIMIT]


def media_of_answer(call: Call, answer: Answer, kind: str) -> list[Medium]:
    """All that an answer holds, whose content type is `kind`."""
    if call.protocol in _OUTPUTS and kind != "application/json":
        return [Medium(one.what, answer.body) for one in answer.unread]
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    rows = body.get("data") if isinstance(body, dict) else None
    if call.protocol is Protocol.IMAGES and isinstance(rows, list):
        decoded = [_base64(row.get("b64_json")) for row in rows if isinstance(row, dict)]
        whole = [Medium("picture", one) for one in decoded if one]
        return whole if len(whole) == len(rows) <= MEDIA_LIMIT else []
    found: list[Medium] = []
    for name, inner in (("choices", "message"), ("output", "")):
        turns = body.get(name) if isinstance(body, dict) else None
        for number, turn in enumerate(turns if isinstance(turns, list) else ()):
            found += _produced(turn.get(inner) if inner and isinstance(turn, dict) else turn, number)
    return found[:MEDIA_LIMIT]


def left_unread(
    unread: Sequence[Unread], media: Sequence[Medium], call: Call | None = None
) -> tuple[Unread, ...]:
    """What stays unread when these media are looked into; in a call, what is only to be produced is no part of it.

    An answer's pictures (`data` of the images route) count as one unread part together.
    """
    held = Counter((one.turn, one.what) for one in media)
    left: list[Unread] = []
    for one in unread:
        produced = call is not None and call.protocol in _OUTPUTS and one.what == _OUTPUTS[call.protocol]
        if produced:
            continue
        if held[one.turn, one.what]:
            held[one.turn, one.what] -= 1
        else:
            left.append(one)
    return tuple(left)


def _within(value: Json, turn: int, left: int = DEPTH_LIMIT) -> Iterator[Medium]:
    """Media in content parts and blocks, wherever they stand."""
    if isinstance(value, list):
        for one in value:
            if left:
                yield from _within(one, turn, left - 1)
        return
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    data = _data_of(kind, value) if isinstance(kind, str) else None
    if data:
        yield Medium(str(kind), data, turn)
        return
    for name in ("content", "output", "summary"):
        if left:
            yield from _within(value.get(name), turn, left - 1)


def _data_of(kind: str, part: dict[str, Json]) -> bytes | None:
    match kind:
        case "image_url":
            inner = part.get("image_url")
            return _data_url(inner.get("url") if isinstance(inner, dict) else inner)
        case "input_image":
            return None if part.get("file_id") else _data_url(part.get("image_url"))
        case "input_audio":
            inner = part.get("input_audio")
            return _base64(inner.get("data")) if isinstance(inner, dict) else None
        case "file" | "input_file":
            inner = part.get("file") if kind == "file" else part
            if not isinstance(inner, dict) or inner.get("file_id") or inner.get("file_url"):
                return None
            return _data_url(inner.get("file_data"))
        case "image" | "document":
            source = part.get("source")
            is_here = isinstance(source, dict) and source.get("type") == "base64"
            return _base64(source.get("data")) if isinstance(source, dict) and is_here else None
        case _:
            return None


def _produced(value: Json, turn: int) -> Iterator[Medium]:
    """Sound in a chat's message, a picture that a response's tool made."""
    if not isinstance(value, dict):
        return
    audio = value.get("audio")
    data = _base64(audio.get("data")) if isinstance(audio, dict) else None
    if data:
        yield Medium("audio", data, turn)
    if value.get("type") == "image_generation_call" and (data := _base64(value.get("result"))):
        yield Medium("picture", data, turn)


def _data_url(value: Json) -> bytes | None:
    if not isinstance(value, str):
        return None
    head = _DATA_URL(value)
    if head is None or not head[0].endswith(";base64,"):
        return None
    return _base64(value[head.end() :])


def _base64(value: Json) -> bytes | None:
    """Strictly: what two decoders may read differently is not read here."""
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
