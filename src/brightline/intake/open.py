"""Bytes to a Subject: the first station of the line.

1. The digest is taken over the bytes as they are.
2. The kind is decided from the bytes (`sniff`), never from the name.
3. The kind's reader collects words, headers, links and parts into a Draft.
4. Each part is opened the same way, one level deeper, within the one Budget of the whole subject.

A reader that fails or hits a limit leaves a Gap; what it found before is kept.
"""

import errno
import importlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from brightline.core.errors import IntakeError
from brightline.core.subject import (
    Blob,
    Context,
    Gap,
    GapKind,
    Header,
    Kind,
    Media,
    Role,
    Subject,
)
from brightline.core.words import Words
from brightline.intake.budget import Budget, size_words
from brightline.intake.digests import edge_digest, sha256
from brightline.intake.draft import SOURCE, Draft, Part, clean_name
from brightline.intake.guard import guarded
from brightline.intake.sniff import sniff
from brightline.settings import Limits

Reader = Callable[[Blob, Draft], None]
"""Collects what one node says into the draft; may raise, which becomes a gap."""

_READERS: dict[Kind, str] = {
    Kind.TEXT: "plain",
    Kind.HTML: "html",
    Kind.MARKDOWN: "markdown",
    Kind.PDF: "pdf",
    Kind.DOCX: "ooxml",
    Kind.PPTX: "ooxml",
    Kind.XLSX: "ooxml",
    Kind.EMAIL: "mail",
    Kind.MBOX: "mbox",
    Kind.MSG: "msg",
    Kind.JSON: "feed",
    Kind.CSV: "feed",
    Kind.ZIP: "archive",
    Kind.TAR: "archive",
    Kind.GZIP: "archive",
    Kind.UNKNOWN: "unknown",
}
_MEDIA_READERS: dict[Media, str] = {
    Media.IMAGE: "picture",
    Media.AUDIO: "recording",
    Media.VIDEO: "recording",
    Media.MODEL: "model",
}


def open_file(path: Path, *, context: Context, limits: Limits, name: str = "", digest: str = "") -> Subject:
    """Open a regular file as a subject.

    A symbolic link is refused, so that a link in an uploads folder never leads out of it; a door that means to
    follow links resolves them first. Files up to `limits.memory_bytes` are held in memory, larger ones mapped.
    One over `limits.subject_bytes` is not opened: the subject has no kind, a LIMIT gap, and a digest over its size
    and both ends, since hashing it could take longer than the whole subject may.

    Args:
        path: the file.
        context: where it came from.
        limits: what it may cost.
        name: how to call it; the path where empty.
        digest: SHA-256 of the file where the caller has it; used for mapped files only, which are long to read.

    Raises:
        IntakeError: it cannot be read, or is not a regular file.
    """
    called = name or str(path)
    try:
        blob = _blob(path, limits)
        if blob.size > limits.subject_bytes:
            return _too_large(blob, called, context, limits)
        known = digest if blob.path is not None else ""
        return open_subject(blob, name=called, context=context, limits=limits, digest=known)
    except OSError as error:
        raise IntakeError(f"cannot read `{clean_name(called)}`: {error.strerror or error}") from error


def open_subject(blob: Blob, *, name: str, context: Context, limits: Limits, digest: str = "") -> Subject:
    """Open bytes as a subject, with all its parts.

    Args:
        blob: the bytes.
        name: how people call it; never trusted.
        context: where it came from; the same for all parts.
        limits: what it may cost, with all its parts.
        digest: SHA-256 of the bytes where the caller has it already.

    Raises:
        IntakeError: the file behind the blob cannot be read.
    """
    try:
        whole = Part(data=b"", name=name, role=Role.ROOT)
        return _open(whole, blob, context, Budget(limits), depth=0, digest=digest)
    except OSError as error:
        raise IntakeError(f"cannot read `{clean_name(name)}`: {error.strerror or error}") from error


def _open(
    part: Part, blob: Blob, context: Context, budget: Budget, *, depth: int, digest: str = ""
) -> Subject:
    draft = Draft(part.kind or Kind.UNKNOWN, budget, depth=depth)
    guarded(lambda: _look(part, blob, draft), draft)
    guarded(lambda: _read(part, blob, draft), draft)
    return Subject(
        digest=digest or sha256(blob),
        size_bytes=blob.size,
        kind=draft.kind,
        context=context,
        name=clean_name(part.name),
        role=part.role,
        text=draft.text,
        headers=tuple(draft.headers),
        links=tuple(draft.links),
        parts=tuple(
            _open(inner, Blob(inner.data), context, budget, depth=depth + 1) for inner in draft.parts
        ),
        gaps=tuple(draft.gaps),
        blob=blob,
    )


def _look(part: Part, blob: Blob, draft: Draft) -> None:
    """Decide the kind, unless the container knows it, and note what the container and the bytes say."""
    for header in part.headers:
        draft.header(header.name, header.value)
    if part.kind is None:
        sniffed = sniff(blob)
        draft.kind = sniffed.kind
        for note in sniffed.notes:
            draft.header(note.name, note.value)
            if note.name == "polyglot" and note.value in {"zip", "pdf"}:
                draft.gap(
                    GapKind.UNSUPPORTED,
                    f"it is a {draft.kind} and a {note.value} at once; the {note.value} was not opened",
                    f"它同时是 {draft.kind} 和 {note.value}，其中的 {note.value} 未打开",
                )


def _read(part: Part, blob: Blob, draft: Draft) -> None:
    draft.budget.check_time()
    if part.kind is not None:  # the container already knows what it says
        for link in part.links:
            draft.link(link.target, link.shown, link.start, link.end)
        draft.say(part.text)
        return
    reader = reader_of(draft.kind)
    if reader is not None:
        reader(blob, draft)


def reader_of(kind: Kind) -> Reader | None:
    """The reader of a kind, imported when first needed; None for a kind that has nothing to read."""
    module = _READERS.get(kind) or _MEDIA_READERS.get(kind.media)
    if module is None:
        return None
    read: Reader = importlib.import_module(f"brightline.intake.{module}").read
    return read


def _blob(path: Path, limits: Limits) -> Blob:
    # O_NONBLOCK: opening a named pipe must not wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if facts.st_size > limits.memory_bytes:
            return Blob(path=path)
        return Blob(file.read(limits.memory_bytes))


def _too_large(blob: Blob, name: str, context: Context, limits: Limits) -> Subject:
    limit = size_words(limits.subject_bytes)
    why = Words(
        en=f"{blob.size} bytes, more than {limit}; not opened, and the digest covers only its size and both ends",
        zh=f"文件共 {blob.size} 字节，超过 {limit}，未打开；摘要仅覆盖文件大小与首尾数据",
    )
    return Subject(
        digest=edge_digest(blob),
        size_bytes=blob.size,
        kind=Kind.UNKNOWN,
        context=context,
        name=clean_name(name),
        headers=(Header("digest-covers", "size and both ends"),),
        gaps=(Gap(source=SOURCE, kind=GapKind.LIMIT, why=why),),
        blob=blob,
    )
