"""When a rule holds, in nanoseconds since 1970, as the language counts time."""

import re

import msgspec

from brightline.policy.language.values import SECOND, TIME_MAX, TIME_MIN, timestamp
from brightline.policy.pack import Effective

MAX_OFFSET = 14 * 60  # minutes; Kiritimati is the furthest ahead
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")


class Span(msgspec.Struct, frozen=True):
    """Nanoseconds [start, end) since 1970."""

    start: int = TIME_MIN
    end: int = TIME_MAX + 1

    @property
    def is_always(self) -> bool:
        """Whether it has neither beginning nor end."""
        return self == ALWAYS

    def covers(self, other: "Span") -> bool:
        """Whether all of the other lies inside."""
        return self.start <= other.start and self.end >= other.end


ALWAYS = Span()


def span_of(effective: Effective, utc_offset: int) -> Span:
    """The span in which a rule holds.

    Raises:
        EvaluationError: a bound is neither an ISO date nor an RFC 3339 time.
    """
    start = bound(effective.since, utc_offset) if effective.since else ALWAYS.start
    end = bound(effective.until, utc_offset) if effective.until else ALWAYS.end
    return Span(start, end)


def bound(text: str, utc_offset: int) -> int:
    """Nanoseconds since 1970 of an ISO date at a place's midnight, or of an RFC 3339 time.

    >>> bound("1970-01-02", 8 * 60) // 3_600_000_000_000
    16

    Raises:
        EvaluationError: it is neither.
    """
    if _DATE.fullmatch(text):
        return timestamp(f"{text}T00:00:00Z") - utc_offset * 60 * SECOND
    return timestamp(text)


def utc_offset_of(text: str) -> int | None:
    """Minutes ahead of UTC of `+08:00` or `Z`, or None where the text is neither.

    Fixed offsets and no names of zones: the same pack must decide the same on a machine with another tz database.
    """
    if text == "Z":
        return 0
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    if minutes > MAX_OFFSET or int(found[3]) > 59:
        return None
    return minutes if found[1] == "+" else -minutes
