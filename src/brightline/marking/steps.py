"""One step a layer: from one file to the next. Each names what it does; `write.py` reads back what it did."""

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from brightline.carriers.iptc import WRITE_IPTC
from brightline.carriers.writers import WRITERS
from brightline.core.errors import CarrierError, MarkingError
from brightline.core.subject import Blob, Kind, Media
from brightline.core.words import Words
from brightline.marking.c2pa.claim import Agent, Claim, Deed, Disclosure, SoftBinding, SourceType
from brightline.marking.c2pa.existing import Origin
from brightline.marking.c2pa.signer import Clock, OrganisationSigner, signer_from_files
from brightline.marking.content import split_front_matter
from brightline.marking.draft import Progress, write_pieces
from brightline.marking.explicit.style import Language, Style, placed_words
from brightline.marking.fields import Fields
from brightline.marking.found import Layer
from brightline.marking.order import SYSTEM, Order
from brightline.marking.plan import Abilities, Statement
from brightline.media.rewrite_audio import WRITTEN_KINDS as SOUNDS
from brightline.media.rewrite_image import WRITTEN_KINDS as PICTURES
from brightline.media.rewrite_video import WRITTEN_KINDS as VIDEOS
from brightline.settings import Settings
from brightline.watermark.keyring import FILE_NAME, Keyring

IMAGE_BITS = 48  # of a picture's payload, see `watermark/image.py`
SOUND_BITS = 16  # of a sound's payload, `PAYLOAD_BITS` of `watermark/sound.py`
ALGORITHM = "io.github.brightline"  # our soft bindings' reverse-domain name (C2PA 2.4, 18.10)
IPTC_URI = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_MARK_BYTES = 4096  # about what a mark adds; only for telling progress

_DEEDS = {Statement.GENERATED: Deed.CREATED, Statement.EDITED: Deed.EDITED}
_SOURCE_TYPES = {one.rsplit("/", 1)[-1]: one for one in SourceType}


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
        done: layers that were written so far.
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
    done: tuple[Layer, ...] = ()


def abilities_of(settings: Settings) -> Abilities:
    """What this machine can write, by its carriers, keys and signer."""
    return Abilities(
        implicit=frozenset(WRITERS),
        iptc=frozenset(WRITE_IPTC),
        explicit=frozenset({*PICTURES, *SOUNDS, *VIDEOS, Kind.TEXT, Kind.MARKDOWN}),
        watermark=frozenset({*PICTURES, *SOUNDS} - {Kind.GIF}),
        has_watermark_key=_has_key(settings),
        has_signer=bool(settings.mark.signer_chain and settings.mark.signer_key),
    )


def _has_key(settings: Settings) -> bool:
    path = settings.home / FILE_NAME
    return path.exists() and any(not key.retired for key in Keyring.load(path).all())


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


def write_explicit(source: Path, target: Path, bench: Bench) -> Words:
    """The mark that people see, hear or read.

    Raises:
        MarkingError: it cannot be written on this file.
    """
    style = Style(language=Language(bench.order.tongue), throughout=bench.order.throughout)
    limits = bench.settings.limits
    match bench.kind.media:
        case Media.IMAGE:
            from brightline.marking.explicit.image import label_image

            target.write_bytes(label_image(source.read_bytes(), bench.kind, style, limits))
        case Media.AUDIO:
            from brightline.marking.explicit.audio import label_audio

            label_audio(source, target, bench.kind, style)
        case Media.VIDEO:
            from brightline.marking.explicit.video import label_video

            label_video(source, target, bench.kind, style, limits)
        case _:
            target.write_bytes(_labelled(source.read_bytes(), style))
    return placed_words(bench.kind.media, throughout=style.throughout)


def _labelled(data: bytes, style: Style) -> bytes:
    """A text with its mark behind its front matter, which no reader sees.

    Raises:
        MarkingError: it is not UTF-8, or the mark does not read back.
    """
    from brightline.marking.explicit.text import label_text

    _, body = split_front_matter(data)
    head = data[: len(data) - len(body)]
    try:
        return head + label_text(body.decode("utf-8"), style).encode("utf-8")
    except UnicodeDecodeError as error:
        raise MarkingError("the text is not UTF-8, and no mark is put into other encodings") from error


def write_watermark(source: Path, target: Path, bench: Bench) -> Words:
    """The keyed pattern in pixels or samples, with bits of the content number.

    Raises:
        MarkingError: the picture or sound is too small, too even, or carries one.
        KeyringError: the keyring cannot be used.
    """
    keyring = Keyring.load(bench.settings.home / FILE_NAME)
    key, payload = keyring.active, payload_of(bench.number, bench.kind)
    if bench.kind.media is Media.IMAGE:
        from brightline.media.rewrite_image import rewrite_image
        from brightline.watermark.image import embed as embed_image

        others = [one for one in keyring.all() if one.id != key.id]
        edits = [lambda pixels: embed_image(pixels, key, payload, others)]
        target.write_bytes(rewrite_image(source.read_bytes(), bench.kind, edits, bench.settings.limits))
    else:
        from brightline.media.rewrite_audio import rewrite_audio
        from brightline.watermark.sound import embed as embed_sound

        rewrite_audio(
            source, target, bench.kind, [lambda sound, rate: embed_sound(sound, rate, key, payload)]
        )
    return Words(f"watermark of key {key.id}, payload {payload:x}", f"密钥 {key.id} 的水印，载荷 {payload:x}")


def payload_of(number: str, kind: Kind) -> int:
    """The bits of a content number that a watermark carries: 48 in a picture, 16 in sound; first bits of its SHA-256."""
    bits = IMAGE_BITS if kind.media is Media.IMAGE else SOUND_BITS
    return int.from_bytes(hashlib.sha256(number.encode()).digest()[:8], "big") >> (64 - bits)


def write_manifest(source: Path, target: Path, bench: Bench) -> Words:
    """A C2PA manifest, signed by the organisation; an earlier one stays inside as the parent.

    Raises:
        MarkingError: the signer, the claim or the file does not allow it.
    """
    from brightline.marking.c2pa.sign import Stamp, sign_file

    signer = _signer(bench.settings)
    edited = source != bench.original and bench.has_manifest
    origin = Origin(path=bench.original, kind=bench.kind) if edited else None
    signed = sign_file(source, target, bench.kind, _claim(bench), signer, origin=origin)
    missed = signed.stamp is Stamp.MISSED
    return Words(
        f"C2PA manifest {signed.manifest}{', without the timestamp that was asked for' if missed else ''}",
        f"C2PA 清单 {signed.manifest}{'（未取得时间戳）' if missed else ''}",
    )


def _signer(settings: Settings) -> OrganisationSigner:
    from brightline.marking.c2pa.passphrase import Passphrase

    mark = settings.mark
    secret = Passphrase(file=Path(mark.signer_passphrase)) if mark.signer_passphrase else None
    clock = Clock(url=mark.timestamps, is_required=False) if mark.timestamps else None
    return signer_from_files(Path(mark.signer_key), Path(mark.signer_chain), passphrase=secret, clock=clock)


def _claim(bench: Bench) -> Claim:
    order = bench.order
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    named = SYSTEM.fullmatch(order.system)
    agent = (
        Agent(name=named["name"], version=named["version"])
        if named
        else Agent(name=order.system or order.who)
    )
    disclosure = None
    if named and order.statement.is_of_producer:
        disclosure = Disclosure(
            provider=order.producer,
            system=named["name"],
            system_version=named["version"],
            time=now,
            identifier=bench.number,
        )
    watermarked = Layer.WATERMARK in bench.done
    return Claim(
        deed=_DEEDS.get(order.statement, Deed.METADATA),
        source_type=_SOURCE_TYPES[order.statement.source_type],
        agent=agent,
        time=now,
        also=(Deed.BOUND,) if watermarked else (),
        disclosure=disclosure,
        soft_bindings=_bindings(bench) if watermarked else (),
        resign=order.resign,
    )


def _bindings(bench: Bench) -> tuple[SoftBinding, ...]:
    medium = "image" if bench.kind.media is Media.IMAGE else "sound"
    payload = payload_of(bench.number, bench.kind)
    return (SoftBinding(algorithm=f"{ALGORITHM}.{medium}.1", value=f"{payload:x}"),)


def copy(source: Path, target: Path) -> None:
    """The bytes as they are."""
    shutil.copyfile(source, target)


STEPS: dict[Layer, Callable[[Path, Path, Bench], Words]] = {
    Layer.EXPLICIT: write_explicit,
    Layer.WATERMARK: write_watermark,
    Layer.IMPLICIT: write_implicit,
    Layer.IPTC: write_iptc,
    Layer.C2PA: write_manifest,
}
