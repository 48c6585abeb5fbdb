"""Fuzz every parser of ours, each in a process of its own, and print what came of it.

    python tests/fuzz/run.py --seconds 600 [--jobs 2] [TARGET...]

TARGET is `intake.zip`, or `intake` for all targets of a file; none is all. An input may take 10 s and 1 GB. Crashing
inputs stay in `build/fuzz/crashes`, logs in `build/fuzz/logs`. Exit: 0 no crash, 1 a crash, 2 no such target.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "fuzz"
GRACE_SECONDS = 120  # for imports and for the last input, beyond what libFuzzer was told
EXECUTIONS = re.compile(r"stat::number_of_executed_units: *(\d+)")
PULSE = re.compile(r"^#(\d+)\s.*?\bcov: (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What one target's run came to."""

    target: str
    seconds: float
    executions: int
    coverage: int  # edges of instrumented Python code that were reached
    crashes: tuple[Path, ...]
    code: int

    @property
    def failed(self) -> bool:
        return bool(self.crashes) or self.code != 0


def main() -> int:
    """Run the targets that were asked for."""
    parser = argparse.ArgumentParser(description="Fuzz every parser of ours.")
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="targets at a time")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    given = parser.parse_args()
    known = list(all_targets())
    unknown = [name for name in given.targets if not any(_named(one, name) for one in known)]
    if unknown:
        print(f"no target `{unknown[0]}`; known: {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = [one for name in (given.targets or [""]) for one in known if not name or _named(one, name)]
    with ThreadPoolExecutor(given.jobs) as pool:
        outcomes = []
        print(f"{'target':24} {'seconds':>8} {'executions':>11} {'coverage':>9}  crashes", flush=True)
        for outcome in pool.map(lambda name: fuzz(name, given.seconds), wanted):
            outcomes.append(outcome)
            print(line_of(outcome), flush=True)
    return int(any(outcome.failed for outcome in outcomes))


def all_targets() -> Iterator[str]:
    """`file.target` of every fuzzer beside this file."""
    for file in sorted(HERE.glob("fuzz_*.py")):
        done = subprocess.run([sys.executable, file, "--list"], capture_output=True, text=True, check=True)
        for name in done.stdout.split():
            yield f"{file.stem.removeprefix('fuzz_')}.{name}"


def fuzz(target: str, seconds: int) -> Outcome:
    """One target for so many seconds, in a process of its own, until the first crash."""
    room, _, name = target.partition(".")
    crashes, log = BUILD / "crashes" / target, BUILD / "logs" / f"{target}.log"
    for folder in (crashes, log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    command = [sys.executable, str(HERE / f"fuzz_{room}.py"), name, f"-max_total_time={seconds}"]
    command += ["-print_final_stats=1", f"-artifact_prefix={crashes}/"]
    start = time.monotonic()
    with log.open("wb") as stream:
        try:
            code = subprocess.run(
                command, stdout=stream, stderr=stream, timeout=seconds + GRACE_SECONDS
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    said = log.read_text("utf-8", "replace")
    pulses = PULSE.findall(said) or [("0", "0")]
    executions = EXECUTIONS.search(said)
    return Outcome(
        target=target,
        seconds=time.monotonic() - start,
        executions=int(executions[1] if executions else pulses[-1][0]),
        coverage=int(pulses[-1][1]),
        crashes=tuple(sorted(set(crashes.iterdir()) - before)),
        code=code,
    )


def line_of(outcome: Outcome) -> str:
    """One row of the table."""
    crashes = " ".join(str(path.relative_to(BUILD.parents[1])) for path in outcome.crashes)
    if not crashes and outcome.failed:
        crashes = f"ended with {outcome.code}: see build/fuzz/logs/{outcome.target}.log"
    return f"{outcome.target:24} {outcome.seconds:8.0f} {outcome.executions:11,} {outcome.coverage:9,}  {crashes or '-'}"


def _named(target: str, name: str) -> bool:
    return target == name or target.startswith(f"{name}.")


if __name__ == "__main__":
    sys.exit(main())
