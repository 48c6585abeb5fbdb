"""Kills marking again and again, and looks at the file after each kill. `python tests/marking/kill_mark.py 200`.

Every kill comes at a random moment of marking a real file, in place and to another place by turns, in a process of its
own. Afterwards the file is the old one or the marked one, byte for byte; a target is whole or not there. A marked file
has the same bytes each time, because its number comes from its content.
"""

import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from marking_parts import order  # noqa: E402 - after its folder is in the path

from brightline.core.subject import Kind  # noqa: E402
from brightline.marking.draft import PREFIX  # noqa: E402
from brightline.marking.plan import Statement  # noqa: E402
from brightline.marking.samples import SUFFIXES, sample  # noqa: E402
from brightline.marking.write import mark_file  # noqa: E402
from brightline.settings import Settings  # noqa: E402

REPEATS = 8  # of the sound, so that writing takes a while


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def larger(kind: Kind) -> bytes:
    """A sample that takes a moment to write."""
    data = sample(kind)
    if kind is not Kind.WAV:
        return data
    start = data.index(b"data") + 8
    sound = data[start:] * REPEATS
    head = data[:4] + (start - 8 + len(sound)).to_bytes(4, "little") + data[8 : start - 4]
    return head + len(sound).to_bytes(4, "little") + sound


def mark(source: Path, target: Path, settings: Settings) -> None:
    """What is killed."""
    mark_file(source, target, order(Statement.SUSPECTED, in_place=source == target), settings)


def start(source: Path, target: Path, settings: Settings) -> int:
    """Mark in a child; gives its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            mark(source, target, settings)
            code = 0
        except Exception:  # noqa: BLE001 - told by its exit code
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def killed(source: Path, target: Path, settings: Settings, delay_s: float) -> bool:
    """Mark in a child, kill it after a delay; whether the kill came in time."""
    child = start(source, target, settings)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) != 0:
        raise AssertionError("marking failed by itself")
    return os.WIFSIGNALED(status)


def main(kills: int, seed: int = 1) -> dict[str, int]:
    """Run the drill and give the counts."""
    random.seed(seed)
    counted = {"kills": 0, "in_time": 0, "old": 0, "marked": 0, "drafts_left": 0}
    kinds = (Kind.WAV, Kind.PNG, Kind.MP4, Kind.DOCX)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = Settings(home=folder / "home")
        known = {kind: _known(folder, kind, settings) for kind in kinds}
        for number in range(kills):
            kind = kinds[number % len(kinds)]
            old, new, seconds = known[kind]
            source = folder / f"file{SUFFIXES[kind]}"
            source.write_bytes((folder / f"old{SUFFIXES[kind]}").read_bytes())
            in_place = number % 8 < 4
            target = source if in_place else folder / f"out{SUFFIXES[kind]}"
            counted["in_time"] += killed(source, target, settings, random.uniform(0, 1.1 * seconds))
            counted["kills"] += 1
            assert digest(source) in ({old, new} if in_place else {old}), f"{kind}: the source is broken"
            assert not target.exists() or in_place or digest(target) == new, f"{kind}: the target is broken"
            counted["marked" if target.exists() and digest(target) == new else "old"] += 1
            target.unlink(missing_ok=True)
            drafts = [path for path in folder.iterdir() if path.name.startswith(PREFIX)]
            counted["drafts_left"] += len(drafts)
            for draft in drafts:
                shutil.rmtree(draft)
    return counted


def _known(folder: Path, kind: Kind, settings: Settings) -> tuple[str, str, float]:
    """Digests of the plain and of the marked file, and how long a child takes to mark it.

    Done in children too: native libraries that were used before a fork may not work after it.
    """
    plain, marked = folder / f"old{SUFFIXES[kind]}", folder / f"new{SUFFIXES[kind]}"
    plain.write_bytes(larger(kind))
    began = time.monotonic()
    child = start(plain, marked, settings)
    assert os.waitpid(child, 0)[1] == 0, f"{kind} cannot be marked"
    seconds = time.monotonic() - began
    found = digest(marked)
    marked.unlink()
    return digest(plain), found, seconds


if __name__ == "__main__":
    print(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
