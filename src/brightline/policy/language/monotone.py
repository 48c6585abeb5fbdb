"""The law of the house, checked at load: one more finding or gap never makes a rule stop holding.

Every node is CONSTANT (it does not look at how many findings or gaps there are) or GROWING (a bool that can only
turn true, a number that can only rise, a list that can only get longer). Anything else is refused.

CEL's errors are part of it. Along `exists`, `&&` and `||` truth absorbs them in an order-free way, but one failing
element makes the whole of `filter` and `map` fail; so what those ask of an element must have a value for every
element (`'k' in f.details && f.details['k'] == 'v'`).
"""

import msgspec

from brightline.policy.language.errors import ExpressionError
from brightline.policy.language.syntax import (
    Binary,
    Call,
    Conditional,
    Expression,
    Index,
    Items,
    Logic,
    Macro,
    Name,
    Select,
    Unary,
    children,
)
from brightline.policy.language.totality import Totality
from brightline.policy.language.typecheck import Checked
from brightline.policy.language.types import INT

COLLECTIONS = ("findings", "gaps")
_ADVICE = "one more finding or gap must never soften a decision; "
_ABSENCE = "ask for the finding that says so, such as `f.details['verdict'] == 'not_found'`"


class Growth(msgspec.Struct, frozen=True, eq=False):
    """Which nodes of a tree are GROWING; all others are CONSTANT."""

    growing: frozenset[Expression]


def check_growth(checked: Checked) -> Growth:
    """Show that the expression can only turn true when findings or gaps are added.

    Raises:
        ExpressionError: it might turn false, or it is not clear that it does not.
    """
    checker = _Checker(checked)
    checker.grows(checked.tree)
    return Growth(frozenset(checker.growing))


class _Checker:
    def __init__(self, checked: Checked) -> None:
        self.growing: set[Expression] = set()
        self._types = checked.types
        self._totality = Totality(checked.types)

    def grows(self, node: Expression) -> bool:
        """Whether the node is GROWING; refuse it where it is neither that nor CONSTANT."""
        growing = self._rule(node)
        if growing:
            self.growing.add(node)
        return growing

    def _rule(self, node: Expression) -> bool:
        match node:
            case Name():
                return node.name in COLLECTIONS
            case Logic() | Items():
                return self._any(node)
            case Conditional():
                return self._conditional(node)
            case Macro():
                return self._macro(node)
            case Call(function="size"):
                return self._any(node)
            case Binary(operator=">" | ">="):
                return self._bound(node, node.left, node.right)
            case Binary(operator="<" | "<="):
                return self._bound(node, node.right, node.left)
            case Binary(operator="in"):
                return self._member(node)
            case Binary(operator="+") if self._types[node] == INT:
                return self._sum(node)
            case _:
                return self._constant(node)

    def _any(self, node: Expression) -> bool:
        grown = [self.grows(part) for part in children(node)]
        if isinstance(node, Items) and any(grown):
            raise _refused(node, "a list cannot hold what depends on findings or gaps")
        return any(grown)

    def _conditional(self, node: Conditional) -> bool:
        if self.grows(node.test):
            raise _refused(node.test, "a `?:` cannot turn on findings or gaps; use `&&` and `||`")
        yes, no = self.grows(node.yes), self.grows(node.no)
        return yes or no

    def _macro(self, node: Macro) -> bool:
        over, body = self.grows(node.over), self.grows(node.body)
        if not over and not body:
            return False
        match node.macro:
            case "exists":
                return True
            case "filter" | "map":
                return self._list(node, body)
            case _:
                raise _refused(
                    node, f"`{node.macro}` over findings or gaps can turn false; use `exists`, and {_ABSENCE}"
                )

    def _list(self, node: Macro, body: bool) -> bool:
        if body and node.macro == "map":
            raise _refused(node.body, "`map` cannot make elements that depend on other findings or gaps")
        bare = self._totality.first_partial(node.body)
        if bare is not None:
            raise _refused(
                bare,
                f"inside `{node.macro}` this could fail for one element, and with it the whole rule; {_remedy(bare)}",
            )
        return True

    def _bound(self, node: Binary, grown: Expression, limit: Expression) -> bool:
        if self.grows(limit):
            raise _refused(node, f"more findings or gaps could turn this false; {_ABSENCE}")
        return self.grows(grown)

    def _member(self, node: Binary) -> bool:
        if self.grows(node.left):
            raise _refused(node.left, f"this depends on how many there are; {_ABSENCE}")
        return self.grows(node.right)

    def _sum(self, node: Binary) -> bool:
        left, right = self.grows(node.left), self.grows(node.right)
        if left != right:
            # A number added to a size could overflow, and an error is no growth.
            raise _refused(node, "add sizes to sizes only, and put the number on the other side of the `>=`")
        return left and right

    def _constant(self, node: Expression) -> bool:
        for part in children(node):
            if self.grows(part):
                raise _refused(node, f"{_reason(node)}; {_ABSENCE}")
        return False


def _reason(node: Expression) -> str:
    match node:
        case Unary(operator="!"):
            return "`!` would turn false when one is added"
        case Binary(operator="==" | "!="):
            return f"`{node.operator}` would change when one is added; compare with `>` or `>=`"
        case Index():
            return "a position in the list means another element when one is added; use `exists`"
        case _:
            return "this could fall when one is added"


def _remedy(bare: Expression) -> str:
    if isinstance(bare, Index | Select):
        return "ask first, such as `'k' in f.details && f.details['k'] == 'v'`, or use `exists`"
    return "use `exists`, where one element that holds settles the rule"


def _refused(node: Expression, message: str) -> ExpressionError:
    return ExpressionError(_ADVICE + message, node.start, node.end)
