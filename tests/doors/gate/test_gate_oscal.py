"""OSCAL assessment results: read by compliance-trestle, true to the report, the same bytes each time; and the gate where no network is."""

import json
import shutil
import subprocess
import sys
import warnings

import msgspec
import pytest

from brightline.core.words import Words
from brightline.doors.gate.oscal import as_oscal
from brightline.governance.checks import CheckResult, Nature, Status
from brightline.governance.controls import control_of, controls
from brightline.governance.report import GateReport, TargetReport, Verdict, read_report

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from trestle.oscal.assessment_results import Model


def result(rule, status, check="scan", **more):
    return CheckResult(check=check, rule=rule, status=status, title=Words("a title", "标题"), why=Words(f"why  {rule}\n", "原因"), digest="0" * 64, **more)  # fmt: skip


def report_with(*results, **more):
    target = TargetReport(
        name="model", nature=Nature.MODEL, digest="a" * 64, files=2, size_bytes=10, verdict=Verdict.FAILED, results=results
    )  # fmt: skip
    base = GateReport(
        version=1, tool="0.1.0", made="2026-11-24T12:00:00Z", verdict=Verdict.FAILED, exit=1, policies=("house/default",), policy="b" * 64,
        detectors="c" * 64, targets=(target,),
    )  # fmt: skip
    return msgspec.structs.replace(base, **more)


def valid(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Model.model_validate_json(data)
    return json.loads(data)["assessment-results"]


def findings_of(document):
    return {one["target"]["target-id"]: one["target"]["status"]["state"] for one in document["results"][0]["findings"]}  # fmt: skip


def test_a_control_is_satisfied_only_where_nothing_failed_and_nothing_is_open():
    document = valid(
        as_oscal(
            report_with(
                result("house/default#model-runs-code", Status.FAIL), result("signature#holds", Status.PASS, "signature"), result("licence#known", Status.WARN, "licence"),
                result("dataset#poison.trigger", Status.UNDECIDED, "dataset"), result("dataset#personal", Status.WAIVED, "dataset", waiver="W-1"),
            ), "en",
        )
    )  # fmt: skip
    assert findings_of(document) == {
        "vetted-artefacts": "not-satisfied", "signed-artefacts": "satisfied", "licences": "satisfied", "unpoisoned-data": "not-satisfied", "personal-data": "satisfied",
    }  # fmt: skip
    told = document["results"][0]["observations"]
    assert len(told) == 4  # all but the plain pass
    assert "W-1" in {prop["value"] for one in told for prop in one["props"]}


def test_the_same_report_gives_the_same_bytes_and_another_another():
    one = report_with(result("a#b", Status.FAIL))
    assert as_oscal(one, "en") == as_oscal(one, "en")
    assert as_oscal(one, "en") != as_oscal(msgspec.structs.replace(one, made="2026-11-24T12:00:01Z"), "en")
    assert "原因" in as_oscal(one, "zh").decode()


@pytest.mark.parametrize(
    "report",
    [report_with(), report_with(targets=(), problems=("no such path",)), report_with(result("x", Status.FAIL), result("x", Status.FAIL)),
     report_with(result("odd \u202e\x07 rule", Status.FAIL, path="a\nb"))],
)  # fmt: skip
def test_odd_reports_stay_valid(report):
    document = valid(as_oscal(report, "en"))
    ids = [one["uuid"] for one in document["results"][0].get("observations", ())]
    assert len(ids) == len(set(ids))


def test_every_result_has_a_control_and_ids_are_tokens():
    names = [one.id for one in controls()]
    assert len(names) == len(set(names))
    assert all(name.replace("-", "").isalpha() for name in names)
    assert all(one.zh and one.maps for one in controls())
    assert control_of(result("anything", Status.PASS, "unheard-of")).id == "vetted-artefacts"


def test_the_command_writes_it_and_the_gate_needs_no_network(tmp_path):
    """The same verdict, exit code and bytes of results in a namespace that has no route anywhere."""
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:  # fmt: skip
        pytest.skip("this kernel gives no network namespace to plain users")
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "toy"}', "utf-8")
    (model / "weights.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    seen = []
    for number, before in enumerate(([], alone)):
        out = tmp_path / f"{number}.json"
        words = [
            sys.executable,
            "-m",
            "brightline",
            "gate",
            model,
            "--home",
            tmp_path / f"home{number}",
        ]
        words += ["--output", f"json={out}", "--output", f"oscal={tmp_path / f'{number}.oscal.json'}"]
        ran = subprocess.run(
            [*before, *map(str, words)], capture_output=True, text=True, timeout=200, check=False
        )
        report = read_report(out.read_bytes())
        assert ran.returncode == report.exit, ran.stderr
        valid((tmp_path / f"{number}.oscal.json").read_bytes())
        seen.append(
            (ran.returncode, report.verdict, [(one.rule, one.status, one.path) for _, one in report.results])
        )
    assert seen[0] == seen[1]
    assert seen[0][0] == 1
