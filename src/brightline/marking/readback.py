"""What was written is read back, by readers that know nothing of the writers, and compared with what was ordered."""

from pathlib import Path

from brightline.core.errors import MarkingError
from brightline.core.subject import Subject
from brightline.marking.compare import nothing_lost
from brightline.marking.content import Content, content_of
from brightline.marking.fields import fields_of
from brightline.marking.found import Layer
from brightline.marking.inventory import Inventory, implicit_marks, open_subject_at, take_inventory
from brightline.marking.plan import Step
from brightline.marking.steps import Bench
from brightline.marking.traits import Traits, same_to_people
from brightline.provenance.annex_e_defects import Level


def same_content(before: Path, after: Path, bench: Bench, known: Traits | None = None) -> str:
    """What was compared; empty where content cannot be decoded on either side.

    Args:
        before: the earlier file.
        after: the later one.
        bench: limits.
        known: traits of the earlier file, if they were taken already.

    Raises:
        MarkingError: the content differs, or no longer decodes.
    """
    limits = bench.settings.limits
    old = (
        Content(known.content, known.covers)
        if known is not None and known.content
        else content_of(open_subject_at(before, bench.settings), limits)
    )
    new = content_of(open_subject_at(after, bench.settings), limits)
    if old.digest and old.digest != new.digest:
        raise MarkingError(
            f"writing would change its {old.covers}{f' ({new.why})' if new.why else ''}; nothing was written"
        )
    return old.covers if old.digest else ""


def read_back(last: Path, before: Inventory, steps: tuple[Step, ...], bench: Bench) -> Inventory:
    """The inventory of the draft, once every mark is found as it was ordered and none is lost.

    Raises:
        MarkingError: which mark is not there, or differs.
    """
    subject = open_subject_at(last, bench.settings)
    if subject.kind is not bench.kind:
        raise MarkingError(
            f"the marked file reads as `{subject.kind}`, it was `{bench.kind}`; nothing was written"
        )
    after = take_inventory(subject, bench.settings, search_content=not before.unsearched)
    lost = nothing_lost(before, after)
    if lost:
        raise MarkingError(f"{lost[0].en}; nothing was written")
    if before.unsearched and not same_to_people(before.traits, after.traits):
        raise MarkingError(f"writing would change its {before.traits.covers}; nothing was written")
    for step in steps:
        _check_layer(step.layer, subject, after, bench)
    return after


def carries_all(
    subject: Subject, found: Inventory, before: Inventory, layers: tuple[Layer, ...], bench: Bench
) -> bool:
    """Whether a file is what an earlier run has made of the same source: every layer as ordered, and nothing lost."""
    if subject.kind is not bench.kind or nothing_lost(before, found):
        return False
    if before.unsearched and not same_to_people(before.traits, found.traits):
        return False
    try:
        for layer in layers:
            _check_layer(layer, subject, found, bench)
    except MarkingError:
        return False
    return True


def _check_layer(layer: Layer, subject: Subject, after: Inventory, bench: Bench) -> None:
    if layer is Layer.IMPLICIT:
        _check_fields(subject, bench)
        return
    found = after.of(layer)
    if layer is Layer.IPTC:
        wanted = bench.order.statement.source_type
        found = tuple(mark for mark in found if mark.fact("source_type") == wanted)
    if layer is Layer.C2PA:
        found = tuple(
            mark for mark in found if mark.fact("integrity") == "intact" and mark.fact("signature") == "valid"
        )
    if not found:
        unread = f" ({after.unread[0]})" if after.unread else ""
        raise MarkingError(
            f"the {layer} mark was written and does not read back{unread}; nothing was changed"
        )


def _check_fields(subject: Subject, bench: Bench) -> None:
    """Field by field, by the reader that knows nothing of the writer."""
    unread: list[str] = []
    marks = implicit_marks(subject, unread)
    if len(marks) != 1 or unread:
        said = unread[0] if unread else f"{len(marks)} marks"
        raise MarkingError(
            f"the implicit mark does not read back as the only one ({said}); nothing was written"
        )
    try:
        found = fields_of(marks[0])
    except MarkingError as error:
        raise MarkingError(f"the implicit mark does not read back: {error}") from error
    for name, value in bench.fields.values().items():
        if found.values()[name] != value:
            raise MarkingError(f"the implicit mark reads back with another `{name}`; nothing was written")
    errors = [defect.code for defect in marks[0].defects if defect.kind.level is Level.ERROR]
    if errors:
        raise MarkingError(
            f"the implicit mark reads back with defects: {', '.join(errors)}; nothing was written"
        )
