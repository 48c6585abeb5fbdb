"""How long `brightline serve` takes from exec to its first 200, on the embedded default: `make bench-start`.

Three starts are told apart: the first after an installation that compiled nothing (no bytecode), on a fresh home, and on
a home that is there already. The median of some starts is printed; others' work on the machine makes it longer.
"""

import os
import signal
import statistics
import subprocess  # noqa: TID251 - starts the service as people do
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

STARTS = 5
BRIGHTLINE = Path(sys.executable).with_name("brightline")
LISTENING = "http://"


def start_s(home: Path, bytecode: Path) -> float:
    """Seconds until `/healthz` answers 200; the port is read from what the command says."""
    setting = home.with_suffix(".toml")
    setting.write_text("[service]\nport = 0\n")
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(BRIGHTLINE), "serve", "--home", str(home), "--settings", str(setting), "--language", "en"],
        env=environ | {"PYTHONPYCACHEPREFIX": str(bytecode)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        url = said[said.index(LISTENING) :].strip()
        with urllib.request.urlopen(f"{url}healthz", timeout=10) as answer:
            assert answer.status == 200
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        warm = root / "bytecode"
        start_s(root / "warming", warm)
        kinds = {
            "without bytecode": [start_s(root / f"a{n}", root / f"none{n}") for n in range(STARTS)],
            "fresh home": [start_s(root / f"b{n}", warm) for n in range(STARTS)],
            "home that is there": [start_s(root / "b0", warm) for _ in range(STARTS)],
        }
    for name, seconds in kinds.items():
        print(f"{name:20} median {statistics.median(seconds):.2f} s  worst {max(seconds):.2f} s  of {STARTS}")


if __name__ == "__main__":
    main()
