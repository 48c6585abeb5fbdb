"""Say what is wrong with a mail's date, by itself and against the day on which it was received."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

FIELD_LIMIT = 256  # characters of a date that are read
EARLY = timedelta(days=1)  # clocks and time zones differ by less
LATE = timedelta(days=30)  # mail that waits longer was dated back


def date_defect(date: str, received: str) -> str:
    """`date_missing`, `date_malformed`, `date_odd`, or the empty string.

    Args:
        date: the Date field.
        received: the topmost Received field, whose date follows its last semicolon.

    >>> date_defect("Mon, 23 Nov 2026 12:00:00 +0000", "by mx.example; Wed, 25 Nov 2026 12:00:00 +0000")
    ''
    """
    if not date.strip():
        return "date_missing"
    written = _moment(date)
    if written is None:
        return "date_malformed"
    arrived = _moment(received.rpartition(";")[2])
    if arrived is not None and not -EARLY <= arrived - written <= LATE:
        return "date_odd"
    return ""


def _moment(field: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(field.strip()[:FIELD_LIMIT])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
