"""A finding's course over a video, drawn: how probable it is from moment to moment, and which stretches stand out."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from brightline.core.finding import Finding, Seconds
from brightline.core.words import Words

WIDTH, HEIGHT = 400, 100  # units of the drawing
POINTS_MOST = 256  # that are drawn; detectors give 64
_POINT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?):(\d{1,3})")


class TimelineView(msgspec.Struct, frozen=True):
    """One curve: an SVG path under it, stretches as (x, width), and what it shows."""

    path: str
    stretches: tuple[tuple[float, float], ...]
    words: Words


class _Point(msgspec.Struct, frozen=True):
    second: float
    percent: int


def timelines(part: str, findings: Sequence[Finding], total_s: float) -> Iterator[TimelineView]:
    """Curves of the findings on one part that carry a detail `timeline`: `second:per cent` a moment.

    Args:
        part: path of the part.
        findings: all findings.
        total_s: length of the part in seconds; 0.0 where it is not known.
    """
    for finding in findings:
        points = _points(finding.detail("timeline")) if finding.part == part else []
        if points:
            yield _view(finding, points, max(total_s, points[-1].second, 0.1))


def _points(told: str) -> list[_Point]:
    found = [_POINT.fullmatch(word) for word in told.split()[:POINTS_MOST]]
    points = [_Point(float(one[1]), min(100, int(one[2]))) for one in found if one is not None]
    return sorted(points, key=lambda point: point.second)


def _view(finding: Finding, points: Sequence[_Point], total_s: float) -> TimelineView:
    scale = WIDTH / total_s
    line = [f"{point.second * scale:.1f},{HEIGHT - point.percent * HEIGHT / 100:.1f}" for point in points]
    first, last = f"{points[0].second * scale:.1f},{HEIGHT}", f"{WIDTH},{HEIGHT}"
    held = f"{WIDTH},{line[-1].split(',')[1]}"  # the last moment lasts to the end
    stretches = tuple(
        (round(place.start * scale, 1), round((min(place.end, total_s) - place.start) * scale, 1))
        for place in finding.where
        if isinstance(place, Seconds) and place.start < total_s
    )
    return TimelineView(
        f"M{'L'.join([first, *line, held, last])}Z", stretches, _words(finding, points, total_s)
    )


def _words(finding: Finding, points: Sequence[_Point], total_s: float) -> Words:
    most = max(points, key=lambda point: point.percent)
    return Words(
        en=f"`{finding.detector}` moment by moment over {total_s:.1f} s, from 0 to 100 %: "
        f"{len(points)} points, the highest {most.percent} % at {most.second:g} s.",
        zh=f"`{finding.detector}` 在 {total_s:.1f} 秒内逐时刻的可能性（0 至 100%）："
        f"共 {len(points)} 个取样点，最高 {most.percent}%，位于第 {most.second:g} 秒。",
    )
