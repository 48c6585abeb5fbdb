"""`speech.generated`: estimate whether a machine made the voice in a recording, or a stretch of it, and show which seconds.

Speech is looked for first; what holds none is out of scope. Long recordings are heard at places spread over them, as many
as the time allows; when the time runs out or the file breaks off, what was heard up to there is said first.
"""

from collections.abc import Iterator

import msgspec

from brightline.core.alarm import StepTimeout
from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, Seconds, details
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.audio.spoof_course import Verdict, curve, judge
from brightline.detectors.audio.spoof_hearing import Hearing, Window
from brightline.detectors.audio.spoof_model import Band, Scale, SpoofJudge, Table, probability, shipped
from brightline.media.audio import Place, audio_places, opened, stated_seconds
from brightline.settings import Limits, Settings

NAME = "speech.generated"
HEARD_A_SECOND = 40.0  # seconds of sound for each second of the detector's limit; they need a third of a core
WALL_SHARE = 0.75  # of the detector's limit that hearing may take
PLACE_S = 15.0  # of a long recording at each place: enough for a judgement of its own
LEAST_SPEECH_S = 1.0  # under which nothing can be said; the training heard nothing shorter
STRETCHES = 20  # that one finding points at


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard of a recording.

    Attributes:
        windows: scored windows, in the order of time.
        heard_s: seconds of sound that were listened to.
        speech_s: seconds of speech among them.
        total_s: length that the container states; 0.0 unknown.
        places: at how many places.
    """

    windows: tuple[Window, ...]
    heard_s: float
    speech_s: float
    total_s: float
    places: int


def prepare(settings: Settings) -> Detect:
    """Keep the limits."""

    def detect(subject: Subject) -> Iterator[Finding]:
        return judged(subject, shipped(), settings.limits)

    return detect


def judged(subject: Subject, network: SpoofJudge, limits: Limits) -> Iterator[Finding]:
    """One `synthetic.speech`; its verdict is `not_applicable` where there is no speech to judge.

    Raises:
        DetectorError: the sound cannot be decoded to its end, or a network cannot run; what came before has been judged.
        StepTimeout: likewise, when the time ran out.
    """
    with opened(subject) as container:
        total_s = stated_seconds(container)
        has_sound = bool(container.streams.audio)
    if not has_sound:
        yield _not_applicable("no_sound", 0.0)
        return
    ears = _Ears(subject, network, limits, total_s)
    stopped: BaseException | None = None
    try:
        ears.hear()
    except (DetectorError, StepTimeout) as reason:
        stopped = reason
    heard = ears.heard()
    if heard.heard_s > 0.0 or stopped is None:
        yield _said(heard, network.said)
    if stopped is not None:
        raise stopped


def places_of(total_s: float, most_s: float) -> tuple[Place, ...]:
    """Where a recording is heard: the whole, or places spread evenly from its beginning to its end.

    Args:
        total_s: its length as stated; 0.0 unknown, and it is heard from the beginning.
        most_s: seconds that may be heard.

    >>> [place.begin_s for place in places_of(600.0, 60.0)]
    [0.0, 195.0, 390.0, 585.0]
    """
    if total_s <= most_s:
        return (Place(0.0, most_s + PLACE_S),)  # stated lengths are rounded, some a little short
    count = max(2, int(most_s / PLACE_S))
    apart = (total_s - PLACE_S) / (count - 1)
    return tuple(Place(round(number * apart, 3), PLACE_S) for number in range(count))


class _Ears:
    """Hears a recording, and keeps what was heard whatever ends it."""

    def __init__(self, subject: Subject, network: SpoofJudge, limits: Limits, total_s: float) -> None:
        self._subject, self._network, self._total_s = subject, network, total_s
        self._wall_s = WALL_SHARE * limits.detector_seconds
        self._most_s = min(HEARD_A_SECOND * limits.detector_seconds, limits.media_seconds)
        self._places = places_of(total_s, self._most_s)
        self._hearings: list[Hearing] = []
        self._windows: list[Window] = []

    def hear(self) -> None:
        """Raises: DetectorError: as for `judged`; StepTimeout: likewise."""
        for place, samples in audio_places(self._subject, self._places, wall_s=self._wall_s):
            if place >= len(self._hearings):
                self._end()
                self._hearings.append(Hearing(self._network, self._places[place].begin_s))
            self._windows += self._hearings[-1].hear(samples)
        self._end()
        if len(self._places) == 1 and self._hearings and self._hearings[0].heard_s >= self._places[0].seconds:
            raise DetectorError(f"only the first {self._places[0].seconds:g} s of the sound were heard")

    def _end(self) -> None:
        if self._hearings:
            self._windows += self._hearings[-1].end()

    def heard(self) -> Heard:
        """What was heard up to now."""
        return Heard(
            windows=tuple(self._windows),
            heard_s=sum(one.heard_s for one in self._hearings),
            speech_s=sum(one.speech_s for one in self._hearings),
            total_s=self._total_s,
            places=len(self._hearings),
        )


def _said(heard: Heard, said: Table) -> Finding:
    if not heard.windows:
        return _not_applicable("no_speech", heard.heard_s)
    if heard.speech_s < LEAST_SPEECH_S:
        return _not_applicable("short", heard.heard_s)
    verdict = judge(heard.windows, said)
    scale = said.scale(verdict.band)
    chance = probability(verdict.log_odds)
    word = _word(chance, verdict.band, scale)
    shown = verdict.shown if word != "real" else ()
    return Finding(
        detector=NAME,
        claim="synthetic.speech",
        basis=Basis.ESTIMATE,
        probability=chance,
        harm=Harm.UNLABELLED_AIGC if word == "synthetic" else None,
        why=_why(word, chance, verdict, heard),
        where=tuple(Seconds(one.begin_s, one.end_s) for one in shown[:STRETCHES]),
        details=details(
            band=verdict.band,
            extent=verdict.extent,
            heard_s=f"{heard.heard_s:.1f}",
            places=str(heard.places),
            seconds=f"{max(heard.total_s, heard.heard_s):.1f}",
            speech_s=f"{heard.speech_s:.1f}",
            stretches=str(len(verdict.stretches)),
            timeline=curve(heard.windows, scale),
            verdict=word,
        ),
    )


def _word(chance: float, band: Band, scale: Scale) -> str:
    """Telephones and old codecs wipe out what tells machines: between the bounds such speech is only `processed`."""
    if chance >= scale.threshold:
        return "synthetic"
    if chance >= scale.abstain[0]:
        return "processed" if band is Band.NARROW else "abstain"
    return "real"


def _why(word: str, chance: float, verdict: Verdict, heard: Heard) -> Words:
    looked = _looked(heard)
    percent = round(100 * chance)
    match word:
        case "synthetic":
            when = _when(verdict)
            said = Words(
                f"a machine made the voice with {percent} % probability{when.en}",
                f"声音由机器合成的可能性为 {percent}%{when.zh}",
            )
        case "abstain":
            said = Words(
                f"it cannot be told whether a machine made the voice ({percent} %)",
                f"无法判定声音是否由机器合成（{percent}%）",
            )
        case "processed":
            said = Words(
                f"the sound is too far processed, as by a telephone, to tell whether a machine made the voice ({percent} %)",
                f"声音经电话等处理，失真较多，无法判定是否由机器合成（{percent}%）",
            )
        case _:
            said = Words(
                f"nothing stands out as a machine's voice ({percent} %)",
                f"未见明显的机器合成痕迹（{percent}%）",
            )
    band = _band(verdict.band, word)
    return Words(looked.en + said.en + band.en, looked.zh + said.zh + band.zh)


def _looked(heard: Heard) -> Words:
    if heard.places > 1:
        return Words(
            f"in {heard.speech_s:.0f} s of speech, heard at {heard.places} places of a recording of {heard.total_s:.0f} s, ",
            f"在 {heard.total_s:.0f} 秒录音的 {heard.places} 处共听取 {heard.speech_s:.0f} 秒语音，",
        )
    return Words(f"in {heard.speech_s:.1f} s of speech, ", f"在 {heard.speech_s:.1f} 秒语音中，")


def _when(verdict: Verdict) -> Words:
    if len(verdict.stretches) == 1 or not verdict.shown:
        return Words("", "")
    most = max(verdict.shown, key=lambda one: one.logit)
    stretch = f"{most.begin_s:.1f}-{most.end_s:.1f}"
    if verdict.extent == "part":
        return Words(f" from {stretch} s", f"，见于第 {stretch} 秒")
    return Words(f", most at {stretch} s", f"，以第 {stretch} 秒最为明显")


def _band(band: Band, word: str) -> Words:
    if band is Band.WIDE or word == "processed":
        return Words("", "")
    return Words(
        "; reduced confidence, since the sound reaches no higher than a telephone's",
        "；录音频带与电话相近，可信度较低",
    )


_REASONS = {
    "no_sound": (Words("it has no sound track", "其中没有声音轨道"), 0.0, Basis.PROOF),
    "no_speech": (Words("no speech was heard in it", "未听到有人说话"), 0.0, Basis.ESTIMATE),
    "short": (Words("there is less than a second of speech", "语音不足一秒"), 0.5, Basis.ESTIMATE),
}


def _not_applicable(reason: str, heard_s: float) -> Finding:
    why, chance, basis = _REASONS[reason]
    return Finding(
        detector=NAME,
        claim="synthetic.speech",
        basis=basis,
        probability=chance,
        why=Words(
            en=f"whether a machine made a voice is not judged: {why.en}",
            zh=f"未判断声音是否由机器合成：{why.zh}",
        ),
        details=details(heard_s=f"{heard_s:.1f}", reason=reason, verdict="not_applicable"),
    )
