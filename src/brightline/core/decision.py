"""Decisions: the action, and the rules and grounds of law that asked for it."""

from enum import StrEnum

import msgspec

from brightline.core.ordered import OrderedEnum
from brightline.core.words import Words


class Action(OrderedEnum):
    """What is to be done: ALLOW < LABEL < REVIEW < BLOCK."""

    ALLOW = "allow"
    LABEL = "label"
    REVIEW = "review"
    BLOCK = "block"


class Severity(OrderedEnum):
    """How bad the harm would be, apart from how sure we are."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Remedy(StrEnum):
    """What a door that can change words may do in place of stopping, or besides letting pass; others do without.

    The decision stays what it is: what comes out of a remedy is judged by itself.
    """

    REDACT = "redact"  # what was found is taken out
    REDACT_AND_RESTORE = "redact_and_restore"  # the same, and whoever said it finds it again in the answer
    NOTICE = "notice"  # a notice takes its place, or stands behind what passes
    SAFER_MODEL = "safer_model"  # another model answers


class Standing(StrEnum):
    """How well we know the article that a rule rests on (see the pack's source)."""

    SEEN = "seen"  # text seen in a public copy
    MEASURED = "measured"  # run and observed
    SECONDARY = "secondary"  # seen, but only in a description of the norm
    MEMORY = "memory"  # from memory: may warn, may not block
    HOUSE = "house"  # the operator's own rule, no law


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """The article of law, or house rule, that a rule rests on."""

    law: str
    article: str
    standing: Standing
    as_of: str = ""  # ISO date at which the standing was true


class AigcStatus(OrderedEnum):
    """Labelling Measures Art. 6: what a propagation platform may say of content."""

    NONE = "none"
    SUSPECTED = "suspected"  # 疑似, Label "3": our detectors only
    POSSIBLE = "possible"  # 可能, Label "2": the user declared it
    CONFIRMED = "confirmed"  # 属于, Label "1": the file's own metadata says so


class RuleMatch(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that asked for an action, or that could not be evaluated and so asks for REVIEW.

    Attributes:
        rule: pack and rule id, e.g. `cn/labelling#suspected`.
        action: what it asks for.
        severity: how bad.
        grounds: why it may.
        message: for the person concerned.
        aigc: labelling status that the rule concludes, NONE for most rules.
        error: empty, or why evaluation failed (the rule then asks for REVIEW).
        findings: indices into the examination's findings that made the rule hold.
        remedy: what a door may do in place of stopping; most rules leave it out.
    """

    rule: str
    action: Action
    severity: Severity
    message: Words
    grounds: tuple[Ground, ...] = ()
    aigc: AigcStatus = AigcStatus.NONE
    error: str = ""
    findings: tuple[int, ...] = ()
    remedy: Remedy | msgspec.UnsetType = msgspec.UNSET  # left out of the bytes, which older records lack


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The action, who asked for it, and the digests of everything it was decided from.

    Attributes:
        action: the strictest action that any rule asked for.
        subject: digest of the subject.
        examination: digest of the examination.
        policy: digest of the policy in force.
        detectors: digest of the detectors in force.
        matches: rules that asked for something, strictest first.
        aigc: labelling status.
        gaps: how many gaps there were; any gap makes the action at least REVIEW.
    """

    action: Action
    subject: str
    examination: str
    policy: str
    detectors: str
    matches: tuple[RuleMatch, ...] = ()
    aigc: AigcStatus = AigcStatus.NONE
    gaps: int = 0
