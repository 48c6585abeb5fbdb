"""Model files by their content: safetensors header, pickle opcodes, ONNX fields."""

import bz2
import lzma
import re
import zlib

import msgspec

from brightline.core.subject import Kind

SAFETENSORS_HEADER_BYTES = 100_000_000  # the format's own limit
UNPACKED_HEAD_BYTES = 64 * 1024  # of something compressed, to see whether it is a pickle
LZMA_MEMORY_BYTES = 64 * 1024 * 1024  # what a dictionary may take: xz -9 asks for 64 MiB
PICKLE_OPCODES = 64  # how far the walk goes; what is a valid pickle for so long is a pickle

# Argument lengths of pickle opcodes (Python's pickletools): fixed, or a little-endian length of so many bytes first.
_FIXED = dict.fromkeys(b"(.012NQR])}abdelotu\x81\x85\x86\x87\x88\x89\x90\x91\x93\x94sR\x92\x97\x98", 0)
_FIXED |= {
    ord("K"): 1,
    ord("h"): 1,
    ord("q"): 1,
    ord("M"): 2,
    ord("J"): 4,
    ord("j"): 4,
    ord("r"): 4,
    ord("G"): 8,
}
_FIXED |= {0x80: 1, 0x82: 1, 0x83: 2, 0x84: 4, 0x95: 8}
_COUNTED = {
    ord("U"): 1,
    ord("T"): 4,
    ord("X"): 4,
    ord("C"): 1,
    ord("B"): 4,
    0x8A: 1,
    0x8B: 4,
    0x8C: 1,
    0x8D: 8,
    0x8E: 8,
    0x96: 8,
}
_NAME = rb"[A-Za-z_][A-Za-z0-9_.]{0,255}"
# Arguments that end with their line, as pickletools reads them: anything else that fits is a sentence.
_LINES = {
    ord(opcode): re.compile(pattern)
    for opcode, pattern in {
        "F": rb"(?:[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:inf|nan))\n",
        "I": rb"[-+]?\d{1,4300}\r?\n",
        "L": rb"[-+]?\d{1,4300}L?\r?\n",
        "P": rb"[^\n]{0,4096}\n",
        "S": rb"(?:'[^\n]*'|\"[^\n]*\")[ \t\r]*\n",
        "V": rb"[\x00-\x09\x0b-\x7f\x80-\xff]*\n",
        "c": _NAME + rb"\n" + _NAME + rb"\n",
        "g": rb"\d{1,10}\r?\n",
        "i": _NAME + rb"\n" + _NAME + rb"\n",
        "p": rb"\d{1,10}\r?\n",
    }.items()
}
_EVIDENCE = frozenset(b"cgip")  # names and memo slots on lines of their own: no sentence goes on like that
_CALLS, _CALLS_FROM_MARK = frozenset(b"R\x81\x92"), frozenset(b"io")
_NAMES, _ARGUMENTS = frozenset(b"c\x93"), frozenset(b")t\x85\x86\x87gh")
_BINARY = frozenset(b"KMJhjqrG")  # their arguments are bytes; small numbers are no characters of a text


def sniff_model(head: bytes, size: int) -> Kind | None:
    """The kind of model file that starts like this, or None.

    Args:
        head: the first bytes, some thousands.
        size: length of the whole (bytes).
    """
    if _is_safetensors(head, size):
        return Kind.SAFETENSORS
    if _is_pickle(head, size) or _is_compressed_pickle(head):
        return Kind.PICKLE
    return Kind.ONNX if _is_onnx(head) else None


def _is_safetensors(head: bytes, size: int) -> bool:
    length = int.from_bytes(head[:8], "little")
    if len(head) < 10 or not 2 <= length <= min(SAFETENSORS_HEADER_BYTES, size - 8) or head[8:9] != b"{":
        return False
    if length <= len(head) - 8:
        try:
            return isinstance(msgspec.json.decode(head[8 : 8 + length]), dict)
        except (ValueError, RecursionError):  # msgspec's own error is one, and so is bad UTF-8
            return False
    return b'"dtype"' in head or b'"__metadata__"' in head


def _is_pickle(head: bytes, size: int) -> bool:
    """Protocol 2 and later say so; older ones are known by walking their opcodes to the end or far enough."""
    if head[:1] == b"\x80":
        return len(head) > 2 and 2 <= head[1] <= 5 and _walk(head, 2, size, proven=True)
    return _walk(head, 0, size, proven=False)


def _is_compressed_pickle(head: bytes) -> bool:
    """What joblib writes when asked to compress: zlib, bzip2, xz or lzma around a pickle. A gzip is an archive."""
    if not head.startswith((b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"BZh", b"\xfd7zXZ\0", b"\x5d\0\0")):
        return False
    try:
        if head[:1] == b"x":
            start = zlib.decompressobj().decompress(head, UNPACKED_HEAD_BYTES)
        elif head[:1] == b"B":
            start = bz2.BZ2Decompressor().decompress(head, UNPACKED_HEAD_BYTES)
        else:
            start = lzma.LZMADecompressor(memlimit=LZMA_MEMORY_BYTES).decompress(head, UNPACKED_HEAD_BYTES)
    except (zlib.error, OSError, ValueError, EOFError, lzma.LZMAError):
        return False
    return _is_pickle(start, UNPACKED_HEAD_BYTES + 1 if len(start) == UNPACKED_HEAD_BYTES else len(start))


def _walk(head: bytes, position: int, size: int, *, proven: bool) -> bool:
    """Whether opcode follows opcode up to STOP, or for so long that it is no chance.

    Without a protocol in front, something has to be seen that no text has: a name, a memo slot or a binary number.
    """
    seen: set[int] = set()
    for _ in range(PICKLE_OPCODES):
        if position >= len(head):
            return proven and size > len(head)
        opcode, start = head[position], position + 1
        if opcode == ord("."):
            return proven
        position = _behind(head, opcode, start)
        if position < 0:
            return False
        if _runs(opcode, seen):
            return True
        seen.add(opcode)
        proven |= opcode in _EVIDENCE or (opcode in _BINARY and min(head[start:position], default=32) < 9)
        if position > len(head):
            return proven and size > len(head)
    return proven


def _runs(opcode: int, seen: set[int]) -> bool:
    """Whether an unpickler has called something by now: then it is a pickle, whatever follows or is cut off."""
    if opcode in _CALLS:
        return bool(seen & _NAMES) and bool(seen & _ARGUMENTS)
    return opcode in _CALLS_FROM_MARK and ord("(") in seen and (opcode == ord("i") or bool(seen & _NAMES))


def _behind(head: bytes, opcode: int, start: int) -> int:
    """Where the next opcode stands, -1 where this is none or its argument is not one that it takes."""
    if opcode in _FIXED:
        return start + _FIXED[opcode]
    if opcode in _COUNTED:
        width = _COUNTED[opcode]
        return start + width + int.from_bytes(head[start : start + width], "little")
    match = _LINES[opcode].match(head, start) if opcode in _LINES else None
    return match.end() if match is not None else -1


def _is_onnx(head: bytes) -> bool:
    """ONNX is a bare protobuf: ir_version (field 1), then producer or opset strings (onnx.proto ModelProto)."""
    if len(head) < 16 or head[0] != 0x08 or not 1 <= head[1] <= 20:
        return False
    if head[2] == 0x12:  # producer_name
        length = head[3]
        return (
            0 < length < 64
            and head[4 : 4 + length].isascii()
            and head[4 + length : 5 + length] in {b"\x1a", b"\x22", b"\x3a", b"\x32", b"\x2a", b"\x42"}
        )
    return head[2] == 0x3A and any(
        word in head[:4096] for word in (b"Conv", b"MatMul", b"Gemm", b"Add", b"Relu", b"Identity")
    )
