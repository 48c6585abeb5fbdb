"""What the pool and its workers say to each other: typed msgpack, so that a hijacked worker cannot make us run code."""

import msgspec

from brightline.core.finding import Examination
from brightline.core.preview import Preview
from brightline.core.subject import Context
from brightline.examine.run import Resume
from brightline.settings import Settings

MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024  # an examination of 10,000 parts with previews stays far below


OPENING = -1.0  # the step number while intake opens the subject
AFTERWARDS = float(2**31)  # the step number while the preview is drawn
DATA_LIMIT_BYTES = (
    32 * 1024
)  # tasks fit into a socket's buffer, so that giving one never blocks; larger ones are files


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One subject to open and examine.

    Attributes:
        number: the caller's number for it.
        path: file to read, as the operating system spells it (names need not be UTF-8); empty when `data` holds the
            bytes.
        data: the bytes themselves, at most 32 KiB; larger ones are spooled to a file by the door.
        digest: SHA-256 of the file where the caller has it, so that a large one is not read twice for it; smaller
            ones are digested again, from the bytes that are examined.
        name: for people only.
        context: as the door gave it.
        preview: draw what a report shows.
        resume: set when an earlier worker died on it.
    """

    number: int
    context: Context
    path: bytes = b""
    digest: str = ""
    data: bytes = b""
    name: str = ""
    preview: bool = False
    resume: Resume | None = None

    def __post_init__(self) -> None:
        """Refuse bytes that would not fit into the socket's buffer."""
        if len(self.data) > DATA_LIMIT_BYTES:
            raise ValueError(
                f"task of {len(self.data)} bytes, expected at most {DATA_LIMIT_BYTES}: give a path"
            )


class PartPreview(msgspec.Struct, frozen=True):
    """The preview of one part."""

    part: str
    preview: Preview


class Examined(msgspec.Struct, frozen=True):
    """A subject is done, or cannot be read at all.

    Attributes:
        number: of the task.
        examination: None when the bytes cannot be read; then `error` says why.
        error: one line.
        previews: for the report.
        seconds: time it took.
    """

    number: int
    examination: Examination | None
    error: str = ""
    previews: tuple[PartPreview, ...] = ()
    seconds: float = 0.0


def encode_settings(settings: Settings) -> bytes:
    """Settings as bytes for a worker."""
    return msgspec.msgpack.encode(settings, enc_hook=str)


def decode_settings(data: bytes) -> Settings:
    """Settings from bytes."""
    return msgspec.msgpack.decode(data, type=Settings, dec_hook=lambda kind, value: kind(value))
