"""The functions of the language: what each takes, gives, costs and does."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from brightline.policy.language import values
from brightline.policy.language.errors import ExpressionError
from brightline.policy.language.limits import MAX_PATTERN, PATTERN_MEMORY_BYTES
from brightline.policy.language.syntax import Expression, Literal
from brightline.policy.language.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    MAP,
    STRING,
    TIMESTAMP,
    Type,
)

PATTERNS_KEPT = 1_024  # compiled patterns: more than all packs together have
TEXTS_KEPT = 256  # short texts whose answer a pattern remembers
SHORT_TEXT = 200  # characters: with the above at most 50 KB a pattern

Apply = Callable[..., Any]


class Function(msgspec.Struct, frozen=True):
    """One function.

    Attributes:
        usage: how it is written, for messages.
        takes: each list of argument types it accepts, and what it then gives and does.
        receiver: it is written `text.name()`.
        alone: it is written `name(text)`.
        cost: evaluated nodes that one call counts for.
        total: it has a value for all arguments, never an error.
    """

    usage: str
    takes: Mapping[tuple[Type, ...], tuple[Type, Apply]]
    receiver: bool = False
    alone: bool = False
    cost: int = 1
    total: bool = False


def _contains(text: str, inner: str) -> bool:
    return inner in text


def _same(value: Any) -> Any:
    return value


_TWO_STRINGS = (STRING, STRING)
FUNCTIONS: Mapping[str, Function] = {
    "size": Function(
        "`size(list)` or `size(text)`",
        {(STRING,): (INT, len), (MAP,): (INT, len)},  # lists of any type: see `signature`
        receiver=True,
        alone=True,
        total=True,
    ),
    "startsWith": Function(
        "`text.startsWith('...')`",
        {_TWO_STRINGS: (BOOL, str.startswith)},
        receiver=True,
        total=True,
    ),
    "endsWith": Function(
        "`text.endsWith('...')`", {_TWO_STRINGS: (BOOL, str.endswith)}, receiver=True, total=True
    ),
    "contains": Function(
        "`text.contains('...')`", {_TWO_STRINGS: (BOOL, _contains)}, receiver=True, cost=4, total=True
    ),
    "matches": Function(
        "`text.matches('...')`",
        {_TWO_STRINGS: (BOOL, _same)},  # compiled with its pattern: see `compiler.py`
        receiver=True,
        alone=True,
        cost=20,
        total=True,
    ),
    "lowerAscii": Function(
        "`text.lowerAscii()`",
        {(STRING,): (STRING, values.lower_ascii)},
        receiver=True,
        cost=4,
        total=True,
    ),
    "int": Function(
        "`int('3')`",
        {(INT,): (INT, _same), (DOUBLE,): (INT, values.to_int), (STRING,): (INT, values.to_int)},
        alone=True,
        cost=2,
    ),
    "double": Function(
        "`double('0.5')`",
        {(INT,): (DOUBLE, float), (DOUBLE,): (DOUBLE, _same), (STRING,): (DOUBLE, values.to_double)},
        alone=True,
        cost=2,
    ),
    # No `string(double)`: implementations of CEL print the same number differently.
    "string": Function(
        "`string(3)`",
        {
            (INT,): (STRING, values.to_string),
            (BOOL,): (STRING, values.to_string),
            (STRING,): (STRING, values.to_string),
        },
        alone=True,
        total=True,
    ),
    "timestamp": Function(
        "`timestamp('2026-01-31T00:00:00Z')`",
        {(STRING,): (TIMESTAMP, values.timestamp), (TIMESTAMP,): (TIMESTAMP, _same)},
        alone=True,
        cost=4,
    ),
    "duration": Function(
        "`duration('72h')`",
        {(STRING,): (DURATION, values.duration), (DURATION,): (DURATION, _same)},
        alone=True,
        cost=4,
    ),
}


def signature(name: str, receiver: bool, kinds: tuple[Type, ...]) -> Type | None:
    """What the function gives for such arguments, or None where it does not take them."""
    function = FUNCTIONS[name]
    if not (function.receiver if receiver else function.alone):
        return None
    found = _overload(name, kinds)
    return found[0] if found else None


def apply_of(name: str, kinds: tuple[Type, ...]) -> Apply:
    """What the function does with such arguments."""
    found = _overload(name, kinds)
    assert found is not None
    return found[1]


def _overload(name: str, kinds: tuple[Type, ...]) -> tuple[Type, Apply] | None:
    if name == "size" and len(kinds) == 1 and kinds[0].name == "list":
        return INT, len
    return FUNCTIONS[name].takes.get(kinds)


def pattern(node: Expression) -> Callable[[str], bool]:
    """Whether a text holds a match of the pattern that a literal spells, in time linear in the text.

    Raises:
        ExpressionError: the pattern is no literal, too long, or no RE2 expression.
    """
    if not isinstance(node, Literal) or not isinstance(node.value, str):
        raise ExpressionError(
            "the pattern of `matches` must be written out as a string", node.start, node.end
        )
    if len(node.value) > MAX_PATTERN:
        message = f"the pattern has {len(node.value)} characters, at most {MAX_PATTERN}"
        raise ExpressionError(message, node.start, node.end)
    try:
        return _search(node.value)
    except ValueError as error:
        raise ExpressionError(f"no RE2 pattern: {error}", node.start, node.end) from error


@lru_cache(maxsize=PATTERNS_KEPT)
def _search(text: str) -> Callable[[str], bool]:
    """The compiled pattern. RE2 is imported only where a rule uses `matches`.

    Raises:
        ValueError: it is no RE2 expression, or its automaton would be larger than the limit.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY_BYTES
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error

    @lru_cache(maxsize=TEXTS_KEPT)
    def search_again(subject: str) -> bool:
        return compiled.search(subject) is not None

    def search(subject: str) -> bool:
        # Details come from small sets of words, and a call into RE2 costs more than a whole rule does.
        return search_again(subject) if len(subject) <= SHORT_TEXT else compiled.search(subject) is not None

    return search
