"""XMP packets as a place that holds a mark: property `TC260:AIGC` as element, attribute or structure.

TC260-PG-20259A: namespace `http://www.tc260.org.cn/ns/AIGC/1.0/`, prefix `TC260`, value the seven fields as JSON.
"""

from collections.abc import Iterator

from lxml import etree

from brightline.carriers.candidate import (
    CANDIDATE_LIMIT,
    METADATA_LIMIT_BYTES,
    Candidate,
    Form,
    MiB,
    Oddity,
    Pair,
    Reading,
    Shape,
    Unread,
)
from brightline.carriers.loose import find_loose
from brightline.core.subject import GapKind


def _in_encodings(*words: str) -> tuple[bytes, ...]:
    return tuple(word.encode(encoding) for word in words for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"
FIELD_NAMES = frozenset(
    {
        "Label",
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    }
)
_BASE64_PROPERTY = "XmpKvBase64"  # Volcano Engine's request field, written into files by mistake
_UTF16 = {b"\xff\xfe", b"\xfe\xff"}
_PARSED_LIMIT_BYTES = 4 * MiB  # a tree of the smallest elements takes about 40 times the packet's size
_DOCUMENT_TYPES = _in_encodings("<!DOCTYPE")
_MARK_BYTES = _in_encodings("AIGC", _BASE64_PROPERTY, "ContentProducer")
_ENDS = _in_encodings("</x:xmpmeta>", "</rdf:RDF>", "<?xpacket end")


def read_xmp(data: bytes, carrier: str, start: int, end: int) -> Reading:
    """Candidates in one XMP packet that fills bytes [start, end) of the file.

    Never expands entities, opens a file or the network; a packet with a document type is not read.
    """
    packet = _with_byte_order(data)
    if not packet:
        return
    if len(packet) > METADATA_LIMIT_BYTES:
        yield _unread(carrier, GapKind.LIMIT, "the XMP packet is larger than 16 MiB", start, end)
        return
    if any(word in packet for word in _DOCUMENT_TYPES):
        yield _unread(carrier, GapKind.MALFORMED, "the XMP packet has a document type", start, end)
        return
    if len(packet) > _PARSED_LIMIT_BYTES:
        yield from _read_large(packet, carrier, start, end)
        return
    oddities: tuple[Oddity, ...] = ()
    root = _parse(packet, recover=False)
    if root is None:
        oddities = (Oddity.MALFORMED_XMP,)
        root = _parse(packet, recover=True)
    found = False
    if root is not None:
        for candidate in _walk(root, carrier, start, end, oddities):
            found = True
            yield candidate
    if oddities and not found:
        yield _unread(carrier, GapKind.MALFORMED, "the XMP packet is not well-formed XML", start, end)


def _with_byte_order(data: bytes) -> bytes:
    """The packet without padding; UTF-16 keeps or gets its byte order mark, which some writers leave to `<?xpacket`."""
    if data[:2] in _UTF16:
        return data
    order = {b"<\x00": b"\xff\xfe", b"\x00<": b"\xfe\xff"}.get(data[:2])
    return data.strip(b"\x00 \t\r\n") if order is None else order + data


def _read_large(packet: bytes, carrier: str, start: int, end: int) -> Reading:
    """A packet too large for a tree: whole and without a mark's name it holds none, as XML names are literal."""
    if any(word in packet for word in _MARK_BYTES):
        yield _unread(
            carrier, GapKind.LIMIT, "an XMP packet that names AIGC is larger than 4 MiB", start, end
        )
    elif not any(word in packet[-4096:] for word in _ENDS):
        yield _unread(carrier, GapKind.MALFORMED, "the XMP packet is cut off", start, end)


def _parse(packet: bytes, *, recover: bool) -> "etree._Element | None":
    if recover and not any(word in packet for word in _MARK_BYTES):
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )
    try:
        return etree.fromstring(packet, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return None


def _walk(
    root: "etree._Element", carrier: str, start: int, end: int, oddities: tuple[Oddity, ...]
) -> Iterator[Candidate]:
    """Properties named after AIGC, in document order; never looks inside one that it has given."""
    inside: set[object] = set()
    count = 0
    for element in root.iter(etree.Element):
        if count >= CANDIDATE_LIMIT:
            return
        parent = element.getparent()
        if parent is not None and parent in inside:
            inside.add(element)
            continue
        for form, name, text, fields in _properties(element):
            if form is not Form.XMP_ATTRIBUTE and element.tag == name:
                inside.add(element)
            count += 1
            yield Candidate(
                carrier=carrier,
                form=form,
                start=start,
                end=end,
                text=text,
                fields=fields,
                shape=Shape.BARE,
                oddities=oddities + _oddities(name),
            )


def _properties(element: "etree._Element") -> Iterator[tuple[Form, str, str, tuple[Pair, ...]]]:
    """What one element holds of marks: itself, attributes of it, or the fields laid out one by one."""
    tag = str(element.tag)
    if _names_mark(tag):
        fields = _children(element) or _attributes(element)
        if fields:
            yield Form.XMP_STRUCTURE, tag, "", fields
            return
        marks = [text for text in _texts(element) if _is_mark(tag, text)]
        if marks:
            yield from ((Form.XMP_ELEMENT, tag, text, ()) for text in marks)
            return
    elif len(element) == 0:
        yield from ((Form.XMP_ELEMENT, tag, text, ()) for text in _loose(element.text))
    for name, value in element.attrib.items():
        if _is_mark(str(name), str(value)):
            yield Form.XMP_ATTRIBUTE, str(name), str(value).strip(), ()
        elif not _names_mark(str(name)):
            yield from ((Form.XMP_ATTRIBUTE, str(name), text, ()) for text in _loose(str(value)))
    laid_out = _attributes(element) + _children(element)
    if len(laid_out) >= 2 and any(pair.name in {"ContentProducer", "ProduceID"} for pair in laid_out):
        yield Form.XMP_STRUCTURE, f"{{{NAMESPACE}}}AIGC", "", laid_out


def _texts(element: "etree._Element") -> list[str]:
    """The value of a property: of each item where it is a list of several, else all its text."""
    items = [child for child in element.iterdescendants(etree.Element) if _local(str(child.tag)) == "li"]
    return [_text_of(item) for item in (items if len(items) > 1 else [element])]


def _loose(value: object) -> Iterator[str]:
    """Marks in a property that is not named after them."""
    if isinstance(value, str) and "{" in value:
        yield from (loose.text for loose in find_loose(value.encode("utf-8", "surrogatepass")))


def _text_of(element: "etree._Element") -> str:
    return "".join(str(part) for part in element.itertext()).strip()


def _children(element: "etree._Element") -> tuple[Pair, ...]:
    """Fields laid out below an element, or below the one `rdf:Description` that it holds."""
    inner = list(element.iterchildren(etree.Element))
    if len(inner) == 1 and _names_mark(str(element.tag)) and _local(str(inner[0].tag)) == "Description":
        return _children(inner[0]) or _attributes(inner[0])
    return tuple(
        Pair(_local(str(child.tag)), _text_of(child))
        for child in inner
        if _local(str(child.tag)) in FIELD_NAMES
    )


def _attributes(element: "etree._Element") -> tuple[Pair, ...]:
    pairs = ((_local(str(name)), str(value)) for name, value in element.attrib.items())
    return tuple(Pair(name, value) for name, value in pairs if name in FIELD_NAMES)


def _names_mark(name: str) -> bool:
    local = _local(name)
    return "AIGC" in local or local == _BASE64_PROPERTY


def _is_mark(name: str, value: str) -> bool:
    """Property `AIGC` is one whatever it holds; `isAIGC="true"` is none, `xAIGC="{...}"` wants to be."""
    local = _local(name)
    return local == "AIGC" or local == _BASE64_PROPERTY or ("AIGC" in local and "{" in value)


def _oddities(name: str) -> tuple[Oddity, ...]:
    if "AIGC" not in _local(name):
        return (Oddity.KEYWORD,)
    return () if name == f"{{{NAMESPACE}}}AIGC" else (Oddity.NAMESPACE,)


def _local(name: str) -> str:
    """`AIGC` of `{namespace}AIGC`, and of `TC260:AIGC` where the prefix was never declared."""
    return name.rpartition("}")[2].rpartition(":")[2]


def _unread(carrier: str, kind: GapKind, why: str, start: int, end: int) -> Unread:
    return Unread(carrier=carrier, kind=kind, why=why, start=start, end=end)
