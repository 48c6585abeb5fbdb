"""What the service answers, as types. Fields that a newer service adds are passed over; those that it lacks are a fault."""

from typing import Any, Literal

import msgspec

Action = Literal["allow", "label", "review", "block"]


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed in, and what became of it.

    Attributes:
        id: of the submission, 32 hexadecimal digits.
        state: `done` with a decision; `dead` where nobody could judge it, which a person then does.
        name: as it was handed in.
        kind: what its bytes are.
        digest: SHA-256 of its bytes.
        action: empty until decided.
        harm: the harm that decided.
        severity: of that harm.
        probability: of that harm, 0 to 1.
        gaps: detectors that could not look; each keeps it from being allowed.
        entry: index in the ledger.
        leaf: hash of that entry.
        fault: why it is dead.
        repeated: the key was known: this is the earlier submission.
    """

    id: str
    state: Literal["waiting", "leased", "done", "dead"]
    name: str
    kind: str
    digest: str
    action: str
    harm: str
    severity: str
    probability: float
    gaps: int
    entry: int | None
    leaf: str
    fault: str
    repeated: bool

    @property
    def is_decided(self) -> bool:
        """Nothing more will come of itself."""
        return self.state in {"done", "dead"}

    @property
    def is_allowed(self) -> bool:
        """The one state in which a program may go on as if nothing were: whatever waits or failed is not allowed."""
        return self.state == "done" and self.action in {"allow", "label"}


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer to one submission: rules that matched with their articles, findings with their reasons, gaps.

    Attributes:
        action: what is to be done.
        caught: a rule with a harm matched.
        matches: rules, each with its message in both languages and its grounds.
        answer: everything, as `docs/reference/answer.md` describes it.
    """

    action: Action
    caught: bool
    matches: list[dict[str, Any]]
    answer: dict[str, Any]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Where the decision stands in the ledger."""

    origin: str
    index: int
    leaf: str
    size: int
    root: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decides.

    Attributes:
        id: of the case.
        submission: that it is about.
        name: of that submission.
        kind: of its bytes.
        digest: SHA-256 of its bytes.
        state: where it stands.
        harm: that opened it.
        severity: of that harm.
        probability: of that harm, 0 to 1.
        asked: what the policy asks for.
        made_ms: when it was opened, milliseconds since 1970.
        due_ms: until when it should be decided.
        claimed_by: who works on it.
        assigned_to: who should.
        decided: what the person decided; empty until then.
        effect_ms: when the decision takes effect and can no more be taken back.
        entry: of the person's decision in the ledger.
    """

    id: str
    submission: str
    name: str
    kind: str
    digest: str
    state: str
    harm: str
    severity: str
    probability: float
    asked: str
    made_ms: int
    due_ms: int
    claimed_by: str | None
    assigned_to: str | None
    decided: str
    effect_ms: int | None
    entry: int | None


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody disagrees with a decision; `code` is theirs, and is told this once."""

    id: str
    submission: str
    state: str
    reason: str
    due_ms: int
    outcome: str
    notice: str
    code: str = ""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who has the code of an appeal learns."""

    state: str
    outcome: str
    notice: str
    due_ms: int
