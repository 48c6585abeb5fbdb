"""Replay: decide again from the stored examination under the stored policy, and see that the decision is the same."""

from collections.abc import Callable, Iterator

import msgspec

from brightline.core.decision import Decision
from brightline.core.signatures import Decide
from brightline.core.wire import canonical
from brightline.ledger.ledger import Ledger

DIFFERENCES_LIMIT = 100  # a person reads them


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as recorded and as it comes out today.

    Attributes:
        index: the entry's position.
        same: the canonical bytes of both are equal.
        recorded: what the ledger holds.
        recomputed: what the stored policy makes of the stored examination now.
        differences: `field: recorded -> recomputed`, at most 100 lines; empty when they are the same.
    """

    index: int
    same: bool
    recorded: Decision
    recomputed: Decision
    differences: tuple[str, ...]


def replay(ledger: Ledger, index: int, decide_for_policy: Callable[[bytes], Decide]) -> ReplayResult:
    """Recompute the decision of an entry.

    Args:
        ledger: where it is recorded.
        index: the entry's position.
        decide_for_policy: makes a Decide of the bytes of a stored policy.

    Raises:
        LedgerError: the entry, its examination or its policy is not in the store.
        VerificationError: one of them was changed.
    """
    recorded = ledger.decision(index)
    decide = decide_for_policy(ledger.policy(recorded.policy))
    recomputed = decide(ledger.examination(recorded.examination))
    found = _differences("", msgspec.to_builtins(recorded), msgspec.to_builtins(recomputed))
    return ReplayResult(
        index=index,
        same=canonical(recorded) == canonical(recomputed),
        recorded=recorded,
        recomputed=recomputed,
        differences=tuple(line for line, _ in zip(found, range(DIFFERENCES_LIMIT), strict=False)),
    )


def _differences(name: str, one: object, two: object) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted(one.keys() | two.keys()):
            yield from _differences(f"{name}.{key}".lstrip("."), one.get(key), two.get(key))
    elif isinstance(one, list | tuple) and isinstance(two, list | tuple):
        for at in range(max(len(one), len(two))):
            left, right = (side[at] if at < len(side) else None for side in (one, two))
            yield from _differences(f"{name}[{at}]", left, right)
    elif one != two:
        yield f"{name}: {_brief(one)} -> {_brief(two)}"


def _brief(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
