"""Language models by their shape: what their weights weigh, what a token costs, what a context keeps in memory."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

from brightline.planner.faults import PlanError
from brightline.planner.sources import read_pack


class Precision(StrEnum):
    """In which numbers the weights are kept and multiplied."""

    BF16 = "bf16"
    FP8 = "fp8"
    FP4 = "fp4"
    INT4 = "int4"  # weights in 4 bits, multiplied in 16

    @property
    def bytes_a_weight(self) -> float:
        """Bytes of one weight, with the scales that come with 4 bits.

        Source: OCP microscaling (MX) and NVFP4 keep one 8-bit scale for 16 to 32 weights.
        """
        return {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5625, "int4": 0.5625}[self.value]


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decoder's shape; all counts are of numbers, not bytes.

    Attributes:
        layers: how many.
        hidden: width of the residual stream.
        heads: attention heads.
        kv_heads: key and value heads; 1 with `latent`.
        head: numbers a head has for each token.
        value_head: of values where they differ; 0 is `head`.
        latent: numbers kept for a token and layer (multi-head latent attention); 0 is grouped queries.
        query_rank: of compressed queries, with `latent`.
        rotary: numbers a head that carry position, with `latent`.
        dense: width of the feed-forward network of dense layers.
        dense_layers: how many layers are dense where there are experts.
        experts: in a layer; 0 is a dense model.
        active: experts that a token visits.
        expert: width of one.
        shared: width of the expert that all tokens visit.
        vocabulary: entries.
        full_every: one layer in so many looks at the whole context.
        window: tokens that the other layers look at; 0 with `state`.
        state: numbers that a layer without attention keeps for a sequence.
        most_looked_at: tokens that sparse attention looks at, at most; 0 is all.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    value_head: int = 0
    latent: int = 0
    query_rank: int = 0
    rotary: int = 0
    dense: int = 0
    dense_layers: int = 0
    experts: int = 0
    active: int = 0
    expert: int = 0
    shared: int = 0
    full_every: int = 1
    window: int = 0
    state: int = 0
    most_looked_at: int = 0
    name: str = ""

    @property
    def attention_weights(self) -> float:
        """Weights of one layer's attention."""
        if self.latent:
            value = self.value_head or self.head
            return (
                self.hidden * (self.query_rank + self.latent)
                + self.query_rank * self.heads * (self.head + self.rotary)
                + (self.latent - self.rotary) * self.heads * (self.head + value)
                + self.heads * value * self.hidden
            )
        return 2.0 * self.hidden * self.head * (self.heads + self.kv_heads)

    @property
    def expert_layers(self) -> int:
        """Layers with experts."""
        return self.layers - self.dense_layers if self.experts else 0

    @property
    def expert_weights(self) -> float:
        """Weights of one expert: three matrices, as gated networks have."""
        return 3.0 * self.hidden * self.expert

    @property
    def dense_weights(self) -> float:
        """Weights of all feed-forward networks that every token visits."""
        dense = self.dense_layers if self.experts else self.layers
        return 3.0 * self.hidden * (self.dense * dense + self.shared * self.expert_layers)

    @property
    def weights(self) -> float:
        """All weights, embeddings at both ends included."""
        return (
            self.attention_weights * self.layers
            + self.dense_weights
            + self.expert_weights * self.experts * self.expert_layers
            + 2.0 * self.vocabulary * self.hidden
        )

    @property
    def active_weights(self) -> float:
        """Weights that one token is multiplied with."""
        return (
            self.attention_weights * self.layers
            + self.dense_weights
            + self.expert_weights * self.active * self.expert_layers
            + self.vocabulary * self.hidden
        )

    @property
    def full_layers(self) -> float:
        """Layers that look at the whole context."""
        return self.layers / self.full_every

    @property
    def kept(self) -> float:
        """Numbers that one layer keeps for one token."""
        return float(self.latent or 2 * self.kv_heads * self.head)


@cache
def models(path: Path | None = None) -> Mapping[str, Model]:
    """All models by name.

    Raises:
        PlanError: the pack is malformed.
    """
    tables = read_pack("models.toml", path).get("models", {})
    try:
        return {name: msgspec.convert({**table, "name": name}, Model) for name, table in tables.items()}
    except msgspec.ValidationError as error:
        raise PlanError(f"models of a data pack: {error}") from error


def model_named(name: str, path: Path | None = None) -> Model:
    """One model.

    Raises:
        PlanError: there is none of that name.
    """
    known = models(path)
    if name not in known:
        raise PlanError(f"no model named `{name}`; known: {', '.join(sorted(known))}")
    return known[name]
