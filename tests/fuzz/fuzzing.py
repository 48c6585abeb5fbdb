"""What all fuzzers here share: their command line, their limits, their seeds.

    python tests/fuzz/fuzz_ROOM.py --list                               the targets of this file
    python tests/fuzz/fuzz_ROOM.py [TARGET] [-max_total_time=60 ...]    one target, or all, chosen by the first byte

Every file has `TARGETS` (name -> what is to be done with some bytes) and `seeds(name)` (bytes to start from). A target
raises only when a promise is broken: errors that are documented it catches itself. Inputs that told something new stay
in `build/fuzz/corpus`, so that the next run goes on from there; a broken promise leaves its input as `crash-*`.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import atheris

TESTS = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(TESTS), str(TESTS / "policy"), str(TESTS / "ledger")]  # the rooms' own makers of samples

Target = Callable[[bytes], object]
LIMITS = (
    "-timeout=10",  # seconds for one input; `subject_seconds` promises a whole file in less
    "-rss_limit_mb=1024",  # the whole scan has to stay under that
    "-max_len=65536",  # bytes; sniffing reads no more
)
BUILD = TESTS.parent / "build" / "fuzz"


def main(targets: Mapping[str, Target], seeds: Callable[[str], list[bytes]]) -> None:
    """Run libFuzzer over one target or all; comes back only for `--list`."""
    arguments = sys.argv[1:]
    if arguments == ["--list"]:
        print("\n".join(targets))
        return
    chosen = [arguments.pop(0)] if arguments and arguments[0] in targets else list(targets)
    room = Path(sys.argv[0]).stem.removeprefix("fuzz_")
    name = f"{room}.{chosen[0]}" if len(chosen) == 1 else room
    folders = [BUILD / "corpus" / name, BUILD / "seeds" / name]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for number, target in enumerate(chosen):
        head = b"" if len(chosen) == 1 else bytes([number])
        for index, seed in enumerate(seeds(target)):
            (folders[1] / f"{target}-{index}").write_bytes(head + seed)
    atheris.Setup(
        [sys.argv[0], *LIMITS, *arguments, *map(str, folders)], _entry([targets[one] for one in chosen])
    )
    atheris.Fuzz()


def _entry(targets: list[Target]) -> Callable[[bytes], None]:
    def one(data: bytes) -> None:
        targets[0](data)

    def several(data: bytes) -> None:
        if data:
            targets[data[0] % len(targets)](data[1:])

    return one if len(targets) == 1 else several
