"""Our evaluation against the official CEL's, on random expressions and random examinations."""

import official
from hypothesis import HealthCheck, assume, given, settings
from policy_parts import examinations
from random_expressions import conditions

from brightline.core.finding import Examination
from brightline.policy.language.compiler import compile_tree
from brightline.policy.language.errors import EvaluationError, ExpressionError
from brightline.policy.language.parser import parse
from brightline.policy.language.typecheck import Checked, typecheck
from brightline.policy.rows import view

OURS_ALONE = ("by the alphabet", "is never `", "more than")


def checked(source: str) -> Checked:
    """The expression with its types. What only we refuse (words, see `typecheck.py`) is not compared."""
    try:
        return typecheck(parse(source))
    except ExpressionError as error:
        assume(not any(reason in error.message for reason in OURS_ALONE))
        raise


def ours(source: str, examined: Examination) -> object:
    closure = compile_tree(checked(source))
    try:
        return closure(view(examined).everything)
    except EvaluationError:
        return official.ERROR


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=conditions(), examined=examinations)
def test_we_and_the_official_cel_agree_on_the_value_or_on_the_error(
    source: str, examined: Examination
) -> None:
    assert ours(source, examined) == official.evaluate(source, official.activation(examined)), source
