"""The seven fields of an implicit mark (GB 45438-2025 Annex E): built, checked, and carried over.

A producer's fields are written once. Who spreads the content adds propagation fields and touches nothing else; a
platform that knows no producer leaves the producer's fields empty, because a name there would be a forged one
(decisions/0009-marks.md).
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from brightline.core.decision import AigcStatus
from brightline.core.errors import MarkingError
from brightline.provenance.annex_e import LABELS, RESERVED, Mark
from brightline.provenance.annex_e_defects import FIELDS, Level
from brightline.provenance.provider_code import CodeFault, parse_provider_code

PRODUCTION = ("Label", "ContentProducer", "ProduceID", "ReservedCode1")
PROPAGATION = ("ContentPropagator", "PropagateID", "ReservedCode2")
LABEL_OF: MappingProxyType[AigcStatus, str] = MappingProxyType(
    {AigcStatus.CONFIRMED: "1", AigcStatus.POSSIBLE: "2", AigcStatus.SUSPECTED: "3"}
)
ELEMENT_CHARACTERS = (
    256  # of a name or id; the longest id in use has 65, and carriers have limits of their own
)
_ELEMENT = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # E j: no space, quote, backslash, line break, non-ASCII
# What writing the value anew mends without any word of the producer's being lost.
_MENDED = frozenset({"order", "wrapped", "bare", "double_encoded", "base64"})


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """The seven values of one mark.

    Attributes:
        label: `1` is generated, `2` may be, `3` is suspected to be (E c).
        producer: provider code or name of who generated the content.
        produce_id: the producer's number for it.
        reserved1: the producer's own use, e.g. a signature (TC260-PG-202511A).
        propagator: code or name of who spreads it.
        propagate_id: the propagator's number for it.
        reserved2: the propagator's own use.
    """

    label: str
    producer: str = ""
    produce_id: str = ""
    reserved1: str = ""
    propagator: str = ""
    propagate_id: str = ""
    reserved2: str = ""

    def values(self) -> Mapping[str, str]:
        """Name to value, in the standard's order (E c to E i)."""
        return dict(zip(FIELDS, msgspec.structs.astuple(self), strict=True))

    @property
    def text(self) -> str:
        """The bare object that carriers write.

        >>> Fields(label="1", producer="A", produce_id="b").text[:41]
        '{"Label":"1","ContentProducer":"A","Produ'
        """
        return json.dumps(self.values(), ensure_ascii=False, separators=(",", ":"))


def produced(producer: str, produce_id: str) -> Fields:
    """A mark at first writing: the propagation fields repeat the production fields (Annex E, note 1).

    Raises:
        MarkingError: the producer or the number is empty, too long, has a character that E j does not allow, or
            the producer wants to be a provider code and is none.
    """
    check_provider(producer, "the producer")
    check_element(produce_id, "the produce id")
    return Fields(
        label="1",
        producer=producer,
        produce_id=produce_id,
        propagator=producer,
        propagate_id=produce_id,
    )


def propagated(before: Fields, propagator: str, propagate_id: str) -> Fields:
    """The mark with propagation fields added; the producer's four stay as they are.

    Raises:
        MarkingError: another propagator stands there already, or a value may not be written.
    """
    check_provider(propagator, "the propagator")
    check_element(propagate_id, "the propagate id")
    if before.propagator == propagator and before.propagate_id:
        return before
    first = before.propagator in {"", before.producer, propagator}
    own_number = not before.propagate_id or before.propagate_id == before.produce_id
    if not first or not own_number or before.reserved2:
        there = before.propagator or before.propagate_id or "a reserved code"
        raise MarkingError(
            f"`{shown(there)}` has already marked it as propagator; a second one would erase the first, so it stays"
        )
    return msgspec.structs.replace(before, propagator=propagator, propagate_id=propagate_id)


def suspected_by(status: AigcStatus, propagator: str, propagate_id: str) -> Fields:
    """A platform's own mark on content without one: Label 2 or 3 (Labelling Measures Art. 6), no producer.

    Raises:
        MarkingError: the status is another one: 1 is only for who generated it, or for a file that says so itself.
    """
    if status not in {AigcStatus.POSSIBLE, AigcStatus.SUSPECTED}:
        raise MarkingError(f"a platform may state `possible` or `suspected`, not `{status}` (Art. 6)")
    check_provider(propagator, "the propagator")
    check_element(propagate_id, "the propagate id")
    return Fields(label=LABEL_OF[status], propagator=propagator, propagate_id=propagate_id)


def fields_of(mark: Mark) -> Fields:
    """The fields of a mark that was read, if writing them anew loses nothing.

    Raises:
        MarkingError: it has fields that are not the standard's, repeated or broken ones, or no legal label.
    """
    grave = [
        defect.code
        for defect in mark.defects
        if defect.kind.level is Level.ERROR and defect.code not in _MENDED
    ]
    if grave or any(not value.is_string and value.name in RESERVED for value in mark.values):
        raise MarkingError(
            f"the mark that is there is defective ({', '.join(dict.fromkeys(grave)) or 'reserved_type'}), and"
            " writing it anew would lose part of it; ask its producer for a sound file"
        )
    values = {value.name: value.text for value in mark.values}
    if values.get("Label") not in LABELS:
        raise MarkingError(f"the mark that is there has the label `{shown(values.get('Label', ''))}`")
    return Fields(
        **dict(zip(Fields.__struct_fields__, (values.get(name, "") for name in FIELDS), strict=True))
    )


def check_element(text: str, what: str) -> None:
    """Refuse what E j does not allow in a name or number.

    Raises:
        MarkingError: it is empty, longer than 256 characters, or has a character outside 0x21, 0x23-0x5B, 0x5D-0x7E.
    """
    if not text:
        raise MarkingError(f"{what} is empty; GB 45438-2025 Annex E wants one")
    if len(text) > ELEMENT_CHARACTERS:
        raise MarkingError(f"{what} has {len(text)} characters, at most {ELEMENT_CHARACTERS} are written")
    if not _ELEMENT.fullmatch(text):
        wrong = next(character for character in text if not _ELEMENT.fullmatch(character))
        raise MarkingError(
            f"{what} `{shown(text)}` has U+{ord(wrong):04X}, which GB 45438-2025 E j does not allow:"
            " ASCII without space, quote and backslash only"
        )


def check_provider(text: str, what: str) -> None:
    """Refuse a provider that E j does not allow, or that wants to be a provider code and is none.

    Raises:
        MarkingError: as said.
    """
    check_element(text, what)
    parsed = parse_provider_code(text)
    if isinstance(parsed, CodeFault) and parsed is not CodeFault.NAME:
        raise MarkingError(
            f"{what} `{shown(text)}` looks like a provider code of TC260-PG-20252A and is none ({parsed}):"
            " 27 characters with a check digit, see `brightline mark code`; a name is allowed as well"
        )


def shown(text: str) -> str:
    """At most 40 characters of what a file says, without control characters."""
    cut = text if len(text) <= 40 else text[:39] + "…"
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut)
