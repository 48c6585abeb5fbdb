"""Estimate whether a model made a video, or a shot of it, from native pixels of its frames, and show when it looks so.

The network that judges pictures sees a few crops of each of up to 64 stills; scores are brought together shot by shot.
When the time runs out or the file breaks off, what was seen up to there is said first.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from brightline.core.alarm import StepTimeout
from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, Seconds, details
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.image.scope import OutOfScope, out_of_scope, too_small
from brightline.detectors.image.verdict import NOWHERE, Verdict, generator_words, verdict_of
from brightline.detectors.video.course import Judgement, Moment, curve, judge, probability
from brightline.detectors.video.model import FrameJudge, Table, shipped
from brightline.media.video_samples import SampleRule, Still, has_pictures, shots, stills
from brightline.settings import Limits, Settings

NAME = "video.generated"
RULE = SampleRule(frames=48, cuts=16)  # 24 s at two a second; 1080p takes about 4 s of one core
GATE = 0.95  # how sure the gate of pictures is of what it measures by hand; see its card
IN_SCOPE = 0.25  # share of stills that must be such as can be judged
STRETCHES = 20  # shots that one finding points at
_NOTHING = np.zeros((0, 0, 3), dtype=np.uint8)


class Look(msgspec.Struct, frozen=True):
    """One still that was looked at, without its pixels: its size, and its score or why it has none."""

    still: Still
    width: int
    height: int
    score: float = 0.0
    outside: OutOfScope | None = None


def prepare(settings: Settings) -> Detect:
    """Keep the limits."""

    def detect(subject: Subject) -> Iterator[Finding]:
        return judged(subject, shipped(), settings.limits)

    return detect


def judged(subject: Subject, frames: FrameJudge, limits: Limits) -> Iterator[Finding]:
    """One `synthetic.video`, or one `video.scope` for a video that cannot be judged.

    Raises:
        DetectorError: the video cannot be decoded to its end, or the network cannot run; stills before that have
            been judged.
        StepTimeout: likewise, when the time ran out.
    """
    if not has_pictures(subject):
        yield _outside(_no_pictures(), ())
        return
    looks: list[Look] = []
    stopped: BaseException | None = None
    try:
        for still in stills(subject, RULE, limits):
            looks.append(_look(still, frames, len(looks)))
    except (DetectorError, StepTimeout) as reason:
        stopped = reason
    if looks:
        yield _said(sorted(looks, key=lambda look: look.still.second), frames.said)
    if stopped is not None:
        raise stopped


def _look(still: Still, frames: FrameJudge, number: int) -> Look:
    pixels = still.pixels
    height, width = pixels.shape[:2]
    kept = msgspec.structs.replace(still, pixels=_NOTHING)
    outside = too_small(min(width, height), frames.least_side) or out_of_scope(pixels)
    if outside is not None:
        return Look(kept, width, height, outside=outside)
    return Look(kept, width, height, frames.score(pixels, number))


def _said(looks: Sequence[Look], said: Table) -> Finding:
    numbers = shots([look.still for look in looks])
    moments = [
        Moment(look.still.second, look.score, number)
        for look, number in zip(looks, numbers, strict=True)
        if look.outside is None
    ]
    if not moments or len(moments) < max(min(said.least_stills, len(looks)), IN_SCOPE * len(looks)):
        return _outside(_usual(looks) or _too_few(len(moments)), looks)
    return _estimate(judge(moments, looks[0].still.total_s, said.scale), moments, looks, said)


def _usual(looks: Sequence[Look]) -> OutOfScope | None:
    """Why most of the stills that cannot be judged cannot."""
    reasons = [look.outside for look in looks if look.outside is not None]
    counts = Counter(one.reason for one in reasons)
    return max(reasons, key=lambda one: counts[one.reason], default=None)


def _estimate(verdict: Judgement, moments: Sequence[Moment], looks: Sequence[Look], said: Table) -> Finding:
    chance = probability(verdict.log_odds)
    word = verdict_of(chance, said.threshold, said.abstain)
    shown = verdict.shown if word is not Verdict.UNLIKELY else ()
    return Finding(
        detector=NAME,
        claim="synthetic.video",
        basis=Basis.ESTIMATE,
        probability=chance,
        harm=Harm.UNLABELLED_AIGC if word is Verdict.LIKELY else None,
        why=_why(word, chance, verdict, len(moments), looks),
        where=tuple(Seconds(shot.begin_s, shot.end_s) for shot in shown[:STRETCHES]),
        details=details(
            extent=verdict.extent,
            frames=str(len(moments)),
            shots=str(len(verdict.shots)),
            size=_size(looks),
            timeline=curve(moments, said.scale),
            verdict=str(word),
        ),
    )


def _why(word: Verdict, chance: float, verdict: Judgement, count: int, looks: Sequence[Look]) -> Words:
    """What was looked at, how sure we are, and when."""
    first, last = looks[0].still.second, looks[-1].still.second
    looked = Words(
        f"in {count} frames from {first:g} to {last:g} s of a video of {_size(looks)} px, ",
        f"在 {_size(looks)} 像素的视频中，取第 {first:g} 至 {last:g} 秒之间的 {count} 帧逐帧检视，",
    )
    end = generator_words(word, chance, _when(verdict))
    return Words(looked.en + end.en, looked.zh + end.zh)


def _when(verdict: Judgement) -> Words:
    if len(verdict.shots) == 1 or not verdict.shown:
        return NOWHERE
    most = max(verdict.shown, key=lambda shot: shot.score)
    stretch = f"{most.begin_s:g}-{most.end_s:g}"
    if verdict.extent == "shot":
        return Words(f" for the shot at {stretch} s", f"，见于第 {stretch} 秒的镜头")
    return Words(f", most at {stretch} s", f"，以第 {stretch} 秒最为明显")


def _outside(reason: OutOfScope, looks: Sequence[Look]) -> Finding:
    return Finding(
        detector=NAME,
        claim="video.scope",
        basis=Basis.PROOF if reason.measured else Basis.ESTIMATE,
        probability=1.0 if reason.measured else GATE,
        why=Words(
            en=f"whether a model made this video is not judged: {reason.why.en}",
            zh=f"未判断该视频是否由模型生成：{reason.why.zh}",
        ),
        details=details(
            frames=str(len(looks)), reason=reason.reason, size=_size(looks), verdict="not_applicable"
        ),
    )


def _no_pictures() -> OutOfScope:
    return OutOfScope(
        "no_pictures", Words(en="it has no picture track", zh="其中没有画面轨道"), measured=True
    )


def _too_few(count: int) -> OutOfScope:
    return OutOfScope(
        "short",
        Words(en=f"only {count} of its frames could be looked at", zh=f"仅有 {count} 帧可供检视"),
        measured=True,
    )


def _size(looks: Sequence[Look]) -> str:
    return f"{looks[0].width}x{looks[0].height}" if looks else ""
