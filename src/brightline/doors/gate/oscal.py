"""The gate's report as OSCAL assessment results, for the tools of auditors.

Source: NIST OSCAL 1.2.1, assessment-results model. The same report gives the same bytes: identifiers are derived, not drawn.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from brightline.governance.checks import CheckResult, Status
from brightline.governance.controls import Control, control_of
from brightline.governance.report import GateReport, TargetReport

OSCAL = "1.2.1"
NAMESPACE = "https://brightline.dev/ns/oscal"
_IDS = uuid.UUID("0b1c6a0e-3f0b-5b57-8a51-7a2c9a5f1d10")  # of what we name
_REASONS = {Status.PASS: "pass", Status.WAIVED: "other", Status.WARN: "pass", Status.UNDECIDED: "other", Status.FAIL: "fail"}  # fmt: skip


def as_oscal(report: GateReport, language: str) -> bytes:
    """Assessment results: one result a target; an observation each thing told, a finding each control.

    A control is satisfied where all its results pass, warn or are waived; what is undecided satisfies nothing.
    """
    plan = _id("policy", report.policy)
    document = {
        "uuid": _id("report", msgspec.json.encode(report).hex()),
        "metadata": {
            "title": f"Brightline gate: {report.verdict.value}",
            "last-modified": report.made,
            "version": report.tool,
            "oscal-version": OSCAL,
        },
        "import-ap": {"href": f"#{plan}"},
        "results": [_result(report, target, language) for target in report.targets] or [_nothing(report)],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": "Policy packs in force",
                    "description": ", ".join(report.policies),
                    "rlinks": [
                        {"href": "policy", "hashes": [{"algorithm": "SHA-256", "value": report.policy}]}
                    ],
                }
            ]
        },
    }
    return msgspec.json.format(msgspec.json.encode({"assessment-results": document})) + b"\n"


def _result(report: GateReport, target: TargetReport, language: str) -> dict[str, Any]:
    by_control: dict[str, list[CheckResult]] = {}
    known: dict[str, Control] = {}
    for one in target.results:
        control = control_of(one)
        known[control.id] = control
        by_control.setdefault(control.id, []).append(one)
    told = {
        name: [_observation(report, target, one, number, language) for number, one in _telling(results)]
        for name, results in by_control.items()
    }
    found = {
        "uuid": _id("result", target.name, target.digest),
        "title": target.name,
        "description": f"{target.nature.value}, {target.files} files, {target.size_bytes} bytes, SHA-256 {target.digest}",
        "start": report.made,
        "end": report.made,
        "props": _props(_facts(target)),
        "reviewed-controls": _reviewed(known),
        "findings": [_finding(target, known[name], results, told[name], language) for name, results in by_control.items()],
    }  # fmt: skip
    if observations := [one for some in told.values() for one in some]:
        found["observations"] = observations
    if not found["findings"]:
        del found["findings"]
    return found


def _nothing(report: GateReport) -> dict[str, Any]:
    """No target could be looked at: OSCAL wants a result all the same, and it satisfies nothing."""
    return {
        "uuid": _id("nothing", report.made),
        "title": report.verdict.value,
        "description": "; ".join(report.problems) or "no target",
        "start": report.made,
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
    }


def _reviewed(known: Mapping[str, Control]) -> dict[str, Any]:
    if not known:
        return {"control-selections": [{"include-all": {}}]}
    return {"control-selections": [{"include-controls": [{"control-id": name} for name in sorted(known)]}]}


def _finding(
    target: TargetReport, control: Control, results: Sequence[CheckResult], told: Sequence[Mapping[str, Any]], language: str
) -> dict[str, Any]:  # fmt: skip
    worst = max((one.status for one in results), key=lambda status: status.rank)
    holds = worst not in {Status.FAIL, Status.UNDECIDED}
    maps = [("maps-to", f"{one.framework} {one.control}", one.standing) for one in control.maps]
    found: dict[str, Any] = {
        "uuid": _id("finding", target.digest, target.name, control.id),
        "title": control.words.in_language(language),
        "description": f"{len(results)} results, the worst of them: {worst.value}",
        "props": _props(maps),
        "target": {
            "type": "objective-id",
            "target-id": control.id,
            "status": {"state": "satisfied" if holds else "not-satisfied", "reason": _REASONS[worst]},
        },
    }
    if told:
        found["related-observations"] = [{"observation-uuid": one["uuid"]} for one in told]
    return found


def _observation(
    report: GateReport, target: TargetReport, one: CheckResult, number: int, language: str
) -> dict[str, Any]:
    facts = [("status", one.status.value, ""), ("rule", one.rule, ""), ("severity", one.severity.value, "")]
    facts += [("path", one.path, "")] if one.path else []
    facts += [("waiver", one.waiver, "")] if one.waiver else []
    facts += [
        ("measured", f"{m.name} {m.value:g} [{m.low:g}, {m.high:g}] {m.unit}", "") for m in one.measurements
    ]
    return {
        "uuid": _id("observation", target.digest, target.name, one.fingerprint, str(number)),
        "title": one.title.in_language(language) or one.rule,
        "description": one.why.in_language(language) or one.title.in_language(language) or one.rule,
        "props": _props(facts),
        "methods": ["TEST"],
        "types": ["finding"],
        "collected": report.made,
    }


def _facts(target: TargetReport) -> Iterable[tuple[str, str, str]]:
    yield "verdict", target.verdict.value, ""
    yield "digest", target.digest, ""
    if target.receipt is not None:
        yield "ledger", target.receipt.origin, ""
        yield "ledger-entry", str(target.receipt.index), ""
        yield "ledger-leaf", target.receipt.leaf, ""


def _props(facts: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    """Named facts in our namespace; a value of OSCAL has no space at its ends and no line end."""
    made = []
    for name, value, kind in facts:
        words = " ".join(value.split())
        if words:
            made.append({"name": name, "ns": NAMESPACE, "value": words} | ({"class": kind} if kind else {}))
    return made


def _id(*parts: str) -> str:
    """A version 5 UUID of what it names, which OSCAL takes beside version 4."""
    return str(uuid.uuid5(_IDS, "\n".join(parts)))


def _telling(results: Iterable[CheckResult]) -> list[tuple[int, CheckResult]]:
    """What is not a plain pass, numbered, since two results may claim the same of one file."""
    return [
        (number, one)
        for number, one in enumerate(results)
        if one.status is not Status.PASS or one.measurements
    ]
