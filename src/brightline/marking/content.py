"""What a reader sees or hears of a file, as one digest: equal before and after a mark that may change nothing else.

Pictures: every frame's decoded pixels, alpha too. Sound and video: the encoded packets of each track in order, so equal
digests mean equal decoding, and 2 GB take no memory. Markdown: everything but the mark in the front matter. Office
files: every member but those that hold marks. PDF: each page's text and its picture.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator

import msgspec
import pypdfium2
import yaml
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.core.subject import Kind, Media, Subject
from brightline.media.audio import opened
from brightline.media.image import size
from brightline.settings import Limits

_ORIENTATION = 0x0112  # EXIF tag
_PDF_SCALE = 0.5  # 36 dpi: shows what moved or went missing, at 1 MB a page
_PDF_PIXELS = 4_000_000  # of one page's picture; posters are larger, and only their words are compared
_MARK_MEMBERS = frozenset({"docProps/custom.xml", "[Content_Types].xml", "_rels/.rels"})
_MANIFEST_MEMBERS = "META-INF/"
_CHUNK_BYTES = 1024 * 1024
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, ArithmeticError, LookupError, TypeError, MemoryError)


class Content(msgspec.Struct, frozen=True):
    """A digest over what people perceive, and in words what it covers; empty digest: `why` it cannot be had."""

    digest: str
    covers: str
    why: str = ""


def content_of(subject: Subject, limits: Limits) -> Content:
    """The digest of a file's content. Never raises for content: what cannot be decoded has an empty digest."""
    kind = subject.kind
    try:
        if kind.media is Media.IMAGE:
            return Content(_hashed(_pictures(subject, limits)), "pixels")
        if kind.media in {Media.AUDIO, Media.VIDEO}:
            return Content(_hashed(_tracks(subject)), "packets")
        if kind in {Kind.MARKDOWN, Kind.TEXT}:
            return Content(_hashed(_words(subject)), "text")
        if kind in {Kind.DOCX, Kind.PPTX, Kind.XLSX}:
            return Content(_hashed(_members(subject, limits)), "members")
        if kind is Kind.PDF:
            return Content(_hashed(_pages(subject, limits)), "pages")
    except (DetectorError, zipfile.BadZipFile, pypdfium2.PdfiumError, yaml.YAMLError, *_BROKEN) as error:
        return Content("", "", str(error)[:200] or type(error).__name__)
    return Content("", "", f"content of `{kind}` is not compared")


def _hashed(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _pictures(subject: Subject, limits: Limits) -> Iterator[bytes]:
    """Mode, size and samples of every frame."""
    whole = size(subject, limits)  # opens it once within limits, and teaches Pillow HEIF where it must
    if whole.width * whole.height * whole.frames > limits.pixels:
        raise DetectorError(f"more than {limits.pixels} pixels in all frames (`limits.pixels`)")
    with subject.blob.open() as stream, Image.open(stream) as image:
        for number in range(whole.frames):
            image.seek(number)
            yield f"{image.mode} {image.size} {image.info.get('duration', 0)}{_turned(image)}\n".encode()
            yield image.tobytes()


def _turned(image: Image.Image) -> str:
    """How viewers turn the picture (EXIF, TIFF 6.0), if they do: a turned picture shows something else."""
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return ""
    return f" turned {turn}" if turn != 1 else ""


def _tracks(subject: Subject) -> Iterator[bytes]:
    """A digest of each track's packets; where tracks interleave is the container's affair."""
    with opened(subject) as container:
        digests = {stream.index: hashlib.sha256() for stream in container.streams}
        for packet in container.demux():
            if packet.size and packet.stream.index in digests:
                digests[packet.stream.index].update(memoryview(packet))
        kinds = {stream.index: stream.type for stream in container.streams}
        yield from (f"{kinds[index]} {digests[index].hexdigest()}\n".encode() for index in sorted(digests))


def _words(subject: Subject) -> Iterator[bytes]:
    """The text without its front matter, and the front matter without the mark."""
    with subject.blob.open() as stream:
        data = stream.read()
    head, body = split_front_matter(data)
    yield body.lstrip(b"\r\n")
    if head:
        values = yaml.safe_load(head)
        kept = (
            {name: value for name, value in values.items() if name != "AIGC"}
            if isinstance(values, dict)
            else values
        )
        yield repr(kept).encode() if kept else b""


def split_front_matter(data: bytes) -> tuple[bytes, bytes]:
    """The lines between `---` at the head of a Markdown file, and what follows them; the first is empty without any."""
    plain = data.removeprefix(b"\xef\xbb\xbf")
    lines = plain.splitlines(keepends=True)
    if not lines or lines[0].strip() != b"---":
        return b"", plain
    end = next((index for index, line in enumerate(lines[1:], 1) if line.strip() in {b"---", b"..."}), 0)
    return (b"".join(lines[1:end]), b"".join(lines[end + 1 :])) if end else (b"", plain)


def _members(subject: Subject, limits: Limits) -> Iterator[bytes]:
    """Name and bytes of every member that no mark touches, in name order."""
    left = limits.unpacked_bytes
    with subject.blob.open() as stream, zipfile.ZipFile(stream) as archive:
        for name in sorted(archive.namelist()):
            if name in _MARK_MEMBERS or name.startswith(_MANIFEST_MEMBERS):
                continue
            yield f"{name}\n".encode("utf-8", "replace")
            with archive.open(name) as member:
                while chunk := member.read(_CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise DetectorError(f"members unpack to more than {limits.unpacked_bytes} bytes")
                    yield chunk


def _pages(subject: Subject, limits: Limits) -> Iterator[bytes]:
    if subject.gaps:  # intake has looked at what it would cost, and would not read it
        raise DetectorError(subject.gaps[0].why.en)
    with subject.blob.open() as stream:
        document = pypdfium2.PdfDocument(io.BytesIO(stream.read()))
    try:
        yield f"{len(document)} pages\n".encode()
        for number in range(min(len(document), limits.pages)):
            page = document[number]
            yield page.get_textpage().get_text_range().encode("utf-8", "replace")
            width, height = page.get_size()
            if 0 < width * height * _PDF_SCALE**2 < _PDF_PIXELS:
                yield bytes(page.render(scale=_PDF_SCALE).buffer)
    finally:
        document.close()
