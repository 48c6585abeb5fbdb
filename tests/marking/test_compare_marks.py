"""Comparing: what became of each mark, and the step that lost it, told from evidence."""

import io
import shutil
import subprocess
from itertools import pairwise

import av
import pytest
from marking_parts import PROPAGATOR, inventory, order, picture_bytes, plain_file, settings_in
from PIL import Image

import marks
from brightline.core.subject import Kind
from brightline.marking.causes import Step
from brightline.marking.compare import Fate, compare, nothing_lost
from brightline.marking.found import Layer
from brightline.marking.plan import Regime, Statement
from brightline.marking.samples import SUFFIXES, sample
from brightline.marking.write import mark_file
from brightline.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


def marked(folder, kind, settings):
    target = folder / f"before{SUFFIXES[kind]}"
    mark_file(plain_file(folder, kind), target, order(Statement.SUSPECTED), settings)
    return target


def compared(before, data, suffix, settings):
    after = before.with_name(f"after{suffix}")
    after.write_bytes(data)
    return compare(inventory(before, settings), inventory(after, settings))


def remuxed(path, muxer):
    """The same packets in a new container, without the tags."""
    out = io.BytesIO()
    with av.open(str(path)) as old, av.open(out, "w", format=muxer) as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return out.getvalue()


def test_a_copy_keeps_every_mark_and_names_no_cause(tmp_path, settings):
    before = marked(tmp_path, Kind.PNG, settings)
    done = compared(before, before.read_bytes(), ".png", settings)
    assert done.is_whole
    assert done.cause is None
    assert done.same_content is True


def test_a_remux_without_tags_is_named(tmp_path, settings):
    before = marked(tmp_path, Kind.MP4, settings)
    done = compared(before, remuxed(before, "mp4"), ".mp4", settings)
    assert {one.fate for one in done.changes} == {Fate.LOST}
    assert done.cause.step is Step.REMUXED
    assert "packets: the same" in done.cause.evidence


def opened(path):
    image = Image.open(path)
    image.load()
    return image


@pytest.mark.parametrize(
    ("make", "suffix", "step"),
    [
        (lambda image: picture_bytes(image, "PNG"), ".png", Step.REWRITTEN),
        (lambda image: picture_bytes(image.resize((240, 160)), "PNG"), ".png", Step.RESIZED),
        (lambda image: picture_bytes(image.crop((40, 20, 300, 300)), "JPEG"), ".jpg", Step.CROPPED),
        (lambda image: picture_bytes(image.resize((700, 400)).crop((0, 0, 640, 400)), "PNG"), ".png", Step.SCREENSHOT),
        (lambda image: picture_bytes(image, "JPEG", quality=80), ".jpg", Step.CONVERTED),
        (lambda image: picture_bytes(image.point(lambda value: value // 2 * 2), "PNG"), ".png", Step.REENCODED),
        (lambda image: picture_bytes(image.transpose(Image.Transpose.FLIP_TOP_BOTTOM), "PNG"), ".png", Step.OTHER_CONTENT),
    ],
    ids=["rewritten", "resized", "cropped", "screenshot", "converted", "re-encoded", "another picture"],
)  # fmt: skip
def test_what_was_done_to_a_picture_is_told_from_evidence(make, suffix, step, tmp_path, settings):
    before = marked(tmp_path, Kind.PNG, settings)
    done = compared(before, make(opened(before)), suffix, settings)
    assert done.of(Fate.LOST)
    assert done.cause.step is step, done.cause
    assert done.cause.words.zh


def test_a_mark_that_was_edited_is_told_from_one_that_was_lost(tmp_path, settings):
    before = tmp_path / "before.wav"
    before.write_bytes(marks.wav(marks.riff_chunk(b"AIGC", marks.bare().encode())))
    forged = marks.wav(marks.riff_chunk(b"AIGC", marks.bare(marks.fields(ContentProducer="Other")).encode()))
    done = compared(before, forged, ".wav", settings)
    assert done.of(Fate.CHANGED)[0].differs == ("ContentProducer",)
    assert done.cause.step is Step.MARK_EDITED
    assert nothing_lost(inventory(before, settings), inventory(tmp_path / "after.wav", settings))


def test_text_that_was_cut_cannot_be_told(tmp_path, settings):
    before = marked(tmp_path, Kind.MARKDOWN, settings)
    done = compared(before, b"# Notes\n\nSomething else altogether.\n", ".md", settings)
    assert done.of(Fate.LOST)
    assert done.cause.step is Step.CANNOT_TELL


def test_a_conversion_that_carries_the_mark_along_keeps_it(tmp_path, settings):
    before = marked(tmp_path, Kind.PNG, settings)
    packet = next(value for name, value in opened(before).info.items() if name == "XML:com.adobe.xmp")
    done = compared(before, picture_bytes(opened(before), "JPEG", xmp=packet.encode()), ".jpg", settings)
    assert done.is_whole


def test_a_signature_that_no_longer_holds_is_told_as_an_edit(tmp_path):
    settings = settings_in(tmp_path / "keys")
    signed = tmp_path / "signed.png"
    mark_file(plain_file(tmp_path, Kind.PNG), signed, order(regimes=[Regime.US]), settings)
    data = bytearray(signed.read_bytes())
    at = data.index(b"IDAT") + 40
    data[at] ^= 1
    done = compared(signed, bytes(data), ".png", settings)
    change = next(one for one in done.changes if one.layer is Layer.C2PA)
    assert change.fate is Fate.CHANGED
    assert "integrity" in change.differs


def test_what_cannot_be_read_is_never_called_lost(tmp_path, settings):
    before = marked(tmp_path, Kind.PNG, settings)
    data = before.read_bytes()
    done = compared(before, data[: data.index(b"iTXt") - 4], ".png", settings)
    assert done.of(Fate.UNREAD)
    assert not done.is_whole


def test_propagating_extends_and_a_second_platform_changes(tmp_path, settings):
    stages = [
        marks.fields(),
        marks.fields(ContentPropagator=PROPAGATOR, PropagateID="p"),
        marks.fields(ContentPropagator="Third", PropagateID="q"),
    ]
    files = []
    for number, values in enumerate(stages):
        files.append(tmp_path / f"{number}.wav")
        files[-1].write_bytes(marks.wav(marks.riff_chunk(b"AIGC", marks.bare(values).encode())))
    fates = [compare(*(inventory(one, settings) for one in pair)).changes[0].fate for pair in pairwise(files)]
    assert fates == [Fate.EXTENDED, Fate.CHANGED]


def test_a_sample_without_marks_has_an_empty_inventory(tmp_path, settings):
    path = tmp_path / "plain.flac"
    path.write_bytes(sample(Kind.FLAC))
    assert [mark for mark in inventory(path, settings).marks if mark.layer is not Layer.GENERATOR] == []


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("kind", [Kind.MP4, Kind.MOV, Kind.M4A])
def test_stripped_metadata_is_no_remux(kind, tmp_path, settings):
    before = marked(tmp_path, kind, settings)
    bare = tmp_path / f"bare{SUFFIXES[kind]}"
    subprocess.run(["exiftool", "-q", "-all=", "-o", str(bare), str(before)], check=True, timeout=60)
    done = compared(before, bare.read_bytes(), SUFFIXES[kind], settings)
    assert done.cause.step is Step.STRIPPED
    assert "tables of samples: the same" in done.cause.evidence


def test_the_same_packets_in_tables_that_are_not_known_cannot_be_told(tmp_path, settings):
    before = marked(tmp_path, Kind.OGG, settings)
    done = compared(before, plain_file(tmp_path, Kind.OGG).read_bytes(), ".ogg", settings)
    assert done.same_content is True
    assert done.cause.step is Step.CANNOT_TELL


@pytest.mark.parametrize("kind", [Kind.MP4, Kind.MOV, Kind.M4A, Kind.AVI, Kind.OGG])
def test_one_lost_mark_is_one_loss(kind, tmp_path, settings):
    before = marked(tmp_path, kind, settings)
    done = compared(before, plain_file(tmp_path, kind).read_bytes(), SUFFIXES[kind], settings)
    assert [change.layer for change in done.of(Fate.LOST)] == [Layer.IMPLICIT]
