import multiprocessing
import time
from pathlib import Path

import pytest
from intake_parts import CONTEXT, nodes

from brightline.examine.sandbox import limit_memory
from brightline.intake.open import open_file
from brightline.settings import Limits
from hostile.corpus import bombs, damaged, make_corpus

SECONDS = 10.0
LARGE_BYTES = 1_000_000  # larger ones are for the slow test


def _open_all(paths: list[str], results: object) -> None:
    limits = Limits()
    assert limit_memory(limits.worker_memory_bytes)
    for path in paths:
        start = time.process_time()  # other processes of the machine don't count
        subject = open_file(Path(path), context=CONTEXT, limits=limits)
        results.put((path, time.process_time() - start, sum(1 for _ in nodes(subject))))
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text("ascii")
    results.put(("peak", int(status.split("VmHWM:")[1].split()[0]) / 1024, 0))


def _survive(paths: list[Path]) -> None:
    """Open all in a fresh process with the worker's memory limit; none may crash, hang or starve it."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_open_all, args=([str(path) for path in paths], results))
    process.start()
    seen = {}
    while len(seen) <= len(paths):
        name, figure, _ = results.get(timeout=60)
        seen[name] = figure
    process.join(60)
    assert process.exitcode == 0
    assert seen.pop("peak") < 1024
    assert max(seen.values()) < SECONDS


def test_the_corpus_is_the_same_for_the_same_seed():
    assert list(damaged(1)) == list(damaged(1))
    assert list(damaged(1)) != list(damaged(2))


def test_a_sample_of_the_hostile_corpus_is_opened_without_crash_hang_or_hunger(tmp_path):
    paths = []
    for number, (name, data) in enumerate((*list(damaged(3))[::3], *bombs())):
        if len(data) < LARGE_BYTES:
            path = tmp_path / f"{number}-{name}"
            path.write_bytes(data)
            paths.append(path)
    assert len(paths) >= 200
    _survive(paths)


@pytest.mark.slow
def test_the_whole_hostile_corpus_is_opened_without_crash_hang_or_hunger(tmp_path):
    paths = make_corpus(tmp_path, 1)
    assert len(paths) >= 300
    _survive(paths)
