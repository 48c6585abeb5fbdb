"""Manifests as the library reads them; what binds one to a text or to a file beside it is checked here.

The library knows no frame in text (C2PA 2.4, A.7 to A.9): it takes the text for a file whose manifest lies elsewhere
and calls any excluded range a fault. So the hash is computed here, over the text without exactly its frame, and our
code takes the place of the library's.
"""

import base64
import binascii
import hashlib
import io
import unicodedata
from collections.abc import Iterator
from typing import Any, BinaryIO

import c2pa
import msgspec

from brightline.carriers.text_manifest import Framed
from brightline.core.alarm import Abortable, uninterrupted
from brightline.core.errors import DetectorError
from brightline.core.subject import Kind

DETACHED = "application/octet-stream"
"""Media type under which the library reads any file whose manifest is given apart from it."""
_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_HARD_BINDING = "c2pa.hash.data"


class _Range(msgspec.Struct, frozen=True):
    start: int
    length: int


class _DataHash(msgspec.Struct, frozen=True):
    hash: str
    alg: str = "sha256"
    exclusions: tuple[_Range, ...] = ()


class _Detailed(msgspec.Struct, frozen=True):
    assertion_store: dict[str, msgspec.Raw] = {}


class _DetailedStore(msgspec.Struct, frozen=True):
    active_manifest: str = ""
    manifests: dict[str, _Detailed] = {}


def report_of_embedded(stream: BinaryIO, media_type: str, context: c2pa.Context) -> bytes:
    """The library's JSON report on a file that carries its manifest where the library looks for it.

    Raises:
        c2pa.C2paError: there is no manifest, or it cannot be read.
    """
    return _read(media_type, stream, None, context)[0].encode("utf-8")


def report_of_detached(stream: BinaryIO, store: bytes, context: c2pa.Context) -> bytes:
    """The library's JSON report on a file and the store that lies beside it.

    Raises:
        c2pa.C2paError: the store cannot be read.
        DetectorError: the report is not of the form that the library documents.
    """
    report, detailed = _read(DETACHED, io.BytesIO(), store, context)
    judged, bindings = _decoded(report, detailed)
    if [binding.exclusions for binding in bindings] == [()]:
        # The library hashes in pieces of 256 MiB, which a worker's memory does not hold.
        new = _HASHES.get(bindings[0].alg)
        holds = new is not None and _is_digest(
            hashlib.file_digest(stream, new).digest(),  # type: ignore[arg-type]  # typeshed asks for readinto
            bindings[0].hash,
        )
        _replace(judged, f"assertion.dataHash.{'match' if holds else 'mismatch'}", holds=holds)
        return msgspec.json.encode(judged)
    return _read(DETACHED, stream, store, context)[0].encode("utf-8")


def report_of_framed(data: bytes, kind: Kind, framed: Framed, context: c2pa.Context) -> bytes:
    """The library's JSON report on a text, with our judgement of the hash that binds it.

    Args:
        data: the whole text, UTF-8.
        kind: of the text.
        framed: the store found in it.
        context: the library's settings.

    Raises:
        c2pa.C2paError: the store cannot be read.
        DetectorError: the report is not of the form that the library documents.
    """
    report, detailed = _read(DETACHED, io.BytesIO(data), framed.store, context)
    judged, bindings = _decoded(report, detailed)
    if bindings:
        holds = len(bindings) == 1 and _holds(bindings[0], data, kind, framed)
        _replace(judged, f"assertion.dataHash.{'match' if holds else 'mismatch'}", holds=holds)
    return msgspec.json.encode(judged)


def _read(media_type: str, stream: BinaryIO, store: bytes | None, context: c2pa.Context) -> tuple[str, str]:
    """The short report, and the long one where the manifest does not lie in the stream."""
    with uninterrupted(), c2pa.Reader(media_type, Abortable(stream), store, context) as reader:
        return reader.json(), reader.detailed_json() if store is not None else ""


def _decoded(report: str, detailed: str) -> tuple[dict[str, Any], list[_DataHash]]:
    try:
        return msgspec.json.decode(report), list(_bindings(detailed.encode("utf-8")))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise DetectorError(f"manifest report is not as documented: {error}") from error


def _is_digest(digest: bytes, expected: str) -> bool:
    try:
        return base64.b64decode(expected, validate=True) == digest
    except binascii.Error:
        return False


def _bindings(detailed: bytes) -> Iterator[_DataHash]:
    store = msgspec.json.decode(detailed, type=_DetailedStore)
    active = store.manifests.get(store.active_manifest, _Detailed())
    for label, data in active.assertion_store.items():
        if label.partition("__")[0] == _HARD_BINDING:
            yield msgspec.json.decode(data, type=_DataHash)


def _holds(binding: _DataHash, data: bytes, kind: Kind, framed: Framed) -> bool:
    """Whether the binding leaves exactly the frame out, and the rest has its hash."""
    new = _HASHES.get(binding.alg)
    try:
        before = _normal(data[: framed.start], kind)
        after = _normal(data[framed.end :], kind)
        expected = base64.b64decode(binding.hash, validate=True)
    except (binascii.Error, UnicodeDecodeError):
        return False
    frame = _Range(len(before), framed.end - framed.start)
    return new is not None and binding.exclusions == (frame,) and new(before + after).digest() == expected


def _normal(text: bytes, kind: Kind) -> bytes:
    """A.8.2: the hash is that of the text in NFC. The other two frames bind the bytes as they are."""
    if kind is not Kind.TEXT:
        return text
    return unicodedata.normalize("NFC", text.decode("utf-8")).encode("utf-8")


def _replace(report: dict[str, Any], code: str, *, holds: bool) -> None:
    active = report.get("validation_results", {}).get("activeManifest", {})
    for group in ("success", "informational", "failure"):
        active[group] = [
            status
            for status in active.get(group, [])
            if not status.get("code", "").startswith("assertion.dataHash.")
        ]
    url = f"self#jumbf=/c2pa/{report.get('active_manifest', '')}/c2pa.assertions/{_HARD_BINDING}"
    status = {"code": code, "url": url, "explanation": "hash of the text without its frame"}
    active["success" if holds else "failure"].append(status)
