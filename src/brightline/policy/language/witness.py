"""Which findings made a condition hold; asked only of conditions that do."""

from collections.abc import Callable

from brightline.policy.language.compiler import Compiler
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.shapes import Closure, Environment
from brightline.policy.language.syntax import (
    Conditional,
    Expression,
    Logic,
    Macro,
    children,
)
from brightline.policy.language.typecheck import Checked
from brightline.policy.language.types import Type, list_of

Collect = Callable[[Environment, set[int]], None]
_FINDING = Type("finding")


def compile_witness(
    checked: Checked, growing: frozenset[Expression], node: Expression | None = None
) -> Collect:
    """A function that adds the positions of the findings that made a condition hold.

    Args:
        checked: the condition's tree and types.
        growing: its nodes that depend on findings or gaps.
        node: the part to ask about, in place of the whole condition.
    """
    return _Witness(checked, growing).collect(node or checked.tree)


class _Witness:
    def __init__(self, checked: Checked, growing: frozenset[Expression]) -> None:
        self._types = checked.types
        self._growing = growing
        self._compiler = Compiler(checked)

    def collect(self, node: Expression) -> Collect:
        if node not in self._growing:
            return _nothing
        if self._types[node] == list_of(_FINDING):
            return _elements(self._compiler.closure(node))
        match node:
            case Logic(operator="||"):
                return _alternatives(
                    [(self._compiler.closure(clause), self.collect(clause)) for clause in node.clauses]
                )
            case Conditional():
                test = self._compiler.closure(node.test)
                return _chosen(test, self.collect(node.yes), self.collect(node.no))
            case Macro(macro="exists"):
                return self._exists(node)
            case Macro():  # `map`, whose elements came from the list below
                return self.collect(node.over)
            case _:
                return _each([self.collect(part) for part in children(node)])

    def _exists(self, node: Macro) -> Collect:
        over = self._compiler.closure(node.over)
        below = self.collect(node.over) if self._types[node.over] != list_of(_FINDING) else _nothing
        slot = self._compiler.bind(node.variable)
        body, inner = self._compiler.closure(node.body), self.collect(node.body)
        self._compiler.release(node.variable)
        is_finding = self._types[node.over] == list_of(_FINDING)

        def collect(env: Environment, found: set[int]) -> None:
            below(env, found)
            for item in over(env):
                env[slot] = item
                if _holds(body, env):
                    if is_finding:
                        found.add(item[0])
                    inner(env, found)

        return collect


def _nothing(env: Environment, found: set[int]) -> None:
    del env, found


def _elements(rows: Closure) -> Collect:
    return lambda env, found: found.update(row[0] for row in rows(env))


def _each(parts: list[Collect]) -> Collect:
    def collect(env: Environment, found: set[int]) -> None:
        for part in parts:
            part(env, found)

    return collect


def _alternatives(clauses: list[tuple[Closure, Collect]]) -> Collect:
    def collect(env: Environment, found: set[int]) -> None:
        for holds, part in clauses:
            if _holds(holds, env):
                part(env, found)

    return collect


def _chosen(test: Closure, yes: Collect, no: Collect) -> Collect:
    return lambda env, found: yes(env, found) if test(env) else no(env, found)


def _holds(closure: Closure, env: Environment) -> bool:
    try:
        return bool(closure(env))
    except EvaluationError:
        return False
