"""One step a layer: from one file to the next. Each names what it does; `write.py` reads back what it did."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from brightline.carriers.iptc import WRITE_IPTC
from brightline.carriers.writers import WRITERS
from brightline.core.errors import CarrierError, MarkingError
from brightline.core.subject import Blob, Kind
from brightline.core.words import Words
from brightline.marking.draft import Progress, write_pieces
from brightline.marking.fields import Fields
from brightline.marking.inventory import Layer
from brightline.marking.order import Order
from brightline.marking.plan import Abilities
from brightline.settings import Settings

IPTC_URI = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_MARK_BYTES = 4096  # about what a mark adds; only for telling progress


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a step needs besides its file.

    Attributes:
        kind: of the file.
        original: the file as it came, for a manifest's ingredient.
        order: what is to be stated.
        settings: limits and keys.
        fields: the implicit mark to be written.
        there: the one that stands in the file, None for none.
        number: the content number that all layers share.
        has_manifest: the file came with a C2PA manifest.
        abilities: what can be written here.
        progress: told bytes written and expected.
    """

    kind: Kind
    original: Path
    order: Order
    settings: Settings
    fields: Fields
    there: Fields | None = None
    number: str = ""
    has_manifest: bool = False
    abilities: Abilities = Abilities()
    progress: Progress | None = None


def abilities_of(settings: Settings) -> Abilities:
    """What this machine can write, by its carriers, keys and signer."""
    return Abilities(
        implicit=frozenset(WRITERS),
        iptc=frozenset(WRITE_IPTC),
        has_signer=bool(settings.mark.signer_chain and settings.mark.signer_key),
    )


def write_implicit(source: Path, target: Path, bench: Bench) -> Words:
    """The seven fields, by the carrier's writer, streamed.

    Raises:
        MarkingError: the carrier refuses.
        OSError: the target cannot be written.
    """
    blob = Blob(path=source)
    try:
        pieces = WRITERS[bench.kind](blob.view(), bench.fields.text)
        write_pieces(target, pieces, blob.size + _MARK_BYTES, bench.progress)
    except CarrierError as error:
        raise MarkingError(f"the {bench.kind} carrier refuses: {error}") from error
    if bench.there is None:
        return Words(
            f"implicit mark with label {bench.fields.label} and number {bench.number}",
            f"隐式标识：Label {bench.fields.label}，编号 {bench.number}",
        )
    return Words(
        f"propagation fields of {bench.fields.propagator} added to the mark of {bench.fields.producer or '(unknown)'}",
        f"在 {bench.fields.producer or '（未知）'} 的标识中加入 {bench.fields.propagator} 的传播要素",
    )


def write_iptc(source: Path, target: Path, bench: Bench) -> Words:
    """IPTC's digital source type in the XMP packet.

    Raises:
        MarkingError: the carrier refuses, e.g. because another type of AI stands there.
        OSError: the target cannot be written.
    """
    term = bench.order.statement.source_type
    blob = Blob(path=source)
    try:
        write_pieces(target, WRITE_IPTC[bench.kind](blob.view(), IPTC_URI + term), blob.size, bench.progress)
    except CarrierError as error:
        raise MarkingError(f"the XMP packet of this {bench.kind} refuses: {error}") from error
    return Words(f"IPTC digital source type {term}", f"IPTC 数字来源类型 {term}")


def copy(source: Path, target: Path) -> None:
    """The bytes as they are."""
    shutil.copyfile(source, target)


STEPS: dict[Layer, Callable[[Path, Path, Bench], Words]] = {
    Layer.IMPLICIT: write_implicit,
    Layer.IPTC: write_iptc,
}
