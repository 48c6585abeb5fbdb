"""Shapes weigh what their makers say; steps take longer with more to do; figures have sources."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.planner.device import device_named, devices
from brightline.planner.faults import PlanError
from brightline.planner.model import Precision, model_named, models
from brightline.planner.roofline import Layout, context_bytes, memory_of, plain, step

_PUBLISHED_BILLIONS = {
    "llama-3.1-8b": 8.0, "llama-3.1-70b": 70.6, "llama-3.1-405b": 405.9, "qwen3-8b": 8.2, "qwen3-32b": 32.8,
    "qwen3-30b-a3b": 30.5, "qwen3-235b-a22b": 235.0, "gpt-oss-20b": 20.9, "gpt-oss-120b": 116.8, "mixtral-8x7b": 46.7,
    "deepseek-r1": 671.0, "minimax-m2.5": 229.0, "qwen3.5-397b-a17b": 397.0, "kimi-k2.5": 1026.0, "glm-5": 744.0,
}  # fmt: skip


def test_each_models_weights_are_what_its_maker_says_within_a_hundredth() -> None:
    assert set(_PUBLISHED_BILLIONS) == set(models())
    for name, billions in _PUBLISHED_BILLIONS.items():
        assert models()[name].weights / 1e9 == pytest.approx(billions, rel=0.01)


def test_each_devices_figure_names_its_source_and_date() -> None:
    for device in devices().values():
        assert {"memory", "bandwidth", "bf16", "link", "power", "price"} <= {
            fact.name for fact in device.facts
        }
        assert all(fact.source.as_of and fact.source.title for fact in device.facts)


def test_names_that_nobody_knows_are_refused() -> None:
    with pytest.raises(PlanError, match="no device named"):
        device_named("x")
    with pytest.raises(PlanError, match="no model named"):
        model_named("x")


def test_a_pack_with_a_figure_of_another_dimension_is_refused(tmp_path: Path) -> None:
    pack = tmp_path / "devices.toml"
    pack.write_text(
        '[sources.a]\ntitle="t"\nwhere="w"\nas_of="2026-01-01"\nstanding="seen"\n[devices.x]\nvendor="v"\nper_server=1\n'
        'memory=["80 W","a"]\n'
    )
    with pytest.raises(PlanError, match="another dimension"):
        devices(pack)


@given(st.sampled_from(sorted(models())), st.integers(1, 512), st.integers(1, 512), st.floats(16.0, 60_000.0))
def test_more_tokens_or_a_longer_context_never_take_less_time(
    name: str, some: int, more: int, context: float
) -> None:
    model, device, layout = models()[name], devices()["h200-sxm"], Layout(8)
    tokens = np.array([float(some), float(some + more)])
    for contexts in (np.full(2, context), np.array([context, context * 2])):
        taken = step(model, device, Precision.FP8, layout, tokens=tokens, context=contexts, sequences=tokens)
        simple = plain(
            model, device, Precision.FP8, layout, tokens=tokens, context=contexts, sequences=tokens
        )
        assert taken.total[0] <= taken.total[1]
        assert simple[0] <= simple[1]


def test_cutting_a_model_over_more_devices_leaves_less_on_each() -> None:
    model = model_named("llama-3.1-70b")
    held = [memory_of(model, Precision.FP8, Layout(n)) for n in (1, 2, 4, 8)]
    assert held == sorted(held, reverse=True)
    assert held[0] == pytest.approx(72.7e9, rel=0.01)
    assert context_bytes(model, Precision.BF16, Layout(1), 1.0) == 2 * 2 * 8 * 128 * 80
