"""The image room at run time: which pixels are looked at, what is out of scope, how odds are said, and hostile files.

The network here takes bright pictures for generated ones, so that every number can be foretold.
"""

import io
import struct
import zlib
from contextlib import suppress
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnxparts import brightness, model, node, port, said, weights
from PIL import Image, ImageDraw

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Box, Heat
from brightline.core.harm import Harm
from brightline.core.heat_words import heat_words
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.core.wire import canonical
from brightline.detectors.image.crops import APART, middles, tiles
from brightline.detectors.image.generated import judged
from brightline.detectors.image.heat import heat_of
from brightline.detectors.image.model import ODDS_MOST, open_judge
from brightline.detectors.image.scope import out_of_scope
from brightline.media.image import DECODE_PIXELS, crops, decode
from brightline.media.jpeg_tables import Coding, compression_of, luma_table, quality_of, standard_table

EXAMPLES = Path(__file__).parents[3] / "examples" / "image"
CONTEXT = Context(time="2026-11-23T00:00:00Z")


def subject(data: bytes, kind: Kind) -> Subject:
    return Subject(digest=str(hash(data)), size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))


def stored(image: Image.Image, kind: Kind = Kind.JPEG, **options: object) -> Subject:
    stream = io.BytesIO()
    image.save(stream, kind.upper(), **options)
    return subject(stream.getvalue(), kind)


def photo(width: int = 451, height: int = 300, light: int = 0) -> Image.Image:
    """A real photograph, made lighter or darker."""
    with Image.open(EXAMPLES / "cat.jpg") as image:
        pixels = np.asarray(image.convert("RGB").resize((width, height)), dtype=np.int16)
    return Image.fromarray(np.clip(pixels + light, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    return open_judge(weights(tmp_path_factory.mktemp("weights")))


# Crops


@settings(deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 5))
def test_crops_lie_in_the_picture_apart_and_hold_its_pixels(width, height, most):
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x % 256, y % 256, x // 256 * 16 + y // 256], axis=2).astype(np.uint8)
    found = middles(pixels, 256, most)
    assert found.crops.shape == (len(found.places), 256, 256, 3)
    assert 1 <= len(found.places) <= most
    for crop, box in zip(found.crops, found.places, strict=True):
        assert 0 <= box.x < box.x + box.width <= width
        assert 0 <= box.y < box.y + box.height <= height
        inside = pixels[box.y : box.y + box.height, box.x : box.x + box.width]
        assert np.array_equal(crop[: box.height, : box.width], inside)
    corners = [(box.x, box.y) for box in found.places]
    for index, (x, y) in enumerate(corners):
        assert all(abs(x - a) >= APART or abs(y - b) >= APART for a, b in corners[:index])


def test_the_middle_comes_first_then_the_middles_of_the_quarters():
    places = middles(np.zeros((1200, 1600, 3), np.uint8), 256, 5).places
    assert [(box.x, box.y) for box in places] == [
        (672, 472),
        (272, 172),
        (1072, 172),
        (272, 772),
        (1072, 772),
    ]
    assert len(middles(np.zeros((256, 256, 3), np.uint8), 256, 5).places) == 1


def test_a_small_picture_is_mirrored():
    pixels = np.arange(30, dtype=np.uint8).reshape(2, 5, 3)
    crop = middles(pixels, 8, 5).crops[0]
    assert np.array_equal(crop[:2, 5:8], pixels[:, :1:-1])
    assert np.array_equal(crop[2:4, :5], pixels[::-1])


@settings(deadline=None)
@given(st.integers(1, 700), st.integers(1, 700))
def test_tiles_reach_from_edge_to_edge(width, height):
    places = tiles(np.zeros((height, width, 3), np.uint8), 128, 3).places
    assert len(set(places)) == len(places) <= 9
    if width >= 192:
        assert min(box.x for box in places) == 0
        assert max(box.x + box.width for box in places) == width


@pytest.mark.parametrize("orientation", range(1, 9))
def test_crops_of_a_file_are_those_of_the_upright_picture(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = stored(photo(200, 120), Kind.PNG, exif=exif)
    boxes = [Box(0, 0, 30, 20), Box(50, 31, 60, 50), Box(3, 7, 110, 100)]
    found = crops(picture, boxes)
    upright = decode(picture)
    for box, piece in zip(boxes, found, strict=True):
        assert np.array_equal(piece, upright[box.y : box.y + box.height, box.x : box.x + box.width])
    for box, piece in zip(
        boxes, crops(picture, boxes), strict=True
    ):  # now from the picture that is remembered
        assert piece.shape == (box.height, box.width, 3)


# JPEG's tables


@pytest.mark.parametrize("quality", [1, 10, 30, 50, 75, 88, 95, 100])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality):
    found = compression_of(stored(photo(), quality=quality))
    assert (found.coding, found.quality, found.standard) == (Coding.JPEG, quality, True)


def test_a_table_off_the_scale_has_the_nearest_quality():
    table = standard_table(80).copy()
    table[4:, 4:] += 9
    quality, apart = quality_of(table)
    assert 70 <= quality <= 80
    assert apart > 0.02


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF])
def test_other_formats_say_whether_they_lose(kind):
    found = compression_of(stored(photo(), kind))
    assert found.coding is (Coding.LOSSLESS if kind in {Kind.PNG, Kind.TIFF} else Coding.LOSSY)
    assert found.quality == 100


@settings(deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_break_the_reader_of_tables(data, cut):
    head = b"\xff\xd8\xff\xdb" if cut else b"\xff\xd8"
    table = luma_table(head + data)
    assert table is None or (table.shape == (8, 8) and table.min() >= 1)


# Scope


def page(width: int = 640, height: int = 480) -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for line in range(20, height - 20, 24):
        draw.text((20, line), "The ferry leaves at nine from the northern pier. " * 3, fill=(30, 30, 40))
    return image


def drawing() -> Image.Image:
    image = Image.new("RGB", (640, 480), (150, 200, 255))
    draw = ImageDraw.Draw(image)
    draw.ellipse((460, 30, 580, 150), fill=(255, 210, 60))
    draw.rectangle((0, 330, 640, 480), fill=(90, 180, 90))
    draw.polygon([(180, 230), (270, 150), (360, 230)], fill=(170, 50, 50))
    draw.rectangle((200, 230, 340, 360), fill=(200, 140, 70), outline="black", width=3)
    return image


def code() -> Image.Image:
    bits = np.random.default_rng(3).integers(0, 2, (29, 29), dtype=np.uint8) * 255
    return Image.fromarray(bits).resize((464, 464), Image.Resampling.NEAREST).convert("RGB")


def ramp() -> Image.Image:
    return Image.fromarray(np.tile(np.linspace(0, 255, 640).astype(np.uint8)[None, :, None], (480, 1, 3)))


@pytest.mark.parametrize("quality", [None, 90, 75])
@pytest.mark.parametrize("make", [page, drawing, code, ramp, lambda: Image.new("RGB", (300, 300), "black")])
def test_what_is_flat_is_not_judged(judge, make, quality):
    picture = stored(make(), quality=quality) if quality else stored(make(), Kind.PNG)
    finding = judged(picture, judge)
    assert finding.claim == "image.scope"
    assert finding.detail("verdict") == "not_applicable"
    assert finding.harm is None
    assert finding.detail("reason") in {"blank", "graphic", "palette"}


@pytest.mark.parametrize("name", ["cat.jpg", "coffee-cup.jpg", "grass.jpg", "rocket.jpg"])
@pytest.mark.parametrize("quality", [95, 75, 40])
def test_photographs_are_judged(judge, name, quality):
    with Image.open(EXAMPLES / name) as image:
        finding = judged(stored(image.convert("RGB"), quality=quality), judge)
    assert finding.claim == "synthetic.image"
    assert finding.detail("quality") == str(quality)


def test_a_photograph_with_words_on_it_is_judged(judge):
    meme = Image.new("RGB", (600, 560), "white")
    meme.paste(photo(600, 400), (0, 160))
    ImageDraw.Draw(meme).text((20, 30), "when the ferry leaves without you", fill="black", font_size=34)
    assert judged(stored(meme, quality=85), judge).claim == "synthetic.image"


def test_a_grey_photograph_is_no_palette(judge):
    assert judged(stored(photo().convert("L")), judge).claim == "synthetic.image"


def test_an_animation_is_judged_by_its_first_frame_and_a_palette_not_at_all(judge):
    frames = [photo(light=shift) for shift in (0, 40)]
    moving = stored(frames[0], Kind.WEBP, save_all=True, append_images=frames[1:], lossless=True)
    assert judged(moving, judge).probability == judged(stored(frames[0], Kind.PNG), judge).probability
    gif = judged(stored(photo(), Kind.GIF), judge)
    assert (gif.claim, gif.detail("reason"), gif.basis) == ("image.scope", "palette", Basis.PROOF)


def test_tiny_pictures_are_not_judged_and_not_decoded(judge):
    for width, height in ((1, 1), (95, 2000), (2000, 95)):
        finding = judged(stored(photo(width, height), Kind.PNG), judge)
        assert (finding.detail("reason"), finding.basis) == ("tiny", Basis.PROOF)
    assert judged(stored(photo(96, 130), Kind.PNG), judge).claim == "synthetic.image"


# Odds


@pytest.mark.parametrize(
    ("light", "verdict"), [(-80, "unlikely"), (0, "unlikely"), (40, "likely"), (90, "likely")]
)
def test_probability_is_the_calibrated_logit(judge, light, verdict):
    finding = judged(stored(photo(light=light), Kind.PNG), judge)
    pixels = np.asarray(photo(light=light))
    crops = middles(pixels, 256, 5).crops.astype(np.float64) / 255
    odds = max(-ODDS_MOST, min(ODDS_MOST, 40 * (crops.mean() - 0.5)))
    assert finding.probability == pytest.approx(1 / (1 + exp(-odds)), abs=1e-3)
    assert finding.detail("verdict") == verdict
    assert finding.basis is Basis.ESTIMATE
    assert finding.harm is (Harm.UNLABELLED_AIGC if verdict == "likely" else None)


def test_between_the_bands_nothing_is_claimed(judge):
    for light in range(40):
        finding = judged(stored(photo(light=light), Kind.PNG), judge)
        if finding.detail("verdict") == "unclear":
            assert 0.4 <= finding.probability < 0.8
            assert finding.harm is None
            assert finding.why.en.startswith(
                "in 5 native crops of a picture of 451 x 300 px, stored without loss"
            )
            assert "cannot be told" in finding.why.en
            assert "无法判定" in finding.why.zh
            return
    pytest.fail("no brightness fell between the bands")


@pytest.mark.parametrize(
    ("width", "height", "quality", "bucket", "slope"),
    [
        (451, 300, 90, "high", 1.0),
        (451, 300, 82, "low", 0.5),
        (223, 300, 83, "high_small", 0.25),
        (300, 200, 60, "low_small", 0.125),
    ],
)
def test_each_quality_and_size_has_its_own_calibration(judge, width, height, quality, bucket, slope):
    picture = stored(photo(width, height, light=20), quality=quality)
    finding = judged(picture, judge)
    assert finding.detail("bucket") == bucket
    crops = middles(decode(picture), 256, 5).crops.astype(np.float64) / 255
    odds = slope * 40 * (crops.mean() - 0.5)
    assert log(finding.probability / (1 - finding.probability)) == pytest.approx(odds, abs=0.01)


def test_the_heat_map_lies_where_the_light_is(tmp_path):
    table = said().replace("threshold = 0.8", "threshold = 0.02").replace("[0.4, 0.7]", "[0.01, 0.7]")
    hot = open_judge(weights(tmp_path, brightness(gain=8, middle=0.6), table))
    pixels = np.asarray(photo(1024, 768, light=-30)).copy()
    pixels[480:, 640:] = np.clip(pixels[480:, 640:].astype(int) + 150, 0, 255)
    finding = judged(stored(Image.fromarray(pixels), Kind.PNG), hot)
    (heat,) = finding.where
    assert isinstance(heat, Heat)
    assert (heat.columns, heat.rows) == (32, 24)
    assert heat_words(heat).en == "strongest at the lower right"
    assert "strongest at the lower right" in finding.why.en
    assert "右下方最强" in finding.why.zh


def test_what_was_not_looked_at_or_mirrored_stays_clear():
    far = heat_of(1000, 500, [Box(0, 0, 250, 250)], [np.full((4, 4), 9.0)])
    levels = np.frombuffer(far.levels, dtype=np.uint8).reshape(far.rows, far.columns)
    assert levels[:8, :8].min() > 200
    assert levels[8:].max() == 0
    assert levels[:, 8:].max() == 0
    thin = heat_of(4000, 16, [Box(0, 0, 16, 16)], [np.full((1, 1), 9.0)])
    assert (thin.columns, thin.rows) == (32, 1)
    assert thin.levels[0] > 200


@settings(deadline=None)
@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.lists(
        st.tuples(st.floats(0, 0.99), st.floats(0, 0.99), st.integers(1, 16), st.floats(-99, 99)), max_size=5
    ),
)
def test_any_crops_of_any_picture_make_a_map(width, height, crops):
    places, local = [], []
    for across, down, count, odds in crops:
        x, y = int(width * across), int(height * down)
        places.append(Box(x, y, max(1, min(256, width - x)), max(1, min(256, height - y))))
        local.append(np.full((count, count), odds))
    heat = heat_of(width, height, places, local)
    assert len(heat.levels) == heat.columns * heat.rows


def test_the_same_bytes_give_the_same_finding(judge, tmp_path):
    picture = stored(photo(light=30), quality=80)
    again = open_judge(weights(tmp_path))
    assert canonical(judged(picture, judge)) == canonical(judged(picture, again))


# Networks and tables that are not what they should be


def test_another_network_than_the_manifest_names_is_refused(tmp_path):
    with pytest.raises(DetectorError, match="not those that the manifest names"):
        open_judge(weights(tmp_path, pinned="0" * 64))


def test_a_broken_network_is_refused(tmp_path):
    for number, data in enumerate((b"", b"no network", brightness()[:-200])):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(DetectorError):
            open_judge(weights(tmp_path / str(number), data))


def test_a_network_without_a_logit_is_refused(tmp_path):
    other = model(
        node("Identity", ["pixels"], ["found"])
        + port(11, "pixels", ["N", 3, 8, 8])
        + port(12, "found", ["N", 3, 8, 8])
    )
    with pytest.raises(DetectorError, match="expected one input and `logit`"):
        open_judge(weights(tmp_path, other))


def test_numbers_that_are_none_are_a_failure(tmp_path):
    with pytest.raises(DetectorError, match="no number"):
        judged(stored(photo()), open_judge(weights(tmp_path, brightness(gain=float("nan")))))


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("[calibration.low]", "[calibration.other]"),
        ("slope = 1.0", "slope = -1.0"),
        ("slope = 1.0", "slope = nan"),
        ("threshold = 0.8", "threshold = 0.2"),
        ("most = 5", "most = 500"),
        ('pixels = "native"', 'pixels = "shrunk"'),
        ('combine = "mean"', 'combine = "best"'),
        ("[crops]", "[crops"),
    ],
)
def test_a_table_that_says_something_else_is_refused(tmp_path, found, put):
    with pytest.raises(DetectorError, match="malformed"):
        open_judge(weights(tmp_path, table=said().replace(found, put, 1)))


def test_missing_weights_are_a_failure(tmp_path):
    with pytest.raises(DetectorError, match="cannot be read"):
        open_judge(tmp_path)


# Hostile and odd files


def giant(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(64)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (8_000, 7_999), (60_000, 1_000)])
def test_a_bomb_is_a_failure_in_words(judge, width, height):
    with pytest.raises(DetectorError):
        judged(subject(giant(width, height), Kind.PNG), judge)


def test_the_largest_picture_that_is_decoded_is_judged_in_bounded_memory(judge):
    side = int(DECODE_PIXELS**0.5)
    large = (
        Image.effect_noise((side // 8, side // 8), 60)
        .resize((side, side), Image.Resampling.BILINEAR)
        .convert("RGB")
    )
    assert judged(stored(large, quality=60), judge).claim in {"synthetic.image", "image.scope"}


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_picture_cut_short_is_a_failure(judge, share):
    whole = stored(photo(), quality=85).blob.head(10**6)
    with pytest.raises(DetectorError):
        judged(subject(whole[: int(len(whole) * share)], Kind.JPEG), judge)


def deep() -> Subject:
    grey = np.asarray(photo().convert("L"), dtype=np.uint16) * 257
    return stored(Image.fromarray(grey), Kind.PNG)


ODD = {
    "cmyk": lambda: stored(photo().convert("CMYK")),
    "16 bits": deep,
    "transparent": lambda: stored(photo().convert("RGBA"), Kind.PNG),
    "float": lambda: stored(photo().convert("F"), Kind.TIFF),
    "grey and alpha": lambda: stored(photo().convert("LA"), Kind.PNG),
    "one bit": lambda: stored(photo().convert("1"), Kind.PNG),
    "palette": lambda: stored(photo().convert("P"), Kind.PNG),
    "avif": lambda: stored(photo(), Kind.AVIF),
    "progressive": lambda: stored(photo(), quality=80, progressive=True),
    "grey jpeg": lambda: stored(photo().convert("L"), quality=80),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pictures_are_judged_or_out_of_scope(judge, name):
    finding = judged(ODD[name](), judge)
    assert finding.claim == ("image.scope" if name in {"one bit", "palette"} else "synthetic.image")


def test_a_turned_picture_is_looked_at_upright(judge):
    exif = Image.Exif()
    exif[0x0112] = 6
    finding = judged(stored(photo(600, 300), exif=exif), judge)
    assert finding.detail("size") == "300x600"


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_damage_brings_anything_but_a_finding_or_a_failure(judge, data):
    whole = bytearray(stored(photo(200, 150), quality=80).blob.head(10**6))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DetectorError):
        assert judged(subject(bytes(whole), Kind.JPEG), judge).claim in {"synthetic.image", "image.scope"}


def test_a_picture_on_which_nothing_stands_out_has_no_reason_to_be_out_of_scope():
    assert out_of_scope(np.asarray(photo())) is None
