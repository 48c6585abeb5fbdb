"""What must be known before a file is marked: the real file, its fields, the steps that are left to do.

Everything that can be refused is refused here, before a byte is written.
"""

from pathlib import Path

from brightline.core.decision import AigcStatus
from brightline.core.errors import MarkingError
from brightline.core.subject import GapKind, Kind, Subject
from brightline.core.words import Words
from brightline.marking.draft import Progress
from brightline.marking.fields import LABEL_OF, Fields, fields_of, produced, propagated, suspected_by
from brightline.marking.found import Layer
from brightline.marking.ids import id_of_content, new_id
from brightline.marking.inventory import Inventory, implicit_marks, open_subject_at
from brightline.marking.order import Numbering, Order
from brightline.marking.plan import Plan, Step
from brightline.marking.steps import Bench, abilities_of
from brightline.settings import Settings

NOT_RESIGNED = (
    "it carries a C2PA manifest, and any further mark breaks its signature: say --resign to have it signed anew"
    " with the old manifest kept inside"
)


def number_for(digest: str, order: Order) -> str:
    """The content number that an order gives to the file of that digest; the same each time unless by time."""
    if order.number:
        return order.number
    return id_of_content(digest, order.who) if order.numbering is Numbering.CONTENT else new_id()


def resolved(source: Path, target: Path, order: Order) -> tuple[Path, Path, tuple[Words, ...]]:
    """The real file, the target, and what is to be said of links."""
    try:
        real = source.resolve(strict=True)
        place_of = target.parent.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise MarkingError(f"cannot reach `{source}` or the folder of `{target}`: {said}") from error
    notes: tuple[Words, ...] = ()
    if source.is_symlink():
        note = Words(
            en=f"`{source.name}` is a link to `{real}`; that file was read, and the link stays as it is",
            zh=f"“{source.name}”是指向“{real}”的链接；读取的是该文件，链接本身不变",
        )
        notes = (note,)
    if order.in_place:
        return real, real, notes
    whole = place_of / target.name
    if whole == real:
        raise MarkingError(f"`{target}` is the source itself; say --in-place, or name another place with -o")
    return real, whole, notes


def opened(real: Path, settings: Settings) -> Subject:
    """The file as a subject of a known kind.

    Raises:
        MarkingError: it is of no kind that is marked.
        IntakeError: it cannot be read.
    """
    subject = open_subject_at(real, settings)
    if subject.kind in {Kind.UNKNOWN, Kind.EMPTY}:
        limit = next((gap.why.en for gap in subject.gaps if gap.kind is GapKind.LIMIT), "")
        raise MarkingError(f"`{real.name}` is of no format that we mark{f': {limit}' if limit else ''}")
    return subject


def bench_for(
    subject: Subject,
    real: Path,
    before: Inventory,
    order: Order,
    settings: Settings,
    progress: Progress | None,
) -> Bench:
    """Everything that the steps need, and first of all the seven fields that the file is to carry.

    Raises:
        MarkingError: what stands in the file, or cannot be read of it, does not allow a mark.
    """
    unread: list[str] = []
    marks = implicit_marks(subject, unread)
    if len(marks) > 1:
        raise MarkingError(
            f"`{real.name}` carries {len(marks)} implicit marks, where GB 45438-2025 6.1 c allows one; which of them"
            " is true only their writers know, and none is removed here"
        )
    there = fields_of(marks[0]) if marks else None
    fields = _fields(there, subject, order)
    if unread and (there is None or fields != there):
        raise MarkingError(
            f"`{real.name}` cannot be read to its end, and may hold a mark unseen: {unread[0]}"
        )
    return Bench(
        kind=subject.kind,
        original=real,
        order=order,
        settings=settings,
        fields=fields,
        there=there,
        number=fields.propagate_id if not order.statement.is_of_producer else fields.produce_id,
        has_manifest=bool(before.of(Layer.C2PA)),
        abilities=abilities_of(settings),
        progress=progress,
    )


def _fields(there: Fields | None, subject: Subject, order: Order) -> Fields:
    """The seven fields that the file is to carry.

    Raises:
        MarkingError: the mark that is there states something else, by somebody else.
    """
    number = number_for(subject.digest, order)
    if order.statement.is_of_producer:
        if there is None:
            return produced(order.producer, number)
        if there.producer == order.producer and there.label == "1":
            if order.number and order.number != there.produce_id:
                raise MarkingError(f"it is marked already, as number `{there.produce_id}`, which stays")
            return there
        by = there.producer or there.propagator
        raise MarkingError(
            f"it carries a mark with label {there.label} by `{by}`; a producer's fields are written once. To add"
            " yourself as platform, use --as confirmed --propagator"
        )
    status = order.statement.status
    if there is None:
        if status is AigcStatus.CONFIRMED:
            raise MarkingError(
                "the file does not say that it is generated; a platform may state possible or suspected"
            )
        return suspected_by(status, order.propagator, number)
    if LABEL_OF[status] != there.label:
        raise MarkingError(
            f"the file's own mark has label {there.label}, and what metadata say stands above `{status}` (Art. 6)"
        )
    return propagated(there, order.propagator, number)


def to_do(plan: Plan, before: Inventory, bench: Bench) -> tuple[tuple[Step, ...], tuple[Layer, ...]]:
    """The steps whose mark is not there yet, and the layers whose mark is."""
    kept = tuple(layer for layer in plan.layers if _is_there(layer, before, bench))
    return tuple(step for step in plan.steps if step.layer not in kept), kept


def _is_there(layer: Layer, before: Inventory, bench: Bench) -> bool:
    match layer:
        case Layer.IMPLICIT:
            return bench.there == bench.fields
        case Layer.IPTC:
            wanted = bench.order.statement.source_type
            return any(mark.fact("source_type") == wanted for mark in before.of(Layer.IPTC))
        case Layer.EXPLICIT | Layer.WATERMARK:
            return bool(before.of(layer))
        case Layer.C2PA:
            wanted = bench.order.statement.source_type
            return any(
                mark.fact("integrity") == "intact" and wanted in mark.fact("source_type").split(",")
                for mark in before.of(Layer.C2PA)
            )
        case Layer.GENERATOR:
            return True


def with_signature(steps: tuple[Step, ...], bench: Bench) -> tuple[Step, ...]:
    """The steps, ended by a new signature where a manifest would break.

    Raises:
        MarkingError: the file carries a manifest, and it was not said that it may be signed anew.
    """
    if not steps or not bench.has_manifest:
        return steps
    if not bench.order.resign:
        raise MarkingError(NOT_RESIGNED)
    if bench.order.statement.status is not AigcStatus.CONFIRMED:
        raise MarkingError(
            "it carries a C2PA manifest; signing it anew would need a source type, and what is only possible or"
            " suspected is none"
        )
    if not bench.abilities.has_signer:
        raise MarkingError("--resign needs a signer: set `mark.signer_chain` and `mark.signer_key`")
    if steps[-1].layer is Layer.C2PA:
        return steps
    return (*steps, Step(layer=Layer.C2PA, grounds=()))
