"""Setting one property in an XMP packet while every other byte of the packet stays as it is.

The packet is never parsed and written anew: expat says at which byte the property, or the end of `rdf:RDF`, lies, and
only that range is exchanged. Source: ISO 16684-1 (XMP part 1) 7; W3C RDF/XML.
"""

import re
from xml.parsers import expat

import msgspec

from brightline.carriers.candidate import Form, MiB
from brightline.core.errors import CarrierError

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EDITED_LIMIT_BYTES = 4 * MiB  # the readers parse no larger packet either
_SPOTS_LIMIT = 8  # of one property in one packet; one is allowed
_HEAD = re.compile(rb"<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*(/?)>")
_PADDING = re.compile(rb"\s+(?=<\?xpacket\s+end)")
_KEPT_PADDING = b"\n"
_ORDERS = {b"\xff\xfe": "utf-16-le", b"<\x00": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\x00<": "utf-16-be"}
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2
_BLANK = b"\x00 \t\r\n"


class Name(msgspec.Struct, frozen=True):
    """A property's name: namespace, the prefix that its standard prints, and the local name."""

    namespace: str
    prefix: str
    local: str


class Spot(msgspec.Struct):
    """Where a property's value lies: a byte range of the packet in UTF-8, and the value with entities undone."""

    form: Form
    start: int
    end: int
    value: str = ""
    quote: str = ""  # around an attribute's value
    closing: str = ""  # what an empty element `<a/>` needs behind a value: `</a>`
    is_leaf: bool = True  # the value is plain text, not a list or a structure


def set_property(packet: bytes | None, name: Name, value: str) -> bytes:
    """The packet with the property set to `value`, in place where it is there; a new packet where there is none.

    Raises:
        CarrierError: the packet is too large, no well-formed XMP, has the property twice or laid out in parts, or
            the value has characters that XML cannot hold.
    """
    if _ILLEGAL.search(value):
        raise CarrierError(f"the value for {name.prefix}:{name.local} has a character that XML cannot hold")
    if packet is None or not packet.strip(_BLANK):
        return _new_packet(name, value)
    body = _Body(packet)
    scan = _Scan(body.utf8, name)
    if len(scan.spots) > 1:
        raise CarrierError(f"the XMP packet has {name.prefix}:{name.local} {len(scan.spots)} times")
    edited = (
        _replaced(body.utf8, scan.spots[0], value) if scan.spots else _inserted(body.utf8, scan, name, value)
    )
    return body.with_text(edited)


def property_values(packet: bytes, name: Name) -> list[str]:
    """All values that the property has in the packet.

    Raises:
        CarrierError: the packet is too large or no well-formed XMP.
    """
    if not packet.strip(_BLANK):
        return []
    return [spot.value.strip() for spot in _Scan(_Body(packet).utf8, name).spots]


def trimmed(packet: bytes, limit_bytes: int) -> bytes:
    """The packet with just so much less padding before `<?xpacket end` that it fits, if that is enough.

    Padding is there to be used up by editors (ISO 16684-1 7.3.2); what says something is never cut.
    """
    excess = len(packet) - limit_bytes
    runs = list(_PADDING.finditer(packet))
    if excess <= 0 or not runs or len(runs[-1].group()) <= excess:
        return packet
    return packet[: runs[-1].end() - excess] + packet[runs[-1].end() :]


class _Body:
    """A packet without the blanks around it, as UTF-8."""

    def __init__(self, packet: bytes) -> None:
        if len(packet) > _EDITED_LIMIT_BYTES:
            raise CarrierError("the XMP packet is larger than 4 MiB, too large to be edited")
        self.codec = _ORDERS.get(packet[:2], "utf-8")
        core = packet if self.codec != "utf-8" else packet.strip(_BLANK)
        at = packet.index(core)
        self.before, self.after = packet[:at], packet[at + len(core) :]
        try:
            self.utf8 = core.decode(self.codec).encode()
        except UnicodeError as error:
            raise CarrierError(f"the XMP packet is no {self.codec.upper()} text") from error

    def with_text(self, utf8: bytes) -> bytes:
        core = utf8 if self.codec == "utf-8" else utf8.decode().encode(self.codec)
        return self.before + core + self.after


class _Scan:
    """One pass over a packet: where the property stands at the top, and where a further one can be put."""

    def __init__(self, utf8: bytes, name: Name) -> None:
        self.utf8 = utf8
        self.spots: list[Spot] = []
        self.rdf_head: re.Match[bytes] | None = None
        self.rdf_prefix = ""
        self.rdf_end = 0
        self.about = ""
        self._name = f"{name.namespace} {name.local}"
        self._path: list[str] = []
        self._open: Spot | None = None
        self._open_depth = 0
        self._words: list[str] = []
        self._run(utf8)
        if self.rdf_head is None:
            raise CarrierError("the XMP packet has no rdf:RDF")

    def _run(self, utf8: bytes) -> None:
        parser = expat.ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        self._parser = parser
        try:
            parser.Parse(utf8, True)
        except expat.ExpatError as error:
            raise CarrierError(f"the XMP packet is not well-formed XML: {error}") from error

    def _refuse(self, *_: object) -> None:
        raise CarrierError("the XMP packet has a document type")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name, prefix = _named(tag)
        if self._open is not None:
            self._open.is_leaf = False
        elif self._in_description():
            if name == self._name:
                self._property(tag, attributes)
        elif name == f"{_RDF} RDF" and self.rdf_head is None:
            self.rdf_head, self.rdf_prefix = self._head(), prefix
        elif name == f"{_RDF} Description" and self._path[-1:] == [f"{_RDF} RDF"]:
            self._description(attributes)
        self._path.append(name)

    def _in_description(self) -> bool:
        return self._path[-2:] == [f"{_RDF} RDF", f"{_RDF} Description"]

    def _description(self, attributes: dict[str, str]) -> None:
        """Attributes of a description are properties; all descriptions of a packet are about the same thing."""
        for attribute, value in attributes.items():
            name, _ = _named(attribute)
            if name in {f"{_RDF} about", "about"}:
                self.about = self.about or value
            elif name == self._name:
                self._attribute(attribute, value)

    def _property(self, tag: str, attributes: dict[str, str]) -> None:
        resource = next((one for one in attributes if _named(one)[0] == f"{_RDF} resource"), None)
        if resource is not None:
            self._attribute(resource, attributes[resource])
            return
        head = self._head()
        spot = Spot(Form.XMP_ELEMENT, head.end(), head.end())
        if head.group(1):
            spot.start = head.end() - 2
            spot.closing = f"</{_qualified(tag)}>"
        self._add(spot)
        self._open, self._open_depth = spot, len(self._path)
        spot.is_leaf = not any(_named(one)[0].startswith(_RDF) for one in attributes)  # parseType, datatype

    def _attribute(self, attribute: str, value: str) -> None:
        head = self._head()
        pattern = rb"\s" + re.escape(_qualified(attribute).encode()) + rb"\s*=\s*([\"'])"
        match = re.compile(pattern).search(self.utf8, head.start(), head.end())
        if match is None:
            raise CarrierError("an attribute of the XMP packet cannot be found again")
        end = self.utf8.index(match.group(1), match.end())
        self._add(Spot(Form.XMP_ATTRIBUTE, match.end(), end, value, match.group(1).decode()))

    def _add(self, spot: Spot) -> None:
        if len(self.spots) >= _SPOTS_LIMIT:
            raise CarrierError(f"the XMP packet has one property more than {_SPOTS_LIMIT} times")
        self.spots.append(spot)

    def _text(self, text: str) -> None:
        if self._open is not None:
            self._words.append(text)

    def _end(self, _: str) -> None:
        name = self._path.pop()
        index = self._parser.CurrentByteIndex
        if self._open is not None and len(self._path) == self._open_depth:
            self._open.end = self._open.start + 2 if self._open.closing else index
            self._open.value = "".join(self._words)
            self._open = None
            self._words.clear()
        if name == f"{_RDF} RDF" and not self.rdf_end:
            self.rdf_end = index

    def _head(self) -> re.Match[bytes]:
        """The start tag that expat stands at."""
        match = _HEAD.match(self.utf8, self._parser.CurrentByteIndex)
        if match is None:
            raise CarrierError("a tag of the XMP packet cannot be found again")
        return match


def _named(name: str) -> tuple[str, str]:
    """`namespace local` and the prefix, of expat's `namespace local prefix`."""
    parts = name.split(" ")
    return (f"{parts[0]} {parts[1]}", parts[2] if len(parts) > 2 else "") if len(parts) > 1 else (name, "")


def _qualified(name: str) -> str:
    """The name as the packet writes it: `prefix:local`."""
    parts = name.split(" ")
    return f"{parts[2]}:{parts[1]}" if len(parts) > 2 else parts[-1] if len(parts) == 1 else parts[1]


def _replaced(utf8: bytes, spot: Spot, value: str) -> bytes:
    if not spot.is_leaf:
        raise CarrierError(
            "the property is laid out in parts in the XMP packet and cannot be replaced in place"
        )
    if spot.quote:
        return utf8[: spot.start] + _escaped(value, spot.quote).encode() + utf8[spot.end :]
    opening = b">" if spot.closing else b""
    return utf8[: spot.start] + opening + (_escaped(value) + spot.closing).encode() + utf8[spot.end :]


def _inserted(utf8: bytes, scan: _Scan, name: Name, value: str) -> bytes:
    """The packet with a further description at the end of `rdf:RDF`."""
    head = scan.rdf_head
    if head is None:
        raise CarrierError("the XMP packet has no rdf:RDF")
    new = _description(scan.rdf_prefix, scan.about, name, value).encode()
    if not head.group(1):
        return utf8[: scan.rdf_end] + new + utf8[scan.rdf_end :]
    colon = f"{scan.rdf_prefix}:" if scan.rdf_prefix else ""
    return utf8[: head.end() - 2] + b">" + new + f"</{colon}RDF>".encode() + utf8[head.end() :]


def _description(prefix: str, about: str, name: Name, value: str) -> str:
    """One description with one property; the `rdf` prefix is declared anew where the packet's is the default."""
    declared = "" if prefix else f' xmlns:rdf="{_RDF}"'
    rdf = prefix or "rdf"
    tag = f"{name.prefix}:{name.local}"
    return (
        f'<{rdf}:Description {rdf}:about="{_escaped(about, chr(34))}"{declared} xmlns:{name.prefix}="{name.namespace}">'
        f"<{tag}>{_escaped(value)}</{tag}></{rdf}:Description>"
    )


def _new_packet(name: Name, value: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f"{_description('rdf', '', name, value)}</rdf:RDF></x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()


def _escaped(value: str, quote: str = "") -> str:
    """Text for an element, or for an attribute between `quote`."""
    text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    if quote:
        text = text.replace(quote, "&quot;" if quote == '"' else "&apos;")
        text = text.replace("\n", "&#10;").replace("\t", "&#9;")
    return text
