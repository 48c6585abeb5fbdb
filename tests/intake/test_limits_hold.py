import csv
import gzip
import struct

import pytest
from intake_parts import gap_kinds, gaps_of, headers_of, nodes, opened, words_of

from brightline.core.subject import GapKind, Kind
from hostile import pdfs
from hostile.corpus import overlapping, tar_of
from hostile.samples import ENGLISH, animation, heic, picture, recording, samples, zipped

MiB = 1024 * 1024


def limit_words(subject):
    return [gap.why for gap in gaps_of(subject) if gap.kind is GapKind.LIMIT]


def says(subject, number):
    found = limit_words(subject)
    assert found, "no limit was said to be hit"
    assert any(str(number) in words.en and str(number) in words.zh for words in found), found
    return True


def test_text_is_read_up_to_its_limit():
    subject = opened(b"word " * 1000, text_bytes=1024)
    assert len(subject.text) == 1024
    assert says(subject, "1 KiB")


def test_parts_are_counted_over_the_whole_tree():
    inner = zipped({f"{i}": b"x" for i in range(5)})
    subject = opened(zipped({f"{i}.zip": inner for i in range(5)}), parts=12)
    assert len(list(nodes(subject))) <= 13
    assert says(subject, 12)


def test_nesting_is_counted():
    data = b"bottom"
    for level in range(6):
        data = zipped({f"{level}": data})
    subject = opened(data, depth=3)
    assert says(subject, 3)
    assert len(list(nodes(subject))) == 4
    assert opened(data).parts


@pytest.mark.parametrize("pack", [lambda data: zipped({"a": data}), lambda data: gzip.compress(data)])
def test_a_member_over_the_ratio_is_refused_and_little_is_unpacked(pack):
    subject = opened(pack(bytes(8 * MiB)))
    assert says(subject, 200)
    assert not subject.parts


def test_unpacked_bytes_are_counted_over_the_whole_tree():
    noise = bytes(i * i % 256 for i in range(100_000))
    subject = opened(zipped({f"{i}": noise for i in range(10)}, method=0), unpacked_bytes=512_000)
    assert len(subject.parts) == 5
    assert says(subject, "500 KiB")


def test_a_bomb_in_a_zip_does_not_keep_its_neighbours_from_being_read():
    subject = opened(zipped({"bomb": bytes(8 * MiB), "text": ENGLISH.encode()}))
    assert [part.text for part in subject.parts] == [ENGLISH]


def test_overlapping_members_are_not_unpacked():
    subject = opened(overlapping(100, MiB))
    assert not subject.parts
    assert gap_kinds(subject) == {GapKind.MALFORMED}


def test_time_is_counted():
    subject = opened(samples()["files.zip"][0], subject_seconds=1e-9)
    assert gap_kinds(subject) == {GapKind.TIMEOUT}


@pytest.mark.parametrize("data", [picture("PNG", (300, 200)), picture("JPEG", (300, 200)), heic(300, 200)])
def test_pixels_are_counted_without_decoding(data):
    subject = opened(data, pixels=50_000)
    assert says(subject, 60_000)
    assert (headers_of(subject)["width"], headers_of(subject)["height"]) == ("300", "200")


def test_frames_count_as_pixels():
    assert says(opened(animation(frames=5), pixels=2_000), 3_000)


def test_a_picture_that_declares_terapixels_is_a_gap():
    assert says(opened(heic(2**31, 2**31)), 2**62)


def test_seconds_are_counted():
    assert says(opened(recording("wav", "pcm_s16le", 3.0), media_seconds=2), 2)


def test_pages_are_counted():
    subject = opened(pdfs.pdf("a page", pages=5), pages=2)
    assert subject.text.count("a page") == 2
    assert says(subject, 2)


@pytest.mark.parametrize("data", [pdfs.forms(9, 10), pdfs.bomb(80 * MiB), pdfs.bomb(80 * MiB, layers=2)])
def test_a_pdf_that_would_starve_its_parser_is_refused(data):
    subject = opened(data)
    assert subject.kind is Kind.PDF
    assert limit_words(subject)


@pytest.mark.parametrize(
    "operator", [b"(a) Tj ", b"0 0 m 9 9 l S ", b"q ", b"BI /W 1 /H 1 /BPC 8 /CS /G ID x EI "]
)
def test_a_page_of_millions_of_operators_is_refused(operator):
    content = operator * (30 * MiB // len(operator))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
    objects = [pdfs.CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, pdfs.stream(content, layers=1)]
    assert says(opened(pdfs.assemble(objects)), "256 MiB")


def test_one_small_stream_repeated_as_content_is_refused():
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents[" + b"4 0 R " * 5_000 + b"]>>"
    stream = pdfs.stream(b"q " * 50_000, layers=1)
    assert says(
        opened(pdfs.assemble([pdfs.CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream])), "256 MiB"
    )


@pytest.mark.parametrize("markup", [b"<br>" * 1_000_000, b"<p a b c d e f g h i j k l>" * 150_000])
def test_a_page_of_too_many_elements_or_attributes_is_read_flat(markup):
    assert says(opened(b"<html>" + markup), "256 MiB")


def test_forms_within_reason_are_read():
    assert opened(pdfs.forms(2, 10)).text.strip() == "hi"


def test_a_sparse_or_endless_tar_takes_nothing():
    subject = opened(tar_of(("big", 2**50, b"0")))
    assert gap_kinds(subject) == {GapKind.MALFORMED}
    assert opened(tar_of(("hole", 100, b"S"))).gaps[0].kind is GapKind.UNSUPPORTED


def test_a_directory_too_long_to_hold_is_malformed():
    data = b"PK\x03\x04" + bytes(9 * MiB) + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 9 * MiB, 0, 0)
    assert gap_kinds(opened(data)) == {GapKind.MALFORMED}


def test_entities_are_never_expanded():
    laughs = b'<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><w:document xmlns:w="w"><w:p><w:r><w:t>x&b;</w:t></w:r></w:p></w:document>'
    subject = opened(zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": laughs}))
    assert subject.kind is Kind.DOCX
    assert "lol" not in words_of(subject)


def test_json_that_would_take_too_much_memory_is_read_as_text():
    subject = opened(b"[" + b"{}," * 1_000_000 + b"{}]")
    assert says(subject, 128)
    assert subject.text.startswith("[{},")


def test_nested_json_is_read_as_text():
    assert limit_words(opened(b"[" * 100_000 + b"]" * 100_000))


def test_records_are_counted():
    subject = opened(b'{"user":"a","text":"b"}\n' * 50, parts=20)
    assert len(subject.parts) == 20
    assert says(subject, 20)


def test_a_csv_field_over_the_limit_is_a_gap_whatever_another_reader_set():
    csv.field_size_limit(10_000_000)  # as libraries do, for the whole process
    subject = opened(b'user,text\na,b\nc,"' + b"x" * 200_000 + b'"\n')
    assert says(subject, 131_072)
    assert [part.text for part in subject.parts] == ["b"]


def test_mail_headers_are_counted():
    data = (
        b"From: a@b.test\nTo: c@d.test\nSubject: x\n"
        + b"".join(b"X-%d: y\n" % i for i in range(5_000))
        + b"\nhi"
    )
    subject = opened(data)
    assert len(subject.headers) == 1_000
    assert says(subject, 1_000)
    assert subject.text == "hi"


def test_multiparts_are_counted_in_depth():
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=B%d\n\n--B%d\n" % (i, i) for i in range(50))
    assert says(opened(b"From: a@b.test\nTo: c@d.test\nSubject: x\n" + nested + b"\nx"), 10)
