"""Marks lying loose in bytes: glued to a segment, in a comment, behind the end of the file.

Found by `AIGC` close before a `{`, or by a key that only marks have. Text that merely talks about AIGC has neither.
"""

import re
from collections.abc import Iterator

import msgspec

from brightline.carriers.candidate import (
    CANDIDATE_LIMIT,
    TEXT_LIMIT_BYTES,
    Candidate,
    Form,
    Oddity,
    Reading,
    Unread,
    decode,
)
from brightline.core.subject import GapKind

# `AIGC` then at most 16 bytes of quoting before the object opens: `AIGC{`, `"AIGC": {`, `AIGC>{`, `AIGC=\"{`.
_ANCHOR = re.compile(
    rb'AIGC[\s"\'=:>\\\x00]{0,16}(?:&quot;|&#34;)?[\s"\'=:>\\]{0,8}\{|"ContentProducer\\?"|"ServiceProvider\\?"'
    rb"|&quot;ContentProducer&quot;"
)
_STRUCTURE = re.compile(rb'\\.|["{}]', re.DOTALL)
_WRAPPER = re.compile(rb'\{\s*(?:\\?"|&quot;)$')
TRAILING_LIMIT_BYTES = (
    64 * 1024 * 1024
)  # behind a file's end that are searched; a motion photo's video is 5 MiB
_BACK_BYTES = 4096  # how far before a mark's own key its object may open
_ENTITIES = {"&quot;": '"', "&#34;": '"', "&apos;": "'", "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))


class Loose(msgspec.Struct, frozen=True):
    """A JSON object found in bytes: its text and its byte range."""

    text: str
    start: int
    end: int
    keyed: bool  # `AIGC` stands in front of it or is its wrapper


def find_loose(data: memoryview | bytes, start: int = 0, end: int | None = None) -> Iterator[Loose]:
    """JSON objects in `data[start:end]` that want to be marks, at most `CANDIDATE_LIMIT`.

    An object that never closes within `TEXT_LIMIT_BYTES` is given as it stands, so that a cut mark is seen.
    """
    stop = len(data) if end is None else min(end, len(data))
    position, found = start, 0
    while found < CANDIDATE_LIMIT:
        match = _ANCHOR.search(data, position, stop)
        if match is None:
            return
        keyed = match.group().startswith(b"AIGC")
        opening = _opening(data, match, position, keyed)
        if opening is None:
            position = match.end()
            continue
        size = object_length(bytes(data[opening : min(stop, opening + TEXT_LIMIT_BYTES)]))
        text = unescape(decode(bytes(data[opening : opening + size])).rstrip("\x00"))
        if b"ServiceProvider" in match.group() and "ContentId" not in text:
            position = match.end()  # only together are they Tencent Cloud's mark
            continue
        yield Loose(text, opening, opening + size, keyed)
        found += 1
        position = max(opening + size, match.end())


def read_trailing(data: memoryview, position: int, carrier: str, name: str) -> Reading:
    """Marks behind the end of a file of format `name`, each a Candidate of `carrier`; beyond a limit an Unread."""
    stop = min(len(data), position + TRAILING_LIMIT_BYTES)
    for loose in find_loose(data, position, stop):
        yield Candidate(
            carrier=carrier,
            form=Form.LOOSE,
            start=loose.start,
            end=loose.end,
            text=loose.text,
            oddities=(Oddity.AFTER_END,),
        )
    if stop < len(data):
        why = f"more than {TRAILING_LIMIT_BYTES // 2**20} MiB lie behind the end of the {name}"
        yield Unread(carrier=carrier, kind=GapKind.LIMIT, why=why, start=stop, end=len(data))


def object_length(window: bytes) -> int:
    """Length of the JSON object that opens at byte 0, or of the whole window if it never closes.

    >>> object_length(b'{"a":"}"} tail')
    9
    """
    depth, in_string = 0, False
    for match in _STRUCTURE.finditer(window):
        byte = match.group()
        if byte == b'"':
            in_string = not in_string
        elif not in_string and byte in {b"{", b"}"}:
            depth += 1 if byte == b"{" else -1
            if depth == 0:
                return match.end()
    return len(window)


def unescape(text: str) -> str:
    """Undo one level of XML's predefined entities, once for each.

    >>> unescape('{&quot;Label&quot;:&quot;1&quot;}')
    '{"Label":"1"}'
    """
    return _ENTITY.sub(lambda match: _ENTITIES[match.group()], text)


def _opening(data: memoryview | bytes, match: re.Match[bytes], floor: int, keyed: bool) -> int | None:
    """Where the object opens: before a bare mark's own key, around a wrapper's key, or behind the keyword."""
    before = bytes(data[max(floor, match.start() - _BACK_BYTES) : match.start()])
    if not keyed:
        index = before.rfind(b"{")
        return None if index < 0 else match.start() - len(before) + index
    wrapper = _WRAPPER.search(before[-16:])
    return match.end() - 1 if wrapper is None else match.start() - len(wrapper.group())
