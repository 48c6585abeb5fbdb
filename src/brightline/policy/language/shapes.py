"""The closures that conditions are made of: one maker a shape, each closing over exactly what it needs.

That is what makes evaluation fast. `&&`, `||`, `exists` and `all` absorb errors as CEL has it: a clause that settles
the answer settles it whatever the others do.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from brightline.policy.language.errors import EvaluationError

Environment = list[Any]  # the checker has proved what is in it
Closure = Callable[[Environment], Any]


def constant(value: Any) -> Closure:
    """A literal."""
    return lambda _env: value


def field(slot: int, at: int) -> Closure:
    """A field of a variable."""
    return lambda env: env[slot][at]


def column(operand: Closure, at: int) -> Closure:
    """A field of any record."""
    return lambda env: operand(env)[at]


def moment(operand: Closure, at: int) -> Closure:
    """The context's time, an error where the door gave none that can be read."""

    def moment(env: Environment) -> Any:
        value = operand(env)[at]
        if value is None:
            raise EvaluationError("the context's time is no RFC 3339 time")
        return value

    return moment


def at_key(operand: Closure, key: str) -> Closure:
    """The value of a map's key that is written out. Maps are short, and stay the tuples of details that they are."""

    def value(env: Environment) -> Any:
        for detail in operand(env):
            if detail.name == key:
                return detail.value
        raise EvaluationError(f"no such key: {key}")

    return value


def any_key(operand: Closure, key: Closure) -> Closure:
    """The value of a map's computed key."""
    return lambda env: at_key(operand, key(env))(env)


def has(operand: Closure, key: str) -> Closure:
    """Whether a map has a key that is written out."""

    def is_there(env: Environment) -> bool:
        for detail in operand(env):  # noqa: SIM110  # `any` over a generator costs three times as much
            if detail.name == key:
                return True
        return False

    return is_there


def key_in(key: Closure, operand: Closure) -> Closure:
    """Whether a map has a computed key."""
    return lambda env: has(operand, key(env))(env)


def keys(operand: Closure) -> Closure:
    """The keys of a map; a name that a finding gives twice is one key."""
    return lambda env: list({detail.name: None for detail in operand(env)})


def claimed(slot: int, claim: str) -> Closure:
    """The findings of one claim, in their order."""
    return lambda env: env[slot].get(claim, ())


def claimed_any(slot: int, claims: Sequence[str]) -> Closure:
    """The findings of several claims, claim by claim."""

    def rows(env: Environment) -> list[Any]:
        by_claim = env[slot]
        found: list[Any] = []
        for claim in claims:
            if claim in by_claim:
                found += by_claim[claim]
        return found

    return rows


def position(operand: Closure, key: Closure) -> Closure:
    """The element of a list at a position."""

    def value(env: Environment) -> Any:
        items, at = operand(env), key(env)
        if not 0 <= at < len(items):
            raise EvaluationError(f"no position {at} in a list of {len(items)}")
        return items[at]

    return value


def apply_one(apply: Callable[[Any], Any], argument: Closure) -> Closure:
    """A function of one argument."""
    return lambda env: apply(argument(env))


def apply_two(apply: Callable[[Any, Any], Any], left: Closure, right: Closure) -> Closure:
    """An operator or a function of two arguments."""
    return lambda env: apply(left(env), right(env))


def field_against(compare: Callable[[Any, Any], Any], slot: int, at: int, value: Any) -> Closure:
    """A field compared with a literal: the most frequent shape of all."""
    if compare is operator.eq:
        return lambda env: env[slot][at] == value
    if compare is operator.ge:
        return lambda env: env[slot][at] >= value
    return lambda env: compare(env[slot][at], value)


def against(compare: Callable[[Any, Any], Any], operand: Closure, value: Any) -> Closure:
    """Anything compared with a literal."""
    if compare is operator.eq:
        return lambda env: operand(env) == value
    return lambda env: compare(operand(env), value)


def among(operand: Closure, words: frozenset[Any]) -> Closure:
    """Membership in a list of literal words."""
    return lambda env: operand(env) in words


def conditional(test: Closure, yes: Closure, no: Closure) -> Closure:
    """`test ? yes : no`."""
    return lambda env: yes(env) if test(env) else no(env)


def both(left: Closure, right: Closure) -> Closure:
    """`left && right`."""

    def both(env: Environment) -> Any:
        try:
            if not left(env):
                return False
        except EvaluationError:
            if not right(env):
                return False
            raise
        return right(env)

    return both


def all_of(clauses: Sequence[Closure]) -> Closure:
    """`&&` of three clauses or more."""

    def all_of(env: Environment) -> bool:
        fault = None
        for clause in clauses:
            try:
                if not clause(env):
                    return False
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return True

    return all_of


def any_of(clauses: Sequence[Closure]) -> Closure:
    """`||`."""

    def any_of(env: Environment) -> bool:
        fault = None
        for clause in clauses:
            try:
                if clause(env):
                    return True
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return False

    return any_of


def each_of(clauses: Sequence[Closure]) -> Closure:
    """`||` in which any clause's error stands."""

    def each_of(env: Environment) -> bool:
        found = False
        for clause in clauses:  # every clause runs, and any error stands
            found = bool(clause(env)) or found
        return found

    return each_of


def exists(over: Closure, slot: int, body: Closure) -> Closure:
    """`over.exists(element, body)`."""

    def exists(env: Environment) -> bool:
        fault = None
        for item in over(env):
            env[slot] = item
            try:
                if body(env):
                    return True
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return False

    return exists


def exists_claimed(by_claim: int, claim: str, slot: int, body: Closure) -> Closure:
    """`findings.exists(f, f.claim == 'claim' && body)`: what most rules are."""
    walk = exists(claimed(by_claim, claim), slot, body)

    def exists_claimed(env: Environment) -> Any:
        rows = env[by_claim].get(claim)
        if rows is None:
            return False
        if len(rows) > 1:
            return walk(env)
        env[slot] = rows[0]
        return body(env)

    return exists_claimed


def every_exists(over: Closure, slot: int, body: Closure) -> Closure:
    """`exists` in which any element's error stands."""

    def exists(env: Environment) -> bool:
        found = False
        for item in over(env):
            env[slot] = item
            found = bool(body(env)) or found
        return found

    return exists


def holds_for_all(over: Closure, slot: int, body: Closure) -> Closure:
    """`over.all(element, body)`."""

    def holds(env: Environment) -> bool:
        fault = None
        for item in over(env):
            env[slot] = item
            try:
                if not body(env):
                    return False
            except EvaluationError as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return True

    return holds


def exists_one(over: Closure, slot: int, body: Closure) -> Closure:
    """`over.exists_one(element, body)`; any element's error stands."""

    def exists_one(env: Environment) -> bool:
        count = 0
        for item in over(env):
            env[slot] = item
            count += bool(body(env))
        return count == 1

    return exists_one


def kept(over: Closure, slot: int, body: Closure) -> Closure:
    """`over.filter(element, body)`; any element's error stands."""

    def kept(env: Environment) -> list[Any]:
        items = []
        for item in over(env):
            env[slot] = item
            if body(env):
                items.append(item)
        return items

    return kept


def mapped(over: Closure, slot: int, body: Closure) -> Closure:
    """`over.map(element, body)`; any element's error stands."""

    def mapped(env: Environment) -> list[Any]:
        items = []
        for item in over(env):
            env[slot] = item
            items.append(body(env))
        return items

    return mapped
