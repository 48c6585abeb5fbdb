"""Policies and a kind become steps: what is to be written on a file, on which ground, and what cannot be.

    cn  explicit, implicit (Labelling Measures Art. 4 and 5, GB 45438-2025); a watermark is encouraged
    eu  watermark, C2PA (AI Act Art. 50(2), Code of Practice M1.1), IPTC's source type; explicit when asked for
    us  C2PA, IPTC's source type (California, B&P section 22757.3(b)); explicit when asked for

A platform that received the file (`confirmed`, `possible`, `suspected`) writes propagation fields only: Art. 6. Nothing
is silently left out: what a policy asks for and this kind, or this machine, cannot have is in `left_out`.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from brightline.core.decision import AigcStatus, Ground, Standing
from brightline.core.subject import Kind, Media
from brightline.core.words import Words
from brightline.marking.c2pa.placement import Placement, placement_of
from brightline.marking.found import Layer


class Statement(StrEnum):
    """What the mark states of the content, and so who makes it."""

    GENERATED = "generated"  # the producer: a model made it
    EDITED = "edited"  # the producer: a model changed it in substance
    CONFIRMED = "confirmed"  # a platform: the file says so itself
    POSSIBLE = "possible"  # a platform: its user declared it
    SUSPECTED = "suspected"  # a platform: its detectors say so

    @property
    def is_of_producer(self) -> bool:
        """Whether who generated the content speaks."""
        return self in {Statement.GENERATED, Statement.EDITED}

    @property
    def status(self) -> AigcStatus:
        """The platform's status; CONFIRMED for a producer, who knows."""
        return AigcStatus.CONFIRMED if self.is_of_producer else AigcStatus(self.value)

    @property
    def source_type(self) -> str:
        """IPTC's term for it."""
        return (
            "compositeWithTrainedAlgorithmicMedia" if self is Statement.EDITED else "trainedAlgorithmicMedia"
        )


class Regime(StrEnum):
    """Whose law the marks are to satisfy."""

    CN = "cn"
    EU = "eu"
    US = "us"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One layer to be written, and what asks for it."""

    layer: Layer
    grounds: tuple[Ground, ...]


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """One layer that is not written, and why; `asked` when a ground demands it, so that the file is incomplete."""

    layer: Layer
    why: Words
    asked: bool
    grounds: tuple[Ground, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, in order, and what is not."""

    steps: tuple[Step, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers to be written."""
        return tuple(step.layer for step in self.steps)


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine can write.

    Attributes:
        implicit: kinds with a carrier's writer.
        iptc: kinds whose XMP packet is written.
        explicit: kinds that get words or sounds.
        watermark: kinds that can hold one.
        has_watermark_key: there is a key to make one with.
        has_signer: there is an organisation's key for C2PA.
    """

    implicit: frozenset[Kind] = frozenset()
    iptc: frozenset[Kind] = frozenset()
    explicit: frozenset[Kind] = frozenset()
    watermark: frozenset[Kind] = frozenset()
    has_watermark_key: bool = False
    has_signer: bool = False


class _Demand(msgspec.Struct, frozen=True):
    """One layer that a regime asks for: firmly, or only if the machine can."""

    layer: Layer
    ground: Ground
    media: frozenset[Media]
    firm: bool = True


def _ground(law: str, article: str, standing: Standing = Standing.SEEN, as_of: str = "2026-11-23") -> Ground:
    return Ground(law=law, article=article, standing=standing, as_of=as_of)


_MEASURES = "人工智能生成合成内容标识办法 (Labelling Measures)"
_GB = "GB 45438-2025"
_ACT = "Regulation (EU) 2024/1689 (AI Act)"
_CODE = "Code of Practice on Transparency of AI-Generated Content"
_SB942 = "California Business and Professions Code"
_SEEN = frozenset({Media.IMAGE, Media.AUDIO, Media.VIDEO})
_ALL = _SEEN | {Media.TEXT, Media.DOCUMENT}
_EXPLICIT_CLAUSES = {
    Media.TEXT: "5.1",
    Media.DOCUMENT: "5.1",
    Media.IMAGE: "5.2",
    Media.AUDIO: "5.3",
    Media.VIDEO: "5.4",
}

_DEMANDS: dict[Regime, tuple[_Demand, ...]] = {
    Regime.CN: (
        _Demand(Layer.EXPLICIT, _ground(_MEASURES, "Art. 4", as_of="2026-09-17"), _ALL),
        _Demand(Layer.WATERMARK, _ground(_MEASURES, "Art. 5 (encouraged)", as_of="2026-09-17"), _SEEN, firm=False),
        _Demand(Layer.IMPLICIT, _ground(_MEASURES, "Art. 5", as_of="2026-09-17"), _ALL),
        _Demand(Layer.IMPLICIT, _ground(_GB, "6.1, Annex E"), _ALL),
    ),
    Regime.EU: (
        _Demand(Layer.WATERMARK, _ground(_CODE, "M1.1, sub-measure 1.1.2"), _SEEN),
        _Demand(
            Layer.WATERMARK,
            _ground(_CODE, "M1.1 (free text of more than 200 tokens)"),
            frozenset({Media.TEXT}),
            firm=False,
        ),
        _Demand(Layer.IPTC, _ground(_ACT, "Art. 50(2)"), _SEEN, firm=False),
        _Demand(Layer.C2PA, _ground(_ACT, "Art. 50(2)"), _ALL - {Media.TEXT}),
        _Demand(Layer.C2PA, _ground(_CODE, "M1.1, sub-measure 1.1.1"), _ALL - {Media.TEXT}),
    ),
    Regime.US: (
        _Demand(Layer.IPTC, _ground(_SB942, "§ 22757.3(b)"), _SEEN, firm=False),
        _Demand(Layer.C2PA, _ground(_SB942, "§ 22757.3(b)"), _SEEN),
    ),
}  # fmt: skip
_SIGNED = frozenset(
    kind for kind in Kind if kind is not Kind.EMPTY and placement_of(kind) is not Placement.SIDECAR
)
_HOLDERS: dict[Layer, frozenset[Kind]] = {  # where the format has a place at all, whoever writes it
    Layer.IMPLICIT: frozenset(Kind) - {Kind.TEXT, Kind.HTML},
    Layer.C2PA: _SIGNED,
}
_ON_REQUEST: dict[Regime, Ground] = {
    Regime.EU: _ground(_ACT, "Art. 50(4), 50(5)"),
    Regime.US: _ground(_SB942, "§ 22757.3 (manifest disclosure)", Standing.MEMORY),
}
_PLATFORM = _ground(_MEASURES, "Art. 6", as_of="2026-09-17")


def make_plan(
    kind: Kind,
    statement: Statement,
    regimes: Iterable[Regime],
    abilities: Abilities,
    *,
    explicit: bool = False,
) -> Plan:
    """The steps for one file, in the order in which they must be written.

    Args:
        kind: of the file.
        statement: what is stated, and by whom.
        regimes: whose law counts.
        abilities: what can be written here.
        explicit: an explicit mark is wanted even where no regime demands one.
    """
    wanted = tuple(dict.fromkeys(regimes))
    if not statement.is_of_producer:
        return _platform_plan(kind, wanted, abilities)
    demands = [demand for regime in wanted for demand in _DEMANDS[regime] if kind.media in demand.media]
    if explicit:
        grounds = [_ON_REQUEST[regime] for regime in wanted if regime in _ON_REQUEST]
        demands += [_Demand(Layer.EXPLICIT, ground, _ALL) for ground in grounds]
    steps, left = [], []
    for layer in Layer:
        asking = [demand for demand in demands if demand.layer is layer]
        if not asking:
            continue
        resting = _grounds(asking, kind)
        why = _obstacle(layer, kind, abilities)
        if why is None:
            steps.append(Step(layer=layer, grounds=resting))
        else:
            firm = any(demand.firm for demand in asking)
            left.append(LeftOut(layer=layer, why=why, asked=firm, grounds=resting))
    return Plan(steps=tuple(steps), left_out=tuple(left))


def demanded(kind: Kind, regimes: Iterable[Regime]) -> tuple[Step, ...]:
    """The layers that laws firmly demand of generated content of a kind, where the kind can hold them at all."""
    asked = [
        demand
        for regime in regimes
        for demand in _DEMANDS[regime]
        if kind.media in demand.media and demand.firm
    ]
    able = [demand for demand in asked if kind in _HOLDERS.get(demand.layer, frozenset(Kind))]
    return tuple(
        Step(layer=layer, grounds=_grounds([demand for demand in able if demand.layer is layer], kind))
        for layer in Layer
        if any(demand.layer is layer for demand in able)
    )


def _platform_plan(kind: Kind, regimes: tuple[Regime, ...], abilities: Abilities) -> Plan:
    """A platform writes its propagation fields; its notice to users stands around the content, not in it."""
    if Regime.CN not in regimes:
        why = Words(
            "only China's Measures have a platform write into the file; elsewhere it keeps what is there",
            "仅中国《标识办法》要求传播平台写入文件；其他法域下平台保留原有标识",
        )
        return Plan(steps=(), left_out=(LeftOut(layer=Layer.IMPLICIT, why=why, asked=False),))
    why_not = _obstacle(Layer.IMPLICIT, kind, abilities)
    if why_not is not None:
        return Plan(
            steps=(),
            left_out=(LeftOut(layer=Layer.IMPLICIT, why=why_not, asked=True, grounds=(_PLATFORM,)),),
        )
    return Plan(steps=(Step(layer=Layer.IMPLICIT, grounds=(_PLATFORM,)),))


def _grounds(asking: list[_Demand], kind: Kind) -> tuple[Ground, ...]:
    grounds = [demand.ground for demand in asking]
    if any(ground.article == "Art. 4" for ground in grounds):
        standing = Standing.SECONDARY if kind.media is Media.TEXT else Standing.SEEN
        grounds.append(_ground(_GB, _EXPLICIT_CLAUSES[kind.media], standing))
    return tuple(dict.fromkeys(grounds))


def _obstacle(layer: Layer, kind: Kind, abilities: Abilities) -> Words | None:
    """Why this layer cannot be written on this kind; None if it can."""
    if kind in _can_write(layer, abilities):
        return _missing_key(layer, abilities)
    return _cannot_words(layer, kind)


def _can_write(layer: Layer, abilities: Abilities) -> frozenset[Kind]:
    match layer:
        case Layer.IMPLICIT:
            return abilities.implicit
        case Layer.IPTC:
            return abilities.iptc
        case Layer.EXPLICIT:
            return abilities.explicit
        case Layer.WATERMARK:
            return abilities.watermark
        case Layer.C2PA:
            return _SIGNED
        case Layer.GENERATOR:
            return frozenset()


def _missing_key(layer: Layer, abilities: Abilities) -> Words | None:
    if layer is Layer.C2PA and not abilities.has_signer:
        return Words(
            "there is no signing key: set `mark.signer_chain` and `mark.signer_key`",
            "没有签名密钥：请设置 `mark.signer_chain` 和 `mark.signer_key`",
        )
    if layer is Layer.WATERMARK and not abilities.has_watermark_key:
        return Words(
            "there is no watermark key in the home folder: make one with `brightline keys new`",
            "主目录中没有水印密钥：可用 `brightline keys new` 生成",
        )
    return None


def _cannot_words(layer: Layer, kind: Kind) -> Words:
    if layer is Layer.IMPLICIT and kind is Kind.TEXT:
        return Words(
            "plain text has no metadata: the guides name no place for an implicit mark",
            "纯文本没有元数据，指南未规定隐式标识的位置",
        )
    if layer is Layer.WATERMARK and kind.media is Media.TEXT:
        return Words(
            "a text gets its watermark while the model writes it, not afterwards",
            "文本水印须在模型生成时嵌入，事后无法补加",
        )
    if layer is Layer.C2PA:
        return Words(
            f"{kind} has no place for a manifest inside, and a sidecar beside it would not travel along",
            f"{kind} 内部没有清单的位置，旁置清单不会随文件一同流转",
        )
    if layer is Layer.EXPLICIT and kind.media is Media.DOCUMENT:
        return Words(
            "words are not written into the pages of a document: put the mark in before it is exported",
            "不改动文档页面内容：请在导出前写入显式标识",
        )
    words = {
        Layer.IMPLICIT: ("no carrier of ours writes an implicit mark into {}", "没有可写入隐式标识的 {} 载体"),
        Layer.IPTC: ("no XMP packet is written into {}", "不向 {} 写入 XMP"),
        Layer.EXPLICIT: ("{} cannot be drawn on or spoken over without loss", "无法在不受损的情况下为 {} 添加显式标识"),
        Layer.WATERMARK: ("no watermark is embedded into {}", "不向 {} 嵌入水印"),
        Layer.C2PA: ("{}", "{}"),
        Layer.GENERATOR: ("only a generator writes its own record", "生成记录仅由生成工具自身写入"),
    }[layer]  # fmt: skip
    return Words(words[0].format(kind), words[1].format(kind))
