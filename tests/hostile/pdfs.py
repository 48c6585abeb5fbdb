"""Writes PDFs (ISO 32000-1) object by object, well-formed and otherwise."""

import hashlib
import zlib

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def stream(data: bytes, words: bytes = b"", *, layers: int = 0) -> bytes:
    """A stream object, deflated so many times."""
    for _ in range(layers):
        data = zlib.compress(data, 9)
    filters = b"/Filter[" + b"/FlateDecode" * layers + b"]" if layers else b""
    return b"<<" + words + filters + b"/Length %d>>stream\n" % len(data) + data + b"\nendstream"


def assemble(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A file of objects 1, 2, … whose first is the catalog."""
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
    return out + b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        start,
    )


def pdf(
    text: str = "Hello from a page",
    *,
    pages: int = 1,
    layers: int = 0,
    link: str = "",
    attachment: bytes = b"",
    script: bool = False,
    trailer: bytes = b"",
) -> bytes:
    """Pages that all say the same, with a link, an attached file and a script where asked for."""
    page, content, note, file, extra = 5, 4, 6 + pages, 7 + pages, 8 + pages
    kids = b" ".join(b"%d 0 R" % (page + i) for i in range(pages))
    catalog = b"<</Type/Catalog/Pages 2 0 R"
    if attachment:
        catalog += b"/Names<</EmbeddedFiles<</Names[(note.txt) %d 0 R]>>>>" % file
    if script:
        catalog += b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
    annotations = b"/Annots[%d 0 R]" % note if link else b""
    body = (
        b"/Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Resources<</Font<</F 3 0 R>>>>/Contents 4 0 R"
        + annotations
    )
    objects = [
        catalog + b">>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % pages,
        FONT,
        stream(b"BT /F 24 Tf 40 200 Td (" + text.encode("latin-1") + b") Tj ET", layers=layers),
        *([b"<<" + body + b">>"] * pages),
        b"null",
        b"<</Type/Annot/Subtype/Link/Rect[0 0 90 90]/A<</S/URI/URI(" + link.encode() + b")>>>>",
        b"<</Type/Filespec/F(note.txt)/EF<</F %d 0 R>>>>" % extra,
        stream(attachment, b"/Type/EmbeddedFile", layers=1),
    ]
    assert content == 4
    return assemble(objects, trailer)


def locked() -> bytes:
    """A PDF that only opens with a password (standard handler, revision 2, RC4 with 40 bits)."""
    secret = (b"correct horse" + _PAD)[:32]
    owner = _rc4(hashlib.md5(secret, usedforsecurity=False).digest()[:5], secret)
    identity, permissions = bytes(16), -44
    seed = secret + owner + permissions.to_bytes(4, "little", signed=True) + identity
    key = hashlib.md5(seed, usedforsecurity=False).digest()[:5]
    words = b"/ID[<%s><%s>]/Encrypt<</Filter/Standard/V 1/R 2/P %d/O<%s>/U<%s>>>"
    numbers = (
        identity.hex().encode(),
        identity.hex().encode(),
        permissions,
        owner.hex().encode(),
        _rc4(key, _PAD).hex().encode(),
    )
    return pdf(trailer=words % numbers)


def forms(levels: int, calls: int) -> bytes:
    """Forms that draw forms: `calls` to the power of `levels` of them."""

    def resources(number: int) -> bytes:
        return b"/Resources<</Font<</F 4 0 R>>/XObject<</X %d 0 R>>>>" % number

    objects = [CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>"]
    objects.append(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 5 0 R" + resources(6) + b">>")
    objects += [FONT, stream(b"/X Do " * calls)]
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"
    objects += [stream(b"/X Do " * calls, form + resources(7 + level)) for level in range(levels)]
    return assemble([*objects, stream(b"BT /F 9 Tf (hi) Tj ET ", form + resources(6))])


def bomb(size: int, *, layers: int = 1) -> bytes:
    """A page whose content unpacks to `size` blanks."""
    objects = [
        CATALOG,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
    ]
    return assemble([*objects, stream(b" " * size, layers=layers)])


def looped_pages(depth: int) -> bytes:
    """A page tree of that depth whose last node leads back to the first, and claims two billion pages."""
    nodes = [
        b"<</Type/Pages/Kids[%d 0 R]/Count 2000000000/Parent %d 0 R>>" % (number + 1, number - 1)
        for number in range(2, depth + 2)
    ]
    return assemble([CATALOG, *nodes, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"])


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
