"""A static pickle machine: follows every opcode of protocols 0 to 5 with a symbolic stack and memo, and runs nothing.

It is lenient where the real machine would stop (an empty stack, a missing memo slot): it goes on with unknown
values, so that what is imported is over- and never underestimated. Opcodes: Python's `pickletools` and `pickle.py`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from brightline.detectors.artefact.values import (
    ITEMS_KEPT,
    OPAQUE,
    Items,
    Made,
    Name,
    Run,
)

MEMO_LIMIT = 3_000_000  # slots; a slot takes some 100 bytes, and a worker has 320 MiB
NAMES_LIMIT = 5_000  # imports in one stream; the largest checkpoints seen have some hundreds
DEPTH_LIMIT = 1_000_000  # things on the stack at once
LINE_LIMIT = 1 << 20  # bytes of an argument that ends with its line
STRING_KEPT = 1 << 16  # bytes of a string that may be part of a name; longer ones are only looked into
STACK_COPIED = 1_000  # of the stack, where a stream can be read in two ways
TUPLE_KEPT = 64  # elements of a tuple kept; arguments have fewer
PAYLOAD_BYTES = 16  # a string shorter than this holds no pickle that imports and calls

_NUMBERS: Final = re.compile(rb"(?:K.|M..|J....|G.{8}|N|\x88|\x89){8,4096}", re.DOTALL)
_NUMBER: Final = re.compile(rb"K.|M..|J....|G.{8}|N|\x88|\x89", re.DOTALL)
MARK: Final = object()

Hear = Callable[[int, int], None]
"""Hears of a string or bytes in the stream: where they start and end."""
Raw = Callable[["Walker", Made, int], int]
"""Where the stream goes on after a BUILD: behind bytes that a loader reads by itself, or at once."""
Step = Callable[["Walker", int], int]
"""What one opcode does; takes the offset of its argument and gives the one behind it."""


class Broken(Exception):  # noqa: N818 - it ends a walk, and is told as a fact
    """The stream cannot be followed further: the reason in words."""


class Walked(msgspec.Struct):
    """What one stream holds.

    Attributes:
        end: offset behind its STOP, or where it broke.
        is_whole: STOP was reached.
        fault: why it broke, empty if it did not.
        names: imports in the order of the stream.
        opcodes: how many were followed.
        protocol: highest that the stream declares, 0 if none.
        odd: oddities that the real machine would stop at, or that no honest writer makes.
        result: what the stream gives.
        persistent: how many persistent ids it asks for.
    """

    end: int = 0
    is_whole: bool = False
    fault: str = ""
    names: list[Name] = msgspec.field(default_factory=list)
    opcodes: int = 0
    protocol: int = 0
    odd: set[str] = msgspec.field(default_factory=set)
    result: object = None
    persistent: int = 0


class Walker:
    """Follows one stream.

    Args:
        data: bytes or mapped file.
        start: offset of the stream.
        end: offset behind the last byte that may belong to it.
        steps: what the rarer opcodes do, by their byte.
        hear: hears of long strings and bytes, which may hold another payload.
        array: asked at each BUILD for bytes between opcodes, as joblib writes them; gives the offset behind them.
    """

    def __init__(
        self,
        data: bytes,
        start: int,
        end: int,
        *,
        steps: "Mapping[int, Step]",
        hear: Hear | None = None,
        array: "Raw | None" = None,
    ) -> None:
        self.data = data
        self.at = start
        self.end = end
        self.walked = Walked()
        self._steps = steps
        self.hear = hear
        self.array = array
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}

    def go_on(self, start: int, end: int) -> Walked:
        """What follows from `start` on with what stands on the stack and in the memo now, without side effects here."""
        other = Walker(self.data, start, end, steps=self._steps)
        other.stack, other.memo = self.stack[-STACK_COPIED:], dict(self.memo)
        return other.walk()

    def walk(self) -> Walked:
        """Follow the stream to its STOP, or to where it breaks."""
        found = self.walked
        try:
            self._follow()
            found.is_whole = True
        except Broken as error:
            found.fault = str(error)
        except IndexError:
            found.fault = "it ends in the middle"
        found.end = min(self.at, self.end)
        return found

    def _follow(self) -> None:
        data, end, stack, memo = self.data, self.end, self.stack, self.memo
        push, numbers = stack.append, _NUMBERS.match
        rare = self._steps
        position, count, deepest = self.at, 0, DEPTH_LIMIT
        try:
            while True:
                if position >= end:
                    raise Broken("it ends in the middle")
                count += 1
                code = data[position]
                if code == 0x8C:  # SHORT_BINUNICODE
                    begin = position + 2
                    position = begin + data[position + 1]
                    if position > end:
                        raise Broken("a string is cut off")
                    value = data[begin:position]
                    if len(value) >= PAYLOAD_BYTES and self.hear is not None:
                        self.hear(begin, position)
                    push(value)
                elif code == 0x94:  # MEMOIZE
                    if stack:
                        memo[len(memo)] = self.top() if stack[-1].__class__ is Run else stack[-1]
                    position += 1
                elif code == 0x71:  # BINPUT
                    if stack:
                        memo[data[position + 1]] = self.top() if stack[-1].__class__ is Run else stack[-1]
                    position += 2
                elif code == 0x68:  # BINGET
                    push(memo.get(data[position + 1], OPAQUE))
                    position += 2
                elif code in _NUMERIC:
                    run = numbers(data, position, end)
                    if run is not None:
                        push(Run(position, run.end()))
                        position = run.end()
                    else:
                        position = self._number(code, position)
                elif code == 0x2E:  # STOP
                    position += 1
                    found = self.pop()
                    self.walked.result = found
                    return
                else:
                    step = rare.get(code)
                    if step is None:
                        raise Broken(f"byte {code:#04x} at offset {position} is no opcode")
                    self.at = position
                    position = step(self, position + 1)
                    if position > end:
                        raise Broken("an argument is cut off")
                    if len(stack) > deepest or len(memo) > MEMO_LIMIT:
                        raise Broken(
                            f"more than {MEMO_LIMIT} memo slots or {DEPTH_LIMIT} things on the stack"
                        )
        finally:
            self.at = position
            self.walked.opcodes += count

    def _number(self, code: int, position: int) -> int:
        data = self.data
        if code == 0x4B:
            self.stack.append(data[position + 1])
            return position + 2
        if code == 0x4D:
            self.stack.append(int.from_bytes(data[position + 1 : position + 3], "little"))
            return position + 3
        if code == 0x4A:
            self.stack.append(int.from_bytes(data[position + 1 : position + 5], "little", signed=True))
            return position + 5
        self.stack.append({0x4E: None, 0x88: True, 0x89: False}.get(code, OPAQUE))
        return position + (9 if code == 0x47 else 1)

    # What the stack gives and takes.

    def pop(self) -> object:
        """Take the top; unknown where there is none."""
        if not self.stack:
            self.walked.odd.add("empty stack")
            return OPAQUE
        top = self.stack.pop()
        if isinstance(top, Run):
            self._spread(top)
            top = self.stack.pop()
        if top is MARK:
            self.walked.odd.add("mark taken as a value")
            return OPAQUE
        return top

    def top(self) -> object:
        """What stands on top; numbers in a row are parted first, so that a memo slot holds the last one only."""
        run = self.stack[-1]
        if isinstance(run, Run):
            self.stack.pop()
            self._spread(run)
        return self.stack[-1]

    def _spread(self, run: Run) -> None:
        for one in _NUMBER.finditer(self.data, run.start, run.end):
            self._number(self.data[one.start()], one.start())

    def to_mark(self) -> list[object]:
        """What stands above the last mark, and take the mark away."""
        stack = self.stack
        for index in range(len(stack) - 1, -1, -1):
            if stack[index] is MARK:
                taken = stack[index + 1 :]
                del stack[index:]
                return taken
        self.walked.odd.add("no mark")
        taken = stack[:]
        stack.clear()
        return taken

    def _spread_all(self, values: list[object]) -> list[object]:
        if not any(isinstance(one, Run) for one in values[: TUPLE_KEPT + 1]):
            return values
        spread: list[object] = []
        for one in values:
            if isinstance(one, Run):
                kept, self.stack[:] = self.stack[:], []
                self._spread(one)
                spread += self.stack
                self.stack[:] = kept
            else:
                spread.append(one)
            if len(spread) > TUPLE_KEPT:
                break
        return spread

    def row(self, values: list[object]) -> object:
        """A tuple of values, shortened where it is long."""
        kept = self._spread_all(values)
        return tuple(kept) if len(kept) <= TUPLE_KEPT else (OPAQUE, *self._worth(values))

    def _worth(self, values: list[object]) -> list[object]:
        """Of a long row, what may matter later: names and made things."""
        worth: list[object] = [one for one in values if isinstance(one, Name | Made)]
        return worth[:TUPLE_KEPT]

    # Imports and calls.

    def imported(self, module: str, name: str, at: int) -> Name:
        """Note an import."""
        if len(self.walked.names) >= NAMES_LIMIT:
            raise Broken(f"more than {NAMES_LIMIT} imports")
        found = Name(module, name, at)
        self.walked.names.append(found)
        return found

    def call(self, maker: object, args: object) -> object:
        """Note a call; gives what stands for its result."""
        if isinstance(maker, Name):
            maker.calls += 1
            maker.plain &= args in ((), None)
            maker.argument = maker.argument or readable(args)
            return self._known_call(maker, args)
        return Made(maker, args)

    def _known_call(self, maker: Name, args: object) -> object:
        """A call whose result is another import is followed: `getattr(module, "name")` and the like."""
        made = Made(maker, args)
        given = args if isinstance(args, tuple) else ()
        if maker.path in GETATTR and len(given) >= 2:
            return self._attribute(given[0], given[1], maker.at)
        if maker.path in REBUILDERS and given and isinstance(given[0], Name):
            given[0].calls += 1
            given[0].plain &= len(given) < 2 or given[1] in ((), None) or maker.name == "_reconstructor"
            return Made(given[0], given[1:])
        return made

    def _attribute(self, owner: object, attribute: object, at: int) -> object:
        text = as_text(attribute)
        if isinstance(owner, Name):
            return self.imported(owner.module, f"{owner.name}.{text or '?'}", at)
        if text is None:
            return self.imported("?", "?", at)
        if text.startswith("__"):
            return self.imported("?", text, at)
        return Made(owner, (attribute,))

    def build(self, position: int) -> int:
        """BUILD: set the state of what stands below it."""
        state = self.pop()
        target = self.stack[-1] if self.stack else OPAQUE
        if isinstance(target, Name):
            target.built = True
        elif isinstance(target, Made):
            target.state = state
            if self.array is not None:
                return self.array(self, target, position)
        return position


def as_text(value: object) -> str | None:
    """The text that a string on the stack spells, None where it is none."""
    if isinstance(value, bytes) and len(value) <= STRING_KEPT:
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def readable(value: object, deepest: int = 3) -> str:
    """The first longest text among arguments, to quote."""
    if isinstance(value, bytes | str):
        return (as_text(value) or "")[:400]
    if deepest and isinstance(value, tuple | Items):
        inner = value.first if isinstance(value, Items) else value[:ITEMS_KEPT]
        return " ".join(filter(None, (readable(one, deepest - 1) for one in inner)))[:400]
    return ""


GETATTR = frozenset({"builtins.getattr", "__builtin__.getattr"})
REBUILDERS = frozenset(
    f"{module}.{name}"
    for module in ("copyreg", "copy_reg")
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
_NUMERIC: Final = frozenset(b"KMJGN\x88\x89")
