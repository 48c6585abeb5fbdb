"""Sign one file: choose the place, keep what is there, write a copy, read it back.

The steps:
1. check the claim and read the manifest that the file has;
2. sign into the target: in the file, in the text, or beside it;
3. read the target back with the reader that judges others' files; where it does not hold, nothing is left behind.
"""

import hashlib
import shutil
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.marking.c2pa.claim import Claim, check_claim
from brightline.marking.c2pa.definition import Json, definition_of
from brightline.marking.c2pa.existing import Existing, Origin, check_fit, find_parent, read_existing
from brightline.marking.c2pa.native import Parent, embed, reading_context, sign_store
from brightline.marking.c2pa.placement import Placement, media_type_of, placement_of, sidecar_of
from brightline.marking.c2pa.signer import Clock, OrganisationSigner
from brightline.marking.c2pa.slots import Bound, Slot, sign_for, sound_slot, text_slot, write_slot
from brightline.provenance.manifest import Integrity, Signature, Time, read_axes
from brightline.provenance.manifest_reading import report_of_detached

ID3_KINDS = frozenset({Kind.MP3, Kind.FLAC})  # whose tags the library would write anew, with losses


class Stamp(StrEnum):
    """Whether an authority confirmed the time."""

    NONE = "none"  # not asked for
    GIVEN = "given"
    MISSED = "missed"  # asked for, not answered, and the signer's clock allows that


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What was written.

    Attributes:
        placement: where the manifest is.
        sidecar: the second file that was written, which goes where the target goes, under its name.
        stamp: of the time.
        manifest: label of the new manifest, a URN.
        parents: 1 if an earlier file is named as parent, else 0.
    """

    placement: Placement
    sidecar: Path | None
    stamp: Stamp
    manifest: str
    parents: int


def sign_file(
    source: Path,
    target: Path,
    kind: Kind,
    claim: Claim,
    signer: OrganisationSigner,
    *,
    origin: Origin | None = None,
) -> Signed:
    """Write a signed copy of a file; the source is only read.

    Args:
        source: the file, with all its other marks already in it: any later change breaks the signature.
        target: another path; what lies there is overwritten, and removed if signing fails. A kind without a place for
            manifests gets a byte-for-byte copy there and a sidecar with the ending `.c2pa`.
        kind: of the source, from its bytes.
        claim: what is said of the file.
        signer: who says it.
        origin: the file before this run's edits, where it had a manifest: it becomes the parent.

    Raises:
        MarkingError: the claim, the file or the manifest in it does not allow it, the signer failed, a required
            timestamp was not to be had, or what was written does not verify.
    """
    check_claim(claim)
    if target.exists() and target.samefile(source):
        raise MarkingError("source and target are the same file: sign into a copy and put that in its place")
    where = placement_of(kind, is_detached=claim.is_detached)
    sidecar = sidecar_of(target) if where is Placement.SIDECAR else None
    if sidecar is not None and sidecar.exists():
        raise MarkingError(f"`{sidecar.name}` is already there, and a manifest is never overwritten")
    if where is Placement.EMBEDDED:
        check_fit(source, kind)
    parent = find_parent(source, kind, claim, origin)
    try:
        stamp = _write(where, source, target, kind, claim, signer, parent)
        written = _check(target, sidecar, kind, stamp)
    except BaseException:
        target.unlink(missing_ok=True)
        if sidecar is not None:
            sidecar.unlink(missing_ok=True)
        raise
    return Signed(
        placement=where, sidecar=sidecar, stamp=stamp, manifest=written.label, parents=int(parent is not None)
    )


def _write(
    where: Placement,
    source: Path,
    target: Path,
    kind: Kind,
    claim: Claim,
    signer: OrganisationSigner,
    parent: Parent | None,
) -> Stamp:
    definition = definition_of(claim, has_parent=parent is not None, media_type=media_type_of(kind))

    def write(clock: Clock | None) -> None:
        match where:
            case Placement.EMBEDDED if kind in ID3_KINDS:
                _write_slot(sound_slot(source), target, definition, signer, clock, parent)
            case Placement.EMBEDDED:
                with source.open("rb") as old, target.open("w+b") as new:
                    embed(definition, signer, clock, parent, media_type_of(kind), old, new)
            case Placement.TEXT:
                _write_slot(text_slot(source, kind), target, definition, signer, clock, parent)
            case Placement.SIDECAR:
                shutil.copyfile(source, target)
                bound = _bound(definition, _digest_of(target))
                sidecar_of(target).write_bytes(sign_store(bound, signer, clock, parent))

    return _stamped(signer.clock, write)


def _stamped(clock: Clock | None, write: Callable[[Clock | None], None]) -> Stamp:
    if clock is None:
        write(None)
        return Stamp.NONE
    try:
        write(clock)
    except MarkingError as error:
        if clock.is_required:
            raise MarkingError(f"{error}; a timestamp from `{clock.host}` was required") from error
        write(None)  # an error of another cause comes again here, and is raised
        return Stamp.MISSED
    return Stamp.GIVEN


def _write_slot(
    slot: Slot,
    target: Path,
    definition: Json,
    signer: OrganisationSigner,
    clock: Clock | None,
    parent: Parent | None,
) -> None:
    def sign(bound: Bound) -> bytes:
        left_out: Json = {"exclusions": [{"start": bound.start, "length": bound.length}]}
        return sign_store(_bound(definition, bound.digest, left_out), signer, clock, parent)

    write_slot(slot, sign_for(slot, sign), target)


def _bound(definition: Json, digest: bytes, left_out: Json | None = None) -> Json:
    """The definition with the hash that binds it: SHA-256 over all but the range that is left out."""
    data = {**(left_out or {}), "alg": "sha256", "name": "jumbf manifest", "hash": list(digest), "pad": []}
    assertions = definition["assertions"]
    assert isinstance(assertions, list)
    return {**definition, "assertions": [*assertions, {"label": "c2pa.hash.data", "data": data}]}


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _check(target: Path, sidecar: Path | None, kind: Kind, stamp: Stamp) -> Existing:
    written = _read_back(target, sidecar, kind)
    axes = written.axes
    if axes.integrity is not Integrity.INTACT or axes.signature is not Signature.VALID:
        raise MarkingError(
            f"what was signed does not verify: {','.join(axes.failures) or 'no hash binds the file'}"
        )
    stamped = axes.time in {Time.TIMESTAMPED, Time.TIMESTAMPED_UNTRUSTED}
    if stamped is not (stamp is Stamp.GIVEN):
        raise MarkingError("the timestamp that was asked for is not in the manifest")
    return written


def _read_back(target: Path, sidecar: Path | None, kind: Kind) -> Existing:
    if sidecar is None:
        written = read_existing(target, kind)
        if written is None:
            raise MarkingError("what was signed does not read back")
        return written
    store = sidecar.read_bytes()
    with target.open("rb") as stream:
        report = report_of_detached(stream, store, reading_context())
    labelled = msgspec.json.decode(report, type=_Labelled)
    return Existing(
        axes=read_axes(report, has_anchors=False),
        label=labelled.active_manifest,
        results=msgspec.Raw(b"{}"),
        store=store,
    )


class _Labelled(msgspec.Struct, frozen=True):
    active_manifest: str
