"""Writers of files with GB 45438 marks, good and bad: for tests, and for the demo's examples.

Pictures come from Pillow; everything around them is written here byte by byte, independently of the readers in
`brightline.carriers`, so that a misunderstanding of a format cannot hide in both.
"""

import base64
import io
import json
import struct
import zlib
from collections.abc import Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

import mark_documents as documents
import mark_streams as streams
from brightline.core.subject import Kind

# An invented organisation: the letters of "EXAMPLE" and a check digit that holds.
PRODUCER = "0011" + "91110000MA00EXAMP5" + "10001"
PROPAGATOR = "0011" + "91110000MA00EXAMP5" + "20002"
NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"
CLOUD_VARIANT = {"ServiceProvider": "Example", "ServiceUser": "u-1", "Time": "20261123", "ContentId": "c-1"}
_XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
SECURITY_DATA = (
    '{"SecurityData":{"Type":"TC260PG","Version":1,"PubSD":[{"Type":"DS","AlgID":"1.2.156.10197.1.501",'
    '"TBSData":{"Type":"Md"},"Signature":"3045"}]}}'
)


class Marked(NamedTuple):
    """One file: what it is, its bytes, and the code of the defect it was made with (empty when it complies)."""

    name: str
    kind: Kind
    data: bytes
    code: str = ""


# The mark itself


def fields(**changes: object) -> dict[str, object]:
    """The seven fields as a provider first writes them; a change to None leaves the field out."""
    whole: dict[str, object] = {
        "Label": "1",
        "ContentProducer": PRODUCER,
        "ProduceID": "98ae6b12-23e2-49af-b98a-780706f8e584",
        "ReservedCode1": "",
        "ContentPropagator": PRODUCER,
        "PropagateID": "98ae6b12-23e2-49af-b98a-780706f8e584",
        "ReservedCode2": "",
    }
    whole.update(changes)
    return {name: value for name, value in whole.items() if value is not None}


def bare(values: Mapping[str, object] | None = None) -> str:
    """`{"Label":...}`."""
    return json.dumps(fields() if values is None else values, ensure_ascii=False, separators=(",", ":"))


def wrapped(values: Mapping[str, object] | None = None) -> str:
    """`{"AIGC":{"Label":...}}`."""
    return f'{{"AIGC":{bare(values)}}}'


def xmp(value: str, *, form: str = "element", namespace: str = NAMESPACE, prefix: str = "TC260") -> bytes:
    """An XMP packet with the mark as `element` or `attribute`."""
    name = f"{prefix}:AIGC"
    attribute = f" {name}={quoteattr(value)}" if form == "attribute" else ""
    element = f"<{name}>{escape(value)}</{name}>" if form == "element" else ""
    declared = f' xmlns:{prefix}="{namespace}"' if namespace else ""
    return _packet(f'<rdf:Description rdf:about=""{declared}{attribute}>{element}</rdf:Description>')


def xmp_laid_out(values: Mapping[str, object], *, nested: bool) -> bytes:
    """An XMP packet with each field a property of its own, in `TC260:AIGC` or directly in the description."""
    inner = "".join(f"<TC260:{name}>{escape(str(value))}</TC260:{name}>" for name, value in values.items())
    if nested:
        inner = f'<TC260:AIGC rdf:parseType="Resource">{inner}</TC260:AIGC>'
    return _packet(f'<rdf:Description rdf:about="" xmlns:TC260="{NAMESPACE}">{inner}</rdf:Description>')


def xmp_base64(value: str) -> bytes:
    """Volcano Engine's request field, as it ends up in files."""
    text = base64.b64encode(f"AIGC={value}".encode()).decode()
    inner = (
        f'<rdf:Description rdf:about="" xmlns:v="http://example.com/v/"><v:XmpKvBase64>{text}</v:XmpKvBase64>'
    )
    return _packet(inner + "</rdf:Description>")


def xmp_without_mark() -> bytes:
    """An XMP packet of a camera."""
    creator = (
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Camera"/>'
    )
    return _packet(creator)


def _packet(description: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{description}</rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()


# Pictures


def picture() -> Image.Image:
    """A small picture with some structure."""
    return Image.merge(
        "RGB", [Image.linear_gradient("L").resize((48, 32)).rotate(turn) for turn in (0, 90, 180)]
    )


def _saved(form: str) -> bytes:
    stream = io.BytesIO()
    picture().save(stream, form)
    return stream.getvalue()


def plain_png() -> bytes:
    """A PNG without any metadata."""
    return _saved("PNG")


def plain_jpeg() -> bytes:
    """A JPEG without any metadata but JFIF."""
    return _saved("JPEG")


def plain_webp() -> bytes:
    """A WebP without any metadata."""
    return _saved("WEBP")


# PNG


def png_chunk(kind: bytes, data: bytes, *, wrong_checksum: bool = False) -> bytes:
    """One chunk with its length and CRC."""
    crc = zlib.crc32(kind + data) ^ wrong_checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def itxt(keyword: str, value: bytes, *, compressed: bool = False, wrong_checksum: bool = False) -> bytes:
    """An iTXt chunk."""
    body = zlib.compress(value) if compressed else value
    head = keyword.encode("latin-1") + bytes([0, compressed, 0]) + b"\x00\x00"
    return png_chunk(b"iTXt", head + body, wrong_checksum=wrong_checksum)


def xmp_chunk(packet: bytes, *, compressed: bool = False) -> bytes:
    """The iTXt chunk that PNG keeps XMP in."""
    return itxt("XML:com.adobe.xmp", packet, compressed=compressed)


def text_chunk(keyword: str, value: str) -> bytes:
    """A tEXt chunk."""
    return png_chunk(b"tEXt", keyword.encode("latin-1") + b"\x00" + value.encode())


def ztxt_chunk(keyword: str, value: str) -> bytes:
    """A zTXt chunk."""
    return png_chunk(b"zTXt", keyword.encode("latin-1") + b"\x00\x00" + zlib.compress(value.encode()))


def png(*chunks: bytes, where: str = "head") -> bytes:
    """A PNG with chunks behind IHDR (`head`), before IEND (`pixels`) or behind it (`end`)."""
    data = plain_png()
    at = {"head": 33, "pixels": len(data) - 12, "end": len(data)}[where]
    return data[:at] + b"".join(chunks) + data[at:]


# JPEG


def segment(marker: int, payload: bytes) -> bytes:
    """One marker segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def xmp_segment(packet: bytes) -> bytes:
    """APP1 with XMP."""
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + packet)


def extended_xmp_segments(packet: bytes, *, part_bytes: int = 200) -> bytes:
    """Extended XMP in as many APP1 segments as it takes, last part first."""
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    parts = []
    for offset in range(0, len(packet), part_bytes):
        head = b"http://ns.adobe.com/xmp/extension/\x00" + guid + struct.pack(">II", len(packet), offset)
        parts.append(segment(0xE1, head + packet[offset : offset + part_bytes]))
    return b"".join(reversed(parts))


def exif_block(tags: Mapping[int, tuple[int, bytes]], *, order: str = ">") -> bytes:
    """A TIFF block: tag number to (type, value); 0x9286 goes to the Exif directory, the rest to IFD0."""
    head = (b"MM\x00*" if order == ">" else b"II*\x00") + struct.pack(order + "I", 8)
    outer = {number: tag for number, tag in tags.items() if number != 0x9286}
    inner = {number: tag for number, tag in tags.items() if number == 0x9286}
    size = 2 + 12 * (len(outer) + bool(inner)) + 4
    values = b"".join(value for _, value in outer.values())
    pointer = {0x8769: (4, struct.pack(order + "I", 8 + size + len(values)))} if inner else {}
    first = _directory({**outer, **pointer}, 8, order)
    return head + first + (_directory(inner, len(head + first), order) if inner else b"")


def _directory(tags: Mapping[int, tuple[int, bytes]], at: int, order: str) -> bytes:
    entries, values = b"", b""
    after = at + 2 + 12 * len(tags) + 4
    for number, (kind, value) in sorted(tags.items()):
        count = len(value) // (4 if kind == 4 else 1)
        short = value.ljust(4, b"\x00") if len(value) <= 4 else struct.pack(order + "I", after + len(values))
        values += value if len(value) > 4 else b""
        entries += struct.pack(order + "HHI", number, kind, count) + short
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + values


def user_comment(value: str, *, code: bytes = b"ASCII\x00\x00\x00", order: str = ">") -> bytes:
    """An EXIF block whose UserComment holds `value`."""
    text = value.encode("utf-16-be" if code.startswith(b"UNICODE") else "utf-8")
    return exif_block({0x9286: (7, code + text)}, order=order)


def image_description(value: str) -> bytes:
    """An EXIF block whose ImageDescription holds `value`."""
    return exif_block({0x010E: (2, value.encode() + b"\x00")})


def exif_segment(block: bytes) -> bytes:
    """APP1 with EXIF."""
    return segment(0xE1, b"Exif\x00\x00" + block)


def jpeg(*segments: bytes, where: str = "head") -> bytes:
    """A JPEG with segments behind SOI (`head`), behind the scan (`pixels`) or bytes behind EOI (`end`)."""
    data = plain_jpeg()
    at = {"head": 2, "pixels": len(data) - 2, "end": len(data)}[where]
    return data[:at] + b"".join(segments) + data[at:]


# WebP


def riff_chunk(kind: bytes, data: bytes) -> bytes:
    """One RIFF chunk, padded to an even length."""
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) & 1)


_SILENCE = riff_chunk(b"data", bytes(1600))


def webp(*chunks: bytes, behind: bytes = b"") -> bytes:
    """A WebP with chunks at the container's end, and bytes behind it."""
    body = plain_webp()[12:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + behind


# TIFF


def tiff(
    tags: Mapping[int, tuple[int, bytes]] | None = None,
    *,
    comment: bytes = b"",
    order: str = "<",
    big: bool = False,
    pages: int = 1,
    behind: bytes = b"",
) -> bytes:
    """A TIFF of small grey pages: pixels first, then directories; further tags in the first page, bytes at the end.

    A tag is its number to (type, value); `comment` becomes UserComment of an Exif directory.
    """
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HH", 8, 0) if big else b""
    word = "Q" if big else "I"
    body = bytes(range(24)) * pages  # 6 x 4 pixels a page
    at = len(head) + (8 if big else 4)
    first = at + len(body)
    for page in range(pages):
        start = first if page == 0 else at + len(body)
        whole = _page_tags(at + 24 * page, order)
        if page == 0:
            whole |= tags or {}
            if comment:
                inner = _tiff_directory({0x9286: (7, comment)}, start, order, big, 0)
                body += inner
                whole[0x8769] = (4, struct.pack(order + "I", start))
                first = start = start + len(inner)
        following = 0 if page == pages - 1 else start + len(_tiff_directory(whole, start, order, big, 0))
        body += _tiff_directory(whole, start, order, big, following)
    return head + struct.pack(order + word, first) + body + behind


def _page_tags(pixels: int, order: str) -> dict[int, tuple[int, bytes]]:
    numbers = {256: 6, 257: 4, 258: 8, 259: 1, 262: 1, 273: pixels, 277: 1, 278: 4, 279: 24}
    return {number: (4, struct.pack(order + "I", value)) for number, value in numbers.items()}


def _tiff_directory(
    tags: Mapping[int, tuple[int, bytes]], at: int, order: str, big: bool, following: int
) -> bytes:
    word, room = ("Q", 8) if big else ("I", 4)
    entries, values = b"", b""
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    after = at + len(count) + (20 if big else 12) * len(tags) + room
    for number, (kind, value) in sorted(tags.items()):
        amount = len(value) // (4 if kind == 4 else 1)
        short = value.ljust(room, b"\x00")
        if len(value) > room:
            short = struct.pack(order + word, after + len(values))
            values += value
        entries += struct.pack(order + "HH" + word, number, kind, amount) + short
    return count + entries + struct.pack(order + word, following) + values


# GIF


def plain_gif() -> bytes:
    """A GIF of one picture."""
    stream = io.BytesIO()
    picture().resize((6, 4)).quantize(4).save(stream, "GIF")
    return stream.getvalue()


def gif_extension(label: int, value: bytes, *, application: bytes = b"") -> bytes:
    """An extension whose value is cut into sub-blocks."""
    head = bytes([0x21, label]) + (bytes([11]) + application if application else b"")
    pieces = (value[at : at + 255] for at in range(0, len(value), 255))
    return head + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\x00"


def gif_xmp(packet: bytes) -> bytes:
    """XMP's application extension with its magic trailer: 1, then 255 down to 0, then 0."""
    trailer = bytes([1, *range(255, -1, -1), 0])
    return b"\x21\xff\x0bXMP DataXMP" + packet + trailer


def gif(*extensions: bytes, where: str = "head", behind: bytes = b"") -> bytes:
    """A GIF with extensions before its picture (`head`) or before its trailer (`pixels`), and bytes behind it."""
    data = plain_gif()
    table = 3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    at = 13 + table if where == "head" else len(data) - 1
    return data[:at] + b"".join(extensions) + data[at:] + behind


# WAV and AVI


def plain_wav() -> bytes:
    """A tenth of a second of silence, 8 kHz mono."""
    return riff(b"WAVE", riff_chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)), _SILENCE)


def riff(form: bytes, *chunks: bytes) -> bytes:
    """A RIFF container."""
    body = form + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def info_list(*chunks: bytes) -> bytes:
    """`LIST INFO`."""
    return riff_chunk(b"LIST", b"INFO" + b"".join(chunks))


def wav(*chunks: bytes, behind: bytes = b"") -> bytes:
    """A WAV with chunks behind its sound, and bytes behind the container."""
    return riff(b"WAVE", plain_wav()[12:], *chunks) + behind


def avi(*chunks: bytes) -> bytes:
    """An AVI without frames: header list, chunks, an empty frame list."""
    head = riff_chunk(b"LIST", b"hdrl" + riff_chunk(b"avih", bytes(56)))
    return riff(b"AVI ", head, *chunks, riff_chunk(b"LIST", b"movi"), riff_chunk(b"idx1", b""))


# MP4


def box(kind: bytes, *content: bytes) -> bytes:
    """One box."""
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def meta_box(value: str, *, key: str = "AIGC", full: bool = True) -> bytes:
    """A `meta` box with one key and its value; without a key it is an iTunes list; not `full` it is QuickTime's."""
    handler = box(b"hdlr", bytes(8), b"mdta" if key else b"mdir", bytes(13))
    keys = box(b"keys", bytes(4), struct.pack(">I", 1), box(b"mdta", key.encode())) if key else b""
    data = box(b"data", struct.pack(">II", 1, 0), value.encode())
    item = box(struct.pack(">I", 1) if key else b"desc", data)
    return box(b"meta", bytes(4) if full else b"", handler, keys, box(b"ilst", item))


def mp4(*in_udta: bytes, in_moov: bytes = b"", behind: bytes = b"") -> bytes:
    """An MP4 without tracks."""
    head = box(b"ftyp", b"isom", bytes(4), b"isommp41")
    user = box(b"udta", *in_udta) if in_udta else b""
    return head + box(b"moov", box(b"mvhd", bytes(100)), in_moov, user) + box(b"mdat", bytes(100)) + behind


# HEIF and AVIF


def heif(
    *items: tuple[bytes, bytes],
    brand: bytes = b"heic",
    iloc: int = 1,
    in_idat: bool = False,
    base: bool = False,
    encoding: bytes = b"",
    frame: bytes = bytes(range(256)),
    properties: bytes = b"",
    behind: bytes = b"",
) -> bytes:
    """A HEIF with one picture (item 1, else noise) and further items: type or content type, and bytes.

    The version of `iloc`, whether the further items lie in `idat`, and whether offsets count from a base of their
    item can be chosen; `encoding` is that of the contents of `mime` items.
    """
    every = [(b"hvc1", frame), *items]
    idat = b"".join(value for _, value in items) if in_idat else b""
    media = frame if in_idat else b"".join(value for _, value in every)
    head = box(b"ftyp", brand, bytes(4), b"mif1" + brand)

    def meta(start: int) -> bytes:
        places, infos, links = _heif_lists(every, iloc, in_idat, base, encoding, start)
        return box(
            b"meta",
            bytes(4),
            box(b"hdlr", bytes(8), b"pict", bytes(13)),
            box(b"pitm", struct.pack(">IH", 0, 1)),
            box(b"iloc", struct.pack(">IBB", iloc << 24, 0x44, 0x40 if base else 0), places),
            box(b"iinf", struct.pack(">IH", 0, len(every)), infos),
            *([box(b"iref", bytes(4), links)] if links else []),
            properties,
            *([box(b"idat", idat)] if in_idat else []),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", media) + behind


def _heif_lists(
    every: list[tuple[bytes, bytes]], version: int, in_idat: bool, base: bool, encoding: bytes, media: int
) -> tuple[bytes, bytes, bytes]:
    """Entries of `iloc` behind their count, of `iinf` and of `iref`."""
    wide = ">I" if version == 2 else ">H"
    places, infos, links = [struct.pack(wide, len(every))], [], []
    offsets = {False: media, True: 0}
    for number, (kind, value) in enumerate(every, 1):
        inside = in_idat and number > 1
        places.append(struct.pack(wide, number) + (struct.pack(">H", inside) if version else b""))
        places.append(struct.pack(">H", 0) + (struct.pack(">I", offsets[inside]) if base else b""))
        places.append(struct.pack(">HII", 1, 0 if base else offsets[inside], len(value)))
        offsets[inside] += len(value)
        mime = b"mime" if b"/" in kind else kind
        more = kind + b"\x00" + (encoding + b"\x00" if encoding else b"") if b"/" in kind else b""
        infos.append(box(b"infe", struct.pack(">IHH4s", 2 << 24, number, 0, mime), b"\x00", more))
        links += [box(b"cdsc", struct.pack(">HHH", number, 1, 1))] if number > 1 else []
    return b"".join(places), b"".join(infos), b"".join(links)


def heif_xmp(packet: bytes) -> tuple[bytes, bytes]:
    """The item that HEIF keeps XMP in."""
    return b"application/rdf+xml", packet


# Markdown

PROSE = "# Minutes\n\nThe committee met on Monday and agreed on the budget.\n"


def yaml_lines(values: Mapping[str, object] | None = None, *, quoted: bool = True) -> str:
    """The mapping `AIGC:` as YAML."""
    shown = "'{}'" if quoted else "{}"
    lines = (f"  {name}: {shown.format(value)}\n" for name, value in (values or fields()).items())
    return "AIGC:\n" + "".join(lines)


def toml_lines() -> str:
    """The table `[AIGC]` as TOML."""
    return "[AIGC]\n" + "".join(f"{name} = '{value}'\n" for name, value in fields().items())


def front_matter(values: Mapping[str, object] | None = None, *, quoted: bool = True) -> bytes:
    """A Markdown file with the mark at its head."""
    return f"---\n{yaml_lines(values, quoted=quoted)}---\n\n{PROSE}".encode()


# All of them


def compliant_files() -> list[Marked]:
    """One file for each way to write a mark that the standard and its guides print."""
    element, attribute = xmp(bare()), xmp(bare(), form="attribute")
    named = fields(ContentProducer="Example-Studio", ContentPropagator="", PropagateID="")
    return [
        Marked("png-xmp-element", Kind.PNG, png(xmp_chunk(element))),
        Marked("png-xmp-attribute", Kind.PNG, png(xmp_chunk(attribute))),
        Marked("png-text", Kind.PNG, png(text_chunk("AIGC", wrapped()))),
        Marked("png-name", Kind.PNG, png(text_chunk("AIGC", wrapped(named)))),
        Marked("jpeg-xmp-element", Kind.JPEG, jpeg(xmp_segment(element))),
        Marked("jpeg-xmp-attribute", Kind.JPEG, jpeg(xmp_segment(attribute))),
        Marked("jpeg-user-comment", Kind.JPEG, jpeg(exif_segment(user_comment(wrapped())))),
        Marked("jpeg-user-comment-ii", Kind.JPEG, jpeg(exif_segment(user_comment(wrapped(), order="<")))),
        Marked("jpeg-extended-xmp", Kind.JPEG, jpeg(extended_xmp_segments(element))),
        Marked("webp-xmp-element", Kind.WEBP, webp(riff_chunk(b"XMP ", element))),
        Marked("webp-xmp-attribute", Kind.WEBP, webp(riff_chunk(b"XMP ", attribute))),
        Marked("tiff-xmp-element", Kind.TIFF, tiff({700: (7, element)})),
        Marked("tiff-xmp-attribute", Kind.TIFF, tiff({700: (1, attribute)}, order=">")),
        Marked("tiff-big", Kind.TIFF, tiff({700: (7, element)}, big=True, pages=2)),
        Marked("gif-xmp-element", Kind.GIF, gif(gif_xmp(element))),
        Marked("gif-xmp-attribute", Kind.GIF, gif(gif_xmp(attribute))),
        Marked("heif-xmp-element", Kind.HEIF, heif(heif_xmp(element))),
        Marked("heif-xmp-attribute", Kind.HEIF, heif(heif_xmp(attribute), iloc=0)),
        Marked("avif-idat", Kind.AVIF, heif(heif_xmp(element), brand=b"avif", iloc=2, in_idat=True)),
        Marked("wav", Kind.WAV, wav(riff_chunk(b"AIGC", bare().encode()))),
        Marked(
            "avi",
            Kind.AVI,
            avi(info_list(riff_chunk(b"ISFT", b"Camera"), riff_chunk(b"AIGC", bare().encode()))),
        ),
        *_compliant_streams(),
        Marked("mp4", Kind.MP4, mp4(meta_box(bare()))),
        Marked("mov", Kind.MOV, mp4(meta_box(bare(), full=False))),
        Marked("docx", Kind.DOCX, documents.office("word/document.xml", documents.custom(bare()))),
        Marked("xlsx", Kind.XLSX, documents.office("xl/workbook.xml", documents.custom(bare()))),
        Marked("pptx", Kind.PPTX, documents.office("ppt/presentation.xml", documents.custom(bare()))),
        Marked("pdf", Kind.PDF, documents.pdf(b"/AIGC " + documents.literal(bare()))),
        Marked("pdf-utf16", Kind.PDF, documents.pdf(b"/AIGC" + documents.hexadecimal(bare()))),
        Marked("pdf-packed", Kind.PDF, documents.packed_pdf(b"/AIGC " + documents.literal(bare()))),
        Marked("markdown", Kind.MARKDOWN, front_matter()),
        Marked("markdown-with-title", Kind.MARKDOWN, b"---\ntitle: Minutes\n" + front_matter()[4:]),
    ]


def plain_files() -> list[Marked]:
    """Files without any mark."""
    return [
        Marked("png", Kind.PNG, plain_png()),
        Marked(
            "png-camera",
            Kind.PNG,
            png(xmp_chunk(xmp_without_mark()), text_chunk("Comment", "AIGC style, {a}")),
        ),
        Marked("jpeg", Kind.JPEG, plain_jpeg()),
        Marked(
            "jpeg-camera",
            Kind.JPEG,
            jpeg(xmp_segment(xmp_without_mark()), exif_segment(image_description("Sea"))),
        ),
        Marked("webp", Kind.WEBP, plain_webp()),
        Marked("tiff", Kind.TIFF, tiff()),
        Marked("tiff-pages", Kind.TIFF, tiff({270: (2, b"{AIGC} style\x00")}, order=">", pages=3)),
        Marked("tiff-big", Kind.TIFF, tiff({700: (7, xmp_without_mark())}, big=True)),
        Marked("gif", Kind.GIF, plain_gif()),
        Marked("gif-camera", Kind.GIF, gif(gif_xmp(xmp_without_mark()), gif_extension(0xFE, b"AIGC style"))),
        Marked("heif", Kind.HEIF, heif()),
        Marked(
            "heif-camera",
            Kind.HEIF,
            heif(heif_xmp(xmp_without_mark()), (b"Exif", bytes(4) + image_description("Sea"))),
        ),
        Marked("avif", Kind.AVIF, heif(heif_xmp(xmp_without_mark()), brand=b"avif", iloc=0)),
        Marked("wav", Kind.WAV, plain_wav()),
        Marked("wav-info", Kind.WAV, wav(info_list(riff_chunk(b"ICMT", b"about AIGC")))),
        Marked("avi", Kind.AVI, avi()),
        *_plain_streams(),
        Marked("mp4", Kind.MP4, mp4()),
        Marked("mp4-title", Kind.MP4, mp4(meta_box("about AIGC", key="title"))),
        Marked("docx", Kind.DOCX, documents.office()),
        Marked(
            "docx-property",
            Kind.DOCX,
            documents.office(custom_xml=documents.custom("about AIGC", name="Topic")),
        ),
        Marked("xlsx", Kind.XLSX, documents.office("xl/workbook.xml")),
        Marked("pptx", Kind.PPTX, documents.office("ppt/presentation.xml")),
        Marked("pdf", Kind.PDF, documents.pdf()),
        Marked("pdf-title", Kind.PDF, documents.pdf(b"/Title(about AIGC)", xmp=xmp_without_mark())),
        Marked("pdf-packed", Kind.PDF, documents.packed_pdf(predictor=True)),
        Marked("markdown", Kind.MARKDOWN, PROSE.encode()),
        Marked("markdown-title", Kind.MARKDOWN, b"---\ntitle: Minutes\n---\n" + PROSE.encode()),
        Marked(
            "markdown-example",
            Kind.MARKDOWN,
            f"# Marks\n\n```yaml\n{yaml_lines()}```\n\n{PROSE * 20}".encode(),
        ),
    ]


def defective_values() -> dict[str, str]:
    """Defect code to a bare JSON value that has that defect."""
    reordered = dict(reversed(fields().items()))
    twice = bare()[:-1]
    return {
        "empty": "",
        "base64": base64.b64encode(bare().encode()).decode(),
        "double_encoded": json.dumps(bare()),
        "not_json": '{"Label":"1",',
        "not_object": "[1]",
        "missing_field": bare(fields(ProduceID=None)),
        "missing_optional": bare(fields(PropagateID=None)),
        "empty_field": bare(fields(ContentProducer="")),
        "unknown_producer": bare(
            fields(Label="2", ContentProducer="", ProduceID="", ContentPropagator=PROPAGATOR)
        ),
        "field_type": bare(fields(Label=1)),
        "reserved_type": bare(fields(ReservedCode1={"SecurityData": {}})),
        "label_value": bare(fields(Label="AIGC")),
        "order": bare(reordered),
        "repeated_key": twice + ',"Label":"1"}',
        "contradicting_key": twice + ',"Label":"3"}',
        "unknown_key": bare(fields(Author="A.N.")),
        "foreign_fields": bare(CLOUD_VARIANT),
        "charset": bare(fields(ContentProducer="Example Studio")),
        "charset_reserved": bare(fields(ReservedCode1=SECURITY_DATA)),
        "malformed_code": bare(fields(ContentProducer=PRODUCER[:-6] + "X10001")),
    }


def defective_files() -> list[Marked]:
    """For each defect at least one file that has it, in every format that can."""
    files = []
    for code, value in defective_values().items():
        packet = xmp(value)
        files += [
            Marked(f"png-{code}", Kind.PNG, png(xmp_chunk(packet)), code),
            Marked(f"jpeg-{code}", Kind.JPEG, jpeg(xmp_segment(packet)), code),
            Marked(f"webp-{code}", Kind.WEBP, webp(riff_chunk(b"XMP ", packet)), code),
            Marked(f"tiff-{code}", Kind.TIFF, tiff({700: (7, packet)}), code),
            Marked(f"gif-{code}", Kind.GIF, gif(gif_xmp(packet)), code),
            Marked(f"mp4-{code}", Kind.MP4, mp4(meta_box(value)), code),
            Marked(f"docx-{code}", Kind.DOCX, documents.office(custom_xml=documents.custom(value)), code),
            Marked(f"pdf-{code}", Kind.PDF, documents.pdf(b"/AIGC " + documents.literal(value)), code),
            Marked(f"wav-{code}", Kind.WAV, wav(riff_chunk(b"AIGC", value.encode())), code),
            Marked(f"avi-{code}", Kind.AVI, avi(info_list(riff_chunk(b"AIGC", value.encode()))), code),
            Marked(f"mp3-{code}", Kind.MP3, streams.mp3(streams.txxx(value)), code),
            Marked(f"flac-{code}", Kind.FLAC, streams.flac(f"AIGC={value}"), code),
            Marked(f"ogg-{code}", Kind.OGG, streams.ogg(f"AIGC={value}"), code),
            Marked(
                f"matroska-{code}",
                Kind.MATROSKA,
                streams.mkv(streams.mkv_tags(streams.simple_tag(value))),
                code,
            ),
            Marked(
                f"flv-{code}", Kind.FLV, streams.flv(streams.flv_script(AIGC=streams.amf_string(value))), code
            ),
        ]
    return files + _defective_streams() + _defective_documents() + _defective_places() + _defective_markdown()


def _compliant_streams() -> list[Marked]:
    wide, tagged = (
        streams.txxx(bare(), version=3, encoding="utf-16"),
        streams.mkv_tags(streams.simple_tag(bare())),
    )
    script = streams.flv_script(duration=b"\x00" + bytes(8), AIGC=streams.amf_string(bare()))
    return [
        Marked("mp3", Kind.MP3, streams.mp3(streams.txxx(bare()))),
        Marked("mp3-utf16", Kind.MP3, streams.mp3(wide, version=3)),
        Marked("flac", Kind.FLAC, streams.flac("TITLE=Sea", f"AIGC={bare()}")),
        Marked("ogg", Kind.OGG, streams.ogg("TITLE=Sea", f"aigc={bare()}")),
        Marked("matroska", Kind.MATROSKA, streams.mkv(tagged)),
        Marked("flv", Kind.FLV, streams.flv(script)),
    ]


def _plain_streams() -> list[Marked]:
    comment = streams.amf_string("about AIGC")
    return [
        Marked("mp3", Kind.MP3, streams.mp3()),
        Marked("mp3-comment", Kind.MP3, streams.mp3(streams.txxx("about AIGC", key="Topic"))),
        Marked("flac", Kind.FLAC, streams.flac("TITLE=about AIGC", padding=64)),
        Marked("ogg", Kind.OGG, streams.ogg("TITLE=about AIGC")),
        Marked("matroska", Kind.MATROSKA, streams.mkv()),
        Marked("matroska-live", Kind.MATROSKA, streams.mkv(live=True)),
        Marked("flv", Kind.FLV, streams.flv(streams.flv_script(comment=comment))),
        Marked("flv-bare", Kind.FLV, streams.flv(streams.flv_tag(9, bytes(20)))),
    ]


def _defective_streams() -> list[Marked]:
    glued, mark = b"AIGC" + bare().encode(), streams.txxx(bare())
    simple, other = streams.simple_tag(bare()), streams.txxx(bare(fields(Label="3")))
    nested = streams.mkv_tags(streams.simple_tag("x", simple, key="COMMENT"))
    cue = streams.flv_script("onCuePoint", AIGC=streams.amf_string(bare()))
    return [
        Marked("mp3-duplicate", Kind.MP3, streams.mp3(mark, mark), "duplicate"),
        Marked("mp3-contradiction", Kind.MP3, streams.id3(mark) + streams.mp3(other), "contradiction"),
        Marked("mp3-keyword", Kind.MP3, streams.mp3(streams.txxx(bare(), key="comment")), "keyword"),
        Marked("mp3-old", Kind.MP3, streams.mp3(streams.txxx(bare(), version=2), version=2), "unusual_place"),
        Marked(
            "mp3-ape", Kind.MP3, streams.mp3(behind=streams.ape(("AIGC", bare().encode()))), "unusual_place"
        ),
        Marked("mp3-end", Kind.MP3, streams.mp3(behind=streams.id3(mark, flags=0x10)), "unusual_place"),
        Marked("mp3-after-end", Kind.MP3, streams.mp3(behind=glued), "after_end"),
        Marked("flac-id3", Kind.FLAC, streams.flac(front=streams.id3(mark)), "unusual_place"),
        Marked("flac-after-end", Kind.FLAC, streams.flac(behind=glued), "after_end"),
        Marked("ogg-keyword", Kind.OGG, streams.ogg(f"COMMENT={bare()}"), "keyword"),
        Marked("ogg-after-end", Kind.OGG, streams.ogg(behind=glued), "after_end"),
        Marked("ogg-chained", Kind.OGG, streams.ogg(f"AIGC={bare()}") * 2, "duplicate"),
        Marked("matroska-nested", Kind.MATROSKA, streams.mkv(nested), "unusual_place"),
        Marked("matroska-after-end", Kind.MATROSKA, streams.mkv(behind=glued), "after_end"),
        Marked("flv-cue", Kind.FLV, streams.flv(cue), "unusual_place"),
        Marked(
            "flv-after-end", Kind.FLV, streams.flv(cue[:0], streams.flv_script(), behind=glued), "after_end"
        ),
    ]


def _defective_places() -> list[Marked]:
    element, other = xmp(bare()), xmp(bare(fields(Label="3")))
    undeclared, foreign = xmp(bare(), namespace=""), xmp(bare(), namespace="http://example.com/")
    chunk, glued = xmp_chunk(element), b"AIGC" + bare().encode()
    broken = itxt("XML:com.adobe.xmp", element, wrong_checksum=True)
    comment = user_comment(wrapped(), code=b"UNICODE\x00")
    description = exif_segment(image_description(bare(CLOUD_VARIANT)))
    doubled = jpeg(xmp_segment(element), exif_segment(user_comment(wrapped())))
    contradicting = jpeg(xmp_segment(element), exif_segment(user_comment(wrapped(fields(Label="3")))))
    laid_out = [xmp_laid_out(fields(), nested=nested) for nested in (True, False)]
    return [
        Marked("png-duplicate", Kind.PNG, png(chunk, text_chunk("AIGC", wrapped())), "duplicate"),
        Marked("png-contradiction", Kind.PNG, png(chunk, xmp_chunk(other)), "contradiction"),
        Marked("jpeg-duplicate", Kind.JPEG, doubled, "duplicate"),
        Marked("jpeg-contradiction", Kind.JPEG, contradicting, "contradiction"),
        Marked("webp-duplicate", Kind.WEBP, webp(riff_chunk(b"XMP ", element) * 2), "duplicate"),
        Marked("png-keyword", Kind.PNG, png(text_chunk("Comment", wrapped())), "keyword"),
        Marked("webp-keyword", Kind.WEBP, webp(riff_chunk(b"XMP ", xmp_base64(bare()))), "keyword"),
        Marked("jpeg-volcano", Kind.JPEG, jpeg(xmp_segment(xmp_base64(bare()))), "base64"),
        Marked("png-text-bare", Kind.PNG, png(text_chunk("AIGC", bare())), "bare"),
        Marked("png-xmp-wrapped", Kind.PNG, png(xmp_chunk(xmp(wrapped()))), "wrapped"),
        Marked("png-laid-out", Kind.PNG, png(xmp_chunk(laid_out[0])), "laid_out"),
        Marked("jpeg-laid-out", Kind.JPEG, jpeg(xmp_segment(laid_out[1])), "laid_out"),
        Marked("png-after-pixels", Kind.PNG, png(chunk, where="pixels"), "after_pixels"),
        Marked("png-after-end", Kind.PNG, png(chunk, where="end"), "after_end"),
        Marked("png-glued-end", Kind.PNG, png(glued, where="end"), "after_end"),
        Marked("png-ztxt", Kind.PNG, png(ztxt_chunk("AIGC", wrapped())), "compressed"),
        Marked("png-itxt-compressed", Kind.PNG, png(xmp_chunk(element, compressed=True)), "compressed"),
        Marked("png-checksum", Kind.PNG, png(broken), "checksum"),
        Marked("png-exif", Kind.PNG, png(png_chunk(b"eXIf", user_comment(wrapped()))), "unusual_place"),
        Marked("png-private", Kind.PNG, png(png_chunk(b"aiGc", wrapped().encode())), "unusual_place"),
        Marked("png-namespace", Kind.PNG, png(xmp_chunk(foreign)), "namespace"),
        Marked("webp-undeclared", Kind.WEBP, webp(riff_chunk(b"XMP ", undeclared)), "malformed_xmp"),
        Marked("jpeg-malformed-xmp", Kind.JPEG, jpeg(xmp_segment(element[:-40])), "malformed_xmp"),
        Marked("jpeg-glued", Kind.JPEG, jpeg(segment(0xEB, glued)), "glued"),
        Marked("jpeg-comment", Kind.JPEG, jpeg(segment(0xFE, wrapped().encode())), "unusual_place"),
        Marked("jpeg-after-pixels", Kind.JPEG, jpeg(xmp_segment(element), where="pixels"), "after_pixels"),
        Marked("jpeg-after-end", Kind.JPEG, jpeg(element, where="end"), "after_end"),
        Marked("jpeg-unicode-comment", Kind.JPEG, jpeg(exif_segment(comment)), "encoding"),
        Marked("jpeg-tencent-cloud", Kind.JPEG, jpeg(description), "foreign_fields"),
        Marked("webp-after-end", Kind.WEBP, webp(behind=glued), "after_end"),
        Marked("webp-exif", Kind.WEBP, webp(riff_chunk(b"EXIF", user_comment(wrapped()))), "unusual_place"),
        Marked(
            "tiff-duplicate", Kind.TIFF, tiff({700: (7, element), 270: (2, wrapped().encode())}), "duplicate"
        ),
        Marked("tiff-description", Kind.TIFF, tiff({270: (2, wrapped().encode())}), "unusual_place"),
        Marked("tiff-comment", Kind.TIFF, tiff(comment=b"ASCII\0\0\0" + wrapped().encode()), "unusual_place"),
        Marked("tiff-private", Kind.TIFF, tiff({65000: (7, wrapped().encode())}), "unusual_place"),
        Marked("tiff-cut-xmp", Kind.TIFF, tiff({700: (7, element[:-40])}), "malformed_xmp"),
        Marked("tiff-after-end", Kind.TIFF, tiff(behind=glued), "after_end"),
        Marked("gif-duplicate", Kind.GIF, gif(gif_xmp(element), gif_xmp(element)), "duplicate"),
        Marked("gif-after-pixels", Kind.GIF, gif(gif_xmp(element), where="pixels"), "after_pixels"),
        Marked("gif-comment", Kind.GIF, gif(gif_extension(0xFE, wrapped().encode())), "unusual_place"),
        Marked(
            "gif-application",
            Kind.GIF,
            gif(gif_extension(0xFF, bare().encode(), application=b"AIGCDataXMP")),
            "unusual_place",
        ),
        Marked("gif-after-end", Kind.GIF, gif(behind=glued), "after_end"),
        Marked("wav-duplicate", Kind.WAV, wav(riff_chunk(b"AIGC", bare().encode()) * 2), "duplicate"),
        Marked("wav-wrapped", Kind.WAV, wav(riff_chunk(b"AIGC", wrapped().encode())), "wrapped"),
        Marked(
            "wav-info-place", Kind.WAV, wav(info_list(riff_chunk(b"AIGC", bare().encode()))), "unusual_place"
        ),
        Marked("wav-xmp", Kind.WAV, wav(riff_chunk(b"_PMX", element)), "unusual_place"),
        Marked("wav-comment", Kind.WAV, wav(info_list(riff_chunk(b"ICMT", bare().encode()))), "keyword"),
        Marked("wav-after-end", Kind.WAV, wav(behind=glued), "after_end"),
        Marked("avi-top", Kind.AVI, avi(riff_chunk(b"AIGC", bare().encode())), "unusual_place"),
        Marked("mp4-moov-meta", Kind.MP4, mp4(in_moov=meta_box(bare())), "unusual_place"),
        Marked("mp4-keyless", Kind.MP4, mp4(in_moov=meta_box(bare(), key="")), "keyword"),
        Marked("mp4-other-key", Kind.MP4, mp4(meta_box(bare(), key="comment")), "keyword"),
        Marked("mp4-xmp", Kind.MP4, mp4(behind=box(b"uuid", _XMP_UUID, element)), "unusual_place"),
        Marked("mp4-behind", Kind.MP4, mp4(behind=box(b"AIGC", bare().encode())), "unusual_place"),
        Marked("mp4-wrapped", Kind.MP4, mp4(meta_box(wrapped())), "wrapped"),
        Marked("mp4-duplicate", Kind.MP4, mp4(meta_box(bare()), in_moov=meta_box(bare())), "duplicate"),
        Marked("png-too-large", Kind.PNG, png(text_chunk("AIGC", '{"AIGC":' + "[" * 5000)), "too_large"),
    ]


def _defective_documents() -> list[Marked]:
    properties, string = documents.custom(bare()), documents.literal(bare())
    stray = {"docProps/core.xml": documents.core(wrapped())}
    second = documents.custom(bare(fields(Label="3"))).partition("<property")[2]
    both = properties.replace("</Properties>", f"<property{second}")
    office, pdf = documents.office, documents.pdf
    return [
        Marked(
            "docx-lpstr",
            Kind.DOCX,
            office(custom_xml=documents.custom(bare(), kind="lpstr")),
            "unusual_place",
        ),
        Marked(
            "docx-format-id",
            Kind.DOCX,
            office(custom_xml=documents.custom(bare(), format_id="{00000000-0000-0000-0000-000000000000}")),
            "unusual_place",
        ),
        Marked("docx-unrelated", Kind.DOCX, office(custom_xml=properties, related=False), "unusual_place"),
        Marked(
            "docx-keyword", Kind.DOCX, office(custom_xml=documents.custom(bare(), name="Topic")), "keyword"
        ),
        Marked("docx-wrapped", Kind.DOCX, office(custom_xml=documents.custom(wrapped())), "wrapped"),
        Marked("docx-core", Kind.DOCX, office(parts=stray), "keyword"),
        Marked("docx-comment", Kind.DOCX, office(comment=wrapped().encode()), "unusual_place"),
        Marked("docx-after-end", Kind.DOCX, office() + b"AIGC" + bare().encode(), "after_end"),
        Marked("docx-contradiction", Kind.DOCX, office(custom_xml=both), "contradiction"),
        Marked("pdf-wrapped", Kind.PDF, pdf(b"/AIGC " + documents.literal(wrapped())), "wrapped"),
        Marked("pdf-keyword", Kind.PDF, pdf(b"/Keywords " + string), "keyword"),
        Marked("pdf-xmp", Kind.PDF, pdf(xmp=xmp(bare())), "unusual_place"),
        Marked("pdf-duplicate", Kind.PDF, pdf(b"/AIGC " + string, xmp=xmp(bare())), "duplicate"),
        Marked("pdf-after-end", Kind.PDF, pdf(behind=b"AIGC" + bare().encode()), "after_end"),
        Marked(
            "pdf-utf16-le",
            Kind.PDF,
            pdf(b"/AIGC<fffe" + bare().encode("utf-16-le").hex().encode() + b">"),
            "encoding",
        ),
    ]


def _defective_markdown() -> list[Marked]:
    alphabetical = dict(sorted(fields().items()))
    mini = fields(Label="AIGC", ContentProducer="Example Agent AI")
    folded = f"{PROSE}\n<details>\n<summary>AIGC</summary>\n\n```yaml\n{yaml_lines()}```\n\n</details>\n"
    contradicting = front_matter() + yaml_lines(fields(Label="2")).encode()
    return [
        Marked("markdown-alphabetical", Kind.MARKDOWN, front_matter(alphabetical), "order_yaml"),
        Marked("markdown-unquoted", Kind.MARKDOWN, front_matter(quoted=False), "unquoted"),
        Marked("markdown-label", Kind.MARKDOWN, front_matter(mini), "label_value"),
        Marked("markdown-spaces", Kind.MARKDOWN, front_matter(mini), "charset"),
        Marked("markdown-end", Kind.MARKDOWN, f"{PROSE}\n{yaml_lines()}".encode(), "in_body"),
        Marked("markdown-details", Kind.MARKDOWN, folded.encode(), "in_body"),
        Marked("markdown-details-early", Kind.MARKDOWN, (folded + PROSE * 40).encode(), "in_body"),
        Marked("markdown-contradiction", Kind.MARKDOWN, contradicting, "contradiction"),
        Marked("markdown-open", Kind.MARKDOWN, f"---\n{yaml_lines()}\n{PROSE}".encode(), "malformed_yaml"),
        Marked(
            "markdown-bad",
            Kind.MARKDOWN,
            front_matter().replace(b"---\n", b"---\na: [\n", 1),
            "malformed_yaml",
        ),
        Marked(
            "markdown-toml",
            Kind.MARKDOWN,
            f"+++\n{toml_lines()}+++\n{PROSE}".encode(),
            "unusual_place",
        ),
        Marked("markdown-json", Kind.MARKDOWN, f"---\nAIGC: '{wrapped()}'\n---\n".encode(), "wrapped"),
        Marked("markdown-empty", Kind.MARKDOWN, b"---\nAIGC:\n---\n" + PROSE.encode(), "empty"),
    ]
