"""What a message does to move its reader, found by rules: urgency, secrecy, another channel, a payment, a credential.

The patterns are data (`fraud_tactics.toml`); each runs over plain spellings, so hidden words count as the words they are.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import re2

from brightline.core.finding import Span
from brightline.core.words import Words
from brightline.detectors.message.fraud_normal import Plain, plain

HONEST = frozenset({"protective", "ordinary"})  # what honest senders do
SPANS_LIMIT = 5  # places of one tactic
_MEMORY_BYTES = 64 * 1024 * 1024  # all patterns of a language as one automaton
_CLAUSE = re.compile(r"[^\n。！？!?；;，,、.]+[\n。！？!?；;，,、.]*")
_CLAUSE_LIMIT = 400  # clauses of a text that are looked at for spans


class Tactic(msgspec.Struct, frozen=True):
    """One thing that a message does.

    Attributes:
        name: as in `fraud_tactics.toml`.
        said: what it is, for people.
    """

    name: str
    said: Words


class Hit(msgspec.Struct, frozen=True):
    """A tactic that was found, and the clauses that show it."""

    tactic: Tactic
    spans: tuple[Span, ...]


class Branch(msgspec.Struct, frozen=True):
    """One alternative of a pattern: `send .{0,24} code`.

    Attributes:
        pattern: number of the pattern that it belongs to.
        regexp: compiled; None where its one piece is all of it.
        pieces: how many different pieces it has.
    """

    pattern: int
    regexp: re2._Regexp | None
    pieces: int


class Rules(msgspec.Struct, frozen=True):
    """All patterns of one language, and one automaton that tells which can match at all.

    A branch is a row of pieces with bounded gaps. Gaps blow an automaton up, pieces do not: so all pieces are looked for
    in one pass, and only branches whose every piece stands in the text are run.

    Attributes:
        owners: number of the tactic that each pattern belongs to.
        branches: all alternatives of all patterns.
        branches_of: branches that each piece belongs to.
        automaton: finds which pieces stand in a text, in one pass.
    """

    owners: tuple[int, ...]
    branches: tuple[Branch, ...]
    branches_of: tuple[tuple[int, ...], ...]
    automaton: re2.Set


def matched(text: Plain) -> tuple[int, ...]:
    """Numbers of the patterns of that language that match a plain text, ascending."""
    known = rules(is_chinese=text.is_chinese)
    seen: dict[int, int] = {}
    for piece in known.automaton.Match(text.text) or ():
        for number in known.branches_of[piece]:
            seen[number] = seen.get(number, 0) + 1
    found: set[int] = set()
    for number, count in seen.items():
        branch = known.branches[number]
        if count != branch.pieces or branch.pattern in found:
            continue
        if branch.regexp is None or branch.regexp.search(text.text):
            found.add(branch.pattern)
    return tuple(sorted(found))


def find_tactics(text: str) -> tuple[Hit, ...]:
    """The tactics of a message with the clauses that show them, in the order of `tactics()`.

    A clause is read in its plain spelling, so the spans lie on the text as it was sent.
    """
    is_chinese = plain(text).is_chinese
    owners = rules(is_chinese=is_chinese).owners
    found: dict[int, list[Span]] = {}
    for number, clause in enumerate(_CLAUSE.finditer(text)):
        if number >= _CLAUSE_LIMIT:
            break
        spelled = plain(clause[0])
        read = Plain(spelled.text, is_chinese)
        for tactic in {owners[pattern] for pattern in matched(read)}:
            spans = found.setdefault(tactic, [])
            if len(spans) < SPANS_LIMIT:
                spans.append(_trimmed(clause))
    return tuple(Hit(tactics()[number], tuple(found[number])) for number in sorted(found))


def _trimmed(clause: re.Match[str]) -> Span:
    before = len(clause[0]) - len(clause[0].lstrip())
    return Span(clause.start() + before, clause.start() + max(len(clause[0].rstrip()), before + 1))


@cache
def tactics() -> tuple[Tactic, ...]:
    """All tactics, in the order of the file."""
    return tuple(Tactic(name, Words(**told["said"])) for name, told in _table().items())


@cache
def rules(*, is_chinese: bool) -> Rules:
    """The patterns of one language."""
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    automaton = re2.Set.SearchSet(options)
    owners: list[int] = []
    branches: list[Branch] = []
    numbers: dict[str, int] = {}
    branches_of: list[list[int]] = []
    for tactic, told in enumerate(_table().values()):
        for pattern in told["patterns_zh" if is_chinese else "patterns_en"]:
            for branch in _branches(pattern):
                pieces = sorted(set(_pieces(branch)))
                for piece in pieces:
                    if piece not in numbers:
                        numbers[piece] = automaton.Add(piece)
                        branches_of.append([])
                    branches_of[numbers[piece]].append(len(branches))
                regexp = None if pieces == [branch] else re2.compile(branch)
                branches.append(Branch(len(owners), regexp, len(pieces)))
            owners.append(tactic)
    automaton.Compile()
    return Rules(tuple(owners), tuple(branches), tuple(tuple(one) for one in branches_of), automaton)


_GAP = r"\.\{\d+,\d+\}"
_TOKEN = re.compile(rf"\\.|\[[^\]]*\]|[()|]|{_GAP}|$")


def _branches(pattern: str) -> Iterator[str]:
    """The alternatives of a pattern outside all brackets.

    >>> list(_branches("(a|b)c|d"))
    ['(a|b)c', 'd']
    """
    depth, start = 0, 0
    for token in _TOKEN.finditer(pattern):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] in {"|", ""}:
            yield pattern[start : token.start()]
            start = token.end()


def _pieces(branch: str) -> Iterator[str]:
    """The pieces of a branch between its outermost gaps; gaps within brackets match anything.

    >>> list(_pieces("(send|give) .{0,9}code"))
    ['(send|give) ', 'code']
    """
    depth, start = 0, 0
    for token in _TOKEN.finditer(branch):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and (not token[0] or token[0].startswith(".")):
            piece = re.sub(_GAP, ".*", branch[start : token.start()])
            start = token.end()
            if piece:
                yield piece


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
