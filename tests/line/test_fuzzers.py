"""The fuzzers keep up with the code: each starts, has targets, and takes its own seeds without a crash."""

import subprocess
import sys
from pathlib import Path

import pytest

FUZZERS = sorted((Path(__file__).parents[1] / "fuzz").glob("fuzz_*.py"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.mark.parametrize("file", FUZZERS, ids=lambda file: file.stem)
def test_a_fuzzer_starts_and_its_seeds_pass(file, tmp_path):
    pytest.importorskip("atheris", reason="the fuzz group is not installed")
    command = [sys.executable, str(file), "-runs=1", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, errors="replace")
    assert done.returncode == 0, done.stderr[-2_000:]
    assert list(tmp_path.iterdir()) == []


def test_there_are_fuzzers():
    assert len(FUZZERS) >= 6
