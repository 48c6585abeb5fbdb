"""The Subject: bytes under examination, known by digest, with parts and context.

A kind is decided from the bytes, never from a name. A path or URL that a subject names is not permission to
read it.
"""

import io
import mmap
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import msgspec

from brightline.core.words import Words


class Media(StrEnum):
    """The broad family of a kind; detectors choose by it."""

    TEXT = "text"
    DOCUMENT = "document"
    MESSAGE = "message"
    DATA = "data"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    ARCHIVE = "archive"
    MODEL = "model"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What the bytes are, from their content."""

    EMPTY = "empty"
    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"
    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    EMAIL = "email"
    MBOX = "mbox"
    MSG = "msg"
    POST = "post"  # one message of a feed
    TURN = "turn"  # one turn of a chat
    CHAT = "chat"  # a chat transcript: its turns are parts
    FEED = "feed"  # JSON, JSONL or CSV of messages: its posts are parts
    JSON = "json"
    CSV = "csv"
    ZIP = "zip"
    TAR = "tar"
    GZIP = "gzip"
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    TIFF = "tiff"
    HEIF = "heif"
    AVIF = "avif"
    WAV = "wav"
    MP3 = "mp3"
    FLAC = "flac"
    OGG = "ogg"  # Vorbis, Opus or FLAC in Ogg
    M4A = "m4a"
    MP4 = "mp4"
    MOV = "mov"
    MATROSKA = "matroska"  # MKV and WebM
    AVI = "avi"
    FLV = "flv"
    PICKLE = "pickle"
    TORCH = "torch"
    NUMPY = "numpy"
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    ONNX = "onnx"
    HDF5 = "hdf5"
    UNKNOWN = "unknown"

    @property
    def media(self) -> Media:
        """The family this kind belongs to."""
        return _MEDIA.get(self, Media.UNKNOWN)


_FAMILIES: dict[Media, tuple[Kind, ...]] = {
    Media.TEXT: (Kind.TEXT, Kind.HTML, Kind.MARKDOWN),
    Media.DOCUMENT: (Kind.PDF, Kind.DOCX, Kind.PPTX, Kind.XLSX),
    Media.MESSAGE: (Kind.EMAIL, Kind.MBOX, Kind.MSG, Kind.POST, Kind.TURN, Kind.CHAT, Kind.FEED),
    Media.DATA: (Kind.JSON, Kind.CSV),
    Media.IMAGE: (Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.GIF, Kind.TIFF, Kind.HEIF, Kind.AVIF),
    Media.AUDIO: (Kind.WAV, Kind.MP3, Kind.FLAC, Kind.OGG, Kind.M4A),
    Media.VIDEO: (Kind.MP4, Kind.MOV, Kind.MATROSKA, Kind.AVI, Kind.FLV),
    Media.ARCHIVE: (Kind.ZIP, Kind.TAR, Kind.GZIP),
    Media.MODEL: (
        Kind.PICKLE,
        Kind.TORCH,
        Kind.NUMPY,
        Kind.SAFETENSORS,
        Kind.GGUF,
        Kind.ONNX,
        Kind.HDF5,
    ),
}
_MEDIA = {kind: media for media, kinds in _FAMILIES.items() for kind in kinds}


class Role(StrEnum):
    """How a part belongs to its whole."""

    ROOT = "root"
    BODY = "body"  # a mail's text or HTML body
    ATTACHMENT = "attachment"
    EMBEDDED = "embedded"  # a picture inside a document
    MEMBER = "member"  # of an archive or mailbox
    TURN = "turn"
    POST = "post"


class Audience(StrEnum):
    """Who will see the content; internal use is outside most public-facing duties."""

    INTERNAL = "internal"
    PUBLIC = "public"


class Declaration(StrEnum):
    """What the uploader said about the content's origin."""

    NONE = "none"
    AI_GENERATED = "ai_generated"
    NOT_AI = "not_ai"


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Where a subject came from and where it is going; set by the door, never by the content.

    Attributes:
        channel: the door or product surface, e.g. `cli`, `upload`, `mail`.
        actor: who submitted it, an opaque id.
        tenant: whose policy overlay applies.
        audience: who will see it.
        declared: the uploader's own declaration.
        time: RFC 3339 UTC time of submission, `2026-11-23T12:00:00Z`; rules are effective by it.
        parent: digest of the subject this one was derived from, or empty.
    """

    channel: str = "cli"
    actor: str = ""
    tenant: str = ""
    audience: Audience = Audience.PUBLIC
    declared: Declaration = Declaration.NONE
    time: str
    parent: str = ""


class Header(msgspec.Struct, frozen=True):
    """One named field that the subject carries about itself (a mail header, an HTML meta tag)."""

    name: str  # lower case
    value: str


class Link(msgspec.Struct, frozen=True):
    """One link in the subject: where it leads and what the reader sees."""

    target: str
    shown: str = ""
    start: int = -1  # offset of the shown words in the subject's text, -1 when they are not in it
    end: int = -1


class GapKind(StrEnum):
    """Why something was not looked at."""

    LIMIT = "limit"
    TIMEOUT = "timeout"
    CRASH = "crash"
    FAILED = "failed"
    MISSING = "missing"
    ENCRYPTED = "encrypted"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Something that should have been looked at and was not. A gap never allows.

    Attributes:
        source: who was to look: a detector's name, or `intake`.
        kind: why it did not.
        why: what happened, in words, with the number and unit of a limit that was hit.
        part: path of the part in the subject, `""` for the subject itself, `"0/2"` for the third part of
            the first part.
    """

    source: str
    kind: GapKind
    why: Words
    part: str = ""


class Blob:
    """Bytes of a subject: held in memory, or a file that the door was told to read.

    Picklable and cheap to pass along; `open()` gives a fresh binary stream each time.
    """

    __slots__ = ("_data", "_path", "size")

    def __init__(self, data: bytes | None = None, *, path: Path | None = None) -> None:
        self._data = data
        self._path = path
        self.size = len(data) if data is not None else (path.stat().st_size if path is not None else 0)

    @property
    def path(self) -> Path | None:
        """The file behind this blob, if it is not held in memory."""
        return self._path if self._data is None else None

    def open(self) -> BinaryIO:
        """A binary stream over the bytes, at offset 0.

        Raises:
            OSError: the file behind the blob cannot be read.
        """
        if self._data is not None:
            return io.BytesIO(self._data)
        return self._path.open("rb") if self._path is not None else io.BytesIO(b"")

    def view(self) -> memoryview:
        """All bytes, read-only, without copying: memory, or the mapped file.

        Raises:
            OSError: the file behind the blob cannot be mapped.
        """
        if self._data is not None or self._path is None or self.size == 0:
            return memoryview(self._data or b"")
        with self._path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def head(self, size_bytes: int) -> bytes:
        """The first `size_bytes` bytes, or all if there are fewer."""
        if self._data is not None:
            return self._data[:size_bytes]
        with self.open() as stream:
            return stream.read(size_bytes)


EMPTY_BLOB = Blob(b"")


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The thing under examination, opened. Lives only while it is examined; `Facts` is what a record keeps.

    Attributes:
        digest: SHA-256 of the bytes, 64 lower-case hex digits.
        size_bytes: length of the bytes.
        kind: from the bytes.
        name: for people only, never trusted: the path or member name, at most 255 characters, no control
            characters.
        role: how it belongs to its whole.
        context: the same for all parts of a subject.
        text: the words a reader would see, Unicode NFC is *not* applied (hidden characters matter); empty
            when there are none. Spans in findings are offsets into it.
        headers: fields about itself, in order, names lower case.
        links: links it carries.
        parts: attachments, members, turns, posts.
        gaps: what intake could not open or read of this node (without its parts' own).
        blob: the bytes.
    """

    digest: str
    size_bytes: int
    kind: Kind
    context: Context
    name: str = ""
    role: Role = Role.ROOT
    text: str = ""
    headers: tuple[Header, ...] = ()
    links: tuple[Link, ...] = ()
    parts: tuple["Subject", ...] = ()
    gaps: tuple[Gap, ...] = ()
    blob: Blob = EMPTY_BLOB

    def header(self, name: str) -> str:
        """The first header of that lower-case name, or the empty string."""
        return next((header.value for header in self.headers if header.name == name), "")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a record may keep of a subject: no content, only what it is."""

    digest: str
    size_bytes: int
    kind: Kind
    name: str = ""
    role: Role = Role.ROOT
    characters: int = 0  # length of the text
    parts: tuple["Facts", ...] = ()


def facts_of(subject: Subject) -> Facts:
    """The facts of a subject and of all its parts."""
    return Facts(
        digest=subject.digest,
        size_bytes=subject.size_bytes,
        kind=subject.kind,
        name=subject.name,
        role=subject.role,
        characters=len(subject.text),
        parts=tuple(facts_of(part) for part in subject.parts),
    )
