"""Marks before and after: kept, changed, lost, added; and whether a write of ours lost anything.

A mark may move (another carrier after a change of format) and be kept; it may stay and be changed. What was not read on
either side is said, and never counts as kept.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from brightline.core.words import Words
from brightline.marking.causes import Cause, cause_of
from brightline.marking.fields import PRODUCTION, PROPAGATION
from brightline.marking.found import FoundMark, Layer
from brightline.marking.inventory import Inventory


class Fate(StrEnum):
    """What became of a mark."""

    KEPT = "kept"
    EXTENDED = (
        "extended"  # a propagator filled in its fields, or a broken manifest was signed anew over itself
    )
    CHANGED = "changed"
    LOST = "lost"
    ADDED = "added"
    UNREAD = "unread"  # not found, but not everything could be read


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One mark's fate.

    Attributes:
        layer: which sort of mark.
        fate: what became of it.
        before: as it was, None for an added one.
        after: as it is, None for a lost one.
        differs: names of the facts that differ, in order.
    """

    layer: Layer
    fate: Fate
    before: FoundMark | None = None
    after: FoundMark | None = None
    differs: tuple[str, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Every mark's fate, and the step that most likely decided it.

    Attributes:
        changes: one a mark, in the order of layers.
        cause: why something was lost or changed, from evidence; None when nothing was.
        unread: what could not be looked at on the later side.
        same_content: what people perceive is the same, digest by digest; None where it could not be compared.
    """

    changes: tuple[Change, ...]
    cause: Cause | None = None
    unread: tuple[str, ...] = ()
    same_content: bool | None = None

    def of(self, *fates: Fate) -> tuple[Change, ...]:
        """The changes with one of these fates."""
        return tuple(change for change in self.changes if change.fate in fates)

    @property
    def is_whole(self) -> bool:
        """Whether every mark that was there is still there, unchanged in what it states."""
        return not self.of(Fate.LOST, Fate.CHANGED, Fate.UNREAD)


# Facts that make a mark what it states. Others, such as the place or the trust in a signer, may differ.
_ESSENCE: dict[Layer, tuple[str, ...]] = {
    Layer.IMPLICIT: (*PRODUCTION, *PROPAGATION),
    Layer.IPTC: ("source_type",),
    Layer.GENERATOR: ("generator",),
    Layer.C2PA: ("integrity", "signature"),
    Layer.EXPLICIT: ("verdict",),
    Layer.WATERMARK: ("key", "payload"),
}


def compare(before: Inventory, after: Inventory) -> Comparison:
    """What became of each mark between two states of a file."""
    changes = [change for layer in Layer for change in _changes_of(layer, before, after)]
    content = (before.traits.content, after.traits.content)
    same = content[0] == content[1] if all(content) and before.traits.covers == after.traits.covers else None
    gone = [change.layer for change in changes if change.fate in {Fate.LOST, Fate.CHANGED, Fate.UNREAD}]
    return Comparison(
        changes=tuple(changes),
        cause=cause_of(before, after, gone, same_content=same) if gone else None,
        unread=after.unread,
        same_content=same,
    )


def nothing_lost(before: Inventory, after: Inventory) -> tuple[Words, ...]:
    """One sentence for each mark that a write of ours would lose or falsify; empty when all are kept.

    Only the propagation fields of an implicit mark may change, and only from empty or from the production values; a
    manifest must be there and hold, or be an ingredient of one that does.
    """
    gone = compare(before, after).of(Fate.LOST, Fate.CHANGED, Fate.UNREAD)
    return tuple(_loss_words(change) for change in gone)


def _changes_of(layer: Layer, before: Inventory, after: Inventory) -> Iterator[Change]:
    """Pair marks of one layer: by what they state, then by name, then in order."""
    old, new = [*before.of(layer)], [*after.of(layer)]
    for alike in (_states_the_same, _is_named_the_same, _is_any):
        for mark in [*old]:
            twin = next((other for other in new if alike(mark, other)), None)
            if twin is not None:
                old.remove(mark)
                new.remove(twin)
                yield _paired(layer, mark, twin)
    lost = Fate.UNREAD if after.unread and not after.of(layer) else Fate.LOST
    yield from (Change(layer=layer, fate=lost, before=mark) for mark in old)
    yield from (Change(layer=layer, fate=Fate.ADDED, after=mark) for mark in new)


def _paired(layer: Layer, before: FoundMark, after: FoundMark) -> Change:
    differs = tuple(name for name in _ESSENCE[layer] if before.fact(name) != after.fact(name))
    if layer is Layer.C2PA and before.name != after.name and after.fact("ingredients") in {"", "0"}:
        differs = ("instance", *differs)  # another manifest, which does not even name the old one
    change = Change(layer=layer, fate=Fate.KEPT, before=before, after=after, differs=differs)
    if not differs:
        return change
    fate = Fate.EXTENDED if _is_extension(change) else Fate.CHANGED
    return msgspec.structs.replace(change, fate=fate)


def _states_the_same(one: FoundMark, other: FoundMark) -> bool:
    return one.name == other.name and all(one.fact(name) == other.fact(name) for name in _ESSENCE[one.layer])


def _is_named_the_same(one: FoundMark, other: FoundMark) -> bool:
    return one.name == other.name


def _is_any(one: FoundMark, other: FoundMark) -> bool:
    """Two marks of one sort are one mark that changed; two generators or watermarks are two."""
    return one.layer not in {Layer.GENERATOR, Layer.WATERMARK, Layer.IPTC} and one.layer is other.layer


def _is_extension(change: Change) -> bool:
    """Whether a change is one that marking is for: propagation fields filled in; a manifest renewed over the old one."""
    if change.before is None or change.after is None:
        return False
    if change.layer is Layer.IMPLICIT:
        return set(change.differs) <= {*PROPAGATION} and all(
            change.before.fact(name) in {"", change.before.fact(PRODUCTION[index])}
            for index, name in ((1, "ContentPropagator"), (2, "PropagateID"), (3, "ReservedCode2"))
            if name in change.differs
        )
    if change.layer is Layer.C2PA:  # one that was broken already, now an ingredient of one that holds
        return change.after.fact("integrity") == "intact" and change.after.fact("ingredients") not in {
            "",
            "0",
        }
    return False


def _loss_words(change: Change) -> Words:
    assert change.before is not None
    mark = change.before
    if change.fate is Fate.CHANGED:
        what = ", ".join(change.differs)
        return Words(
            en=f"the {mark.layer} mark `{mark.name}` would be changed in {what}",
            zh=f"{LAYER_WORDS[mark.layer].zh}“{mark.name}”的 {what} 会被改动",
        )
    return Words(
        en=f"the {mark.layer} mark `{mark.name}` would no longer be found",
        zh=f"{LAYER_WORDS[mark.layer].zh}“{mark.name}”将无法再读到",
    )


LAYER_WORDS: dict[Layer, Words] = {
    Layer.EXPLICIT: Words("explicit mark", "显式标识"),
    Layer.WATERMARK: Words("watermark", "数字水印"),
    Layer.IMPLICIT: Words("implicit mark (GB 45438)", "隐式标识（GB 45438）"),
    Layer.IPTC: Words("IPTC digital source type", "IPTC 数字来源类型"),
    Layer.C2PA: Words("C2PA manifest", "C2PA 清单"),
    Layer.GENERATOR: Words("generator's record", "生成工具记录"),
}
