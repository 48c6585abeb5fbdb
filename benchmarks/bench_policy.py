"""Policy evaluations a second: our closures against the official CEL (cel-cpp, `cel-expr-python`), in one run.

Both evaluate the conditions of one 20-rule pack on the same 200 examinations; an evaluation is one condition on one
examination. The rules of the pack are checked to give the same value on both sides first. The last row is a whole
decision: rows, all rules, gaps, witnesses, digests.

    .venv/bin/python benchmarks/bench_policy.py [--seconds 3] [--json]
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from typing import Any

import msgspec
from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from brightline.core.decision import Action, Ground, Severity, Standing
from brightline.core.finding import Basis, Detail, Examination, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Audience, Context, Declaration, Facts, Gap, GapKind, Kind
from brightline.core.words import Words
from brightline.policy.decide import Policy, compile_policy
from brightline.policy.language.errors import EvaluationError
from brightline.policy.pack import Pack, Rule
from brightline.policy.rows import environment

TARGET = 10.0  # times as fast as the official binding
EXAMINATIONS = 200
SEED = 20261123
CONDITIONS = (
    "findings.exists(f, f.claim == 'aigc.mark' && f.basis != 'estimate' && f.details['label'] == '1')",
    "findings.exists(f, f.claim == 'aigc.mark' && f.details['verdict'] == 'not_found') && context.declared == 'ai_generated'",
    "findings.exists(f, f.claim == 'synthetic.image' && f.probability >= 0.9) && subject.media == 'image'",
    "context.audience == 'public' && findings.exists(f, f.claim == 'aigc.mark' && f.details['verdict'] == 'noncompliant')",
    "findings.exists(f, f.claim == 'text.hidden' && f.harm == 'prompt_injection' && f.basis in ['proof', 'match'])",
    "findings.exists(f, f.claim == 'text.bidi')",
    "findings.exists(f, f.claim in ['text.confusable', 'link.imitates_brand'] && f.probability >= 0.7)",
    "findings.exists(f, f.claim == 'link.mismatch' && f.details['brand'].startsWith('example'))",
    "findings.exists(f, f.claim == 'mail.sender_mismatch') && findings.exists(g, g.claim == 'link.imitates_brand')",
    "findings.exists(f, f.claim == 'mail.authentication' && f.details['result'].matches('^(fail|softfail)$'))",
    "findings.exists(f, f.claim == 'known.match' && f.basis == 'match' && int(f.details['distance']) <= 8)",
    "size(findings.filter(f, f.claim == 'personal.id' && 'type' in f.details)) >= 3",
    "findings.exists(f, f.claim == 'personal.id' && f.details['country'] == 'CN') && context.audience == 'public'",
    "findings.exists(f, f.claim == 'origin.c2pa' && f.details['integrity'] == 'broken')",
    "findings.exists(f, f.claim == 'origin.ai_declared') && context.declared == 'not_ai'",
    "gaps.exists(g, g.kind in ['timeout', 'crash']) && subject.size_bytes > 1000000",
    "subject.kind in ['pickle', 'torch'] && context.channel == 'upload'",
    "findings.exists(f, f.harm in ['fraud_ai', 'impersonation_voice'] && f.probability >= 0.8)",
    "context.time >= timestamp('2026-08-02T00:00:00Z') && findings.exists(f, f.claim == 'mark.explicit' && f.details['verdict'] == 'not_found')",
    "findings.exists(f, f.claim == 'aigc.mark' && gaps.exists(g, g.part == f.part))",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=3.0, help="of measuring, each side")
    options.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    chosen = options.parse_args()
    print(report(chosen.seconds, as_json=chosen.json))


def report(seconds: float, *, as_json: bool) -> str:
    """The measurements, as a table or as JSON."""
    policy, examinations = compile_policy([pack()]), subjects()
    agree(policy, examinations)
    official = official_evaluator(examinations)
    runs = [  # interleaved, so that a busy neighbour slows both sides
        (rate(lambda: ours(policy, examinations), seconds / 3), rate(official, seconds / 3)) for _ in range(3)
    ]
    batch = len(CONDITIONS) * len(examinations)
    our_rate = sorted(run[0] for run in runs)[1] * batch
    their_rate = sorted(run[1] for run in runs)[1] * batch
    simple = rate(official_simply(examinations), seconds / 3) * batch
    decisions = rate(lambda: [policy.decide(examined) for examined in examinations], seconds / 3)
    figures = {
        "policy_evaluations_per_s": round(our_rate),
        "cel_expr_python_evaluations_per_s": round(their_rate),
        "cel_expr_python_one_dict_a_call_per_s": round(simple),
        "times_as_fast": round(our_rate / their_rate, 1),
        "target": TARGET,
        "decisions_per_s": round(decisions * len(examinations)),
    }
    if as_json:
        return json.dumps(figures)
    return "\n".join(
        (
            f"{'policy: 20 rules, 200 examinations':44}{'evaluations/s':>14}",
            f"{'  our closures':44}{figures['policy_evaluations_per_s']:>14,}",
            f"{'  cel-expr-python (official CEL, C++)':44}{figures['cel_expr_python_evaluations_per_s']:>14,}",
            f"{'  the same, a dictionary with each call':44}{figures['cel_expr_python_one_dict_a_call_per_s']:>14,}",
            f"{'  ours to the faster of them (target 10)':44}{figures['times_as_fast']:>14}",
            f"{'  whole decisions/s, digests included':44}{figures['decisions_per_s']:>14,}",
        )
    )


def rate(run: Callable[[], object], seconds: float) -> float:
    """How often a second `run` runs, by this process's CPU clock."""
    run()
    rounds, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        run()
        rounds += 1
    return rounds / spent


def ours(policy: Policy, examinations: list[Examination]) -> None:
    """Rows are made for each examination: that is part of the price."""
    conditions = [rule.condition.holds for rule in policy.rules]
    for examined in examinations:
        env = environment(examined)
        for holds in conditions:
            try:
                holds(env)
            except EvaluationError:
                continue


def official_evaluator(examinations: list[Examination]) -> Callable[[], None]:
    """The same for the official binding, in its fastest form: one activation an examination, shared by all rules."""
    compiled, data = official_conditions(), [activation(examined) for examined in examinations]
    environment = official_environment()

    def run() -> None:
        for values in data:
            shared = environment.Activation(values)
            for condition in compiled:
                condition.eval(shared).value()

    return run


def official_simply(examinations: list[Examination]) -> Callable[[], None]:
    """The official binding as its documentation shows it, a dictionary with each call."""
    compiled, data = official_conditions(), [activation(examined) for examined in examinations]

    def run() -> None:
        for values in data:
            for condition in compiled:
                condition.eval(data=values).value()

    return run


def agree(policy: Policy, examinations: list[Examination]) -> None:
    """Both sides give the same values, or the figures compare nothing."""
    compiled = official_conditions()
    for examined in examinations:
        env, data = environment(examined), activation(examined)
        for rule, condition in zip(policy.rules, compiled, strict=True):
            value = condition.eval(data=data)
            theirs = None if value.type() == cel.Type.ERROR else value.value()
            try:
                mine = rule.condition.holds(env)
            except EvaluationError:
                mine = None
            if mine is not theirs:
                raise SystemExit(f"{rule.active.name}: ours {mine}, official {theirs}")


def official_environment() -> Any:
    record = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    variables = {
        "subject": record,
        "context": record,
        "findings": cel.Type.List(record),
        "gaps": cel.Type.List(record),
        "now": cel.Type.TIMESTAMP,  # the binding takes no times inside maps
    }
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings()])


def official_conditions() -> list[Any]:
    environment = official_environment()
    return [environment.compile(source.replace("context.time", "now")) for source in CONDITIONS]


def activation(examined: Examination) -> dict[str, Any]:
    from datetime import datetime

    plain = msgspec.to_builtins(examined)
    facts, context = examined.facts, plain["context"]
    return {
        "subject": {**plain["facts"], "media": facts.kind.media.value, "parts": len(facts.parts)},
        "context": {name: value for name, value in context.items() if name != "time"},
        "findings": [
            {
                **{name: item[name] for name in ("detector", "claim", "basis", "probability", "part")},
                "harm": item["harm"] or "",
                "details": {detail["name"]: detail["value"] for detail in item["details"]},
            }
            for item in plain["findings"]
        ],
        "gaps": [{name: item[name] for name in ("source", "kind", "part")} for item in plain["gaps"]],
        "now": datetime.fromisoformat(context["time"]),
    }


def pack() -> Pack:
    """The 20 conditions as a pack."""
    ground = Ground(law="House rules", article="1", standing=Standing.HOUSE)
    words = Words(en="benchmark", zh="基准")
    rules = tuple(
        Rule(
            id=f"r{index}",
            when=when,
            action=Action.REVIEW,
            severity=Severity.LOW,
            grounds=(ground,),
            message=words,
        )
        for index, when in enumerate(CONDITIONS)
    )
    return Pack(id="house/bench", version="1", title=words, jurisdiction="HOUSE", about=words, rules=rules)


def subjects() -> list[Examination]:
    """Examinations with 0 to 9 findings of the kinds that detectors make."""
    draw = random.Random(SEED)
    return [subject(draw) for _ in range(EXAMINATIONS)]


def subject(draw: random.Random) -> Examination:
    kind = draw.choice([Kind.PNG, Kind.JPEG, Kind.TEXT, Kind.EMAIL, Kind.PICKLE])
    return Examination(
        facts=Facts(
            digest=f"{draw.getrandbits(256):064x}", size_bytes=draw.randrange(4_000_000), kind=kind, name="n"
        ),
        context=Context(
            channel=draw.choice(["upload", "mail"]),
            audience=draw.choice(list(Audience)),
            declared=draw.choice(list(Declaration)),
            time=draw.choice(["2026-11-23T12:00:00Z", "2026-01-01T00:00:00Z"]),
        ),
        findings=tuple(claim(draw) for _ in range(draw.randrange(10))),
        gaps=tuple(
            Gap(source="intake", kind=draw.choice(list(GapKind)), why=Words(en="gap", zh="缺口"))
            for _ in range(draw.random() < 0.1)
        ),
        detectors="0" * 64,
    )


DETAILS: dict[str, dict[str, list[str]]] = {
    "aigc.mark": {"verdict": ["compliant", "noncompliant", "not_found"], "label": ["1", "2", ""]},
    "mark.explicit": {"verdict": ["found", "not_found"]},
    "synthetic.image": {},
    "text.hidden": {"kind": ["tags", "zero_width"]},
    "text.confusable": {"kind": ["mixed"]},
    "link.imitates_brand": {"brand": ["example"], "host": ["examp1e.test"]},
    "link.mismatch": {"brand": ["example", "other"]},
    "mail.sender_mismatch": {},
    "mail.authentication": {"result": ["pass", "fail", "softfail"]},
    "known.match": {"distance": ["0", "12", "31"], "bank": ["b"]},
    "personal.id": {"type": ["cn_id"], "country": ["CN", "FR"]},
    "origin.c2pa": {"integrity": ["whole", "broken"]},
}


def claim(draw: random.Random) -> Finding:
    name = draw.choice(list(DETAILS))
    return Finding(
        detector="bench.detector",
        claim=name,
        basis=draw.choice(list(Basis)),
        probability=draw.random(),
        harm=draw.choice([None, *Harm]),
        why=Words(en="because", zh="因为"),
        details=tuple(Detail(key, draw.choice(values)) for key, values in sorted(DETAILS[name].items())),
    )


if __name__ == "__main__":
    main()
