"""What a signer claims of a file: the deed, the source, the program, the time, and the ties to watermarks."""

import re
from enum import StrEnum
from importlib.metadata import version

import msgspec

from brightline.core.errors import MarkingError

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ALGORITHM = re.compile(r"[a-z0-9-]+(\.[A-Za-z0-9_-]+)+")
TEXT_LIMIT = 500  # characters of one field; names and identifiers, no essays
_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_C2PA = "http://c2pa.org/digitalsourcetype/"


class Deed(StrEnum):
    """What was done, as an action of C2PA 2.4, 18.14 (`opened` is added by the signing itself)."""

    CREATED = "c2pa.created"
    EDITED = "c2pa.edited"
    METADATA = "c2pa.edited.metadata"
    CONVERTED = "c2pa.converted"
    TRANSCODED = "c2pa.transcoded"
    PUBLISHED = "c2pa.published"
    WATERMARKED = "c2pa.watermarked"
    BOUND = "c2pa.watermarked.bound"
    UNBOUND = "c2pa.watermarked.unbound"


class SourceType(StrEnum):
    """Digital source type, as an IRI (IPTC NewsCodes; `DATA` is C2PA's own)."""

    GENERATED = _IPTC + "trainedAlgorithmicMedia"
    COMPOSITE = _IPTC + "compositeWithTrainedAlgorithmicMedia"
    ALGORITHMIC = _IPTC + "algorithmicMedia"
    ENHANCED = _IPTC + "algorithmicallyEnhanced"
    CAPTURE = _IPTC + "digitalCapture"
    CREATION = _IPTC + "digitalCreation"
    DATA = _C2PA + "trainedAlgorithmicData"  # for data sets and models; not every verifier knows it


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A program: the generative system that did the deed, or the one that writes the claim."""

    name: str
    version: str = ""


class Disclosure(msgspec.Struct, frozen=True, kw_only=True):
    """The latent disclosure of California's SB 942, § 22757.3(b): who, with what, when, which.

    Attributes:
        provider: name of the covered provider.
        system: name of the generative system.
        system_version: its version.
        time: RFC 3339 time when the content was made or changed.
        identifier: unique to this content.
    """

    provider: str
    system: str
    system_version: str
    time: str
    identifier: str


class SoftBinding(msgspec.Struct, frozen=True, kw_only=True):
    """A watermark or fingerprint in the content that leads back to this manifest (C2PA 2.4, 18.10).

    Attributes:
        algorithm: identifier in the C2PA list of soft-binding algorithms, or of the organisation's own in reverse-domain form.
        value: what the watermark carries, as that algorithm writes it.
    """

    algorithm: str
    value: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is signed besides the bytes.

    Attributes:
        deed: what was done. A file that already has a manifest was not created here: `CREATED` becomes an edit of metadata.
        source_type: how the content came to be.
        agent: the system that did it.
        time: RFC 3339 time of the deed, with its offset.
        title: for people.
        also: further deeds, in order.
        disclosure: fields of SB 942.
        soft_bindings: watermarks in the content.
        generator: program that writes the claim.
        resign: keep a manifest that the bytes no longer match as the parent, in place of refusing.
        is_detached: write a sidecar even where the format has a place.
    """

    deed: Deed
    source_type: SourceType
    agent: Agent
    time: str
    title: str = ""
    also: tuple[Deed, ...] = ()
    disclosure: Disclosure | None = None
    soft_bindings: tuple[SoftBinding, ...] = ()
    generator: Agent = Agent(name="Brightline", version=version("brightline"))
    resign: bool = False
    is_detached: bool = False


def check_claim(claim: Claim) -> None:
    """Refuse a claim with an empty name, a time without an offset, or an algorithm without a name.

    Raises:
        MarkingError: which field is wrong, and what was expected.
    """
    shown = claim.disclosure
    required = {"agent name": claim.agent.name, "generator name": claim.generator.name}
    if shown is not None:
        required |= {f"disclosure {name}": getattr(shown, name) for name in shown.__struct_fields__}
    for name, value in required.items():
        if not value.strip() or len(value) > TEXT_LIMIT:
            raise MarkingError(f"the {name} has {len(value)} characters, expected 1 to {TEXT_LIMIT}")
    for time in (claim.time, *([shown.time] if shown else ())):
        if not _TIME.fullmatch(time):
            raise MarkingError(
                f"time `{time[:40]}` is not RFC 3339 with an offset, e.g. 2026-11-23T12:00:00Z"
            )
    for binding in claim.soft_bindings:
        if not _ALGORITHM.fullmatch(binding.algorithm) or not binding.value:
            raise MarkingError(
                f"soft binding `{binding.algorithm[:40]}` needs an algorithm like `com.example.mark.1` and a value"
            )
    if not claim.soft_bindings and {claim.deed, *claim.also} & {Deed.WATERMARKED, Deed.BOUND}:
        raise MarkingError(
            "an action of watermarking needs the soft binding of the watermark (C2PA 2.4, 18.14.8)"
        )
    if Deed.CREATED in claim.also:
        raise MarkingError("a file is created once: `c2pa.created` is a claim's first deed or none")
