"""Which step most likely lost a mark, from what can be seen on both sides; `cannot tell` is an answer.

Each cause names its evidence. Nothing is guessed from file names or from what pipelines usually do.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from brightline.core.subject import Kind, Media
from brightline.core.words import Words
from brightline.marking.found import Layer
from brightline.marking.inventory import Inventory

ASPECT_TOLERANCE = 0.01  # rounding of sides when a picture is scaled; a crop or a screen changes it by more
LIKENESS_BITS = (
    62  # of 256: two PDQ hashes closer than this show the same picture (PDQ's own matching uses 31)
)
_BARE = frozenset({Kind.MP3, Kind.FLAC, Kind.WAV})  # sound with tags around it, and nothing to mux


class Step(StrEnum):
    """What was done to a file."""

    REWRITTEN = "rewritten_without_metadata"
    STRIPPED = "stripped"
    REMUXED = "remuxed"
    CONVERTED = "converted"
    REENCODED = "reencoded"
    RESIZED = "resized"
    CROPPED = "cropped"
    SCREENSHOT = "screenshot"
    EDITED_AFTER_SIGNING = "edited_after_signing"
    MARK_EDITED = "mark_edited"
    OTHER_CONTENT = "other_content"
    CANNOT_TELL = "cannot_tell"


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """The step, in words, and what shows it."""

    step: Step
    words: Words
    evidence: tuple[str, ...] = ()


_WORDS: dict[Step, Words] = {
    Step.REWRITTEN: Words(
        "the file was written anew without its metadata; pixels, samples or words were not touched",
        "文件被重新写出，元数据未保留；画面、声音或文字未变",
    ),
    Step.STRIPPED: Words(
        "metadata was removed: encoded sound and pictures, and the tables that find them, are as they were",
        "元数据被清除：编码数据及其索引表均未变",
    ),
    Step.REMUXED: Words(
        "a re-mux: the same encoded sound and pictures in a new container, which did not take the mark along",
        "重新封装：编码数据未变，但新容器未带上标识",
    ),
    Step.CONVERTED: Words(
        "a conversion to another format, which did not take the mark along", "转换为其他格式时未带上标识"
    ),
    Step.REENCODED: Words(
        "re-encoded at the same size, and the encoder did not take the mark along", "以相同尺寸重新编码，编码工具未带上标识"
    ),
    Step.RESIZED: Words(
        "scaled to another size and encoded anew, without the mark", "缩放后重新编码，未带上标识"
    ),
    Step.CROPPED: Words(
        "cropped or framed anew and encoded again, without the mark", "裁剪或改变画幅后重新编码，未带上标识"
    ),
    Step.SCREENSHOT: Words(
        "it looks like a screenshot: another size and shape, and no metadata at all", "疑似截图：尺寸与画幅均不同，且没有任何元数据"
    ),
    Step.EDITED_AFTER_SIGNING: Words(
        "bytes were changed after the manifest was signed, so that it no longer holds", "签名之后文件被改动，清单不再成立"
    ),
    Step.MARK_EDITED: Words(
        "the mark itself was written anew with other values; nothing else was touched", "标识本身被改写，其余内容未变"
    ),
    Step.OTHER_CONTENT: Words(
        "the two files do not show the same content, so no step between them can be named", "两个文件内容并不相同，无法判断中间环节"
    ),
    Step.CANNOT_TELL: Words("what was done cannot be told from the two files", "仅凭两个文件无法判断是哪一环节所致"),
}  # fmt: skip


class _Pair(msgspec.Struct, frozen=True):
    """Both sides, and what is known of them together."""

    before: Inventory
    after: Inventory
    gone: tuple[Layer, ...]
    same_content: bool | None

    @property
    def same_layout(self) -> bool | None:
        """Whether encoded data lie as they lay; None where that cannot be said. A tag-only format has one layout."""
        if self.before.kind is not self.after.kind:
            return False
        if self.before.kind in _BARE:
            return True
        old, new = self.before.traits.layout, self.after.traits.layout
        return old == new if old and new else None

    @property
    def has_other_writer(self) -> bool:
        """Whether another program says that it wrote the later side; silence says nothing."""
        return self.after.traits.encoder not in {"", self.before.traits.encoder}

    @property
    def is_resized(self) -> bool:
        old, new = self.before.traits, self.after.traits
        return bool(old.width and new.width) and (old.width, old.height) != (new.width, new.height)

    @property
    def has_other_shape(self) -> bool:
        old, new = self.before.traits, self.after.traits
        shapes = (old.width / (old.height or 1), new.width / (new.height or 1))
        return abs(shapes[0] - shapes[1]) > ASPECT_TOLERANCE * max(shapes)

    @property
    def shows_other_picture(self) -> bool:
        """Whether two pictures of one shape are not alike; a crop moves everything and proves nothing."""
        old, new = self.before.traits.likeness, self.after.traits.likeness
        return bool(old and new) and not self.has_other_shape and _bits_apart(old, new) > LIKENESS_BITS


def cause_of(
    before: Inventory, after: Inventory, gone: Sequence[Layer], *, same_content: bool | None
) -> Cause:
    """The first step whose evidence is there.

    Args:
        before: the earlier side.
        after: the later side.
        gone: layers of the marks that were lost or changed.
        same_content: whether people perceive the same; None where it could not be compared.
    """
    pair = _Pair(before, after, tuple(gone), same_content)
    step = next(step for step, holds in _RULES if holds(pair))
    return Cause(step=step, words=_WORDS[step], evidence=tuple(_evidence(pair)))


def _is_only_a_broken_manifest(pair: _Pair) -> bool:
    manifest = pair.after.of(Layer.C2PA)
    return set(pair.gone) == {Layer.C2PA} and any(mark.fact("integrity") == "broken" for mark in manifest)


def _is_mark_edited(pair: _Pair) -> bool:
    return pair.same_content is True and all(pair.after.of(layer) for layer in pair.gone)


def _has_same_packets(pair: _Pair) -> bool:
    return pair.same_content is True and pair.before.kind.media in {Media.AUDIO, Media.VIDEO}


def _is_stripped(pair: _Pair) -> bool:
    return _has_same_packets(pair) and pair.same_layout is True


def _is_remuxed(pair: _Pair) -> bool:
    """Another container or other tables; where tables are not known, another program's name: only a muxer leaves these."""
    return _has_same_packets(pair) and (
        pair.same_layout is False or (pair.same_layout is None and pair.has_other_writer)
    )


def _is_other_content(pair: _Pair) -> bool:
    other_family = pair.before.kind.media is not pair.after.kind.media
    return other_family or pair.shows_other_picture


def _is_screenshot(pair: _Pair) -> bool:
    """PNG is what screens are captured to; a crop is rarely saved as PNG without a word from its editor."""
    return (
        pair.after.kind is Kind.PNG
        and pair.is_resized
        and pair.has_other_shape
        and not pair.after.traits.metadata
        and not pair.after.traits.encoder
        and pair.before.kind.media is Media.IMAGE
    )


def _is_cropped(pair: _Pair) -> bool:
    return pair.is_resized and pair.has_other_shape


def _is_reencoded(pair: _Pair) -> bool:
    """The same format with other pixels or packets."""
    return pair.same_content is False and pair.before.kind.media in {Media.IMAGE, Media.AUDIO, Media.VIDEO}


_RULES: tuple[tuple[Step, Callable[[_Pair], bool]], ...] = (
    (Step.EDITED_AFTER_SIGNING, _is_only_a_broken_manifest),
    (Step.MARK_EDITED, _is_mark_edited),
    (Step.STRIPPED, _is_stripped),
    (Step.REMUXED, _is_remuxed),
    (Step.CANNOT_TELL, _has_same_packets),
    (Step.OTHER_CONTENT, _is_other_content),
    (Step.SCREENSHOT, _is_screenshot),
    (Step.CROPPED, _is_cropped),
    (Step.RESIZED, lambda pair: pair.is_resized),
    (Step.CONVERTED, lambda pair: pair.before.kind is not pair.after.kind),
    (Step.REWRITTEN, lambda pair: pair.same_content is True),
    (Step.REENCODED, _is_reencoded),
    (Step.CANNOT_TELL, lambda _pair: True),
)


def _evidence(pair: _Pair) -> list[str]:
    """Every trait that differs or is telling, `before -> after`."""
    old, new = pair.before.traits, pair.after.traits
    rows = [
        ("format", str(pair.before.kind), str(pair.after.kind)),
        ("size", f"{old.width}x{old.height}", f"{new.width}x{new.height}"),
        ("tracks", " ".join(old.codecs), " ".join(new.codecs)),
        ("sample rate", f"{old.rate_hz} Hz", f"{new.rate_hz} Hz"),
        ("written by", old.encoder or "-", new.encoder or "-"),
        ("metadata properties", str(old.metadata), str(new.metadata)),
    ]
    told = [f"{name}: {before} -> {after}" for name, before, after in rows if before != after]
    if _has_same_packets(pair) and pair.same_layout is not None and old.layout:
        told.append(f"tables of samples: {'the same' if pair.same_layout else 'different'}")
    if pair.same_content is not None:
        told.append(f"{old.covers}: {'the same' if pair.same_content else 'different'}")
    return told


def _bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()
