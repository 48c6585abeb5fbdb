"""Model files by their content: safetensors header, pickle opcodes, ONNX fields."""

import msgspec

from brightline.core.subject import Kind

SAFETENSORS_HEADER_BYTES = 100_000_000  # the format's own limit
PICKLE_OPCODES = 64  # how far the walk goes; a text that is a valid pickle for so long is a pickle

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
_LINES = dict.fromkeys(b"SVILFPgp", 1) | {ord("c"): 2, ord("i"): 2}
_TELLING = frozenset(b"cR\x93\x94}]q\x8cX(tbN")


def sniff_model(head: bytes, size: int) -> Kind | None:
    """The kind of model file that starts like this, or None.

    Args:
        head: the first bytes, some thousands.
        size: length of the whole (bytes).
    """
    if _is_safetensors(head, size):
        return Kind.SAFETENSORS
    if _is_pickle(head, size):
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
        return len(head) > 2 and 2 <= head[1] <= 5 and _walk(head, 2, size)
    return head[:1] in {b"(", b"c", b"]", b"}", b"I", b"S", b"V"} and _walk(head, 0, size)


def _walk(head: bytes, position: int, size: int) -> bool:
    proven = position > 0
    for count in range(PICKLE_OPCODES):
        if position >= len(head):
            return proven and count > 0 and size > len(head)
        opcode, position = head[position], position + 1
        if opcode == ord("."):
            return count > 0 or proven
        if opcode in _FIXED:
            position += _FIXED[opcode]
        elif opcode in _COUNTED:
            width = _COUNTED[opcode]
            position += width + int.from_bytes(head[position : position + width], "little")
        elif opcode in _LINES:
            for _ in range(_LINES[opcode]):
                end = head.find(b"\n", position)
                if end < 0:
                    return False
                position = end + 1
        else:
            return False
        if position > len(head) and size > len(head):
            return proven or opcode in _TELLING
    return proven or position >= PICKLE_OPCODES


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
