"""What the language refuses at load, with the place and the words that an author reads."""

import pytest

from brightline.policy.language import limits
from brightline.policy.language.errors import ExpressionError
from brightline.policy.language.expression import condition
from brightline.policy.language.parser import parse
from brightline.policy.language.typecheck import typecheck

REFUSED = [
    # Characters and tokens.
    "subject.kind = 'png'",
    "subject.kind == 'png' & true",
    "subject.kind == 'png' | true",
    "subject.kind == 'png",
    'subject.kind == "png',
    "{'a': 1}",
    "subject.size_bytes > 3u",
    "true // always",
    "subject.name == '\\q'",
    "subject.name == '\\ud800'",
    "subject.name == '\\U00110000'",
    "subject.name == #",
    "subject.size_bytes > 9223372036854775808",
    "subject.size_bytes > 0x",
    # Grammar.
    "",
    "true true",
    "(true",
    "[1, 2",
    "[]",
    "subject.",
    "subject..kind",
    "subject.name.contains('a'",
    "null",
    "if",
    "!-true",
    "-!true",
    "has(subject)",
    "has(subject.kind, 1)",
    "findings.exists(f)",
    "findings.exists(1, true)",
    "findings.exists(f, true, true)",
    "1 +",
    "true ? 1",
    # Names and fields.
    "finding.exists(f, true)",
    "subject.knd == 'png'",
    "subject.kind.word == 'png'",
    "findings.exists(f, f.clam == 'aigc.mark')",
    "sizes(findings) > 0",
    "subject.name.upperAscii() == 'A'",
    "subject.name.size('x') > 0",
    "startsWith(subject.name, 'a')",
    "size(3) > 0",
    "string(0.5) == '0.5'",
    "has(subject.kind)",
    "subject['kind'] == 'png'",
    "findings['a'].claim == 'x'",
    "findings.exists(f, f.details[1] == 'x')",
    "findings.exists(f, f.map(g, true))",
    "subject.name.exists(f, true)",
    "findings.exists(findings, true)",
    "findings.exists(f, findings.exists(f, true))",
    "findings.exists(f, f.details.filter(k, true))",
    # Types.
    "subject.size_bytes == 'png'",
    "subject.size_bytes < 'png'",
    "!subject.size_bytes",
    "-subject.name == 'a'",
    "subject.size_bytes && true",
    "subject.size_bytes + 0.5 > 1.0",
    "0.5 % 0.5 > 0.0",
    "subject.name - 'a' == 'b'",
    "1 in subject.name",
    "1 in ['a']",
    "'a' in findings",
    "[1, 'a'] == [1]",
    "true ? 1 : 'a'",
    "(true ? 1 : 2) ? true : false",
    "findings.filter(f, f.claim) == 1",
    "subject == subject",
    "findings == findings",
    "findings.exists(f, f.details == f.details)",
    "findings.exists(f, f.details < f.details)",
    "subject.size_bytes",
    "findings.map(f, f.claim)",
    # Words of closed sets.
    "findings.exists(f, f.basis == 'prof')",
    "findings.exists(f, 'prof' == f.basis)",
    "findings.exists(f, f.basis in ['proof', 'match', 'estimated'])",
    "subject.kind == ''",
    "subject.media != 'picture'",
    "findings.exists(f, f.harm == 'fraud')",
    "findings.exists(f, f.basis >= 'match')",
    "'not-a-word' in findings.map(f, f.basis)",
    "gaps.exists(g, g.kind == 'missed')",
    # Constants that would fail on every examination.
    "context.time < timestamp('tomorrow')",
    "context.time < timestamp('2026-02-30T00:00:00Z')",
    "context.time - context.time < duration('3 days')",
    "int('three') == 3",
    "double('half') == 0.5",
    # Patterns.
    "subject.name.matches('(')",
    "subject.name.matches('(a)\\\\1')",
    "subject.name.matches(subject.digest)",
    "subject.name.matches('" + "a" * 257 + "')",
    "subject.name.matches('((((a{99}){99}){99}){99})')",
    # Size.
    "subject.name == '" + "a" * (limits.MAX_LITERAL + 1) + "'",
    "true || " * 700 + "true",
    "(" * 40 + "true" + ")" * 40,
    "!" * 40 + "true",
    "1" + "+1" * 40 + " > 0",
    "1 in [" + "1," * 130 + "1]",
    "true && " * 401 + "true",
    "findings.exists(a, findings.exists(b, findings.exists(c, gaps.exists(d, true))))",
    "findings.exists(a, findings.exists(b, findings.exists(c, a.part == b.part)))",
    # Growth.
    "!findings.exists(f, f.claim == 'aigc.mark')",
    "size(findings) == 0",
    "size(findings) != 1",
    "size(findings) < 1",
    "0 >= size(gaps)",
    "size(findings) > size(gaps)",
    "size(findings) - 1 > 0",
    "size(findings) + 1 > 1",
    "findings.all(f, f.basis == 'proof')",
    "findings.exists_one(f, f.basis == 'proof')",
    "findings[0].claim == 'aigc.mark'",
    "size(findings) > 0 ? true : false",
    "findings.map(f, f.claim) == ['aigc.mark']",
    "size(findings) in [1, 2]",
    "[size(findings)] == [1]",
    "findings.map(f, size(gaps))[0] > 1",
    "findings.filter(f, !gaps.exists(g, g.part == f.part)).exists(f, true)",
    "findings.exists(f, !(f.claim == 'a' || gaps.exists(g, g.part == f.part)))",
    "size(findings.map(f, gaps.exists(g, g.part == f.part))) > 1",
    "size(findings.filter(f, f.details['k'] == 'v')) > 1",
    "size(findings.filter(f, f.details.k == 'v')) > 1",
    "'v' in findings.map(f, f.details['k'])",
    "size(findings.filter(f, int(f.part) > 1)) > 1",
    "size(findings.filter(f, size(f.part) + 1 > 1)) > 1",
    "size(findings.filter(f, -size(f.part) > 1)) > 1",
    "size(findings.filter(f, context.time > timestamp('2026-01-01T00:00:00Z'))) > 1",
    "size(findings.filter(f, ('k' in f.details || true) && f.details['k'] == 'v')) > 1",
    "size(findings.filter(f, 'j' in f.details && f.details['k'] == 'v')) > 1",
    "size(findings.filter(f, has(f.details.k) ? f.details.j == 'v' : true)) > 1",
    "size(findings.filter(f, has(f.details.k) ? true : f.details.k == 'v')) > 1",
    "size(findings.filter(f, f.details.k == 'v' ? true : false)) > 1",
    "size(findings.filter(f, has([f][0].details.k) && [f][0].details.k == 'v')) > 1",
    "double(size(findings)) > 0.5",
    "-size(findings) < 0",
]


def refusal(source: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        condition(source)
    return caught.value


@pytest.mark.parametrize("source", REFUSED)
def test_a_refused_expression_names_a_place_inside_itself(source: str) -> None:
    error = refusal(source)
    assert 0 <= error.start < error.end <= len(source) + 1
    assert error.message
    assert not error.message.endswith(".")


def test_golden_the_words_of_every_refusal(golden) -> None:
    lines = []
    for source in REFUSED:
        error = refusal(source)
        if len(source) < 120:
            lines += [source, " " * error.start + "^" * (error.end - error.start), error.message, ""]
        else:
            lines += [f"{source[:40]}...", error.message, ""]
    golden("policy/expressions.txt", "\n".join(lines))


def test_a_pattern_that_would_need_much_memory_is_refused_and_not_compiled() -> None:
    assert "RE2" in refusal("subject.name.matches('((((a{99}){99}){99}){99})')").message


def test_what_is_refused_as_a_condition_can_still_be_a_well_typed_expression() -> None:
    typecheck(parse("size(findings) == 0"))


@pytest.mark.parametrize(
    "source",
    [
        "['a', 'b'].exists(k, k == subject.name) && ['a'].all(k, k != '') && [1].exists_one(k, k == 1)",
        "[1, 2].map(k, k + 1) == [2, 3] && size([1].filter(k, k > 0)) == 1",
        "'a' in [['a'], ['b']][0] || subject.name in ['x'] || 'b' in (true ? ['a'] : ['b'])",
        "(true ? findings : findings.filter(f, f.claim == 'a')).exists(f, f.part == '')",
        "size(findings) + size(gaps) >= 3 || size(findings) > subject.parts || 3 <= gaps.size()",
        "subject.kind == 'png' ? findings.exists(f, f.claim in ['a', subject.name]) : size(gaps) > 1",
        "findings.exists(f, f.claim in ['a', 'b'] || f.claim == 'c')",
        "findings.exists(f, f.details.all(k, k != 'x') && gaps.exists(g, g.part == f.part))",
        "'aigc.mark' in findings.map(f, f.claim) && findings.filter(f, f.claim == 'a').exists(g, g.part == '0')",
        "size(findings.filter(f, 'k' in f.details && (has(f.details.j) && f.details.j == f.details['k']))) >= 1",
        "size(findings.filter(f, (has(f.details.k) && 'j' in f.details) && f.details.k == f.details.j)) >= 1",
        "size(findings.filter(f, has(f.details.k) ? f.details.k == 'v' : f.probability * 2.0 > 1.0)) >= 1",
        "size(findings.filter(f, -f.probability < 0.0 && f.claim.contains('a') && !f.part.matches('^x'))) >= 1",
    ],
)
def test_conditions_that_only_grow_are_accepted(source: str) -> None:
    assert condition(source).source == source
