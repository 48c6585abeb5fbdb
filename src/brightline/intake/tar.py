"""TAR members (POSIX.1-2017 pax, ustar, GNU): a stream of 512-byte headers, each followed by its content.

Our own reader, since the standard library's holds a whole extended header in memory, follows sparse maps and is slow on
hostile ones. Links, devices and sparse files are noted and never followed.
"""

from typing import BinaryIO

import msgspec

from brightline.core.subject import Blob, GapKind, Role
from brightline.intake.draft import Draft, Part, clean_name
from brightline.intake.unzip import note_name

BLOCK_BYTES = 512
EXTENDED_BYTES = 64 * 1024  # of a pax header or long name; real ones stay under 1 KiB
_CONTENT = {"0", "\0", "7"}
_SPECIAL = {"1": "link", "2": "link", "3": "device", "4": "device", "6": "pipe"}


class TarHeader(msgspec.Struct, frozen=True):
    """One header block: name, content's size in bytes, and type flag."""

    name: str
    size: int
    flag: str


def read_tar(blob: Blob, draft: Draft) -> None:
    """Open the members of a TAR as parts."""
    longer = ""
    position = 0
    with blob.open() as stream:
        while position + BLOCK_BYTES <= blob.size:
            draft.budget.check_time()
            stream.seek(position)
            header = read_header(stream.read(BLOCK_BYTES))
            if header is None:
                _after(stream, draft)
                return
            position += BLOCK_BYTES
            if header.flag in {"L", "x"}:
                longer = _longer_name(stream, header) or longer
            elif header.flag != "g":
                _member(
                    stream,
                    TarHeader(longer or header.name, header.size, header.flag),
                    blob.size - position,
                    draft,
                )
                longer = ""
            position += -(-header.size // BLOCK_BYTES) * BLOCK_BYTES
    draft.gap(GapKind.MALFORMED, "the archive ends without its end marker", "归档文件不完整，缺少结束标记")


def read_header(block: bytes) -> TarHeader | None:
    """One header block, or None when it is none: zeros, or its checksum does not fit."""
    declared = _number(block[148:156])
    if declared is None or sum(block) - sum(block[148:156]) + 8 * 32 != declared:
        return None
    size = _number(block[124:136])
    if size is None:
        return None
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return TarHeader(f"{prefix}/{name}" if prefix else name, size, chr(block[156]))


def _member(stream: BinaryIO, header: TarHeader, left: int, draft: Draft) -> None:
    name = clean_name(header.name)
    note_name(header.name, draft)
    if header.flag in _SPECIAL:
        draft.header(f"archive.{_SPECIAL[header.flag]}", name)
    elif header.flag == "S":
        draft.gap(
            GapKind.UNSUPPORTED,
            f"member `{name[:80]}` is sparse; not opened",
            f"成员“{name[:80]}”为稀疏文件，未打开",
        )
    elif header.flag in _CONTENT and not header.name.endswith("/"):
        _content(stream, header, left, draft)


def _content(stream: BinaryIO, header: TarHeader, left: int, draft: Draft) -> None:
    draft.budget.take_bytes(min(header.size, left))
    data = stream.read(min(header.size, left))
    if len(data) < header.size:
        name = clean_name(header.name)[:80]
        draft.gap(GapKind.MALFORMED, f"member `{name}` is cut short", f"成员“{name}”不完整")
    draft.part(Part(data=data, name=header.name, role=Role.MEMBER), charged=True)


def _after(stream: BinaryIO, draft: Draft) -> None:
    """The block after the last member has to be zeros; anything else is damage."""
    stream.seek(-BLOCK_BYTES, 1)
    if stream.read(BLOCK_BYTES).strip(b"\0"):
        draft.gap(
            GapKind.MALFORMED,
            "a member's header is broken; the rest was not read",
            "成员头部损坏，其余未读取",
        )


def _longer_name(stream: BinaryIO, header: TarHeader) -> str:
    data = stream.read(min(header.size, EXTENDED_BYTES))
    if header.flag == "L":
        return _text(data)
    position = 0
    while (space := data.find(b" ", position, position + 8)) > 0:
        length = data[position:space]
        if not length.isdigit() or int(length) <= 0:
            break
        record = data[space + 1 : position + int(length)]
        if record.startswith(b"path="):
            return record[5:].rstrip(b"\n").decode("utf-8", "replace")
        position += int(length)
    return ""


def _number(field: bytes) -> int | None:
    """An octal number, or GNU's base 256; None when it is neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if any(c not in b"01234567" for c in digits) or not digits:
        return 0 if not digits and field.strip(b"\0 ") == b"" and len(field) == 12 else None
    return int(digits, 8)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")
