"""Types of the language, and the variables that a rule can use, read off the core nouns."""

import enum
import types
import typing
from collections.abc import Mapping

import msgspec

from brightline.core.finding import Finding
from brightline.core.subject import Context, Facts, Gap, Media


class Type(msgspec.Struct, frozen=True):
    """What a value is.

    Attributes:
        name: bool, int, double, string, timestamp, duration, list, map or a record's name.
        element: of a list; a map goes from string to string.
        words: for a string from a closed set, all its members.
        set_name: what the closed set is called in messages.
    """

    name: str
    element: "Type | None" = None
    words: tuple[str, ...] = ()
    set_name: str = ""

    def __str__(self) -> str:
        if self.name == "list":
            return f"list of {self.element}"
        return "map of string to string" if self.name == "map" else self.name


BOOL = Type("bool")
INT = Type("int")
DOUBLE = Type("double")
STRING = Type("string")
TIMESTAMP = Type("timestamp")
DURATION = Type("duration")
MAP = Type("map")
NUMBERS = (INT, DOUBLE)
ORDERED = (INT, DOUBLE, STRING, BOOL, TIMESTAMP, DURATION)


def a(kind: Type) -> str:
    """The type with its article.

    >>> a(INT), a(STRING)
    ('an int', 'a string')
    """
    return f"an {kind}" if kind == INT else f"a {kind}"


def list_of(element: Type) -> Type:
    """The type of a list with such elements."""
    return Type("list", element)


def plain(kind: Type) -> Type:
    """The type without its closed set of words, so that types compare by what they hold."""
    if kind.name == "list" and kind.element is not None:
        return list_of(plain(kind.element))
    return Type(kind.name) if kind.words else kind


def word(name: str, members: type[enum.StrEnum], *more: str) -> Type:
    """A string from the closed set of an enum's values and `more`, as the field `name` holds it."""
    values = tuple(member.value for member in members)
    return Type("string", words=(*values, *more), set_name=name)


def _field_type(name: str, annotation: object) -> Type:
    """The language's type for the type of a noun's field."""
    if isinstance(annotation, types.UnionType):
        (kind,) = (option for option in typing.get_args(annotation) if option is not types.NoneType)
        return word(name, kind, "")  # an optional enum reads as the empty word when there is none
    if isinstance(annotation, type) and issubclass(annotation, enum.StrEnum):
        return word(name, annotation)
    return {str: STRING, int: INT, float: DOUBLE, bool: BOOL}[typing.cast("type", annotation)]


def _fields(noun: type[msgspec.Struct], names: tuple[str, ...], **overrides: Type) -> dict[str, Type]:
    hints = typing.get_type_hints(noun)
    return {name: overrides[name] if name in overrides else _field_type(name, hints[name]) for name in names}


# The order of fields is the order of the rows in `rows.py`, after the position in column 0.
RECORDS: Mapping[str, Mapping[str, Type]] = {
    "subject": _fields(
        Facts,
        ("digest", "kind", "media", "size_bytes", "name", "role", "characters", "parts"),
        media=word("media", Media),
        parts=INT,
    ),
    "context": _fields(
        Context,
        ("channel", "actor", "tenant", "audience", "declared", "time", "parent"),
        time=TIMESTAMP,
    ),
    "finding": _fields(
        Finding,
        ("detector", "claim", "harm", "basis", "probability", "part", "details"),
        details=MAP,
    ),
    "gap": _fields(Gap, ("source", "kind", "part")),
}

VARIABLES: Mapping[str, Type] = {
    "subject": Type("subject"),
    "context": Type("context"),
    "findings": list_of(Type("finding")),
    "gaps": list_of(Type("gap")),
}


def column(record: str, field: str) -> int:
    """Where a record's row holds that field; column 0 is the record's position."""
    return 1 + list(RECORDS[record]).index(field)
