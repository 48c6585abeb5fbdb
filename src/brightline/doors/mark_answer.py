"""The JSON answers of `brightline mark`, versioned: of writing, of verifying, of comparing."""

from enum import StrEnum

import msgspec

from brightline.core.chinese import in_chinese
from brightline.core.decision import Ground
from brightline.core.words import Words
from brightline.marking.compare import Comparison
from brightline.marking.found import FoundMark, Layer
from brightline.marking.inventory import Inventory
from brightline.marking.write import Outcome, Result

MARK_ANSWER_VERSION = 1


class Ending(StrEnum):
    """How one file ended."""

    MARKED = "marked"
    UNCHANGED = "unchanged"
    REFUSED = "refused"  # what the file is or carries forbids the mark; nothing was written
    FAILED = "failed"  # it could not be read or written at all


class LayerAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One layer that was written, or was not: what was said of it, and on which grounds."""

    layer: Layer
    words: Words
    grounds: tuple[Ground, ...] = ()
    asked: bool = True


class MarkAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a caller gets for one file that was to be marked.

    Attributes:
        version: of this form.
        name: the source, as the caller named it.
        ending: marked, unchanged, refused or failed.
        error: why it was refused or failed.
        target: where the marked file lies.
        kind: of the file.
        number: the content number in the implicit mark.
        written: layers written now, in order.
        kept: layers whose mark was there already.
        left_out: layers that were not written, and why.
        complete: nothing that a law demands was left out.
        before: SHA-256 of the source.
        after: SHA-256 of the target.
        marks: every mark that the target carries, as read back.
        comparison: what became of the marks that were there before.
        content: what was compared of the content and found the same: pixels, packets, text, members or pages.
        notes: what else is to be known.
    """

    version: int = MARK_ANSWER_VERSION
    name: str
    ending: Ending
    error: str = ""
    target: str = ""
    kind: str = ""
    number: str = ""
    written: tuple[LayerAnswer, ...] = ()
    kept: tuple[Layer, ...] = ()
    left_out: tuple[LayerAnswer, ...] = ()
    complete: bool = True
    before: str = ""
    after: str = ""
    marks: tuple[FoundMark, ...] = ()
    comparison: Comparison | None = None
    content: str = ""
    notes: tuple[Words, ...] = ()


class VerifyAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What `brightline mark verify` says of one file.

    Attributes:
        version: of this form.
        name: the file.
        error: why it could not be read at all.
        complete: everything could be looked at.
        missing: layers that a policy demands and the file lacks.
        defects: what is wrong with marks that are there.
        inventory: every mark.
    """

    version: int = MARK_ANSWER_VERSION
    name: str
    error: str = ""
    complete: bool = True
    missing: tuple[LayerAnswer, ...] = ()
    defects: tuple[Words, ...] = ()
    inventory: Inventory | None = None


class DiffAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of the marks of one file between two states."""

    version: int = MARK_ANSWER_VERSION
    before: str
    after: str
    error: str = ""
    whole: bool = False
    comparison: Comparison | None = None


def answer_of(outcome: Outcome) -> MarkAnswer:
    """The answer for a file that was marked, or carried every mark."""
    ending = Ending.MARKED if outcome.result is Result.MARKED else Ending.UNCHANGED
    number = next((mark.name for mark in outcome.after.of(Layer.IMPLICIT)), "")
    return MarkAnswer(
        name=outcome.source,
        ending=ending,
        target=outcome.target,
        kind=outcome.after.kind.value,
        number=number,
        written=tuple(
            LayerAnswer(layer=one.step.layer, words=one.said, grounds=one.step.grounds)
            for one in outcome.written
        ),
        kept=outcome.kept,
        left_out=tuple(
            LayerAnswer(layer=one.layer, words=_whole(one.why), grounds=one.grounds, asked=one.asked)
            for one in outcome.left_out
        ),
        complete=outcome.is_complete,
        before=outcome.before.digest,
        after=outcome.after.digest,
        marks=outcome.after.marks,
        comparison=outcome.comparison,
        content=outcome.content,
        notes=outcome.notes,
    )


def _whole(why: Words) -> Words:
    """A reason whose 中文 may quote an error: that is told in 中文 as well."""
    return Words(why.en, in_chinese(why.zh))
