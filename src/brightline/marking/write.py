"""Marks written file to file: plan, steps in drafts, read back, compare, and only then into place.

1. Take an inventory of the source: what must not be lost. Marks in pixels, samples and frames are searched for only if a
   step changes these: else equal digests of the content, before and after, prove that they are where they were.
2. Plan the steps; leave out those whose mark is there already. Nothing left to do: the file stays as it is.
3. Carry out the steps, each from one draft to the next (`draft.py`).
4. Read the last draft with the readers of `provenance`: every field as ordered, nothing lost, content the same.
5. Put it into the target's place in one step.

Whatever fails before 5 leaves source and target as they were.
"""

import os
import time
from enum import StrEnum
from pathlib import Path

import msgspec

from brightline.core.errors import MarkingError
from brightline.core.words import Words
from brightline.marking.carry import MAY_FAIL, UNCHANGING, Written, carry_out, copied, left_out, obstacles
from brightline.marking.compare import Comparison, compare
from brightline.marking.draft import Progress, Stamp, check_in_place, draft_beside, place, replace, stamp_of
from brightline.marking.earlier import earlier_work
from brightline.marking.found import Layer
from brightline.marking.inventory import Inventory, take_inventory, with_content
from brightline.marking.order import Order, check_order
from brightline.marking.plan import LeftOut, Plan, Step, make_plan
from brightline.marking.prepare import NOT_RESIGNED, bench_for, opened, resolved, to_do, with_signature
from brightline.marking.readback import read_back
from brightline.marking.steps import Bench
from brightline.settings import Settings


class Result(StrEnum):
    """How marking one file ended."""

    MARKED = "marked"
    UNCHANGED = "unchanged"  # it carries every mark already


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


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    """One file, with all that is known of it before a byte is written.

    Attributes:
        source: the file as it was named; `bench.original` is where it really lies.
        target: where the marked file goes.
        stamp: of the source, taken before it was read.
        before: inventory of the source.
        plan: layers that were asked for, and those that cannot be written.
        bench: what steps need.
        steps: what is left to do, in order.
        kept: planned layers whose mark is there already.
        notes: what the caller should know.
    """

    source: Path
    target: Path
    stamp: Stamp
    before: Inventory
    plan: Plan
    bench: Bench
    steps: tuple[Step, ...]
    kept: tuple[Layer, ...]
    notes: tuple[Words, ...]


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
    task = _over_manifest(_planned(source, target, order, settings, progress))
    _check_any_mark(task)
    if not task.steps and order.in_place:
        outcome = _unchanged(task)
    elif not order.in_place and os.path.lexists(task.target):
        outcome = _made_earlier(task)
    else:
        outcome = _marked(task)
    return msgspec.structs.replace(outcome, seconds=time.monotonic() - began)


def _planned(
    source: Path, target: Path, order: Order, settings: Settings, progress: Progress | None
) -> _Task:
    """Inventory, plan, and the steps that are left of it.

    Raises:
        BrightlineError: the file cannot be reached, read or replaced, or what stands in it allows no mark.
    """
    real, target, notes = resolved(source, target, order)
    stamp = stamp_of(real)
    if order.in_place:
        check_in_place(real)
    subject = opened(real, settings)
    before = take_inventory(subject, settings, search_content=False)
    bench = bench_for(subject, real, before, order, settings, progress)
    plan = make_plan(subject.kind, order.statement, order.regimes, bench.abilities, explicit=order.explicit)
    if _must_search(plan, before):
        before = with_content(before, subject, settings)
    steps, kept = to_do(plan, before, bench)
    return _Task(
        source=source,
        target=target,
        stamp=stamp,
        before=before,
        plan=plan,
        bench=bench,
        steps=steps,
        kept=kept,
        notes=notes,
    )


def _must_search(plan: Plan, before: Inventory) -> bool:
    """Whether marks in the content must be searched for: a step changes it, or equal content could not be proved."""
    changes = any(step.layer not in UNCHANGING for step in plan.steps)
    return changes or not before.traits.content


def _over_manifest(task: _Task) -> _Task:
    """The task, where a manifest stands that its steps would break: ended by a new signature, or left without steps.

    Raises:
        MarkingError: it may not be signed anew, though a step can be done; or it cannot be.
    """
    if not task.steps or not task.bench.has_manifest:
        return task
    if task.bench.order.resign:
        return msgspec.structs.replace(task, steps=with_signature(task.steps, task.bench))
    left = (*task.plan.left_out, *_impossible(task))
    return msgspec.structs.replace(task, plan=msgspec.structs.replace(task.plan, left_out=left), steps=())


def _impossible(task: _Task) -> tuple[LeftOut, ...]:
    """Reasons why none of the steps can be done at all, so that a manifest need not be broken for them.

    Raises:
        MarkingError: one of them can be done, and would break the manifest that is there.
    """
    if all(step.layer in MAY_FAIL for step in task.steps):
        with draft_beside(task.target) as draft:
            met = obstacles(task.steps, task.bench.original, draft, task.bench)
        if len(met) == len(task.steps):
            return tuple(left_out(step, met[step.layer]) for step in task.steps)
    raise MarkingError(NOT_RESIGNED)


def _check_any_mark(task: _Task) -> None:
    """Refuse a file that has no mark as ordered, and can be given none."""
    if task.steps or task.kept:
        return
    why = _reasons(task.plan.left_out) or f"no policy that was named asks for a mark on `{task.bench.kind}`"
    raise MarkingError(f"nothing can be written into `{task.source.name}`: {why}")


def _reasons(left: tuple[LeftOut, ...]) -> str:
    return "; ".join(one.why.en for one in left)


def _unchanged(task: _Task) -> Outcome:
    """The outcome for a file to which nothing was done."""
    return Outcome(
        source=str(task.source),
        target=str(task.target),
        result=Result.UNCHANGED,
        left_out=task.plan.left_out,
        kept=task.kept,
        before=task.before,
        after=task.before,
        comparison=compare(task.before, task.before),
        notes=task.notes,
    )


def _made_earlier(task: _Task) -> Outcome:
    """The outcome where an earlier run of the same order has written the target.

    Raises:
        MarkingError: the target is another file.
    """
    earlier = earlier_work(task.target, task.before, task.plan, task.bench)
    return msgspec.structs.replace(
        _unchanged(task),
        kept=earlier.kept,
        left_out=(*task.plan.left_out, *earlier.left_out),
        after=earlier.found,
        comparison=compare(task.before, earlier.found),
    )


def _marked(task: _Task) -> Outcome:
    """Steps carried out in drafts, the last one read back and put into the target's place.

    Raises:
        MarkingError: a step failed, or what it made does not read back; the target is as it was.
    """
    real, in_place = task.bench.original, task.bench.order.in_place
    with draft_beside(task.target) as draft:
        work = copied(carry_out(task.steps, real, draft, task.bench, task.before), draft, real)
        if task.steps and not work.written and not task.kept:
            raise MarkingError(f"nothing could be written: {_reasons(work.left_out)}")
        after = read_back(work.last, task.before, tuple(one.step for one in work.written), task.bench)
        if not in_place:
            place(work.last, task.target, real)
        elif work.written:
            replace(work.last, task.target, task.stamp)
    return msgspec.structs.replace(
        _unchanged(task),
        result=Result.MARKED if work.written else Result.UNCHANGED,
        written=work.written,
        left_out=(*task.plan.left_out, *work.left_out),
        after=after,
        comparison=compare(task.before, after),
        content=work.content,
    )
