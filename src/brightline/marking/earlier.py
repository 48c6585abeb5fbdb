"""What an earlier run of the same order has made of a source: known by proof, never by its name, and never overwritten.

A file at the target is that run's work when it has every mark as ordered, has lost none, and is shown to come from this
very source by one of these:

1. the implicit mark, whose number is made from the source's digest;
2. a watermark whose payload is, or a manifest whose disclosure names, that number;
3. decoded content that equals the source's, where no step changes it;
4. the steps that do change content, carried out once more: they end in the same pixels, samples or words.
"""

from pathlib import Path

import msgspec

from brightline.core.errors import MarkingError
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.marking.carry import MAY_FAIL, UNCHANGING, carry_out, left_out, obstacles
from brightline.marking.draft import draft_beside
from brightline.marking.found import Layer
from brightline.marking.inventory import Inventory, open_subject_at, take_inventory
from brightline.marking.order import Numbering
from brightline.marking.plan import LeftOut, Plan, Step
from brightline.marking.readback import carries_all
from brightline.marking.steps import Bench, payload_of
from brightline.marking.traits import same_to_people


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier run's file.

    Attributes:
        found: its inventory.
        kept: planned layers that it has.
        left_out: planned layers that it lacks, and what to do.
    """

    found: Inventory
    kept: tuple[Layer, ...]
    left_out: tuple[LeftOut, ...]


def earlier_work(target: Path, before: Inventory, plan: Plan, bench: Bench) -> Earlier:
    """What an earlier run of this order made of this source.

    Raises:
        MarkingError: it is another file, which is not overwritten.
    """
    if target.is_file() and plan.steps:
        subject = open_subject_at(target.resolve(), bench.settings)
        found = take_inventory(subject, bench.settings, search_content=not before.unsearched)
        absent = tuple(step for step in plan.steps if _may_be_absent(step.layer, found))
        needed = tuple(step.layer for step in plan.steps if step not in absent)
        sound = carries_all(subject, found, before, needed, bench)
        if sound and needed and _is_of_this_source(target, subject, found, before, needed, bench):
            return Earlier(found=found, kept=needed, left_out=_why_absent(absent, target, bench))
    raise MarkingError(f"`{target}` exists already and is not overwritten")


def _may_be_absent(layer: Layer, found: Inventory) -> bool:
    """Whether an earlier run of the same order may have left that layer out, because it could not be written then."""
    return layer in (*MAY_FAIL, Layer.C2PA) and not found.of(layer)


def _is_of_this_source(
    target: Path,
    subject: Subject,
    found: Inventory,
    before: Inventory,
    layers: tuple[Layer, ...],
    bench: Bench,
) -> bool:
    if Layer.IMPLICIT in layers:
        return True  # its number was compared
    if same_to_people(before.traits, found.traits):
        return True
    return _bears_number(subject, found, bench) or _redone(target, found, layers, bench)


def _bears_number(subject: Subject, found: Inventory, bench: Bench) -> bool:
    """Whether a watermark or a disclosure carries the number that this source's digest gives; a given one proves nothing."""
    if bench.order.number or bench.order.numbering is not Numbering.CONTENT:
        return False
    payload = payload_of(bench.number, subject.kind)
    told = [mark.fact("payload") for mark in found.of(Layer.WATERMARK)]
    named = [mark.fact("content_id") for mark in found.of(Layer.C2PA)]
    return any(text and int(text, 16) == payload for text in told) or bench.number in named


def _redone(target: Path, found: Inventory, layers: tuple[Layer, ...], bench: Bench) -> bool:
    """Whether the steps that change content, done again, end in the content that is there."""
    steps = tuple(Step(layer=layer, grounds=()) for layer in layers if layer not in UNCHANGING)
    steps = tuple(step for step in steps if step.layer is not Layer.GENERATOR)
    if not steps:
        return False
    with draft_beside(target) as draft:
        try:
            work = carry_out(steps, bench.original, draft, bench, is_trial=True)
        except MarkingError:
            return False
        again = open_subject_at(work.last, bench.settings)
        return same_to_people(
            take_inventory(again, bench.settings, search_content=False).traits, found.traits
        )


def _why_absent(absent: tuple[Step, ...], target: Path, bench: Bench) -> tuple[LeftOut, ...]:
    """For each layer that the earlier file lacks: that it cannot be had, or how to get it."""
    if not absent:
        return ()
    with draft_beside(target) as draft:
        met = obstacles(absent, bench.original, draft, bench)
    now = Words(
        f"not in the file of an earlier run, and can be written now: write the source to another place with -o, or move"
        f" `{target.name}` away and run again",
        f"此前写出的文件中没有，现在可以写入：请用 -o 将源文件写到其他位置，或先移走“{target.name}”再运行",
    )
    return tuple(
        left_out(step, met[step.layer])
        if step.layer in met
        else LeftOut(layer=step.layer, why=now, asked=bool(step.grounds), grounds=step.grounds)
        for step in absent
    )
