"""What all findings together say of each harm.

The surest finding counts. Several estimates about one subject see the same clues, so they are not independent, and
multiplying their odds would claim more than was measured; agreement is shown by naming the detectors.
"""

from collections.abc import Sequence

import msgspec

from brightline.core.finding import Basis, Finding
from brightline.core.harm import Harm


class HarmSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One harm, over all findings that warn of it.

    Attributes:
        harm: the misuse code.
        probability: of the surest finding.
        basis: the strongest that any of them rests on.
        detectors: who warns of it, in name order.
        findings: positions in the examination, the surest first.
    """

    harm: Harm
    probability: float
    basis: Basis
    detectors: tuple[str, ...]
    findings: tuple[int, ...]


def combine(findings: Sequence[Finding]) -> tuple[HarmSummary, ...]:
    """Sum up findings by harm, the strongest basis and the surest first."""
    groups: dict[Harm, list[int]] = {}
    for index, finding in enumerate(findings):
        if finding.harm is not None:
            groups.setdefault(finding.harm, []).append(index)
    found = [
        _summary(harm, sorted(group, key=lambda one: -findings[one].probability), findings)
        for harm, group in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.basis.rank, -one.probability, one.harm)))


def _summary(harm: Harm, group: Sequence[int], findings: Sequence[Finding]) -> HarmSummary:
    return HarmSummary(
        harm=harm,
        probability=findings[group[0]].probability,
        basis=max(findings[index].basis for index in group),
        detectors=tuple(sorted({findings[index].detector for index in group})),
        findings=tuple(group),
    )
