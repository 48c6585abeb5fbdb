"""Explicit marks in pictures, video and sound: ours pass, and what breaks the standard is told by name."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import brightline.marking.explicit.layout as layout
from brightline.core.finding import Finding
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.marking.explicit.audio import label_audio
from brightline.marking.explicit.image import label_image
from brightline.marking.explicit.lettering import FONT
from brightline.marking.explicit.style import End, Form, Language, Style, Voice
from brightline.marking.explicit.video import label_video
from brightline.media.label_sounds import rhythm
from brightline.media.rewrite_video import rewrite_video
from brightline.provenance import explicit_audio, explicit_image, explicit_video
from brightline.provenance.explicit_words_seen import Saying, said

SIZES = ((240, 160), (320, 480), (640, 360), (1024, 1024), (1920, 800))
FONT_FILE = Path(layout.__file__).parent / "data" / FONT


def subject(data: bytes, kind: Kind) -> Subject:
    return Subject(
        digest="0" * 56 + f"{hash(data) & 0xFFFFFFFF:08x}",
        size_bytes=len(data),
        kind=kind,
        context=Context(time="2026-11-23T00:00:00Z"),
        blob=Blob(data),
    )


def ground(name: str, width: int, height: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    match name:
        case "light":
            return np.full((height, width, 3), (236, 232, 224), np.uint8)
        case "dark":
            return np.full((height, width, 3), (28, 30, 40), np.uint8)
        case "busy":
            noise = rng.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8)
            return np.kron(noise, np.ones((4, 4, 1), np.uint8))[:height, :width]
        case _:
            small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
            return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def saved(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def worn(data: bytes, quality: int, scale: float) -> bytes:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    size = (round(image.width * scale), round(image.height * scale))
    return saved(np.asarray(image.resize(size, Image.Resampling.BICUBIC)), "JPEG", quality=quality)


def judged(data: bytes, kind: Kind = Kind.PNG) -> tuple[Finding, set[str]]:
    first, *defects = explicit_image.detect(subject(data, kind))
    return first, {defect.detail("code") for defect in defects}


def written(pixels: np.ndarray, words: str, height: int, colour: tuple[int, int, int], place: str) -> bytes:
    """Words as somebody else might write them; `height` is that of the font."""
    image = Image.fromarray(pixels)
    font = ImageFont.truetype(str(FONT_FILE), height)
    _left, _top, right, bottom = font.getbbox(words)
    x = {"corner": image.width - right - 12, "middle": (image.width - right) // 2}[place]
    y = {"corner": image.height - bottom - 12, "middle": (image.height - bottom) // 2}[place]
    ImageDraw.Draw(image).text((x, y), words, fill=colour, font=font)
    return saved(np.asarray(image))


@pytest.mark.parametrize("name", ["light", "dark", "busy", "soft"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_checker_passes_our_marks_in_five_sizes_on_any_ground(width, height, name):
    language = Language.ZH if width < 300 else Language.BOTH
    marked = label_image(saved(ground(name, width, height)), Kind.PNG, Style(language=language))
    finding, defects = judged(marked)
    assert (finding.detail("verdict"), finding.detail("compliance")) == ("found", "compliant"), finding.why.en
    assert not defects


@pytest.mark.parametrize(("width", "height"), SIZES[1:])
@pytest.mark.parametrize(("quality", "scale"), [(50, 1.0), (80, 0.5), (50, 0.5)])
def test_our_marks_pass_after_compression_and_at_half_the_size(width, height, quality, scale):
    for name in ("light", "busy"):
        marked = label_image(saved(ground(name, width, height)), Kind.PNG, Style(language=Language.ZH))
        finding, defects = judged(worn(marked, quality, scale), Kind.JPEG)
        assert finding.detail("compliance") == "compliant", (name, finding.why.en, defects)


def test_letters_of_three_percent_are_undersized():
    data = written(ground("light", 800, 600), "AI生成", 20, (0, 0, 0), "corner")
    finding, defects = judged(data)
    assert finding.detail("verdict") == "found"
    assert defects == {"undersized"}


def test_grey_on_white_is_no_contrast():
    white = np.full((600, 800, 3), 255, np.uint8)
    finding, defects = judged(written(white, "AI生成", 60, (170, 170, 170), "corner"))
    assert finding.detail("compliance") == "noncompliant"
    assert defects == {"low_contrast"}


def test_words_in_the_middle_stand_at_the_wrong_place():
    assert judged(written(ground("light", 800, 600), "AI生成", 60, (0, 0, 0), "middle"))[1] == {"wrong_place"}


def test_english_alone_lacks_the_element_that_the_standard_words_in_chinese():
    marked = label_image(saved(ground("light", 800, 600)), Kind.PNG, Style(language=Language.EN))
    assert judged(marked)[1] == {"wrong_wording"}


def test_a_word_that_is_no_mark_is_not_found():
    data = written(ground("light", 800, 600), "图片由人制作", 60, (0, 0, 0), "corner")
    assert judged(data)[0].detail("verdict") == "not_found"


@pytest.mark.parametrize("name", ["light", "dark", "busy", "soft"])
def test_pictures_without_a_mark_have_none(name):
    finding, defects = judged(saved(ground(name, 640, 480)))
    assert (finding.detail("verdict"), defects) == ("not_found", set())


def test_the_icon_is_found_in_its_corner_and_is_not_enough_for_the_standard():
    marked = label_image(saved(ground("soft", 640, 480)), Kind.PNG, Style(form=Form.ICON))
    finding, defects = judged(marked)
    assert (finding.detail("form"), finding.detail("position")) == ("icon", "top_right")
    assert defects == {"wrong_wording"}


@pytest.mark.parametrize(
    ("line", "saying"),
    [
        ("Al生成", Saying.ZH),
        ("AI生成AI-generated", Saying.ZH),
        ("豆包AI生成", Saying.ZH),
        ("AIgenerated", Saying.EN),
        ("Made with AI", Saying.EN),
        ("AI", Saying.ICON),
        ("AI绘画", Saying.PARTIAL),
        ("非AI生成", Saying.NOTHING),
        ("No AI generated", Saying.NOTHING),
        ("AI生成内容的治理", Saying.NOTHING),
        ("the AI company", Saying.NOTHING),
    ],
)
def test_a_line_says_what_it_says(line, saying):
    assert said(line).saying is saying


def film(path: Path, seconds: float, kind: str = "mp4") -> Path:
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    base = np.asarray(small.resize((480, 270), Image.Resampling.BICUBIC))
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for number in range(round(seconds * 10)):
            frame = av.VideoFrame.from_ndarray(np.roll(base, number * 3, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def film_judged(path: Path, kind: Kind) -> tuple[Finding, set[str]]:
    first, *defects = explicit_video.detect(subject(path.read_bytes(), kind))
    return first, {defect.detail("code") for defect in defects}


@pytest.mark.parametrize(("kind", "name"), [(Kind.MP4, "mp4"), (Kind.MATROSKA, "matroska")])
def test_our_mark_on_a_video_passes_and_the_same_video_without_has_none(tmp_path, kind, name):
    plain = film(tmp_path / "plain", 4.0, name)
    label_video(plain, tmp_path / "marked", kind, Style(language=Language.ZH))
    finding, defects = film_judged(tmp_path / "marked", kind)
    assert (finding.detail("compliance"), defects) == ("compliant", set()), finding.why.en
    assert film_judged(plain, kind)[0].detail("verdict") == "not_found"


@pytest.mark.parametrize(("first", "last", "code"), [(0.0, 1.0, "too_short"), (1.0, 4.0, "not_at_opening")])
def test_a_mark_that_goes_early_or_comes_late_is_told(tmp_path, first, last, code):
    plain = film(tmp_path / "plain", 4.0)

    def edit(pixels, second):
        if not first <= second < last:
            return pixels
        return layout.paint(pixels, layout.plan_labels(pixels, Style(language=Language.ZH), plate=True))

    rewrite_video(plain, tmp_path / "marked", Kind.MP4, edit)
    finding, defects = film_judged(tmp_path / "marked", Kind.MP4)
    assert finding.detail("verdict") == "found"
    assert code in defects


SOUNDS = [
    (Kind.WAV, "wav", "pcm_s16le", 16_000),
    (Kind.FLAC, "flac", "flac", 44_100),
    (Kind.MP3, "mp3", "libmp3lame", 44_100),
    (Kind.OGG, "ogg", "libopus", 48_000),
    (Kind.M4A, "ipod", "aac", 32_000),
]


def tune(path: Path, muxer: str, codec: str, rate: int, seconds: float = 5.0) -> Path:
    """A slow chord with noise, one level per channel."""
    at = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(5).normal(0, 0.02, len(at))
    mono = 0.2 * np.sin(2 * np.pi * 220 * at) * (1 + np.sin(2 * np.pi * 3 * at)) / 2 + noise
    packed = np.rint(np.stack([mono, 0.5 * mono], axis=1) * 32767).astype(np.int16).reshape(1, -1)
    with av.open(str(path), "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def sound_judged(path: Path, kind: Kind) -> tuple[Finding, set[str]]:
    first, *defects = explicit_audio.detect(subject(path.read_bytes(), kind))
    return first, {defect.detail("code") for defect in defects}


@pytest.mark.parametrize(("kind", "muxer", "codec", "rate"), SOUNDS)
@pytest.mark.parametrize("voice", list(Voice))
def test_our_marks_in_sound_pass_in_any_codec(tmp_path, kind, muxer, codec, rate, voice):
    plain = tune(tmp_path / "plain", muxer, codec, rate)
    assert sound_judged(plain, kind)[0].detail("verdict") == "not_found"
    for end, position in ((End.START, "start"), (End.END, "end")):
        label_audio(plain, tmp_path / "marked", kind, Style(voice=voice, end=end, language=Language.ZH))
        finding, defects = sound_judged(tmp_path / "marked", kind)
        assert (finding.detail("form"), finding.detail("position")) == (voice.value, position)
        assert (finding.detail("compliance"), defects) == ("compliant", set())


def test_english_speech_alone_is_wrong_wording(tmp_path):
    plain = tune(tmp_path / "plain", "wav", "pcm_s16le", 16_000)
    label_audio(plain, tmp_path / "marked", Kind.WAV, Style(language=Language.EN))
    assert sound_judged(tmp_path / "marked", Kind.WAV)[1] == {"wrong_wording"}


def test_letters_that_run_together_are_told(tmp_path):
    rate, dot = 16_000, round(0.12 * 16_000)
    tones = rhythm(rate)
    joined = np.concatenate(
        [tones[: 6 * dot], tones[8 * dot :]]
    )  # two of the three dots between A and I are gone
    path = tune(tmp_path / "plain", "wav", "pcm_s16le", rate, seconds=1.0)
    from brightline.media.rewrite_audio import insert_sound

    insert_sound(path, tmp_path / "marked", Kind.WAV, np.repeat(joined[:, None], 2, axis=1), None)
    finding, defects = sound_judged(tmp_path / "marked", Kind.WAV)
    assert (finding.detail("form"), defects) == ("rhythm", {"missing_letter_gap"})


def test_the_end_of_a_long_recording_is_heard_too(tmp_path):
    plain = tune(tmp_path / "plain", "wav", "pcm_s16le", 8_000, seconds=80.0)
    label_audio(plain, tmp_path / "marked", Kind.WAV, Style(end=End.END))
    assert sound_judged(tmp_path / "marked", Kind.WAV)[0].detail("position") == "end"
