"""Word, Excel and PowerPoint files as places that hold a mark: the custom document property `AIGC`.

TC260-PG-20258A 6.1: `docProps/custom.xml`, `property[@name="AIGC"]/vt:lpwstr`, the bare object. Structure:
ISO/IEC 29500-1 22.3 (custom properties) and 29500-2 (packages). Files with macros (DOCM, XLSM, PPTM) are no different;
one with a password is no ZIP at all and so never comes here.
"""

import msgspec

from brightline.carriers.candidate import (
    CANDIDATE_LIMIT,
    TEXT_LIMIT_BYTES,
    Candidate,
    MiB,
    Oddity,
    Reading,
    Shape,
    Unread,
    keyed,
)
from brightline.carriers.loose import find_loose, read_trailing
from brightline.carriers.ooxml_xml import Element, read_elements
from brightline.carriers.ooxml_zip import Member, Package, open_package, unpack
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

PART_LIMIT_BYTES = 4 * MiB  # of one part that is read; content types of 20,000 parts take 3 MiB
_PART_LIMIT = 16  # parts that are read; a document has three with properties, and some custom data
_MARK_WORDS = tuple(
    word.encode(encoding)
    for word in ("AIGC", "ContentProducer", "ServiceProvider")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
RELATIONSHIPS = "_rels/.rels"
CUSTOM_PART = "docProps/custom.xml"
FORMAT_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"


class Dialect(msgspec.Struct, frozen=True):
    """The names that a package uses for custom properties."""

    relationship: str
    properties: str
    values: str


TRANSITIONAL = Dialect(
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties",
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
)
STRICT = Dialect(
    "http://purl.oclc.org/ooxml/officeDocument/relationships/customProperties",
    "http://purl.oclc.org/ooxml/officeDocument/customProperties",
    "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
)
DIALECTS = (TRANSITIONAL, STRICT)


def read(data: memoryview) -> Reading:
    """Candidates in an Office document.

    Raises:
        CarrierError: the ZIP container or its relationships cannot be read.
    """
    package = open_package(data)
    broken: CarrierError | None = None
    try:
        targets = custom_targets(data, package)
    except CarrierError as error:
        targets, broken = frozenset({CUSTOM_PART.lower()}), error
    places = [member for member in package.members if _holds_properties(member, targets)]
    for member in places[:_PART_LIMIT]:
        name = member.name.lower()
        is_custom = name in targets or name == CUSTOM_PART.lower()
        for item in _read_part(data, member, is_properties=is_custom):
            is_stray = is_custom and name not in targets  # no relationship leads to it
            yield _odd(item) if is_stray and isinstance(item, Candidate) else item
    if len(places) > _PART_LIMIT:
        yield _unread(places[_PART_LIMIT], GapKind.LIMIT, f"more than {_PART_LIMIT} parts with properties")
    yield from _read_comment(data, package)
    yield from read_trailing(data, package.stop, "ooxml:after-end", "ZIP container")
    if broken is not None:
        raise broken


def custom_targets(data: memoryview, package: Package) -> frozenset[str]:
    """Names of the parts that the package calls its custom properties, lower case.

    Raises:
        CarrierError: the package's relationships are missing or cannot be read.
    """
    found = package.named(RELATIONSHIPS)
    if not found:
        raise CarrierError(f"the document has no `{RELATIONSHIPS}`")
    content = unpack(data, found[0], PART_LIMIT_BYTES)
    if content is None:
        raise CarrierError(f"`{RELATIONSHIPS}` is larger than {PART_LIMIT_BYTES // MiB} MiB")
    try:
        elements = read_elements(content).elements
    except CarrierError as error:
        raise CarrierError(f"`{RELATIONSHIPS}`: {error}") from error
    types = {dialect.relationship for dialect in DIALECTS}
    return frozenset(
        element.attributes.get("Target", "").lstrip("/").lower()
        for element in elements
        if element.local == "Relationship" and element.attributes.get("Type") in types
    )


def properties_in(content: bytes, carrier: str, start: int, end: int) -> list[Candidate]:
    """Marks among the custom properties of one part.

    Raises:
        CarrierError: the part is not well-formed XML.
    """
    elements = read_elements(content).elements
    found: list[Candidate] = []
    values = {element.parent: element for element in reversed(elements)}  # a property's first child
    for number, element in enumerate(elements):
        if element.local != "property" or len(found) >= CANDIDATE_LIMIT:
            continue
        value = values.get(number)
        name = element.attributes.get("name", "")
        text = value.text if value is not None else element.text
        odd = () if _is_regular(element, value) else (Oddity.UNUSUAL_PLACE,)
        if name == "AIGC" or ("AIGC" in name and "{" in text):
            found.append(keyed(f"{carrier}:{name[:80]}", start, end, text, odd))
        else:
            found += _loose(f"{carrier}:{name[:80]}", text, start, end)
    return found


def _is_regular(element: Element, value: Element | None) -> bool:
    """Whether a property is written as the guide prints it."""
    if value is None or element.attributes.get("fmtid", "").upper() != FORMAT_ID:
        return False
    names = {(f"{dialect.properties} property", f"{dialect.values} lpwstr") for dialect in DIALECTS}
    return (element.name, value.name) in names


def _holds_properties(member: Member, targets: frozenset[str]) -> bool:
    name = member.name.lower()
    return name in targets or (name.endswith(".xml") and name.startswith(("docprops/", "customxml/")))


def _read_part(data: memoryview, member: Member, *, is_properties: bool) -> Reading:
    """What one XML part holds: as custom properties, or as text that is not meant for a mark."""
    carrier = f"ooxml:{member.name[:80]}"
    start, end = member.start, max(member.start, min(len(data), member.start + 30 + member.packed))
    try:
        content = unpack(data, member, PART_LIMIT_BYTES)
        if content is None:
            yield _unread(member, GapKind.LIMIT, f"`{member.name[:80]}` is larger than 4 MiB")
        elif is_properties:
            yield from properties_in(content, carrier, start, end)
        elif any(word in content for word in _MARK_WORDS):
            for element in read_elements(content).elements:
                for text in (element.text, *element.attributes.values()):
                    yield from _loose(carrier, text, start, end)
    except CarrierError as error:
        kind = GapKind.ENCRYPTED if member.is_encrypted else GapKind.MALFORMED
        yield _unread(member, kind, f"`{member.name[:80]}`: {error}")


def _read_comment(data: memoryview, package: Package) -> Reading:
    for loose in find_loose(data, package.end, package.stop):
        yield keyed(
            "ooxml:zip-comment",
            loose.start,
            loose.end,
            loose.text,
            (Oddity.UNUSUAL_PLACE,),
            shape=Shape.EITHER,
        )


def _loose(carrier: str, text: str, start: int, end: int) -> list[Candidate]:
    """Marks in a text that is not named after them."""
    if "{" not in text:
        return []
    odd = (Oddity.UNUSUAL_PLACE, Oddity.KEYWORD)
    marks = find_loose(text[:TEXT_LIMIT_BYTES].encode("utf-8", "replace"))
    return [keyed(carrier, start, end, loose.text, odd, shape=Shape.EITHER) for loose in marks]


def _odd(candidate: Candidate) -> Candidate:
    return msgspec.structs.replace(candidate, oddities=(*candidate.oddities, Oddity.UNUSUAL_PLACE))


def _unread(member: Member, kind: GapKind, why: str) -> Unread:
    return Unread(
        carrier=f"ooxml:{member.name[:80]}",
        kind=kind,
        why=why,
        start=member.start,
        end=member.start + member.packed,
    )
