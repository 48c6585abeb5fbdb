"""`brightline serve` starts quickly: what a start does not need is loaded when something asks for it."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

BRIGHTLINE = Path(sys.executable).with_name("brightline")
LATER = (
    "aiohttp",
    "alembic",
    "argon2",
    "docx",
    "numpy",
    "onnxruntime",
    "PIL",
    "pypdfium2",
    "reportlab",
    "scipy",
)
MOST_S = 20.0  # on a machine where others work; `make bench-start` measures on a calm one


def test_a_start_loads_no_library_that_only_some_requests_need():
    code = f"import sys, brightline.doors.service.serve; print(sorted(set({LATER!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_answers_soon_and_ends_in_order(tmp_path):
    setting = tmp_path / "brightline.toml"
    setting.write_text("[service]\nport = 0\n")
    began = time.monotonic()
    with subprocess.Popen(
        [str(BRIGHTLINE), "serve", "--home", str(tmp_path / "home"), "--settings", str(setting)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = process.stderr.readline()
        with urllib.request.urlopen(f"{said[said.index('http://') :].strip()}healthz", timeout=10) as answer:
            assert answer.status == 200
        assert time.monotonic() - began < MOST_S
        process.terminate()
        assert process.wait(60) == 0
