"""The roofline: how long one step takes on given devices if nothing but arithmetic, memory and links counted.

Three parts are told apart, since they behave differently: multiplying with weights, looking at the context, and talking
between devices. A step is as slow as the slower of arithmetic and memory in each. `plain()` is the roofline that most calculators
use; `step()` is nearer to what is measured, and not calibrated yet.
"""

import math

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.planner.device import Device
from brightline.planner.model import Model, Precision

Array = npt.NDArray[np.float64]
KV_BYTES = {Precision.BF16: 2.0, Precision.INT4: 2.0, Precision.FP8: 1.0, Precision.FP4: 1.0}
COLLECTIVE_S = 8e-6  # one collective between devices of a server; from memory, not fitted
KERNELS_S = 3e-6  # one dependent kernel; what aiconfigurator's system files take for a memory access
KERNELS_A_LAYER = 8.0  # dependent ones; from memory, not fitted


class Layout(msgspec.Struct, frozen=True):
    """How one replica lies on its devices.

    Attributes:
        devices: of the replica.
        by_expert: experts are whole on one device, and tokens travel; else every expert is cut.
        by_request: attention is whole on each device, for its share of the requests; else it is cut.
    """

    devices: int
    by_expert: bool = False
    by_request: bool = False

    @property
    def words(self) -> str:
        """In the words of the trade, e.g. `TP8`, `TP8+EP8`, `DP8+EP8`."""
        attention = f"{'DP' if self.by_request else 'TP'}{self.devices}"
        return f"{attention}+EP{self.devices}" if self.by_expert else attention


class Step(msgspec.Struct, frozen=True):
    """Seconds of one step by part; arrays of the same shape.

    Attributes:
        compute: multiplying with weights, were memory infinitely fast.
        memory: reading weights, were arithmetic infinitely fast.
        context_compute: looking at the context, arithmetic.
        context_memory: the same, memory.
        link: bytes between devices.
        latency: starting kernels and collectives.
    """

    compute: Array
    memory: Array
    context_compute: Array
    context_memory: Array
    link: Array
    latency: Array

    @property
    def total(self) -> Array:
        """Seconds of the step."""
        weights = np.maximum(self.compute, self.memory)
        context = np.maximum(self.context_compute, self.context_memory)
        return weights + context + self.link + self.latency


def peak(device: Device, precision: Precision) -> float:
    """Operations a second that the device reaches with such weights; where it lacks the unit, the next wider one's."""
    if precision is Precision.FP4 and device.fp4:
        return device.fp4
    if precision in {Precision.FP4, Precision.FP8} and device.fp8:
        return device.fp8
    return device.bf16


def step(
    model: Model,
    device: Device,
    precision: Precision,
    layout: Layout,
    *,
    tokens: Array,
    context: Array,
    sequences: Array,
) -> Step:
    """One step over `tokens` new tokens of all the replica's sequences together.

    Args:
        model: its shape.
        device: each of the replica's.
        precision: of weights.
        layout: of the replica.
        tokens: new tokens in the step.
        context: tokens that each looks back at, on average.
        sequences: among which the tokens are; decoding has as many as tokens.
    """
    n = float(layout.devices)
    rate, width = peak(device, precision), device.bandwidth
    each = precision.bytes_a_weight
    always = model.attention_weights * model.layers * (n if layout.by_request else 1.0) + model.dense_weights
    head = model.vocabulary * model.hidden
    visited = _visited(model, tokens)
    read = (always * each + visited * model.expert_weights * model.expert_layers * each + head * 2.0) / n
    work = 2.0 * tokens * model.active_weights / n
    looked, kept = _looked(model, context), KV_BYTES[precision]
    copies = 1.0 if layout.by_request else n / min(n, float(model.kv_heads))
    context_read = sequences * (looked * model.kept * kept + _states(model)) * copies / n
    a_pair = (
        2.0
        * model.heads
        * (2 * model.latent if model.latent and _decodes(tokens, sequences) else 2 * model.head)
    )
    context_work = tokens * looked * a_pair / n
    link, collectives = _talk(model, layout, tokens)
    return Step(
        work / rate,
        read / width,
        context_work / device.bf16,
        context_read / width,
        link / device.link,
        np.zeros_like(tokens) + collectives * COLLECTIVE_S + model.layers * KERNELS_A_LAYER * KERNELS_S,
    )


def plain(
    model: Model,
    device: Device,
    precision: Precision,
    layout: Layout,
    *,
    tokens: Array,
    context: Array,
    sequences: Array,
) -> Array:
    """Seconds by the plain roofline: all operations over the peak or all bytes over the bandwidth, whichever is more."""
    n = float(layout.devices)
    outside = model.expert_weights * model.expert_layers  # of experts, which not every step visits
    always = model.weights - model.vocabulary * model.hidden - outside * model.experts
    weights = always + outside * _visited(model, tokens)
    read = (
        weights * precision.bytes_a_weight
        + sequences * context * model.kept * model.layers * KV_BYTES[precision]
    )
    work = 2.0 * tokens * model.active_weights
    return np.maximum(work / peak(device, precision), read / device.bandwidth) / n


def memory_of(model: Model, precision: Precision, layout: Layout) -> float:
    """Bytes of weights on each device."""
    n = layout.devices
    embeddings = 2.0 * model.vocabulary * model.hidden * 2.0
    attention = model.attention_weights * model.layers
    rest = model.weights - attention - 2.0 * model.vocabulary * model.hidden
    return (
        attention * (1.0 if layout.by_request else 1.0 / n) + rest / n
    ) * precision.bytes_a_weight + embeddings / n


def context_bytes(model: Model, precision: Precision, layout: Layout, tokens: float) -> float:
    """Bytes on each device that one sequence of that length keeps, as a share of the whole replica's."""
    n = float(layout.devices)
    copies = 1.0 if layout.by_request else n / min(n, float(model.kv_heads))
    seen = model.full_layers * tokens
    if model.window:
        seen += (model.layers - model.full_layers) * min(float(model.window), tokens)
    return (seen * model.kept * KV_BYTES[precision] + _states(model)) * copies / n


def _visited(model: Model, tokens: Array) -> Array:
    """Experts of a layer that at least one token visits, if all are equally likely."""
    if not model.experts:
        return np.zeros_like(tokens)
    return np.asarray(model.experts * -np.expm1(tokens * math.log1p(-model.active / model.experts)))


def _looked(model: Model, context: Array) -> Array:
    """Tokens that are looked at, over all layers together."""
    full = np.minimum(context, model.most_looked_at) if model.most_looked_at else context
    others = np.minimum(context, float(model.window)) if model.window else np.zeros_like(context)
    return np.asarray(model.full_layers * full + (model.layers - model.full_layers) * others)


def _states(model: Model) -> float:
    return (model.layers - model.full_layers) * model.state * 4.0


def _decodes(tokens: Array, sequences: Array) -> bool:
    return bool(np.all(tokens <= sequences))


def _talk(model: Model, layout: Layout, tokens: Array) -> tuple[Array, float]:
    """Bytes that each device sends in a step, and how many collectives there are."""
    n = layout.devices
    if n == 1:
        return np.zeros_like(tokens), 0.0
    ring = 2.0 * (n - 1) / n * tokens * model.hidden * 2.0
    reductions = (0.0 if layout.by_request else float(model.layers)) + float(model.layers)
    if not layout.by_expert:
        return np.asarray(ring * reductions), reductions
    sent = tokens * model.active * model.hidden * 2.0 * 2.0 / n
    return np.asarray(
        ring * (reductions - model.expert_layers) + sent * model.expert_layers
    ), reductions + model.expert_layers
