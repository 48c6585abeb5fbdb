"""The page of the text lanes is what the committed results render to; the measures are right; recipes are pinned."""

import hashlib
import importlib.util
import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
TRAINING = ROOT / "training"
WEIGHTS = ROOT / "src/brightline/weights"


def module(name, path):
    """A script of the recipes as a module, under a name of its own."""
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found  # dataclasses look their module up
    spec.loader.exec_module(found)
    return found


PAGE = module("text_page", TRAINING / "text/page.py")
MEASURES = module("text_measures", TRAINING / "text/measures.py")


def test_the_page_is_what_the_results_render_to():
    committed = (ROOT / "docs/reference/text.md").read_text("utf-8")
    assert committed == PAGE.page(PAGE.Tables()), "docs/reference/text.md is stale: run make eval-text"


def test_a_changed_result_changes_the_page(tmp_path):
    for lane in PAGE.RESULTS:
        (tmp_path / lane).mkdir()
        text = (TRAINING / "text" / lane / "measured.json").read_text("utf-8")
        (tmp_path / lane / "measured.json").write_text(text, "utf-8")
    file = tmp_path / "ai/measured.json"
    tables = json.loads(file.read_text("utf-8"))
    for row in next(table for table in tables if table["key"] == "ai-en-sources")["rows"]:
        if row[3] is not None:
            row[3] = [0.999, 0.998, 1.0]
    file.write_text(json.dumps(tables), "utf-8")
    page = PAGE.page(PAGE.Tables(tmp_path))
    assert "| at least 0.900 | 0.999 | reached |" in page


def test_every_target_is_either_measured_or_said_not_to_be():
    rows = [target.row(PAGE.Tables()) for target in PAGE.TARGETS]
    assert all(row.endswith(("| reached |", "| **not reached** |")) or "not measured" in row for row in rows)


def test_every_table_is_on_the_page():
    page = PAGE.page(PAGE.Tables())
    for key, table in PAGE.Tables().all.items():
        assert any(key.startswith(f"{prefix}-") for prefix, _ in PAGE.SECTIONS), key
        assert not table["rows"] or f"### {table['title']}\n" in page


def test_weights_are_those_of_the_manifest():
    manifest = tomllib.loads((WEIGHTS / "manifest.toml").read_text("utf-8"))
    files = {path.stem: path for path in WEIGHTS.iterdir() if path.suffix in {".safetensors", ".onnx"}}
    assert set(files) == set(manifest)
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest[name]["sha256"], name


def test_what_training_needs_is_pinned_with_hashes_and_agrees_with_what_runs():
    pinned = (TRAINING / "requirements.txt").read_text("utf-8")
    entries = re.findall(r"^(\S+)==(\S+)(.*(?:\n    .*)*)", pinned, re.MULTILINE)
    assert entries
    assert all("--hash=sha256:" in rest for _, _, rest in entries)
    asked = re.findall(r"^([a-z0-9-]+)", (TRAINING / "requirements.in").read_text("utf-8"), re.MULTILINE)
    assert set(asked) <= {name for name, _, _ in entries}
    lock = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    running = {(one["name"], one.get("version")) for one in lock["package"]}
    names = {name for name, _ in running}
    assert all((name, version) in running for name, version, _ in entries if name in names)


scores = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=30)


@given(scores, scores)
def test_auroc_is_the_share_of_pairs_in_the_right_order(negative, positive):
    truth = np.r_[np.zeros(len(negative), int), np.ones(len(positive), int)]
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    found = MEASURES.auroc(truth, np.array(negative + positive))
    assert found == pytest.approx(sum(pairs) / len(pairs))


@given(scores, scores, st.sampled_from([0.01, 0.1, 0.5]))
def test_what_is_caught_lets_no_more_negatives_through_than_it_says(negative, positive, rate):
    truth = np.r_[np.zeros(len(negative), int), np.ones(len(positive), int)]
    score = np.array(negative + positive)
    found = MEASURES.caught(truth, score, rate)
    cuts = [c for c in {-1.0, *score} if np.mean(np.array(negative) > c) <= rate]
    assert found == pytest.approx(max(np.mean(np.array(positive) > cut) for cut in cuts))


def test_intervals_hold_their_value_and_are_the_same_each_time():
    draw = np.random.default_rng(0)
    truth = np.repeat([0, 1], 80)
    score = draw.normal(truth, 1)
    first = MEASURES.ranks(truth, score)
    assert first == MEASURES.ranks(truth, score)
    assert all(low <= middle <= high for middle, low, high in first)
    assert MEASURES.share(np.zeros(20, bool))[2] == pytest.approx(0.1611, abs=1e-4)  # Wilson, not zero
    assert MEASURES.share(np.zeros(0, bool)) is None


def test_calibration_error_is_zero_for_honest_odds_and_one_for_the_surest_liar():
    truth = np.repeat([0, 1], 50)
    assert MEASURES.calibration_error(truth, np.full(100, 0.5)) == 0.0
    assert MEASURES.calibration_error(truth, np.repeat([0.0, 1.0], 50)) == 0.0
    assert MEASURES.calibration_error(truth, np.repeat([1.0, 0.0], 50)) == 1.0
