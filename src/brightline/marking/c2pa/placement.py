"""Where a manifest goes, by kind: in the file, in the text, or beside the file as a `.c2pa` sidecar."""

from enum import StrEnum
from pathlib import Path

from brightline.carriers.text_manifest import KINDS as TEXT_KINDS
from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.provenance.c2pa import MEDIA_TYPES
from brightline.provenance.manifest_reading import DETACHED as ANY_FILE

SIDECAR = ".c2pa"
# The library's ZIP reader knows no deflate (c2pa-rs 0.91 as c2pa-python 0.38 builds it), and every Office file is
# deflated; where all members are stored, it and a second verifier disagree on the hash.
_DEFLATED = frozenset({Kind.DOCX, Kind.PPTX, Kind.XLSX})
_TEXT_TYPES = {Kind.TEXT: "text/plain", Kind.MARKDOWN: "text/markdown", Kind.HTML: "text/html"}
_OTHER_TYPES = {
    Kind.OGG: "audio/ogg",
    Kind.MATROSKA: "video/x-matroska",
    Kind.FLV: "video/x-flv",
    Kind.JSON: "application/json",
    Kind.CSV: "text/csv",
    Kind.ZIP: "application/zip",
    Kind.EMAIL: "message/rfc822",
}


class Placement(StrEnum):
    """How a manifest belongs to its file."""

    EMBEDDED = "embedded"
    TEXT = "text"
    SIDECAR = "sidecar"


def placement_of(kind: Kind, *, is_detached: bool = False) -> Placement:
    """Where a manifest of that kind of file goes.

    Models (safetensors, ONNX, GGUF and the others) have a sidecar: C2PA 2.4, appendix A names no place in them.

    Raises:
        MarkingError: the file is empty, and a hash of nothing binds nothing.
    """
    if kind is Kind.EMPTY:
        raise MarkingError("the file is empty: there is nothing to sign")
    if is_detached:
        return Placement.SIDECAR
    if kind in TEXT_KINDS:
        return Placement.TEXT
    return Placement.EMBEDDED if kind in MEDIA_TYPES and kind not in _DEFLATED else Placement.SIDECAR


def media_type_of(kind: Kind) -> str:
    """Media type of a kind, as manifests name it; `application/octet-stream` where none is registered."""
    return MEDIA_TYPES.get(kind) or _TEXT_TYPES.get(kind) or _OTHER_TYPES.get(kind) or ANY_FILE


def sidecar_of(path: Path) -> Path:
    """Where the sidecar of a file lies: the same name with the ending `.c2pa` (C2PA 2.4, 11.4)."""
    return path.with_suffix(SIDECAR)
