"""Markdown as a place that holds a mark: mapping `AIGC` in the YAML front matter, or pasted into the text.

TC260-PG-20258A 6.5 puts it at the file's head. Seen in public files: at the end, and in a <details> block.
"""

import re
import tomllib
from collections.abc import Iterator

import msgspec
import yaml

from brightline.carriers.candidate import (
    CANDIDATE_LIMIT,
    TEXT_LIMIT_BYTES,
    Candidate,
    Form,
    KiB,
    MiB,
    Oddity,
    Pair,
    Reading,
    Shape,
    Unread,
    decode,
)
from brightline.carriers.loose import find_loose
from brightline.carriers.xmp import FIELD_NAMES
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

_FRONT_LIMIT_BYTES = 256 * KiB  # front matter; the longest seen in public files is about 10 KiB
_TEXT_LIMIT_BYTES = 64 * MiB  # a Markdown file whose text is searched
_DEPTH_LIMIT = 32  # nesting of YAML collections
_STRING_TAG = "tag:yaml.org,2002:str"
_OPENING = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*---[ \t]*\r?\n")
_CLOSING = re.compile(rb"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
# Hugo's and Zola's: `+++` in place of dashes, TOML in place of YAML.
_TOML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*+\+\+\+[ \t]*\r?\n(?P<block>(?:(?!\+\+\+)[^\n]{0,65536}+\n){0,5000}+)\+\+\+[ \t]*\r?(?:\n|\Z)"
)
_NAMES = re.compile(rb"(?i:AIGC)|ContentProducer")
_KEY = re.compile(rb"""^[ \t]{0,3}["']?AIGC["']?[ \t]*:""", re.MULTILINE)
_BEFORE = re.compile(
    rb"(?:\xef\xbb\xbf)?[\s`~]*(?:(?:yaml|yml|json|markdown|md)?[\s`~]*)(?:---\s*)?\Z"
)  # at the head
# `AIGC:` on its own line and at least one indented line of a known field below it.
_PASTED = re.compile(
    rb"""^(?P<indent>[ \t]*)["']?AIGC["']?[ \t]*:[ \t]*\r?\n(?P<fields>(?:(?P=indent)[ \t]+[A-Za-z0-9]{1,32}[ \t]*:[^\n]{0,8192}(?:\n|\Z)){1,32})""",
    re.MULTILINE,
)
_FIELD_LINE = re.compile(r"^[ \t]+(?P<name>[A-Za-z0-9]+)[ \t]*:[ \t]*(?P<value>.*?)[ \t\r]*$", re.MULTILINE)
_CLOSERS = re.compile(
    rb"\s*(?:(?:```|~~~|---|\.\.\.|-->|</details>|</summary>)\s*)*\Z"
)  # what may follow at the end
_SCALARS = {"true", "false", "yes", "no", "null", "~", ""}


_Found = tuple[str | tuple[Pair, ...], tuple[Oddity, ...]]


class _Front(msgspec.Struct, frozen=True):
    """The front matter between its two lines of dashes."""

    start: int
    end: int  # of the YAML
    after: int  # first byte of the body
    closed: bool


def read(data: memoryview) -> Reading:
    """Candidates in a Markdown (or plain text) file.

    Raises:
        CarrierError: the text is larger than 64 MiB.
    """
    if len(data) > _TEXT_LIMIT_BYTES:
        raise CarrierError("the text is larger than 64 MiB")
    text = _as_utf8(bytes(data))
    body = 0
    toml = _TOML.match(text)
    front = None if toml else front_matter(text)
    if toml is not None:
        body = toml.end()
        if _NAMES.search(text, toml.start("block"), toml.end("block")):
            yield from _read_toml(
                toml["block"], _Front(toml.start("block"), toml.end("block"), body, closed=True)
            )
    if front is not None:
        body = front.after
        if _NAMES.search(text, front.start, front.end):
            yield from _read_front(text[front.start : front.end], front)
    yield from _read_body(text, body)


def _as_utf8(data: bytes) -> bytes:
    """UTF-16 becomes UTF-8; UTF-8 and GB18030 stay, their structure is ASCII."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data


def front_matter(text: bytes) -> _Front | None:
    """The YAML front matter at the head of a text, None without one.

    An opening line that nothing closes counts only when `AIGC:` stands right below it.
    """
    opening = _OPENING.match(text)
    if opening is None:
        return None
    limit = min(len(text), opening.end() + _FRONT_LIMIT_BYTES)
    closing = _CLOSING.search(text, opening.end(), limit)
    if closing is not None:
        return _Front(opening.end(), closing.start(), closing.end(), closed=True)
    first = re.compile(rb"\s*").match(text, opening.end())
    assert first is not None
    if _KEY.match(text, first.end()):  # cut off, or its closing line forgotten
        blank = re.compile(rb"\r?\n[ \t]*\r?\n").search(text, first.end(), limit)
        end = blank.start() + 1 if blank else limit
        return _Front(opening.end(), end, end, closed=False)
    return None


def _read_front(block: bytes, front: _Front) -> Reading:
    if len(block) > TEXT_LIMIT_BYTES and _KEY.search(block):
        why = "front matter that names AIGC is larger than 64 KiB"
        yield _unread(GapKind.LIMIT, why, front)
        return
    odd = () if front.closed else (Oddity.MALFORMED_YAML,)
    try:
        values = list(_yaml_values(decode(block)))
    except (yaml.YAMLError, CarrierError, UnicodeError, ValueError) as error:
        yield from _read_broken_front(block, front, error)
        return
    for value, more in values:
        text = value if isinstance(value, str) else ""
        fields = value if isinstance(value, tuple) else ()
        yield _candidate("markdown:front-matter", front.start, front.end, text, fields, odd + more)


def _read_toml(block: bytes, front: _Front) -> Reading:
    """Values of keys that want to be `AIGC` in TOML front matter, which no guide names."""
    if len(block) > TEXT_LIMIT_BYTES:
        yield _unread(GapKind.LIMIT, "front matter that names AIGC is larger than 64 KiB", front)
        return
    try:
        table = tomllib.loads(decode(block))
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:80] if str(error) else "error"
        yield _unread(GapKind.MALFORMED, f"front matter that names AIGC is no TOML: {reason}", front)
        return
    nested = (inner.items() for inner in table.values() if isinstance(inner, dict))
    for name, value in (*table.items(), *(pair for pairs in nested for pair in pairs)):
        if "AIGC" not in name.upper() or not (isinstance(value, dict) or name == "AIGC" or "{" in str(value)):
            continue
        fields = (
            tuple(
                Pair(key, str(inner)[:TEXT_LIMIT_BYTES], quoted=isinstance(inner, str))
                for key, inner in value.items()
            )
            if isinstance(value, dict)
            else ()
        )
        text = "" if fields else str(value)
        yield _candidate("markdown:toml", front.start, front.end, text, fields, (Oddity.UNUSUAL_PLACE,))


def _read_broken_front(block: bytes, front: _Front, error: Exception) -> Reading:
    """Front matter that is no YAML: read the lines below `AIGC:` as they stand."""
    pasted = list(_pasted(block))
    for match in pasted:
        fields = _fields_of(match)
        yield _candidate(
            "markdown:front-matter", front.start, front.end, "", fields, (Oddity.MALFORMED_YAML,)
        )
    if not pasted and _KEY.search(block):
        reason = str(error).splitlines()[0][:80] if str(error) else "error"
        yield _unread(GapKind.MALFORMED, f"front matter that names AIGC is no YAML: {reason}", front)


def _yaml_values(text: str) -> Iterator[_Found]:
    """Values of keys that want to be `AIGC`, one level down too, or the fields laid out without any such key."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):  # events first: composing is recursive
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH_LIMIT:
            raise CarrierError(f"YAML nests deeper than {_DEPTH_LIMIT}")
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return
    found = list(_named(root))
    for _, value in root.value:
        if isinstance(value, yaml.MappingNode) and not found:
            found = [(each, (*odd, Oddity.UNUSUAL_PLACE)) for each, odd in _named(value)]
    fields = _value_of(root)
    if (
        not found
        and isinstance(fields, tuple)
        and {"Label", "ContentProducer"} <= {each.name for each in fields}
    ):
        found = [(tuple(each for each in fields if each.name in FIELD_NAMES), (Oddity.KEYWORD,))]
    yield from found


def _named(mapping: yaml.MappingNode) -> Iterator[_Found]:
    """Values of keys that contain `AIGC` in either case: a scalar's text, or pairs."""
    for key, value in mapping.value:
        if not isinstance(key, yaml.ScalarNode) or "AIGC" not in key.value.upper():
            continue
        found = _value_of(value)
        if key.value == "AIGC" or (isinstance(found, str) and "{" in found) or _has_fields(found):
            yield found, () if "AIGC" in key.value else (Oddity.KEYWORD,)  # `isAIGC: true` is no mark


def _has_fields(found: str | tuple[Pair, ...]) -> bool:
    return isinstance(found, tuple) and any(pair.name in FIELD_NAMES for pair in found)


def _value_of(node: yaml.Node) -> str | tuple[Pair, ...]:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.MappingNode):
        return tuple(_pair_of(key, value) for key, value in node.value[:CANDIDATE_LIMIT])
    return "[...]"


def _pair_of(key: yaml.Node, value: yaml.Node) -> Pair:
    name = str(key.value) if isinstance(key, yaml.ScalarNode) else "{...}"
    if isinstance(value, yaml.ScalarNode):
        return Pair(name, str(value.value), quoted=value.tag == _STRING_TAG)
    return Pair(name, "{...}", quoted=False)


def _read_body(text: bytes, start: int) -> Reading:
    """Marks pasted into the text: at its very head or end or in a <details> block; elsewhere they are examples."""
    if text.find(b"AIGC", start) < 0:
        return
    count = 0
    for match in _pasted(text, start):
        place = _place_of(text, match.start(), match.end())
        if place and count < CANDIDATE_LIMIT:
            count += 1
            yield _candidate(
                f"markdown:{place}", match.start(), match.end(), "", _fields_of(match), (Oddity.IN_BODY,)
            )
    for loose in find_loose(text, max(start, len(text) - TEXT_LIMIT_BYTES)):
        place = _place_of(text, loose.start, loose.end)
        if place and loose.keyed:
            yield _candidate(f"markdown:{place}", loose.start, loose.end, loose.text, (), (Oddity.IN_BODY,))


def _place_of(text: bytes, start: int, end: int) -> str:
    if start < KiB and _BEFORE.match(text[:start]):
        return "head"
    if _CLOSERS.match(text, end, end + KiB) and len(text) - end < KiB:
        return "end"
    opened = text.rfind(b"<details", max(0, start - 4 * KiB), start)
    if opened >= 0 and text.find(b"</details>", opened, start) < 0:
        return "details"
    return ""


def _pasted(text: bytes, start: int = 0) -> Iterator[re.Match[bytes]]:
    """Blocks of `AIGC:` with at least one line of a known field."""
    for match in _PASTED.finditer(text, start):
        if any(pair.name in FIELD_NAMES for pair in _fields_of(match)):
            yield match


def _fields_of(match: re.Match[bytes]) -> tuple[Pair, ...]:
    lines = _FIELD_LINE.finditer(decode(match["fields"]))
    return tuple(_line_pair(line["name"], line["value"]) for line in lines)


def _line_pair(name: str, value: str) -> Pair:
    """A field line as YAML would read it, for the plain, single-quoted and double-quoted scalars that marks use."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return Pair(name, value[1:-1])
    quoted = value.lower() not in _SCALARS and not re.fullmatch(r"[-+]?[0-9][0-9_.]*", value)
    return Pair(name, value, quoted=quoted)


def _candidate(
    carrier: str, start: int, end: int, text: str, fields: tuple[Pair, ...], odd: tuple[Oddity, ...]
) -> Candidate:
    return Candidate(
        carrier=carrier,
        form=Form.YAML if fields or not text else Form.KEYED,
        start=start,
        end=end,
        text=text,
        fields=fields,
        shape=Shape.BARE,
        oddities=odd,
    )


def _unread(kind: GapKind, why: str, front: _Front) -> Unread:
    return Unread(carrier="markdown:front-matter", kind=kind, why=why, start=front.start, end=front.end)
