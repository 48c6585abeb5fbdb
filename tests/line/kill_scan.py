"""Kills a scan again and again, and checks the ledger after each kill. `python tests/line/kill_scan.py 200`.

Every kill comes at a random moment of a real `brightline scan --json` in a process group of its own. What the scan had
printed by then is acknowledged: it must be in the ledger, under the receipt that was printed.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from brightline.assembly import open_ledger
from brightline.ledger.audit import verify_store
from brightline.settings import Settings

FILES = 3_000
ANSWER_BYTES = 1_000  # about; only to choose moments


def write_files(folder: Path) -> None:
    """Small texts, all different, so that there is always something left to do."""
    folder.mkdir()
    for index in range(FILES):
        (folder / f"{index:05}.txt").write_text(
            f"Note {index}: the ferry leaves at {index % 24}:15 from pier two.\n"
        )


def killed_scan(folder: Path, home: Path, moment: "Moment") -> list[dict]:
    """Start a scan, kill its whole process group at a moment, and give what it had acknowledged."""
    command = [
        sys.executable,
        "-m",
        "brightline",
        "scan",
        str(folder),
        "--home",
        str(home),
        "--json",
        "--quiet",
        "--jobs",
        "2",
    ]
    said = home.parent / "said.jsonl"
    with (
        said.open("wb") as out,  # a pipe that nobody reads would stop the scan before we do
        subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, start_new_session=True) as scan,
    ):
        began = time.monotonic()
        while scan.poll() is None and not moment.has_come(time.monotonic() - began, said.stat().st_size):
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.05))
        if scan.poll() is None:
            os.killpg(scan.pid, signal.SIGKILL)
    return [json.loads(line) for line in said.read_bytes().split(b"\n")[:-1]]


@dataclass
class Moment:
    """When to kill: after some seconds, or when the scan has said so much, whichever comes first.

    Most kills go by what was said, so that they hit the work and not the start, however busy the machine is.
    """

    seconds: float
    size_bytes: int

    def has_come(self, seconds: float, size_bytes: int) -> bool:
        """Whether it is time."""
        return seconds >= self.seconds or size_bytes >= self.size_bytes

    @classmethod
    def random(cls, known: int) -> "Moment":
        """A moment of the start, one time in eight, and otherwise one of the work that is left."""
        if random.random() < 0.125:
            return cls(random.uniform(0.05, 3), 2**40)
        answers = random.uniform(known * 0.9, FILES)
        return cls(60, int(answers * ANSWER_BYTES))


def check(home: Path, acknowledged: dict[str, dict]) -> int:
    """Every acknowledged decision is in the ledger, and the tree verifies; gives its size."""
    with open_ledger(Settings(home=home)) as ledger:
        audit = verify_store(ledger)
        assert audit.faults == (), audit.faults
        for answer in acknowledged.values():
            receipt = ledger.receipt(answer["receipt"]["index"])
            assert receipt.leaf == answer["receipt"]["leaf"], answer["name"]
        return audit.size


def main(kills: int, seed: int = 1) -> dict[str, int]:
    """Run the drill and give the counts."""
    random.seed(seed)
    acknowledged: dict[str, dict] = {}
    seen = runs = 0
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place) / "files", Path(place) / "home"
        write_files(folder)
        for kill in range(kills):
            answers = killed_scan(folder, home, Moment.random(len(acknowledged)))
            for answer in answers:
                before = acknowledged.setdefault(answer["name"], answer)
                assert before["receipt"]["index"] == answer["receipt"]["index"], "judged twice"
            seen += len(answers)
            size = check(home, acknowledged) if home.exists() else 0
            assert size >= len(acknowledged)
            if (
                len(acknowledged) > 0.9 * FILES and kill + 1 < kills
            ):  # begin again, so that kills keep hitting work
                runs += 1
                acknowledged = {}
                home = Path(place) / f"home-{runs}"
            print(
                f"kill {kill + 1}: {len(answers)} answers, {len(acknowledged)} acknowledged, {size} entries",
                file=sys.stderr,
            )
        done = subprocess.run(
            [sys.executable, "-m", "brightline", "scan", str(folder), "--home", str(home), "--json", "--quiet"],
            stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        final = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(final) == FILES
        resumed = sum(answer.get("recorded_before", False) for answer in final)
        assert resumed >= len(acknowledged)
        assert check(home, {answer["name"]: answer for answer in final}) == FILES
    return {"kills": kills, "answers": seen, "ledgers": runs + 1, "resumed_at_the_end": resumed}


if __name__ == "__main__":
    print(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
