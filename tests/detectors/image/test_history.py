"""What a picture went through, on photographs that are compressed, cropped and enlarged here in known ways."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data as photographs

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.image.grid import offsets
from brightline.detectors.image.history import detect
from brightline.detectors.image.recompression import BLOCKS_LEAST, coefficients, earlier
from brightline.detectors.image.resampling import shared_peak
from brightline.media.image import stored_window
from brightline.media.jpeg_tables import standard_table

CONTEXT = Context(time="2026-11-23T00:00:00Z")
NAMES = ("astronaut", "cat", "coffee", "rocket")


def clean(name: str) -> Image.Image:
    """A CC0 photograph, shrunk so that nothing of its own compression is left."""
    image = Image.fromarray(getattr(photographs, name)())
    return image.resize((image.width * 6 // 10, image.height * 6 // 10), Image.Resampling.LANCZOS)


def stored(image: Image.Image, kind: Kind = Kind.JPEG, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind.upper(), **options)
    return stream.getvalue()


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(stored(image, quality=quality))).convert("RGB")


def subject(data: bytes, kind: Kind = Kind.JPEG) -> Subject:
    return Subject(digest="", size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))


def history(data: bytes, kind: Kind = Kind.JPEG):
    return {finding.claim: finding for finding in detect(subject(data, kind))}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("quality", [60, 75, 90, 95])
def test_a_picture_compressed_once_has_no_history(name, quality):
    found = history(stored(clean(name), quality=quality))
    assert set(found) == {"history.storage"}
    assert found["history.storage"].basis is Basis.PROOF
    assert found["history.storage"].detail("quality") == str(quality)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("first", "last"), [(50, 75), (60, 90), (75, 90), (85, 95)])
def test_a_second_compression_shows_the_first(name, first, last):
    found = history(stored(jpeg(clean(name), first), quality=last))["history.recompressed"]
    assert found.detail("kind") == "same_grid"
    assert abs(int(found.detail("first_quality")) - first) <= 3
    assert found.harm is None
    assert str(last) in found.why.en
    assert str(last) in found.why.zh


@pytest.mark.parametrize("name", NAMES)
def test_a_png_that_was_a_jpeg_is_known_with_where_it_was_cropped(name):
    was = jpeg(clean(name), 75).crop((5, 3, 250, 170))
    found = history(stored(was, Kind.PNG), Kind.PNG)["history.recompressed"]
    assert found.detail("kind") == "other_format"
    assert abs(int(found.detail("first_quality")) - 75) <= 3
    assert "cropped by 3, 5 px" in found.why.en  # what is missing of the block in which it now begins
    assert set(history(stored(clean(name), Kind.PNG), Kind.PNG)) == {"history.storage"}


def test_another_grid_under_the_last_one_is_found_where_it_is_coarse():
    was = jpeg(clean("astronaut"), 45)
    found = history(stored(was.crop((5, 3, was.width, was.height)), quality=92))["history.recompressed"]
    assert found.detail("kind") == "other_grid"
    assert abs(int(found.detail("first_quality")) - 45) <= 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [1.3, 1.5, 1.8])
def test_enlarging_shows_its_scale(name, scale):
    base = clean(name)
    larger = base.resize((round(base.width * scale), round(base.height * scale)), Image.Resampling.BICUBIC)
    found = history(stored(larger, Kind.PNG), Kind.PNG)["history.enlarged"]
    told = [float(one) for one in found.detail("scale").split(",")]
    assert min(abs(one - scale) for one in told) < 0.05


def test_tiny_pictures_are_told_as_they_are_stored_and_no_more():
    assert set(history(stored(jpeg(clean("cat"), 50).crop((0, 0, 90, 200)), quality=90))) == {
        "history.storage"
    }


def test_too_few_blocks_say_nothing():
    few = np.zeros((8, 8 * (BLOCKS_LEAST - 1)), dtype=np.uint8)
    assert earlier(few, standard_table(75), 0.35) is None


def test_the_transform_is_the_standard_one():
    from scipy.fft import dctn

    pixels = np.random.default_rng(1).integers(0, 256, (17, 26), dtype=np.uint8)
    found = coefficients(pixels)
    assert found.shape == (6, 8, 8)
    assert np.allclose(found[4], dctn(pixels[8:16, 8:16] - 128.0, norm="ortho"))


@pytest.mark.parametrize(("down", "across"), [(0, 0), (3, 5), (7, 1), (4, 4)])
def test_the_grid_is_found_wherever_it_lies(down, across):
    pixels = np.asarray(jpeg(clean("coffee"), 40).convert("L"))[down:, across:]
    assert offsets(pixels) == ((8 - down) % 8, (8 - across) % 8)


def test_even_pictures_have_no_peaks():
    assert shared_peak(np.full((120, 150), 80, dtype=np.uint8)).height < 1


def test_brightness_of_any_picture_is_that_of_the_picture():
    image = clean("cat")
    for kind, options in ((Kind.PNG, {}), (Kind.JPEG, {"quality": 98}), (Kind.WEBP, {"lossless": True})):
        found = stored_window(subject(stored(image, kind, **options), kind), 4000, grey=True).pixels
        assert np.abs(found.astype(int) - np.asarray(image.convert("L"), dtype=int)).mean() < 1.5
    cmyk = stored_window(subject(stored(image.convert("CMYK"), quality=95)), 4000, grey=True).pixels
    assert cmyk.shape == (image.height, image.width)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_damage_brings_anything_but_findings_or_a_failure(data):
    whole = bytearray(stored(clean("cat"), quality=80))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DetectorError):
        for finding in detect(subject(bytes(whole))):
            assert finding.claim.startswith("history.")


def test_the_examples_have_a_history_that_can_be_told():
    folder = Path(__file__).parents[3] / "examples" / "image"
    for file in sorted(folder.glob("*.jpg")):
        assert "history.storage" in history(file.read_bytes())
