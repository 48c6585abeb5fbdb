"""Look into bytes for pickles: streams one after the other, in strings, in arrays, in archives, coded or compressed.

What the bytes are is told by their content. Nothing is unpickled; see `walk.py`.
"""

import ast
import base64
import binascii
import bz2
import lzma
import re
import zlib
from collections.abc import Callable

import msgspec

from brightline.detectors.artefact import zips
from brightline.detectors.artefact.joblib_arrays import arrays
from brightline.detectors.artefact.judge import Verdict, verdict_of
from brightline.detectors.artefact.steps import walk
from brightline.detectors.artefact.values import Name
from brightline.detectors.artefact.walk import Walked, Walker

DEPTH_LIMIT = 6  # layers of coding and archives; deeper ones are said to be unread
STREAMS_LIMIT = 10_000  # pickles in one file
UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024  # of one compressed payload
PAYLOADS_LIMIT = 20_000  # strings looked into
CODED_LIMIT_BYTES = 8 * 1024 * 1024  # of a string that may be coded
HEAD_BYTES = 64 * 1024  # of an archive's member, to tell whether it is a pickle

_IDENTIFIER = re.compile(r"[A-Za-z_][\w.]{0,400}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}\s*")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){16,}")
_CODE_OBJECT = re.compile(rb"[\xe3\x63]\x00\x00\x00\x00")  # marshal's TYPE_CODE with no arguments
_PROTOCOL = re.compile(rb"\x80[\x02-\x05]")
_GLOBAL = re.compile(rb"(?:[\(\]\}\)N0-9.]|\x80.)*c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n", re.DOTALL)
_SOURCE = re.compile(
    rb"\b(?:import\s+(?:os|subprocess|socket|base64|sys|pty)\b|__import__\s*\(|exec\s*\(|eval\s*\(|os\.system|subprocess\.)"
)


class Import(msgspec.Struct, frozen=True):
    """One import that a pickle makes.

    Attributes:
        path: module and name.
        verdict: what it means.
        reached: `called`, `imported`, or `rewritten` where state is set on the imported thing itself.
        argument: first text among the arguments, cut.
        inside: members and codings that lead to it, empty for the file itself.
    """

    path: str
    verdict: Verdict
    reached: str
    argument: str
    inside: str


class Look:
    """Gathers what is found in one file and everything in it."""

    def __init__(self) -> None:
        self.imports: dict[tuple[str, str, str], Import] = {}
        self.faults: list[str] = []
        self.tricks: list[str] = []
        self.code: list[str] = []  # where code objects or programs lie
        self.streams = 0
        self._payloads = 0

    def pickles(
        self, data: bytes, start: int, end: int, inside: str = "", depth: int = 0, *, sure: bool = True
    ) -> int:
        """Follow pickles one after the other; gives the offset behind the last one.

        Args:
            data: where they lie.
            start: offset of the first.
            end: offset behind the last byte that may belong to them.
            inside: what leads here.
            depth: layers so far.
            sure: the bytes are said to be a pickle: one that breaks is a fault, whatever it holds.
        """
        while start < end and self.streams < STREAMS_LIMIT:
            walked = self._stream(data, start, end, inside, depth)
            if not _counts(walked, data, start, sure=sure):
                return start
            self.streams += 1
            for name in walked.names:
                self._note(name, inside)
            if not walked.is_whole:
                self._fault(f"a pickle breaks after {walked.opcodes} opcodes: {walked.fault}", inside)
                return walked.end
            start, sure = walked.end, False
        if self.streams >= STREAMS_LIMIT:
            self._fault(f"more than {STREAMS_LIMIT} pickles; the rest was not walked", inside)
        return start

    def _stream(self, data: bytes, start: int, end: int, inside: str, depth: int) -> Walked:
        def hear(begin: int, stop: int) -> None:
            self._payload(data, begin, stop, inside, depth)

        def follow(walker: Walker, position: int) -> int:
            inner = (
                self._stream(data, position, walker.end, inside, depth + 1)
                if depth < DEPTH_LIMIT
                else Walked()
            )
            self._embedded(inner, inside)
            return inner.end if inner.is_whole else walker.end + 1

        def also(other: Walked) -> None:
            self._embedded(
                Walked(names=[one for one in other.names if _plausible(one)], is_whole=True), inside
            )

        return walk(data, start, end, hear=hear, array=arrays(follow, also))

    def _embedded(self, walked: Walked, inside: str) -> None:
        for name in walked.names:
            self._note(name, inside)
        if not walked.is_whole:
            self._fault(f"a pickle inside breaks: {walked.fault}", inside)

    def _note(self, name: Name, inside: str) -> None:
        verdict = verdict_of(name)
        reached = "rewritten" if name.built else "called" if name.calls else "imported"
        found = Import(_shown(name.path), verdict, reached, _shown(name.argument), _shown(inside))
        key = (name.path, reached, inside)
        if len(self.imports) < STREAMS_LIMIT and (key not in self.imports or verdict is Verdict.DANGEROUS):
            self.imports[key] = found

    def _fault(self, why: str, inside: str) -> None:
        if len(self.faults) < 20:
            self.faults.append(f"{_shown(inside)}: {why}" if inside else why)

    def _payload(self, data: bytes, begin: int, end: int, inside: str, depth: int) -> None:
        """A string or bytes of a pickle: does it hold another payload?"""
        head = data[begin : min(end, begin + 24)]
        if not _may_hold(head):
            return
        self._payloads += 1
        if self._payloads > PAYLOADS_LIMIT:
            self._fault(
                f"more than {PAYLOADS_LIMIT} strings that may hold something; the rest was not looked into",
                "",
            )
            return
        if head[:1] in b"\x80\x50" or depth == 0 or end - begin <= CODED_LIMIT_BYTES:
            self.content(data[begin:end], f"{inside}>string" if inside else "string", depth + 1)

    def content(self, data: bytes, inside: str, depth: int) -> None:
        """Whatever some bytes are: a pickle, an archive, something coded or compressed, code."""
        if depth > DEPTH_LIMIT:
            self._fault(f"more than {DEPTH_LIMIT} layers; not looked into", inside)
            return
        if _PROTOCOL.match(data) or _GLOBAL.match(data):
            self.pickles(data, 0, len(data), inside, depth, sure=False)
        elif data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            self.archive(data, len(data), inside, depth)
        elif data.startswith(b"\x93NUMPY"):
            self.array(data, len(data), inside, depth)
        elif data.startswith(
            (b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
        ) or _CODE_OBJECT.match(data):
            self.code.append(_shown(inside))
        else:
            self._coded(data, inside, depth)

    def _coded(self, data: bytes, inside: str, depth: int) -> None:
        for coding, decode in _CODINGS:
            out = decode(data)
            if out is not None and (_may_hold(out[:24]) or _SOURCE.search(out[:HEAD_BYTES])):
                if _SOURCE.search(out[:HEAD_BYTES]):
                    self.code.append(f"{_shown(inside)}>{coding}")
                if len(out) >= UNPACKED_LIMIT_BYTES:
                    self._fault(f"unpacks to more than {UNPACKED_LIMIT_BYTES // 2**20} MiB", inside)
                self.content(out, f"{inside}>{coding}" if inside else coding, depth + 1)
                return

    def array(self, data: bytes, size: int, inside: str = "", depth: int = 0) -> None:
        """A .npy file (NumPy format 1.0 to 3.0): an array of objects is a pickle."""
        wide = 2 if data[6:7] == b"\x01" else 4
        start = 8 + wide + int.from_bytes(data[8 : 8 + wide], "little")
        try:
            header = ast.literal_eval(data[8 + wide : min(start, 1 << 20)].decode("latin-1").strip())
            descr = repr(header["descr"])
        except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
            self._fault("the header of a NumPy array cannot be read", inside)
            descr = "O"
        if start > size:
            self._fault("a NumPy array is cut off", inside)
        is_objects = re.search(r"'[|<>=]?O\d*'", descr) is not None or "object" in descr
        self.pickles(data, start, size, inside, depth, sure=is_objects)

    def archive(
        self, data: bytes, size: int, inside: str = "", depth: int = 0, *, odd_only: bool = False
    ) -> int:
        """Every reading of every member of a ZIP; gives how many there were.

        Args:
            data: the archive, bytes or mapped file.
            size: its length (bytes).
            inside: what leads here.
            depth: layers so far.
            odd_only: only what an honest reader would not see; the rest is examined elsewhere.
        """
        count = 0
        for member in zips.members(data, size):
            count += 1
            if count >= zips.MEMBERS_LIMIT:
                self._fault(f"more than {zips.MEMBERS_LIMIT} members; the rest was not looked at", inside)
                break
            place = f"{inside}>{member.name}" if inside else member.name
            self._member(data, member, place, depth, odd_only=odd_only)
        return count

    def _member(self, data: bytes, member: zips.Member, place: str, depth: int, *, odd_only: bool) -> None:
        is_odd = bool(member.tricks)
        if member.method == 0 and not odd_only:
            self._stored(data, member, place, depth)
        elif is_odd or not odd_only:
            head = zips.unpack(data, member, HEAD_BYTES)
            if not head.data and member.end > member.start and not member.name.endswith("/"):
                self._fault("a member cannot be unpacked", place)
            elif member.name.endswith(".pkl") or self._is_worth(head.data):
                out = zips.unpack(data, member)
                if not out.is_whole:
                    self._fault("a member is broken or too large", place)
                self._inner(out.data, place, depth)
                if member.crc not in (-1, 0) and out.is_whole and zlib.crc32(out.data) != member.crc:
                    member.tricks.add("checksum")
        self.tricks += [f"{_shown(place)}: {trick}" for trick in sorted(member.tricks - {"disagrees"})][
            : 20 - len(self.tricks)
        ]

    def _stored(self, data: bytes, member: zips.Member, place: str, depth: int) -> None:
        head = data[member.start : min(member.end, member.start + HEAD_BYTES)]
        if member.name.endswith(".pkl"):
            self.pickles(data, member.start, member.end, place, depth)
        elif self._is_worth(head):
            if _PROTOCOL.match(head) or _GLOBAL.match(head):
                self.pickles(data, member.start, member.end, place, depth, sure=False)
            else:
                self.content(
                    data[member.start : min(member.end, member.start + UNPACKED_LIMIT_BYTES)],
                    place,
                    depth + 1,
                )
        is_small = member.name.endswith(".pkl") or len(head) < HEAD_BYTES
        if is_small and 0 < member.end - member.start <= UNPACKED_LIMIT_BYTES and member.crc > 0:
            is_sound = zlib.crc32(data[member.start : member.end]) == member.crc
            member.tricks |= set() if is_sound else {"checksum"}

    def _inner(self, data: bytes, place: str, depth: int) -> None:
        if place.endswith(".pkl"):
            self.pickles(data, 0, len(data), place, depth + 1)
        else:
            self.content(data, place, depth + 1)

    def _is_worth(self, head: bytes) -> bool:
        if _PROTOCOL.match(head) or _GLOBAL.match(head):
            return bool(walk(head, 0, len(head)).opcodes > 2)
        return _may_hold(head[:24]) and not _BASE64.match(head[:24])


def _counts(walked: Walked, data: bytes, start: int, *, sure: bool) -> bool:
    """Whether what was walked is a pickle at all, and not chance bytes behind one."""
    if sure or any(_plausible(name) for name in walked.names):
        return True
    return walked.is_whole and (data[start] == 0x80 or walked.opcodes > 8) and not walked.odd


def _shown(text: str) -> str:
    """Text of the file as people may see it: printable, and encodable."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _plausible(name: Name) -> bool:
    return bool(_IDENTIFIER.fullmatch(name.module) and _IDENTIFIER.fullmatch(name.name))


def _may_hold(head: bytes) -> bool:
    """Whether bytes may be a payload, from their start: cheap, since it is asked of every string."""
    return (
        head[:1] in _FIRST
        and (
            head.startswith(_STARTS)
            or _PROTOCOL.match(head) is not None
            or _CODE_OBJECT.match(head) is not None
            or _GLOBAL.match(head) is not None
        )
    ) or (len(head) >= 24 and _BASE64.match(head) is not None)


_STARTS = (
    b"PK\x03\x04",
    b"\x93NUMPY",
    b"\x7fELF",
    b"MZ\x90",
    b"BZh",
    b"\x1f\x8b",
    b"\xfd7zXZ",
    b"\x5d\x00\x00",
    b"x\x01",
    b"x\x5e",
    b"x\x9c",
    b"x\xda",
    b"\xcf\xfa\xed\xfe",
)
_FIRST = {bytes([one[0]]) for one in _STARTS} | {b"\x80", b"\xe3", b"c", b"(", b"]", b"}", b")", b"N"}


def _base64(data: bytes) -> bytes | None:
    if len(data) > CODED_LIMIT_BYTES or not _BASE64.fullmatch(data):
        return None
    try:
        return base64.b64decode(data.strip().replace(b"-", b"+").replace(b"_", b"/") + b"==")
    except (binascii.Error, ValueError):
        return None


def _hex(data: bytes) -> bytes | None:
    return bytes.fromhex(data.decode()) if len(data) <= CODED_LIMIT_BYTES and _HEX.fullmatch(data) else None


def _zlib(data: bytes) -> bytes | None:
    if data[:2] not in {b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"} and not data.startswith(b"\x1f\x8b"):
        return None
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, UNPACKED_LIMIT_BYTES)
    except zlib.error:
        return None


def _bz2(data: bytes) -> bytes | None:
    try:
        return (
            bz2.BZ2Decompressor().decompress(data, UNPACKED_LIMIT_BYTES) if data.startswith(b"BZh") else None
        )
    except (OSError, ValueError):
        return None


def _lzma(data: bytes) -> bytes | None:
    if not data.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
        return None
    try:
        return lzma.LZMADecompressor(memlimit=UNPACKED_LIMIT_BYTES).decompress(data, UNPACKED_LIMIT_BYTES)
    except (lzma.LZMAError, EOFError):
        return None


_CODINGS: tuple[tuple[str, Callable[[bytes], bytes | None]], ...] = (
    ("zlib", _zlib),
    ("bz2", _bz2),
    ("xz", _lzma),
    ("hex", _hex),
    ("base64", _base64),
)
