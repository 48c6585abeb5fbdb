"""What rules say where nothing was found and no gap left: worked out once for each kind of subject and context.

Most of what a gateway judges is of that kind, and there a rule's answer turns on a few fields alone. Rules whose
condition reads a field of many values (a digest, a size, a time) are asked each time.
"""

from bisect import bisect_right
from collections.abc import Sequence

from brightline.core.decision import RuleMatch
from brightline.policy.effective import Span
from brightline.policy.language.syntax import Expression, Name, Select, children
from brightline.policy.rows import View

KEPT = 1_024  # combinations of those fields; the tenant is the only one with many values (count)
# Columns of `rows.py`, without those that have another value for nearly every subject.
SUBJECT = {"kind": 2, "media": 3, "role": 6, "parts": 8}
CONTEXT = {"channel": 1, "tenant": 3, "audience": 4, "declared": 5}
_KNOWN = {"subject": SUBJECT, "context": CONTEXT}


def reads(tree: Expression) -> frozenset[tuple[str, str]] | None:
    """The fields of subject and context that a condition reads; None where one of them has too many values.

    >>> from brightline.policy.language.expression import condition
    >>> sorted(reads(condition("subject.kind == 'png' && size(gaps) > 1").checked.tree))
    [('subject', 'kind')]
    >>> reads(condition("subject.size_bytes > 5").checked.tree) is None
    True
    """
    if isinstance(tree, Select) and isinstance(tree.operand, Name) and tree.operand.name in _KNOWN:
        known = tree.field in _KNOWN[tree.operand.name]
        return frozenset({(tree.operand.name, tree.field)}) if known else None
    if isinstance(tree, Name) and tree.name in _KNOWN:
        return None
    found: frozenset[tuple[str, str]] = frozenset()
    for child in children(tree):
        inner = reads(child)
        if inner is None:
            return None
        found |= inner
    return found


class Quiet:
    """Which rules turn on those fields alone, and what they said before."""

    def __init__(self, rules: Sequence[tuple[Expression, Span]]) -> None:
        """Look at each rule's condition, and at the span in which it is in force."""
        fields = [reads(tree) for tree, _ in rules]
        self.always_asked = tuple(number for number, read in enumerate(fields) if read is None)
        self.once_asked = tuple(number for number, read in enumerate(fields) if read is not None)
        read = sorted(frozenset().union(*(one for one in fields if one is not None)))
        self._columns = [
            (0, SUBJECT[field]) if name == "subject" else (1, CONTEXT[field]) for name, field in read
        ]
        # Between two bounds no rule comes into force or goes out of it.
        self._bounds = sorted({bound for _, span in rules for bound in (span.start, span.end)})
        self._said: dict[tuple[object, ...], tuple[RuleMatch, ...]] = {}

    def key(self, seen: View) -> tuple[object, ...] | None:
        """What the answers turn on; None where something was found, a gap left, or the time is unknown."""
        if seen.sizes.findings or seen.sizes.gaps or seen.time is None:
            return None
        rows = seen.everything
        return (bisect_right(self._bounds, seen.time), *[rows[row][column] for row, column in self._columns])

    def said(self, key: tuple[object, ...]) -> tuple[RuleMatch, ...] | None:
        """What the rules that are asked once said."""
        return self._said.get(key)

    def keep(self, key: tuple[object, ...], matches: tuple[RuleMatch, ...]) -> None:
        """Keep it for the next of that kind."""
        if len(self._said) >= KEPT:
            self._said.clear()
        self._said[key] = matches
