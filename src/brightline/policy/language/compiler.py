"""A checked tree to one Python closure.

A closure takes the environment, a list: the subject's row, the context's row, the rows of findings and of gaps, the
findings by claim, then one slot for each macro variable. Names become positions at load, and frequent shapes (a field compared with a
literal) become one closure instead of three. Conditions over findings nearly always ask for a claim, so `exists` and
`filter` walk only the findings of that claim: for all others the conjunction is false whatever else is in it.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from brightline.policy.language import shapes, values
from brightline.policy.language.functions import apply_of, pattern
from brightline.policy.language.shapes import Closure
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

BY_CLAIM = "findings by claim"  # a variable that no rule can name
SLOTS = {name: slot for slot, name in enumerate((*VARIABLES, BY_CLAIM))}
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
                return shapes.constant(node.value)
            case Name():
                return operator.itemgetter(self._slots[node.name])
            case Select():
                return self._select(node)
            case Index():
                return self._index(node)
            case Has():
                return shapes.has(self.closure(node.operand), node.field)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Logic():
                return self._logic(node)
            case Conditional():
                return shapes.conditional(
                    self.closure(node.test), self.closure(node.yes), self.closure(node.no)
                )
            case Items():
                return self._items(node)
            case Call():
                return self._call(node)
            case _:
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
            return shapes.field(*place)
        operand = self.closure(node.operand)
        kind = self._types[node.operand]
        if kind == MAP:
            return shapes.at_key(operand, node.field)
        at = column(kind.name, node.field)
        return shapes.moment(operand, at) if self._types[node] == TIMESTAMP else shapes.column(operand, at)

    def _index(self, node: Index) -> Closure:
        operand = self.closure(node.operand)
        if self._types[node.operand] != MAP:
            return shapes.position(operand, self.closure(node.key))
        if isinstance(node.key, Literal):
            return shapes.at_key(operand, str(node.key.value))
        return shapes.any_key(operand, self.closure(node.key))

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
        apply = _arithmetic(node.operator, plain(self._types[node]))
        return shapes.apply_two(apply, self.closure(node.left), self.closure(node.right))

    def _comparison(self, node: Binary) -> Closure:
        left, right = plain(self._types[node.left]), plain(self._types[node.right])
        if left != right:
            return shapes.apply_two(
                _mixed(_COMPARE[node.operator]), self.closure(node.left), self.closure(node.right)
            )
        if left.name == "list":
            equal = shapes.apply_two(values.equal, self.closure(node.left), self.closure(node.right))
            return equal if node.operator == "==" else lambda env: not equal(env)
        place = self._place(node.left)
        if isinstance(node.right, Literal):
            if place is not None:
                return shapes.field_against(_COMPARE[node.operator], *place, node.right.value)
            return shapes.against(_COMPARE[node.operator], self.closure(node.left), node.right.value)
        return shapes.apply_two(_COMPARE[node.operator], self.closure(node.left), self.closure(node.right))

    def _membership(self, node: Binary) -> Closure:
        left, right = self.closure(node.left), self.closure(node.right)
        kinds = plain(self._types[node.left]), self._types[node.right]
        if isinstance(node.right, Items) and kinds[0] == STRING:
            words = _literals(node.right)
            if words is not None:
                return shapes.among(left, frozenset(words))
        if kinds[1] == MAP:
            key = node.left
            return (
                shapes.has(right, str(key.value)) if isinstance(key, Literal) else shapes.key_in(left, right)
            )
        if kinds[0] in NUMBERS or kinds[0].name == "list":
            return lambda env: _found(left(env), right(env))
        return lambda env: left(env) in right(env)

    def _logic(self, node: Logic) -> Closure:
        clauses = [self.closure(clause) for clause in node.clauses]
        if node.operator == "&&":
            return self._conjunction(clauses)
        if node in self._strict:
            return shapes.each_of(clauses)
        return shapes.any_of(clauses)

    def _items(self, node: Items) -> Closure:
        literals = _literals(node)
        if literals is not None:
            return shapes.constant(literals)
        items = [self.closure(item) for item in node.items]
        return lambda env: [item(env) for item in items]

    def _call(self, node: Call) -> Closure:
        arguments = [self.closure(argument) for argument in node.arguments]
        if node.function == "matches":
            return shapes.apply_one(pattern(node.arguments[1]), arguments[0])
        if node.function == "size" and self._types[node.arguments[0]] == MAP:
            return shapes.apply_one(len, shapes.keys(arguments[0]))
        apply = apply_of(node.function, tuple(plain(self._types[part]) for part in node.arguments))
        if all(isinstance(argument, Literal) for argument in node.arguments):
            return shapes.constant(apply(*(argument([]) for argument in arguments)))
        return (
            shapes.apply_one(apply, *arguments)
            if len(arguments) == 1
            else shapes.apply_two(apply, *arguments)
        )

    def _macro(self, node: Macro) -> Closure:
        claims = _claims(node) if node.macro in {"exists", "filter"} else None
        over = self._walked(node, claims)
        slot = self.bind(node.variable)
        body = self.closure(node.body) if claims is None else self._rest(node.body, claims.clause)
        self.release(node.variable)
        match node.macro:
            case "exists" if claims is not None and len(claims.words) == 1 and node not in self._strict:
                return shapes.exists_claimed(self._slots[BY_CLAIM], claims.words[0], slot, body)
            case "exists":
                return (shapes.every_exists if node in self._strict else shapes.exists)(over, slot, body)
            case "all":
                return shapes.holds_for_all(over, slot, body)
            case "exists_one":
                return shapes.exists_one(over, slot, body)
            case "filter":
                return shapes.kept(over, slot, body)
            case _:
                return shapes.mapped(over, slot, body)

    def _walked(self, node: Macro, claims: "_Claims | None") -> Closure:
        """What a macro walks over: a list, the keys of a map, or the findings of the claims that it asks for."""
        if claims is not None:
            slot = self._slots[BY_CLAIM]
            if len(claims.words) == 1:
                return shapes.claimed(slot, claims.words[0])
            return shapes.claimed_any(slot, claims.words)
        over = self.closure(node.over)
        return shapes.keys(over) if self._types[node.over] == MAP else over

    def _rest(self, body: Expression, settled: Expression) -> Closure:
        """What is left of a conjunction when one clause is known to hold."""
        clauses = body.clauses if isinstance(body, Logic) else (body,)
        rest = [self.closure(clause) for clause in clauses if clause is not settled]
        if not rest:
            return shapes.constant(value=True)
        return rest[0] if len(rest) == 1 else self._conjunction(rest)

    @staticmethod
    def _conjunction(clauses: list[Closure]) -> Closure:
        return shapes.both(*clauses) if len(clauses) == 2 else shapes.all_of(clauses)


class _Claims(msgspec.Struct, frozen=True, eq=False):
    """The clause of a macro's body that asks for a claim, and the claims that it allows."""

    clause: Expression
    words: tuple[str, ...]


def _claims(node: Macro) -> _Claims | None:
    """The clause that settles which findings can count, if the body is a conjunction with one."""
    if not isinstance(node.over, Name) or node.over.name != "findings":
        return None
    is_all = isinstance(node.body, Logic) and node.body.operator == "&&"
    for clause in node.body.clauses if isinstance(node.body, Logic) and is_all else (node.body,):
        match clause:
            case Binary(
                operator="==",
                left=Select(operand=Name(name=name), field="claim"),
                right=Literal(value=str() as claim),
            ) if name == node.variable:
                return _Claims(clause, (claim,))
            case Binary(
                operator="in", left=Select(operand=Name(name=name), field="claim"), right=Items() as items
            ) if name == node.variable and node.macro == "exists":
                words = _literals(items)
                if words is not None:
                    return _Claims(clause, tuple(dict.fromkeys(words)))
            case _:
                continue
    return None


def _literals(node: Items) -> list[Any] | None:
    if all(isinstance(item, Literal) for item in node.items):
        return [item.value for item in node.items if isinstance(item, Literal)]
    return None


def _arithmetic(sign: str, result: Type) -> Callable[[Any, Any], Any]:
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
