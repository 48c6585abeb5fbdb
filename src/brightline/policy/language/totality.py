"""Which parts of an expression have a value whatever they meet: no missing key, no overflow, no bad number."""

from brightline.policy.language.functions import FUNCTIONS
from brightline.policy.language.syntax import (
    Binary,
    Call,
    Conditional,
    Expression,
    Has,
    Index,
    Literal,
    Logic,
    Name,
    Select,
    Unary,
    children,
)
from brightline.policy.language.types import DOUBLE, MAP, TIMESTAMP, Type

Guards = frozenset[tuple[str, str]]  # (map, key) that are known to be there
_NO_GUARDS: Guards = frozenset()


class Totality:
    """Finds what could fail, given the types of all nodes."""

    def __init__(self, types: dict[Expression, Type]) -> None:
        self._types = types

    def is_total(self, node: Expression) -> bool:
        """Whether the node has a value on every examination."""
        return self.first_partial(node) is None

    def first_partial(self, node: Expression, guards: Guards = _NO_GUARDS) -> Expression | None:
        """The first part that could fail, or None.

        Args:
            node: where to look.
            guards: keys that an earlier clause of an `&&` has shown to be there.
        """
        match node:
            case Logic(operator="&&"):
                return self._conjunction(node, guards)
            case Conditional():
                return self._conditional(node, guards)
            case _:
                for part in children(node):
                    partial = self.first_partial(part, guards)
                    if partial is not None:
                        return partial
                return None if self._own(node, guards) else node

    def _conjunction(self, node: Logic, guards: Guards) -> Expression | None:
        for clause in node.clauses:
            partial = self.first_partial(clause, guards)
            if partial is not None:
                return partial
            guards = guards | _guards(clause)
        return None

    def _conditional(self, node: Conditional, guards: Guards) -> Expression | None:
        return (
            self.first_partial(node.test, guards)
            or self.first_partial(node.yes, guards | _guards(node.test))
            or self.first_partial(node.no, guards)
        )

    def _own(self, node: Expression, guards: Guards) -> bool:
        """Whether the node itself never fails when its parts do not."""
        match node:
            case Index():
                key = node.key.value if isinstance(node.key, Literal) else None
                return (_path(node.operand), key) in guards
            case Select():
                if self._types[node.operand] == MAP:
                    return (_path(node.operand), node.field) in guards
                return self._types[node] != TIMESTAMP  # a door may give a time that is none
            case Unary(operator="-"):
                return self._types[node] == DOUBLE
            case Binary(operator="+" | "-" | "*" | "/" | "%"):
                return self._types[node] == DOUBLE
            case Call():
                return FUNCTIONS[node.function].total
            case _:
                return True


def _guards(node: Expression) -> Guards:
    """Keys that are there when the node is true."""
    match node:
        case Binary(operator="in", left=Literal(value=str() as key)):
            return frozenset({(_path(node.right), key)})
        case Has():
            return frozenset({(_path(node.operand), node.field)})
        case Logic(operator="&&"):
            return frozenset().union(*(_guards(clause) for clause in node.clauses))
        case _:
            return _NO_GUARDS


def _path(node: Expression) -> str:
    """`f.details` as text; other ways to reach a map have no name and are never guarded."""
    match node:
        case Name():
            return node.name
        case Select():
            return f"{_path(node.operand)}.{node.field}"
        case _:
            return f"?{node.start}"
