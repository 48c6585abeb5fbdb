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
from brightline.marking.draft import Progress, check_in_place, draft_beside, place, replace, stamp_of
from brightline.marking.earlier import earlier_work
from brightline.marking.inventory import Inventory, Layer, take_inventory, with_content
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
    before = take_inventory(subject, settings, search_content=False)
    bench = bench_for(subject, real, before, order, settings, progress)
    plan = make_plan(subject.kind, order.statement, order.regimes, bench.abilities, explicit=order.explicit)
    if _must_search(plan, before):
        before = with_content(before, subject, settings)
    steps, kept = to_do(plan, before, bench)
    if steps and bench.has_manifest and not order.resign:
        impossible = _impossible_over_manifest(steps, real, target, bench)
        plan = msgspec.structs.replace(plan, left_out=(*plan.left_out, *impossible))
        steps = ()
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
        earlier = earlier_work(target, before, plan, bench)
        return msgspec.structs.replace(
            done,
            kept=earlier.kept,
            left_out=(*plan.left_out, *earlier.left_out),
            after=earlier.found,
            comparison=compare(before, earlier.found),
            seconds=time.monotonic() - began,
        )
    with draft_beside(target) as draft:
        work = copied(carry_out(steps, real, draft, bench, before), draft, real)
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


def _must_search(plan: Plan, before: Inventory) -> bool:
    """Whether marks in the content must be searched for: a step changes it, or equal content could not be proved."""
    changes = any(step.layer not in UNCHANGING for step in plan.steps)
    return changes or not before.traits.content


def _impossible_over_manifest(
    steps: tuple[Step, ...], real: Path, target: Path, bench: Bench
) -> tuple[LeftOut, ...]:
    """Reasons why none of the steps can be done at all, so that a manifest need not be broken for them.

    Raises:
        MarkingError: one of them can be done, and would break the manifest that is there.
    """
    if all(step.layer in MAY_FAIL for step in steps):
        with draft_beside(target) as draft:
            met = obstacles(steps, real, draft, bench)
        if len(met) == len(steps):
            return tuple(left_out(step, met[step.layer]) for step in steps)
    raise MarkingError(NOT_RESIGNED)
