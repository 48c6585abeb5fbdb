"""Packs from YAML: what loads, what is refused, and where the message points."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from policy_parts import one_rule, pack_of, pack_yaml, rule_yaml

from brightline.core.decision import Action, AigcStatus, Standing
from brightline.core.errors import PolicyError
from brightline.core.subject import Declaration, GapKind, Kind, Media, Role
from brightline.policy import load
from brightline.policy.check import check_pack
from brightline.policy.claims import unknown_claims
from brightline.policy.decide import compile_policy, policy_bytes, policy_from_bytes
from brightline.policy.document import MAX_DEPTH, DocumentError, Table, Text, read_document
from brightline.policy.language.parser import parse
from brightline.policy.load import load_pack, parse_pack
from brightline.policy.offsets import offsets
from brightline.policy.packs import find_pack, load_packs, shipped
from brightline.policy.source import Source, refusal

GOOD = """\
pack: cn/labelling
version: 2026.10
title: {en: Labelling, zh: 标识}
jurisdiction: CN
about:
  en: What the Measures ask.
  zh: 标识办法的要求。
utc_offset: "+08:00"
requires:
  - {detector: provenance.aigc, media: [image], kinds: [markdown]}
rules:
  - id: suspected
    when: >-
      findings.exists(f, f.claim == 'aigc.mark'
        && f.details['verdict'] == 'not_found')
      && subject.media == 'image'
    action: label
    severity: medium
    aigc: suspected
    effective: {from: 2025-09-01, until: 2027-01-01}
    grounds: [{law: Labelling Measures, article: "Art. 6(1)", standing: seen, as_of: 2026-09-17}]
    message: {en: Suspected., zh: 疑似生成合成。}
    cases:
      - name: a picture without a mark
        subject: {kind: png, size_bytes: 7, name: "", role: attachment, characters: 3, parts: 2, digest: abc}
        context: {declared: not_ai, audience: internal, time: "2026-01-01T00:00:00Z", channel: mail, actor: a, tenant: t, parent: p}
        findings: [{claim: aigc.mark, basis: match, probability: 0.5, harm: rumour, part: "0", detector: d, details: {verdict: not_found, b: ""}}]
        gaps: [{source: intake, kind: timeout, part: "1"}, {}]
        expect: {matches: true, action: review, aigc: suspected}
      - name: nothing
        expect: {matches: false, action: allow}
"""


def problems(text: str | bytes, name: str = "pack.yaml") -> str:
    data = text if isinstance(text, bytes) else text.encode()
    loaded = parse_pack(data, name)
    assert loaded.pack is None
    return "\n".join(map(str, loaded.problems))


def test_a_good_pack_loads_with_every_field() -> None:
    pack = pack_of(GOOD)
    (rule,) = pack.rules
    first, second = rule.cases
    assert (pack.id, pack.version, pack.jurisdiction, pack.utc_offset) == (
        "cn/labelling",
        "2026.10",
        "CN",
        480,
    )
    assert (pack.requires[0].media, pack.requires[0].kinds) == ((Media.IMAGE,), (Kind.MARKDOWN,))
    assert (rule.action, rule.aigc, rule.grounds[0].standing) == (
        Action.LABEL,
        AigcStatus.SUSPECTED,
        Standing.SEEN,
    )
    assert rule.when.startswith("findings.exists(f, f.claim == 'aigc.mark'\n  &&")
    facts, context = first.examination.facts, first.examination.context
    assert (facts.kind, facts.size_bytes, facts.role, facts.characters, len(facts.parts)) == (
        Kind.PNG,
        7,
        Role.ATTACHMENT,
        3,
        2,
    )
    assert (context.declared, context.channel, context.parent) == (Declaration.NOT_AI, "mail", "p")
    assert first.examination.findings[0].detail("verdict") == "not_found"
    assert first.examination.findings[0].probability == 0.5
    assert [gap.kind for gap in first.examination.gaps] == [GapKind.TIMEOUT, GapKind.FAILED]
    assert (second.matches, second.action, second.examination.facts.kind) == (False, Action.ALLOW, Kind.TEXT)


MISTAKES = {
    "a key is misspelt": GOOD.replace("severity:", "severty:"),
    "a key is unknown": GOOD.replace("requires:", "zebra:"),
    "a key is given twice": GOOD.replace("    action: label\n", "    action: label\n    action: block\n"),
    "a language is missing": GOOD.replace(
        "message: {en: Suspected., zh: 疑似生成合成。}", "message: {en: Suspected.}"
    ),
    "a text is empty": GOOD.replace("title: {en: Labelling,", "title: {en: '  ',"),
    "a text is null": GOOD.replace("title: {en: Labelling,", "title: {en: null,"),
    "a date is none": GOOD.replace("2025-09-01", "2025-09-31"),
    "a span is backwards": GOOD.replace("2027-01-01", "2025-01-01"),
    "an id is no id": GOOD.replace("id: suspected", "id: Suspected Content"),
    "a version is none": GOOD.replace("2026.10", "v2"),
    "an offset is none": GOOD.replace('"+08:00"', "Asia/Shanghai"),
    "an offset is too far": GOOD.replace('"+08:00"', '"+15:00"'),
    "an action is unknown": GOOD.replace("action: label\n", "action: labell\n"),
    "an action is allow": GOOD.replace("action: label\n", "action: allow\n"),
    "a status is unknown": GOOD.replace("aigc: suspected\n", "aigc: confirm\n"),
    "a standing is unknown": GOOD.replace("standing: seen", "standing: remembered"),
    "no grounds": GOOD.replace(
        '[{law: Labelling Measures, article: "Art. 6(1)", standing: seen, as_of: 2026-09-17}]', "[]"
    ),
    "a mapping is a list": GOOD.replace("{en: Labelling, zh: 标识}", "[Labelling, 标识]"),
    "a list is a text": GOOD.replace("media: [image]", "media: image"),
    "a text is a list": GOOD.replace("id: suspected", "id: [suspected]"),
    "a case expects nothing": GOOD.replace("        expect: {matches: false, action: allow}\n", ""),
    "a case expects maybe": GOOD.replace("matches: true", "matches: maybe"),
    "no case that does not match": GOOD.replace("matches: false, action: allow", "matches: true"),
    "no cases at all": GOOD[: GOOD.index("    cases:")],
    "an offset is no time of day": GOOD.replace('"+08:00"', '"+08:75"'),
    "a condition is a list": pack_yaml(rule_yaml("true")).replace("when: |\n      true", "when: [true]"),
    "two cases of one name": GOOD.replace("name: nothing", "name: a picture without a mark"),
    "a kind is unknown": GOOD.replace("kind: png,", "kind: pgn,"),
    "a probability is none": GOOD.replace("probability: 0.5", "probability: high"),
    "a probability is too much": GOOD.replace("probability: 0.5", "probability: 1.5"),
    "a number is quoted": GOOD.replace("size_bytes: 7", 'size_bytes: "7"'),
    "a number is a list": GOOD.replace("size_bytes: 7", "size_bytes: [7]"),
    "details are a list": GOOD.replace('details: {verdict: not_found, b: ""}', "details: [verdict]"),
    "a time is a date": GOOD.replace('"2026-01-01T00:00:00Z"', "2026-01-01"),
    "a rule comes twice": GOOD + GOOD[GOOD.index("  - id:") :],
    "no rules": GOOD[: GOOD.index("rules:")],
    "rules are empty": GOOD[: GOOD.index("rules:")] + "rules: []\n",
    "raises without a pack below": GOOD + "raise: [{rule: cn/base#x, action: block}]\n",
    "raises a rule without its pack": GOOD + "tightens: cn/base\nraise: [{rule: x, action: block}]\n",
    "memory alone blocks": GOOD.replace("standing: seen", "standing: memory").replace(
        "action: label\n", "action: block\n"
    ),
    "an anchor": GOOD.replace("title: {", "title: &t {"),
    "an alias": GOOD.replace("title: {en: Labelling, zh: 标识}", "title: *t"),
    "a tag": GOOD.replace("id: suspected", "id: !!str suspected"),
    "a python tag": GOOD.replace("id: suspected", "id: !!python/object/apply:os.system [ls]"),
    "a merge key": GOOD.replace("pack: cn/labelling\n", "pack: cn/labelling\n<<: {a: b}\n"),
    "a key that is a list": GOOD.replace("version: 2026.10", "[a]: b"),
    "two documents": GOOD + "---\npack: b\n",
    "a tab": GOOD.replace("  en: What", "\ten: What"),
    "an open bracket": GOOD.replace("media: [image]", "media: [image"),
    "a control character": GOOD.replace("Labelling,", "Label\x07ling,"),
    "an empty file": "",
    "a list": "- a\n",
    "a word": "pack\n",
    "folded: a misspelt word": GOOD.replace("== 'not_found'", "== 'not_found' && f.basis == 'prof'"),
    "folded: on the first line": GOOD.replace("f.claim ==", "f.clam =="),
    "folded: on the last line": GOOD.replace("'image'", "'imag'"),
    "folded: over two lines": GOOD.replace("findings.exists", "!findings.exists"),
    "folded: at the end": GOOD.replace("subject.media == 'image'", "subject.media =="),
    "literal": pack_yaml(rule_yaml("subject.kind == 'png'\n  && findings.exists(f,\n    f.basis == 'prof')")),
    "plain": pack_yaml(rule_yaml("true")).replace(
        "when: |\n      true", "when: findings.exists(f, f.basis == 'prof')"
    ),
    "plain over two lines": pack_yaml(rule_yaml("true")).replace(
        "when: |\n      true", "when: findings.exists(f,\n      f.basis == 'prof')"
    ),
    "single quotes": pack_yaml(rule_yaml("true")).replace(
        "when: |\n      true", "when: 'findings.exists(f, f.claim == ''a'' && f.basis == ''prof'')'"
    ),
    "double quotes": pack_yaml(rule_yaml("true")).replace(
        "when: |\n      true",
        'when: "findings.exists(f, f.claim == \\"\\u0061\\" && \\\n      f.basis == \'prof\')"',
    ),
    "after 中文": pack_yaml(rule_yaml("findings.exists(f, f.claim == '声明' && f.basis == 'prof')")),
    "a long line": pack_yaml(
        rule_yaml("true && " * 30 + "findings.exists(f, f.basis == 'prof')" + " && true" * 20)
    ),
}


def test_golden_the_words_of_every_mistake(golden) -> None:
    shown = [f"# {name}\n{problems(text)}\n" for name, text in MISTAKES.items()]
    golden("policy/mistakes.txt", "\n".join(shown))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_a_place_in_the_file(name: str) -> None:
    text = MISTAKES[name]
    for problem in parse_pack(text.encode(), "pack.yaml").problems:
        lines = text.split("\n")
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@pytest.mark.parametrize("name", [name for name in MISTAKES if "prof" in MISTAKES[name]])
def test_a_mistake_inside_a_condition_is_marked_under_the_word_itself(name: str) -> None:
    text = MISTAKES[name]
    (problem,) = parse_pack(text.encode(), "pack.yaml").problems
    line = text.split("\n")[problem.line - 1]
    assert line[problem.column - 1 :].lstrip("'\"").startswith("prof")


def test_an_offset_is_written_as_a_time_or_as_z() -> None:
    assert pack_of(GOOD.replace('"+08:00"', "Z")).utc_offset == 0
    assert pack_of(GOOD.replace('"+08:00"', '"-08:30"')).utc_offset == -510


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    assert pack_of(GOOD.replace("\n", "\r\n")) == pack_of(GOOD)
    assert pack_of("\ufeff" + GOOD) == pack_of(GOOD)


def test_bombs_are_refused_before_they_grow() -> None:
    laughs = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(50))
    assert "anchors" in problems(laughs)
    assert f"{MAX_DEPTH} levels" in problems("[" * 5_000)
    assert "values" in problems("[" + "a," * 60_000 + "a]")
    assert "KiB" in problems(b"#" * (load.MAX_BYTES + 1))
    assert "UTF-8" in problems(b"pack: \xff\xfe")
    assert "at most 500" in problems(pack_yaml(*(["\n  - {}"] * 501)))
    assert "at most 4000" in problems(GOOD.replace("Suspected.", "S" * 4_001))
    case = "      - {name: x, expect: {matches: true}}\n"
    assert "at most 100" in problems(GOOD + case * 101)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot read pack"):
        load_pack(tmp_path / "none.yaml")
    with pytest.raises(PolicyError, match="cannot read pack"):
        check_pack(tmp_path)


def test_loading_shows_all_mistakes_at_once_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(GOOD.replace("severity:", "severty:").replace("f.claim", "f.clam"), "utf-8")
    with pytest.raises(PolicyError) as caught:
        load_pack(path)
    assert str(caught.value).count("pack.yaml:") == 3
    many = refusal([Source("f", "x").problem("wrong", 0, 1)] * 30)
    assert str(many).endswith("... and 10 more")


def test_checking_warns_of_claims_that_no_card_lists(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(pack_yaml(rule_yaml("findings.exists(f, f.claim == 'nobody.claims_this')")), "utf-8")
    (warning,) = check_pack(path)
    assert warning.warning
    assert "nobody.claims_this" in str(warning)
    assert "warning: " in str(warning)
    assert load_pack(path).id == "house/test"


def test_a_misspelt_claim_is_told_its_neighbour() -> None:
    tree = parse("findings.exists(f, f.claim in ['aigc.mark', 'aigc.mrak'] && f.part == 'x')")
    (unknown,) = unknown_claims(tree, frozenset({"aigc.mark", "text.hidden"}))
    assert unknown.message == "no shipped detector claims `aigc.mrak`; did you mean `aigc.mark`?"


def test_a_good_pack_has_no_problems(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(pack_yaml(rule_yaml("subject.kind == 'png'")), "utf-8")
    assert check_pack(path) == []


# Finding packs.


def test_packs_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    assert "house/default" in shipped()
    assert find_pack("house/default").name == "default.yaml"
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, "utf-8")
    assert find_pack(str(path)) == path
    assert [pack.id for pack in load_packs(["house/default", str(path)])] == ["house/default", "cn/labelling"]


def test_an_unknown_pack_is_told_its_neighbour() -> None:
    with pytest.raises(PolicyError, match="did you mean `house/default`"):
        find_pack("house/defualt")


def test_no_pack_and_the_same_pack_twice_are_refused() -> None:
    with pytest.raises(PolicyError, match="no pack is named"):
        load_packs([])
    with pytest.raises(PolicyError, match="twice"):
        load_packs(["house/default", "house/default"])


# From a place in a value to a place in the file.

PIECES = st.text(st.sampled_from("ab'\"\\ #:中\t"), max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    style=st.sampled_from(["|", ">", "|-", ">-", "plain", "'", '"']),
    words=st.lists(
        st.text(st.sampled_from("xyz&|'\"\\中()"), min_size=1, max_size=5), min_size=1, max_size=12
    ),
    breaks=st.lists(st.sampled_from([" ", "  ", "\n", "\n\n", "\n  "]), min_size=12, max_size=12),
)
def test_every_character_of_a_value_is_found_in_the_file(
    style: str, words: list[str], breaks: list[str]
) -> None:
    body = "".join(word + gap for word, gap in zip(words, breaks, strict=False)).strip()
    text = f"k:\n  when: {written(style, body)}\n  z: end\n"
    try:
        tree = read_document(text)
    except DocumentError:
        return  # some bodies are no plain scalars
    value = _when(tree)
    if value is None:
        return
    places = offsets(text, value.start, value.end, value.value)
    assert len(places) == len(value.value) + 1
    assert places == sorted(places)
    for character, place in zip(value.value, places, strict=False):
        if not character.isspace() and not (style == '"' and text[place] == "\\"):
            assert text[place] == character


def written(style: str, body: str) -> str:
    indented = body.replace("\n", "\n      ")
    match style:
        case "plain":
            return indented
        case "'":
            return "'" + indented.replace("'", "''") + "'"
        case '"':
            return '"' + indented.replace("\\", "\\\\").replace('"', '\\"').replace("中", "\\u4e2d") + '"'
        case _:
            return f"{style} # a comment\n      {indented}"


def _when(tree: object) -> Text | None:
    assert isinstance(tree, Table)
    inner = tree.entries["k"][1]
    if not isinstance(inner, Table) or "when" not in inner.entries:
        return None
    value = inner.entries["when"][1]
    return value if isinstance(value, Text) else None


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_end_in_a_pack_or_in_problems(data: bytes) -> None:
    loaded = parse_pack(data, "x")
    assert (loaded.pack is None) == bool(loaded.problems)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), length=st.integers(0, 30), new=st.text(max_size=4))
def test_any_edit_of_a_good_pack_ends_in_a_pack_or_in_problems(at: int, length: int, new: str) -> None:
    edited = GOOD[:at] + new + GOOD[at + length :]
    loaded = parse_pack(edited.encode("utf-8", "surrogatepass"), "x")
    assert (loaded.pack is None) == bool(loaded.problems)


def test_one_rule_packs_of_the_tests_are_good() -> None:
    assert one_rule("true").rules[0].id == "r"


REMEDY = """
pack: house/remedies
version: 2026.1
title: {en: x, zh: x}
jurisdiction: HOUSE
about: {en: x, zh: x}
rules:
  - id: a
    when: findings.exists(f, f.claim == 'text.hidden')
    action: review
    severity: low
    remedy: REMEDY
    grounds: [{law: House rules, article: x, standing: house}]
    message: {en: x, zh: x}
    cases:
      - {name: y, subject: {kind: text}, findings: [{claim: text.hidden}], expect: {matches: true}}
      - {name: n, subject: {kind: text}, expect: {matches: false}}
"""


def test_a_remedy_goes_from_the_rule_into_the_decision_and_through_the_record():
    loaded = parse_pack(REMEDY.replace("REMEDY", "redact").encode(), "x")
    policy = compile_policy([loaded.pack])
    decision = policy.decide(loaded.pack.rules[0].cases[0].examination)
    assert decision.matches[0].remedy == "redact"
    assert policy_from_bytes(policy_bytes(policy)).digest == policy.digest
    without = parse_pack(REMEDY.replace("    remedy: REMEDY\n", "").encode(), "x").pack
    assert b"remedy" not in policy_bytes(compile_policy([without]))
    assert parse_pack(REMEDY.replace("REMEDY", "shout").encode(), "x").pack is None
