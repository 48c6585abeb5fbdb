"""XMP packets as properties: every text and attribute by its local name, without entities, files or a network.

Source: XMP Part 1 (ISO 16684-1) 7; IPTC Photo Metadata Standard 2025.1 (`Iptc4xmpExt`).
"""

from collections.abc import Iterator

from lxml import etree

from brightline.core.errors import DetectorError
from brightline.provenance.property import VALUE_LIMIT, Property

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_LIST_ITEMS = frozenset({"li", "Seq", "Bag", "Alt", "Description", "value"})


def read_xmp(packet: bytes) -> Iterator[Property]:
    """Properties of one packet, named `xmp.<local name>`; items of lists carry their property's name.

    Raises:
        DetectorError: the packet is larger than the limit, has a document type, or is no XML.
    """
    body = _with_byte_order(packet)
    if not body:
        return
    if len(body) > VALUE_LIMIT:
        raise DetectorError(f"XMP packet has {len(body)} bytes, the limit is {VALUE_LIMIT}")
    if any("<!DOCTYPE".encode(encoding) in body for encoding in ("utf-8", "utf-16-le", "utf-16-be")):
        raise DetectorError("XMP packet has a document type, which XMP does not allow")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DetectorError(f"XMP packet is no XML: {error}") from error
    if root is not None:
        yield from _walk(root)


def _with_byte_order(packet: bytes) -> bytes:
    """The packet without padding; UTF-16 keeps or gets its byte order mark, which some writers leave to `<?xpacket`."""
    if packet[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return packet
    order = {b"<\0": b"\xff\xfe", b"\0<": b"\xfe\xff"}.get(packet[:2])
    return packet.strip(b"\0 \t\r\n") if order is None else order + packet


def _walk(root: etree._Element) -> Iterator[Property]:
    for element in root.iter(etree.Element):
        name = _property_name(element)
        text = (element.text or "").strip()
        if text and name:
            yield Property(f"xmp.{name}", text)
        for key, value in element.attrib.items():
            if str(key) == f"{_RDF}resource" and name:
                yield Property(f"xmp.{name}", str(value))
            elif not str(key).startswith((_RDF, _XML)):
                yield Property(f"xmp.{_local(str(key))}", str(value))


def _property_name(element: etree._Element) -> str:
    """The local name, or that of the property whose list this is an item of."""
    node: etree._Element | None = element
    while node is not None and _local(str(node.tag)) in _LIST_ITEMS:
        node = node.getparent()
    return "" if node is None else _local(str(node.tag))


def _local(name: str) -> str:
    return name.rpartition("}")[2]
