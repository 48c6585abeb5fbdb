"""Writes the mapping `AIGC:` at the head of a Markdown file's YAML front matter (TC260-PG-20258A 6.5).

Existing front matter and the body stay byte for byte: line ends, byte order mark, comments, quoting.
"""

import json
import re
from collections.abc import Mapping

import yaml

from brightline.carriers.candidate import Candidate, Form, KiB, Unread
from brightline.carriers.markdown import front_matter, read
from brightline.carriers.writing import Piece, Pieces, sliced
from brightline.core.errors import CarrierError

_FRONT_LIMIT_BYTES = (
    64 * KiB
)  # of front matter that is edited; the longest seen in public files is about 10 KiB
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_LINE = re.compile(rb"\r?\n")
_QUOTED = re.compile(
    rb"""\"(?:\\.|[^\"\\])*\"|'[^']*'""", re.DOTALL
)  # YAML strings; `''` in one reads as two
_TOML = re.compile(rb"(?:\xef\xbb\xbf)?\s*+\+\+\+[ \t]*\r?\n")
_PLACE = "markdown:front-matter"
_STRING_TAG = "tag:yaml.org,2002:str"


def write(data: memoryview, mark: str) -> Pieces:
    """The Markdown file with `mark` as the first entry of its front matter; all else stays as it is.

    Raises:
        CarrierError: the mark's fields are not strings; the file is not UTF-8, has front matter in TOML or JSON, or
            YAML to which an entry cannot be added; or it holds a mark elsewhere.
    """
    fields = _fields(mark)
    found = [*read(data)]
    _refuse_elsewhere(found)
    text = bytes(data)
    _refuse_other_forms(text)
    front = front_matter(text)
    newline = _newline(text)
    if front is None:
        head = len(_BOM) if text.startswith(_BOM) else 0
        block = _readable(_block(fields, 0, newline))
        return _given(data, head, b"---" + newline + block + b"---" + newline, head)
    if front.end - front.start > _FRONT_LIMIT_BYTES:
        raise CarrierError("the front matter is larger than 64 KiB")
    old = text[front.start : front.end]
    if found and _says(found[0], fields):
        return sliced(data, 0, len(data))
    new = _replaced(old, fields, newline) if found else _inserted(old, fields, newline)
    return _given(data, front.start, _readable(new), front.end)


def _readable(block: bytes) -> bytes:
    """The new front matter, as long as readers of marks read it."""
    if len(block) > _FRONT_LIMIT_BYTES:
        raise CarrierError("with the mark, the front matter would be larger than 64 KiB")
    return block


def _given(data: memoryview, start: int, new: Piece, end: int) -> Pieces:
    yield from sliced(data, 0, start)
    yield new
    yield from sliced(data, end, len(data))


def _fields(mark: str) -> dict[str, str]:
    try:
        values = json.loads(mark)
    except ValueError as error:
        raise CarrierError("the mark is no JSON object") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise CarrierError(
            "the mark has a field that is no string, which YAML front matter cannot keep apart"
        )
    return values


def _refuse_elsewhere(found: list[Candidate | Unread]) -> None:
    """Go on only with no mark at all, or with one where the guide wants it."""
    unread = next((item for item in found if isinstance(item, Unread)), None)
    if unread is not None:
        raise CarrierError(f"a place that may hold a mark cannot be read: {unread.why}")
    if len(found) > 1:
        raise CarrierError(f"the text holds {len(found)} marks; one is allowed, and none may be removed")
    for candidate in found:
        odd = isinstance(candidate, Candidate) and (candidate.oddities or candidate.carrier != _PLACE)
        if odd:
            raise CarrierError(f"the text holds a mark at `{candidate.carrier}`, where it cannot be replaced")


def _refuse_other_forms(text: bytes) -> None:
    """Front matter that is not YAML would stop being front matter with dashes in front of it."""
    if text.startswith(_WIDE_BOMS):
        raise CarrierError("the text is UTF-16; save it as UTF-8")
    try:
        head = text[:_FRONT_LIMIT_BYTES].decode("utf-8", "ignore")
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CarrierError(f"the text is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if _TOML.match(text):
        raise CarrierError(
            "the front matter is TOML (`+++`); the guide names YAML only, and a file has one front matter"
        )
    if head.lstrip("\ufeff \t\r\n").startswith("{"):
        raise CarrierError("the file begins with `{`, as JSON front matter does; the guide names YAML only")


def _newline(text: bytes) -> bytes:
    match = _LINE.search(text)
    return match[0] if match else b"\n"


def _block(fields: Mapping[str, str], indent: int, newline: bytes) -> bytes:
    """The mapping as YAML lines, values double-quoted."""
    lines = [b"AIGC:", *(f"  {name}: {_quoted(value)}".encode() for name, value in fields.items())]
    return b"".join(b" " * indent + line + newline for line in lines)


def _quoted(value: str) -> str:
    r"""A double-quoted YAML scalar (YAML 1.2.2, 7.3.1).

    >>> _quoted('a"b')
    '"a\\"b"'
    """
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    code = ord(character)
    if character.isprintable():
        return character
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _says(found: Candidate | Unread, fields: Mapping[str, str]) -> bool:
    """Whether the file has exactly these fields, in this order, already."""
    if not isinstance(found, Candidate) or found.form is not Form.YAML:
        return False
    return [(pair.name, pair.value, pair.quoted) for pair in found.fields] == [
        (name, value, True) for name, value in fields.items()
    ]


def _inserted(old: bytes, fields: Mapping[str, str], newline: bytes) -> bytes:
    """Front matter with the mark as its first entry, in the column of the others."""
    root = _root(old)
    if root is None:
        column, at = 0, 0
    else:
        if root.flow_style:
            raise CarrierError("the front matter is a flow mapping `{...}`; write it line by line")
        column, at = root.start_mark.column, _offset_of_line(old, root.start_mark.line)
    new = old[:at] + _block(fields, column, newline) + old[at:]
    _check(old, new, fields, had_mark=False)
    return new


def _replaced(old: bytes, fields: Mapping[str, str], newline: bytes) -> bytes:
    """Front matter with new values in the mark's own lines."""
    root = _root(old)
    pairs = root.value if root is not None else []
    number = next((n for n, (key, _) in enumerate(pairs) if key.value == "AIGC"), -1)
    if root is None or number < 0 or root.flow_style:
        raise CarrierError("the mark's key in the front matter is not `AIGC:` on a line of its own")
    key, value = pairs[number]
    first, last = key.start_mark.line, _last_line(value)
    start, end = _offset_of_line(old, first), _offset_of_line(old, last + 1)
    if b"#" in _QUOTED.sub(b"", old[start:end]):
        raise CarrierError("comments stand between the mark's lines; move them, they would be lost")
    new = old[:start] + _block(fields, key.start_mark.column, newline) + old[end:]
    _check(old, new, fields, had_mark=True)
    return new


def _root(block: bytes) -> yaml.MappingNode | None:
    """The mapping that the front matter is, None when it is empty."""
    try:
        events = 0
        for event in yaml.parse(
            block.decode("utf-8"), Loader=yaml.CSafeLoader
        ):  # composing recurses: depth first
            if isinstance(event, yaml.AliasEvent):
                raise CarrierError("the front matter uses YAML aliases (`*name`); write them out")
            events += isinstance(event, yaml.CollectionStartEvent) - isinstance(
                event, yaml.CollectionEndEvent
            )
            if events > 32:
                raise CarrierError("the front matter nests deeper than 32")
        root = yaml.compose(block.decode("utf-8"), Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError) as error:
        raise CarrierError("the front matter is no valid YAML; mend it first") from error
    if root is None or (isinstance(root, yaml.ScalarNode) and not root.value):
        return None
    if not isinstance(root, yaml.MappingNode):
        raise CarrierError("the front matter is no mapping of keys to values")
    return root


def _last_line(node: yaml.Node) -> int:
    """Line of a node's last character; libyaml ends a block collection where the next token starts."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    return max(node.start_mark.line, node.end_mark.line - (node.end_mark.column == 0))


def _offset_of_line(block: bytes, line: int) -> int:
    """Offset of a line's first byte, or the block's end. YAML also breaks lines at a lone carriage return."""
    breaks = re.finditer(rb"\r\n|\n|\r|\xc2\x85|\xe2\x80[\xa8\xa9]", block)
    offsets = [0, *(match.end() for match in breaks)]
    return offsets[line] if line < len(offsets) else len(block)


def _check(old: bytes, new: bytes, fields: Mapping[str, str], *, had_mark: bool) -> None:
    """The new front matter has the mark, and every other entry as it was, before anything is given out."""
    before, after = _entries(old), _entries(new)
    position = next((n for n, (name, _) in enumerate(after) if name == "AIGC"), -1)
    expected = yaml.MappingNode(
        "tag:yaml.org,2002:map",
        [(yaml.ScalarNode(_STRING_TAG, k), yaml.ScalarNode(_STRING_TAG, v)) for k, v in fields.items()],
    )
    mark = after.pop(position)[1] if position >= 0 else None
    if had_mark:
        before = [entry for entry in before if entry[0] != "AIGC"]
    if mark != _plain(expected) or before != after:
        raise CarrierError("the front matter is written in a way that a mark cannot be added to")


def _entries(block: bytes) -> list[tuple[str, object]]:
    root = _root(block)
    return [(str(_plain(key)), _plain(value)) for key, value in root.value] if root is not None else []


def _plain(node: yaml.Node) -> object:
    """A node as tags and values, to compare."""
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.tag == _STRING_TAG else (node.tag, node.value)
    if isinstance(node, yaml.MappingNode):
        return (node.tag, [(_plain(key), _plain(value)) for key, value in node.value])
    return (node.tag, [_plain(value) for value in node.value])
