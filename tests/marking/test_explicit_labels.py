"""Labels are written into pictures, sound, video and text, and nothing else of the file changes."""

import io
import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind, Media
from brightline.marking.explicit.image import label_image
from brightline.marking.explicit.layout import CONTRAST, capital_height, plan_labels
from brightline.marking.explicit.lettering import DARK, LIGHT, lettering
from brightline.marking.explicit.style import End, Form, Language, Place, Style, placed_words
from brightline.marking.explicit.text import label_text
from brightline.media.contrast import contrast, luminance
from brightline.media.rewrite_audio import insert_sound, rewrite_audio, sound_blocks, sound_form
from brightline.media.rewrite_image import rewrite_image
from brightline.provenance.explicit import find_marks

MARK = '{"AIGC":{"Label":"1"}}'


def scene(width: int = 320, height: int = 240) -> Image.Image:
    rng = np.random.default_rng(11)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def rgb(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def vorbis(channels: int, rate: int) -> bytes:
    """Two seconds of tone, written by FFmpeg: PyAV's own Vorbis encoder writes two channels only."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    words = (
        f"ffmpeg -v error -f lavfi -i sine=f=440:r={rate}:d=2 -ac {channels} -c:a libvorbis -f ogg -".split()
    )
    return subprocess.run(words, check=True, capture_output=True, timeout=60).stdout


def png_chunks(data: bytes) -> list[bytes]:
    chunks, position = [], 8
    while position < len(data):
        size = struct.unpack_from(">I", data, position)[0]
        chunks.append(data[position + 4 : position + 8 + size])
        position += 12 + size
    return chunks


@given(st.binary(max_size=64), st.sampled_from(["RGB", "RGBA", "L", "LA", "P"]), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_png_keeps_every_chunk_but_its_pixels(content, mode, late):
    plain = saved(scene(160, 120).convert(mode), "PNG")
    chunk = b"prVt" + content
    extra = struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    place = len(plain) - 12 if late else 33
    data = plain[:place] + extra + plain[place:] + b"loose bytes behind"
    written = rewrite_image(data, Kind.PNG, [lambda pixels: 255 - pixels])
    assert extra in written
    assert written.endswith(b"loose bytes behind")
    assert np.array_equal(rgb(written), 255 - rgb(data)) or "A" in mode


def test_a_jpeg_keeps_its_segments_its_tables_and_what_lies_behind_it():
    exif = Image.Exif()
    exif[0x0112], exif[270] = 6, "a description"
    plain = saved(scene(), "JPEG", quality=83, exif=exif, comment=b"remark", xmp=b"<x:xmpmeta/>")
    data = plain[:2] + b"\xff\xeb\x00\x08AIGC\x01\x02" + plain[2:] + MARK.encode()
    written = rewrite_image(data, Kind.JPEG, [lambda pixels: pixels])
    before, after = (Image.open(io.BytesIO(one)) for one in (data, written))
    assert after.quantization == before.quantization
    assert dict(after.getexif()) == dict(before.getexif())
    assert b"\xff\xeb\x00\x08AIGC\x01\x02" in written
    assert written.endswith(MARK.encode())
    assert np.abs(rgb(data).astype(int) - rgb(written)).mean() < 1.0


def test_edits_see_the_picture_upright_and_it_stays_turned_in_the_file():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(scene(200, 100), "JPEG", exif=exif, quality=95)
    shapes = []

    def edit(pixels):
        shapes.append(pixels.shape)
        return pixels

    assert Image.open(io.BytesIO(rewrite_image(data, Kind.JPEG, [edit]))).size == (200, 100)
    assert shapes == [(200, 100, 3)]


@pytest.mark.parametrize(
    ("kind", "form", "options"),
    [
        (Kind.GIF, "GIF", {}),
        (Kind.PNG, "PNG", {}),
        (Kind.WEBP, "WEBP", {"lossless": True}),
        (Kind.AVIF, "AVIF", {}),
    ],
)
def test_an_animation_keeps_its_frames_and_times_and_shows_the_label_on_each(kind, form, options):
    frames = [scene().rotate(20 * step) for step in range(4)]
    data = saved(
        frames[0], form, save_all=True, append_images=frames[1:], duration=[40, 80, 120, 160], **options
    )
    written = label_image(data, kind, Style(place=Place.BOTTOM_RIGHT))
    image = Image.open(io.BytesIO(written))
    label = plan_labels(np.asarray(frames[0]), Style(place=Place.BOTTOM_RIGHT), plate=True)[0]
    rows, columns = (
        np.s_[label.y : label.y + label.patch.height],
        np.s_[label.x : label.x + label.patch.width],
    )
    solid = label.patch.cover > 0.99
    times = []
    for frame in ImageSequence.Iterator(image):
        frame.load()
        times.append(round(frame.info["duration"]))
        shown = np.asarray(frame.convert("RGB"))[rows, columns].astype(float)
        assert np.abs(shown - label.patch.colours)[solid].mean() < 12
    assert times == [40, 80, 120, 160]


def test_a_label_on_a_transparent_picture_is_opaque():
    clear = Image.new("RGBA", (320, 240), (10, 200, 30, 0))
    image = Image.open(io.BytesIO(label_image(saved(clear, "PNG"), Kind.PNG, Style())))
    alpha = np.asarray(image)[..., 3]
    assert (alpha == 255).sum() > 1000
    assert (alpha == 0).sum() > alpha.size // 2


def test_a_labelled_gif_keeps_its_comment_and_foreign_extensions():
    plain = saved(scene(), "GIF", comment=b"remark")
    place = 13 + 3 * 2 ** ((plain[10] & 7) + 1)
    extension = b"!\xff\x0bXMP DataXMP\x05hello\x00"
    written = label_image(plain[:place] + extension + plain[place:], Kind.GIF, Style(language=Language.ZH))
    assert extension in written
    assert b"remark" in written
    Image.open(io.BytesIO(written)).load()


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"", Kind.HEIF, "no free encoder"),
        (b"", Kind.TIFF, "convert to PNG"),
        (saved(Image.new("CMYK", (80, 80)), "JPEG"), Kind.JPEG, "CMYK"),
        (saved(Image.fromarray(np.zeros((80, 80), np.uint16)), "PNG"), Kind.PNG, "16 bits"),
        (saved(Image.new("RGB", (40, 40)), "PNG"), Kind.PNG, "too small"),
        (b"\x89PNG\r\n\x1a\nbroken", Kind.PNG, "png"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(data, kind, reason):
    with pytest.raises(MarkingError, match=reason):
        label_image(data, kind, Style())


@given(st.integers(120, 2400), st.integers(120, 2400))
@settings(max_examples=25, deadline=None)
def test_capitals_are_at_least_five_percent_of_the_shorter_side(width, height):
    capital = capital_height(height, width)
    letters = lettering("AI", capital, LIGHT, plate=False, font=None).ink
    rows = np.flatnonzero(letters.max(axis=1) >= 0.5)
    assert rows[-1] - rows[0] + 1 >= 0.05 * min(width, height)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_letters_stand_out_from_what_lies_behind_them(red, green, blue, noise):
    rng = np.random.default_rng(1)
    pixels = np.clip(np.array([red, green, blue]) + rng.normal(0, noise, (240, 320, 1)), 0, 255).astype(
        np.uint8
    )
    label = plan_labels(pixels, Style(language=Language.ZH))[0]
    behind = pixels[label.y : label.y + label.patch.height, label.x : label.x + label.patch.width]
    ink = tuple(int(value) for value in label.patch.colours[label.patch.ink > 0.99][0])
    own = float(luminance(np.array([[ink]], dtype=np.uint8))[0, 0])
    if label.patch.cover is label.patch.ink or np.array_equal(label.patch.cover, label.patch.ink):
        worst = min(contrast(own, float(value)) for value in np.percentile(luminance(behind), [1, 99]))
    else:
        paper = DARK if ink == LIGHT else LIGHT
        worst = contrast(own, float(luminance(np.array([[paper]], dtype=np.uint8))[0, 0]))
    assert worst >= CONTRAST


def test_characters_without_a_glyph_are_named():
    with pytest.raises(MarkingError, match="龘"):
        label_image(saved(scene(), "PNG"), Kind.PNG, Style(wording="AI生成龘"))


def test_wording_without_both_elements_is_refused():
    with pytest.raises(MarkingError, match="both elements"):
        label_image(saved(scene(), "PNG"), Kind.PNG, Style(wording="AI作品"))


def test_the_icon_stands_at_the_top_right():
    label = plan_labels(np.asarray(scene()), Style(form=Form.ICON))[0]
    assert label.x + label.patch.width > 300
    assert label.y < 20


@pytest.mark.parametrize("end", list(End))
@pytest.mark.parametrize("language", list(Language))
def test_a_text_gets_its_mark_once(end, language):
    text = "\n\n".join(
        f"第{number}段。会议于周一召开，讨论了预算、人员和日程等多项议题，与会者各抒己见。" * 3
        for number in range(6)
    )
    style = Style(end=end, language=language)
    once = label_text(text, style)
    assert find_marks(once)
    assert label_text(once, style) == once
    assert all(paragraph in once for paragraph in text.split("\n\n"))


def test_front_matter_and_byte_order_mark_stay_first():
    text = "\ufeff---\r\nAIGC:\r\n  Label: '1'\r\n---\r\nA text.\r\n"
    marked = label_text(text, Style(language=Language.ZH))
    assert marked.startswith("\ufeff---\r\nAIGC:")
    assert "---\r\n本内容由人工智能生成。\r\n\r\nA text." in marked


def wav(bits: int, seconds: float = 1.0) -> bytes:
    rng = np.random.default_rng(2)
    data = rng.integers(0, 256, int(8_000 * seconds) * bits // 8 * 2, dtype=np.uint8).tobytes()
    form = struct.pack("<HHIIHH", 1, 2, 8_000, 8_000 * bits // 4, bits // 4, bits)
    extra = b"AIGC" + struct.pack("<I", 3) + b"abc\0"
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data + extra
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_a_wav_that_no_edit_touches_is_the_same_file(tmp_path, bits):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    source.write_bytes(wav(bits))
    rewrite_audio(source, target, Kind.WAV, [lambda sound, _: sound])
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_sound_put_before_leaves_every_sample_behind_it(tmp_path, bits):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    source.write_bytes(wav(bits))
    insert_sound(source, target, Kind.WAV, np.full((100, 2), 0.25, np.float32), None)
    data = target.read_bytes()
    assert data.endswith(b"AIGC" + struct.pack("<I", 3) + b"abc\0")
    samples = source.read_bytes()[44:-12]
    assert data[44 + 100 * bits // 4 : 44 + 100 * bits // 4 + len(samples)] == samples
    assert len(data) == struct.unpack_from("<I", data, 4)[0] + 8


def test_a_broken_sound_is_refused_not_crashed(tmp_path):
    source = tmp_path / "in"
    for kind in (Kind.WAV, Kind.MP3, Kind.FLAC, Kind.OGG, Kind.M4A):
        source.write_bytes(b"RIFF\xff\xff\xff\xffWAVEnonsense")
        with pytest.raises(MarkingError):
            list(sound_blocks(source, kind))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_vorbis_of_one_or_two_channels_is_written(channels, rate, tmp_path):
    source, target = tmp_path / "in.ogg", tmp_path / "out.ogg"
    source.write_bytes(vorbis(channels, rate))
    rewrite_audio(source, target, Kind.OGG, [lambda sound, _rate: sound * np.float32(0.5)])
    form = sound_form(target, Kind.OGG)
    assert (form.codec, form.channels, form.rate_hz) == ("vorbis", 2, rate)
    before, after = (np.concatenate([*sound_blocks(file, Kind.OGG)]) for file in (source, target))
    assert np.sqrt((after**2).mean()) == pytest.approx(0.5 * np.sqrt((before**2).mean()), rel=0.1)


def test_vorbis_of_six_channels_is_refused_in_words(tmp_path):
    source = tmp_path / "in.ogg"
    source.write_bytes(vorbis(6, 44_100))
    with pytest.raises(MarkingError, match="Vorbis of 6 channels is not written"):
        rewrite_audio(source, tmp_path / "out.ogg", Kind.OGG, [])


@pytest.mark.parametrize(
    ("media", "where"),
    [(Media.TEXT, "text"), (Media.AUDIO, "spoken"), (Media.IMAGE, "picture"), (Media.VIDEO, "video's start")],
)
def test_what_is_told_of_a_label_fits_its_medium(media, where):
    said = placed_words(media)
    assert where in said.en
    assert ("画面" in said.zh) == (media in {Media.IMAGE, Media.VIDEO})
