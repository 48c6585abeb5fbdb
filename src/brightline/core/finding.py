"""Findings: what detectors claim, how sure, on what basis, where, and why; and the Examination that keeps them."""

import math

import msgspec

from brightline.core.harm import Harm
from brightline.core.ordered import OrderedEnum
from brightline.core.subject import Context, Facts, Gap
from brightline.core.words import Words


class Basis(OrderedEnum):
    """What a claim rests on: ESTIMATE < DECLARED < MATCH < PROOF."""

    ESTIMATE = "estimate"  # a statistical detector or heuristic thinks so
    DECLARED = "declared"  # the subject itself says so
    MATCH = "match"  # a known item
    PROOF = "proof"  # a signature or hash that verified, or a rule that is true of the bytes


class Span(msgspec.Struct, frozen=True, tag="span"):
    """Characters [start, end) of the subject's text."""

    start: int
    end: int


class Box(msgspec.Struct, frozen=True, tag="box"):
    """A rectangle in an image, in pixels of the decoded, orientation-corrected picture."""

    x: int
    y: int
    width: int
    height: int


class Seconds(msgspec.Struct, frozen=True, tag="seconds"):
    """A stretch of audio or video, in seconds from its start."""

    start: float
    end: float

    def __post_init__(self) -> None:
        """Keep milliseconds, as floats, so that bytes round-trip."""
        msgspec.structs.force_setattr(self, "start", round(float(self.start), 3))
        msgspec.structs.force_setattr(self, "end", round(float(self.end), 3))


class ByteRange(msgspec.Struct, frozen=True, tag="bytes"):
    """Bytes [start, end) of the subject."""

    start: int
    end: int


class Field(msgspec.Struct, frozen=True, tag="field"):
    """A named place in metadata: a header, a chunk, an XMP property, a tensor, a graph node."""

    name: str


HEAT_CELLS = 4096  # of one map: 64 x 64 show more than a reader sees, and a record keeps every one


class Heat(msgspec.Struct, frozen=True, tag="heat"):
    """How much each cell of an even grid over the whole upright picture speaks for the claim.

    Attributes:
        columns: cells in a row.
        rows: cells in a column.
        levels: row by row from the upper left, `columns * rows` bytes; 0 says nothing for the claim or was not looked
            at, 255 the most.

    Raises:
        ValueError: there are no cells, more than `HEAT_CELLS`, or not one level for each.
    """

    columns: int
    rows: int
    levels: bytes

    def __post_init__(self) -> None:
        """Refuse a grid that cannot be drawn."""
        cells = self.columns * self.rows
        if min(self.columns, self.rows) < 1 or cells > HEAT_CELLS or len(self.levels) != cells:
            raise ValueError(
                f"heat map of {self.columns} x {self.rows} with {len(self.levels)} levels, expected one a cell"
            )


Place = Span | Box | Seconds | ByteRange | Field | Heat


class Detail(msgspec.Struct, frozen=True):
    """One named fact of a finding that policies and programs can use, e.g. `verdict` = `noncompliant`."""

    name: str
    value: str


def details(**facts: str) -> tuple[Detail, ...]:
    """Give the facts as details by order of their names, so that equal facts give equal bytes; empty ones are left out."""
    return tuple(Detail(name, value) for name, value in sorted(facts.items()) if value)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One claim by one detector about one part of a subject.

    Attributes:
        detector: the catalogue's name of who claims it, e.g. `text.unicode`.
        claim: what is claimed, a dotted word from the detector's card, e.g. `aigc.mark`.
        basis: what the claim rests on.
        probability: calibrated probability in [0, 1] that the claim holds.
        harm: what it warns of; None for a claim that is only informative.
        why: the reason, in words. Quotes at most 80 characters of content.
        where: places in the part.
        details: named facts, sorted by name by convention.
        part: path of the part within the subject, set by `examine`; `""` is the subject itself.

    Raises:
        ValueError: the probability is not a number in [0, 1].
    """

    detector: str
    claim: str
    basis: Basis
    probability: float
    why: Words
    harm: Harm | None = None
    where: tuple[Place, ...] = ()
    details: tuple[Detail, ...] = ()
    part: str = ""

    def __post_init__(self) -> None:
        """Refuse a probability that is no probability; keep six digits, so that bytes round-trip."""
        if not (math.isfinite(self.probability) and 0.0 <= self.probability <= 1.0):
            raise ValueError(f"probability of `{self.claim}` is {self.probability}, expected 0 to 1")
        msgspec.structs.force_setattr(self, "probability", round(float(self.probability), 6))

    def detail(self, name: str) -> str:
        """The value of the detail of that name, or the empty string."""
        return next((detail.value for detail in self.details if detail.name == name), "")


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """All findings and all gaps of one subject; the whole input of a decision.

    Findings and gaps are in canonical order (by part, detector, claim and encoding), so that the same subject
    gives the same bytes.

    Attributes:
        facts: the subject without content.
        context: as the door gave it.
        findings: claims, of all parts.
        gaps: what was not looked at, of all parts.
        detectors: digest over the catalogue (names, sources, weights) that was in force, 64 hex digits.
    """

    facts: Facts
    context: Context
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]
    detectors: str
