"""What stands on the symbolic stack of a pickle: names that it imports, what it makes by calling them, and lumps of data.

Strings, whole numbers, short tuples and small tables stand for themselves, since names and arrays are put together
from them; everything else is `OPAQUE`.
"""

from typing import Final


class _Opaque:
    """Data that no import can hide in."""

    def __repr__(self) -> str:
        return "…"


OPAQUE: Final = _Opaque()


class Name:
    """An imported global.

    Attributes:
        module: dotted module, as the stream spells it; `?` where it cannot be told without running the stream.
        name: dotted name in it; `?` likewise.
        at: offset of the opcode in the stream (bytes).
        calls: how often the stream calls it.
        plain: all its calls are without arguments, as `object.__new__` and state need.
        built: state was set on the imported thing itself, not on an instance.
        argument: first readable argument of the first call, cut.
    """

    __slots__ = ("argument", "at", "built", "calls", "module", "name", "plain")

    def __init__(self, module: str, name: str, at: int) -> None:
        self.module = module
        self.name = name
        self.at = at
        self.calls = 0
        self.plain = True
        self.built = False
        self.argument = ""

    @property
    def path(self) -> str:
        """Module and name, joined by a dot."""
        return f"{self.module}.{self.name}"


class Made:
    """What a call gave: `maker` is the imported name or another made thing, `args` its arguments, `state` set later."""

    __slots__ = ("args", "maker", "state")

    def __init__(self, maker: object, args: object) -> None:
        self.maker = maker
        self.args = args
        self.state: object = None

    @property
    def path(self) -> str:
        """Path of the imported name that made it, empty where there is none."""
        return self.maker.path if isinstance(self.maker, Name) else ""


class Table:
    """A dict: the entries whose keys are strings, at most `TABLE_ENTRIES`."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[str, object] = {}


class Items:
    """A list or set: its first elements."""

    __slots__ = ("first",)

    def __init__(self) -> None:
        self.first: list[object] = []


class Run:
    """Numbers in a row that were pushed together; `count` is only asked for when one is taken alone."""

    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end


TABLE_ENTRIES = 64  # a joblib array's state has seven; more is data
ITEMS_KEPT = 8  # of a list: enough to quote a command's words
