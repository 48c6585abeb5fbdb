"""What a file says of itself spares the estimates of the same: they would cost much and add nothing.

A signature that verified, a record that a generator wrote, or a mark under GB 45438 outranks any estimate, so a file
that carries one is not put through a model. The finding that takes the estimate's place says so.
"""

from collections.abc import Iterable

from brightline.core.finding import Basis, Detail, Finding
from brightline.core.subject import Gap
from brightline.core.words import Words
from brightline.examine.catalogue import Entry

DECLARED_SURELY = (
    0.9  # of a declaration: signed, or written by the generator; weaker traces don't spare an estimate
)
GENERATED = "1"  # the Label of GB 45438-2025, Annex E, that says generated without doubt


def spared(entry: Entry, part: str, made: Iterable[Finding | Gap]) -> Finding | None:
    """The finding in place of an estimate that is not needed, or None where the detector must run.

    Args:
        entry: the detector.
        part: that it would look at.
        made: findings and gaps so far, of all parts.
    """
    if not entry.spared:
        return None
    said = next(
        (one for one in made if isinstance(one, Finding) and one.part == part and _settles(one)), None
    )
    if said is None:
        return None
    return Finding(
        detector=entry.name,
        claim="estimate.spared",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(
            en=f"not estimated: `{said.detector}` shows that the file itself says AI made it, which outranks an estimate",
            zh=f"未作估计：`{said.detector}` 显示文件自身已声明由人工智能生成，其效力高于任何估计",
        ),
        details=(Detail("by", said.detector), Detail("claim", said.claim), Detail("verdict", "not_needed")),
        part=part,
    )


def _settles(finding: Finding) -> bool:
    if finding.basis is Basis.ESTIMATE:
        return False
    if finding.claim == "origin.ai_declared":
        return finding.probability >= DECLARED_SURELY
    return finding.claim == "aigc.mark" and finding.detail("label") == GENERATED
