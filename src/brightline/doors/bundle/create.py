"""A bundle is put together: wheels, what the operator adds, a bill of materials, and metadata signed by the release key."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import metadata
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from brightline.core.errors import BundleError
from brightline.doors.bundle.archive import BOOT, METADATA, TARGETS, write_archive
from brightline.doors.bundle.ceremony import signatures_missing, signer_of
from brightline.governance.keys import Signer

INDEX, REQUIREMENTS, BILL = "bundle.json", "requirements.txt", "sbom.cdx.json"
_NAMESPACE = uuid.UUID("5d3f1f0a-7f34-5c0e-8e5b-0d5f5a5b7a11")  # of the bills' serial numbers


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of itself.

    Attributes:
        version: of the bundle; grows by each release.
        brightline: version of the software.
        python: minor version that its wheels are for, such as `3.11`.
        platform: that its wheels are for; empty is any like the one that made it.
        extras: of Brightline that it holds.
    """

    version: int
    brightline: str
    python: str
    platform: str
    extras: tuple[str, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle is to hold.

    Attributes:
        index: what it says of itself.
        wheels: by name of the distribution.
        added: files of the operator, by their place below `data/`.
        expires: when it is no longer installed, UTC.
        root: the root of trust in force.
        roots: those before it, oldest first, for installations that know only these.
        leave_out: SHA-256 of targets that the installation has already (a delta).
    """

    index: Index
    wheels: Mapping[str, Path]
    added: Mapping[str, Path]
    expires: datetime
    root: Metadata[Root]
    roots: Sequence[Metadata[Root]] = ()
    leave_out: frozenset[str] = frozenset()


def create(order: Order, signer: Signer, file: Path) -> str:
    """Write a bundle; gives its SHA-256, by which a first installation knows it.

    Raises:
        BundleError: the root lacks signatures, the key is not the root's release key, or something cannot be read or written.
    """
    if missing := signatures_missing(order.root, order.roots[-1] if order.roots else None):
        raise BundleError(f"the root of trust lacks {missing} signatures: `brightline bundle sign` it first")
    targets = _targets(order)
    described = {name: _described(name, content) for name, content in targets.items()}
    members: dict[str, Path | bytes] = {
        BOOT: files("brightline.doors.bundle").joinpath("boot.py").read_bytes()
    }
    for name, content in targets.items():
        if described[name].hashes["sha256"] not in order.leave_out:
            members[TARGETS + name] = content
    for name, data in _signed(order, described, signer).items():
        members[METADATA + name] = data
    write_archive(file, members)
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _targets(order: Order) -> dict[str, Path | bytes]:
    found: dict[str, Path | bytes] = {f"wheels/{file.name}": file for file in order.wheels.values()}
    for name, added in order.added.items():
        found[f"data/{name}"] = added
    hashes = {name: _sha256(file) for name, file in sorted(order.wheels.items())}
    version = {name: file.name.split("-")[1] for name, file in order.wheels.items()}
    lines = [f"{name}=={version[name]} --hash=sha256:{digest}\n" for name, digest in hashes.items()]
    found[REQUIREMENTS] = "".join(lines).encode()
    found[BILL] = _bill(order, version, hashes)
    found[INDEX] = msgspec.json.format(msgspec.json.encode(order.index)) + b"\n"
    return found


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"cannot read `{file}`: {(error.strerror or '').lower()}") from error


def _described(name: str, content: Path | bytes) -> TargetFile:
    if isinstance(content, bytes):
        return TargetFile(len(content), {"sha256": hashlib.sha256(content).hexdigest()}, name)
    digest = _sha256(content)
    return TargetFile(content.stat().st_size, {"sha256": digest}, name)


def _signed(order: Order, described: Mapping[str, TargetFile], signer: Signer) -> dict[str, bytes]:
    version, expires = order.index.version, order.expires
    roles: dict[str, Metadata[Any]] = {
        "targets": Metadata(Targets(version, expires=expires, targets=dict(sorted(described.items())))),
        "snapshot": Metadata(Snapshot(version, expires=expires, meta={"targets.json": MetaFile(version)})),
        "timestamp": Metadata(Timestamp(version, expires=expires, snapshot_meta=MetaFile(version))),
    }
    key = signer_of(signer)
    found = {}
    for role, made in roles.items():
        if key.public_key.keyid not in order.root.signed.roles[role].keyids:
            raise BundleError("the key is not a release key of this root of trust")
        made.sign(key)
        found[f"{role}.json"] = made.to_bytes(JSONSerializer())
    for root in (*order.roots, order.root):
        found[f"{root.signed.version}.root.json"] = root.to_bytes(JSONSerializer())
    return found


def _bill(order: Order, version: Mapping[str, str], hashes: Mapping[str, str]) -> bytes:
    """CycloneDX 1.6 (ECMA-424) of the wheels; without a time, so that the same wheels give the same bytes."""
    components = [
        _component(name, version[name], digest) for name, digest in hashes.items() if name != "brightline"
    ]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, repr(sorted(hashes.items())))}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "brightline", "version": order.index.brightline}
        },
        "components": components,
    }
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


def _component(name: str, version: str, digest: str) -> dict[str, Any]:
    purl = f"pkg:pypi/{name}@{version}"
    found: dict[str, Any] = {
        "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }  # fmt: skip
    declared = metadata(name).json  # fields by name, those that are there
    if expression := declared.get("license_expression"):
        found["licenses"] = [{"expression": expression}]
    elif written := declared.get("license"):
        found["licenses"] = [{"license": {"name": str(written).splitlines()[0][:200]}}]
    return found
