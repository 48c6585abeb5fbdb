"""Marks written file to file: plan, steps in drafts, read back, compare, and only then into place.

1. Take an inventory of the source: what must not be lost.
2. Plan the steps; leave out those whose mark is there already. Nothing left to do: the file stays as it is.
3. Carry out the steps, each from one draft to the next (`draft.py`).
4. Read the last draft with the readers of `provenance`: every field as ordered, nothing lost, content the same.
5. Put it into the target's place in one step.

Whatever fails before 5 leaves source and target as they were.
"""

import os
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from brightline.core.errors import MarkingError
from brightline.core.words import Words
from brightline.marking.c2pa.native import UnsignableError
from brightline.marking.compare import Comparison, compare
from brightline.marking.draft import Draft, Progress, check_in_place, draft_beside, place, replace, stamp_of
from brightline.marking.inventory import Inventory, Layer, open_subject_at, take_inventory
from brightline.marking.order import Order, check_order
from brightline.marking.plan import LeftOut, Step, make_plan
from brightline.marking.prepare import bench_for, opened, resolved, to_do, with_signature
from brightline.marking.readback import carries_all, read_back, same_content
from brightline.marking.steps import STEPS, Bench, copy
from brightline.settings import Settings

_MAY_FAIL = (Layer.EXPLICIT, Layer.WATERMARK, Layer.IPTC)  # a picture may be too small, or say something else
_UNCHANGING = (Layer.IMPLICIT, Layer.IPTC, Layer.C2PA)  # layers that touch no pixel, sample or word


class Result(StrEnum):
    """How marking one file ended."""

    MARKED = "marked"
    UNCHANGED = "unchanged"  # it carries every mark already


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One step that was carried out.

    Attributes:
        step: layer and grounds.
        said: what it did, in words.
    """

    step: Step
    said: Words


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to one file, and the proof that it reads back.

    Attributes:
        source: the file that was read.
        target: the file that now carries the marks; the source itself if nothing had to be done in place.
        result: marked, or unchanged.
        written: steps, in order.
        left_out: layers that were not written, and why.
        kept: layers whose mark was there already.
        before: inventory of the source.
        after: inventory of the target.
        comparison: what became of each mark.
        content: which content was compared before and after the steps that change none, empty if it could not be.
        notes: what the caller should know, e.g. a link that was followed.
        seconds: wall clock.
    """

    source: str
    target: str
    result: Result
    written: tuple[Written, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    kept: tuple[Layer, ...] = ()
    before: Inventory
    after: Inventory
    comparison: Comparison
    content: str = ""
    notes: tuple[Words, ...] = ()
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether every layer that a ground demands was written or there."""
        return not any(left.asked for left in self.left_out)


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps made: the last draft, what was written, what was not, and which content was found unchanged."""

    last: Path
    written: tuple[Written, ...]
    left_out: tuple[LeftOut, ...]
    content: str


def mark_file(
    source: Path, target: Path, order: Order, settings: Settings, progress: Progress | None = None
) -> Outcome:
    """Mark one file.

    Args:
        source: the file; a symbolic link is followed, and said.
        target: where the marked file goes; the source for an order `in_place`, else a path without a file.
        order: what is to be stated.
        settings: limits, keys, trust list.
        progress: told bytes written and expected, for long files.

    Raises:
        MarkingError: it cannot be marked, or would lose a mark, or does not read back. Nothing was written.
        BrightlineError: it cannot be read, or its format refuses.
    """
    began = time.monotonic()
    check_order(order)
    real, target, notes = resolved(source, target, order)
    stamp = stamp_of(real)
    if order.in_place:
        check_in_place(real)
    subject = opened(real, settings)
    before = take_inventory(subject, settings)
    bench = bench_for(subject, real, before, order, settings, progress)
    plan = make_plan(subject.kind, order.statement, order.regimes, bench.abilities, explicit=order.explicit)
    steps, kept = to_do(plan, before, bench)
    steps = with_signature(steps, bench)
    done = Outcome(
        source=str(source),
        target=str(target if steps or not order.in_place else real),
        result=Result.UNCHANGED,
        left_out=plan.left_out,
        kept=kept,
        before=before,
        after=before,
        comparison=compare(before, before),
        notes=notes,
    )
    if not steps and not kept:
        why = (
            "; ".join(left.why.en for left in plan.left_out)
            or f"no policy that was named asks for a mark on `{subject.kind}`"
        )
        raise MarkingError(f"nothing can be written into `{source.name}`: {why}")
    if not steps and order.in_place:
        return msgspec.structs.replace(done, seconds=time.monotonic() - began)
    if not order.in_place and os.path.lexists(target):
        there = _earlier(target, before, plan.layers, bench)
        absent = tuple(step for step in plan.steps if _may_be_absent(step.layer, there))
        return msgspec.structs.replace(
            done,
            kept=tuple(step.layer for step in plan.steps if step not in absent),
            left_out=(*plan.left_out, *(_left_before(step) for step in absent)),
            after=there,
            comparison=compare(before, there),
            seconds=time.monotonic() - began,
        )
    with draft_beside(target) as draft:
        work = _carried_out(steps, real, draft, bench)
        if steps and not work.written and not kept:
            raise MarkingError(
                f"nothing could be written: {'; '.join(left.why.en for left in work.left_out)}"
            )
        after = read_back(work.last, before, tuple(one.step for one in work.written), bench)
        if order.in_place and work.written:
            replace(work.last, target, stamp)
        elif not order.in_place:
            place(work.last, target, real)
    return msgspec.structs.replace(
        done,
        result=Result.MARKED if work.written else Result.UNCHANGED,
        written=work.written,
        left_out=(*plan.left_out, *work.left_out),
        after=after,
        comparison=compare(before, after),
        content=work.content,
        seconds=time.monotonic() - began,
    )


def _earlier(target: Path, before: Inventory, layers: tuple[Layer, ...], bench: Bench) -> Inventory:
    """The inventory of a file that an earlier run has made of this source.

    Raises:
        MarkingError: it is another file, which is not overwritten.
    """
    if Layer.IMPLICIT in layers and target.is_file():
        subject = open_subject_at(target.resolve(), bench.settings)
        found = take_inventory(subject, bench.settings)
        needed = tuple(layer for layer in layers if not _may_be_absent(layer, found))
        if carries_all(subject, found, before, needed, bench):
            return found
    raise MarkingError(f"`{target}` exists already and is not overwritten")


def _may_be_absent(layer: Layer, found: Inventory) -> bool:
    """Whether an earlier run of the same order may have left that layer out, because the content did not allow it."""
    return layer in (*_MAY_FAIL, Layer.C2PA) and not found.of(layer)


def _left_before(step: Step) -> LeftOut:
    why = Words("an earlier run could not write it, or was not asked to", "此前的运行未能写入，或未要求写入")
    return LeftOut(layer=step.layer, why=why, asked=bool(step.grounds), grounds=step.grounds)


def _carried_out(steps: tuple[Step, ...], real: Path, draft: Draft, bench: Bench) -> _Work:
    """Every step, from one draft to the next; what a picture or sound does not allow is left out and told."""
    at, written, left = real, [], []
    seen: Path | None = None  # the file as it was before the first step that may change no content
    checked = ""  # content that was compared once the last layer, the manifest, was there
    for step in steps:
        if step.layer in _UNCHANGING and seen is None:
            seen = at
        following = draft.fresh()
        try:
            said = _attempt(STEPS[step.layer], at, following, bench)
            if step.layer is Layer.C2PA and seen is not None:
                checked = _content_signed(seen, following, bench)
        except MarkingError as error:
            if not _may_be_left_out(step.layer, error, bench):
                raise
            why = Words(str(error), f"无法写入：{error}")
            left.append(LeftOut(layer=step.layer, why=why, asked=bool(step.grounds), grounds=step.grounds))
            continue
        written.append(Written(step=step, said=said))
        bench = msgspec.structs.replace(bench, done=(*bench.done, step.layer))
        if at not in {real, seen}:
            at.unlink()
        at = following
    if at == real:
        at = draft.fresh()
        copy(real, at)
    content = checked or (same_content(seen, at, bench) if seen is not None else "")
    return _Work(last=at, written=tuple(written), left_out=tuple(left), content=content)


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
    return layer in _MAY_FAIL or (isinstance(error, UnsignableError) and not bench.has_manifest)


def _attempt(step: Callable[[Path, Path, Bench], Words], at: Path, following: Path, bench: Bench) -> Words:
    try:
        return step(at, following, bench)
    except OSError as error:
        raise MarkingError(f"cannot write the marked file: {error.strerror}; nothing was changed") from error
