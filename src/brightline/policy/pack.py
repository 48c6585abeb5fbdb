"""The nouns of a policy: pack, rule, worked case, requirement, raise."""

import msgspec

from brightline.core.decision import Action, AigcStatus, Ground, Remedy, Severity, Standing
from brightline.core.finding import Examination
from brightline.core.subject import Kind, Media
from brightline.core.words import Words


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """When a rule holds: from `since` on, until just before `until`; an empty one is open.

    Both are an ISO date, which begins at midnight of the pack's `utc_offset`, or an RFC 3339 time.
    """

    since: str = ""
    until: str = ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A worked case: an examination, and what the rule, and if given the whole pack, make of it."""

    name: str
    examination: Examination
    matches: bool
    action: Action | None = None
    aigc: AigcStatus | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, and what it asks for on what ground.

    Attributes:
        id: unique in its pack.
        when: the condition, an expression of the language.
        action: LABEL, REVIEW or BLOCK.
        severity: how bad the harm would be.
        grounds: the articles it rests on, at least one.
        message: for the person concerned.
        aigc: labelling status that it concludes, NONE for most rules.
        effective: when it holds.
        cases: worked cases, which are its tests; not part of the policy's digest.
        remedy: what a door may do in place of stopping; most rules leave it out.
    """

    id: str
    when: str
    action: Action
    severity: Severity
    grounds: tuple[Ground, ...]
    message: Words
    aigc: AigcStatus = AigcStatus.NONE
    effective: Effective = Effective()
    cases: tuple[Case, ...] = ()
    remedy: Remedy | msgspec.UnsetType = msgspec.UNSET


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """A detector that must have looked at every part of these media or kinds; neither is every part.

    That it looked shows in a finding or a gap of its own, so ask it only of detectors that report absence too.
    """

    detector: str
    media: tuple[Media, ...] = ()
    kinds: tuple[Kind, ...] = ()


class Raise(msgspec.Struct, frozen=True, kw_only=True):
    """What an overlay tightens in a rule of the pack below; None leaves it as it is.

    Attributes:
        rule: full name, `cn/base#x`.
        action: stricter than or as strict as before.
        severity: as bad or worse.
        effective: as early or earlier, as long or longer.
        grounds: added to the rule's own.
    """

    rule: str
    action: Action | None = None
    severity: Severity | None = None
    effective: Effective | None = None
    grounds: tuple[Ground, ...] = ()


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """Rules of one jurisdiction, or of one house.

    Attributes:
        id: `jurisdiction/name`, such as `cn/labelling`.
        version: dotted numbers.
        title: a few words.
        jurisdiction: `CN`, `EU`, `US-CA`, `HOUSE`.
        about: what the pack is for, and what it leaves out.
        utc_offset: minutes that the jurisdiction's midnight is ahead of UTC's; dates are read by it.
        tightens: for an overlay, id of the pack that it is laid on.
        requires: detectors that must have looked.
        rules: in the order of the file.
        raises: for an overlay, what it tightens below.
    """

    id: str
    version: str
    title: Words
    jurisdiction: str
    about: Words
    utc_offset: int = 0
    tightens: str = ""
    requires: tuple[Requirement, ...] = ()
    rules: tuple[Rule, ...] = ()
    raises: tuple[Raise, ...] = ()


def rests_on_memory(grounds: tuple[Ground, ...]) -> bool:
    """Whether no ground is better known than from memory."""
    return all(ground.standing is Standing.MEMORY for ground in grounds)
