"""Steps carried out from draft to draft; what a file's content does not allow is left out, and told."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from brightline.core.errors import MarkingError
from brightline.core.words import Words
from brightline.marking.c2pa.native import UnsignableError
from brightline.marking.draft import Draft
from brightline.marking.found import Layer
from brightline.marking.inventory import Inventory
from brightline.marking.plan import LeftOut, Step
from brightline.marking.readback import same_content
from brightline.marking.steps import STEPS, Bench, copy

MAY_FAIL = (Layer.EXPLICIT, Layer.WATERMARK, Layer.IPTC)  # a picture may be too small, or say something else
UNCHANGING = (Layer.IMPLICIT, Layer.IPTC, Layer.C2PA)  # layers that touch no pixel, sample or word


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One step that was carried out.

    Attributes:
        step: layer and grounds.
        said: what it did, in words.
    """

    step: Step
    said: Words


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps made.

    Attributes:
        last: the last draft; the source itself where no step wrote anything.
        written: what was written, in order.
        left_out: what was not, and why.
        content: which content was found unchanged by the steps that may change none.
    """

    last: Path
    written: tuple[Written, ...]
    left_out: tuple[LeftOut, ...]
    content: str


def carry_out(
    steps: tuple[Step, ...],
    real: Path,
    draft: Draft,
    bench: Bench,
    before: Inventory | None = None,
    *,
    is_trial: bool = False,
) -> Work:
    """Every step, from one draft to the next.

    A new signature that no ground asks for, since it only mends what other steps broke, is left away where none of them
    wrote anything.

    Args:
        steps: in order.
        real: the source.
        draft: where files grow.
        bench: what steps need.
        before: inventory of the source; its digest of content saves decoding the source once more.
        is_trial: nothing of it is kept, so that steps need no grounds.

    Raises:
        MarkingError: a step failed that may not be left out, or content would change.
    """
    at = real
    written: list[Written] = []
    left: list[LeftOut] = []
    seen: Path | None = None  # the file as it was before the first step that may change no content
    checked = ""  # content that was compared once the last layer, the manifest, was there
    for step in steps:
        if not step.grounds and not written and not is_trial:
            continue
        if step.layer in UNCHANGING and seen is None:
            seen = at
        following = draft.fresh()
        try:
            said = _attempt(STEPS[step.layer], at, following, bench)
            if step.layer is Layer.C2PA and seen is not None:
                checked = _content_signed(seen, following, bench)
        except MarkingError as error:
            if not _may_be_left_out(step.layer, error, bench):
                raise
            left.append(left_out(step, error))
            continue
        written.append(Written(step=step, said=said))
        bench = msgspec.structs.replace(bench, done=(*bench.done, step.layer))
        if at not in {real, seen}:
            at.unlink()
        at = following
    content = checked
    if before is not None and before.unsearched:
        content = before.traits.covers  # `read_back` compares, with the digest that it takes anyway
    elif not checked and seen is not None and seen != at:
        content = same_content(
            seen, at, bench, before.traits if before is not None and seen == real else None
        )
    return Work(last=at, written=tuple(written), left_out=tuple(left), content=content)


def copied(work: Work, draft: Draft, real: Path) -> Work:
    """The work with a draft of its own, where the source needed nothing."""
    if work.last != real:
        return work
    last = draft.fresh()
    copy(real, last)
    return msgspec.structs.replace(work, last=last)


def obstacles(steps: tuple[Step, ...], real: Path, draft: Draft, bench: Bench) -> dict[Layer, MarkingError]:
    """Which of these layers the content does not allow, found by trying each; nothing of it is kept."""
    found = {}
    for step in steps:
        following = draft.fresh()
        try:
            _attempt(STEPS[step.layer], real, following, bench)
        except MarkingError as error:
            found[step.layer] = error
        finally:
            following.unlink(missing_ok=True)
    return found


def left_out(step: Step, error: MarkingError) -> LeftOut:
    """A layer that could not be written, with the reason that was met."""
    why = Words(str(error), f"无法写入：{error}")
    return LeftOut(layer=step.layer, why=why, asked=bool(step.grounds), grounds=step.grounds)


def _content_signed(seen: Path, signed: Path, bench: Bench) -> str:
    """What was compared, once the C2PA library, whose writers are not ours, has changed the file.

    Raises:
        UnsignableError: the content differs, or no longer decodes.
    """
    try:
        return same_content(seen, signed, bench)
    except MarkingError as error:
        raise UnsignableError(f"the C2PA library would change the file: {error}") from error


def _may_be_left_out(layer: Layer, error: MarkingError, bench: Bench) -> bool:
    """Whether the other marks are written all the same; never where a manifest stands that they would break."""
    return layer in MAY_FAIL or (isinstance(error, UnsignableError) and not bench.has_manifest)


def _attempt(step: Callable[[Path, Path, Bench], Words], at: Path, following: Path, bench: Bench) -> Words:
    try:
        return step(at, following, bench)
    except OSError as error:
        raise MarkingError(f"cannot write the marked file: {error.strerror}; nothing was changed") from error
