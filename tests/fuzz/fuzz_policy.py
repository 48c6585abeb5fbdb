"""Coverage-guided fuzzing of the policy room: packs, expressions, recorded policies, the list of harms.

`fuzzing.py` has the command line. Anything but a `PolicyError` is a crash, and so is a problem that points outside of
the pack, a pack without problems whose rules do not come into force, and a decision that a gap or a finding softens.
"""

import contextlib
from functools import cache
from pathlib import Path

import atheris
import fuzzing

with atheris.instrument_imports(include=["brightline.policy"]):
    from brightline.core.errors import PolicyError
    from brightline.core.subject import Facts, Kind
    from brightline.core.wire import canonical
    from brightline.policy.decide import Policy, compile_policy, policy_bytes, policy_from_bytes
    from brightline.policy.harms import read_harms
    from brightline.policy.language.errors import EvaluationError, ExpressionError
    from brightline.policy.language.expression import condition
    from brightline.policy.language.lexer import tokens
    from brightline.policy.load import parse_pack
    from brightline.policy.rows import environment
    from brightline.policy.source import refusal
    from brightline.policy.testing import run_cases

from policy_parts import examination, finding, gap, pack_yaml, rule_yaml

POLICIES = Path(__file__).parents[2] / "src" / "brightline" / "policies"
EXAMINATIONS = (
    examination(),
    examination([finding(), finding("text.hidden", details={"count": "3", "verdict": ""}, probability=0.5)]),
    examination(
        [finding("known.match", details={"bank": "b"})] * 3, [gap(), gap("text.unicode", part="0/1")]
    ),
    examination(kind=Kind.ZIP, time="never", parts=(Facts(digest="b" * 64, size_bytes=1, kind=Kind.JPEG),)),
)
STEPS = (
    "findings.exists(f, f.claim == 'aigc.mark' && f.details['verdict'] == 'not_found')",
    "size(findings.filter(f, f.probability >= 0.5)) > 1 || gaps.exists(g, g.kind == 'limit')",
    "subject.kind in ['png', 'jpeg'] && context.time >= timestamp('2026-07-15T00:00:00+08:00')",
    "findings.exists(f, has(f.details.count) ? int(f.details['count']) > 2 : f.part.matches('^0/[0-9]+$'))",
    "'text.hidden' in findings.map(f, f.claim) && r'\\d' != \"\\u58f0\\n\" && -1.5e3 < 2.0 && 0x1F % 3 == 1",
)


def pack(data: bytes) -> None:
    """A pack's file: read it, and where it is whole put it in force, run its cases and decide."""
    loaded = parse_pack(data, "fuzz.yaml")
    lines = loaded.source.text.count("\n") + 1
    for problem in loaded.problems:
        assert 1 <= problem.line <= lines + 1
        assert problem.column >= 1
    if loaded.pack is None:
        assert str(refusal(loaded.problems))
        return
    with contextlib.suppress(PolicyError):  # an overlay without the pack that it tightens
        policy = compile_policy([loaded.pack])
        run_cases(loaded.pack)
        decide(policy)


def decide(policy: Policy) -> None:
    """Decide, twice the same; one more gap softens nothing; what the ledger keeps gives the policy back."""
    for seen in EXAMINATIONS:
        decision = policy.decide(seen)
        assert canonical(policy.decide(seen)) == canonical(decision)
        more = policy.decide(examination(seen.findings, [*seen.gaps, gap()], kind=seen.facts.kind))
        if seen.context.time != "never":
            assert more.action >= decision.action
    assert policy_from_bytes(policy_bytes(policy)).digest == policy.digest


def expression(data: bytes) -> None:
    """One condition: refused with its place, or compiled; then it holds, does not, or says why it cannot tell."""
    source = data.decode("utf-8", "replace")
    try:
        compiled = condition.__wrapped__(source)
    except ExpressionError as error:
        assert 0 <= error.start <= error.end <= len(source) + 1  # noqa: PT017 - no test of pytest
        return
    for seen in EXAMINATIONS:
        for holds in (compiled.holds, compiled.holds_strictly):
            with contextlib.suppress(EvaluationError):
                assert holds(environment(seen)) in {True, False}


def lexer(data: bytes) -> None:
    """Tokens of a source come in order and do not overlap."""
    source = data.decode("utf-8", "replace")
    with contextlib.suppress(ExpressionError):
        last = 0
        for token in tokens(source):
            assert last <= token.start <= token.end <= len(source)
            last = token.end


def record(data: bytes) -> None:
    """A policy as a ledger keeps it."""
    with contextlib.suppress(PolicyError):
        decide(policy_from_bytes(data))


def harms(data: bytes) -> None:
    """A list of harms."""
    with contextlib.suppress(PolicyError):
        read_harms(data.decode("utf-8", "replace"), "fuzz.yaml")


TARGETS: dict[str, fuzzing.Target] = {
    "pack": pack,
    "expression": expression,
    "lexer": lexer,
    "record": record,
    "harms": harms,
}


def seeds(name: str) -> list[bytes]:
    """Shipped packs, their conditions, and small ones."""
    small = [pack_yaml(rule_yaml(step)).encode() for step in STEPS]
    match name:
        case "pack":
            return small + shipped()
        case "record":
            return [
                policy_bytes(compile_policy([parse_pack(data, "x").pack]))
                for data in small
                if _is_whole(data)
            ]
        case "harms":
            return [(POLICIES / "harms.yaml").read_bytes()]
        case _:
            return [step.encode() for step in STEPS] + conditions()


@cache
def shipped() -> list[bytes]:
    """The packs that ship."""
    return [path.read_bytes() for path in sorted(POLICIES.glob("*/*.yaml"))]


def conditions() -> list[bytes]:
    """The conditions of all shipped rules."""
    packs = [parse_pack(data, "x").pack for data in shipped()]
    return [rule.when.encode() for one in packs if one is not None for rule in one.rules]


def _is_whole(data: bytes) -> bool:
    return parse_pack(data, "x").pack is not None


if __name__ == "__main__":
    fuzzing.main(TARGETS, seeds)
