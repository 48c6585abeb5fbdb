"""What the operators do with values: 64-bit integers, timestamps and durations in nanoseconds, CEL's errors.

The checker has proved the types, so nothing here asks for them. Source: CEL specification, "Runtime errors",
"Overflow", and the standard definitions, as cel-cpp implements them.
"""

import math
import re
from datetime import UTC, datetime
from typing import Any

from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.limits import MAX_STRING

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
SECOND = 1_000_000_000  # nanoseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME_MIN = -62_135_596_800 * SECOND  # 0001-01-01T00:00:00Z
TIME_MAX = 253_402_300_800 * SECOND - 1  # the last nanosecond of the year 9999
DURATION_MAX = 315_576_000_000 * SECOND  # ten thousand years, as protobuf's Duration has it
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_DURATION = re.compile(r"([+-]?)((?:[0-9]+(?:\.[0-9]*)?(?:ns|us|ms|s|m|h))+|0)")
_DURATION_PART = re.compile(r"([0-9]+)(?:\.([0-9]*))?(ns|us|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND}
_INT = re.compile(r"[+-]?[0-9]{1,20}")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_BLANKS = " \t\n\v\f\r"
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def whole(value: int) -> int:
    """The number, if it fits in 64 bits."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise EvaluationError("integer overflow")


def divide(left: int, right: int) -> int:
    """Integer division, towards zero."""
    if right == 0:
        raise EvaluationError("divide by zero")
    quotient = abs(left) // abs(right)
    return whole(quotient if (left < 0) == (right < 0) else -quotient)


def remainder(left: int, right: int) -> int:
    """The remainder of `divide`; it has the sign of `left`."""
    if right == 0:
        raise EvaluationError("modulus by zero")
    if left == INT_MIN and right == -1:
        raise EvaluationError("integer overflow")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def divide_double(left: float, right: float) -> float:
    """IEEE 754 division, which Python refuses for zero."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def join(left: str, right: str) -> str:
    """Both strings, one after the other, up to the limit."""
    if len(left) + len(right) > MAX_STRING:
        raise EvaluationError(f"`+` would build a string of more than {MAX_STRING} characters")
    return left + right


def moment(nanoseconds: int) -> int:
    """The timestamp, if it lies in the years 1 to 9999."""
    if TIME_MIN <= nanoseconds <= TIME_MAX:
        return nanoseconds
    raise EvaluationError("timestamp overflow")


def stretch(nanoseconds: int) -> int:
    """The duration, if its nanoseconds fit in 64 bits (292 years)."""
    if INT_MIN <= nanoseconds <= INT_MAX:
        return nanoseconds
    raise EvaluationError("duration overflow")


def equal(left: Any, right: Any) -> bool:
    """Equality of lists that may hold doubles: Python would call a NaN equal to itself inside a list."""
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def to_int(value: float | str) -> int:
    """CEL's `int()`: towards zero, or the decimal digits of a string."""
    if isinstance(value, str):
        text = value.strip(_BLANKS)
        if not _INT.fullmatch(text):
            raise EvaluationError("cannot convert string to int")
        return whole(int(text))
    if not (math.isfinite(value) and -(2.0**63) < value < 2.0**63):
        raise EvaluationError("double out of int64 range")
    return int(value)


def to_double(text: str) -> float:
    """CEL's `double()` of a decimal number; words such as `inf` are no numbers here."""
    stripped = text.strip(_BLANKS)
    if not _DOUBLE.fullmatch(stripped):
        raise EvaluationError("cannot convert string to double")
    return float(stripped)


def to_string(value: int | str) -> str:
    """CEL's `string()` of an int, bool or string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def lower_ascii(text: str) -> str:
    """A to Z in lower case, every other character as it is."""
    return text.translate(_LOWER)


def timestamp(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time.

    >>> timestamp("1970-01-01T08:00:01+08:00")
    1000000000
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise EvaluationError(f"`{text[:40]}` is no RFC 3339 time")
    year, month, day, hour, minute, second, fraction, sign, ahead, aside = found.groups()
    try:
        moment_utc = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError as error:
        raise EvaluationError(f"`{text[:40]}` is no RFC 3339 time: {error}") from error
    since = moment_utc - _EPOCH
    nanoseconds = (since.days * 86_400 + since.seconds) * SECOND + int((fraction or "0").ljust(9, "0"))
    return moment(nanoseconds - _offset(text, sign, ahead, aside))


def _offset(text: str, sign: str | None, ahead: str | None, aside: str | None) -> int:
    if sign is None or ahead is None or aside is None:
        return 0
    if int(ahead) > 23 or int(aside) > 59:
        raise EvaluationError(f"`{text[:40]}` is no RFC 3339 time: no such offset")
    return (int(ahead) * 3_600 + int(aside) * 60) * (SECOND if sign == "+" else -SECOND)


def duration(text: str) -> int:
    """Nanoseconds of a duration such as `90m` or `-1h30m`.

    >>> duration("1.5s")
    1500000000
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise EvaluationError(f"`{text[:40]}` is no duration such as `90m`")
    total: int = sum(
        int(count) * _UNITS[unit] + int(fraction or "0") * _UNITS[unit] // 10 ** len(fraction or "")
        for count, fraction, unit in _DURATION_PART.findall(found[2])
    )
    if total > DURATION_MAX:
        raise EvaluationError(f"`{text[:40]}` is longer than ten thousand years")
    return -total if found[1] == "-" else total
