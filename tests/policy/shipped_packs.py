"""The shipped packs, compiled, and examinations with as little ceremony as a worked case has."""

import msgspec

from brightline.core.decision import Decision
from brightline.core.finding import Basis, Detail, Examination, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Audience, Context, Declaration, Facts, Gap, Kind
from brightline.core.words import Words
from brightline.policy.decide import Policy, compile_policy
from brightline.policy.load import load_pack
from brightline.policy.pack import Pack
from brightline.policy.packs import find_pack
from brightline.settings import Settings

NAMES = Settings().policies
PACKS: dict[str, Pack] = {name: load_pack(find_pack(name)) for name in NAMES}
ALL: Policy = compile_policy(list(PACKS.values()))
ALONE: dict[str, Policy] = {name: compile_policy([pack]) for name, pack in PACKS.items()}
WHY = Words(en="for a test", zh="用于测试")
TODAY = "2026-11-23T12:00:00Z"
# Between every two dates at which a shipped rule begins or ends, and one beyond all of them.
TIMES = (
    "2025-10-01T00:00:00Z",
    TODAY,
    "2026-12-03T00:00:00Z",
    "2027-01-02T00:00:00Z",
    "2029-01-01T00:00:00Z",
)


def found(
    claim: str,
    basis: Basis = Basis.PROOF,
    probability: float = 1.0,
    harm: Harm | None = None,
    detector: str = "test.detector",
    part: str = "",
    **details: str,
) -> Finding:
    """A finding with as little ceremony as a worked case has."""
    facts = tuple(Detail(name, value) for name, value in sorted(details.items()))
    return Finding(
        detector=detector,
        claim=claim,
        basis=basis,
        probability=probability,
        harm=harm,
        why=WHY,
        details=facts,
        part=part,
    )


def mark(verdict: str, part: str = "", label: str = "") -> Finding:
    """What `provenance.aigc` says of one file."""
    basis = Basis.DECLARED if label else Basis.PROOF
    said = {"label": label} if label else {}
    facts = tuple(Detail(name, value) for name, value in sorted({"verdict": verdict, **said}.items()))
    plain = found("aigc.mark", basis, detector="provenance.aigc", part=part)
    return msgspec.structs.replace(plain, details=facts)


def examined(
    kind: Kind,
    *findings: Finding,
    audience: Audience = Audience.PUBLIC,
    declared: Declaration = Declaration.NONE,
    channel: str = "cli",
    time: str = TODAY,
    gaps: tuple[Gap, ...] = (),
    parts: tuple[Facts, ...] = (),
) -> Examination:
    """An examination of a subject of that kind."""
    return Examination(
        facts=Facts(digest="ab" * 32, size_bytes=1000, kind=kind, characters=500, parts=parts),
        context=Context(channel=channel, audience=audience, declared=declared, time=time),
        findings=findings,
        gaps=gaps,
        detectors="cd" * 32,
    )


def matched(decision: Decision) -> set[str]:
    """Names of the rules that asked for something."""
    return {match.rule for match in decision.matches}


def with_context(examination: Examination, context: Context) -> Examination:
    """The same examination in another context."""
    return msgspec.structs.replace(examination, context=context)
