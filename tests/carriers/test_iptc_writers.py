"""IPTC's digital source type written into pictures: scan reads it back, and no declaration of AI is ever exchanged."""

import io

import pytest
from PIL import Image, ImageSequence

import marks
from brightline.carriers.iptc import DIGITAL_SOURCE_TYPE, WRITE_IPTC
from brightline.carriers.readers import READERS
from brightline.core.errors import CarrierError
from brightline.core.finding import Finding
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.provenance import generators
from marks import Marked

CONTEXT = Context(time="2026-11-23T12:00:00Z")
NEWSCODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = NEWSCODES + "trainedAlgorithmicMedia"
EDITED = NEWSCODES + "compositeWithTrainedAlgorithmicMedia"
CAPTURED = NEWSCODES + "digitalCapture"
KINDS = (Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.TIFF, Kind.GIF)
PLAIN = [file for file in marks.plain_files() if file.kind in KINDS]
MARKED = [file for file in marks.compliant_files() if file.kind in KINDS]


def written(file: Marked, uri: str = GENERATED) -> bytes:
    return b"".join(WRITE_IPTC[file.kind](memoryview(file.data), uri))


def declared(kind: Kind, data: bytes) -> list[Finding]:
    subject = Subject(digest="0" * 64, size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))
    return [one for one in generators.detect(subject) if one.claim == "origin.ai_declared"]


def decoded(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as picture:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(picture)]


def packet_with(value: str) -> bytes:
    return marks.xmp_without_mark().replace(
        b' xmp:CreatorTool="Camera"',
        f' xmlns:e="{DIGITAL_SOURCE_TYPE.namespace}" e:DigitalSourceType="{value}"'.encode(),
    )


@pytest.mark.parametrize("file", PLAIN + MARKED, ids=lambda file: file.name)
def test_what_is_written_is_read_by_scan_and_nothing_else_changes(file: Marked) -> None:
    new = written(file)
    (finding,) = declared(file.kind, new)
    assert finding.detail("by") == "iptc"
    assert finding.detail("source_type") == "trainedAlgorithmicMedia"
    assert decoded(new) == decoded(file.data)
    found = [
        [getattr(one, "text", "") for one in READERS[file.kind](memoryview(d))] for d in (file.data, new)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("file", PLAIN + MARKED, ids=lambda file: file.name)
def test_writing_the_same_again_changes_nothing(file: Marked) -> None:
    new = written(file)
    assert written(file._replace(data=new)) == new


@pytest.mark.parametrize("file", PLAIN, ids=lambda file: file.name)
def test_a_declaration_of_ai_is_never_exchanged_for_another_one(file: Marked) -> None:
    new = file._replace(data=written(file))
    for other in (EDITED, CAPTURED, "https://example.com/unknownTerm"):
        with pytest.raises(CarrierError, match="must stay"):
            written(new, other)


def test_an_address_in_another_spelling_is_left_as_it_is() -> None:
    for value in ("trainedAlgorithmicMedia", GENERATED.replace("http:", "https:"), GENERATED + "/"):
        data = marks.png(marks.xmp_chunk(packet_with(value)))
        assert written(Marked("p", Kind.PNG, data)) == data


def test_a_capture_that_was_edited_with_ai_says_so() -> None:
    data = marks.png(marks.xmp_chunk(packet_with(CAPTURED)))
    new = written(Marked("p", Kind.PNG, data), EDITED)
    assert packet_with(EDITED) in new
    (finding,) = declared(Kind.PNG, new)
    assert finding.detail("source_type") == "compositeWithTrainedAlgorithmicMedia"
    with pytest.raises(CarrierError, match="must stay"):
        written(Marked("p", Kind.PNG, data), NEWSCODES + "print")


def test_a_term_that_nobody_knows_may_mean_ai_and_stays() -> None:
    data = marks.webp(marks.riff_chunk(b"XMP ", packet_with("https://example.com/dreamt")))
    with pytest.raises(CarrierError, match="dreamt"):
        written(Marked("w", Kind.WEBP, data))


def test_extended_xmp_that_says_something_is_not_contradicted() -> None:
    data = marks.jpeg(marks.extended_xmp_segments(packet_with(EDITED)))
    with pytest.raises(CarrierError, match="extended XMP"):
        written(Marked("j", Kind.JPEG, data))


def test_xmp_with_a_mark_behind_the_pixels_is_not_moved() -> None:
    data = marks.png(marks.xmp_chunk(marks.xmp(marks.bare())), where="pixels")
    new = written(Marked("p", Kind.PNG, data))
    assert new.index(b"IDAT") < new.index(b"TC260:AIGC")


@pytest.mark.parametrize(
    "uri", ["", "trainedAlgorithmicMedia", "http://", "http://a b", "http://a<b", "http://é.example"]
)
def test_what_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(CarrierError, match="expected an address"):
        WRITE_IPTC[Kind.PNG](memoryview(marks.plain_png()), uri)
