"""All marks of one file, by the readers of `provenance`, which know nothing of our writers.

An inventory is taken before and after every write, and on both sides of a comparison. What could not be read stands in
`unread`: an inventory with unread places never shows that a mark is gone.
"""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from brightline.carriers.candidate import CANDIDATE_LIMIT, Candidate, Unread
from brightline.carriers.readers import READERS
from brightline.core.errors import CarrierError, DetectorError
from brightline.core.signatures import Detect
from brightline.core.subject import Context, Kind, Media, Subject
from brightline.intake.open import open_file
from brightline.marking.found import FoundMark, Layer, implicit_mark, mark_of
from brightline.marking.traits import Traits, traits_of
from brightline.provenance.annex_e import Mark, read_mark
from brightline.provenance.c2pa import MEDIA_TYPES
from brightline.settings import Settings

CHANNEL = "marking"
_MARKDOWN_SUFFIXES = {".md", ".markdown"}


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """What marks a file carries, and what kind of file it is.

    Attributes:
        kind: from the bytes.
        digest: SHA-256 of the file.
        size_bytes: its length.
        marks: in the order of `Layer`.
        unread: what could not be looked at, one sentence each.
        unsearched: layers that were not looked for in pixels, samples and frames; the digest of content stands for them.
        traits: what tells how the file was last written.
    """

    kind: Kind
    digest: str
    size_bytes: int
    marks: tuple[FoundMark, ...] = ()
    unread: tuple[str, ...] = ()
    unsearched: tuple[Layer, ...] = ()
    traits: Traits = Traits()

    def of(self, layer: Layer) -> tuple[FoundMark, ...]:
        """The marks of one sort."""
        return tuple(mark for mark in self.marks if mark.layer is layer)


class _Reader(msgspec.Struct, frozen=True):
    """One detector of `provenance` that finds marks, and what it looks at.

    Attributes:
        module: its file.
        media: families that it looks at.
        kinds: formats that it looks at.
        text: it looks at whatever has words.
        layer: for one that searches decoded content, the layer of its marks: such a search takes long.
    """

    module: str
    media: tuple[Media, ...] = ()
    kinds: tuple[Kind, ...] = ()
    text: bool = False
    layer: Layer | None = None


_MEDIA = (Media.IMAGE, Media.AUDIO, Media.VIDEO)
_READERS = (
    _Reader("generators", media=_MEDIA),
    _Reader("c2pa", kinds=tuple(MEDIA_TYPES)),
    _Reader("explicit", text=True),
    _Reader("explicit_image", media=(Media.IMAGE,), layer=Layer.EXPLICIT),
    _Reader("explicit_audio", media=(Media.AUDIO,), layer=Layer.EXPLICIT),
    _Reader("explicit_video", media=(Media.VIDEO,), layer=Layer.EXPLICIT),
    _Reader("watermark_image", media=(Media.IMAGE,), layer=Layer.WATERMARK),
    _Reader("watermark_sound", media=(Media.AUDIO, Media.VIDEO), layer=Layer.WATERMARK),
    _Reader("watermark_text", text=True, layer=Layer.WATERMARK),
)


def open_subject_at(path: Path, settings: Settings) -> Subject:
    """The file as a subject. Here, where the file is its owner's own, `.md` makes a text Markdown.

    Raises:
        IntakeError: it cannot be read or is no regular file.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    context = Context(channel=CHANNEL, time=now)
    subject = open_file(path, context=context, limits=settings.limits, name=path.name)
    if subject.kind is Kind.TEXT and path.suffix.lower() in _MARKDOWN_SUFFIXES:
        return msgspec.structs.replace(subject, kind=Kind.MARKDOWN)
    return subject


def take_inventory(subject: Subject, settings: Settings, *, search_content: bool = True) -> Inventory:
    """Read every mark of a file. Never raises for content: what cannot be read is told in `unread`.

    Args:
        subject: the file.
        settings: limits and keys.
        search_content: look for marks in pixels, samples and frames too. Who changes none of them may leave it out and
            compare digests of content instead; `unsearched` then says so.
    """
    unread: list[str] = [gap.why.en for gap in subject.gaps]
    marks = [implicit_mark(mark) for mark in implicit_marks(subject, unread)]
    fitting = [reader for reader in _READERS if _fits(reader, subject)]
    for reader in fitting:
        if reader.layer is None or search_content:
            marks += _found_by(reader, subject, settings, unread)
    searched = [reader.layer for reader in fitting if reader.layer is not None]
    return Inventory(
        kind=subject.kind,
        digest=subject.digest,
        size_bytes=subject.size_bytes,
        marks=_in_order(marks),
        unread=tuple(dict.fromkeys(unread)),
        unsearched=() if search_content else tuple(dict.fromkeys(searched)),
        traits=traits_of(subject, settings.limits, with_likeness=search_content),
    )


def with_content(inventory: Inventory, subject: Subject, settings: Settings) -> Inventory:
    """An inventory whose content was not searched, completed by that search."""
    if not inventory.unsearched:
        return inventory
    unread = [*inventory.unread]
    marks = [*inventory.marks]
    for reader in _READERS:
        if reader.layer is not None and _fits(reader, subject):
            marks += _found_by(reader, subject, settings, unread)
    return msgspec.structs.replace(
        inventory, marks=_in_order(marks), unread=tuple(dict.fromkeys(unread)), unsearched=()
    )


def is_read(subject: Subject) -> bool:
    """Whether marks are looked for in files of this kind; of others, nobody can say that they carry none.

    That a table or a program has words, which might say `AI-generated`, makes it no format with a place for marks.
    """
    if subject.kind in READERS or subject.kind.media in {Media.TEXT, Media.DOCUMENT}:
        return True
    return any(subject.kind.media in reader.media or subject.kind in reader.kinds for reader in _READERS)


def implicit_marks(subject: Subject, unread: list[str]) -> list[Mark]:
    """The implicit marks as they stand in the file; what could not be read is added to `unread`."""
    reader = READERS.get(subject.kind)
    marks: list[Mark] = []
    if reader is None:
        return marks
    try:
        for item in reader(subject.blob.view()):
            if len(marks) >= CANDIDATE_LIMIT:
                unread.append(f"more than {CANDIDATE_LIMIT} marks")
                break
            match item:
                case Candidate():
                    marks.append(read_mark(item))
                case Unread():
                    unread.append(item.why)
    except (CarrierError, OSError) as error:
        unread.append(str(error))
    return marks


def _in_order(marks: list[FoundMark]) -> tuple[FoundMark, ...]:
    order = [*Layer]
    return tuple(sorted(dict.fromkeys(marks), key=lambda mark: order.index(mark.layer)))


def _fits(reader: _Reader, subject: Subject) -> bool:
    return (
        subject.kind.media in reader.media
        or subject.kind in reader.kinds
        or (reader.text and bool(subject.text))
    )


def _found_by(
    reader: _Reader, subject: Subject, settings: Settings, unread: list[str]
) -> Iterator[FoundMark]:
    try:
        for finding in _detector(reader.module, settings)(subject):
            if (mark := mark_of(finding)) is not None:
                yield mark
    except DetectorError as error:
        unread.append(str(error))


@lru_cache(maxsize=16)
def _prepared(module: str, settings: bytes) -> Detect:
    whole = msgspec.json.decode(settings, type=Settings, dec_hook=lambda kind, value: kind(value))
    loaded = importlib.import_module(f"brightline.provenance.{module}")
    detect: Detect = loaded.prepare(whole) if hasattr(loaded, "prepare") else loaded.detect
    return detect


def _detector(module: str, settings: Settings) -> Detect:
    """The detector, prepared once a process."""
    return _prepared(module, msgspec.json.encode(settings, enc_hook=str))
