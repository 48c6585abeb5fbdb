"""A spoken sentence, or Morse for AI, before and after a sound file, as loud as the file itself."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from scipy import signal

from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.marking.explicit.style import End, Language, Style, Voice
from brightline.media.audio import Samples
from brightline.media.label_sounds import SPOKEN_HZ, rhythm, spoken
from brightline.media.rewrite_audio import Sound, insert_sound, sound_blocks, sound_form

PAUSE_SECONDS = 0.4  # between label and programme, and between two languages
_BLOCK_SECONDS = 0.4  # ITU-R BS.1770-5 annex 1, gating; without its filter, which voices hardly change
_SILENCE_DB, _RELATIVE_DB = -70.0, -10.0
_LOUDNESS_DB = (
    -32.0,
    -14.0,
)  # over near-silence a label must still be heard, and over a loud master not hurt
_PEAK = 0.89  # -1 dBFS


def label_audio(source: Path, target: Path, kind: Kind, style: Style) -> None:
    """Write the sound with an explicit mark at its start, end or both (GB 45438-2025 5.3).

    The label has the file's own rate and channels, and the loudness of the programme, measured over blocks that are
    not silence. WAV, FLAC and ALAC stay exact behind it; other codecs are encoded again at the same bit rate.

    Raises:
        MarkingError: the file cannot be written (see `insert_sound`), a wording of one's own is asked for, which
            would have to be spoken, or the mark is to stand in the middle.
    """
    if style.wording and style.voice is Voice.SPOKEN:
        raise MarkingError("spoken labels ship in fixed words; leave the wording out, or choose the rhythm")
    if style.end is End.MIDDLE:
        raise MarkingError("sound is marked at its start, its end or both")
    form = sound_form(source, kind)
    label = _loud(label_samples(style, form.rate_hz), programme_db(sound_blocks(source, kind), form.rate_hz))
    pause = np.zeros(round(PAUSE_SECONDS * form.rate_hz), dtype=np.float32)
    head = _spread(np.concatenate([label, pause]), form.channels) if style.end is not End.END else None
    tail = _spread(np.concatenate([pause, label]), form.channels) if style.end is not End.START else None
    insert_sound(source, target, kind, head, tail)


def label_samples(style: Style, rate_hz: int) -> Samples:
    """The label alone: (n,) float32 mono at that rate."""
    if style.voice is Voice.RHYTHM:
        return rhythm(rate_hz)
    languages = ["zh", "en"] if style.language is Language.BOTH else [style.language.value]
    pause = np.zeros(round(PAUSE_SECONDS * rate_hz), dtype=np.float32)
    pieces = [_resampled(spoken(language), rate_hz) for language in languages]
    return np.concatenate([piece for one in pieces for piece in (one, pause)][:-1])


def programme_db(blocks: Iterable[Sound], rate_hz: int) -> float:
    """Mean power of the blocks that are not silence, in dB of full scale, over all channels.

    Blocks of 0.4 s, gated at -70 dB and at 10 dB under the mean of those, as ITU-R BS.1770-5 gates; -inf for silence.
    """
    powers = np.asarray(list(_powers(blocks, max(1, round(_BLOCK_SECONDS * rate_hz)))))
    for gate in (_SILENCE_DB, None):
        if not len(powers):
            return -math.inf
        floor = gate if gate is not None else 10 * math.log10(powers.mean()) + _RELATIVE_DB
        powers = powers[powers > 10 ** (floor / 10)]
    return 10 * math.log10(powers.mean()) if len(powers) else -math.inf


def _powers(blocks: Iterable[Sound], size: int) -> Iterable[float]:
    left: Sound | None = None
    for block in blocks:
        joined = block if left is None else np.concatenate([left, block])
        whole = len(joined) - len(joined) % size
        for start in range(0, whole, size):
            yield float(np.square(joined[start : start + size], dtype=np.float64).mean())
        left = joined[whole:]
    if left is not None and len(left):
        yield float(np.square(left, dtype=np.float64).mean())


def _loud(label: Samples, programme: float) -> Samples:
    """The label at the programme's loudness, within bounds, its peak under -1 dBFS."""
    wanted = min(max(programme, _LOUDNESS_DB[0]), _LOUDNESS_DB[1])
    own = programme_db([label[:, None]], SPOKEN_HZ)
    gain = min(10 ** ((wanted - own) / 20), _PEAK / float(np.abs(label).max()))
    return np.asarray(label * gain, dtype=np.float32)


def _resampled(samples: Samples, rate_hz: int) -> Samples:
    common = math.gcd(rate_hz, SPOKEN_HZ)
    return np.asarray(signal.resample_poly(samples, rate_hz // common, SPOKEN_HZ // common), dtype=np.float32)


def _spread(samples: Samples, channels: int) -> Sound:
    return np.repeat(samples[:, None], channels, axis=1)
