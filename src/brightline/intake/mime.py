"""MIME by hand (RFC 2045-2047, 2231): header fields and the parts between boundaries, in linear time.

The standard library's parser builds a tree of any depth recursively, tries every outer boundary on every line, and its
header objects take quadratic time on hostile addresses; and it sees a part that mail programs don't. Here one level is
split at a time, and the depth is the Subject's.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator

import msgspec

from brightline.core.subject import Header
from brightline.media.text import decode, known_encoding

BLOCK_BYTES = 1024 * 1024  # of a header block; real ones stay under 64 KiB
FIELDS = 1_001  # one more than a Draft keeps, so that it notices
VALUE_CHARACTERS = 32 * 1024  # of one unfolded field
PARAMETERS = 50  # of one field
BOUNDARY_CHARACTERS = 200  # RFC 2046 5.1.1 allows 70

_END_OF_HEADERS = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
_LINE_END = re.compile(rb"\r?\n")
# A line after the first that is neither a field nor its continuation, nor an envelope line of a mailbox.
_STRAY = re.compile(rb"(?<=\n)(?![ \t>\r\n])(?!From )(?![!-9;-~]{1,100}[ \t]{0,10}:)[^\n]")
_ENCODED_BODY = re.compile(rb"(?i)(?:^|\n)content-transfer-encoding[ \t]{0,10}:[ \t]{0,10}base64")
_FIELD = re.compile(r"([!-9;-~]{1,100})[ \t]{0,10}:(.*)", re.DOTALL)
_ENCODED = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]{0,2000})\?=([ \t]{1,4}(?==\?))?")
_PARAMETER = re.compile(
    r";\s{0,20}([!#$&+\-^`{}~*.\w]{1,60})\s{0,4}=\s{0,4}(?:\"((?:[^\"\\]|\\.){0,2000})\"?|([^;]{0,2000}))"
)


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A message or a part of one: decoded header fields, in order, and the bytes after them.

    Attributes:
        headers: fields, names lower case, values unfolded and decoded.
        body: what follows the blank line, still transfer-encoded.
        is_cut: the header block was longer than 1 MiB and was cut.
    """

    headers: tuple[Header, ...]
    body: bytes
    is_cut: bool = False

    def header(self, name: str) -> str:
        """The first field of that lower-case name, or the empty string."""
        return next((header.value for header in self.headers if header.name == name), "")

    @property
    def type(self) -> str:
        """The media type, lower case; `text/plain` where none is said (RFC 2045 5.2)."""
        found = self.header("content-type").split(";", 1)[0].strip().lower()
        return found if "/" in found else "text/plain"

    @property
    def charset(self) -> str:
        """The charset that the content type declares, or the empty string."""
        return parameter(self.header("content-type"), "charset")

    @property
    def file_name(self) -> str:
        """The file name that the disposition or the type gives, or the empty string."""
        return parameter(self.header("content-disposition"), "filename") or parameter(
            self.header("content-type"), "name"
        )

    @property
    def is_attachment(self) -> bool:
        """Whether it says that it is one, or has a file name."""
        return self.header("content-disposition").strip().lower().startswith("attachment") or bool(
            self.file_name
        )


def read_entity(data: bytes, *, is_part: bool = False) -> Entity:
    """Split header fields from the body.

    Args:
        data: a message, before whose fields stray line ends may stand; or a part of one.
        is_part: a part that starts with a line end has no fields (RFC 2046, 5.1).
    """
    if is_part and (first := _LINE_END.match(data)) is not None:
        return Entity(headers=(), body=data[first.end() :])
    data = data.lstrip(b"\r\n") if data[:1] in {b"\r", b"\n"} and data.lstrip(b"\r\n")[:1].isalpha() else data
    if data[:1] in {b"\r", b"\n"}:
        return Entity(headers=(), body=data.lstrip(b"\r\n"))
    match = _END_OF_HEADERS.search(data, 0, BLOCK_BYTES)
    block = data[: match.start()] if match else data[:BLOCK_BYTES]
    body = data[match.end() :] if match else b""
    if (stray := _STRAY.search(block)) is not None and not _ENCODED_BODY.search(block):
        # Words where fields should be: mail programs show them, as the start of the body (Python's parser, too).
        body = block[stray.start() :] + (data[match.start() : match.end()] if match else b"") + body
    return Entity(headers=tuple(fields(block)), body=body, is_cut=match is None and len(data) > BLOCK_BYTES)


def fields(block: bytes) -> Iterator[Header]:
    """Header fields of a block, unfolded and decoded; lines that are none are skipped."""
    text = decode(block, hint="utf-8").text if not block.isascii() else block.decode("ascii")
    count = 0
    for unfolded in _unfold(text):
        match = _FIELD.match(unfolded)
        if match is None:
            continue
        yield Header(match.group(1).lower(), decode_words(match.group(2).strip()))
        count += 1
        if count >= FIELDS:
            return


def decode_words(value: str) -> str:
    """A header value with its encoded words (RFC 2047) decoded.

    >>> decode_words("=?utf-8?b?5L2g5aW9?= =?gbk?q?=CA=C0?=")
    '你好世'
    """
    return _ENCODED.sub(_decode_word, value) if "=?" in value else value


def parameter(value: str, name: str) -> str:
    """A parameter of a structured field, continuations and charset of RFC 2231 included.

    >>> parameter("attachment; filename*=UTF-8''%E5%8F%91%E7%A5%A8.pdf", "filename")
    '发票.pdf'
    """
    pieces: dict[str, str] = {}
    for count, match in enumerate(_PARAMETER.finditer(f";{value.partition(';')[2]}")):
        if count >= PARAMETERS:
            break
        quoted = match.group(2)
        raw = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else (match.group(3) or "").strip()
        pieces.setdefault(match.group(1).lower(), raw)
    if name in pieces:
        return decode_words(pieces[name])
    joined, charset, is_encoded = "", "utf-8", False
    for number in range(PARAMETERS):
        for key in (f"{name}*{number}*", f"{name}*{number}", *((f"{name}*",) if number == 0 else ())):
            if key in pieces:
                piece = pieces[key]
                if key.endswith("*"):
                    is_encoded = True
                    if number == 0 and piece.count("'") >= 2:
                        charset, _, piece = piece.split("'", 2)
                joined += piece
                break
        else:
            break
    return _percent(joined, charset) if is_encoded else joined


def split_parts(entity: Entity) -> Iterator[bytes]:
    """The raw parts of a multipart body, in order; preamble and epilogue are left out (RFC 2046 5.1.1)."""
    boundary = parameter(entity.header("content-type"), "boundary")[:BOUNDARY_CHARACTERS].rstrip()
    if not boundary:
        return
    mark = b"--" + boundary.encode("utf-8", "replace")
    start = -1
    for at in _marks(entity.body, mark):
        if start >= 0:
            yield _without_line_end(entity.body[start:at])
        rest = entity.body[at + len(mark) : at + len(mark) + 2]
        if rest == b"--":
            return
        line_end = entity.body.find(b"\n", at)
        if line_end < 0:
            return
        start = line_end + 1
    if start >= 0:  # the closing boundary is missing: a mail program still shows the part
        yield entity.body[start:]


def decode_body(entity: Entity) -> bytes:
    """The body without its transfer encoding; damage is read over, as mail programs do."""
    encoding = entity.header("content-transfer-encoding").split(";", 1)[0].strip().lower()
    if encoding == "base64":
        return _base64(entity.body)
    return quopri.decodestring(entity.body) if encoding == "quoted-printable" else entity.body


def _unfold(text: str) -> Iterator[str]:
    lines: list[str] = []
    length = 0
    for line in re.split(r"\r\n|\n|\r", text):
        if line[:1] in {" ", "\t"} and lines:
            if length < VALUE_CHARACTERS:
                lines.append(" " + line.strip())
                length += len(line)
            continue
        if lines:
            yield "".join(lines)[:VALUE_CHARACTERS]
        lines, length = [line], len(line)
    if lines:
        yield "".join(lines)[:VALUE_CHARACTERS]


def _decode_word(match: re.Match[str]) -> str:
    charset, encoding, words = match.group(1).split("*")[0], match.group(2).lower(), match.group(3)
    raw = words.encode("utf-8", "replace")
    data = _base64(raw) if encoding == "b" else quopri.decodestring(raw, header=True)
    return data.decode(known_encoding(charset) or "utf-8", "replace")


def _base64(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:  # cut in the middle of a group
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return base64.b64decode(kept[: len(kept) // 4 * 4])


def _percent(value: str, charset: str) -> str:
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(value).decode(known_encoding(charset) or "utf-8", "replace")


def _marks(body: bytes, mark: bytes) -> Iterator[int]:
    """Offsets at which a line starts with the boundary."""
    at = body.find(mark)
    while at >= 0:
        if (at == 0 or body[at - 1 : at] == b"\n") and body[at + len(mark) : at + len(mark) + 1] in {
            b"",
            b"\r",
            b"\n",
            b"-",
            b" ",
            b"\t",
        }:
            yield at
        at = body.find(mark, at + len(mark))


def _without_line_end(part: bytes) -> bytes:
    return part[:-2] if part.endswith(b"\r\n") else part[:-1] if part.endswith(b"\n") else part
