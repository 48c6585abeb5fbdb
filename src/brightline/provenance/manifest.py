"""What the C2PA library reports of a manifest store, as separate axes: never one word for all.

Codes are those of the C2PA specification 2.4, 15.2.2 (success, informational and failure codes of validation).
"""

from enum import StrEnum

import msgspec

from brightline.core.errors import DetectorError
from brightline.provenance.manifest_report import (
    Actions,
    Codes,
    Disclosed,
    IngredientResults,
    Manifest,
    Results,
    SoftBinding,
    Store,
)

ACTION_LIMIT = 256  # actions of one manifest that are read; editors write a few dozen
MANIFEST_LIMIT = 256  # manifests of one store that are read; a long history has a few dozen
SOFT_BINDING_LIMIT = 16  # algorithms that are named; a file carries one or two watermarks
_METADATA = frozenset({"cawg.metadata", "c2pa.metadata"})
AI_SOURCE_TYPES = frozenset(
    {
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
        "trainedAlgorithmicData",  # C2PA's own, for data sets and models
    }
)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what msgspec raises on hostile JSON
_BINDINGS = ("dataHash", "bmffHash", "boxesHash", "collectionHash", "multiAssetHash")
_CHANGED = frozenset(
    {
        *(f"assertion.{binding}.mismatch" for binding in _BINDINGS),
        "assertion.hashedURI.mismatch",
        "assertion.missing",
        "assertion.undeclared",
        "hashedURI.mismatch",
        "hashedURI.missing",
        "claim.missing",
    }
)
_SIGNATURE_BROKEN = frozenset({"claimSignature.mismatch", "claimSignature.missing"})
_STANDING_OF_SIGNER = frozenset({"signingCredential.untrusted", "signingCredential.expired"})


class Integrity(StrEnum):
    """Whether the bytes are those that were signed."""

    INTACT = "intact"
    BROKEN = "broken"
    NOT_CHECKED = "not_checked"


class Signature(StrEnum):
    """Whether the signature over the claim verifies with the certificate that came along."""

    VALID = "valid"
    INVALID = "invalid"
    NOT_CHECKED = "not_checked"


class Trust(StrEnum):
    """Whether the trust list knows the signer; unknown where it could not be asked."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Time(StrEnum):
    """What stands behind the time of signing."""

    TIMESTAMPED = "timestamped"
    TIMESTAMPED_UNTRUSTED = "timestamped_untrusted"
    CLAIMED = "claimed"
    NONE = "none"
    EXPIRED_WITHOUT_TIMESTAMP = "expired_without_timestamp"


class Scope(StrEnum):
    """Which manifest declares a source type: the file's own, that of what it was made from, or of a component."""

    ACTIVE = "active"
    PARENT = "parent"
    COMPONENT = "component"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A declared digital source type: last word of its IRI, where, and by which program."""

    type: str
    scope: Scope
    generator: str

    @property
    def is_ai(self) -> bool:
        """Whether the type says that a trained model made it, in whole or in part."""
        return self.type in AI_SOURCE_TYPES


class Axes(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a manifest store says, and how far it can be believed."""

    integrity: Integrity
    signature: Signature
    trust: Trust
    time: Time
    ingredients: int
    ingredients_failed: int
    identity: str
    generator: str
    instance: str
    sources: tuple[Source, ...]
    disclosed: Disclosed
    soft_bindings: tuple[str, ...]  # names of watermark or fingerprint algorithms
    failures: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether bytes, signature and signer all verified."""
        return (
            self.integrity is Integrity.INTACT
            and self.signature is Signature.VALID
            and self.trust is Trust.TRUSTED
        )


def read_axes(report: bytes, *, has_anchors: bool) -> Axes:
    """The axes of a manifest store.

    Args:
        report: the library's JSON report.
        has_anchors: whether the trust list has any anchor; without one, trust is unknown.

    Raises:
        DetectorError: the report is not of the form that the library documents.
    """
    try:
        store = msgspec.json.decode(report, type=Store)
    except _UNREADABLE as error:
        raise DetectorError(f"manifest report is not as documented: {error}") from error
    active = store.manifests.get(store.active_manifest, Manifest())
    results = store.validation_results
    good = {status.code for status in results.active_manifest.success}
    bad = {status.code for status in results.active_manifest.failure}
    told = {status.code for status in results.active_manifest.informational}
    signer = active.signature_info
    return Axes(
        integrity=_integrity(good, bad),
        signature=_signature(good, bad),
        trust=_trust(good, bad, has_anchors=has_anchors),
        time=_time(good, bad | told, signer.time),
        ingredients=len(active.ingredients),
        ingredients_failed=_failed_ingredients(active, results),
        identity=", ".join(part for part in (signer.common_name, signer.issuer) if part),
        generator=active.generator,
        instance=active.instance_id or store.active_manifest,
        sources=_sources(store),
        disclosed=_disclosed(active),
        soft_bindings=_soft_bindings(active),
        failures=tuple(sorted(bad)),
    )


def _integrity(good: set[str], bad: set[str]) -> Integrity:
    if bad & _CHANGED:
        return Integrity.BROKEN
    if any(f"assertion.{binding}.match" in good for binding in _BINDINGS):
        return Integrity.INTACT
    return Integrity.NOT_CHECKED


def _signature(good: set[str], bad: set[str]) -> Signature:
    if bad & _SIGNATURE_BROKEN:
        return Signature.INVALID
    return Signature.VALID if "claimSignature.validated" in good else Signature.NOT_CHECKED


def _trust(good: set[str], bad: set[str], *, has_anchors: bool) -> Trust:
    if "signingCredential.revoked" in bad or "signingCredential.ocsp.revoked" in bad:
        return Trust.REVOKED
    if "signingCredential.trusted" in good:
        return Trust.TRUSTED
    # The library builds the chain at the time of validation: an expired certificate fails there whoever issued it.
    if not has_anchors or "signingCredential.expired" in bad:
        return Trust.UNKNOWN
    return (
        Trust.UNTRUSTED
        if bad & {"signingCredential.untrusted", "signingCredential.invalid"}
        else Trust.UNKNOWN
    )


def _time(good: set[str], other: set[str], claimed: str | None) -> Time:
    if "timeStamp.trusted" in good:
        return Time.TIMESTAMPED
    # Before the next: anyone can run a clock that says last year.
    if "signingCredential.expired" in other or "claimSignature.outsideValidity" in other:
        return Time.EXPIRED_WITHOUT_TIMESTAMP
    if "timeStamp.validated" in good:
        return Time.TIMESTAMPED_UNTRUSTED
    return Time.CLAIMED if claimed else Time.NONE


def _failed_ingredients(active: Manifest, results: Results) -> int:
    """Ingredients that failed by themselves, or since: a changed ingredient, not one by an unknown signer."""
    own = sum(_is_failed(ingredient.validation_results) for ingredient in active.ingredients)
    since = sum(_is_grave(delta.validation_deltas) for delta in results.ingredient_deltas)
    return max(own, since)


def _is_failed(results: IngredientResults | None) -> bool:
    return results is not None and results.active_manifest is not None and _is_grave(results.active_manifest)


def _is_grave(codes: Codes) -> bool:
    return any(status.code not in _STANDING_OF_SIGNER for status in codes.failure)


def _sources(store: Store) -> tuple[Source, ...]:
    """Source types of the active manifest, of its line of parents, then of everything else."""
    line = _line_of_parents(store)
    scopes = dict.fromkeys(line[1:], Scope.PARENT) | dict.fromkeys(line[:1], Scope.ACTIVE)
    order = [*line, *(label for label in store.manifests if label not in scopes)]
    found: dict[Source, None] = {}
    for label in order[:MANIFEST_LIMIT]:
        manifest = store.manifests.get(label, Manifest())
        for kind in _source_types(manifest):
            scope = scopes.get(label, Scope.COMPONENT)
            found[Source(type=kind, scope=scope, generator=manifest.generator)] = None
    return tuple(found)


def _line_of_parents(store: Store) -> list[str]:
    line: list[str] = []
    label = store.active_manifest
    while label and label not in line and len(line) < MANIFEST_LIMIT:
        line.append(label)
        ingredients = store.manifests.get(label, Manifest()).ingredients
        label = next((each.active_manifest for each in ingredients if each.relationship == "parentOf"), "")
    return line


def _source_types(manifest: Manifest) -> list[str]:
    found: list[str] = []
    for assertion in manifest.assertions:
        if assertion.label.startswith("c2pa.actions"):
            found.extend(_types_in(bytes(assertion.data)))
    return found


def _disclosed(manifest: Manifest) -> Disclosed:
    """The first metadata assertion that names a generative system or a provider."""
    for assertion in manifest.assertions:
        if assertion.label.partition("__")[0] in _METADATA:
            try:
                found = msgspec.json.decode(assertion.data, type=Disclosed)
            except _UNREADABLE:
                continue  # another vocabulary may use the same names for lists
            if found.system or found.provider:
                return found
    return Disclosed()


def _soft_bindings(manifest: Manifest) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for assertion in manifest.assertions:
        if assertion.label.partition("__")[0] == "c2pa.soft-binding":
            try:
                found[msgspec.json.decode(assertion.data, type=SoftBinding).alg] = None
            except _UNREADABLE:
                found["unreadable"] = None
    return tuple(found)[:SOFT_BINDING_LIMIT]


def _types_in(data: bytes) -> list[str]:
    try:
        actions = msgspec.json.decode(data, type=Actions).actions[:ACTION_LIMIT]
    except _UNREADABLE:
        return []  # the library reports `assertion.action.malformed` itself
    iris = (action.digital_source_type for action in actions)
    return [iri.rstrip("/").rsplit("/", 1)[-1] for iri in iris if iri]
