"""Examinations, packs and random expressions that the tests of the policy room share."""

from collections.abc import Mapping, Sequence

import hypothesis.strategies as st

from brightline.core.finding import Basis, Detail, Examination, Finding
from brightline.core.harm import Harm
from brightline.core.subject import (
    Audience,
    Context,
    Declaration,
    Facts,
    Gap,
    GapKind,
    Kind,
)
from brightline.core.words import Words
from brightline.policy.load import parse_pack
from brightline.policy.pack import Pack

WHY = Words(en="a reason", zh="原因")
TIME = "2026-11-23T12:00:00Z"
CLAIMS = ("aigc.mark", "text.hidden", "known.match", "Ünïcode 声明")
DETECTORS = ("provenance.aigc", "text.unicode")
KEYS = ("verdict", "label", "count")
VALUES = ("not_found", "compliant", "1", "-3", "0.5", "", "A声B")
PARTS = ("", "0", "0/1")


def finding(claim: str = "aigc.mark", **more: object) -> Finding:
    details = more.pop("details", {})
    assert isinstance(details, Mapping)
    fields = {"detector": "provenance.aigc", "basis": Basis.PROOF, "probability": 1.0, "why": WHY, **more}
    return Finding(
        claim=claim, details=tuple(Detail(str(k), str(v)) for k, v in sorted(details.items())), **fields
    )  # type: ignore[arg-type]


def gap(source: str = "intake", kind: GapKind = GapKind.FAILED, part: str = "") -> Gap:
    return Gap(source=source, kind=kind, why=WHY, part=part)


def examination(
    findings: Sequence[Finding] = (),
    gaps: Sequence[Gap] = (),
    *,
    kind: Kind = Kind.PNG,
    time: str = TIME,
    parts: tuple[Facts, ...] = (),
    declared: Declaration = Declaration.NONE,
    audience: Audience = Audience.PUBLIC,
) -> Examination:
    return Examination(
        facts=Facts(digest="a" * 64, size_bytes=10, kind=kind, name="n.png", characters=3, parts=parts),
        context=Context(time=time, declared=declared, audience=audience),
        findings=tuple(findings),
        gaps=tuple(gaps),
        detectors="d" * 64,
    )


def rule_yaml(when: str, action: str = "review", rule: str = "r", more: str = "") -> str:
    """One rule; its condition as a literal block."""
    condition = "\n".join(f"      {line}" for line in when.splitlines())
    return f"""
  - id: {rule}
    when: |
{condition}
    action: {action}
    severity: low
    grounds: [{{law: House rules, article: "1", standing: house}}]
    message: {{en: A message., zh: 一条消息。}}
    cases:
      - {{name: yes, expect: {{matches: true}}}}
      - {{name: no, expect: {{matches: false}}}}
{more}"""


def pack_yaml(*rules: str, name: str = "house/test", more: str = "") -> str:
    """A whole pack of rules from `rule_yaml`."""
    return f"""pack: {name}
version: 1.0
title: {{en: Test, zh: 测试}}
jurisdiction: HOUSE
about: {{en: For tests., zh: 供测试。}}
{more}
rules:{"".join(rules)}
"""


def pack_of(text: str, name: str = "test.yaml") -> Pack:
    """The pack of a YAML text, which must be a good one."""
    loaded = parse_pack(text.encode(), name)
    assert loaded.pack is not None, "\n".join(map(str, loaded.problems))
    return loaded.pack


def one_rule(when: str, action: str = "review", more: str = "") -> Pack:
    return pack_of(pack_yaml(rule_yaml(when, action, more=more)))


# Random examinations.

findings_strategy = st.builds(
    lambda claim, detector, basis, probability, harm, details, part: finding(
        claim,
        detector=detector,
        basis=basis,
        probability=probability,
        harm=harm,
        details=details,
        part=part,
    ),
    st.sampled_from(CLAIMS),
    st.sampled_from(DETECTORS),
    st.sampled_from(list(Basis)),
    st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]),
    st.sampled_from([None, Harm.FRAUD_AI, Harm.RUMOUR]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3),
    st.sampled_from(PARTS),
)
gaps_strategy = st.builds(
    gap, st.sampled_from(["intake", *DETECTORS]), st.sampled_from(list(GapKind)), st.sampled_from(PARTS)
)
TIMES = ("2026-11-23T12:00:00Z", "2024-02-29T23:59:59.5+08:00", "2031-01-01T00:00:00Z", "yesterday")
examinations = st.builds(
    lambda findings, gaps, kind, time, declared, audience: examination(
        findings, gaps, kind=kind, time=time, declared=declared, audience=audience
    ),
    st.lists(findings_strategy, max_size=5),
    st.lists(gaps_strategy, max_size=2),
    st.sampled_from([Kind.PNG, Kind.TEXT, Kind.MP4, Kind.EMPTY]),
    st.sampled_from(TIMES),
    st.sampled_from(list(Declaration)),
    st.sampled_from(list(Audience)),
)
