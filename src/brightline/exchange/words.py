"""All words in a piece of JSON, wherever they stand: what a model or a person could read of it."""

from collections.abc import Iterator

from brightline.core.errors import ExchangeError
from brightline.exchange.nouns import Json

STRINGS_LIMIT = 50_000  # of one body; a megabyte of tool schemas has some thousands (count)
DEPTH_LIMIT = 64  # real schemas stay under 20; the limit is well below Python's own (levels)
# Names whose values say how something is built, not what it says.
BUILD = frozenset(
    {"id", "type", "role", "object", "index", "finish_reason", "status", "call_id", "item_id", "tool_use_id"}
)


def words_in(value: Json, skip: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every string that is not empty, keys too, in order.

    Args:
        value: decoded JSON.
        skip: keys of objects whose values are left out.

    Raises:
        ExchangeError: it is nested too deep, or holds too many strings.
    """
    for count, text in enumerate(_walk(value, skip, DEPTH_LIMIT), 1):
        if count > STRINGS_LIMIT:
            raise ExchangeError(f"more than {STRINGS_LIMIT} strings in one body")
        yield text


def _walk(value: Json, skip: frozenset[str], left: int) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
        return
    if not isinstance(value, list | dict):
        return
    if not left:
        raise ExchangeError(f"nested deeper than {DEPTH_LIMIT} levels")
    if isinstance(value, list):
        for one in value:
            yield from _walk(one, skip, left - 1)
        return
    for key, one in value.items():
        if key not in skip:
            if key not in BUILD:
                yield key
            yield from _walk(one, skip, left - 1)
