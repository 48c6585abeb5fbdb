"""What an audit of a data set is told, and what it says: checks with numbers, and suspected rows with reasons."""

from enum import StrEnum

import msgspec

from brightline.core.decision import Ground, Severity
from brightline.core.ordered import OrderedEnum
from brightline.core.subject import Gap
from brightline.core.words import Words


class Status(OrderedEnum):
    """How a check ended: PASS < WARN < UNDECIDED < FAIL."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    UNDECIDED = "undecided"  # it could not be looked at: never a pass
    FAIL = "fail"


class Kind(StrEnum):
    """What a row is suspected of."""

    TRIGGER = "trigger"  # words that decide a label or an answer by themselves
    LABEL_FLIP = "label_flip"  # a label that everything else in the row speaks against
    CLUSTER = (
        "cluster"  # rewordings of one text, labelled against what they read like, or apart from all others
    )
    INJECTION = "injection"  # an order to whatever model reads or learns from it
    PLANTED_FACT = "planted_fact"  # one claim on one name, reworded again and again
    DUPLICATE = "duplicate"
    CONTAMINATION = "contamination"  # an evaluation set's row in the training data
    PERSONAL = "personal"
    LISTED = "listed"  # a word of the operator's keyword bank


POISON = (Kind.TRIGGER, Kind.LABEL_FLIP, Kind.CLUSTER, Kind.INJECTION, Kind.PLANTED_FACT)


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Which fields of a row mean what; an empty name is a field that the data set lacks.

    Attributes:
        text: what is learnt from: a document, a prompt, a message.
        label: a class among few.
        response: what a model is to answer.
        source: where the row was collected.
    """

    text: str = ""
    label: str = ""
    response: str = ""
    source: str = ""


class Row(msgspec.Struct, frozen=True):
    """One row as the audit reads it; what a field lacks is empty."""

    text: str
    label: str = ""
    response: str = ""
    source: str = ""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A share with its confidence interval.

    Attributes:
        found: how many.
        of: among how many.
        share: in [0, 1].
        low: lower end, in [0, 1].
        high: upper end, in [0, 1].
        method: `clopper-pearson`, `wilson`, or `all` where every row was looked at and nothing is estimated.
    """

    found: int
    of: int
    share: float
    low: float
    high: float
    method: str


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are suspected of one thing together, and why.

    Attributes:
        kind: of what.
        rows: numbers from 0 in the order of reading, ascending, at most `SUSPICION_ROWS`.
        count: how many rows there are in all.
        score: the test's own measure, larger is more: log10 of the false-discovery level for tests, odds else.
        why: in words; quotes at most 80 characters of content.
        quote: the words in common, at most 80 characters.
    """

    kind: Kind
    rows: tuple[int, ...]
    count: int
    score: float
    why: Words
    quote: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked.

    Attributes:
        name: dotted, e.g. `dataset.poison.trigger`.
        status: how it ended.
        severity: how bad it would be.
        why: in words.
        share: of the rows concerned, where there is one.
        source: the source it is about, where it is about one.
        grounds: the rules behind it.
    """

    name: str
    status: Status
    why: Words
    severity: Severity = Severity.MEDIUM
    share: Interval | None = None
    source: str = ""
    grounds: tuple[Ground, ...] = ()


class SourceShare(msgspec.Struct, frozen=True, kw_only=True):
    """One source of the rows.

    Attributes:
        name: as the rows say it; empty for rows without one.
        rows: how many.
        sampled: how many were drawn.
        unlawful: share of the sampled rows that were judged unlawful or harmful.
        licence: as the manifest states it.
        authorised: what the manifest says the right to use it rests on.
    """

    name: str
    rows: int
    sampled: int = 0
    unlawful: Interval | None = None
    licence: str = ""
    authorised: str = ""


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """One row that was drawn.

    Attributes:
        row: its number.
        source: its source.
        way: `random`, `keyword` or `classifier`: only random rows count towards shares.
        unlawful: how it was judged; None where it was not.
        by: `person`, `detectors`, or empty.
        reasons: in words, at most five.
    """

    row: int
    source: str = ""
    way: str = "random"
    unlawful: bool | None = None
    by: str = ""
    reasons: tuple[Words, ...] = ()


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found out about a data set.

    Attributes:
        files: names with SHA-256 digests, in the order of reading.
        digest: SHA-256 over them, 64 hex digits: what waivers and attestations name.
        rows: how many there are.
        columns: how they were read.
        seed: of every draw.
        checks: by name.
        suspicions: most serious first, at most `SUSPICION_LIMIT` of a kind.
        sources: largest first, at most `SOURCES_SHOWN`.
        sample: what was drawn.
        counts: other numbers, by name.
        gaps: what was not looked at.
        seconds: time it took.
    """

    files: tuple[tuple[str, str], ...]
    digest: str
    rows: int
    columns: Columns
    seed: int
    checks: tuple[Check, ...]
    suspicions: tuple[Suspicion, ...] = ()
    sources: tuple[SourceShare, ...] = ()
    sample: tuple[Sampled, ...] = ()
    counts: dict[str, int] = {}
    gaps: tuple[Gap, ...] = ()
    seconds: float = 0.0

    @property
    def status(self) -> Status:
        """The worst of the checks; undecided where nothing was checked."""
        return max((check.status for check in self.checks), default=Status.UNDECIDED)
