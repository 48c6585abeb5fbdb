"""The C2PA library as a signer: one call, no network but the time-stamping authority's host, errors in our words."""

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import c2pa
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from brightline.core.errors import BrightlineError, MarkingError
from brightline.marking.c2pa.certificates import Algorithm
from brightline.marking.c2pa.definition import PARENT, Json
from brightline.marking.c2pa.signer import Clock, OrganisationSigner, signature_of
from brightline.provenance.c2pa import OFFLINE
from brightline.provenance.manifest_reading import DETACHED

MESSAGE_LIMIT = 200  # characters of the library's message that are quoted
_STORE = "parent.c2pa"
_ALGORITHMS = {
    Algorithm.ES256: c2pa.C2paSigningAlg.ES256,
    Algorithm.ES384: c2pa.C2paSigningAlg.ES384,
    Algorithm.ES512: c2pa.C2paSigningAlg.ES512,
    Algorithm.PS256: c2pa.C2paSigningAlg.PS256,
    Algorithm.ED25519: c2pa.C2paSigningAlg.ED25519,
}


class UnsignableError(MarkingError):
    """The C2PA library cannot put a manifest into this file, whoever signs it."""


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The file that this one was made from.

    Attributes:
        path: where it is.
        media_type: of the file.
        store: its manifest store, where that does not lie in a place of the file that the library reads.
        label: of the store's active manifest.
        results: how it validates now, as the library's JSON; empty without a store.
    """

    path: Path
    media_type: str
    store: bytes = b""
    label: str = ""
    results: msgspec.Raw = msgspec.Raw(b"{}")


def reading_context() -> c2pa.Context:
    """Settings for reading what was signed: no network, and no judgement of who signed."""
    verify = {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False}
    return c2pa.Context.from_dict({**OFFLINE, "verify": verify})


def embed(
    definition: Json,
    signer: OrganisationSigner,
    clock: Clock | None,
    parent: Parent | None,
    media_type: str,
    source: BinaryIO,
    target: BinaryIO,
) -> bytes:
    """Write a signed copy of the source, and give its manifest store.

    Raises:
        MarkingError: the library or the signer's function failed.
    """
    with _builder(definition, signer, clock, parent) as (builder, native):
        store: bytes = builder.sign(native, media_type, source, target)
    return store


def sign_store(
    definition: Json, signer: OrganisationSigner, clock: Clock | None, parent: Parent | None
) -> bytes:
    """A manifest store that lies in no file; the definition holds the hash that binds it.

    Raises:
        MarkingError: the library or the signer's function failed.
    """
    with _builder(definition, signer, clock, parent) as (builder, native):
        builder.set_no_embed()
        store: bytes = builder.sign(native, DETACHED, io.BytesIO(), io.BytesIO())
    return store


@contextmanager
def _builder(
    definition: Json, signer: OrganisationSigner, clock: Clock | None, parent: Parent | None
) -> Iterator[tuple[c2pa.Builder, c2pa.Signer]]:
    failures: list[BrightlineError] = []
    try:
        with ExitStack() as stack:
            context = stack.enter_context(c2pa.Context.from_dict(_settings(clock)))
            whole = {**definition, **_detached_parent(parent)}
            builder = stack.enter_context(c2pa.Builder(json.dumps(whole), context))
            _add_parent(builder, parent)
            yield builder, stack.enter_context(_native_signer(signer, clock, failures))
    except c2pa.C2paError as error:
        if failures:
            raise failures[0] from error
        raise UnsignableError(f"the C2PA library cannot sign: {str(error)[:MESSAGE_LIMIT]}") from error


def _settings(clock: Clock | None) -> Json:
    return {
        "version": 1,
        "core": {"allowed_network_hosts": [clock.host] if clock else []},
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
        "builder": {"thumbnail": {"enabled": False}},
    }


def _native_signer(
    signer: OrganisationSigner, clock: Clock | None, failures: list[BrightlineError]
) -> c2pa.Signer:
    def sign(data: bytes) -> bytes:
        try:
            return signature_of(signer, data)
        except BrightlineError as error:
            failures.append(error)
        except Exception as error:  # noqa: BLE001  # the organisation's own function; the library would only log it
            failures.append(MarkingError(f"the signing function failed: {type(error).__name__}"))
        return b""  # which the library takes for a failure

    chain = "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in signer.chain)
    return c2pa.Signer.from_callback(sign, _ALGORITHMS[signer.algorithm], chain, clock.url if clock else None)


def _add_parent(builder: c2pa.Builder, parent: Parent | None) -> None:
    if parent is None:
        return
    if parent.store:
        builder.add_resource(_STORE, io.BytesIO(parent.store))
        return
    relation = {"title": parent.path.name, "relationship": "parentOf", "label": PARENT}
    with parent.path.open("rb") as stream:
        builder.add_ingredient(json.dumps(relation), parent.media_type, stream)


def _detached_parent(parent: Parent | None) -> Json:
    """The library takes an ingredient's manifest from its file only, or as data that the definition names."""
    if parent is None or not parent.store:
        return {}
    ingredient = {
        "title": parent.path.name,
        "format": parent.media_type,
        "relationship": "parentOf",
        "label": PARENT,
        "instance_id": parent.label,
        "active_manifest": parent.label,
        "validation_results": json.loads(bytes(parent.results)),
        "manifest_data": {"format": "application/c2pa", "identifier": _STORE},
    }
    return {"ingredients": [ingredient]}
