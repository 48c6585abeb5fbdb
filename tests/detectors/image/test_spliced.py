"""Pasted places: found by the compression that they lack, in photographs spliced here; untouched ones accuse nobody."""

import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from skimage import data as photographs

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Heat
from brightline.core.heat_words import heat_words
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.core.wire import canonical
from brightline.detectors.image.spliced import detect

CONTEXT = Context(time="2026-11-23T00:00:00Z")
EXAMPLES = Path(__file__).parents[3] / "examples" / "image"
NAMES = ("astronaut", "cat", "coffee", "rocket")


def photo(name: str) -> Image.Image:
    image = Image.fromarray(getattr(photographs, name)())
    return image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)


def stored(image: Image.Image, quality: int, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, **options)
    return stream.getvalue()


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(stored(image, quality))).convert("RGB")


def judge(data: bytes, kind: Kind = Kind.JPEG):
    return list(detect(Subject(digest="", size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))))


def spliced(
    host: str, guest: str, quality: int, at: tuple[int, int] = (190, 120), side: int = 100
) -> Image.Image:
    made = jpeg(photo(host), quality)
    piece = jpeg(photo(guest), 92).crop((61, 43, 61 + side, 43 + side))
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    made.paste(piece, at, mask)
    return made


@pytest.mark.parametrize(("first", "last"), [(60, 75), (60, 90), (75, 90), (85, 95)])
@pytest.mark.parametrize(
    ("host", "guest"), [("astronaut", "coffee"), ("coffee", "cat"), ("cat", "astronaut")]
)
def test_a_pasted_place_is_found_where_it_lies(host, guest, first, last):
    (finding,) = judge(stored(spliced(host, guest, first), last))
    assert (finding.claim, finding.basis, finding.harm) == ("manipulated.region", Basis.ESTIMATE, None)
    (heat,) = finding.where
    assert isinstance(heat, Heat)
    levels = np.frombuffer(heat.levels, dtype=np.uint8).reshape(heat.rows, heat.columns)
    width, height = photo(host).size
    y, x = np.mgrid[0 : heat.rows, 0 : heat.columns]
    inside = ((x + 0.5) * width / heat.columns - 240) ** 2 + (
        (y + 0.5) * height / heat.rows - 170
    ) ** 2 <= 70**2
    assert (levels[~inside] > 0).mean() < 0.02
    assert (levels[inside] > 0).mean() > 0.3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("first", "last"), [(None, 75), (None, 90), (60, 75), (75, 90), (85, 90), (90, 75), (85, 95)]
)
def test_nothing_pasted_nothing_found(name, first, last):
    whole = photo(name) if first is None else jpeg(photo(name), first)
    assert judge(stored(whole, last)) == []


@pytest.mark.parametrize("name", ["cat.jpg", "coffee-cup.jpg", "grass.jpg", "rocket.jpg"])
def test_the_photographs_of_the_examples_accuse_nobody(name):
    data = (EXAMPLES / name).read_bytes()
    for quality in (0, 75, 90):
        again = stored(Image.open(io.BytesIO(data)).convert("RGB"), quality) if quality else data
        assert judge(again) == []


def test_a_place_that_was_scaled_and_put_back_is_found():
    made = jpeg(photo("coffee"), 70)
    place = (180, 100, 300, 220)
    made.paste(made.crop((150, 70, 310, 230)).resize((120, 120), Image.Resampling.BICUBIC), place)
    (finding,) = judge(stored(made, 92))
    assert "pasted, painted or written over" in finding.why.en
    assert "粘贴、涂改或加字" in finding.why.zh


@pytest.mark.parametrize(
    ("orientation", "said"), [(1, "lower right"), (3, "upper left"), (6, "lower left"), (8, "upper right")]
)
def test_the_map_is_upright_as_the_picture_is(orientation, said):
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = spliced("coffee", "cat", 70, at=(360, 210))
    (finding,) = judge(stored(made, 92, exif=exif))
    (heat,) = finding.where
    assert heat_words(heat).en == f"strongest at the {said}"
    assert (heat.columns > heat.rows) == (orientation < 5)


def test_of_two_halves_nobody_is_accused():
    made = jpeg(photo("coffee"), 70)
    made.paste(photo("cat").resize((made.width * 3 // 5, made.height)), (0, 0))
    assert judge(stored(made, 92)) == []


def test_other_formats_and_tiny_pictures_are_passed_over():
    stream = io.BytesIO()
    spliced("coffee", "cat", 70).save(stream, "PNG")
    assert judge(stream.getvalue(), Kind.PNG) == []
    assert judge(stored(spliced("coffee", "cat", 70).crop((180, 110, 300, 230)), 92)) == []


def test_the_same_bytes_give_the_same_finding():
    data = stored(spliced("astronaut", "cat", 70), 90)
    assert [canonical(one) for one in judge(data)] == [canonical(one) for one in judge(data)]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_no_damage_brings_anything_but_findings_or_a_failure(data):
    whole = bytearray(stored(spliced("cat", "coffee", 70, at=(90, 60), side=60), 90))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DetectorError):
        assert all(one.claim == "manipulated.region" for one in judge(bytes(whole)))
