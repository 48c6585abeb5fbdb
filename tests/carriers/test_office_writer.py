"""Office files are marked and stay what they were: words, cells, slides, and every other member's bytes."""

import io
import json
import random
import shutil
import struct
import subprocess
import time
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mark_documents as documents
import marks
from brightline.carriers import ooxml, ooxml_write
from brightline.carriers.candidate import Candidate, Unread
from brightline.carriers.ooxml_zip import open_package, unpack
from brightline.core.errors import CarrierError

MARK = marks.bare()
OTHER = marks.bare(marks.fields(PropagateID="other-<1>&'2'"))
MAINS = ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"]
values = st.dictionaries(st.sampled_from(list(marks.fields())), st.text(max_size=40)).map(
    lambda changes: json.dumps({**marks.fields(), **changes}, separators=(",", ":"))
)


def written(data: bytes, mark: str = MARK) -> bytes:
    return b"".join(ooxml_write.write(memoryview(data), mark))


def only(data: bytes) -> Candidate:
    (item,) = ooxml.read(memoryview(data))
    assert isinstance(item, Candidate)
    return item


def word_file() -> bytes:
    document = docx.Document()
    document.add_heading("Minutes", 1)
    document.add_paragraph("会议纪要 of Monday & Tuesday")
    document.add_table(2, 2).cell(1, 1).text = "budget"
    return saved(document.save)


def sheet_file() -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["name", 1.5, "=A1"])
    book.create_sheet("第二").append([True, None, "x"])
    return saved(book.save)


def slide_file() -> bytes:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[0])
    slide.shapes.title.text = "Budget <2026>"
    return saved(show.save)


def saved(save: Callable[[io.BytesIO], None]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def word_text(data: bytes) -> list[str]:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [paragraph.text for paragraph in document.paragraphs] + cells


def sheet_cells(data: bytes) -> list[object]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [[sheet.title, *(cell.value for row in sheet.iter_rows() for cell in row)] for sheet in book]


def slide_text(data: bytes) -> list[str]:
    show = pptx.Presentation(io.BytesIO(data))
    return [shape.text_frame.text for slide in show.slides for shape in slide.shapes if shape.has_text_frame]


FILES = [(word_file, word_text), (sheet_file, sheet_cells), (slide_file, slide_text)]


def records(data: bytes) -> dict[str, bytes]:
    """Each member's whole local record, from its header to the next one's."""
    package = open_package(memoryview(data))
    starts = [*sorted(member.start for member in package.members), package.directory]
    names = {member.start: member.name for member in package.members}
    return {names[a]: data[a:b] for a, b in pairwise(starts)}


@given(values, values, st.sampled_from(MAINS), st.booleans())
def test_what_is_written_is_read(first: str, second: str, main: str, has_properties: bool) -> None:
    plain = documents.office(main, documents.custom("a", name="Topic") if has_properties else "")
    once = written(plain, first)
    assert (only(once).text, only(once).oddities) == (first, ())
    twice = written(once, second)
    assert (only(twice).text, only(twice).oddities) == (second, ())
    assert written(twice, second) == twice


@pytest.mark.parametrize(("make", "content"), FILES, ids=["docx", "xlsx", "pptx"])
def test_content_and_all_other_members_stay(
    make: Callable[[], bytes], content: Callable[[bytes], object]
) -> None:
    plain = make()
    marked = written(plain)
    assert content(marked) == content(plain)
    before, after = records(plain), records(marked)
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {"[Content_Types].xml", "_rels/.rels", "docProps/custom.xml"}
    assert list(after)[: len(before)] == list(before)
    assert zipfile.ZipFile(io.BytesIO(marked)).testzip() is None
    again = written(marked, OTHER)
    assert {name for name, record in records(again).items() if after[name] != record} == {
        "docProps/custom.xml"
    }
    assert content(again) == content(plain)


def test_openpyxl_sees_the_property_and_keeps_the_others() -> None:
    book = openpyxl.Workbook()
    book.custom_doc_props.append(openpyxl.packaging.custom.StringProperty(name="Project", value="Sea"))
    found = openpyxl.load_workbook(io.BytesIO(written(saved(book.save)))).custom_doc_props
    assert {prop.name: prop.value for prop in found.props} == {"Project": "Sea", "AIGC": MARK}


def test_identifiers_stay_unique() -> None:
    words = documents.custom("a", name="Topic").replace('pid="2"', 'pid="7"')
    content = zipfile.ZipFile(io.BytesIO(written(documents.office(custom_xml=words)))).read(
        "docProps/custom.xml"
    )
    assert b'pid="8" name="AIGC"' in content
    assert content.startswith(words.removesuffix("</Properties>").encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace("<Properties ", "<q:Properties xmlns:q=").replace(
            "xmlns:q=xmlns=", "xmlns:q="
        ),
        lambda xml: "\ufeff" + xml,
        lambda xml: xml[: xml.index("<property")].rstrip(">") + "/>",
        lambda xml: xml.replace(" xmlns:vt", "\n\txmlns:vt"),
    ],
    ids=["prefixed", "byte-order-mark", "empty", "lines"],
)
def test_properties_written_by_others_take_the_mark(change: Callable[[str], str]) -> None:
    words = change(documents.custom("a", name="Topic"))
    words = words.replace("</Properties>", "</q:Properties>") if "<q:" in words else words
    words = (
        words.replace("<property", "<q:property").replace("</property", "</q:property")
        if "<q:" in words
        else words
    )
    marked = written(documents.office(custom_xml=words))
    assert (only(marked).text, only(marked).oddities) == (MARK, ())


def test_a_strict_document_gets_strict_names() -> None:
    plain = documents.office()
    strict = rewritten(
        plain,
        "_rels/.rels",
        "http://schemas.openxmlformats.org/officeDocument/2006",
        "http://purl.oclc.org/ooxml/officeDocument",
    )
    marked = written(strict)
    assert (only(marked).text, only(marked).oddities) == (MARK, ())
    assert b"purl.oclc.org/ooxml/officeDocument/customProperties" in zipfile.ZipFile(io.BytesIO(marked)).read(
        "docProps/custom.xml"
    )


def rewritten(data: bytes, name: str, old: str, new: str) -> bytes:
    archive = zipfile.ZipFile(io.BytesIO(data))
    return repacked(
        {
            n: archive.read(n).replace(old.encode(), new.encode()) if n == name else archive.read(n)
            for n in archive.namelist()
        }
    )


def repacked(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


class _Pipe(io.RawIOBase):
    """A stream that cannot go back, so that `zipfile` writes data descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


@pytest.mark.parametrize("wide", [False, True])
def test_data_descriptors_and_zip64_fields_are_kept(wide: bool) -> None:
    pipe = _Pipe()
    source = zipfile.ZipFile(io.BytesIO(documents.office()))
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            with archive.open(name, "w", force_zip64=wide) as member:
                member.write(source.read(name))
        archive.comment = b"made by a pipe"
    plain = bytes(pipe.data)
    marked = written(plain)
    assert only(marked).text == MARK
    assert zipfile.ZipFile(io.BytesIO(marked)).testzip() is None
    assert records(marked)["word/document.xml"] == records(plain)["word/document.xml"]
    assert marked.endswith(b"made by a pipe")


def test_a_zip64_end_record_is_put_right() -> None:
    data = documents.office()
    package = open_package(memoryview(data))
    count, length = len(package.members), package.end - package.directory
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, package.directory
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, package.end, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    marked = written(data[: package.end] + record + locator + end)
    assert only(marked).text == MARK
    assert zipfile.ZipFile(io.BytesIO(marked)).testzip() is None
    assert len(open_package(memoryview(marked)).members) == count + 1


REFUSED = {
    "digitally signed": documents.office(parts={"_xmlsignatures/sig1.xml": "<Signature/>"}),
    "in front of": b"#!/bin/sh\n" + documents.office(),
    "document type": documents.office(custom_xml="<!DOCTYPE a [<!ENTITY b 'c'>]><Properties/>"),
    "2 marks": documents.office(
        custom_xml=documents.custom(MARK).replace("</Properties>", documents.custom(MARK).partition("<property")[2])
        .replace(' fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="AIGC"><vt:lpwstr>' + "</", "</")
    ),
    "zip-comment": documents.office(comment=marks.wrapped().encode()),
    "core.xml": documents.office(parts={"docProps/core.xml": documents.core(marks.wrapped())}),
    "custom.xml:AIGC`": documents.office(custom_xml=documents.custom(MARK, kind="lpstr")),
    "not in UTF-8": repacked(
        {n: (zipfile.ZipFile(io.BytesIO(documents.office(custom_xml=documents.custom("a", name="T")))).read(n))
         for n in ("[Content_Types].xml", "_rels/.rels", "word/document.xml")}
        | {"docProps/custom.xml": documents.custom("a", name="T").encode("utf-16")}
    ),
    "which it lacks": rewritten(documents.office(custom_xml=documents.custom("a", name="T")), "_rels/.rels", "docProps/custom.xml", "docProps/gone.xml"),
    "end record": b"PK\x03\x04 a document that was cut off",
}  # fmt: skip
REFUSED["2 marks"] = documents.office(
    custom_xml=documents.custom(MARK).replace(
        "</Properties>", "<property" + documents.custom(OTHER).partition("<property")[2]
    )
)


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_marked_is_refused_with_the_reason(reason: str) -> None:
    with pytest.raises(CarrierError, match=reason):
        ooxml_write.write(memoryview(REFUSED[reason]), MARK)  # before the first piece


def test_overlapping_members_are_refused() -> None:
    data = bytearray(documents.office())
    package = open_package(memoryview(bytes(data)))
    last = package.members[-1]
    struct.pack_into("<L", data, last.entry + 20, last.packed + 1)
    with pytest.raises(CarrierError, match=r"overlaps|checksum|inflate"):
        ooxml_write.write(memoryview(bytes(data)), MARK)


@pytest.mark.parametrize(
    "data", [documents.office(custom_xml=documents.custom(MARK)), word_file()], ids=["small", "word"]
)
def test_cut_and_changed_files_raise_carrier_errors_only(data: bytes) -> None:
    chance = random.Random(7)
    cuts = [data[: chance.randrange(len(data))] for _ in range(60)]
    changed = []
    for _ in range(300):
        each = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            each[chance.randrange(len(each))] = chance.randrange(256)
        changed.append(bytes(each))
    for each in cuts + changed:
        try:
            found = list(ooxml.read(memoryview(each)))
            assert all(isinstance(item, Candidate | Unread) for item in found)
            out = written(each)
        except CarrierError:
            continue
        assert only(out).text == MARK


def test_bombs_cost_little() -> None:
    bomb = documents.office(custom_xml="<Properties>" + " " * 300_000_000 + "</Properties>")
    start = time.process_time()
    (item,) = ooxml.read(memoryview(bomb))
    assert isinstance(item, Unread)
    assert time.process_time() - start < 1


def test_many_members_take_linear_time() -> None:
    def seconds(count: int) -> float:
        data = repacked(
            {"[Content_Types].xml": b"<Types/>", "_rels/.rels": b"<Relationships/>"}
            | {f"word/{n}.xml": b"<a/>" for n in range(count)}
        )
        start = time.process_time()
        written(data)
        return time.process_time() - start

    seconds(100)
    assert seconds(8_000) < 12 * seconds(1_000) + 0.1


def test_an_unpacked_member_is_held_to_its_limit() -> None:
    data = memoryview(documents.office())
    member = open_package(data).named("word/document.xml")[0]
    assert unpack(data, member, 10) is None
    assert unpack(data, member, member.unpacked) is not None


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_a_marked_document(tmp_path: Path) -> None:
    file = tmp_path / "marked.docx"
    file.write_bytes(written(word_file()))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "txt:Text (encoded):UTF8",
        "--outdir",
        str(tmp_path),
        str(file),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert "会议纪要 of Monday & Tuesday" in (tmp_path / "marked.txt").read_text("utf-8-sig")


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_shows_the_property(tmp_path: Path) -> None:
    file = tmp_path / "marked.docx"
    file.write_bytes(written(word_file()))
    said = subprocess.run(["exiftool", "-j", str(file)], check=True, capture_output=True, timeout=60).stdout
    (shown,) = json.loads(said)
    if shown["FileType"] == "ZIP":
        pytest.skip("exiftool's module for archives (libarchive-zip-perl) is not installed")
    assert json.loads(shown["AIGC"]) if isinstance(shown["AIGC"], str) else shown["AIGC"] == json.loads(MARK)
