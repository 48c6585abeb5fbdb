"""Looks the stills of a video up in banks of known videos: copies, excerpts, and longer videos that hold a known one."""

from collections.abc import Sequence

import msgspec

from brightline.core.alarm import StepTimeout
from brightline.core.errors import DetectorError
from brightline.core.finding import Seconds
from brightline.core.subject import Media, Subject
from brightline.detectors.known.banks import Bank
from brightline.detectors.known.hits import Flat, Hit, Method
from brightline.detectors.known.odds import PDQ_ODDS, VIDEO_ODDS, VIDEO_SINGLE_BITS, by_distance
from brightline.detectors.known.rows import HashType
from brightline.detectors.known.video_index import Seen, VideoNear
from brightline.detectors.known.video_rows import is_told
from brightline.media.video_prints import FramePrint, frame_prints
from brightline.media.video_samples import SampleRule, has_pictures
from brightline.settings import Limits

STILLS = 32  # of a video that are looked up, evenly spread; 20 ms each
WORK_PIXELS = 750_000_000  # 360 frames of 1080p: a second of one core
LEAST_STILLS = 3  # that have to match in a row, unless there are fewer
LEAST_SHARE = 0.5  # of the stills that could match, where all that match show one picture


class Looked(msgspec.Struct, frozen=True):
    """The stills of a video that could be fingerprinted, and what kept us from seeing more."""

    prints: tuple[FramePrint, ...]
    stopped: BaseException | None = None


def look_at(banks: Sequence[Bank], subject: Subject, limits: Limits) -> Looked | None:
    """Fingerprint a video if any bank knows videos; None if there is nothing to compare.

    Raises:
        DetectorError: the video cannot be opened.
    """
    if subject.kind.media is not Media.VIDEO or not any(len(bank.known.video) for bank in banks):
        return None
    if not has_pictures(subject):
        return None
    prints: list[FramePrint] = []
    rule = SampleRule(frames=STILLS, work_pixels=WORK_PIXELS)
    try:
        prints.extend(frame_prints(subject, rule, limits, changed=True))
    except (DetectorError, StepTimeout) as stopped:  # what was seen up to here is looked up first
        return Looked(tuple(prints), stopped)
    return Looked(tuple(prints))


def video_hits(banks: Sequence[Bank], looked: Looked) -> list[Hit] | Flat:
    """The known videos that a video copies, quotes or holds, mirrored and boxed ones too: the best of each bank."""
    told = [one for one in looked.prints if is_told(one.plain)]
    if not told:
        return Flat(max((one.plain.quality for one in looked.prints), default=0), Method.VIDEO)
    forms = (
        [Seen(one.second, one.plain.bits) for one in told],
        [Seen(one.second, one.mirrored.bits) for one in told if one.mirrored is not None],
        [Seen(one.second, one.unboxed.bits) for one in told if one.unboxed is not None],
    )
    found = ((bank, next(filter(None, (_meant(bank, form) for form in forms)), [])) for bank in banks)
    return [_hit(bank, near[0], len(near) - 1) for bank, near in found if near]


def _meant(bank: Bank, form: Sequence[Seen]) -> list[VideoNear]:
    return [one for one in bank.known.video.search(form) if _is_meant(one)]


def _is_meant(near: VideoNear) -> bool:
    """Whether the stills that match are too many and too different to do so by chance."""
    matched = len(near.seconds)
    if matched < min(LEAST_STILLS, near.compared):
        return False
    if near.pictures > 1 and matched >= LEAST_STILLS:
        return True
    return near.distance <= VIDEO_SINGLE_BITS and matched >= LEAST_SHARE * near.compared


def _hit(bank: Bank, near: VideoNear, more: int) -> Hit:
    several = near.pictures > 1 and len(near.seconds) >= LEAST_STILLS
    return Hit(
        bank=bank,
        method=Method.VIDEO,
        id=bank.known.name(HashType.VIDEO, near.video),
        distance=near.distance,
        probability=VIDEO_ODDS if several else by_distance(PDQ_ODDS, near.distance),
        same=near.distance == 0 and len(near.seconds) == near.compared,
        more=more,
        where=(Seconds(near.seconds[0], near.seconds[-1]),),
        stills=f"{len(near.seconds)}/{near.compared}",
    )
