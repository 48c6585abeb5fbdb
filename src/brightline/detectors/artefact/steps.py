"""What each of the rarer pickle opcodes does to the symbolic stack; argument forms as in Python's `pickletools`."""

import ast
from collections.abc import Callable, Sequence
from typing import Final

from brightline.detectors.artefact.values import ITEMS_KEPT, OPAQUE, TABLE_ENTRIES, Items, Made, Table
from brightline.detectors.artefact.walk import (
    LINE_LIMIT,
    MARK,
    PAYLOAD_BYTES,
    STRING_KEPT,
    Broken,
    Hear,
    Raw,
    Step,
    Walked,
    Walker,
    as_text,
)


def walk(
    data: bytes,
    start: int,
    end: int,
    *,
    hear: Hear | None = None,
    array: Raw | None = None,
) -> Walked:
    """Follow one pickle stream of `data[start:end]`, running nothing; never raises for what the stream holds."""
    return Walker(data, start, end, steps=_STEPS, hear=hear, array=array).walk()


def _line(walker: Walker, position: int) -> tuple[bytes, int]:
    stop = walker.data.find(b"\n", position, min(walker.end, position + LINE_LIMIT))
    if stop < 0:
        raise Broken("an argument that ends with its line does not")
    return walker.data[position:stop], stop + 1


def _counted(width: int, *, is_number: bool = False) -> Step:
    def step(walker: Walker, position: int) -> int:
        begin = position + width
        size = int.from_bytes(walker.data[position:begin], "little")
        after = begin + size
        if after > walker.end:
            raise Broken(f"an argument of {size} bytes is cut off")
        value: object = OPAQUE
        if is_number:
            value = int.from_bytes(walker.data[begin:after], "little", signed=True) if size <= 16 else OPAQUE
        elif size <= STRING_KEPT:
            value = walker.data[begin:after]
        if size >= PAYLOAD_BYTES and not is_number and walker.hear is not None:
            walker.hear(begin, after)
        walker.stack.append(value)
        return after

    return step


def _push(value: object, width: int = 0) -> Step:
    def step(walker: Walker, position: int) -> int:
        walker.stack.append(value)
        return position + width

    return step


def _skip(width: int) -> Step:
    return lambda _, position: position + width


def _proto(walker: Walker, position: int) -> int:
    walker.walked.protocol = max(walker.walked.protocol, walker.data[position])
    if walker.data[position] > 5:
        raise Broken(f"protocol {walker.data[position]} is not known")
    return position + 1


def _mark(walker: Walker, position: int) -> int:
    walker.stack.append(MARK)
    return position


def _made(make: Callable[[], object]) -> Step:
    def step(walker: Walker, position: int) -> int:
        walker.stack.append(make())
        return position

    return step


def _int_line(walker: Walker, position: int) -> int:
    text, after = _line(walker, position)
    value: object = OPAQUE
    digits = text.strip().rstrip(b"Ll")
    if text in (b"00", b"01"):
        value = text == b"01"
    elif len(digits) <= 40 and digits.lstrip(b"+-").isdigit():
        value = int(digits)
    walker.stack.append(value)
    return after


def _float_line(walker: Walker, position: int) -> int:
    _, after = _line(walker, position)
    walker.stack.append(OPAQUE)
    return after


def _string_line(walker: Walker, position: int) -> int:
    """STRING: a Python literal in quotes; escapes are resolved, as they may spell a name."""
    text, after = _line(walker, position)
    value: object = OPAQUE
    try:
        value = ast.literal_eval("b" + text.strip().decode("latin-1")) if len(text) <= STRING_KEPT else OPAQUE
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        walker.walked.odd.add("a string that is no literal")
    _note(walker, position, after - 1)
    walker.stack.append(value if isinstance(value, bytes) else OPAQUE)
    return after


def _unicode_line(walker: Walker, position: int) -> int:
    text, after = _line(walker, position)
    _note(walker, position, after - 1)
    try:
        walker.stack.append(text.decode("raw-unicode-escape") if len(text) <= STRING_KEPT else OPAQUE)
    except UnicodeDecodeError:
        walker.stack.append(OPAQUE)
    return after


def _note(walker: Walker, begin: int, after: int) -> None:
    if after - begin >= PAYLOAD_BYTES and walker.hear is not None:
        walker.hear(begin, after)


def _global(walker: Walker, position: int) -> int:
    module, after = _line(walker, position)
    name, after = _line(walker, after)
    found = walker.imported(_spelt(module), _spelt(name), position - 1)
    walker.stack.append(found)
    return after


def _spelt(name: bytes) -> str:
    return name.decode("utf-8", "replace")[:1000]


def _stack_global(walker: Walker, position: int) -> int:
    name, module = walker.pop(), walker.pop()
    walker.stack.append(
        walker.imported((as_text(module) or "?")[:1000], (as_text(name) or "?")[:1000], position - 1)
    )
    return position


def _inst(walker: Walker, position: int) -> int:
    module, after = _line(walker, position)
    name, after = _line(walker, after)
    args = walker.to_mark()
    found = walker.imported(_spelt(module), _spelt(name), position - 1)
    walker.stack.append(walker.call(found, walker.row(args)))
    return after


def _obj(walker: Walker, position: int) -> int:
    values = walker.to_mark()
    maker, args = (values[0], values[1:]) if values else (OPAQUE, [])
    walker.stack.append(walker.call(maker, walker.row(args)))
    return position


def _reduce(walker: Walker, position: int) -> int:
    args, maker = walker.pop(), walker.pop()
    walker.stack.append(walker.call(maker, args))
    return position


def _newobj_ex(walker: Walker, position: int) -> int:
    kwargs, args, maker = walker.pop(), walker.pop(), walker.pop()
    given = args if not isinstance(kwargs, Table) or not kwargs.entries else (args, kwargs)
    walker.stack.append(walker.call(maker, given))
    return position


def _extension(width: int) -> Step:
    def step(walker: Walker, position: int) -> int:
        code = int.from_bytes(walker.data[position : position + width], "little")
        walker.stack.append(walker.imported("copyreg", f"extension {code}", position - 1))
        return position + width

    return step


def _persistent_line(walker: Walker, position: int) -> int:
    _, after = _line(walker, position)
    walker.walked.persistent += 1
    walker.stack.append(OPAQUE)
    return after


def _persistent(walker: Walker, position: int) -> int:
    walker.walked.persistent += 1
    walker.stack.append(Made(OPAQUE, walker.pop()))
    return position


def _put(value: int, walker: Walker) -> None:
    if walker.stack:
        walker.memo[value] = walker.top()


def _put_line(walker: Walker, position: int) -> int:
    text, after = _line(walker, position)
    _put(_slot(text), walker)
    return after


def _slot(text: bytes) -> int:
    digits = text.strip()
    if not digits.isdigit() or len(digits) > 12:
        raise Broken("a memo slot is no number")
    return int(digits)


def _get_line(walker: Walker, position: int) -> int:
    text, after = _line(walker, position)
    walker.stack.append(walker.memo.get(_slot(text), OPAQUE))
    return after


def _long_put(walker: Walker, position: int) -> int:
    _put(int.from_bytes(walker.data[position : position + 4], "little"), walker)
    return position + 4


def _long_get(walker: Walker, position: int) -> int:
    slot = int.from_bytes(walker.data[position : position + 4], "little")
    walker.stack.append(walker.memo.get(slot, OPAQUE))
    return position + 4


def _tuple_of(count: int) -> Step:
    def step(walker: Walker, position: int) -> int:
        values = [walker.pop() for _ in range(count)]
        walker.stack.append(walker.row(values[::-1]))
        return position

    return step


def _tuple_to_mark(walker: Walker, position: int) -> int:
    walker.stack.append(walker.row(walker.to_mark()))
    return position


def _collection(walker: Walker, position: int) -> int:
    kept = Items()
    _fill(kept, walker.to_mark())
    walker.stack.append(kept)
    return position


def _dict(walker: Walker, position: int) -> int:
    table = Table()
    _enter(table, walker.to_mark())
    walker.stack.append(table)
    return position


def _fill(target: object, values: Sequence[object]) -> None:
    if isinstance(target, Items):
        target.first += values[: ITEMS_KEPT - len(target.first)]


def _enter(target: object, values: Sequence[object]) -> None:
    table = target if isinstance(target, Table) else None
    if table is None:
        return
    for key, value in zip(values[::2], values[1::2], strict=False):
        name = as_text(key)
        if name is not None and len(table.entries) < TABLE_ENTRIES:
            table.entries[name] = value


def _append(walker: Walker, position: int) -> int:
    value = walker.pop()
    if walker.stack:
        _fill(walker.stack[-1], [value])
    return position


def _appends(walker: Walker, position: int) -> int:
    values = walker.to_mark()
    if walker.stack:
        _fill(walker.stack[-1], values)
    return position


def _set_item(walker: Walker, position: int) -> int:
    value, key = walker.pop(), walker.pop()
    if walker.stack:
        _enter(walker.stack[-1], [key, value])
    return position


def _set_items(walker: Walker, position: int) -> int:
    values = walker.to_mark()
    if walker.stack:
        _enter(walker.stack[-1], values)
    return position


def _build(walker: Walker, position: int) -> int:
    return walker.build(position)


def _pop(walker: Walker, position: int) -> int:
    if walker.stack and walker.stack[-1] is MARK:
        walker.stack.pop()
    else:
        walker.pop()
    return position


def _pop_mark(walker: Walker, position: int) -> int:
    walker.to_mark()
    return position


def _dup(walker: Walker, position: int) -> int:
    value = walker.pop()
    walker.stack += [value, value]
    return position


_STEPS: Final[dict[int, Step]] = {
    0x80: _proto, 0x95: _skip(8), ord("("): _mark, ord("0"): _pop, ord("1"): _pop_mark, ord("2"): _dup,
    ord("F"): _float_line, ord("I"): _int_line, ord("L"): _int_line,
    0x8A: _counted(1, is_number=True), 0x8B: _counted(4, is_number=True),
    ord("S"): _string_line, ord("V"): _unicode_line, ord("U"): _counted(1), ord("T"): _counted(4),
    ord("X"): _counted(4), 0x8D: _counted(8), ord("C"): _counted(1), ord("B"): _counted(4), 0x8E: _counted(8),
    0x96: _counted(8), 0x97: _push(OPAQUE), 0x98: _skip(0),
    ord("c"): _global, 0x93: _stack_global, ord("i"): _inst, ord("o"): _obj, ord("R"): _reduce,
    0x81: _reduce, 0x92: _newobj_ex, ord("b"): _build,
    0x82: _extension(1), 0x83: _extension(2), 0x84: _extension(4),
    ord("P"): _persistent_line, ord("Q"): _persistent,
    ord("p"): _put_line, ord("r"): _long_put, ord("g"): _get_line, ord("j"): _long_get,
    ord(")"): _push(()), 0x85: _tuple_of(1), 0x86: _tuple_of(2), 0x87: _tuple_of(3), ord("t"): _tuple_to_mark,
    ord("]"): _made(Items), ord("l"): _collection, ord("a"): _append, ord("e"): _appends,
    ord("}"): _made(Table), ord("d"): _dict, ord("s"): _set_item, ord("u"): _set_items,
    0x8F: _made(Items), 0x90: _appends, 0x91: _collection,
}  # fmt: skip
