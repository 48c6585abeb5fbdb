import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mediaparts import encoded, scene, subject
from PIL import Image, ImageOps

from brightline.core.errors import DetectorError
from brightline.core.subject import Kind
from brightline.media import image as room
from brightline.media.image import Size, decode, frames, from_image, size, thumbnail, turn
from brightline.settings import Limits

STILLS = (Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF)


def png_header(width: int, height: int) -> bytes:
    """A PNG that states a size and has no pixels to speak of."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 64))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", STILLS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright_whatever_their_orientation(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(scene(96, 64), kind, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    assert np.array_equal(decode(subject(data, kind)), expected)
    assert size(subject(data, kind)) == Size(expected.shape[1], expected.shape[0])
    small = thumbnail(subject(data, kind), 32)
    assert max(small.shape[:2]) == 32
    assert (small.shape[0] > small.shape[1]) == (expected.shape[0] > expected.shape[1])


@settings(deadline=None)
@given(st.integers(1, 8))
def test_turning_agrees_with_pillow(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = scene(8, 6)
    tagged = Image.open(io.BytesIO(encoded(picture, Kind.PNG, exif=exif)))
    assert np.array_equal(turn(np.asarray(picture), orientation), np.asarray(ImageOps.exif_transpose(tagged)))


def test_a_thumbnail_is_never_enlarged_and_close_to_the_whole():
    data = encoded(scene(2048, 1536), Kind.JPEG, quality=95)
    small = thumbnail(subject(data, Kind.JPEG), 256)
    assert small.shape == (192, 256, 3)
    reference = np.asarray(scene(2048, 1536).resize((256, 192), Image.Resampling.BOX), dtype=int)
    assert np.abs(small.astype(int) - reference).mean() < 2
    assert thumbnail(subject(data, Kind.JPEG), 5000).shape == (1536, 2048, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"])
def test_every_mode_becomes_eight_bit_colour(mode):
    grey = Image.fromarray(np.linspace(0, 255, 64 * 64).astype(np.uint8).reshape(64, 64))
    if mode == "I;16":
        picture = Image.fromarray((np.arange(64 * 64).reshape(64, 64) * 16).astype(np.uint16))
    else:
        picture = (
            grey.convert("RGB").convert(mode)
            if mode in {"CMYK", "YCbCr", "HSV", "RGBA"}
            else grey.convert(mode)
        )
    pixels = from_image(picture)
    assert pixels.shape == (64, 64, 3)
    assert pixels.dtype == np.uint8
    assert pixels[0].mean() < 60
    assert pixels[-1].mean() > 190


def test_transparent_pixels_lie_over_white_and_palettes_keep_their_transparency():
    clear = encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), Kind.PNG)
    assert decode(subject(clear, Kind.PNG)).min() == 255
    palette = Image.new("P", (200, 200), 3)
    data = encoded(palette, Kind.GIF, transparency=3)
    assert thumbnail(subject(data, Kind.GIF), 50).min() == 255


def test_sixteen_bit_grey_keeps_its_range():
    ramp = np.linspace(0, 65535, 128 * 128).astype(np.uint16).reshape(128, 128)
    data = encoded(Image.fromarray(ramp), Kind.PNG)
    assert abs(decode(subject(data, Kind.PNG)).mean() - 127.5) < 1
    assert abs(thumbnail(subject(data, Kind.PNG), 32).mean() - 127.5) < 1


def test_a_picture_over_the_pixel_limit_is_refused_before_it_is_decoded():
    bomb = subject(png_header(30_000, 30_000), Kind.PNG)
    with pytest.raises(DetectorError):
        thumbnail(bomb, 64)
    over = subject(png_header(9_000, 8_000), Kind.PNG)
    with pytest.raises(DetectorError, match=r"9000 x 8000, more than 64000000 pixels"):
        thumbnail(over, 64)
    with pytest.raises(DetectorError, match=r"more than 1000 pixels"):
        decode(subject(encoded(scene(64, 64), Kind.PNG), Kind.PNG), Limits(pixels=1000))


def test_a_large_picture_gives_a_thumbnail_but_not_all_its_pixels():
    data = subject(encoded(Image.new("1", (8_000, 6_000)), Kind.PNG), Kind.PNG)
    with pytest.raises(DetectorError, match="decoded in full"):
        decode(data)
    assert thumbnail(data, 64).shape == (48, 64, 3)


def test_animations_give_evenly_spaced_frames():
    levels = [Image.new("RGB", (40, 30), (level, level, level)) for level in range(0, 250, 25)]
    for kind in (Kind.GIF, Kind.WEBP, Kind.PNG):
        options = {"lossless": True} if kind is Kind.WEBP else {}
        data = encoded(levels[0], kind, save_all=True, append_images=levels[1:], **options)
        found = list(frames(subject(data, kind), 5, 64))
        assert [round(float(frame.mean()) / 25) for frame in found] == [0, 2, 4, 6, 8]
        assert size(subject(data, kind)).frames == 10


def test_an_animation_over_the_limit_keeps_the_frames_up_to_there():
    levels = [Image.new("L", (100, 100), level) for level in range(0, 200, 20)]
    data = encoded(levels[0], Kind.GIF, save_all=True, append_images=levels[1:])
    given = []

    def look() -> None:
        for frame in frames(subject(data, Kind.GIF), 10, 64, Limits(pixels=35_000)):
            given.append(frame.mean())  # noqa: PERF401 - the error comes in the middle

    with pytest.raises(DetectorError, match="frames up to"):
        look()
    assert len(given) == 3


@pytest.mark.parametrize("kind", [*STILLS, Kind.GIF])
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.3, 0.9])
def test_truncated_pictures_are_detector_errors_or_pixels(kind, kept):
    data = encoded(scene(64, 64), kind)
    cut = subject(data[: int(len(data) * kept)], kind)
    for attempt in (
        lambda: decode(cut),
        lambda: thumbnail(cut, 16),
        lambda: size(cut),
        lambda: list(frames(cut, 3, 16)),
    ):
        with suppress(DetectorError):
            assert attempt() is not None


@settings(deadline=None)
@given(data=st.data())
def test_mutated_pictures_raise_nothing_but_detector_errors(data):
    kind = data.draw(st.sampled_from([*STILLS, Kind.GIF]))
    spoilt = bytearray(encoded(scene(32, 32), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DetectorError):
        assert decode(subject(bytes(spoilt), kind)).shape[2] == 3


def test_bytes_of_another_format_are_not_read():
    with pytest.raises(DetectorError):
        decode(subject(encoded(scene(), Kind.PNG), Kind.JPEG))
    with pytest.raises(DetectorError, match="no picture that we decode"):
        decode(subject(b"%!PS-Adobe-3.0 EPSF-3.0", Kind.TEXT))


def test_shared_pixels_cannot_be_written_and_are_decoded_once():
    data = subject(encoded(scene(), Kind.JPEG), Kind.JPEG)
    first = decode(data)
    assert decode(data) is first
    with pytest.raises(ValueError):
        first[0, 0] = 0


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "I;16", "CMYK"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_strips_join_without_a_seam(monkeypatch, mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(scene(301, 203).convert("L")).astype(np.uint16) << 8)
    else:
        picture = scene(301, 203).convert(mode)
    kind = Kind.TIFF if mode == "CMYK" else Kind.PNG
    data = encoded(picture, kind, exif=exif)
    whole, small = decode(subject(data, kind)), thumbnail(subject(data, kind), 50)
    monkeypatch.setattr(room, "STRIP_PIXELS", 2_000)  # so that the same small picture has many strips
    room._recent.clear()
    assert np.array_equal(decode(subject(data, kind)), whole)
    assert np.array_equal(thumbnail(subject(data, kind), 50), small)
