"""Killed processes, full disks and several writers: what was acknowledged is there, whole, and nothing else."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_parts import job_key, make_item, make_items, open_ledger

from brightline.core.errors import LedgerError
from brightline.ledger.audit import verify_store
from brightline.ledger.ledger import Ledger

CHILD = Path(__file__).with_name("appending_child.py")
KILLS = 30


def start(folder: Path, url: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILD), str(folder), url, *more]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def acknowledged(lines: list[str]) -> dict[int, list[str]]:
    """Index -> [leaf, key] of what was acknowledged."""
    whole = [line.split() for line in lines if line.startswith("ack ") and len(line.split()[-1]) == 64]
    return {int(index): [leaf, key] for _, index, leaf, key in (said for said in whole if len(said) == 4)}


def read_until(child: subprocess.Popen[str], word: str) -> list[str]:
    assert child.stdout is not None
    lines = []
    while not lines or not lines[-1].startswith(word):
        lines.append(child.stdout.readline())
        assert lines[-1], f"the child ended before it said `{word}`"
    return lines


def check_all_there(ledger: Ledger, acks: dict[int, list[str]]) -> None:
    assert verify_store(ledger).faults == ()
    known = ledger.known([key for _, key in acks.values()])
    for index, (leaf, key) in acks.items():
        assert (known[key].receipt.index, known[key].receipt.leaf) == (index, leaf)


@pytest.mark.timeout(280)
def test_whatever_was_acknowledged_survives_kill_9_at_30_random_moments(tmp_path: Path) -> None:
    chosen, acks = random.Random(9), dict[int, list[str]]()
    with start(tmp_path, f"sqlite:///{tmp_path / 'ledger.sqlite'}") as child:
        for kill in range(KILLS):
            assert child.stdin is not None
            print(kill * 100_000, 10_000, file=child.stdin, flush=True)
            seen = read_until(child, "pid")
            # Every fifth is killed while it opens, migrates or takes up the log.
            if kill % 5 and "open\n" not in seen:
                seen += read_until(child, "open")
            writer = int(next(line for line in seen if line.startswith("pid")).split()[1])
            killer = threading.Timer(chosen.uniform(0.0, 0.1), os.kill, (writer, signal.SIGKILL))
            killer.start()
            seen += read_until(child, "dead")
            assert seen[-1] == "dead -9\n"
            acks.update(acknowledged(seen))
    assert len(acks) > KILLS
    with open_ledger(tmp_path) as ledger:
        check_all_there(ledger, acks)
        size, (index, (_, key)) = ledger.size, next(iter(acks.items()))
        assert ledger.record([make_item(0)], [key])[0].index == index  # a re-run resumes
        assert ledger.size == size


def test_a_full_disk_gives_one_line_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    open_ledger(tmp_path).close()
    child = start(tmp_path, f"sqlite:///{tmp_path / 'ledger.sqlite'}", str(1_500_000))
    output, _ = child.communicate("0 10000\n", timeout=60)
    lines = output.splitlines()
    acks = acknowledged(lines)
    assert len(acks) > 20
    assert lines[-1] == "dead 3"
    assert [line for line in lines if line and not line.startswith(("ack ", "open", "pid", "dead"))] == [
        "error ledger store: disk I/O error"
    ]
    with open_ledger(tmp_path) as ledger:
        check_all_there(ledger, acks)
        ledger.record(make_items(0, 3), [job_key(10**6 + number) for number in range(3)])
        assert verify_store(ledger).faults == ()


def test_several_processes_append_to_one_store_and_the_tree_never_forks(
    url: str, tmp_path: Path, reopen: Callable[[], Ledger]
) -> None:
    children = [start(tmp_path, url) for _ in range(2)]
    for number, child in enumerate(children):  # all at once: the first openers race, too
        assert child.stdin is not None
        print(number * 100_000, 25, file=child.stdin, flush=True)
        child.stdin.close()
    acks: dict[int, list[str]] = {}
    for child in children:
        with child:
            lines = read_until(child, "dead")
        assert lines[-1] == "dead 0\n"
        mine = acknowledged(lines)
        assert not set(mine) & set(acks)
        acks.update(mine)
    with reopen() as ledger:
        assert sorted(acks) == list(range(ledger.size))
        check_all_there(ledger, acks)


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brightline.ledger.engine.BUSY_TIMEOUT_S", 0.1)  # the real one is a minute
    with open_ledger(tmp_path) as ledger, ledger.engine.connect() as other:
        other.exec_driver_sql("COMMIT")
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match=r"^ledger store: database is locked$"):
            ledger.record([make_item(1)])
        other.exec_driver_sql("COMMIT")
        other.exec_driver_sql("BEGIN")
        assert ledger.record([make_item(1)])[0].index == 0


def test_a_failed_batch_leaves_nothing_and_the_next_one_goes_on(ledger: Ledger) -> None:
    ledger.record(make_items(0, 3))
    with ledger.engine.begin() as connection:  # something in the way of the last insert of a batch
        connection.exec_driver_sql("ALTER TABLE checkpoints RENAME TO hidden")
    with pytest.raises(LedgerError, match="ledger store: "):
        ledger.record(make_items(3, 6))
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO checkpoints")
    assert ledger.size == 3
    assert ledger.record(make_items(3, 6))[2].index == 5
    assert verify_store(ledger).faults == ()
