"""What a Model Signing v1.0 statement says of the files of a model, held to the files that are there."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from brightline.core.errors import GovernanceError
from brightline.governance.manifest import CHUNK_BYTES, GIT_PATHS, in_order, is_below, root_digest, walk

PREDICATE = "https://model_signing/signature/v1.0"
STATEMENT = "https://in-toto.io/Statement/v1"
SMALLEST_SHARD_BYTES = 4096  # smaller ones would make a digest for every few bytes
_HASHERS: dict[str, Callable[[], Any]] = {
    "sha256": hashlib.sha256,
    "blake2b": hashlib.blake2b,
}  # blake3 is in neither Python nor our libraries


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement says of the files.

    Attributes:
        method: `files`, or `shards` for large files in pieces.
        algorithm: of the digests.
        digests: by path, or by path and piece.
        ignored: paths that it leaves out.
        shard_bytes: length of a piece.
    """

    method: str
    algorithm: str
    digests: Mapping[str, str]
    ignored: tuple[str, ...]
    shard_bytes: int = 0

    @property
    def understood(self) -> bool:
        """Whether we can compute such digests."""
        return self.method in {"files", "shards"} and self.algorithm in _HASHERS


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Files held to a statement: what differs, and what is there without being covered."""

    why: str
    differences: tuple[str, ...]
    uncovered: tuple[str, ...]


def read_listed(payload: bytes) -> Listed:
    """What the statement lists, once it is consistent in itself.

    Raises:
        GovernanceError: it is malformed, or its own digest is not that of its list.
    """
    try:
        statement = msgspec.json.decode(payload, type=dict[str, Any])
        if statement["_type"] != STATEMENT or statement["predicateType"] != PREDICATE:
            raise GovernanceError(f"the statement is `{statement['predicateType']}`, expected `{PREDICATE}`")
        predicate, (subject,) = statement["predicate"], statement["subject"]
        serialization_of, resources = predicate["serialization"], predicate["resources"]
        digests = {one["name"]: one["digest"] for one in resources}
        if len(digests) != len(resources):
            raise GovernanceError("the statement lists a file twice")
        if root_digest(one["digest"] for one in resources) != subject["digest"]["sha256"]:
            raise GovernanceError("the statement's own digest is not that of the files it lists")
        algorithms = {one["algorithm"].partition("-")[0] for one in resources} or {"sha256"}
        return Listed(
            method=serialization_of["method"],
            algorithm=algorithms.pop() if len(algorithms) == 1 else "several",
            digests=digests,
            ignored=tuple(map(str, serialization_of.get("ignore_paths", ()))),
            shard_bytes=int(serialization_of.get("shard_size", 0)),
        )
    except (
        msgspec.DecodeError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        UnicodeDecodeError,
    ) as error:
        raise GovernanceError("the statement is not one of Model Signing v1.0") from error


def compare(target: Path, listed: Listed, *, own: Sequence[str]) -> Compared:
    """Hold the files that are there to those that were signed; `own` is the signature itself.

    Raises:
        GovernanceError: a file cannot be read.
    """
    found = walk(target)
    ignored = (*GIT_PATHS, *listed.ignored, *own)
    here = [path for path in found.files if not is_below(path, ignored)]
    try:
        actual = dict(_digests(target, here, listed))
    except OSError as error:
        raise GovernanceError(f"cannot read `{error.filename}`: {(error.strerror or '').lower()}") from error
    differences = (*_differences(actual, listed.digests), *(f"link: {one}" for one in found.links))
    uncovered = tuple(path for path in found.files if is_below(path, ignored) and path not in own)
    why = (
        f"{len(differences)} files are not as they were signed"
        if differences
        else f"{len(here)} files as signed"
    )
    return Compared(why=why, differences=differences, uncovered=uncovered)


def _differences(actual: Mapping[str, str], signed: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(actual.keys() | signed.keys(), key=in_order):
        if name not in signed:
            yield f"added: {name}"
        elif name not in actual:
            yield f"missing: {name}"
        elif actual[name] != signed[name]:
            yield f"changed: {name}"


def _digests(target: Path, paths: Sequence[str], listed: Listed) -> Iterator[tuple[str, str]]:
    """Name and digest of each resource, as the statement's method cuts files."""
    for path in paths:
        place = target if path == "." else target / path
        size = place.stat().st_size
        if listed.method == "files":
            yield path, _hashed(place, 0, size, listed.algorithm)
            continue
        step = max(listed.shard_bytes, SMALLEST_SHARD_BYTES)
        for start in range(0, size, step):
            end = min(start + step, size)
            yield f"{path}:{start}:{end}", _hashed(place, start, end, listed.algorithm)


def _hashed(place: Path, start: int, end: int, algorithm: str) -> str:
    whole = _HASHERS[algorithm]()
    with place.open("rb") as stream:
        stream.seek(start)
        left = end - start
        while left > 0 and (chunk := stream.read(min(CHUNK_BYTES, left))):
            whole.update(chunk)
            left -= len(chunk)
    return str(whole.hexdigest())
