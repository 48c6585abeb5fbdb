"""The report in the forms that pipelines read: JSON, SARIF 2.1.0, JUnit XML, GitHub annotations, GitLab code quality, Markdown, OSCAL."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from brightline.core.decision import Severity
from brightline.core.wire import canonical
from brightline.doors.gate.oscal import as_oscal
from brightline.governance.checks import CheckResult, Status
from brightline.governance.report import GateReport, TargetReport, Verdict

_LEVELS = {
    Status.PASS: "none",
    Status.WAIVED: "note",
    Status.WARN: "warning",
    Status.UNDECIDED: "warning",
    Status.FAIL: "error",
}
_SCORES = {Severity.LOW: "3.0", Severity.MEDIUM: "5.0", Severity.HIGH: "8.0", Severity.CRITICAL: "9.5"}
_COMMANDS = {Status.FAIL: "error", Status.UNDECIDED: "error", Status.WARN: "warning", Status.WAIVED: "notice"}
_GRAVITIES = {
    Severity.LOW: "minor",
    Severity.MEDIUM: "major",
    Severity.HIGH: "critical",
    Severity.CRITICAL: "blocker",
}
_MILDER = {Status.UNDECIDED: "major", Status.WARN: "minor", Status.WAIVED: "info"}
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_json(report: GateReport, language: str) -> bytes:  # noqa: ARG001 - every writer is called alike
    """The report itself."""
    return canonical(report) + b"\n"


def as_sarif(report: GateReport, language: str) -> bytes:
    """SARIF 2.1.0: one run, one result a thing that is not a pass, waivers as suppressions, stable fingerprints."""
    telling = [(target, one) for target, one in report.results if one.status is not Status.PASS]
    rules = {one.rule: one for _, one in telling}
    run = {
        "tool": {
            "driver": {
                "name": "Brightline",
                "version": report.tool,
                "rules": [_sarif_rule(rule, one, language) for rule, one in rules.items()],
            }
        },
        "invocations": [
            {"executionSuccessful": report.verdict is not Verdict.UNDECIDED, "exitCode": report.exit}
        ],
        "results": [_sarif_result(target, one, language) for target, one in telling],
    }
    return msgspec.json.encode({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def as_junit(report: GateReport, language: str) -> bytes:
    """JUnit XML: one suite a target, one case a result; undecided is an error, a waived one is skipped with its id."""
    root = ET.Element("testsuites", name="brightline gate")
    for target in report.targets:
        counts = {status: sum(one.status is status for one in target.results) for status in Status}
        suite = ET.SubElement(
            root, "testsuite", name=_clean(target.name), tests=str(len(target.results)),
            failures=str(counts[Status.FAIL]), errors=str(counts[Status.UNDECIDED]), skipped=str(counts[Status.WAIVED]),
        )  # fmt: skip
        for one in target.results:
            _case(suite, one, language)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def as_annotations(report: GateReport, language: str) -> bytes:
    """GitHub workflow commands, one a line."""
    return "".join(f"{line}\n" for line in _annotations(report, language)).encode()


def as_markdown(report: GateReport, language: str) -> bytes:
    """A summary for `$GITHUB_STEP_SUMMARY`: the verdict, then every result that is not a pass."""
    lines = [
        f"## Brightline gate: {report.verdict.value}",
        "",
        "| status | rule | file | why |",
        "|---|---|---|---|",
    ]
    for target, one in report.results:
        if one.status is not Status.PASS:
            waiver = f" (waiver {one.waiver})" if one.waiver else ""
            cells = (
                f"{one.status.value}{waiver}",
                one.rule,
                f"{target.name} {one.path}",
                one.why.in_language(language),
            )
            lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    lines += ["", *(f"- {problem}" for problem in report.problems)]
    for target in report.targets:
        place = f"entry {target.receipt.index} of `{target.receipt.origin}`" if target.receipt else ""
        lines.append(f"- `{_cell(target.name)}` sha256 `{target.digest}`: {target.verdict.value}, {place}")
    return ("\n".join(lines) + "\n").encode()


def as_gitlab(report: GateReport, language: str) -> bytes:
    """GitLab's code-quality report: one issue a result that is not a pass, at the file's first line."""
    issues = [
        {
            "description": f"{one.why.in_language(language)}{f' (waiver {one.waiver})' if one.waiver else ''}"
            or one.rule,
            "check_name": one.rule,
            "fingerprint": one.fingerprint,
            "severity": _GRAVITIES[one.severity] if one.status is Status.FAIL else _MILDER[one.status],
            "location": {"path": _place(target, one).as_posix(), "lines": {"begin": 1}},
        }
        for target, one in report.results
        if one.status is not Status.PASS
    ]
    return msgspec.json.encode(issues)


WRITERS: dict[str, Callable[[GateReport, str], bytes]] = {
    "json": as_json,
    "sarif": as_sarif,
    "junit": as_junit,
    "github": as_annotations,
    "gitlab": as_gitlab,
    "markdown": as_markdown,
    "oscal": as_oscal,
}


def write_outputs(report: GateReport, outputs: dict[str, Path], language: str) -> list[str]:
    """Write each form to its file; a form that fails is told and changes nothing of the verdict."""
    failed = []
    for form, file in outputs.items():
        try:
            data = WRITERS[form](report, language)
            with file.open("ab" if form == "markdown" else "wb") as stream:
                stream.write(data)
        except Exception as error:
            failed.append(f"the output {form} could not be written to `{file}`: {error}")
    return failed


def _sarif_rule(rule: str, one: CheckResult, language: str) -> dict[str, Any]:
    return {
        "id": rule,
        "shortDescription": {"text": one.title.in_language(language)},
        "help": {"text": "; ".join(f"{ground.law}, {ground.article}" for ground in one.grounds) or rule},
        "properties": {"security-severity": _SCORES[one.severity]},
    }


def _sarif_result(target: TargetReport, one: CheckResult, language: str) -> dict[str, Any]:
    place = _place(target, one)
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "level": _LEVELS[one.status],
        "message": {"text": one.why.in_language(language) or one.rule},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": _uri(place)}, "region": {"startLine": 1}}}
        ],
        "partialFingerprints": {"brightline/v1": one.fingerprint},
        "properties": {"status": one.status.value, "sha256": one.digest},
    }
    if one.waiver:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": f"waiver {one.waiver}"}
        ]
    return result


def _place(target: TargetReport, one: CheckResult) -> Path:
    return Path(target.name, one.path) if one.path not in {"", "."} else Path(target.name)


def _case(suite: ET.Element, one: CheckResult, language: str) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=one.check, name=_clean(f"{one.rule} {one.path}".strip())
    )
    why = _clean(one.why.in_language(language))
    tags = {Status.FAIL: "failure", Status.UNDECIDED: "error", Status.WAIVED: "skipped"}
    if one.status in tags:
        message = f"waiver {one.waiver}: {why}" if one.waiver else why
        ET.SubElement(case, tags[one.status], message=message)
    elif one.status is Status.WARN:
        ET.SubElement(case, "system-out").text = why


def _annotations(report: GateReport, language: str) -> Iterator[str]:
    for problem in report.problems:
        yield f"::error title=brightline::{_escaped(problem)}"
    for target, one in report.results:
        if one.status in _COMMANDS:
            file = _escaped(str(Path(target.name, one.path)), in_property=True)
            title = _escaped(f"{one.rule} {one.waiver}".strip(), in_property=True)
            yield f"::{_COMMANDS[one.status]} file={file},title={title}::{_escaped(one.why.in_language(language))}"


def _escaped(text: str, *, in_property: bool = False) -> str:
    """What GitHub's runner asks for, so that no file name can start a command of its own."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text


def _uri(place: Path) -> str:
    from urllib.parse import quote

    return quote(place.as_posix())


def _cell(text: str) -> str:
    return _clean(" ".join(text.replace("|", "\\|").replace("<", "&lt;").split()))


def _clean(text: str) -> str:
    """Without characters that XML 1.0 forbids."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")
