"""Every part of an expression gets a type, or the expression is refused with the place and what to write.

Stricter than CEL where CEL would let a mistake through: a word outside its closed set, the alphabetical order of
such words, the equality of records.
"""

from collections.abc import Mapping

import msgspec

from brightline.policy.language.errors import EvaluationError, ExpressionError
from brightline.policy.language.functions import FUNCTIONS, apply_of, pattern, signature
from brightline.policy.language.suggest import hint
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
from brightline.policy.language.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    MAP,
    NUMBERS,
    ORDERED,
    RECORDS,
    STRING,
    TIMESTAMP,
    VARIABLES,
    Type,
    a,
    list_of,
    plain,
)

_ARITHMETIC: Mapping[tuple[str, Type, Type], Type] = {
    **{(operator, INT, INT): INT for operator in "+-*/%"},
    **{(operator, DOUBLE, DOUBLE): DOUBLE for operator in "+-*/"},
    ("+", STRING, STRING): STRING,
    ("+", TIMESTAMP, DURATION): TIMESTAMP,
    ("+", DURATION, TIMESTAMP): TIMESTAMP,
    ("+", DURATION, DURATION): DURATION,
    ("-", TIMESTAMP, DURATION): TIMESTAMP,
    ("-", TIMESTAMP, TIMESTAMP): DURATION,
    ("-", DURATION, DURATION): DURATION,
}


class Checked(msgspec.Struct, frozen=True, eq=False):
    """A tree whose every node has its type."""

    tree: Expression
    types: dict[Expression, Type]


def typecheck(tree: Expression) -> Checked:
    """Give every node its type.

    Raises:
        ExpressionError: an unknown name, field or function, an operator that does not fit its sides, or a word
            that its closed set does not have.
    """
    checker = _Checker()
    checker.visit(tree)
    return Checked(tree, checker.types)


class _Checker:
    def __init__(self) -> None:
        self.types: dict[Expression, Type] = {}
        self._locals: dict[str, Type] = {}

    def visit(self, node: Expression) -> Type:
        kind = self._type_of(node)
        self.types[node] = kind
        return kind

    def _type_of(self, node: Expression) -> Type:
        match node:
            case Literal():
                return _literal_type(node.value)
            case Name():
                return self._name(node)
            case Select():
                return self._select(node)
            case Index():
                return self._index(node)
            case Has():
                return self._has(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Logic():
                return self._logic(node)
            case Conditional():
                return self._conditional(node)
            case Items():
                return self._items(node)
            case Call():
                return self._call(node)
            case _:
                return self._macro(node)

    def _name(self, node: Name) -> Type:
        kind = self._locals.get(node.name) or VARIABLES.get(node.name)
        if kind is None:
            raise _wrong(
                node, f"no variable named `{node.name}`{hint(node.name, (*self._locals, *VARIABLES))}"
            )
        return kind

    def _select(self, node: Select) -> Type:
        kind = self.visit(node.operand)
        if kind == MAP:
            return STRING
        fields = RECORDS.get(kind.name)
        if fields is None:
            raise _wrong(node, f"{a(kind)} has no fields; `.{node.field}` was asked of one")
        if node.field not in fields:
            at = node.end - len(node.field)
            message = f"{a(kind)} has no field `{node.field}`{hint(node.field, fields)}"
            raise ExpressionError(message, at, node.end)
        return fields[node.field]

    def _index(self, node: Index) -> Type:
        kind, key = self.visit(node.operand), plain(self.visit(node.key))
        if kind == MAP:
            self._need(node.key, key, STRING, "the key of a map")
            return STRING
        if kind.name == "list" and kind.element is not None:
            self._need(node.key, key, INT, "the position in a list")
            return kind.element
        raise _wrong(node, f"{a(kind)} cannot be indexed")

    def _has(self, node: Has) -> Type:
        kind = self.visit(node.operand)
        if kind != MAP:
            raise _wrong(
                node, f"`has` asks for a key of a map such as `f.details`; {a(kind)} always has its fields"
            )
        return BOOL

    def _unary(self, node: Unary) -> Type:
        kind = plain(self.visit(node.operand))
        if node.operator == "!":
            return self._need(node.operand, kind, BOOL, "`!`")
        if kind not in NUMBERS:
            raise _wrong(node.operand, f"`-` needs a number, found {a(kind)}")
        return kind

    def _binary(self, node: Binary) -> Type:
        left, right = self.visit(node.left), self.visit(node.right)
        match node.operator:
            case "==" | "!=":
                self._equality(node, left, right)
            case "<" | "<=" | ">" | ">=":
                self._order(node, left, right)
            case "in":
                self._membership(node, left, right)
            case _:
                return self._arithmetic(node, plain(left), plain(right))
        return BOOL

    def _equality(self, node: Binary, left: Type, right: Type) -> None:
        for kind in (left, right):
            if kind.name in RECORDS or kind == MAP or (kind.element and kind.element.name in RECORDS):
                raise _wrong(node, f"{a(kind)} cannot be compared as a whole; compare its fields")
        if not _comparable(plain(left), plain(right)):
            raise _wrong(node, f"{a(plain(left))} is never equal to {a(plain(right))}")
        self._word(node.left, right)
        self._word(node.right, left)

    def _order(self, node: Binary, left: Type, right: Type) -> None:
        for kind in (left, right):
            if kind.words:
                raise _wrong(
                    node,
                    f"a {kind.set_name} would be compared by the alphabet; list the words, such as"
                    f" `in ['{kind.words[0]}', '{kind.words[1]}']`",
                )
        left, right = plain(left), plain(right)
        if left not in ORDERED or not _comparable(left, right):
            raise _wrong(node, f"`{node.operator}` cannot compare {a(left)} with {a(right)}")

    def _membership(self, node: Binary, left: Type, right: Type) -> None:
        element = STRING if right == MAP else right.element
        if element is None:
            raise _wrong(node.right, f"`in` needs a list or a map on its right, found {a(right)}")
        if element.name in RECORDS or not _comparable(plain(left), plain(element)):
            raise _wrong(node, f"{a(plain(left))} is never in {a(plain(right))}")
        if isinstance(node.right, Items):
            for item in node.right.items:
                self._word(item, left)
        self._word(node.left, element)

    def _word(self, node: Expression, other: Type) -> None:
        """Refuse a string literal that the closed set on the other side does not have."""
        if other.words and isinstance(node, Literal) and node.value not in other.words:
            found = str(node.value)
            raise _wrong(node, f"`{other.set_name}` is never `{found}`{hint(found, other.words)}")

    def _arithmetic(self, node: Binary, left: Type, right: Type) -> Type:
        result = _ARITHMETIC.get((node.operator, left, right))
        if result is not None:
            return result
        advice = "; convert one with `int()` or `double()`" if {left, right} == {INT, DOUBLE} else ""
        raise _wrong(node, f"`{node.operator}` cannot take {a(left)} and {a(right)}{advice}")

    def _logic(self, node: Logic) -> Type:
        for clause in node.clauses:
            self._need(clause, self.visit(clause), BOOL, f"`{node.operator}`")
        return BOOL

    def _conditional(self, node: Conditional) -> Type:
        self._need(node.test, self.visit(node.test), BOOL, "`?`")
        yes, no = plain(self.visit(node.yes)), plain(self.visit(node.no))
        if yes != no:
            raise _wrong(node, f"both outcomes of `?:` need one type, found {a(yes)} and {a(no)}")
        return yes

    def _items(self, node: Items) -> Type:
        kinds = [plain(self.visit(item)) for item in node.items]
        for item, kind in zip(node.items, kinds, strict=True):
            if kind != kinds[0]:
                raise _wrong(item, f"the items of a list need one type, found {a(kinds[0])} and {a(kind)}")
        return list_of(kinds[0])

    def _call(self, node: Call) -> Type:
        if node.function not in FUNCTIONS:
            raise _wrong(node, f"no function named `{node.function}`{hint(node.function, FUNCTIONS)}")
        kinds = tuple(plain(self.visit(argument)) for argument in node.arguments)
        found = signature(node.function, node.receiver, kinds)
        if found is None:
            called = ", ".join(str(kind) for kind in kinds)
            usage = FUNCTIONS[node.function].usage
            raise _wrong(node, f"`{node.function}` does not take ({called}); write {usage}")
        if node.function == "matches":
            pattern(node.arguments[1])
        elif isinstance(node.arguments[0], Literal):
            self._constant(node, kinds)
        return found

    @staticmethod
    def _constant(node: Call, kinds: tuple[Type, ...]) -> None:
        """Refuse now what would fail on every examination, such as `timestamp('tomorrow')`."""
        values = [argument.value for argument in node.arguments if isinstance(argument, Literal)]
        if len(values) == len(node.arguments):
            try:
                apply_of(node.function, kinds)(*values)
            except EvaluationError as fault:
                raise _wrong(node, str(fault)) from fault

    def _macro(self, node: Macro) -> Type:
        over = self.visit(node.over)
        keys = over == MAP and node.macro in {"exists", "all", "exists_one"}
        element = STRING if keys else over.element
        if element is None:
            raise _wrong(node.over, f"`{node.macro}` walks a list, found a {over}")
        if node.variable in VARIABLES or node.variable in self._locals:
            raise _wrong(node, f"`{node.variable}` already has a meaning here; choose another name")
        self._locals[node.variable] = element
        body = self.visit(node.body)
        del self._locals[node.variable]
        if node.macro == "map":
            return list_of(body)
        self._need(node.body, body, BOOL, f"`{node.macro}`")
        return over if node.macro == "filter" else BOOL

    @staticmethod
    def _need(node: Expression, found: Type, wanted: Type, who: str) -> Type:
        if found != wanted:
            raise _wrong(node, f"{who} needs {a(wanted)}, found {a(found)}")
        return found


def _literal_type(value: bool | float | str) -> Type:
    return {bool: BOOL, int: INT, float: DOUBLE, str: STRING}[type(value)]


def _comparable(left: Type, right: Type) -> bool:
    return left == right or (left in NUMBERS and right in NUMBERS)


def _wrong(node: Expression, message: str) -> ExpressionError:
    return ExpressionError(message, node.start, node.end)
