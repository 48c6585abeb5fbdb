"""PDFs are marked by an incremental update: the old file is the new one's first bytes, pages look as they did."""

import hashlib
import io
import json
import random
import re
import shutil
import subprocess
import time
import tracemalloc
import zlib
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mark_documents as documents
import marks
from brightline.carriers import pdf, pdf_write
from brightline.carriers.candidate import Candidate, Unread
from brightline.carriers.pdf_predictor import unpredict
from brightline.carriers.pdf_values import Dictionary, parse, text_of, text_string
from brightline.core.errors import CarrierError
from brightline.core.subject import GapKind

MARK = marks.bare()
OTHER = marks.bare(marks.fields(PropagateID="other-(1)-\\"))
TITLE = b"/Title(Minutes \\(draft\\)) /AAPL:Keywords[(a)(b)]/CreationDate(D:20260102)"
values = st.dictionaries(st.sampled_from(list(marks.fields())), st.text(max_size=40)).map(
    lambda changes: json.dumps({**marks.fields(), **changes}, ensure_ascii=False, separators=(",", ":"))
)


def saved(data: bytes, **options: object) -> bytes:
    stream = io.BytesIO()
    pikepdf.open(io.BytesIO(data)).save(stream, **options)
    return stream.getvalue()


PLAIN = {
    "table": documents.pdf(),
    "table-info": documents.pdf(TITLE),
    "xmp": documents.pdf(TITLE, xmp=marks.xmp_without_mark()),
    "packed": documents.packed_pdf(),
    "packed-info": documents.packed_pdf(TITLE),
    "packed-predictor": documents.packed_pdf(TITLE, predictor=True),
    "direct-info": documents.pdf(trailer=b"/Info<</Title(a)>>"),
    "null-info": documents.pdf(trailer=b"/Info 99 0 R"),
    "identified": documents.pdf(TITLE, trailer=b"/ID[<0123><4567>]"),
    "bytes-in-front": documents.pdf(TITLE, before=b"%!junk\n"),
    "no-line-end": documents.pdf(TITLE)[:-1],
    "behind": documents.pdf(TITLE, behind=b"\r\n\0\0"),
    "qpdf-streams": saved(documents.pdf(TITLE), object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "qpdf-linearised": saved(documents.pdf(TITLE), linearize=True),
    "qpdf-linearised-streams": saved(
        documents.pdf(TITLE), linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
    ),
}


def written(data: bytes, mark: str = MARK) -> bytes:
    return b"".join(pdf_write.write(memoryview(data), mark))


def only(data: bytes) -> Candidate:
    (item,) = pdf.read(memoryview(data))
    assert isinstance(item, Candidate)
    return item


def pages(data: bytes) -> list[tuple[str, bytes]]:
    """Each page's words and pixels."""
    document = pypdfium2.PdfDocument(data)
    try:
        return [
            (page.get_textpage().get_text_bounded(), page.render().to_numpy().tobytes()) for page in document
        ]
    finally:
        document.close()


@given(values, values, st.sampled_from(list(PLAIN)))
def test_what_is_written_is_read(first: str, second: str, name: str) -> None:
    once = written(PLAIN[name], first)
    assert once.startswith(PLAIN[name])
    assert (only(once).text, only(once).oddities) == (first, ())
    twice = written(once, second)
    assert twice.startswith(once)
    assert (only(twice).text, only(twice).oddities) == (second, ())
    assert written(twice, second) == twice


@pytest.mark.parametrize("name", PLAIN)
def test_other_programs_read_the_mark_and_see_the_same_pages(name: str) -> None:
    plain = PLAIN[name]
    marked = written(written(plain), OTHER)
    assert pages(marked) == pages(plain)
    document = pypdfium2.PdfDocument(marked)
    assert document.get_metadata_value("AIGC") == OTHER
    document.close()
    with pikepdf.open(io.BytesIO(marked)) as opened, pikepdf.open(io.BytesIO(plain)) as before:
        # What the old file had to complain of, and that it is linearised no more, and nothing else.
        assert set(opened.check_pdf_syntax()) <= set(before.check_pdf_syntax())
        found = {key: repr(value) for key, value in opened.docinfo.items()}
        assert opened.docinfo["/AIGC"] == OTHER
        assert {key: value for key, value in found.items() if key != "/AIGC"} == {
            key: repr(value) for key, value in before.docinfo.items()
        }


@given(st.text())
def test_any_text_survives_as_a_string(text: str) -> None:
    token = text_string(text)
    assert token.isascii()
    assert text_of(parse(token).value) == text  # type: ignore[arg-type]  # a string


def test_escapes_are_undone() -> None:
    words = (
        rb"<</A(a\(b\)\\\n\101\7\
c(d)"
        b"\r\n"
        rb"e\q)/B<48 65 6>/C#41 true/D[null -1.5 1 0 R(x)]>>"
    )
    found = parse(words).value
    assert isinstance(found, Dictionary)
    assert found.get("A") == b"a(b)\\\nA\x07c(d)\neq"
    assert found.get("B") == b"He`"
    assert found.get("CA") is True
    assert [type(value).__name__ for value in found.get("D") or []] == [
        "NoneType",
        "float",
        "Reference",
        "String",
    ]  # type: ignore[union-attr]


@pytest.mark.parametrize("columns", [1, 5, 8])
def test_predictors_are_undone(columns: int) -> None:
    chance = random.Random(columns)
    plain = bytes(chance.randrange(256) for _ in range(columns * 40))
    rows, above = b"", bytes(columns)
    for start in range(0, len(plain), columns):
        row, kind = plain[start : start + columns], chance.randrange(5)
        guesses = [
            [0, left, up, (left + up) // 2, paeth(left, up, corner)][kind]
            for left, up, corner in zip(b"\0" + row[:-1], above, b"\0" + above[:-1], strict=True)
        ]
        rows += bytes([kind, *((byte - guess) & 255 for byte, guess in zip(row, guesses, strict=True))])
        above = row
    assert unpredict(rows, columns) == plain


def paeth(left: int, up: int, corner: int) -> int:
    first = left + up - corner
    return min((abs(first - left), 0, left), (abs(first - up), 1, up), (abs(first - corner), 2, corner))[2]


def signed(level: bytes) -> bytes:
    """A certified PDF, as far as its dictionaries go."""
    transform = b"/TransformMethod/DocMDP" + (b"/TransformParams<</P %s>>" % level if level else b"")
    trailer = b"/Info<<>>"
    plain = documents.pdf(trailer=trailer)
    perms = b"/Perms<</DocMDP<</Type/Sig/Reference[<<%s>>]>>>>" % transform
    # The catalog grows; the space in front of the pages' object pays for it.
    return rebuilt(plain, b"<</Type/Catalog", b"<</Type/Catalog" + perms)


def rebuilt(data: bytes, old: bytes, new: bytes) -> bytes:
    """The file with an object changed and its cross-reference table put right."""
    body, _, tail = data.replace(old, new, 1).partition(b"xref\n0 ")
    count = int(tail.split(b"\n", 1)[0])
    rows = b"".join(b"%010d 00000 n \n" % body.index(b"\n%d 0 obj" % number) for number in range(1, count))
    rows = b"".join(b"%010d 00000 n \n" % (int(row[:10]) + 1) for row in rows.splitlines())
    trailer = tail[tail.index(b"trailer") : tail.index(b"startxref")]
    head = body + b"xref\n0 %d\n0000000000 65535 f \n" % count + rows + trailer
    return head + b"startxref\n%d\n%%%%EOF\n" % len(body)


def test_a_certified_file_that_permits_no_change_is_refused() -> None:
    for level in (b"1", b"null"):
        file = signed(level)
        if level == b"1":
            with pytest.raises(CarrierError, match="DocMDP 1"):
                pdf_write.write(memoryview(file), MARK)
        else:
            assert only(written(file)).text == MARK
    with pytest.raises(CarrierError, match="DocMDP 1"):
        pdf_write.write(
            memoryview(rebuilt(documents.pdf(), b"/Catalog", b"/Catalog/Perms<</DocMDP<<>>>>")), MARK
        )


@pytest.mark.parametrize("level", [b"2", b"3"])
def test_a_certified_file_that_permits_changes_keeps_what_was_signed(level: bytes) -> None:
    file = signed(level)
    marked = written(file)
    assert hashlib.sha256(marked[: len(file)]).digest() == hashlib.sha256(file).digest()
    with pikepdf.open(io.BytesIO(marked)) as opened:
        assert "/DocMDP" in opened.Root.Perms


def locked(user: str, **options: object) -> bytes:
    lock = pikepdf.Encryption(owner="owner", user=user, **options)  # type: ignore[arg-type]
    return saved(
        documents.pdf(b"/AIGC " + documents.literal(MARK), xmp=marks.xmp_without_mark()), encryption=lock
    )


@pytest.mark.parametrize("strength", [2, 3, 4, 6])
def test_an_encrypted_file_that_opens_without_a_password_is_read_and_never_written(strength: int) -> None:
    weak = {} if strength > 3 else {"aes": False, "metadata": False}
    file = locked("", R=strength, **weak)
    found = list(pdf.read(memoryview(file)))
    assert [item.text for item in found if isinstance(item, Candidate)] == [MARK]
    assert {item.kind for item in found if isinstance(item, Unread)} <= {GapKind.ENCRYPTED}
    with pytest.raises(CarrierError, match="encrypted"):
        pdf_write.write(memoryview(file), OTHER)


def test_an_encrypted_file_with_a_password_is_unread() -> None:
    (item,) = pdf.read(memoryview(locked("secret")))
    assert isinstance(item, Unread)
    assert item.kind is GapKind.ENCRYPTED


REFUSED = {
    "2 marks": documents.pdf(b"/AIGC " + documents.literal(MARK), xmp=marks.xmp(MARK)),
    "pdf:XMP": documents.pdf(xmp=marks.xmp(MARK)),
    "pdf:Info:Keywords": documents.pdf(b"/Keywords " + documents.literal(marks.wrapped())),
    "after-EOF": documents.pdf(behind=marks.wrapped().encode()),
    "Info:AIGC`": documents.pdf(b"/AIGC 5"),
    "startxref": documents.pdf()[:-20],
    "no cross-reference section": documents.pdf().replace(b"xref\n0", b"xfer\n0"),
    "%PDF-": b"<html></html>",
    "no dictionary": documents.pdf(trailer=b"/Info 5 0 R").replace(b"<</Length", b"[<</Length"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_marked_is_refused_with_the_reason(reason: str) -> None:
    with pytest.raises(CarrierError, match=reason if reason != "no dictionary" else "."):
        pdf_write.write(memoryview(REFUSED[reason]), MARK)  # before the first piece


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rb"/Length \d+", b"/Length 5 0 R"),
        (rb"/Filter/FlateDecode", b"/Filter 5 0 R"),
        (rb"/Filter", b"/DecodeParms 5 0 R/Filter"),
    ],
)
def test_a_cross_reference_stream_that_needs_itself_to_be_read_is_refused(old: bytes, new: bytes) -> None:
    whole = documents.packed_pdf(TITLE)
    start = whole.rindex(b"8 0 obj")
    changed = whole[:start] + re.sub(old, new, whole[start:], count=1)
    with pytest.raises(CarrierError, match="refers to an object"):
        [*pdf.read(memoryview(changed))]


def test_a_mark_in_a_broken_file_is_seen_and_the_break_is_said() -> None:
    file = documents.pdf(b"/AIGC " + documents.literal(MARK))
    found = []
    with pytest.raises(CarrierError, match="startxref"):
        found.extend(pdf.read(memoryview(file[:-20])))
    reading = pdf.read(memoryview(file[:-20]))
    item = next(reading)
    assert isinstance(item, Candidate)
    assert item.text == MARK


@pytest.mark.parametrize("name", ["table-info", "xmp", "packed-info", "qpdf-linearised-streams"])
def test_cut_and_changed_files_raise_carrier_errors_only(name: str) -> None:
    data, chance = written(PLAIN[name]), random.Random(11)
    damaged = [data[: chance.randrange(len(data))] for _ in range(60)]
    for _ in range(300):
        each = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            each[chance.randrange(len(each))] = chance.choice(b"0123456789<>[]()/ R\xff")
        damaged.append(bytes(each))
    for each in damaged:
        try:
            assert all(isinstance(item, Candidate | Unread) for item in pdf.read(memoryview(each)))
            out = written(each, OTHER)
        except CarrierError:
            continue
        assert only(out).text == OTHER


def chained(count: int, *, looped: bool = False) -> bytes:
    """As many revisions, each a cross-reference section that leads to the one before."""
    out = documents.pdf(TITLE)
    for _ in range(count):
        before = int(out[out.rindex(b"startxref") + 10 :].split()[0])
        start = len(out)
        out += b"xref\n0 0\ntrailer\n<</Size 7/Root 1 0 R/Info 6 0 R/Prev %d>>\n" % (
            start if looped else before
        )
        out += b"startxref\n%d\n%%%%EOF\n" % start
    return out


def filled(words: bytes, data: bytes) -> bytes:
    """A cross-reference stream that unpacks to `data`."""
    packed = zlib.compress(data, 9)
    head = b"%PDF-1.7\n"
    stream = b"1 0 obj\n<</Type/XRef/W[1 4 2]%s/Filter/FlateDecode/Length %d>>stream\n" % (words, len(packed))
    return head + stream + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


HOSTILE = {
    "many-revisions": chained(900),
    "too-many-revisions": chained(1_100),
    "loop": chained(2, looped=True),
    "bomb": filled(b"/Size 9", bytes(300_000_000)),
    "rows": filled(b"/Size 9/Index[" + b"0 0 " * 9_000 + b"]", bytes(7)),
    "nested": documents.pdf(b"/A" + b"[" * 200_000),
    "parentheses": documents.pdf(b"/A" + b"(" * 900_000),
    "many-values": documents.pdf(b"/A[" + b"1 " * 400_000 + b"]"),
    "table": documents.pdf().replace(b"xref\n0 6\n", b"xref\n0 6\n" + b"1 0\n" * 200_000),
    "digits": documents.pdf(b"/A " + b"1" * 900_000),
    "spaces": documents.pdf(b" " * 8_000_000 + b"/A 1"),
    "comments": documents.pdf(b"%a\n" * 300_000 + b"/A 1"),
    "strays": b"%PDF-1.7\n" + b"/AIGC (" * 1_000_000,
    "mixed-predictors": filled(b"/Size 9/DecodeParms<</Predictor 12/Columns 65000>>", b"\4" * 16_000_000),
    "packed-index": documents.packed_pdf(TITLE).replace(b"/First", b"/Fir##"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_cost_little(name: str) -> None:
    tracemalloc.start()
    start = time.process_time()
    try:
        found = list(pdf.read(memoryview(HOSTILE[name])))
        assert all(isinstance(item, Candidate | Unread) for item in found)
    except CarrierError:
        pass
    seconds = time.process_time() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 10  # under tracemalloc, which makes it several times slower, on a busy machine
    assert peak < 128 * 1024 * 1024


def test_a_large_file_is_written_without_being_held() -> None:
    large = documents.pdf(TITLE, before=b"%" + b"x" * 900 + b"\n")
    stream = b"<</Length 40000000>>stream\n" + bytes(40_000_000) + b"\nendstream"
    large = large.replace(b"xref\n0", b"9 0 obj\n" + stream + b"\nendobj\nxref\n0")
    at = large.rindex(b"\nxref\n0") + 1 - 902
    large = large[: large.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % at
    view = memoryview(large)
    tracemalloc.start()
    size = sum(len(piece) for piece in pdf_write.write(view, MARK))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(large) < size < len(large) + 2_000
    assert peak < 16 * 1024 * 1024


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("name", ["table", "packed-info", "qpdf-linearised"])
def test_exiftool_shows_the_key(name: str, tmp_path: Path) -> None:
    file = tmp_path / "marked.pdf"
    file.write_bytes(written(PLAIN[name]))
    said = subprocess.run(["exiftool", "-j", str(file)], check=True, capture_output=True, timeout=60).stdout
    (shown,) = json.loads(said)
    found = shown.get("AIGC") or shown.get("Aigc")
    assert (json.loads(found) if isinstance(found, str) else found) == json.loads(MARK)
