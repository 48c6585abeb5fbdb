"""One expression, ready to run: parsed, checked, counted and compiled."""

from functools import lru_cache

import msgspec

from brightline.policy.language.compiler import compile_tree
from brightline.policy.language.cost import cost
from brightline.policy.language.errors import ExpressionError
from brightline.policy.language.limits import MAX_COST
from brightline.policy.language.monotone import check_growth
from brightline.policy.language.parser import parse
from brightline.policy.language.shapes import Closure
from brightline.policy.language.syntax import Expression
from brightline.policy.language.totality import Totality
from brightline.policy.language.typecheck import Checked, typecheck
from brightline.policy.language.types import BOOL, a

CONDITIONS_KEPT = (
    2_048  # compiled conditions: loading compiles a rule, and putting it in force finds it again
)


class Condition(msgspec.Struct, frozen=True, eq=False):
    """The condition of a rule.

    Attributes:
        source: as it is written.
        checked: tree and types.
        growing: nodes that depend on how many findings or gaps there are.
        holds: its value as CEL has it; raises `EvaluationError`.
        holds_strictly: the same, but no true clause absorbs another clause's error; raises `EvaluationError`.
    """

    source: str
    checked: Checked
    growing: frozenset[Expression]
    holds: Closure
    holds_strictly: Closure


@lru_cache(maxsize=CONDITIONS_KEPT)
def condition(source: str) -> Condition:
    """Compile the condition of a rule.

    Raises:
        ExpressionError: it is malformed, ill-typed, no bool, too expensive, or one more finding could turn it
            false.
    """
    checked = typecheck(parse(source))
    tree = checked.tree
    if checked.types[tree] != BOOL:
        raise ExpressionError(f"a condition is a bool, found {a(checked.types[tree])}", tree.start, tree.end)
    growth = check_growth(checked)
    steps = cost(checked)
    if steps > MAX_COST:
        message = f"the condition could take {steps:,} steps, at most {MAX_COST:,}; nest fewer macros"
        raise ExpressionError(message, tree.start, tree.end)
    holds = compile_tree(checked)
    if Totality(checked.types).is_total(tree):
        return Condition(source, checked, growth.growing, holds, holds)
    return Condition(source, checked, growth.growing, holds, compile_tree(checked, growth.growing))
