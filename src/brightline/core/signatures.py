"""The three signatures of the house: all behaviour on the line is one of these.

open -> examine -> decide -> record -> act
bytes   findings   action    receipt   answer, mark, case
"""

from collections.abc import Callable, Iterable, Sequence

from brightline.core.decision import Decision
from brightline.core.finding import Examination, Finding
from brightline.core.receipt import Receipt
from brightline.core.subject import Subject

Detect = Callable[[Subject], Iterable[Finding]]
"""One detector: looks at one node of a subject (not at its parts) and yields findings."""

Decide = Callable[[Examination], Decision]
"""One policy, pure: the same examination gives the same decision."""

Record = Callable[[Sequence[tuple[Examination, Decision]]], Sequence[Receipt]]
"""The ledger: returns only when all of them are durable."""
