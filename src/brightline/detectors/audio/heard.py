"""What was said, and whether to believe it: the recogniser's words with times, without those that it invents.

Whisper was trained on subtitles, and for noise it writes what subtitles end with. So words count only where somebody
speaks, where they are no louder a guess than their probability allows, and at a pace that a mouth can keep.
"""

from collections.abc import Iterator

import msgspec
import re2

from brightline.detectors.audio.pieces import Piece
from brightline.media.recogniser import Reading, read_speech, repeats

LEAST_CONFIDENCE = 0.30  # mean probability of a piece's tokens under which nothing is told of it
SILENT = 0.6  # probability of silence from which on an unsure reading is none, Whisper's own value
SURE = 0.5  # confidence that stands up against it, and against the sentences of subtitles
PACE_MOST = 28.0  # letters a second; the quickest speakers of English reach some 25
SIGNS_MOST = 11.0  # Chinese, Japanese or Korean signs a second; the quickest speakers reach some 8
LANGUAGE_SURE = 0.5  # probability from which a piece's own language counts; else that of the pieces before
SPOKEN_SHARE = 0.35  # of a text's time that must lie in speech
_SUBTITLES = re2.compile(
    r"(?i)thanks? (you )?(so much )?for watching|subscribe to (my|the|our) channel|subtitles? by|amara\.org|"
    r"字幕(由|提供|志愿|製作|制作)|(点赞|點讚).{0,6}(订阅|訂閱)|(谢谢|謝謝|感谢|感謝)(大家)?(观看|觀看|收看)|"
    r"untertitel (der|von|im)|ご視聴ありがとう"
)
_SIGNS = re2.compile(r"[\x{3040}-\x{30ff}\x{3400}-\x{9fff}\x{ac00}-\x{d7af}]")


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Words between two seconds of the recording.

    Attributes:
        text: what is said.
        start_s: seconds of the recording.
        end_s: likewise.
        confidence: mean probability of the piece's tokens, in [0, 1].
        language: two or three letters, ISO 639.
        speaker: number of who says it, 0 the first who was heard.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float
    language: str
    speaker: int = 0


class Ear:
    """Reads one recording piece by piece, and remembers its language."""

    def __init__(self) -> None:
        self._language = ""

    def read(self, piece: Piece) -> list[Segment]:
        """What is said in a piece; nothing where the reading is not to be believed.

        Raises:
            DetectorError: the recogniser is not installed or cannot run.
        """
        reading = read_speech(piece.sound)
        if reading.language_probability < LANGUAGE_SURE and self._language not in {"", reading.language}:
            reading = read_speech(piece.sound, self._language)
        elif reading.language_probability >= LANGUAGE_SURE:
            self._language = reading.language
        return list(believed(reading, piece)) if is_believed(reading) else []


def is_believed(reading: Reading) -> bool:
    """Whether a reading as a whole is more than an invention.

    >>> is_believed(Reading((), "en", 0.9, 0.2, 0.1))
    False
    """
    if reading.confidence < LEAST_CONFIDENCE or repeats(reading.text):
        return False
    if reading.confidence >= SURE:
        return True
    return reading.silence < SILENT and _SUBTITLES.search(reading.text) is None


def believed(reading: Reading, piece: Piece) -> Iterator[Segment]:
    """Words of a reading that stand in speech and are said at a human pace, with times of the recording."""
    for words in reading.words:
        start_s, end_s = piece.time_of(words.start_s), piece.time_of(words.end_s)
        if end_s - start_s <= 0 or not _is_spoken(piece, start_s, end_s):
            continue
        if _is_too_fast(words.text, words.end_s - words.start_s):
            continue
        yield Segment(
            text=words.text,
            start_s=round(start_s, 2),
            end_s=round(end_s, 2),
            confidence=reading.confidence,
            language=reading.language,
        )


def _is_spoken(piece: Piece, start_s: float, end_s: float) -> bool:
    shared = sum(max(0.0, min(end_s, one.end_s) - max(start_s, one.start_s)) for one in piece.stretches)
    return shared >= SPOKEN_SHARE * (end_s - start_s)


def _is_too_fast(text: str, seconds: float) -> bool:
    """Faster than anybody speaks; short words have a second, since their times are rough."""
    signs = len(_SIGNS.findall(text))
    return signs / SIGNS_MOST + (len(text) - signs) / PACE_MOST > max(1.0, seconds)
