"""Marking that is killed at random moments never leaves a broken file. `make kill-marks` does it 200 times."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_kills_leave_every_file_whole():
    # A process of its own: children are forked from it, which a process with threads should not do.
    done = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).with_name("kill_mark.py")), "30"],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    counted = ast.literal_eval(done.stdout)
    assert counted["kills"] == 30
    assert counted["in_time"] > 10
    assert counted["old"] > 0
