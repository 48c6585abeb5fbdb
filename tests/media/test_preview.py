import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mediaparts import encoded, film, scene, subject, tone
from PIL import Image

from brightline.core.finding import Span
from brightline.core.preview import Preview
from brightline.core.subject import Kind
from brightline.media.preview import excerpts, preview

MOST_BYTES = 120_000


def test_a_picture_is_shown_small_with_its_full_size():
    exif = Image.Exif()
    exif[0x0112] = 6
    shown = preview(subject(encoded(scene(1200, 800), Kind.JPEG, exif=exif), Kind.JPEG))
    drawn = Image.open(io.BytesIO(shown.picture))
    assert (shown.width, shown.height) == (800, 1200)
    assert drawn.format == "JPEG"
    assert drawn.size == (320, 480)


def test_the_worst_picture_stays_within_bounds():
    noise = np.random.default_rng(1).integers(0, 255, (480, 480, 3), dtype=np.uint8)
    shown = preview(subject(encoded(Image.fromarray(noise), Kind.PNG), Kind.PNG, text="字" * 9000))
    assert shown.picture
    assert shown.size_bytes <= MOST_BYTES


def test_nothing_of_the_metadata_reaches_the_page():
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    shown = preview(subject(encoded(scene(), Kind.JPEG, exif=exif, comment=b"<script>"), Kind.JPEG))
    assert b"script" not in shown.picture


def test_a_sound_is_shown_as_waveform_and_spectrogram():
    shown = preview(subject(tone(Kind.WAV, "pcm_s16le", seconds=3.0), Kind.WAV))
    assert len(shown.waveform) == 400
    assert max(shown.waveform) == pytest.approx(0.5, abs=0.02)
    assert Image.open(io.BytesIO(shown.spectrogram)).size[1] == 64
    assert shown.drawn_s == pytest.approx(3.0, abs=0.01)
    assert shown.seconds == pytest.approx(3.0, abs=0.01)
    assert shown.picture == b""


def test_a_video_is_shown_as_a_sheet_of_keyframes_with_its_sound():
    shown = preview(subject(film(sound=True), Kind.MP4))
    assert Image.open(io.BytesIO(shown.picture)).size == (480, 240)
    assert len(shown.frames) == 6
    assert (shown.width, shown.height) == (160, 120)
    assert shown.waveform
    assert shown.size_bytes <= MOST_BYTES


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("data", [b"", b"\0" * 64, b"RIFF\xff\xff\xff\xffWAVE", b"\x89PNG\r\n\x1a\n\0\0"])
def test_broken_media_have_an_empty_preview(kind, data):
    assert preview(subject(data, kind)) == Preview()


@settings(deadline=None)
@given(
    length=st.integers(0, 20_000),
    spans=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 800)), max_size=12),
)
def test_excerpts_are_bounded_ordered_and_true(length, spans):
    text = "".join(chr(97 + number % 26) for number in range(length))
    wanted = [Span(start, start + more) for start, more in spans]
    shown = excerpts(text, wanted)
    assert sum(len(one.text) for one in shown) <= 6_000
    assert all(text[one.start : one.start + len(one.text)] == one.text for one in shown)
    assert all(one.start + len(one.text) < other.start for one, other in pairwise(shown))


def test_a_late_span_is_shown_with_what_stands_around_it():
    text = "x" * 10_000 + "the known sentence" + "y" * 10_000
    shown = excerpts(text, [Span(10_000, 10_018)])
    assert any("x" * 300 + "the known sentence" + "y" * 300 in one.text for one in shown)
    assert shown[0].start == 0
