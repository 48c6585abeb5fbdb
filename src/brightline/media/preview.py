"""What a report shows of a subject: a small picture, an excerpt, a waveform. A courtesy: it never fails.

Everything is drawn anew from decoded pixels and samples, so nothing of the subject's own bytes reaches a page.
"""

import io
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.core.finding import Span
from brightline.core.preview import Excerpt, Preview
from brightline.core.subject import Media, Subject
from brightline.media.audio import RATE_HZ, Samples, audio_blocks, duration_s, peaks
from brightline.media.image import Pixels, size, thumbnail
from brightline.media.spectrogram import spectrogram_png
from brightline.media.video import Keyframe, keyframes, video_facts

SIDE = 480  # longest side of a picture, in pixels
QUALITIES = (80, 60, 40, 20)  # of JPEG, until the picture fits
PICTURE_BYTES = 72_000
TEXT_CHARACTERS = 6_000  # at most 24 kB of UTF-8; with picture and spectrogram under 120 kB
WINDOW_CHARACTERS = 300  # around a span that lies outside the beginning
SHEET_FRAMES = 6
SHEET_COLUMNS = 3
SOUND_SECONDS = 60.0  # of sound that are drawn
WALL_SECONDS = 1.0  # of decoding, for each of sound and pictures


def preview(subject: Subject, spans: Sequence[Span] = ()) -> Preview:
    """Draw a subject; what cannot be decoded is left empty.

    Args:
        subject: one node.
        spans: places in its text that a reader should see.
    """
    shown = Preview(excerpts=excerpts(subject.text, spans), characters=len(subject.text))
    match subject.kind.media:
        case Media.IMAGE:
            return _attempt(shown, subject, _picture)
        case Media.AUDIO:
            return _attempt(shown, subject, _sound)
        case Media.VIDEO:
            return _attempt(_attempt(shown, subject, _sheet), subject, _sound)
        case _:
            return shown


def excerpts(text: str, spans: Sequence[Span] = ()) -> tuple[Excerpt, ...]:
    """Give the beginning of a text and windows around spans, together at most `TEXT_CHARACTERS` characters.

    >>> [one.start for one in excerpts("a" * 9000, [Span(8000, 8010)])]
    [0, 7700]
    """
    if len(text) <= TEXT_CHARACTERS:
        return (Excerpt(0, text),) if text else ()
    windows = _windows(len(text), spans)
    first = TEXT_CHARACTERS - sum(end - start for start, end in windows)
    pieces = _merged([(0, max(WINDOW_CHARACTERS, first)), *windows])
    return tuple(Excerpt(start, text[start:end]) for start, end in _cut(pieces, TEXT_CHARACTERS))


def _windows(length: int, spans: Sequence[Span]) -> list[tuple[int, int]]:
    around = [
        (max(0, span.start - WINDOW_CHARACTERS), min(length, span.end + WINDOW_CHARACTERS))
        for span in spans
        if 0 <= span.start <= span.end <= length
    ]
    return list(_cut(_merged(around), TEXT_CHARACTERS - WINDOW_CHARACTERS))


def _merged(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _cut(stretches: Sequence[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    for start, end in stretches:
        kept = min(end - start, most)
        if kept > 0:
            yield start, start + kept
        most -= kept


def _attempt(shown: Preview, subject: Subject, draw: Callable[[Preview, Subject], Preview]) -> Preview:
    try:
        return draw(shown, subject)
    except (DetectorError, MemoryError):
        return shown


def _picture(shown: Preview, subject: Subject) -> Preview:
    whole = size(subject)
    pixels = thumbnail(subject, SIDE)
    return msgspec.structs.replace(shown, picture=_jpeg(pixels), width=whole.width, height=whole.height)


def _sheet(shown: Preview, subject: Subject) -> Preview:
    facts = video_facts(subject)
    shown = msgspec.structs.replace(
        shown, width=facts.width, height=facts.height, seconds=round(facts.seconds, 3)
    )
    found: list[Keyframe] = []
    try:
        found.extend(keyframes(subject, SHEET_FRAMES, SIDE // SHEET_COLUMNS, wall_s=WALL_SECONDS))
    except DetectorError:
        if not found:
            return shown
    seconds = tuple(frame.second for frame in found)
    return msgspec.structs.replace(shown, picture=_jpeg(_arranged(found)), frames=seconds) if found else shown


def _arranged(found: Sequence[Keyframe]) -> Pixels:
    """Keyframes three a row on dark grey, each in the middle of its field."""
    height = max(frame.pixels.shape[0] for frame in found)
    width = max(frame.pixels.shape[1] for frame in found)
    lines = -(-len(found) // SHEET_COLUMNS)
    sheet = np.full((lines * height, min(len(found), SHEET_COLUMNS) * width, 3), 32, dtype=np.uint8)
    for number, frame in enumerate(found):
        line, column = divmod(number, SHEET_COLUMNS)
        y = line * height + (height - frame.pixels.shape[0]) // 2
        x = column * width + (width - frame.pixels.shape[1]) // 2
        sheet[y : y + frame.pixels.shape[0], x : x + frame.pixels.shape[1]] = frame.pixels
    return sheet


def _sound(shown: Preview, subject: Subject) -> Preview:
    samples = _first_samples(subject)
    if len(samples) == 0:
        return shown
    return msgspec.structs.replace(
        shown,
        waveform=tuple(round(float(peak), 3) for peak in peaks(samples)),
        spectrogram=spectrogram_png(samples, RATE_HZ),
        drawn_s=round(len(samples) / RATE_HZ, 3),
        seconds=shown.seconds or round(duration_s(subject), 3),
    )


def _first_samples(subject: Subject) -> Samples:
    """What can be decoded in time, even if it breaks off."""
    blocks: list[npt.NDArray[np.float32]] = []
    try:
        blocks.extend(audio_blocks(subject, RATE_HZ, SOUND_SECONDS, WALL_SECONDS))
    except DetectorError:
        if not blocks:
            raise
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def _jpeg(pixels: Pixels) -> bytes:
    data = b""
    for quality in QUALITIES:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=quality, optimize=True)
        data = stream.getvalue()
        if len(data) <= PICTURE_BYTES:
            return data
    return b"" if len(data) > PICTURE_BYTES else data
