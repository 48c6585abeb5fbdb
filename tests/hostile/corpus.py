"""Makes the hostile corpus: at least 300 files that try to crash, hang or starve whoever opens them, from a seed."""

import bz2
import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from hostile import pdfs
from hostile.samples import HTML, TRANSCRIPT, box, heic, mail, picture, samples, zipped

MiB = 1024 * 1024
CUTS = (0.1, 0.5, 0.9, 0.99)
MUTATIONS = 3


def make_corpus(folder: Path, seed: int) -> list[Path]:
    """Write the corpus into a folder; the same seed gives the same files.

    Returns:
        Paths in the order of making, at least 300; sparse files look large and take no room.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (name, data) in enumerate(hostile(seed)):
        path = folder / f"{number:03d}-{name}"
        path.write_bytes(data)
        paths.append(path)
    return paths + _sparse(folder, len(paths))


def hostile(seed: int) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the whole corpus but its sparse files."""
    yield from damaged(seed)
    yield from bombs()


def damaged(seed: int) -> Iterator[tuple[str, bytes]]:
    """Every sample cut, changed and mixed with others."""
    chance = random.Random(seed)
    for name, (data, _, _) in samples().items():
        if data:
            yield from truncations(name, data)
            yield from mutations(name, data, chance)
    yield from mislabelled(chance)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Files made to starve or mislead; the same for every seed."""
    for makers in (
        archive_bombs,
        picture_bombs,
        markup_bombs,
        mail_bombs,
        record_bombs,
        document_bombs,
        encrypted,
        odd,
    ):
        yield from makers()


def truncations(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The file cut at several points."""
    for share in CUTS:
        yield f"cut-{int(share * 100)}-{name}", data[: int(len(data) * share)]


def mutations(name: str, data: bytes, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """The file with bytes flipped, set to extremes, and a stretch doubled or dropped."""
    for number in range(MUTATIONS):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 12)):
            changed[chance.randrange(len(changed))] = chance.choice((0, 0x7F, 0xFF, chance.randrange(256)))
        if number:
            start = chance.randrange(len(changed))
            stretch = changed[start : start + chance.randint(1, 200)]
            changed[start : start + len(stretch)] = stretch * chance.choice((0, 2, 50))
        yield f"mutated-{number}-{name}", bytes(changed)


def mislabelled(chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """One kind's start on another kind's rest, and one kind behind another."""
    whole = [(name, data) for name, (data, _, _) in samples().items() if len(data) > 64]
    for number in range(30):
        (name, first), (_, second) = chance.sample(whole, 2)
        yield f"head-{number}-{name}", first[:16] + second[16:]
        yield f"joined-{number}-{name}", first + second


def archive_bombs() -> Iterator[tuple[str, bytes]]:
    """Archives that unpack to far more than they are, or lie."""
    blanks = zipped({"blanks": bytes(64 * MiB)})
    yield "ratio.zip", blanks
    yield "many-ratio.zip", zipped({f"blanks-{i}": bytes(8 * MiB) for i in range(20)})
    inner = zipped({f"{i}.txt": bytes(4 * MiB) for i in range(16)})
    for _ in range(4):  # like 42.zip: 16 to the power of 5 files of 4 MiB
        inner = zipped({f"{i}.zip": inner for i in range(16)})
    yield "nested-42.zip", inner
    deep = b"at the bottom"
    for level in range(60):
        deep = zipped({f"{level}.zip": deep}, method=zipfile.ZIP_STORED)
    yield "deep.zip", deep
    yield "overlap.zip", overlapping(2_000, MiB)
    yield "quoted-overlap.zip", overlapping(200, 16 * MiB)
    yield "many-members.zip", zipped({f"{i}.txt": b"x" for i in range(30_000)}, method=zipfile.ZIP_STORED)
    yield (
        "climbing.zip",
        zipped({"../../etc/passwd": b"x", "/abs": b"y", "C:\\w": b"z", "a\x00b\x1b[31m": b"w"}),
    )
    yield (
        "lying-size.zip",
        blanks[:-80].replace(struct.pack("<I", 64 * MiB), struct.pack("<I", 10)) + blanks[-80:],
    )
    yield "huge-count.zip", b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 0xFFFE, 0xFFFE, 0xFFFFFF, 0, 0)
    yield "zip64.zip", zip64_of_nothing()
    yield "directory-loop.zip", b"PK\x05\x06" * 10_000
    yield "bomb.gz", gzip.compress(bytes(64 * MiB), 9, mtime=0)
    yield "double.gz.gz", gzip.compress(gzip.compress(bytes(64 * MiB), 9, mtime=0), 9, mtime=0)
    yield "members.gz", gzip.compress(b"", mtime=0) * 200_000
    yield "bomb-bzip2.zip", zipped({"b": bytes(64 * MiB)}, method=zipfile.ZIP_BZIP2)
    yield "bomb-lzma.zip", zipped({"b": bytes(16 * MiB)}, method=zipfile.ZIP_LZMA)
    yield "bomb.bz2", bz2.compress(bytes(16 * MiB))
    yield "sparse.tar", tar_of(("big", 2**40, b"S"), ("huge", 2**60, b"0"))
    yield "endless-name.tar", tar_of(("n", 2**33, b"L"), ("p", 2**33, b"x"))
    yield "links.tar", tar_of(*((f"l{i}", 0, b"2") for i in range(500)), ("dev", 0, b"3"), ("fifo", 0, b"6"))
    yield "many.tar", tar_of(*((f"f{i}", 0, b"0") for i in range(20_000)))
    yield "minus.tar", tar_of(("n", 0, b"0")).replace(b"00000000000\0", b"\x80" + b"\xff" * 11, 1)
    yield "bomb.tar.gz", gzip.compress(tar_of(("z", 32 * MiB, b"0")) + bytes(32 * MiB), 9, mtime=0)


def overlapping(count: int, size: int) -> bytes:
    """Many members that all point at the same packed bytes, as David Fifield's zip bombs do."""
    state = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = state.compress(bytes(size)) + state.flush()
    crc = zlib.crc32(bytes(size))
    local = (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), size, 1, 0) + b"a" + packed
    )
    directory = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), size, 6, 0, 0, 0, 0, 0, 0
        )
        + b"%06d" % i
        for i in range(count)
    )
    return (
        local
        + directory
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(local), 0)
    )


def zip64_of_nothing() -> bytes:
    """A ZIP64 end record that claims a directory of 2^63 bytes."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2**62, 2**62, 2**63 - 1, 2**63 - 1)
    return (
        record
        + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    )


def tar_of(*members: tuple[str, int, bytes]) -> bytes:
    """TAR headers that claim sizes; no content follows."""
    out = b""
    for name, size, flag in members:
        info = tarfile.TarInfo(name)
        info.size, info.type = size, flag
        out += info.tobuf(tarfile.GNU_FORMAT)
    return out + bytes(1024)


def picture_bombs() -> Iterator[tuple[str, bytes]]:
    """Pictures that declare more pixels than anybody can hold, and other lies."""
    png = picture("PNG")
    for name, width, height in (("wide", 2**31 - 1, 1), ("large", 100_000, 100_000), ("none", 0, 0)):
        head = b"IHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0"
        yield f"{name}.png", png[:8] + b"\0\0\0\r" + head + struct.pack(">I", zlib.crc32(head)) + png[33:]
    text = b"zTXtk\0\0" + zlib.compress(bytes(64 * MiB), 9)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    yield "ztxt.png", png[:33] + chunk + png[33:]
    yield (
        "chunks.png",
        png[:33] + (b"\0\0\0\0tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))) * 300_000 + png[33:],
    )
    gif = picture("GIF")
    yield "large.gif", gif[:6] + b"\xff\xff\xff\xff" + gif[10:]
    frame = b"\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0"
    yield "frames.gif", gif[:6] + b"\xff\xff\xff\xff\0\0\0" + frame * 300_000 + b"\x3b"
    tiff = picture("TIFF")
    offset = struct.unpack("<I", tiff[4:8])[0]
    count = struct.unpack_from("<H", tiff, offset)[0]
    yield (
        "loop.tiff",
        tiff[: offset + 2 + 12 * count] + struct.pack("<I", offset) + tiff[offset + 6 + 12 * count :],
    )
    yield "huge-ifd.tiff", b"II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 256, 4, 2**32 - 1, 0) * 65_535
    chain = b"".join(struct.pack("<HHHIII", 1, 256, 4, 1, 9, 8 + 18 * (i + 1)) for i in range(100_000))
    yield "chain.tiff", b"II*\0\x08\0\0\0" + chain
    jpeg = picture("JPEG")
    at = jpeg.index(b"\xff\xc0")
    yield "large.jpeg", jpeg[: at + 5] + b"\xff\xff\xff\xff" + jpeg[at + 9 :]
    yield "segments.jpeg", b"\xff\xd8" + b"\xff\xe1\x00\x02" * 500_000 + jpeg[2:]
    yield (
        "webp.webp",
        b"RIFF\xff\xff\xff\x7fWEBPVP8X\x0a\0\0\0\x02\0\0\0" + b"\xff" * 6 + b"ANIM" + bytes(100),
    )
    yield "large.heic", heic(2**31, 2**31)
    yield "deep.heic", box(b"ftyp", b"heic", bytes(4)) + struct.pack(">I4s", 0, b"meta") * 100_000
    yield "boxes.mp4", box(b"ftyp", b"isom", bytes(4)) + box(b"free") * 500_000
    moov = b""
    for _ in range(3_000):
        moov = box(b"moov", moov)
    yield "deep.mp4", box(b"ftyp", b"isom", bytes(4)) + moov
    yield (
        "long.wav",
        b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0\x01\0\0\0\x01\0\0\0\x01\0\x08\0data\xff\xff\xff\x7f"
        + bytes(64),
    )
    yield "playlist.mp4", b"\0\0\0\x10ftypisom\0\0\0\0#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"


def markup_bombs() -> Iterator[tuple[str, bytes]]:
    """HTML, Markdown and text that parsers choke on."""
    yield "deep.html", b"<html>" + b"<div>" * 300_000
    yield "formatting.html", b"<html><p>" + b"".join(b"<b a%d>" % i for i in range(5_000)) + b"<p>x" * 50_000
    yield "attributes.html", b"<html><p " + b" ".join(b"a%d=1" % i for i in range(200_000)) + b">x</p>"
    yield "anchors.html", b"<html>" + b"<a href=x>" * 100_000
    yield "links.html", b"<html>" + b"<a href=http://a.test>x</a>" * 200_000
    yield "tables.html", b"<html>" + b"<table><tr><td>" * 50_000
    yield "comment.html", b"<html><!--" * 200_000
    yield "open-tags.html", b"<html>" + b"<" * 3_000_000
    yield "styles.html", b"<html>" + b"<p style='" + b"display:" * 500_000 + b"'>x</p>"
    yield "select.html", b"<html>" + b"<select><option>" * 100_000
    yield "data-pictures.html", b"<html>" + b"<img src='data:image/png;base64,iVBORw0KGgo='>" * 50_000
    yield "quotes.md", b"# t\n\n" + b">" * 50_000 + b"x\n"
    yield "brackets.md", b"# t\n\n" + b"[" * 100_000 + b"x](y)\n"
    yield "stars.md", b"# t\n\n" + b"*a_" * 50_000 + b"\n\n- x\n"
    yield "lists.md", b"# t\n\n" + b"".join(b" " * i + b"- x\n" for i in range(1_500))
    yield "backticks.md", b"# t\n\n- a\n" + b"".join(b"`" * i + b" " for i in range(600))
    yield "front.md", b"---\n" + b"a: b\n" * 500_000
    yield (
        "table.md",
        b"# t\n\n|" + b"a|" * 4_000 + b"\n|" + b"-|" * 4_000 + b"\n" + (b"|" * 100 + b"\n") * 4_000,
    )
    yield "one-line.txt", b"a" * (20 * MiB)
    yield "addresses.txt", b"http://a.test/" * 500_000
    yield "colons.txt", ("12:00 " + ":" * 50 + "\n").encode() * 100_000
    yield "stamps.txt", b"2026-11-23 12:00 " * 300_000
    yield "transcript.txt", TRANSCRIPT.encode() * 20_000
    yield "combining.txt", ("a" + "\u0301" * 1_000_000).encode()
    yield "bad-utf8.txt", b"hello \xff\xfe\xfd world " * 100_000
    yield "half.txt", "半".encode()[:2] * 200_000
    yield "nul.txt", b"text\0" * 100_000
    yield "surrogates.txt", b"\xff\xfe" + b"\x00\xd8" * 100_000
    yield "svg.html", b"<html><svg>" + b"<g>" * 200_000


def mail_bombs() -> Iterator[tuple[str, bytes]]:
    """Messages with too much of something."""
    start = (
        b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    )
    kind = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n"
    yield "headers.eml", start + b"".join(b"X-%d: y\r\n" % i for i in range(100_000)) + b"\r\nhi"
    yield "folded.eml", start + b"X-Long: a\r\n" + b" b\r\n" * 500_000 + b"\r\nhi"
    yield "parts.eml", start + kind + b"\r\n" + b"--B\r\n\r\nx\r\n" * 100_000 + b"--B--\r\n"
    yield (
        "files.eml",
        start + kind + b"\r\n" + b"--B\r\nContent-Type: image/png\r\n\r\nx\r\n" * 50_000 + b"--B--\r\n",
    )
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\n" % (i, i) for i in range(2_000)
    )
    yield "nested.eml", start + b"MIME-Version: 1.0\r\n" + nested + b"\r\nx"
    same = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n" * 5_000
    yield "same-boundary.eml", start + b"MIME-Version: 1.0\r\n" + same
    message = b"bottom"
    for _ in range(40):
        message = start + b"Content-Type: message/rfc822\r\n\r\n" + message
    yield "messages.eml", message
    yield "words.eml", start + b"X: " + b"=?utf-8?q?" * 50_000 + b"\r\n\r\nhi"
    yield "recipients.eml", start + b"Cc: " + b"<a@b.test>,(" * 50_000 + b"\r\n\r\nhi"
    yield "no-boundary.eml", start + b"Content-Type: multipart/mixed\r\n\r\n" + b"x" * MiB
    yield "dashes.eml", start + b"Content-Type: multipart/mixed; boundary=-\r\n\r\n" + b"---\n" * 500_000
    yield (
        "parameters.eml",
        start + b"Content-Type: multipart/mixed; " + b"boundary*0=a;" * 50_000 + b"\r\n\r\nx",
    )
    yield "charset.eml", start + b"Content-Type: text/plain; charset=zip\r\n\r\nhi"
    yield "base64.eml", start + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A===" * 500_000
    yield "endless-header.eml", start + b"X: " + b"y" * (4 * MiB)
    yield "separators.mbox", b"From a@b.test Mon Nov 23 12:00:00 2026\n" * 300_000
    yield "box.mbox", (b"From a@b.test Mon Nov 23 12:00:00 2026\n" + mail().as_bytes() + b"\n") * 400


def record_bombs() -> Iterator[tuple[str, bytes]]:
    """JSON and CSV with too much of something."""
    yield "deep.json", b"[" * 1_000_000 + b"]" * 1_000_000
    yield "deep-objects.json", b'{"a":' * 500_000 + b"1" + b"}" * 500_000
    yield "empties.json", b"[" + b"{}," * 4_000_000 + b"{}]"
    yield "numbers.json", b"[" + b"1," * 4_000_000 + b"1]"
    yield "digits.json", b"[" + b"9" * 2_000_000 + b"]"
    yield "keys.json", b"{" + b",".join(b'"k%d":1' % i for i in range(300_000)) + b"}"
    yield (
        "posts.json",
        b"[" + b",".join(b'{"user":"u%d","text":"hello %d"}' % (i, i) for i in range(50_000)) + b"]",
    )
    yield "lines.jsonl", b'{"text":"a","user":"b"}\n' * 200_000
    yield "deep-lines.jsonl", (b"[" * 5_000 + b"\n") * 200
    yield "field.csv", b'a,text\n1,"' + b"x" * (8 * MiB) + b'"\n2,y\n'
    yield "columns.csv", b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b"," * 99_999 + b"\n"
    yield "rows.csv", b"user,text\n" + b"u,hello\n" * 500_000
    yield "quotes.csv", b"user,text\n" + b'"' * 2_000_000
    yield "surrogate.json", b'[{"user":"u","text":"\\ud800 \\udc00"},{"user":"v","text":"b"}]'


def document_bombs() -> Iterator[tuple[str, bytes]]:
    """PDF and Office files with too much of something."""
    for levels, calls in ((4, 10), (9, 10), (30, 2)):
        yield f"forms-{levels}-{calls}.pdf", pdfs.forms(levels, calls)
    yield "stream.pdf", pdfs.bomb(80 * MiB)
    yield "layers.pdf", pdfs.bomb(100 * MiB, layers=2)
    yield "pages.pdf", pdfs.pdf(pages=6_000)
    yield "looped.pdf", pdfs.looped_pages(2_000)
    yield "nested.pdf", b"%PDF-1.7\n1 0 obj\n" + b"<</A" * 100_000 + b"[" * 100_000
    yield "objects.pdf", b"%PDF-1.7\n" + b"".join(b"%d 0 obj\nnull\nendobj\n" % i for i in range(100_000))
    yield (
        "script.pdf",
        pdfs.pdf(script=True, link="javascript:alert(1)", attachment=zipped({"blanks": bytes(16 * MiB)})),
    )
    laughs = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">' + b"".join(
        b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 12)
    )
    types = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>"
    start = b"<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body>"
    bodies = {
        "laughs": laughs + b"]>" + start + b"<w:p><w:r><w:t>&l11;</w:t></w:r></w:p></w:body></w:document>",
        "external": b"<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
        + start
        + b"<w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>",
        "deep": start + b"<w:p>" * 100_000,
        "words": start + b"<w:p><w:r><w:t>" + b"x" * (32 * MiB) + b"</w:t></w:r></w:p></w:body></w:document>",
        "paragraphs": start + b"<w:p><w:r><w:t>ab</w:t></w:r></w:p>" * 400_000 + b"</w:body></w:document>",
        "attributes": start
        + b"<w:p "
        + b" ".join(b"a%d='1'" % i for i in range(100_000))
        + b"/></w:body></w:document>",
        "garbage": bytes(range(256)) * 100,
    }
    for name, body in bodies.items():
        yield f"{name}.docx", zipped({"[Content_Types].xml": types, "word/document.xml": body})
    cell = b"<row><c t='s'><v>0</v></c></row>"
    sheet = b"<worksheet><sheetData>" + cell * 200_000 + b"</sheetData></worksheet>"
    strings = b"<sst><si><t>" + b"long " * 50_000 + b"</t></si></sst>"
    yield (
        "shared.xlsx",
        zipped(
            {"[Content_Types].xml": types, "xl/sharedStrings.xml": strings, "xl/worksheets/sheet1.xml": sheet}
        ),
    )
    yield (
        "slides.pptx",
        zipped(
            {
                "[Content_Types].xml": types,
                **{f"ppt/slides/slide{i}.xml": b"<s><t>x</t></s>" for i in range(5_000)},
            }
        ),
    )
    yield (
        "media.docx",
        zipped(
            {
                "[Content_Types].xml": types,
                "word/document.xml": bodies["laughs"],
                "word/media/a.bin": bytes(64 * MiB),
            }
        ),
    )


def encrypted() -> Iterator[tuple[str, bytes]]:
    """Files that need a password."""
    from hostile.compound import encrypted_office

    yield "locked.pdf", pdfs.locked()
    yield "locked.docx", encrypted_office()
    plain = bytearray(zipped({"secret.txt": b"x" * 500}, method=zipfile.ZIP_STORED))
    plain[6] |= 1
    plain[plain.index(b"PK\x01\x02") + 8] |= 1
    yield "locked.zip", bytes(plain)


def odd() -> Iterator[tuple[str, bytes]]:
    """Empty, tiny, and two things at once."""
    yield "empty", b""
    for number in (0, 10, 32, 0x80, 0xFF):
        yield f"one-byte-{number}", bytes([number])
    yield "zeros", bytes(MiB)
    yield "png-and-zip.png", picture("PNG") + zipped({"a.txt": b"hidden"})
    yield "gif-and-script.gif", picture("GIF") + b"<script>alert(1)</script>"
    yield "pdf-in-html.html", b"<html><!-- %PDF-1.7 -->" + HTML.encode()
    yield "magic-only.zip", b"PK\x03\x04"
    yield "magic-only.pdf", b"%PDF-1.7"
    yield (
        "magic-only.msg",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "__properties_version1.0".encode("utf-16-le"),
    )
    yield "ole-loop.msg", _ole_loop()
    yield "pickle.pkl", b"\x80\x04" + b"(" * 100_000
    yield "safetensors", struct.pack("<Q", 90_000_000) + b"{" * 1_000_000
    yield "random", random.Random(1).randbytes(MiB)
    buffer = io.BytesIO()
    with gzip.GzipFile("x" * 1_000_000, "wb", fileobj=buffer, mtime=0) as file:
        file.write(b"named")
    yield "long-name.gz", buffer.getvalue()


def _ole_loop() -> bytes:
    """An Outlook message whose allocation table leads in circles."""
    data = bytearray(samples()["mail.msg"][0])
    first = struct.unpack_from("<I", data, 76)[0]
    for sector in range(128):
        struct.pack_into("<I", data, 512 * (first + 1) + 4 * sector, sector)
    return bytes(data)


def _sparse(folder: Path, number: int) -> list[Path]:
    """Files that look huge: over the limit on subjects, and over the memory."""
    paths = []
    for name, size, head in (("huge.bin", 5 * 1024 * MiB, b""), ("huge.zip", 2 * 1024 * MiB, b"PK\x03\x04"), ("huge.txt", 1024 * MiB, b"hello\n"), ("huge.mp4", 1024 * MiB, b"\0\0\0\x18ftypisom"), ("huge.tar", 1024 * MiB, tar_of(("a", 2**29, b"0"))[:512]), ("huge.pdf", 1024 * MiB, b"%PDF-1.7\n"), ("huge.png", 512 * MiB, picture("PNG")), ("huge.mbox", 512 * MiB, b"From a@b.test Mon Nov 23 12:00:00 2026\nFrom: a@b.test\n\n")):  # fmt: skip
        path = folder / f"{number + len(paths):03d}-{name}"
        with path.open("wb") as file:
            file.write(head)
            file.truncate(size)
        paths.append(path)
    return paths
