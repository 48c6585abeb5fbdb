"""How many nodes an expression evaluates at most, for given numbers of findings, gaps and details a finding.

Counted before a rule runs and not while it runs: the count grows with the numbers alone, whatever is found, so
that a rule over its budget stays over it when findings are added.
"""

import msgspec

from brightline.policy.language.functions import FUNCTIONS
from brightline.policy.language.limits import ASSUMED_DETAILS, ASSUMED_FINDINGS, ASSUMED_GAPS
from brightline.policy.language.syntax import (
    Call,
    Conditional,
    Expression,
    Index,
    Items,
    Macro,
    Name,
    children,
)
from brightline.policy.language.typecheck import Checked
from brightline.policy.language.types import MAP


class Sizes(msgspec.Struct, frozen=True):
    """How much there is to walk over in one examination; `details` is the most that one finding has."""

    findings: int = ASSUMED_FINDINGS
    gaps: int = ASSUMED_GAPS
    details: int = ASSUMED_DETAILS


ASSUMED = Sizes()


def exceeds(sizes: Sizes) -> bool:
    """Whether there is more than what the check at load assumed."""
    return sizes.findings > ASSUMED.findings or sizes.gaps > ASSUMED.gaps or sizes.details > ASSUMED.details


def cost(checked: Checked, sizes: Sizes = ASSUMED) -> int:
    """Evaluated nodes, at most."""
    return _cost(checked, checked.tree, sizes)


def _cost(checked: Checked, node: Expression, sizes: Sizes) -> int:
    own = 1
    if isinstance(node, Call):
        own = FUNCTIONS[node.function].cost
    if isinstance(node, Macro):
        walked = _length(checked, node.over, sizes)
        return own + _cost(checked, node.over, sizes) + walked * (1 + _cost(checked, node.body, sizes))
    if getattr(node, "operator", "") in {"in", "==", "!="}:
        own += max(_length(checked, part, sizes) for part in children(node))
    return own + sum(_cost(checked, part, sizes) for part in children(node))


def _length(checked: Checked, node: Expression, sizes: Sizes) -> int:
    """How many elements a list or map has at most; 0 for anything else."""
    if checked.types[node] == MAP:
        return sizes.details
    if checked.types[node].name != "list":
        return 0
    match node:
        case Name(name="gaps"):
            return sizes.gaps
        case Items():
            return len(node.items)
        case Macro():
            return _length(checked, node.over, sizes)
        case Conditional():
            return max(_length(checked, node.yes, sizes), _length(checked, node.no, sizes))
        case Index():
            return max(_length(checked, node.operand, sizes), sizes.findings)
        case _:
            return max(sizes.findings, sizes.gaps)
