"""Writers of Office files and PDFs with marks, from the standard library alone: used by `marks`."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

FORMAT_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_OPC = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_MAIN = {
    "word/document.xml": (
        "wordprocessingml.document",
        (
            '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            "<w:body><w:p><w:r><w:t>Minutes of Monday</w:t></w:r></w:p></w:body></w:document>"
        ),
    ),
    "xl/workbook.xml": (
        "spreadsheetml.sheet",
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets/></workbook>',
    ),
    "ppt/presentation.xml": (
        "presentationml.presentation",
        '<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"/>',
    ),
}


def custom(value: str, *, name: str = "AIGC", kind: str = "lpwstr", format_id: str = FORMAT_ID) -> str:
    """`docProps/custom.xml` with one property."""
    inner = f"<vt:{kind}>{escape(value)}</vt:{kind}>"
    return (
        f'<Properties xmlns="{_OFFICE}/custom-properties" xmlns:vt="{_OFFICE}/docPropsVTypes">'
        f'<property fmtid="{format_id}" pid="2" name={quoteattr(name)}>{inner}</property></Properties>'
    )


def office(
    main: str = "word/document.xml",
    custom_xml: str = "",
    *,
    parts: Mapping[str, str] | None = None,
    related: bool = True,
    comment: bytes = b"",
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """An Office file: one main part, custom properties where given, and other parts."""
    kind, content = _MAIN[main]
    override = f'<Override PartName="/{main}" ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/>'
    relation = f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="{main}"/>'
    if custom_xml and related:
        override += f'<Override PartName="/docProps/custom.xml" ContentType="{_CUSTOM_TYPE}"/>'
        relation += f'<Relationship Id="rId2" Type="{_OFFICE}/relationships/custom-properties" Target="docProps/custom.xml"/>'
    defaults = (
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    )
    defaults += '<Default Extension="xml" ContentType="application/xml"/>'
    members = {
        "[Content_Types].xml": f'<Types xmlns="{_OPC}/content-types">{defaults}{override}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_OPC}/relationships">{relation}</Relationships>',
        main: content,
        **({"docProps/custom.xml": custom_xml} if custom_xml else {}),
        **(parts or {}),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, words in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), words, compression)
        archive.comment = comment
    return stream.getvalue()


def core(description: str) -> str:
    """`docProps/core.xml` with a description."""
    return (
        f'<cp:coreProperties xmlns:cp="{_OPC}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:description>{escape(description)}</dc:description></cp:coreProperties>"
    )


def literal(value: str) -> bytes:
    """A PDF string in parentheses."""
    raw = value.encode("latin-1")
    for sign in (b"\\", b"(", b")"):
        raw = raw.replace(sign, b"\\" + sign)
    return b"(" + raw + b")"


def hexadecimal(value: str) -> bytes:
    """A PDF string in UTF-16BE and hexadecimal."""
    return b"<feff" + value.encode("utf-16-be").hex().encode() + b">"


def _page(xmp: bytes) -> list[bytes]:
    words = b"BT /F 24 Tf 40 200 Td (Minutes of Monday) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R" + (b"/Metadata 6 0 R" if xmp else b"") + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n" % len(words) + words + b"\nendstream",
    ]
    if xmp:
        objects.append(b"<</Type/Metadata/Subtype/XML/Length %d>>stream\n" % len(xmp) + xmp + b"\nendstream")
    return objects


def pdf(
    info: bytes = b"", *, xmp: bytes = b"", trailer: bytes = b"", behind: bytes = b"", before: bytes = b""
) -> bytes:
    """A page with a cross-reference table; `info` is the Info dictionary's inside."""
    objects = _page(xmp)
    if info:
        objects.append(b"<<" + info + b">>")
        trailer += b"/Info %d 0 R" % len(objects)
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )
    return before + out + behind


def packed_pdf(info: bytes = b"", *, predictor: bool = False) -> bytes:
    """A page whose dictionaries lie in an object stream, with a cross-reference stream (PDF 1.5)."""
    page = _page(b"")
    loose = {5: page[4]}
    inside = {number: page[number - 1] for number in (1, 2, 3, 4)}
    if info:
        inside[6] = b"<<" + info + b">>"
    heads, bodies = b"", b""
    for number, body in inside.items():
        heads += b"%d %d " % (number, len(bodies))
        bodies += body + b" "
    data = zlib.compress(heads + bodies)
    words = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d" % (len(inside), len(heads), len(data))
    loose[7] = b"<<" + words + b">>stream\n" + data + b"\nendstream"
    out, rows = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {0: (0, 0, 65535)}
    rows |= {number: (2, 7, index) for index, number in enumerate(inside)}
    for number, body in loose.items():
        rows[number] = (1, len(out), 0)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    rows[8] = (1, len(out), 0)
    rows.setdefault(6, (0, 0, 0))
    table = [struct.pack(">BIH", *rows[number]) for number in sorted(rows)]
    parameters = b""
    if predictor:
        table = [
            b"\x02" + bytes((a - b) & 255 for a, b in zip(row, above, strict=True))
            for row, above in zip(table, [bytes(7), *table], strict=False)
        ]
        parameters = b"/DecodeParms<</Predictor 12/Columns 7>>"
    data = zlib.compress(b"".join(table))
    words = b"/Type/XRef/Size 9/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length %d" % len(data) + parameters
    words += b"/Info 6 0 R" if info else b""
    start = len(out)
    out += b"8 0 obj\n<<" + words + b">>stream\n" + data + b"\nendstream\nendobj\n"
    return out + b"startxref\n%d\n%%%%EOF\n" % start
