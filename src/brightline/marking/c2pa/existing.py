"""The manifest that a file already has: read, judged, and kept as the parent of the new one; never dropped."""

import mmap
from pathlib import Path

import c2pa
import msgspec

from brightline.carriers.text_manifest import find_manifest
from brightline.core.errors import CarrierError, DetectorError, MarkingError
from brightline.core.subject import Kind
from brightline.marking.c2pa.claim import Claim, Deed
from brightline.marking.c2pa.native import Parent, reading_context
from brightline.marking.c2pa.placement import Placement, media_type_of, placement_of, sidecar_of
from brightline.provenance.c2pa import MEDIA_TYPES
from brightline.provenance.manifest import Axes, Integrity, Signature, read_axes
from brightline.provenance.manifest_reading import (
    DETACHED,
    report_of_detached,
    report_of_embedded,
    report_of_framed,
)

TEXT_LIMIT_BYTES = 64 * 1024 * 1024  # a text with a manifest is held in memory; novels have 2 MB
STORE_LIMIT_BYTES = 16 * 1024 * 1024  # a sidecar; long histories have 1 MB


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The file before it was edited, and its kind: its manifest holds still, where the edited copy's may not."""

    path: Path
    kind: Kind


class Existing(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest as it is found.

    Attributes:
        axes: what it says and whether it holds; trust is not asked.
        label: of the active manifest.
        results: the library's JSON on its validation.
        store: the store itself where it lies in a text or beside the file.
    """

    axes: Axes
    label: str
    results: msgspec.Raw
    store: bytes = b""


class _Report(msgspec.Struct, frozen=True):
    active_manifest: str = ""
    validation_results: msgspec.Raw = msgspec.Raw(b"{}")


def find_parent(source: Path, kind: Kind, claim: Claim, origin: Origin | None) -> Parent | None:
    """What the new manifest names as parent; None for a file that was created here and has no manifest.

    Args:
        source: the file to sign.
        kind: its kind.
        claim: `resign` keeps a manifest that no longer holds.
        origin: the file before it was edited, if it was.

    Raises:
        MarkingError: the source's manifest is broken, unreadable or elsewhere, or is not the origin's: signing would
            lose it.
    """
    own = read_existing(source, kind)
    before = origin or Origin(path=source, kind=kind)
    old = read_existing(origin.path, origin.kind) if origin is not None else own
    if own is not None and (old is None or old.label != own.label):
        raise MarkingError(
            "the file's C2PA manifest is not that of the file it was made from, and would be lost"
        )
    if old is not None and not _is_sound(old) and not claim.resign:
        raise MarkingError(
            "the file's C2PA manifest no longer matches its bytes; name the file before the edit, or sign anew "
            "(resign) and keep the broken one as parent"
        )
    if old is None and origin is None and claim.deed is Deed.CREATED:
        return None
    return _parent(before, old)


def read_existing(path: Path, kind: Kind) -> Existing | None:
    """The manifest in the file, or of a kind that has it beside the file, in its sidecar; None without one.

    Raises:
        MarkingError: there is one and it cannot be read.
    """
    try:
        found = _report_of(path, kind)
    except c2pa.C2paError.ManifestNotFound:
        return None
    except (c2pa.C2paError, CarrierError, DetectorError) as error:
        raise MarkingError(
            f"the C2PA manifest of `{path.name}` cannot be read and would be lost: {str(error)[:200]}"
        ) from error
    if found is None:
        return None
    store, report = found
    read = msgspec.json.decode(report, type=_Report)
    return Existing(
        axes=read_axes(report, has_anchors=False),
        label=read.active_manifest,
        results=read.validation_results,
        store=store,
    )


def _report_of(path: Path, kind: Kind) -> tuple[bytes, bytes] | None:
    """The store, empty where it lies in a place of the file that the library reads, and the JSON report."""
    match placement_of(kind):
        case Placement.EMBEDDED:
            with path.open("rb") as stream:
                return b"", report_of_embedded(stream, MEDIA_TYPES[kind], reading_context())
        case Placement.TEXT:
            data = read_text(path)
            framed = find_manifest(data, kind)
            if framed is None:
                return None
            return framed.store, report_of_framed(data, kind, framed, reading_context())
        case Placement.SIDECAR:
            beside = sidecar_of(path)
            if not beside.is_file():
                return None
            store = _read_bounded(beside, STORE_LIMIT_BYTES)
            with path.open("rb") as stream:
                return store, report_of_detached(stream, store, reading_context())


def check_fit(path: Path, kind: Kind) -> None:
    """Refuse a PDF that the library would open up or break: it writes the whole document anew.

    Raises:
        MarkingError: the PDF is encrypted, or carries a digital signature.
    """
    if kind is not Kind.PDF:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        # Neither can lie in a compressed stream: ISO 32000-2, 7.5.7 and 12.8.1.
        for sign, what in ((b"/ByteRange", "carries a digital signature"), (b"/Encrypt", "is encrypted")):
            if data.find(sign) >= 0:
                raise MarkingError(f"the PDF {what}, which would be lost; sign it with a sidecar")


def read_text(path: Path) -> bytes:
    """The whole text.

    Raises:
        MarkingError: it is larger than 64 MiB.
    """
    return _read_bounded(path, TEXT_LIMIT_BYTES)


def _read_bounded(path: Path, limit_bytes: int) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise MarkingError(f"`{path.name}` is larger than {limit_bytes} bytes")
    return data


def _is_sound(old: Existing) -> bool:
    return old.axes.integrity is Integrity.INTACT and old.axes.signature is Signature.VALID


def _parent(before: Origin, old: Existing | None) -> Parent:
    if old is not None and old.store:
        return Parent(
            path=before.path,
            media_type=media_type_of(before.kind),
            store=old.store,
            label=old.label,
            results=old.results,
        )
    # The library opens by media type only those formats in which it knows a manifest's place.
    is_known = placement_of(before.kind) is Placement.EMBEDDED
    return Parent(path=before.path, media_type=media_type_of(before.kind) if is_known else DETACHED)
