"""What tells how a file was last written: format, size, codecs, who wrote the container, how much metadata there is.

Evidence for `causes.py`, never a mark: nothing here is claimed of the content's origin.
"""

import hashlib
from collections.abc import Iterable

import msgspec

from brightline.core.errors import DetectorError
from brightline.core.subject import Kind, Media, Subject
from brightline.marking.content import content_of
from brightline.marking.layout import layout_of
from brightline.media.audio import opened
from brightline.media.fingerprint import pdq
from brightline.media.image import size, thumbnail
from brightline.provenance.metadata import properties_of
from brightline.settings import Limits

_PRINT_SIDE = 512  # pixels, of the picture that the perceptual hash is taken of
# Tags that a container or its writer always sets: they are not somebody's metadata.
_STRUCTURAL = frozenset(
    {"media.major_brand", "media.minor_version", "media.compatible_brands", "media.handler_name",
     "media.vendor_id", "media.language", "media.encoder", "media.duration", "media.creation_time"}
)  # fmt: skip


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is made.

    Attributes:
        width: in pixels; 0 for what has none.
        height: likewise.
        codecs: of each track, `type:codec`.
        rate_hz: of the first sound track.
        encoder: the program that says it wrote the file.
        metadata: how many properties it carries that no container needs.
        content: digest of what people perceive, empty if it could not be had.
        covers: what that digest is over.
        layout: digest of how encoded sound and pictures lie in the file, empty if it is not known of the format.
        decoding: digest of what each track's decoder is set up with; equal packets and equal set-up decode to the same.
        likeness: PDQ hash of a picture, 64 hex digits, for telling that two pictures show the same.
    """

    width: int = 0
    height: int = 0
    codecs: tuple[str, ...] = ()
    rate_hz: int = 0
    encoder: str = ""
    metadata: int = 0
    content: str = ""
    covers: str = ""
    layout: str = ""
    decoding: str = ""
    likeness: str = ""


def traits_of(subject: Subject, limits: Limits, *, with_likeness: bool = True) -> Traits:
    """The traits of a file; what cannot be read is left out, and so is the hash of likeness where nobody asks for it."""
    content = content_of(subject, limits)
    traits = Traits(content=content.digest, covers=content.covers, layout=layout_of(subject))
    if subject.kind.media is Media.IMAGE:
        traits = _picture(traits, subject, limits, with_likeness=with_likeness)
    elif subject.kind.media in {Media.AUDIO, Media.VIDEO}:
        traits = _recording(traits, subject)
    return _named(traits, subject)


def same_to_people(one: Traits, other: Traits) -> bool:
    """Whether two files are proved to show and sound the same: no mark in their content can differ.

    False where content could not be decoded on either side, which proves nothing.
    """
    return bool(one.content) and _perceived(one) == _perceived(other)


def _perceived(traits: Traits) -> tuple[object, ...]:
    return (
        traits.covers, traits.content, traits.decoding, traits.width, traits.height, traits.codecs, traits.rate_hz,
    )  # fmt: skip


def _picture(traits: Traits, subject: Subject, limits: Limits, *, with_likeness: bool) -> Traits:
    try:
        whole = size(subject, limits)
    except DetectorError:
        return traits
    seen = msgspec.structs.replace(
        traits, width=whole.width, height=whole.height, codecs=(f"image:{subject.kind}",)
    )
    if not with_likeness:
        return seen
    try:
        return msgspec.structs.replace(seen, likeness=pdq(thumbnail(subject, _PRINT_SIDE, limits)).bits.hex())
    except DetectorError:  # too small, or pixels that do not decode
        return seen


def _recording(traits: Traits, subject: Subject) -> Traits:
    try:
        with opened(subject) as container:
            video = container.streams.video[0] if container.streams.video else None
            audio = container.streams.audio[0] if container.streams.audio else None
            names = tuple(f"{stream.type}:{_codec(stream)}" for stream in container.streams)
            return msgspec.structs.replace(
                traits,
                width=video.width if video else 0,
                height=video.height if video else 0,
                codecs=names,
                rate_hz=audio.rate if audio else 0,
                decoding=_set_up(container.streams),
            )
    except DetectorError:
        return traits


def _set_up(streams: Iterable[object]) -> str:
    """SHA-256 over each track's codec data, such as H.264's parameter sets, which lie in the container."""
    digest = hashlib.sha256()
    for stream in streams:
        told = getattr(getattr(stream, "codec_context", None), "extradata", None) or b""
        digest.update(f"{len(told)}\n".encode() + told)
    return digest.hexdigest()


def _codec(stream: object) -> str:
    """The codec's name; a track whose codec FFmpeg does not know has none."""
    return str(getattr(getattr(stream, "codec_context", None), "name", "unknown"))


def _named(traits: Traits, subject: Subject) -> Traits:
    """Who wrote it, and how many properties it carries."""
    encoder, count = "", 0
    if subject.kind.media not in {Media.IMAGE, Media.AUDIO, Media.VIDEO} or subject.kind is Kind.UNKNOWN:
        return traits
    try:
        for found in properties_of(subject.blob, subject.kind):
            if found.name in {"media.encoder", "exif.Software", "png.Software", "xmp.CreatorTool"}:
                encoder = encoder or found.value[:80]
            count += found.name not in _STRUCTURAL
    except DetectorError:
        pass
    return msgspec.structs.replace(traits, encoder=encoder, metadata=count)
