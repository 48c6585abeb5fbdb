"""A checked tree to one Python closure.

A closure takes the environment, a list: the subject's row, the context's row, the rows of findings and of gaps, then
one slot for each macro variable. Names become positions at load, and frequent shapes (a field compared with a
literal) become one closure instead of three.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from brightline.policy.language import values
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.functions import apply_of, pattern
from brightline.policy.language.syntax import (
    Binary,
    Call,
    Conditional,
    Expression,
    Has,
    Index,
    Items,
    Literal,
    Logic,
    Macro,
    Name,
    Select,
    Unary,
)
from brightline.policy.language.typecheck import Checked
from brightline.policy.language.types import (
    DOUBLE,
    DURATION,
    INT,
    MAP,
    NUMBERS,
    RECORDS,
    STRING,
    TIMESTAMP,
    VARIABLES,
    Type,
    column,
    plain,
)

Environment = list[Any]  # the checker has proved what is in it
Closure = Callable[[Environment], Any]
SLOTS = {name: slot for slot, name in enumerate(VARIABLES)}
_NO_STRICT: frozenset[Expression] = frozenset()
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_tree(checked: Checked, strict: frozenset[Expression] = _NO_STRICT) -> Closure:
    """The closure that evaluates a tree.

    Args:
        checked: tree and types.
        strict: `||` and `exists` nodes that must not let a true clause absorb another clause's error.

    Returns:
        A function from an environment to the value; it raises `EvaluationError` where CEL has an error.
    """
    return Compiler(checked, strict).closure(checked.tree)


class Compiler:
    """Compiles the nodes of one tree; `closure` may be asked for any node."""

    def __init__(self, checked: Checked, strict: frozenset[Expression] = _NO_STRICT) -> None:
        self._types = checked.types
        self._strict = strict
        self._slots = dict(SLOTS)

    def bind(self, variable: str) -> int:
        """Give a macro variable its slot until `release`."""
        self._slots[variable] = len(self._slots)
        return self._slots[variable]

    def release(self, variable: str) -> None:
        """Free the slot of a macro variable."""
        del self._slots[variable]

    def closure(self, node: Expression) -> Closure:
        """The closure of one node, in the scope that is bound now."""
        match node:
            case Literal():
                return _constant(node.value)
            case Name():
                return operator.itemgetter(self._slots[node.name])
            case Select():
                return self._select(node)
            case Index():
                return self._index(node)
            case Has():
                return _has(self.closure(node.operand), node.field)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Logic():
                return self._logic(node)
            case Conditional():
                return _conditional(self.closure(node.test), self.closure(node.yes), self.closure(node.no))
            case Items():
                return self._items(node)
            case Call():
                return self._call(node)
            case Macro():
                return self._macro(node)

    def _place(self, node: Expression) -> tuple[int, int] | None:
        """Slot and column, where the node is a field of a variable that is always there."""
        if not isinstance(node, Select) or not isinstance(node.operand, Name):
            return None
        record = self._types[node.operand].name
        if record not in RECORDS or self._types[node] == TIMESTAMP:
            return None
        return self._slots[node.operand.name], column(record, node.field)

    def _select(self, node: Select) -> Closure:
        place = self._place(node)
        if place is not None:
            return _field(*place)
        operand = self.closure(node.operand)
        kind = self._types[node.operand]
        if kind == MAP:
            return _key(operand, node.field)
        at = column(kind.name, node.field)
        return _moment(operand, at) if self._types[node] == TIMESTAMP else _column(operand, at)

    def _index(self, node: Index) -> Closure:
        operand = self.closure(node.operand)
        if self._types[node.operand] != MAP:
            return _position(operand, self.closure(node.key))
        if isinstance(node.key, Literal):
            return _key(operand, str(node.key.value))
        return _any_key(operand, self.closure(node.key))

    def _unary(self, node: Unary) -> Closure:
        operand = self.closure(node.operand)
        if node.operator == "!":
            return lambda env: not operand(env)
        if self._types[node] == DOUBLE:
            return lambda env: -operand(env)
        return lambda env: values.whole(-operand(env))

    def _binary(self, node: Binary) -> Closure:
        if node.operator == "in":
            return self._membership(node)
        if node.operator in _COMPARE:
            return self._comparison(node)
        apply = _arithmetic(node.operator, plain(self._types[node.left]), plain(self._types[node]))
        return _apply_two(apply, self.closure(node.left), self.closure(node.right))

    def _comparison(self, node: Binary) -> Closure:
        left, right = plain(self._types[node.left]), plain(self._types[node.right])
        if left != right:
            return _apply_two(
                _mixed(_COMPARE[node.operator]), self.closure(node.left), self.closure(node.right)
            )
        if left.name == "list":
            equal = _apply_two(values.equal, self.closure(node.left), self.closure(node.right))
            return equal if node.operator == "==" else lambda env: not equal(env)
        place = self._place(node.left)
        if isinstance(node.right, Literal):
            if place is not None:
                return _field_against(_COMPARE[node.operator], *place, node.right.value)
            return _against(_COMPARE[node.operator], self.closure(node.left), node.right.value)
        return _apply_two(_COMPARE[node.operator], self.closure(node.left), self.closure(node.right))

    def _membership(self, node: Binary) -> Closure:
        left, right = self.closure(node.left), self.closure(node.right)
        kinds = plain(self._types[node.left]), self._types[node.right]
        if isinstance(node.right, Items) and kinds[0] == STRING:
            words = _literals(node.right)
            if words is not None:
                return _among(left, frozenset(words))
        if kinds[0] in NUMBERS or kinds[0].name == "list":
            return lambda env: _found(left(env), right(env))
        return lambda env: left(env) in right(env)

    def _logic(self, node: Logic) -> Closure:
        clauses = [self.closure(clause) for clause in node.clauses]
        if node.operator == "&&":
            return _both(*clauses) if len(clauses) == 2 else _all_of(clauses)
        if node in self._strict:
            return _each_of(clauses)
        return _any_of(clauses)

    def _items(self, node: Items) -> Closure:
        literals = _literals(node)
        if literals is not None:
            return _constant(literals)
        items = [self.closure(item) for item in node.items]
        return lambda env: [item(env) for item in items]

    def _call(self, node: Call) -> Closure:
        arguments = [self.closure(argument) for argument in node.arguments]
        if node.function == "matches":
            return _apply_one(pattern(node.arguments[1]), arguments[0])
        apply = apply_of(node.function, tuple(plain(self._types[part]) for part in node.arguments))
        if all(isinstance(argument, Literal) for argument in node.arguments):
            return _constant(apply(*(argument([]) for argument in arguments)))
        return _apply_one(apply, *arguments) if len(arguments) == 1 else _apply_two(apply, *arguments)

    def _macro(self, node: Macro) -> Closure:
        over = self.closure(node.over)
        slot = self.bind(node.variable)
        body = self.closure(node.body)
        self.release(node.variable)
        match node.macro:
            case "exists":
                return _every_exists(over, slot, body) if node in self._strict else _exists(over, slot, body)
            case "all":
                return _all(over, slot, body)
            case "exists_one":
                return _exists_one(over, slot, body)
            case "filter":
                return _filter(over, slot, body)
            case _:
                return _map(over, slot, body)


def _literals(node: Items) -> list[Any] | None:
    if all(isinstance(item, Literal) for item in node.items):
        return [item.value for item in node.items if isinstance(item, Literal)]
    return None


def _arithmetic(sign: str, left: Type, result: Type) -> Callable[[Any, Any], Any]:
    match sign, result:
        case "/", _:
            return values.divide if result == INT else values.divide_double
        case "%", _:
            return values.remainder
        case "+", Type(name="string"):
            return values.join
        case _:
            plainly = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    if result == DOUBLE:
        return plainly
    within = {INT: values.whole, DURATION: values.stretch, TIMESTAMP: values.moment}[result]
    del left
    return lambda one, other: within(plainly(one, other))


def _mixed(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Compare an int with a double as cel-cpp does: as doubles."""
    return lambda left, right: compare(float(left), float(right))


def _found(value: Any, items: Sequence[Any]) -> bool:
    """Membership by equality alone: Python's `in` would find a NaN by its identity."""
    if isinstance(value, list):
        return any(values.equal(value, item) for item in items)
    return any(
        float(value) == float(item) if type(value) is not type(item) else value == item for item in items
    )


# One maker a shape. Each returns a closure over exactly what it needs, which is what makes evaluation fast.


def _constant(value: Any) -> Closure:
    return lambda _env: value


def _field(slot: int, at: int) -> Closure:
    return lambda env: env[slot][at]


def _column(operand: Closure, at: int) -> Closure:
    return lambda env: operand(env)[at]


def _moment(operand: Closure, at: int) -> Closure:
    def moment(env: Environment) -> Any:
        value = operand(env)[at]
        if value is None:
            raise EvaluationError("the context's time is no RFC 3339 time")
        return value

    return moment


def _key(operand: Closure, key: str) -> Closure:
    def value(env: Environment) -> Any:
        found = operand(env).get(key)
        if found is None:
            raise EvaluationError(f"no such key: {key}")
        return found

    return value


def _any_key(operand: Closure, key: Closure) -> Closure:
    return lambda env: _key(operand, key(env))(env)


def _position(operand: Closure, key: Closure) -> Closure:
    def value(env: Environment) -> Any:
        items, at = operand(env), key(env)
        if not 0 <= at < len(items):
            raise EvaluationError(f"no position {at} in a list of {len(items)}")
        return items[at]

    return value


def _has(operand: Closure, key: str) -> Closure:
    return lambda env: key in operand(env)


def _apply_one(apply: Callable[[Any], Any], argument: Closure) -> Closure:
    return lambda env: apply(argument(env))


def _apply_two(apply: Callable[[Any, Any], Any], left: Closure, right: Closure) -> Closure:
    return lambda env: apply(left(env), right(env))


def _field_against(compare: Callable[[Any, Any], Any], slot: int, at: int, value: Any) -> Closure:
    if compare is operator.eq:
        return lambda env: env[slot][at] == value
    if compare is operator.ge:
        return lambda env: env[slot][at] >= value
    return lambda env: compare(env[slot][at], value)


def _against(compare: Callable[[Any, Any], Any], operand: Closure, value: Any) -> Closure:
    if compare is operator.eq:
        return lambda env: operand(env) == value
    return lambda env: compare(operand(env), value)


def _among(operand: Closure, words: frozenset[Any]) -> Closure:
    return lambda env: operand(env) in words


def _conditional(test: Closure, yes: Closure, no: Closure) -> Closure:
    return lambda env: yes(env) if test(env) else no(env)


def _both(left: Closure, right: Closure) -> Closure:
    def both(env: Environment) -> bool:
        try:
            if not left(env):
                return False
        except EvaluationError:
            if not right(env):
                return False
            raise
        return bool(right(env))

    return both


def _all_of(clauses: Sequence[Closure]) -> Closure:
    def all_of(env: Environment) -> bool:
        fault = None
        for clause in clauses:
            try:
                if not clause(env):
                    return False
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return True

    return all_of


def _any_of(clauses: Sequence[Closure]) -> Closure:
    def any_of(env: Environment) -> bool:
        fault = None
        for clause in clauses:
            try:
                if clause(env):
                    return True
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return False

    return any_of


def _each_of(clauses: Sequence[Closure]) -> Closure:
    def each_of(env: Environment) -> bool:
        found = False
        for clause in clauses:  # every clause runs, and any error stands
            found = bool(clause(env)) or found
        return found

    return each_of


def _exists(over: Closure, slot: int, body: Closure) -> Closure:
    def exists(env: Environment) -> bool:
        fault = None
        for item in over(env):
            env[slot] = item
            try:
                if body(env):
                    return True
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return False

    return exists


def _every_exists(over: Closure, slot: int, body: Closure) -> Closure:
    def exists(env: Environment) -> bool:
        found = False
        for item in over(env):
            env[slot] = item
            found = bool(body(env)) or found
        return found

    return exists


def _all(over: Closure, slot: int, body: Closure) -> Closure:
    def holds(env: Environment) -> bool:
        fault = None
        for item in over(env):
            env[slot] = item
            try:
                if not body(env):
                    return False
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return True

    return holds


def _exists_one(over: Closure, slot: int, body: Closure) -> Closure:
    def exists_one(env: Environment) -> bool:
        count = 0
        for item in over(env):
            env[slot] = item
            count += bool(body(env))
        return count == 1

    return exists_one


def _filter(over: Closure, slot: int, body: Closure) -> Closure:
    def kept(env: Environment) -> list[Any]:
        items = []
        for item in over(env):
            env[slot] = item
            if body(env):
                items.append(item)
        return items

    return kept


def _map(over: Closure, slot: int, body: Closure) -> Closure:
    def mapped(env: Environment) -> list[Any]:
        items = []
        for item in over(env):
            env[slot] = item
            items.append(body(env))
        return items

    return mapped
