"""The hostile corpus through the whole line: a real scan in a process of its own, watched from outside."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from hostile.corpus import make_corpus

SECONDS = 10.0  # no file may take longer
MEMORY_BYTES = 1_000_000_000  # of all processes of the scan together
SAMPLE_S = 0.05
CORPUS_S = 240  # the whole scan, on two cores
# What nobody can examine in full within the limits, or without its password.
NEVER_WHOLE = re.compile(
    r"\d+-(ratio|many-ratio|nested-42|deep|overlap|quoted-overlap|many-members|lying-size|bomb-bzip2|bomb-lzma|zip64"
    r"|huge-count)\.zip|\d+-(bomb|double|many|sparse|endless-name|minus)\S*\.(gz|tar|bz2)\S*|\d+-huge\.\w+"
    r"|\d+-(wide|large|none|ztxt)\.(png|gif|jpeg|heic)|\d+-encrypted\S*|\d+-locked\S*|\d+-password\S*"
)
# Formats that say how long they are; of the others, what was cut is whole as far as anybody can tell.
FRAMED = re.compile(
    r"\d+-cut-\d+-\S+\.(zip|gz|docx|pptx|xlsx|png|jpeg|webp|gif|tiff|avif|heic|wav|mov|mp4|avi|flv|webm|msg)"
)


@dataclass
class Watch:
    """Samples how much memory all processes of one session take, while they run."""

    session: int
    peak_bytes: int = 0
    at_peak: list[str] = field(default_factory=list)
    samples: int = 0
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(SAMPLE_S):
            sizes = {pid: proportional_bytes(pid) for pid in of_session(self.session)}
            self.samples += 1
            if sum(sizes.values()) > self.peak_bytes:
                self.peak_bytes = sum(sizes.values())
                self.at_peak = [f"{pid}: {size >> 20} MiB" for pid, size in sizes.items()]


def of_session(session: int) -> list[int]:
    """Processes that a scan started, the fork server and its workers included."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                fields = (place / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                found.append(int(place.name))
    return found


def proportional_bytes(pid: int) -> int:
    """Memory of one process; what it shares with others counts by its share."""
    try:
        return (
            int(
                re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1]
            )
            << 10
        )
    except (OSError, TypeError):
        return 0  # it has just ended


@dataclass
class Scanned:
    """What a scan of the corpus came to."""

    files: list[Path]
    code: int
    answers: list[dict]
    errors: str
    seconds: float
    watch: Watch
    home: Path

    def named(self, pattern: re.Pattern[str]) -> list[dict]:
        return [answer for answer in self.answers if pattern.fullmatch(Path(answer["name"]).name)]


def scan(files: list[Path], folder: Path, place: Path) -> Scanned:
    """Scan a folder with two workers."""
    home, out, err = place / "home", place / "answers.jsonl", place / "errors.txt"
    command = [sys.executable, "-m", "brightline", "scan", str(folder), "--json", "--quiet", "--jobs", "2"]
    started = time.monotonic()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            [*command, "--home", str(home)], stdout=stdout, stderr=stderr, start_new_session=True, cwd=place
        )
        with Watch(process.pid) as watch:
            try:
                code = process.wait(CORPUS_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    answers = [json.loads(line) for line in out.read_bytes().splitlines()]
    return Scanned(files, code, answers, err.read_text(), time.monotonic() - started, watch, home)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    place = tmp_path_factory.mktemp("hostile")
    files = make_corpus(place / "corpus", 1)
    return scan(files, place / "corpus", place)


pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_every_file_gets_an_answer_and_nothing_is_said_besides(scanned):
    assert len(scanned.files) >= 300
    assert sorted(answer["name"] for answer in scanned.answers) == sorted(map(str, scanned.files))
    assert [answer["name"] for answer in scanned.answers if "error" in answer] == []
    assert scanned.errors == ""


def test_no_file_takes_ten_seconds(scanned, tmp_path):
    slow = [answer["name"] for answer in scanned.answers if answer.get("seconds", 0) >= SECONDS]
    assert len(slow) < 3
    for number, name in enumerate(slow):  # beside the other tests and another worker: once more, alone
        place = tmp_path / str(number)
        place.mkdir()
        again = scan([Path(name)], Path(name), place)
        assert [answer["name"] for answer in again.answers if answer["seconds"] >= SECONDS] == []
    assert scanned.seconds < CORPUS_S


def test_all_processes_together_stay_under_a_gigabyte(scanned):
    assert scanned.watch.samples > 100
    assert len(scanned.watch.at_peak) >= 3
    assert scanned.watch.peak_bytes < MEMORY_BYTES, scanned.watch.at_peak


def test_what_was_not_looked_at_in_full_has_a_gap_and_is_never_allowed(scanned):
    for answer in scanned.answers:
        assert bool(answer.get("gaps")) == (answer.get("complete", True) is False), answer["name"]
        if answer.get("gaps"):
            assert answer["action"] in {"review", "block"}, answer["name"]


def test_bombs_cut_files_and_locked_files_have_gaps(scanned):
    bombs, cut = scanned.named(NEVER_WHOLE), scanned.named(FRAMED)
    assert len(bombs) >= 25
    assert len(cut) >= 60
    assert [
        answer["name"] for answer in (*bombs, *cut) if not answer.get("gaps") and is_something(answer)
    ] == []


def is_something(answer: dict) -> bool:
    """Whether so much was left of a file that it is still of its kind; the first bytes of a ZIP may be a text."""
    return answer["facts"]["kind"] not in {"text", "empty"}


def test_the_exit_code_is_the_documented_one(scanned):
    asked = [
        match["action"]
        for answer in scanned.answers
        for match in answer.get("matches", ())
        if not match["rule"].startswith("brightline#") and not match.get("error")
    ]
    assert scanned.code == (1 if {"review", "block"} & set(asked) else 3)


def test_the_ledger_verifies_afterwards(scanned):
    done = subprocess.run(
        [sys.executable, "-m", "brightline", "ledger", "verify", "--home", str(scanned.home)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=scanned.home.parent,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert str(len({answer["receipt"]["index"] for answer in scanned.answers})) in done.stdout
