"""The gate as a step of a pipeline: exit codes arrive whole, reports are there, and no file name runs as a command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
WEIGHTS = b"\x02\0\0\0\0\0\0\0{}"
EVIL = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."


def step(tmp_path, paths, **more):
    """Run the step as a runner does, with `brightline` on its path."""
    out, summary = tmp_path / "out", tmp_path / "summary.md"
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "GITHUB_OUTPUT": str(out),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GATE_PATHS": "\n".join(paths),
        "GATE_INSTALL": "",
    }
    done = subprocess.run(
        ["bash", str(ROOT / "tools" / "gate_step.sh")],
        cwd=tmp_path,
        env={**environment, **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done, out.read_text() if out.exists() else "", summary.read_text() if summary.exists() else ""


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "toy"}')
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Toy\n")
    return folder


@pytest.mark.parametrize(
    ("made", "more", "code"),
    [
        ({}, {}, 0),
        ({"model.pkl": EVIL}, {}, 1),
        (
            {"README.md": b"# Toy\n", "model.safetensors": WEIGHTS},
            {"GATE_OPTIONS": "--fail-on-warn"},
            2,
        ),
        ({"model.safetensors": b"\x93\x01\xff\0" * 64}, {}, 3),
        ({"model.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"}, {}, 3),
        ({}, {"GATE_OPTIONS": "--no-such-option"}, 4),
        ({}, {"GATE_POLICY": "no/such-pack"}, 4),
    ],
)
def test_each_exit_code_arrives(tmp_path, model, made, more, code):
    for name, data in made.items():
        (model / name).write_bytes(data)
    done, out, summary = step(tmp_path, ["model"], **more)
    assert done.returncode == code, done.stdout + done.stderr
    assert out == f"exit-code={code}\n"
    if code < 4:
        assert json.loads((tmp_path / "brightline" / "gate.json").read_bytes())["exit"] == code
        assert "Brightline gate" in summary


def test_the_code_quality_report_is_what_gitlab_reads(tmp_path, model):
    (model / "model.pkl").write_bytes(EVIL)
    step(tmp_path, ["model"])
    issues = json.loads((tmp_path / "brightline" / "gl-code-quality.json").read_bytes())
    assert {"model/model.pkl"} <= {issue["location"]["path"] for issue in issues}
    for issue in issues:
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["description"]
        assert issue["check_name"]
        assert issue["location"]["lines"]["begin"] == 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@pytest.mark.parametrize("name", ["$(touch pwned)", "`touch pwned`", "; touch pwned", "--help", "a b"])
def test_no_name_runs_as_a_command(tmp_path, model, name):
    model.rename(tmp_path / name)
    done, _, _ = step(tmp_path, [name])
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "pwned").exists()


def test_the_hook_judges_what_is_committed(tmp_path):
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
    local = {
        "repo": "local",
        "hooks": [{**hook, "language": "system", "args": ["--home", str(tmp_path / "home")]}],
    }
    work = tmp_path / "work"
    work.mkdir()
    (work / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [local]}))
    (work / "model.pkl").write_bytes(EVIL)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
    }

    def ran(*words):
        return subprocess.run(
            words, cwd=work, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    assert ran("git", "init", "-q").returncode == 0
    assert ran("git", "add", "-A").returncode == 0
    bad = ran("pre-commit", "run", "--all-files")
    assert bad.returncode == 1
    assert "model-runs-code" in bad.stdout


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "deploy/pipelines/github-workflow.yml"),
    ],
)
def test_the_files_fit_the_runners_schemas(schema, file):
    done = subprocess.run(
        [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", schema, str(ROOT / file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_component_names_what_the_step_writes():
    spec, job = yaml.safe_load_all((ROOT / "deploy/pipelines/gitlab-component.yml").read_text())
    given = {f"GATE_{name.upper()}" for name in spec["spec"]["inputs"]} - {"GATE_STAGE"}
    assert set(job["brightline-gate"]["variables"]) == given
    script = (ROOT / "tools" / "gate_step.sh").read_text()
    for report in job["brightline-gate"]["artifacts"]["reports"].values():
        assert Path(report).name in script
