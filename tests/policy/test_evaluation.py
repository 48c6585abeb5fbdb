"""Values of expressions, where the official CEL has another opinion or cannot be asked, and where a rule shows the point."""

import math

import pytest
from policy_parts import examination, finding, gap

from brightline.core.finding import Basis, Examination
from brightline.policy.language import values
from brightline.policy.language.compiler import compile_tree
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.parser import parse
from brightline.policy.language.typecheck import typecheck
from brightline.policy.rows import view

MARKED = finding(details={"verdict": "compliant", "label": "1", "count": "12"}, part="0")
HIDDEN = finding("text.hidden", basis=Basis.ESTIMATE, probability=0.25, detector="text.unicode")
EXAMINED = examination([MARKED, HIDDEN], [gap(part="0")])


def value(source: str, examined: Examination = EXAMINED) -> object:
    return compile_tree(typecheck(parse(source)))(view(examined).everything)


@pytest.mark.parametrize(
    "source",
    [
        "subject.kind == 'png' && subject.media == 'image' && subject.role == 'root'",
        "subject.size_bytes == 10 && subject.characters == 3 && subject.parts == 0 && subject.name == 'n.png'",
        "context.channel == 'cli' && context.actor == '' && context.parent == '' && context.tenant == ''",
        "context.time == timestamp('2026-11-23T20:00:00+08:00')",
        "context.time + duration('1h') > context.time",
        "duration('1h') + context.time > context.time",
        "context.time - duration('1h') < context.time",
        "duration(duration('60s')) == duration('1m') && timestamp(context.time) == context.time",
        "findings.exists(f, f.details['verdict'] == 'compliant')",
        "findings.exists(f, f.details.verdict == 'compliant')",
        "findings.exists(f, f.details[f.details['label'] == '1' ? 'verdict' : 'label'] == 'compliant')",
        "findings.exists(f, has(f.details.verdict)) && !findings.all(f, has(f.details.verdict))",
        "findings.exists(f, 'verdict' in f.details && size(f.details) == 3)",
        "findings.exists(f, f.details.exists(k, k.startsWith('ver')))",
        "findings.exists_one(f, f.basis == 'estimate')",
        "findings.exists(f, gaps.exists(g, g.part == f.part && g.kind == 'failed' && g.source == 'intake'))",
        "size(findings.filter(f, f.probability >= 0.5)) == 1",
        "findings.map(f, f.claim) == ['aigc.mark', 'text.hidden']",
        "findings.map(f, f.claim) != ['aigc.mark']",
        "'text.hidden' in findings.map(f, f.claim)",
        "[1, 2] in [[1, 2], [3, 4]] && !([1.5] in [[2.5]])",
        "1 in [1, 2] && !(3 in [1, 2]) && 1.0 in [1, 2] && 1 in [0.5, 1.0]",
        "findings[1].claim == 'text.hidden' && findings.filter(f, true)[0].claim == 'aigc.mark'",
        "findings.filter(f, f.claim == 'aigc.mark')[0].details['label'] == '1'",
        "int('12') + int(1.9) + int(3) == 16 && double('.5') == 0.5 && double(1) == 1.0 && double(0.5) == 0.5",
        "string(3) + string(true) + string(false) + string('x') == '3truefalsex'",
        "-7 / 2 == -3 && -7 % 2 == -1 && 7 % -2 == 1 && -(3) == -3 && -(0.5) == -0.5 && --3 == 3",
        "1.0 / 0.0 > 1e300 && -1.0 / 0.0 < 0.0 && 1.0 / -0.0 < 0.0 && 0.0 / 0.0 != 0.0 / 0.0 && 1.0 / 4.0 == 0.25",
        "2 < 2.5 && 2.5 > 2 && 2 == 2.0 && 3 != 2.5 && 1 <= 1.0",
        "'Ab声'.lowerAscii() == 'ab声' && size('声') == 1 && '声'.size() == 1",
        "subject.name.matches('^n[.]') && matches(subject.name, 'png$') && !subject.name.matches(r'\\d')",
        "subject.name.endsWith('.png') && subject.name.contains('.p')",
        '"\\x41\\u0042\\U00000043\\104\\n\\\\" == "ABCD\\n\\\\"',
        "true ? true : false",
        "(false || true || false) && (true && true && true) && !(true && false && true)",
        "[subject.size_bytes, 1] == [10, 1]",
        "subject.kind in ['png', 'jpeg'] && !(subject.kind in ['gif']) && subject.kind in [subject.kind]",
        "0x1F == 31 && 1.5e1 == 15.0 && .5 == 0.5",
        "'a' < 'b' && false < true && duration('1h') >= duration('60m')",
    ],
)
def test_it_holds(source: str) -> None:
    assert value(source) is True


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("findings.exists(f, f.details['nothing'] == '')", "no such key: nothing"),
        ("findings.all(f, f.details['verdict'] == 'compliant')", "no such key: verdict"),
        ("findings.exists_one(f, f.details['verdict'] == '')", "no such key: verdict"),
        ("size(findings.filter(f, f.details['verdict'] == '')) == 0", "no such key: verdict"),
        ("findings[2].claim == ''", "no position 2 in a list of 2"),
        ("findings[-1].claim == ''", "no position -1 in a list of 2"),
        ("1 / (subject.size_bytes - 10) == 0", "divide by zero"),
        ("1 % (subject.size_bytes - 10) == 0", "modulus by zero"),
        ("subject.size_bytes + 9223372036854775807 > 0", "integer overflow"),
        ("-9223372036854775808 / (subject.size_bytes - 11) > 0", "integer overflow"),
        ("-9223372036854775808 % (subject.size_bytes - 11) == 0", "integer overflow"),
        ("-(-9223372036854775807 - 1) > 0", "integer overflow"),
        ("int(subject.name) == 1", "cannot convert string to int"),
        ("double(subject.name) == 1.0", "cannot convert string to double"),
        ("int(1.0 / 0.0) == 1", "double out of int64 range"),
        ("timestamp(subject.name) == context.time", "`n.png` is no RFC 3339 time"),
        ("duration(subject.name) == duration('1h')", "`n.png` is no duration such as `90m`"),
        ("context.time + duration('80000000h') == context.time", "timestamp overflow"),
        ("duration('2000000h') + duration('2000000h') == duration('1h')", "duration overflow"),
        ("subject.size_bytes == 11 || 1 / 0 == 1 || false", "divide by zero"),
        ("subject.size_bytes == 10 && 1 / 0 == 1 && true", "divide by zero"),
        ("1 / 0 == 1 && true", "divide by zero"),
        ("(1 / 0 == 1) ? true : true", "divide by zero"),
    ],
)
def test_it_has_no_value_and_says_why(source: str, reason: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(source)
    assert str(caught.value) == reason


def test_a_clause_that_settles_the_answer_absorbs_the_error_of_another() -> None:
    assert value("1 / 0 == 1 || true") is True
    assert value("1 / 0 == 1 && false") is False
    assert value("true && 1 / 0 == 1 && false") is False
    assert value("findings.exists(f, f.details['label'] == '1')") is True
    assert value("findings.all(f, f.details['label'] == '2')") is False


def test_a_time_that_is_none_has_no_value() -> None:
    with pytest.raises(EvaluationError, match="RFC 3339"):
        value("context.time > timestamp('2026-01-01T00:00:00Z')", examination(time="today"))


def test_a_string_that_grows_too_long_has_no_value() -> None:
    doubled = "subject.name"
    for _ in range(4):
        doubled = f"({doubled} + {doubled})"
    long = examination()
    assert value(f"size({doubled}) == 80", long) is True
    with pytest.raises(EvaluationError, match="65536"):
        values.join("a" * values.MAX_STRING, "b")


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "２０２６-01-01T00:00:00Z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.1234567890Z",
    ],
)
def test_no_time_is_made_up(text: str) -> None:
    with pytest.raises(EvaluationError):
        values.timestamp(text)


def test_times_keep_their_nanoseconds() -> None:
    assert values.timestamp("1970-01-01T00:00:00.000000001Z") == 1
    assert values.timestamp("1969-12-31T23:59:59.999999999Z") == -1
    assert values.timestamp("1970-01-01T00:00:00-00:30") == 1800 * values.SECOND


@pytest.mark.parametrize("text", ["", "1", "h", "1d", "1.5", "1h 30m", "--1h", "87660001h", "١h"])
def test_no_duration_is_made_up(text: str) -> None:
    with pytest.raises(EvaluationError):
        values.duration(text)


def test_durations_add_their_units() -> None:
    assert values.duration("0") == 0
    assert values.duration("-1h30m") == -5400 * values.SECOND
    assert values.duration("1.5ms2us3ns") == 1_502_003


def test_a_not_a_number_is_equal_to_nothing_not_even_inside_a_list() -> None:
    assert values.equal([math.nan], [math.nan]) is False
    assert value("[0.0 / 0.0] == [0.0 / 0.0]") is False
    assert value("0.0 / 0.0 in [0.0 / 0.0]") is False
    assert values.equal([1.0], [1.0, 2.0]) is False
