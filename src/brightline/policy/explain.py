"""Explains: every rule's condition taken apart clause by clause, with the value of each on one examination."""

import msgspec

from brightline.core.decision import Action
from brightline.core.finding import Examination
from brightline.policy.decide import CompiledRule, Policy, evaluate
from brightline.policy.language.compiler import Compiler
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.shapes import Environment
from brightline.policy.language.syntax import Expression, Logic
from brightline.policy.language.witness import compile_witness
from brightline.policy.rows import View, view


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a condition.

    Attributes:
        source: as it is written, on one line.
        holds: its value; None where it has none.
        error: why it has none.
        findings: positions of the findings that made it hold.
        clauses: its own parts, where it is an `&&` or `||`.
    """

    source: str
    holds: bool | None
    error: str = ""
    findings: tuple[int, ...] = ()
    clauses: tuple["Clause", ...] = ()


class RuleTrace(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule made of one examination, and why.

    Attributes:
        rule: full name, `cn/labelling#suspected`.
        in_force: whether it holds at the context's time.
        asked: the action it asked for, ALLOW when for none.
        error: why it could not be evaluated.
        condition: the whole condition, taken apart, whether in force or not.
    """

    rule: str
    in_force: bool
    asked: Action
    error: str
    condition: Clause


def explain(policy: Policy, examination: Examination) -> list[RuleTrace]:
    """A trace of every rule, in the policy's order.

    Estimates are hidden from rules that conclude `possible` or `confirmed`, here as in the decision.
    """
    seen = view(examination)
    return [_trace(rule, seen) for rule in policy.rules]


def _trace(rule: CompiledRule, seen: View) -> RuleTrace:
    match = evaluate(rule, seen)
    span = rule.active.span
    env = seen.firm if rule.firm else seen.everything
    return RuleTrace(
        rule=rule.active.name,
        in_force=span.is_always or (seen.time is not None and span.start <= seen.time < span.end),
        asked=match.action if match is not None else Action.ALLOW,
        error=match.error if match is not None else "",
        condition=_clause(rule, rule.condition.checked.tree, env),
    )


def _clause(rule: CompiledRule, node: Expression, env: Environment) -> Clause:
    source = " ".join(rule.condition.source[node.start : node.end].split())
    parts = node.clauses if isinstance(node, Logic) else ()
    clauses = tuple(_clause(rule, part, env) for part in parts)
    try:
        holds = bool(Compiler(rule.condition.checked).closure(node)(env))
    except EvaluationError as error:
        return Clause(source=source, holds=None, error=str(error), clauses=clauses)
    findings = _findings(rule, node, env) if holds else ()
    return Clause(source=source, holds=holds, findings=findings, clauses=clauses)


def _findings(rule: CompiledRule, node: Expression, env: Environment) -> tuple[int, ...]:
    positions: set[int] = set()
    compile_witness(rule.condition.checked, rule.condition.growing, node)(env, positions)
    return tuple(sorted(positions))
