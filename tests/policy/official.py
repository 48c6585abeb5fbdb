"""The official CEL (cel-cpp, through its Python binding), asked the same questions as ours."""

from datetime import datetime
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from brightline.core.finding import Examination
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.values import timestamp

_RECORD = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
ENVIRONMENT = cel.NewEnv(
    variables={
        "subject": _RECORD,
        "context": _RECORD,
        "findings": cel.Type.List(_RECORD),
        "gaps": cel.Type.List(_RECORD),
        "now": cel.Type.TIMESTAMP,  # `context.time`: the binding takes no times inside maps
    },
    extensions=[ext_strings.ExtStrings()],
)
ERROR = "error"


def activation(examination: Examination) -> dict[str, Any]:
    """What a condition may ask of an examination, in the binding's own types."""
    facts, context = examination.facts, examination.context
    return {
        "subject": {
            "digest": facts.digest,
            "kind": facts.kind.value,
            "media": facts.kind.media.value,
            "size_bytes": facts.size_bytes,
            "name": facts.name,
            "role": facts.role.value,
            "characters": facts.characters,
            "parts": len(facts.parts),
        },
        "context": {
            "channel": context.channel,
            "actor": context.actor,
            "tenant": context.tenant,
            "audience": context.audience.value,
            "declared": context.declared.value,
            "parent": context.parent,
        },
        "findings": [
            {
                "detector": finding.detector,
                "claim": finding.claim,
                "harm": finding.harm.value if finding.harm else "",
                "basis": finding.basis.value,
                "probability": finding.probability,
                "part": finding.part,
                "details": {detail.name: detail.value for detail in finding.details},
            }
            for finding in examination.findings
        ],
        "gaps": [
            {"source": gap.source, "kind": gap.kind.value, "part": gap.part} for gap in examination.gaps
        ],
        **_time(context.time),
    }


def _time(text: str) -> dict[str, datetime]:
    """The time, or nothing at all where ours has an error too."""
    try:
        timestamp(text)
    except EvaluationError:
        return {}
    return {"now": datetime.fromisoformat(text)}


def evaluate(source: str, data: dict[str, Any]) -> object:
    """The value of an expression, or ERROR. (An error of the binding is an object, and a truthy one.)"""
    # Without the official checker, which knows no comparison of int with double; the values are the same.
    compiled = ENVIRONMENT.compile(source.replace("context.time", "now"), disable_check=True)
    value = compiled.eval(data=data)
    return ERROR if value.type() == cel.Type.ERROR else value.plain_value()
