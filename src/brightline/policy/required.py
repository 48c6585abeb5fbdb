"""Detectors that must have looked and are silent: a gap that nobody else could report."""

from collections.abc import Iterator, Sequence

from brightline.core.finding import Examination
from brightline.core.subject import Facts, Kind
from brightline.policy.pack import Requirement


def silent(requirements: Sequence[Requirement], examination: Examination) -> tuple[str, ...]:
    """Names of required detectors, one for each part that they should have looked at and did not, sorted."""
    if not requirements:
        return ()
    spoke = {(finding.detector, finding.part) for finding in examination.findings}
    spoke |= {(gap.source, gap.part) for gap in examination.gaps}
    wanted = {
        (requirement.detector, path)
        for path, facts in _nodes(examination.facts)
        for requirement in requirements
        if _applies(requirement, facts.kind)
    }
    return tuple(sorted(detector for detector, part in wanted - spoke))


def _applies(requirement: Requirement, kind: Kind) -> bool:
    if kind is Kind.EMPTY:
        return False  # there is nothing to look at
    if not requirement.media and not requirement.kinds:
        return True
    return kind.media in requirement.media or kind in requirement.kinds


def _nodes(facts: Facts, path: str = "") -> Iterator[tuple[str, Facts]]:
    yield path, facts
    for index, part in enumerate(facts.parts):
        yield from _nodes(part, f"{path}/{index}" if path else str(index))
