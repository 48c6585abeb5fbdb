"""The syntax tree of an expression. Nodes compare by identity, so that passes can keep notes on them."""

import msgspec


class Node(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Anything in an expression; `start` and `end` are character offsets into its source."""

    start: int
    end: int


class Literal(Node, frozen=True, eq=False, kw_only=True):
    """`true`, `3`, `0.5`, `'png'`."""

    value: bool | int | float | str


class Name(Node, frozen=True, eq=False, kw_only=True):
    """A variable of the schema or of a macro."""

    name: str


class Select(Node, frozen=True, eq=False, kw_only=True):
    """`operand.field`."""

    operand: "Expression"
    field: str


class Index(Node, frozen=True, eq=False, kw_only=True):
    """`operand[key]`."""

    operand: "Expression"
    key: "Expression"


class Has(Node, frozen=True, eq=False, kw_only=True):
    """`has(operand.field)`."""

    operand: "Expression"
    field: str


class Unary(Node, frozen=True, eq=False, kw_only=True):
    """`!operand` or `-operand`."""

    operator: str
    operand: "Expression"


class Binary(Node, frozen=True, eq=False, kw_only=True):
    """`left operator right` for arithmetic, comparison and `in`."""

    operator: str
    left: "Expression"
    right: "Expression"


class Logic(Node, frozen=True, eq=False, kw_only=True):
    """`clause && clause && ...` or `clause || clause || ...`, at least two of them."""

    operator: str
    clauses: tuple["Expression", ...]


class Conditional(Node, frozen=True, eq=False, kw_only=True):
    """`test ? yes : no`."""

    test: "Expression"
    yes: "Expression"
    no: "Expression"


class Items(Node, frozen=True, eq=False, kw_only=True):
    """`[item, item]`."""

    items: tuple["Expression", ...]


class Call(Node, frozen=True, eq=False, kw_only=True):
    """`function(argument)` or `argument.function(argument)`; the receiver comes first among the arguments."""

    function: str
    arguments: tuple["Expression", ...]
    receiver: bool


class Macro(Node, frozen=True, eq=False, kw_only=True):
    """`over.exists(variable, body)` and its kin.

    Attributes:
        macro: `exists`, `all`, `exists_one`, `filter` or `map`.
        over: the list, or the map whose keys are walked.
        variable: name of one element.
        body: condition, or for `map` the new element.
    """

    macro: str
    over: "Expression"
    variable: str
    body: "Expression"


Expression = (
    Literal | Name | Select | Index | Has | Unary | Binary | Logic | Conditional | Items | Call | Macro
)


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct parts of a node, from left to right."""
    match node:
        case Literal() | Name():
            return ()
        case Select() | Has() | Unary():
            return (node.operand,)
        case Index():
            return (node.operand, node.key)
        case Binary():
            return (node.left, node.right)
        case Logic():
            return node.clauses
        case Conditional():
            return (node.test, node.yes, node.no)
        case Items():
            return node.items
        case Call():
            return node.arguments
        case _:
            return (node.over, node.body)
