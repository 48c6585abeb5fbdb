"""The folder of a process goes with it; the next process clears what a killed one left, and nothing else."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from brightline.core.scratch import ABANDONED_S, OLD_FORM_S

CHILD = """
import os, signal, sys, time
from multiprocessing import forkserver, util
from brightline.core.scratch import keep_sockets_in_scratch, scratch_folder
keep_sockets_in_scratch()
forkserver.ensure_running()
(scratch_folder() / "spool").write_bytes(b"x")
assert str(util.get_temp_dir()).startswith(str(scratch_folder()))
print(scratch_folder(), flush=True)
if "wait" in sys.argv:
    time.sleep(60)
"""


ENDING = """
import time
from brightline.core.scratch import scratch_folder
from brightline.doors.cli import main
scratch_folder()
main.outcome = lambda _: (print("ready", flush=True), time.sleep(60))
main.run([])
"""


def start(place, *words):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *words], env=os.environ | {"TMPDIR": str(place)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def place():
    """A short path, since sockets lie in it: pytest's own grows with the number of workers and runs."""
    with tempfile.TemporaryDirectory(prefix="b-") as folder:
        yield Path(folder)


def aged(path, seconds):
    then = time.time() - seconds - 5
    os.utime(path, (then, then))


def test_a_process_that_ends_leaves_nothing(place):
    child = start(place)
    said, complaints = child.communicate(timeout=60)
    assert said
    assert complaints == b""
    assert child.returncode == 0
    assert [*place.iterdir()] == []


def test_what_a_killed_process_left_is_cleared_by_the_next_and_what_lives_or_is_not_ours_stays(place):
    killed, alive = start(place, "wait"), start(place, "wait")
    try:
        left = Path(killed.stdout.readline().decode().strip())
        living = Path(alive.stdout.readline().decode().strip())
        killed.send_signal(signal.SIGKILL)
        killed.wait(timeout=60)
        assert (left / "spool").exists()
        foreign, full, empty = place / "pymp-x", place / "brightline-full", place / "brightline-empty"
        for folder in (foreign, full, empty):
            folder.mkdir()
        (full / "something").write_bytes(b"x")
        link = place / "brightline-link"
        link.symlink_to(foreign)
        for folder in (left, living):
            aged(folder, ABANDONED_S)
        for folder in (foreign, full, empty):
            aged(folder, OLD_FORM_S)
        assert start(place).communicate(timeout=60)[0]
        assert sorted(place.iterdir()) == sorted([living, foreign, full, link])
        assert (living / "spool").exists()
    finally:
        for child in (killed, alive):
            child.kill()
            child.communicate(timeout=60)


def test_a_command_that_is_asked_to_end_clears_its_folder(place):
    child = subprocess.Popen(
        [sys.executable, "-c", ENDING], env=os.environ | {"TMPDIR": str(place)}, stdout=subprocess.PIPE
    )
    assert child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 143
    assert [*place.iterdir()] == []
