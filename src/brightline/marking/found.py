"""One mark that a file carries: of which sort it is, what tells it from others, and what it says.

Marks are told of by findings of `provenance`, and the implicit ones as they stand in the file.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from brightline.core.finding import Detail, Finding
from brightline.provenance.annex_e import Mark
from brightline.provenance.annex_e_defects import Level

# The implicit mark as FFmpeg shows it: `implicit_marks` tells of it, and once is enough.
_MARK_TAG = "media.aigc"


class Layer(StrEnum):
    """The sorts of marks, in the order in which they are written."""

    EXPLICIT = "explicit"  # a person sees, hears or reads it
    WATERMARK = "watermark"  # in pixels, samples or words
    IMPLICIT = "implicit"  # GB 45438-2025 Annex E, in metadata
    IPTC = "iptc"  # digital source type in XMP
    C2PA = "c2pa"  # signed manifest
    GENERATOR = "generator"  # a generator's own record; read, never written by us


class FoundMark(msgspec.Struct, frozen=True, kw_only=True):
    """One mark that a file carries.

    Attributes:
        layer: which sort.
        name: what tells it from others of its sort: the producer's number, the source type, the key's id.
        facts: what it says.
        place: where it lies, for people.
    """

    layer: Layer
    name: str
    facts: tuple[Detail, ...] = ()
    place: str = ""

    def fact(self, name: str) -> str:
        """The value of that fact, or the empty string."""
        return next((fact.value for fact in self.facts if fact.name == name), "")


def mark_of(finding: Finding) -> FoundMark | None:
    """The mark that a finding tells of; None where it tells of none, or of one that is told of otherwise."""
    take = _TAKERS.get(finding.claim)
    return take(finding) if take is not None else None


def implicit_mark(mark: Mark) -> FoundMark:
    """An implicit mark, with its fields and its grave defects."""
    grave = [defect.code for defect in mark.defects if defect.kind.level is Level.ERROR]
    facts = [Detail(value.name, value.text) for value in mark.values]
    facts.append(Detail("defects", ",".join(dict.fromkeys(grave))))
    return FoundMark(
        layer=Layer.IMPLICIT,
        name=mark.produce_id or mark.value("PropagateID"),
        facts=tuple(fact for fact in facts if fact.value),
        place=mark.candidate.carrier,
    )


def _declared(finding: Finding) -> FoundMark | None:
    """IPTC's source type or a generator's record; what C2PA declares belongs to its manifest."""
    match finding.detail("by"):
        case "iptc":
            layer, name = Layer.IPTC, finding.detail("source_type") or finding.detail("generator")
        case "generator":
            layer, name = Layer.GENERATOR, finding.detail("generator")
        case _:
            return None
    places = ", ".join(place.name for place in finding.where if hasattr(place, "name"))
    if places == _MARK_TAG:
        return None
    return FoundMark(layer=layer, name=name, facts=finding.details, place=places)


def _manifest(finding: Finding) -> FoundMark | None:
    if finding.detail("present") == "no":
        return None
    return FoundMark(
        layer=Layer.C2PA, name=finding.detail("instance"), facts=finding.details, place="manifest"
    )


def _visible(finding: Finding) -> FoundMark | None:
    if finding.detail("verdict") != "found":
        return None
    return FoundMark(
        layer=Layer.EXPLICIT,
        name=finding.detail("medium") or "text",
        facts=finding.details,
        place=finding.detail("position"),
    )


def _hidden(finding: Finding) -> FoundMark | None:
    if finding.detail("verdict") == "not_found":
        return None
    return FoundMark(
        layer=Layer.WATERMARK,
        name=finding.detail("key"),
        facts=finding.details,
        place=finding.detail("method"),
    )


_TAKERS: dict[str, Callable[[Finding], FoundMark | None]] = {
    "origin.ai_declared": _declared,
    "origin.c2pa": _manifest,
    "mark.explicit": _visible,
    "watermark.found": _hidden,
}
