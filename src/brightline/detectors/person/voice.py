"""The voice of one recording, or of each of its speakers, for comparing with persons who consented.

How sure a likeness is was counted by `benchmarks/measure_voices.py`: 22,028 pairs of clips of different speakers and 127
of one as they come, 44,056 and 254 with one of the two through a telephone.
"""

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from brightline.core.errors import BankError
from brightline.core.subject import Subject
from brightline.detectors.audio.pieces import Cutter, Piece, Stretch
from brightline.detectors.audio.spoof_features import bandwidth_hz, spectrogram
from brightline.detectors.audio.turns import Window, speakers_of, windows_of
from brightline.detectors.audio.voices import Voice, likeness, mean_voice
from brightline.media.audio import Samples, audio_blocks

HEARD_S = 300.0  # seconds of a recording that are compared: who has not spoken by then is missed
ENROL_SPEECH_S = 5.0  # of speech in a clip that a template for years is made of
LEAST_SPEECH_S = 2.0  # of a speaker, under which nothing is compared
ONE_PERSON = 0.70  # likeness of two clips under which they are of two persons: 100 % of pairs of one reach it
NARROW_HZ = (
    5_200.0  # speech that reaches no higher came through a telephone: the same bound as `speech_spoof.toml`
)
PRIOR = 0.01  # of a hundred recordings one has a protected person's voice: an assumption, in the card
# From which likeness on how many of so many pairs of strangers were as like (count + 0.5, Jeffreys), the surest first.
_WIDE = (22_028, ((0.90, 0.5), (0.85, 1.5), (0.80, 5.5), (0.75, 69.5)))
_NARROW = (44_056, ((0.80, 0.5), (0.75, 10.5), (0.70, 89.5)))


class Speaker(msgspec.Struct, frozen=True):
    """One voice of a recording.

    Attributes:
        voice: the mean of its windows.
        stretches: where it speaks, joined.
        seconds: how long, about.
        is_narrow: the recording reaches no higher than a telephone.
    """

    voice: Voice
    stretches: tuple[Stretch, ...]
    seconds: float
    is_narrow: bool


def speakers_in(subject: Subject, wall_s: float) -> list[Speaker]:
    """The voices of a recording's first five minutes, the first heard first; those of under 2 s are left out.

    Raises:
        DetectorError: the sound cannot be decoded within `wall_s`, or a network cannot run.
    """
    return speakers_of_sound(audio_blocks(subject, seconds=HEARD_S, wall_s=wall_s))


def speakers_of_sound(blocks: Iterable[Samples]) -> list[Speaker]:
    """Likewise, of sound that is decoded already.

    Raises:
        DetectorError: a network cannot run.
    """
    cutter, windows, reach = Cutter(), list[Window](), [0.0]
    for piece in _pieces(cutter, blocks):
        windows += windows_of(piece)
        reach.append(bandwidth_hz(spectrogram(piece.sound)))
    speakers: dict[int, list[Window]] = {}
    # Five minutes have at most 400 windows, fewer than are joined: one speaker a window.
    for window, voiced in zip(windows, speakers_of(windows), strict=True):
        speakers.setdefault(voiced.speaker, []).append(window)
    found = [_speaker(own, max(reach) <= NARROW_HZ) for own in speakers.values()]
    return [one for one in found if one.seconds >= LEAST_SPEECH_S]


def enrolled_voice(speakers: list[Speaker], name: str) -> Voice:
    """The voice of a clip in which one person speaks alone.

    Args:
        speakers: of the clip.
        name: the clip's, for messages.

    Raises:
        BankError: nobody speaks, or several, or not for long enough, or the clip came through a telephone.
    """
    if len(speakers) != 1:
        raise BankError(f"`{name}` has {len(speakers)} voices, expected the person alone")
    if speakers[0].seconds < ENROL_SPEECH_S:
        raise BankError(
            f"`{name}` has {speakers[0].seconds:.1f} s of speech, expected at least {ENROL_SPEECH_S:g} s"
        )
    if speakers[0].is_narrow:
        raise BankError(f"`{name}` sounds as over a telephone; enrol from a recording of full sound")
    return speakers[0].voice


def probability_of(near: float, comparisons: int, *, is_narrow: bool) -> float:
    """Probability, at `PRIOR`, that the likest of so many voices is the same speaker's.

    >>> [round(probability_of(near, 1, is_narrow=False), 2) for near in (0.74, 0.76, 0.82)]
    [0.0, 0.76, 0.98]
    """
    pairs, bands = _NARROW if is_narrow else _WIDE
    for least, count in bands:
        if near >= least:
            confused = min(1.0, max(1, comparisons) * count / pairs)
            return PRIOR / (PRIOR + (1.0 - PRIOR) * confused)
    return 0.0


def nearest(voice: Voice, known: Iterable[Voice]) -> float:
    """The likeness of the likest, 0.0 where there is none."""
    return max((likeness(voice, one) for one in known), default=0.0)


def _pieces(cutter: Cutter, blocks: Iterable[Samples]) -> Iterator[Piece]:
    for block in blocks:
        yield from cutter.hear(block)
    yield from cutter.end()


def _speaker(windows: list[Window], is_narrow: bool) -> Speaker:
    joined: list[Stretch] = []
    for one in windows:
        if joined and one.start_s <= joined[-1].end_s + 0.5:
            joined[-1] = Stretch(joined[-1].start_s, max(joined[-1].end_s, one.end_s))
        else:
            joined.append(Stretch(one.start_s, one.end_s))
    voice = mean_voice(np.array([one.voice for one in windows]))
    return Speaker(voice, tuple(joined), sum(one.seconds for one in joined), is_narrow)
