"""The examples and the demo: each file gets the action that its table states, offline, and a second run resumes."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SIZE_LIMIT_BYTES = 6 * 1024 * 1024  # of the whole folder
TIME_LIMIT_S = 60
ROW = re.compile(
    r"^\| (?P<file>[\w./-]+) \| .+ \| (?P<action>allow|label|review|block) \| (?P<source>.+) \|$",
    re.MULTILINE,
)

# Our own filter with `connect` and `execve` allowed, which a shell and a fork server need: no socket but AF_UNIX can be
# made in this process or in any that it starts, so there is nothing to connect.
OFFLINE = """
import os, socket, sys
import msgspec
from brightline.examine import sandbox
io_uring = 425
sandbox._MACHINES = {
    name: msgspec.structs.replace(machine, refused=(io_uring,)) for name, machine in sandbox._MACHINES.items()
}
if not sandbox.deny_network():
    sys.exit(77)
try:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)
except PermissionError:
    os.execvp(sys.argv[1], sys.argv[1:])
sys.exit(78)
"""


def stated():
    """File to action, as examples/README.md has it."""
    return {row["file"]: row["action"] for row in ROW.finditer((EXAMPLES / "README.md").read_text("utf-8"))}


def run_demo(folder):
    """Run demo.sh without any network."""
    bin_folder = Path(sys.executable).parent
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, "bash", str(EXAMPLES / "demo.sh"), str(folder)],
        capture_output=True,
        text=True,
        timeout=280,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("BRIGHTLINE_")},
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
        },
        check=False,
    )
    if done.returncode == 77:
        pytest.skip("this kernel or container allows no seccomp filter")
    return done, time.monotonic() - began


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done, seconds = run_demo(folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder, done, seconds


def answers(folder):
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text("utf-8").splitlines()]


def test_each_example_gets_the_action_that_its_table_states(demo):
    folder, _, _ = demo
    decided = {one["name"].removeprefix("examples/"): one["action"] for one in answers(folder)}
    assert decided == stated()


def test_every_file_of_the_folder_has_a_row_and_every_row_a_file():
    files = {str(path.relative_to(EXAMPLES)) for path in tracked()}
    assert files == {*stated()}


def tracked():
    return [path for path in EXAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_the_demo_ends_with_decisions_by_action_the_report_and_a_verified_ledger(demo):
    folder, done, _ = demo
    lines = done.stdout.splitlines()
    actions = [*stated().values()]
    counts = [f"{action:<7} {actions.count(action)}" for action in ("block", "review", "label", "allow")]
    assert lines[-6:] == [*counts, f"report: {folder}/report.html", "ledger verified"]
    assert (folder / "report.html").stat().st_size > 100_000


def test_the_demo_explains_verifies_and_recomputes(demo):
    _, done, _ = demo
    count = len(stated())
    assert "house/default#hidden-instructions" in done.stdout
    assert f"ledger verified: {count} entries" in done.stdout
    assert re.search(rf"^verified: .*: {count} entries", done.stdout, re.MULTILINE)
    assert f"{count} decisions recomputed, 0 differ" in done.stdout


def test_the_demo_is_done_within_its_minute(demo):
    _, _, seconds = demo
    assert seconds < TIME_LIMIT_S * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_a_second_run_resumes_and_adds_nothing(demo):
    folder, _, _ = demo
    before = {path: path.read_bytes() for path in (folder / "ledger").rglob("*") if path.is_file()}
    done, _ = run_demo(folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert f"{len(stated())} already in the ledger" in done.stdout + done.stderr
    after = {path: path.read_bytes() for path in (folder / "ledger").rglob("*") if path.is_file()}
    assert after == before


def test_a_demo_whose_scan_fails_does_not_end_well(tmp_path):
    brightline = tmp_path / "bin/brightline"
    brightline.parent.mkdir()
    brightline.write_text("#!/bin/sh\nexit 2\n")
    brightline.chmod(0o755)
    done = subprocess.run(
        ["bash", str(EXAMPLES / "demo.sh"), str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PATH": f"{brightline.parent}:{os.environ['PATH']}"},
        check=False,
    )
    assert done.returncode == 2
    assert "ledger verified" not in done.stdout


def test_the_examples_stay_small():
    assert sum(path.stat().st_size for path in tracked()) < SIZE_LIMIT_BYTES


def test_hosts_in_the_examples_are_reserved_for_documentation():
    real = {
        "cv.iptc.org",
        "iptc.org",
        "ns.adobe.com",
        "www.tc260.org.cn",
        "www.w3.org",
        "www.paypal.com",
        "pypi.org",
    }
    for path in tracked():
        if path.suffix in {
            ".jpg",
            ".png",
            ".webp",
            ".mp4",
            ".gif",
            ".flac",
            ".pptx",
            ".docx",
            ".xlsx",
            ".zip",
        }:
            continue
        for host in re.findall(r"https?://([^/\s\"'<>)]+)", path.read_bytes().decode("utf-8", "replace")):
            known = re.fullmatch(r"(?:.*\.)?(?:example(?:\.com|\.org|\.net)?|test)|203\.0\.113\.\d+", host)
            assert known or host in real, f"{path.name}: {host}"


def test_what_is_made_is_made_again_byte_for_byte(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the folder is scanned: it stays as it is
    monkeypatch.setattr(sys, "path", [*sys.path])  # the module adds to it
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, data in module.derived().items():
        assert data == (EXAMPLES / name).read_bytes(), f"{name} differs: run examples/make_examples.py"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_is_sound_bash():
    assert subprocess.run(["bash", "-n", str(EXAMPLES / "demo.sh")], check=False).returncode == 0
