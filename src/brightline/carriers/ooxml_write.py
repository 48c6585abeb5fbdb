"""Writes the custom document property `AIGC` into Word, Excel and PowerPoint files (TC260-PG-20258A 6.1).

At most three members get new bytes: the custom properties, and, where there were none, the list of content types and
the package's relationships. Every other member's record is copied as it stands, in its place.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from brightline.carriers.candidate import Candidate, Unread
from brightline.carriers.ooxml import (
    CUSTOM_PART,
    DIALECTS,
    FORMAT_ID,
    PART_LIMIT_BYTES,
    RELATIONSHIPS,
    STRICT,
    TRANSITIONAL,
    Dialect,
    custom_targets,
    properties_in,
    read,
)
from brightline.carriers.ooxml_rezip import rezip
from brightline.carriers.ooxml_xml import Element, read_elements
from brightline.carriers.ooxml_zip import Member, Package, open_package, unpack
from brightline.carriers.writing import Pieces
from brightline.core.errors import CarrierError

CONTENT_TYPES = "[Content_Types].xml"
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_FIRST_PROPERTY_ID = 2  # 0 and 1 are reserved (ISO/IEC 29500-1 22.3.2.1)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'


class _Part(NamedTuple):
    """One XML part that may be edited."""

    name: str
    content: bytes
    elements: tuple[Element, ...]


def write(data: memoryview, mark: str) -> Pieces:
    """The document with `mark` as its only implicit mark; text, tables and slides stay as they are.

    Raises:
        CarrierError: the package is broken, digitally signed (a mark would break the signature), not in UTF-8 where it
            must be edited, or holds a mark elsewhere than in its custom properties.
    """
    package = open_package(data)
    if package.prefix:
        raise CarrierError("bytes stand in front of the document's ZIP container; save it anew")
    if _NOT_XML.search(mark):
        raise CarrierError("the mark holds a character that XML cannot")
    _refuse_signed(package)
    found = [*read(data)]
    part_name = _custom_part(data, package)
    member = _only(package, part_name)
    old = next((item for item in found if isinstance(item, Candidate)), None)
    _refuse_elsewhere(found, f"ooxml:{member.name if member else part_name}:AIGC")
    if old is not None and old.text == mark:
        return rezip(data, package, {}, {})
    changed: dict[Member, bytes] = {}
    added: dict[str, bytes] = {}
    dialect = _dialect(data, package)
    if member is None:
        added[part_name] = _new_part(dialect, mark)
    else:
        changed[member] = _with_property(_part(data, package, member.name), dialect, mark)
    changed |= _announced(data, package, part_name, dialect)
    _check(added.get(part_name) or changed[member], mark)  # type: ignore[index]  # one of the two was just set
    return rezip(data, package, changed, added)


def _refuse_signed(package: Package) -> None:
    for member in package.members:
        if member.name.lower().startswith(("_xmlsignatures/", "package/services/digital-signature/")):
            raise CarrierError(
                "the document is digitally signed (`_xmlsignatures`); a mark would break the signature: mark it, then sign"
            )
        if member.is_encrypted:
            raise CarrierError(
                f"`{member.name[:80]}` is encrypted; a mark needs the document without its password"
            )


def _refuse_elsewhere(found: list[Candidate | Unread], place: str) -> None:
    """Go on only with no mark at all, or with one where the guide wants it."""
    candidates = [item for item in found if isinstance(item, Candidate)]
    unread = next((item for item in found if isinstance(item, Unread)), None)
    if unread is not None:
        raise CarrierError(f"a place that may hold a mark cannot be read: {unread.why}")
    if len(candidates) > 1:
        raise CarrierError(
            f"the document holds {len(candidates)} marks; one is allowed, and none may be removed"
        )
    for candidate in candidates:
        if candidate.oddities or candidate.carrier != place:
            raise CarrierError(
                f"the document holds a mark at `{candidate.carrier}`, where it cannot be replaced"
            )


def _custom_part(data: memoryview, package: Package) -> str:
    """Name of the part with custom properties: the one that the package names, or the usual one."""
    targets = custom_targets(data, package)
    if len(targets) > 1:
        raise CarrierError("the document names more than one part with custom properties")
    for member in package.members:
        if member.name.lower() in targets:
            return member.name
    if targets:
        raise CarrierError(
            f"the document names custom properties `{next(iter(targets))[:80]}`, which it lacks"
        )
    return CUSTOM_PART


def _only(package: Package, name: str) -> Member | None:
    members = package.named(name)
    if len(members) > 1:
        raise CarrierError(f"the document has {len(members)} members `{name[:80]}`, expected one")
    return members[0] if members else None


def _part(data: memoryview, package: Package, name: str) -> _Part:
    member = _only(package, name)
    content = unpack(data, member, PART_LIMIT_BYTES) if member is not None else None
    if member is None or content is None:
        raise CarrierError(f"`{name[:80]}` is missing, or larger than 4 MiB")
    try:
        found = read_elements(content)
    except CarrierError as error:
        raise CarrierError(f"`{name[:80]}`: {error}") from error
    if not found.is_utf8:
        raise CarrierError(f"`{name[:80]}` is not in UTF-8; save the document anew")
    return _Part(member.name, content, found.elements)


def _dialect(data: memoryview, package: Package) -> Dialect:
    """Strict where the package's own relationships are (ISO/IEC 29500-1), else Transitional."""
    types = [e.attributes.get("Type", "") for e in _part(data, package, RELATIONSHIPS).elements]
    return STRICT if any(t.startswith("http://purl.oclc.org/ooxml/") for t in types) else TRANSITIONAL


def _new_part(dialect: Dialect, mark: str) -> bytes:
    names = f'xmlns="{dialect.properties}" xmlns:vt="{dialect.values}"'
    return f"{_DECLARATION}<Properties {names}>{_property(_FIRST_PROPERTY_ID, mark)}</Properties>".encode()


def _property(number: int, mark: str, names: str = "", value_names: str = "") -> str:
    value = f"<vt:lpwstr{value_names}>{escape(mark)}</vt:lpwstr>"
    return f'<property{names} fmtid="{FORMAT_ID}" pid="{number}" name="AIGC">{value}</property>'


def _with_property(part: _Part, dialect: Dialect, mark: str) -> bytes:
    """The custom properties with the mark: its value replaced, or a property of its own behind the others."""
    for number, element in enumerate(part.elements):
        if element.local == "property" and element.attributes.get("name") == "AIGC":
            value = next(e for e in part.elements if e.parent == number)
            names = next(d.values for d in DIALECTS if value.name.startswith(d.values))
            new = f'<vt:lpwstr xmlns:vt="{names}">{escape(mark)}</vt:lpwstr>'
            return _spliced(part.content, value.start, value.end, new)
    root = part.elements[0]
    if root.local != "Properties":
        raise CarrierError(f"`{part.name}` is no list of properties")
    taken = [e.attributes.get("pid", "") for e in part.elements if e.local == "property"]
    number = (
        max([_FIRST_PROPERTY_ID - 1, *(int(word) for word in taken if re.fullmatch(r"[0-9]{1,9}", word))]) + 1
    )
    own = next((d for d in DIALECTS if root.name == f"{d.properties} Properties"), dialect)
    start_tag = part.content[root.start : _tag_end(part.content, root)]
    names = "" if _declares(start_tag, "xmlns", own.properties) else f' xmlns="{own.properties}"'
    values = "" if _declares(start_tag, "xmlns:vt", own.values) else f' xmlns:vt="{own.values}"'
    return _inside(part, root, _property(number, mark, names, values))


def _announced(data: memoryview, package: Package, name: str, dialect: Dialect) -> Mapping[Member, bytes]:
    """The package's two lists with the part of custom properties on them, where they lack it."""
    changed: dict[Member, bytes] = {}
    types = _part(data, package, CONTENT_TYPES)
    own = [e for e in types.elements if e.attributes.get("PartName", "").lower() == f"/{name.lower()}"]
    if any(e.attributes.get("ContentType") != CONTENT_TYPE for e in own):
        raise CarrierError(f"`{name}` has another content type than custom properties")
    if not own:
        new = f'<Override{_names(types)} PartName="/{escape(name)}" ContentType="{CONTENT_TYPE}"/>'
        changed[package.named(types.name)[0]] = _inside(types, types.elements[0], new)
    if name.lower() not in custom_targets(data, package):
        relations = _part(data, package, RELATIONSHIPS)
        taken = {e.attributes.get("Id") for e in relations.elements}
        number = next(n for n in range(1, len(taken) + 2) if f"rId{n}" not in taken)
        new = f'<Relationship{_names(relations)} Id="rId{number}" Type="{dialect.relationship}" Target="{escape(name)}"/>'
        changed[package.named(relations.name)[0]] = _inside(relations, relations.elements[0], new)
    return changed


def _names(part: _Part) -> str:
    """A declaration of the root's namespace, where the root gives it a prefix."""
    root = part.elements[0]
    namespace = root.name.rpartition(" ")[0]
    tag = part.content[root.start : _tag_end(part.content, root)]
    return "" if _declares(tag, "xmlns", namespace) else f' xmlns="{namespace}"'


def _declares(tag: bytes, name: str, namespace: str) -> bool:
    pattern = rf"\s{name}\s*=\s*[\"']{re.escape(namespace)}[\"']".encode()
    return re.search(pattern, tag) is not None


def _tag_end(content: bytes, element: Element) -> int:
    """One past an element's start tag; `>` may stand in an attribute's value."""
    match = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""").match(content, element.start)
    return match.end() if match else element.end


def _inside(part: _Part, root: Element, new: str) -> bytes:
    """The part with a new last child of its root."""
    if root.inner_end != root.start:
        return _spliced(part.content, root.inner_end, root.inner_end, new)
    tag = part.content[root.start : root.end].decode("utf-8")
    name = re.split(r"[\s/>]", tag[1:], maxsplit=1)[0]
    return _spliced(part.content, root.start, root.end, f"{tag[:-2]}>{new}</{name}>")


def _spliced(content: bytes, start: int, end: int, new: str) -> bytes:
    return content[:start] + new.encode() + content[end:]


def _check(content: bytes, mark: str) -> None:
    """The reader sees exactly this mark in the new properties, before anything is given out."""
    found = properties_in(content, "ooxml", 0, 0)
    if [(item.text, item.oddities) for item in found] != [(mark, ())]:
        raise CarrierError(
            "the document's custom properties are written in a way that a mark cannot be added to"
        )
