"""The carriers' own structure: where candidates lie, what is decoded, which limits hold."""

import base64
import io
import json
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import marks
from brightline.carriers import gif, isobmff, jpeg, markdown, png, riff, tiff, webp
from brightline.carriers.candidate import Candidate, Form, Oddity, Read, Unread
from brightline.carriers.exif import read_exif
from brightline.carriers.loose import find_loose, object_length, unescape
from brightline.carriers.readers import READERS
from brightline.carriers.xmp import read_xmp
from brightline.core.errors import CarrierError
from brightline.core.subject import Kind

MARK = marks.bare()


def only(read: Read, data: bytes) -> Candidate:
    (candidate,) = read(memoryview(data))
    assert isinstance(candidate, Candidate)
    return candidate


def unread(read: Read, data: bytes) -> list[Unread]:
    return [item for item in read(memoryview(data)) if isinstance(item, Unread)]


def test_every_reader_is_a_kind_with_a_family() -> None:
    assert set(READERS) == {
        Kind.PNG,
        Kind.JPEG,
        Kind.WEBP,
        Kind.TIFF,
        Kind.GIF,
        Kind.HEIF,
        Kind.AVIF,
        Kind.WAV,
        Kind.AVI,
        Kind.MP3,
        Kind.FLAC,
        Kind.OGG,
        Kind.MATROSKA,
        Kind.FLV,
        Kind.MP4,
        Kind.MOV,
        Kind.M4A,
        Kind.DOCX,
        Kind.XLSX,
        Kind.PPTX,
        Kind.PDF,
        Kind.MARKDOWN,
        Kind.TEXT,
    }


@pytest.mark.parametrize(
    "read", [png.read, jpeg.read, webp.read, tiff.read, gif.read, riff.read, isobmff.read]
)
@pytest.mark.parametrize("data", [b"", b"\x00", b"GIF89a", b"\x89PNG", b"RIFF\x00\x00\x00\x00WEB", b"\xff"])
def test_bytes_of_another_format_are_refused(read: Read, data: bytes) -> None:
    with pytest.raises(CarrierError):
        list(read(memoryview(data)))


# PNG


def test_png_finds_all_ways_to_hold_text() -> None:
    packet = marks.xmp(MARK)
    chunks = [
        marks.xmp_chunk(packet),
        marks.xmp_chunk(packet, compressed=True),
        marks.text_chunk("AIGC", marks.wrapped()),
        marks.ztxt_chunk("AIGC", marks.wrapped()),
        marks.itxt("AIGC", marks.wrapped().encode()),
        marks.text_chunk("XML:com.adobe.xmp", packet.decode()),
        marks.text_chunk("My AIGC tag", marks.wrapped()),
    ]
    for chunk in chunks:
        data = marks.png(chunk)
        candidate = only(png.read, data)
        assert "98ae6b12-23e2-49af-b98a-780706f8e584" in candidate.text
        assert data[candidate.start : candidate.end] == chunk


def test_png_text_that_mentions_aigc_is_no_mark() -> None:
    for value in (
        "AIGC style portrait",
        "AIGC, {detailed}",
        '{"prompt": "AIGC"}',
        '{"ServiceProvider": "x"}',
    ):
        assert list(png.read(memoryview(marks.png(marks.text_chunk("parameters", value))))) == []


def test_png_reads_on_behind_a_broken_chunk() -> None:
    broken = marks.png_chunk(b"zTXt", b"AIGC\x00\x00not zlib")
    items = list(png.read(memoryview(marks.png(broken, marks.xmp_chunk(marks.xmp(MARK))))))
    assert [type(item) for item in items] == [Unread, Candidate]


def test_png_chunk_with_a_wrong_checksum_and_no_mark_is_unread() -> None:
    broken = marks.itxt("XML:com.adobe.xmp", marks.xmp_without_mark(), wrong_checksum=True)
    (item,) = unread(png.read, marks.png(broken))
    assert "checksum" in item.why


@pytest.mark.parametrize(
    "chunk",
    [
        marks.png_chunk(b"tEXt", b"no separator"),
        marks.png_chunk(b"tEXt", b"\x00no keyword"),
        marks.png_chunk(b"iTXt", b"AIGC\x00"),
        marks.png_chunk(b"iTXt", b"AIGC\x00\x00\x00no ends"),
        marks.png_chunk(b"zTXt", b"AIGC\x00\x00" + zlib.compress(b"cut" * 1000)[:-9]),
        marks.png_chunk(b"zTXt", b"AIGC\x00\x00" + zlib.compress(bytes(5 * 1024 * 1024))),
        marks.png_chunk(b"eXIf", b"II*"),
    ],
)
def test_png_text_that_cannot_be_read_is_unread(chunk: bytes) -> None:
    assert len(unread(png.read, marks.png(chunk))) == 1


def test_png_without_iend_is_a_carrier_error_after_what_was_found() -> None:
    reading = png.read(memoryview(marks.png(marks.xmp_chunk(marks.xmp(MARK)))[:-12]))
    assert isinstance(next(reading), Candidate)
    with pytest.raises(CarrierError, match="without IEND"):
        list(reading)


# JPEG


def test_jpeg_skips_the_thumbnail_inside_exif() -> None:
    block = marks.exif_block({0x010E: (2, marks.plain_jpeg() + b"\x00")})
    assert list(jpeg.read(memoryview(marks.jpeg(marks.exif_segment(block))))) == []


def test_jpeg_extended_xmp_needs_all_its_parts() -> None:
    whole = marks.extended_xmp_segments(marks.xmp(MARK), part_bytes=100)
    assert only(jpeg.read, marks.jpeg(whole)).text == MARK
    size = 4 + 35 + 40 + 100  # marker and length, header, GUID with sizes, data
    (item,) = unread(jpeg.read, marks.jpeg(whole[: -2 * size]))
    assert "do not fill it" in item.why


def test_jpeg_progressive_scans_are_walked() -> None:
    stream = io.BytesIO()
    marks.picture().save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    placed = data[:-2] + marks.xmp_segment(marks.xmp(MARK)) + data[-2:]
    assert Oddity.AFTER_PIXELS in only(jpeg.read, placed).oddities


def test_jpeg_fill_bytes_before_a_marker_are_allowed() -> None:
    segment = b"\xff\xff\xff" + marks.xmp_segment(marks.xmp(MARK))
    assert only(jpeg.read, marks.jpeg(segment)).text == MARK


def test_jpeg_xmp_in_a_strange_segment_is_found() -> None:
    packet = b"XMP\x00XMP\x00" + marks.xmp(MARK)
    assert only(jpeg.read, marks.jpeg(marks.segment(0xE1, packet))).oddities == (Oddity.UNUSUAL_PLACE,)


# WebP


def test_webp_one_missing_padding_byte_is_forgiven() -> None:
    packet = marks.xmp(MARK)
    data = marks.webp(marks.riff_chunk(b"XMP ", packet + b" " * (1 - len(packet) % 2)))
    assert only(webp.read, data[:-1]).text == MARK


def test_webp_that_promises_more_than_it_has_is_refused() -> None:
    data = bytearray(marks.webp(marks.riff_chunk(b"XMP ", marks.xmp(MARK))))
    data[4:8] = struct.pack("<I", len(data) + 100)
    with pytest.raises(CarrierError):
        list(webp.read(memoryview(bytes(data))))


# WAV and AVI

_CHUNK = marks.riff_chunk(b"AIGC", MARK.encode())


def test_wav_written_to_a_pipe_is_read_before_its_sound() -> None:
    body = marks.plain_wav()[12:36] + _CHUNK + b"data\xff\xff\xff\xff" + bytes(1000)
    for size in (b"\xff\xff\xff\xff", bytes(4)):
        assert only(riff.read, b"RIFF" + size + b"WAVE" + body).text == MARK


def test_wav_of_sixty_four_bits_is_read_behind_its_sound() -> None:
    sizes = marks.riff_chunk(b"ds64", struct.pack("<QQQI", 0, 1000, 500, 0))
    body = sizes + b"data\xff\xff\xff\xff" + bytes(1000) + _CHUNK
    assert only(riff.read, b"RF64\xff\xff\xff\xffWAVE" + body).text == MARK


def test_wav_big_endian_is_read() -> None:
    chunk = b"AIGC" + struct.pack(">I", len(MARK)) + MARK.encode() + bytes(len(MARK) & 1)
    data = b"RIFX" + struct.pack(">I", 4 + len(chunk)) + b"WAVE" + chunk
    assert only(riff.read, data).text == MARK


def test_avi_in_several_containers_is_read_to_the_last() -> None:
    data = marks.avi() + marks.riff(b"AVIX", marks.info_list(_CHUNK))
    candidate = only(riff.read, data)
    assert (candidate.text, data[candidate.start : candidate.end]) == (MARK, _CHUNK[: 8 + len(MARK)])


def test_wav_whose_container_is_a_little_too_short_is_forgiven() -> None:
    data = bytearray(marks.wav(_CHUNK))
    data[4:8] = struct.pack("<I", len(data) - 20)
    assert only(riff.read, bytes(data)).text == MARK


def test_riff_chunks_that_reach_beyond_their_container_are_refused() -> None:
    for data in (
        marks.riff(b"WAVE", b"AIGC\xff\xff\x00\x00"),
        marks.wav(marks.riff_chunk(b"LIST", b"INFOAIGC\xff\x00\x00\x00")),
    ):
        with pytest.raises(CarrierError, match="beyond its container"):
            list(riff.read(memoryview(data)))


# MP4


def test_mp4_large_sizes_and_open_ends_are_read() -> None:
    movie = marks.box(b"moov", marks.box(b"udta", marks.meta_box(MARK)))
    large = struct.pack(">I4sQ", 1, b"moov", len(movie) + 8) + movie[8:]
    head = marks.box(b"ftyp", b"isom") + marks.box(b"mdat")
    for data in (head + large, head + bytes(4) + movie[4:], head + movie + bytes(4) + b"mdat"):
        assert only(isobmff.read, data).text == MARK


def test_mp4_boxes_that_reach_beyond_what_holds_them_are_refused() -> None:
    for inner in (b"\x00\x00\x00\x07udta", b"\x00\x00\xff\xffudta", b"\x00\x00\x00\x01udta", b"\x00\x01"):
        with pytest.raises(CarrierError):
            list(isobmff.read(memoryview(marks.mp4(in_moov=inner))))


def test_mp4_without_a_movie_is_refused_and_with_other_keys_holds_nothing() -> None:
    with pytest.raises(CarrierError, match="moov"):
        list(isobmff.read(memoryview(marks.box(b"ftyp", b"isom"))))
    assert list(isobmff.read(memoryview(marks.mp4(marks.meta_box("true", key="isAIGC"))))) == []


# XMP


def test_xmp_in_utf16_is_read() -> None:
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        packet = mark + marks.xmp(MARK).decode().replace("\ufeff", "").encode(encoding)
        (candidate,) = read_xmp(packet, "x", 0, len(packet))
        assert isinstance(candidate, Candidate)
        assert (candidate.text, candidate.oddities) == (MARK, ())


def test_xmp_never_expands_entities_or_reads_files() -> None:
    for doctype in ('<!DOCTYPE x [<!ENTITY a "1">]>', '<!DOCTYPE x SYSTEM "file:///etc/passwd">'):
        packet = marks.xmp("&a;").replace(b"<x:xmpmeta", doctype.encode() + b"<x:xmpmeta", 1)
        (item,) = read_xmp(packet, "x", 0, 1)
        assert isinstance(item, Unread)


def test_xmp_mark_in_an_alternative_list_is_read() -> None:
    listed = marks.xmp("@").replace(b"@", b"<rdf:Alt><rdf:li>" + MARK.encode() + b"</rdf:li></rdf:Alt>")
    (candidate,) = read_xmp(listed, "x", 0, 1)
    assert isinstance(candidate, Candidate)
    assert (candidate.text, candidate.form) == (MARK, Form.XMP_ELEMENT)


def test_xmp_that_is_broken_but_names_no_mark_is_unread() -> None:
    (item,) = read_xmp(marks.xmp_without_mark()[:-30], "x", 0, 1)
    assert isinstance(item, Unread)


def test_xmp_too_large_for_a_tree_is_read_only_for_a_marks_name() -> None:
    padding = b"<rdf:Description>" + b"A" * (5 * 1024 * 1024) + b"</rdf:Description></rdf:RDF>"
    whole = marks.xmp_without_mark().replace(b"</rdf:RDF>", padding)
    assert list(read_xmp(whole, "x", 0, 1)) == []
    for packet, why in ((whole[:-200], "cut off"), (whole.replace(b"AAAA", b"AIGC", 1), "larger than 4 MiB")):
        (item,) = read_xmp(packet, "x", 0, 1)
        assert isinstance(item, Unread)
        assert why in item.why


def test_xmp_of_only_padding_holds_nothing() -> None:
    assert list(read_xmp(b" \n\x00\x00 ", "x", 0, 5)) == []


# EXIF


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", [b"ASCII\x00\x00\x00", b"UNICODE\x00", bytes(8)])
def test_exif_user_comment_is_read_in_each_code_and_order(order: str, code: bytes) -> None:
    block = marks.user_comment(marks.wrapped(), code=code, order=order)
    (candidate,) = read_exif(block, "e", 100)
    assert isinstance(candidate, Candidate)
    assert candidate.text == marks.wrapped()
    assert candidate.start == 100 + block.rindex(code)


def test_exif_base64_in_a_user_comment_is_a_candidate() -> None:
    block = marks.user_comment(base64.b64encode(marks.wrapped().encode()).decode())
    (candidate,) = read_exif(block, "e", 0)
    assert isinstance(candidate, Candidate)


def test_exif_directories_that_point_at_each_other_end() -> None:
    block = b"II*\x00" + struct.pack("<IHI", 8, 0, 8)
    assert list(read_exif(block, "e", 0)) == []


def test_exif_tags_that_all_point_at_the_same_bytes_hit_a_limit() -> None:
    size = 1024 * 1024
    tags = b"".join(struct.pack("<HHII", 0xC000 + index, 7, size, 3000) for index in range(200))
    block = b"II*\x00" + struct.pack("<IH", 8, 200) + tags + bytes(3000 + size)
    (item,) = read_exif(block, "e", 0)
    assert isinstance(item, Unread)
    assert "64 MiB" in item.why


def test_exif_offsets_outside_the_block_are_unread() -> None:
    block = b"II*\x00" + struct.pack("<IHHHIII", 8, 1, 0x010E, 2, 100, 5000, 0)
    (item,) = read_exif(block, "e", 0)
    assert isinstance(item, Unread)


# Markdown


def test_markdown_front_matter_is_read_with_crlf_bom_and_gb18030() -> None:
    text = marks.front_matter().decode()
    for data in (
        text.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("Minutes", "会议纪要").encode("gb18030"),
        text.encode("utf-16"),
    ):
        assert [pair.name for pair in only(markdown.read, data).fields][:2] == ["Label", "ContentProducer"]


def test_markdown_flow_mapping_is_read() -> None:
    (candidate,) = markdown.read(
        memoryview(b"---\nAIGC: {Label: '1', ContentProducer: x, ProduceID: y}\n---\n")
    )
    assert isinstance(candidate, Candidate)
    assert len(candidate.fields) == 3


def test_markdown_examples_in_the_middle_are_no_marks() -> None:
    text = f"# How to mark\n\n```yaml\n{marks.yaml_lines()}```\n\n{marks.PROSE * 30}"
    assert list(markdown.read(memoryview(text.encode()))) == []


def test_markdown_front_matter_that_is_no_yaml_matters_only_when_it_names_aigc() -> None:
    assert list(markdown.read(memoryview(b"---\ntitle: {{ x }\n---\n"))) == []
    assert len(unread(markdown.read, b"---\nAIGC: {{ x }\n---\n")) == 1
    assert len(unread(markdown.read, b"---\nAIGC: " + b"[" * 100 + b"\n---\n")) == 1
    assert len(unread(markdown.read, b"---\nAIGC: x\nb: " + b"y" * 70_000 + b"\n---\n")) == 1


def test_markdown_is_bounded() -> None:
    with pytest.raises(CarrierError, match="64 MiB"):
        list(markdown.read(memoryview(bytes(64 * 1024 * 1024 + 1))))


# Loose objects


@given(st.dictionaries(st.text(), st.text() | st.none() | st.integers(), min_size=1), st.binary(max_size=50))
def test_a_json_object_is_cut_out_of_what_follows_it(value: dict[str, object], tail: bytes) -> None:
    text = json.dumps(value).encode()
    assert object_length(text + tail) == len(text)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_searched(data: bytes) -> None:
    for loose in find_loose(b"AIGC{" + data):
        assert 0 <= loose.start < loose.end <= len(data) + 5


def test_entities_are_undone_once() -> None:
    assert unescape("&amp;quot;") == "&quot;"
    (loose,) = find_loose(b"<TC260:AIGC>{&quot;Label&quot;:&quot;1&quot;}</TC260:AIGC>")
    assert loose.text == '{"Label":"1"}'
