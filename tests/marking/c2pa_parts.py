"""Files of every kind that can be signed, the tests' signer, and the second verifier."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import encypher_c2pa
import msgspec
import numpy as np
import openpyxl
import pikepdf
import pptx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from docx import Document
from PIL import Image

import recordings
import signing
from brightline.core.finding import Finding
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.marking.c2pa.claim import Agent, Claim, Deed, SourceType
from brightline.marking.c2pa.placement import Placement
from brightline.marking.c2pa.sign import Signed
from brightline.marking.c2pa.signer import Clock, OrganisationSigner, signer_from_callback
from brightline.provenance import c2pa
from brightline.settings import Settings

TIME = "2026-11-23T12:00:00Z"
SECOND_TYPES = {
    Kind.AVI: "video/x-msvideo",
    Kind.TEXT: "text/plain",
    Kind.MARKDOWN: "text/markdown",
    Kind.HTML: "text/html",
    Kind.OGG: "audio/ogg",
}
# The second verifier has no media type for these; a ZIP with a sidecar is to it what any file is: bytes with a hash.
ANY_BYTES = "application/zip"


def claim(**changes: object) -> Claim:
    whole = Claim(
        deed=Deed.CREATED,
        source_type=SourceType.GENERATED,
        agent=Agent(name="Example Painter", version="2.1"),
        time=TIME,
        title="example",
    )
    return msgspec.structs.replace(whole, **changes)


def signer(identity: signing.Identity | None = None, clock: Clock | None = None) -> OrganisationSigner:
    who = identity or signing.signer()
    return signer_from_callback(
        lambda data: who.key.sign(data, ec.ECDSA(hashes.SHA256())), who.chain_pem.encode(), clock=clock
    )


def second_opinion(data: bytes, kind: Kind, store: bytes | None = None) -> dict[str, object]:
    """What an independent verifier says, offline: integrity, signature, hard binding and trust."""
    media_type = SECOND_TYPES.get(kind) or c2pa.MEDIA_TYPES.get(kind) or ANY_BYTES
    report = encypher_c2pa.verify(
        data,
        media_type,
        manifest_store=store,
        trust_pem=signing.authority().anchor_pem,
        no_default_trust=True,
        telemetry=False,
        online=False,
    )
    return {
        "integrity": report["integrity"],
        "signature": report["signature"],
        "hard_binding": report["hard_binding"],
        "trust": report["trust"]["status"],
        "failures": [failure["code"] for failure in report["validation_results"]["failure"]],
    }


SOUND = {
    "integrity": "valid",
    "signature": "valid",
    "hard_binding": "match",
    "trust": "valid_for_supplied_material",
    "failures": [],
}


def findings(folder: Path, path: Path, kind: Kind, signed: Signed) -> list[Finding]:
    """What our own detector says, with the tests' trust list."""
    pack = folder / "trust"
    settings = Settings(trust_list=str(pack if pack.exists() else signing.trust_pack(pack)))
    subject = subject_of(path.read_bytes(), kind)
    if signed.placement is Placement.SIDECAR:
        assert signed.sidecar is not None
        return list(c2pa.prepare_detached(settings)(subject, signed.sidecar.read_bytes()))
    return list(c2pa.prepare(settings)(subject))


def axes(found: Iterator[Finding] | list[Finding]) -> list[str]:
    main = next(finding for finding in found if finding.claim == "origin.c2pa")
    return [main.detail(name) for name in ("present", "integrity", "signature", "trust")]


def subject_of(data: bytes, kind: Kind) -> Subject:
    digest = hashlib.sha256(data).hexdigest()
    context = Context(time=signing.NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return Subject(digest=digest, size_bytes=len(data), kind=kind, context=context, blob=Blob(data))


def _picture(format_: str) -> bytes:
    pixels = np.random.default_rng(7).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format_)
    return out.getvalue()


def _saved(document: object, way: str = "save") -> bytes:
    out = io.BytesIO()
    getattr(document, way)(out)
    return out.getvalue()


def _pdf() -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    return _saved(document)


def _safetensors() -> bytes:
    header = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"format":"pt"}}'
    return len(header).to_bytes(8, "little") + header + bytes(8)


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "hello")
    return out.getvalue()


_MAKERS: dict[Kind, Callable[[], bytes]] = {
    Kind.PNG: lambda: _picture("PNG"),
    Kind.JPEG: lambda: _picture("JPEG"),
    Kind.WEBP: lambda: _picture("WEBP"),
    Kind.GIF: lambda: _picture("GIF"),
    Kind.TIFF: lambda: _picture("TIFF"),
    Kind.AVIF: lambda: _picture("AVIF"),
    Kind.HEIF: lambda: _picture("AVIF").replace(b"ftypavif", b"ftypmif1", 1),
    Kind.WAV: lambda: recordings.sound("wav", "pcm_s16le"),
    Kind.MP3: lambda: recordings.sound("mp3", "libmp3lame"),
    Kind.FLAC: lambda: recordings.sound("flac", "flac"),
    Kind.M4A: lambda: recordings.sound("ipod", "aac"),
    Kind.MP4: lambda: recordings.movie("mp4"),
    Kind.MOV: lambda: recordings.movie("mov"),
    Kind.AVI: lambda: recordings.movie("avi"),
    Kind.PDF: _pdf,
    Kind.TEXT: lambda: "Hello wörld, 你好。\n".encode(),
    Kind.MARKDOWN: lambda: b"# Title\n\nBody.\n",
    Kind.HTML: lambda: b"<!doctype html><html><head><title>t</title></head><body>hi</body></html>\n",
    Kind.OGG: lambda: recordings.sound("ogg", "flac"),
    Kind.MATROSKA: lambda: recordings.movie("matroska"),
    Kind.FLV: lambda: recordings.movie("flv"),
    Kind.DOCX: lambda: _saved(Document()),
    Kind.XLSX: lambda: _saved(openpyxl.Workbook()),
    Kind.PPTX: lambda: _saved(pptx.Presentation()),
    Kind.SAFETENSORS: _safetensors,
    Kind.GGUF: lambda: b"GGUF" + (3).to_bytes(4, "little") + bytes(16),
    Kind.ONNX: lambda: bytes([8, 9, 18, 7]) + b"example",
    Kind.ZIP: _zip,
    Kind.CSV: lambda: b"a,b\n1,2\n",
    Kind.JSON: lambda: b'{"a":1}',
}
KINDS = tuple(_MAKERS)


@cache
def plain(kind: Kind) -> bytes:
    return _MAKERS[kind]()
