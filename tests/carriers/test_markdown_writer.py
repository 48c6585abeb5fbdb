"""The mapping `AIGC:` goes to the head of any front matter that people write, and nothing else in the file changes."""

import json
import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

import marks
from brightline.carriers.candidate import Candidate
from brightline.carriers.markdown import front_matter, read
from brightline.carriers.markdown_write import write
from brightline.core.errors import CarrierError

MARK = marks.bare()
OTHER = marks.bare(marks.fields(Label="2", ReservedCode1="a: 'b' \"c\" # d"))
BODY = "# 会议纪要\n\n本周讨论了三个问题。\n\n---\n\nTwo rules, and a list:\n\n- a: b\n"

FRONTS = {
    "none": "",
    "nothing in it": "---\n---\n",
    "blank lines in it": "---\n\n\n---\n",
    "comments only": "---\n# to be filled in\n---\n",
    "title": "---\ntitle: Minutes\n---\n",
    "comments": "---\n# written by hand\ntitle: Minutes # of Monday\n---\n",
    "list": "---\ntags:\n- a\n- b\n---\n",
    "indented list": "---\ntags:\n    - a\n    - b\nlayout: post\n---\n",
    "nested": "---\nauthor:\n  name: Example\n  links:\n    - https://example.com\n---\n",
    "indented throughout": "---\n  title: Minutes\n  draft: false\n---\n",
    "quoted keys": "---\n\"title\": 'It''s'\n---\n",
    "literal block": "---\nsummary: |\n  one\n  two\n\n  three\n---\n",
    "folded block": "---\nsummary: >-\n  one\n  two\ndate: 2026-11-23\n---\n",
    "value over lines": "---\ntitle: one\n  two\n  three\n---\n",
    "flow values": '---\ntags: [a, "b, c"]\nsize: {width: 1, height: 2}\n---\n',
    "all types": "---\na: 1\nb: 1.5\nc: true\nd: null\ne: ~\nf: 2026-11-23T12:00:00Z\ng:\n---\n",
    "tag and anchor": "---\nversion: !!str 1.0\nbase: &base x\n---\n",
    "complex key": "---\n? [a, b]\n: c\n---\n",
    "same key twice": "---\ntitle: a\ntitle: b\n---\n",
    "chinese": "---\n标题: 纪要\n作者: 示例\n---\n",
    "speaks of AIGC": "---\ntags: [AIGC, aigc]\nisAIGC: false\n---\n",
    "closed by dots": "---\ntitle: Minutes\n...\n",
    "spaces behind the dashes": "---  \ntitle: Minutes\n--- \t\n",
    "blank lines before": "\n\n---\ntitle: Minutes\n---\n",
    "dashes inside": "---\ntitle: a --- b\nrule: ----\n---\n",
    "no body": "---\ntitle: Minutes\n---",
    "rule at the head": "---\n\nNo front matter, and no line of dashes behind.\n".replace("\n\n", "\n \n"),
}
STYLES = {
    "plain": lambda text: text.encode(),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "bom-crlf": lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
}
ROWS = "".join(f"  {line}\n" for line in marks.yaml_lines().splitlines()[1:])
STANDING = {
    "alone": "---\n" + marks.yaml_lines() + "---\n",
    "first": "---\n" + marks.yaml_lines() + "title: a # b\n---\n",
    "middle": "---\ntitle: a\n" + marks.yaml_lines() + "tags:\n- b\n---\n",
    "last": "---\ntitle: a\n\n" + marks.yaml_lines() + "---\n",
    "before a comment": "---\n" + marks.yaml_lines() + "# more\ntitle: a\n---\n",
    "quoted key": '---\n"AIGC":\n' + marks.yaml_lines().partition("\n")[2] + "---\n",
    "unquoted": "---\n" + marks.yaml_lines(quoted=False) + "---\n",
    "flow": "---\ntitle: a\nAIGC: " + MARK + "\n---\n",
    "string": "---\nAIGC: '" + MARK + "'\ntitle: a\n---\n",
    "indented": "---\n" + "".join(f"  {line}\n" for line in marks.yaml_lines().splitlines()) + "---\n",
    "indented deeper": "---\nAIGC:\n"
    + "".join(f"    {line}\n" for line in ROWS.splitlines())
    + "x: y\n---\n",
}
FIELD_VALUES = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)
MARKS = st.fixed_dictionaries(dict.fromkeys(marks.fields(), FIELD_VALUES)).map(
    lambda values: json.dumps(values, ensure_ascii=False, separators=(",", ":"))
)


def written(data: bytes, mark: str = MARK) -> bytes:
    return b"".join(bytes(piece) for piece in write(memoryview(data), mark))


def mark_in(data: bytes) -> Candidate:
    (found,) = read(memoryview(data))
    assert isinstance(found, Candidate)
    assert found.carrier == "markdown:front-matter"
    assert found.oddities == ()
    assert all(pair.quoted for pair in found.fields)
    return found


def fields_in(data: bytes) -> dict[str, str]:
    return {pair.name: pair.value for pair in mark_in(data).fields}


def entries(data: bytes) -> list[tuple[str, str]]:
    """Entries of the front matter as another reader of YAML serialises them, the mark left out."""
    front = front_matter(data)
    text = data[front.start : front.end].decode() if front else ""
    root = yaml.compose(text.replace("\r\n", "\n"), Loader=yaml.SafeLoader)
    values = root.value if isinstance(root, yaml.MappingNode) else []
    pairs = [(yaml.serialize(key), yaml.serialize(value)) for key, value in values]
    return [pair for pair in pairs if "AIGC" not in pair[0].split()[0]] if data else []


def body(data: bytes) -> bytes:
    front = front_matter(data)
    return data[front.after :] if front else data.removeprefix(b"\xef\xbb\xbf")


def file(name: str, style: str) -> bytes:
    return STYLES[style](FRONTS[name] + ("" if name in {"no body", "rule at the head"} else BODY))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", FRONTS)
def test_a_mark_is_inserted_and_every_other_byte_stays(name: str, style: str) -> None:
    data = file(name, style)
    new = written(data)
    assert fields_in(new) == marks.fields()
    grown = len(new) - len(data)
    assert any(new[:at] + new[at + grown :] == data for at in range(len(data) + 1))
    assert entries(new) == entries(data)
    assert body(new).lstrip(b"\r\n") == body(data).lstrip(b"\r\n")
    assert ("crlf" in style) is (b"\n" not in new.replace(b"\r\n", b""))
    assert new.startswith(b"\xef\xbb\xbf") is style.startswith("bom")
    assert written(new) == new


@given(name=st.sampled_from(sorted(FRONTS)), style=st.sampled_from(sorted(STYLES)), mark=MARKS)
@example(name="all types", style="bom", mark=MARK.replace('"ReservedCode2":""', '"ReservedCode2":"\\"#"'))
def test_any_values_read_back_and_are_replaced_by_any_others(name: str, style: str, mark: str) -> None:
    data = file(name, style)
    new = written(data, mark)
    assert list(fields_in(new).items()) == list(json.loads(mark).items())
    assert entries(new) == entries(data)
    assert written(new, MARK) == written(data, MARK)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", STANDING)
def test_a_standing_mark_gets_its_new_value_where_it_stands(name: str, style: str) -> None:
    data = STYLES[style](STANDING[name] + BODY)
    new = written(data, OTHER)
    assert fields_in(new) == json.loads(OTHER)
    assert entries(new) == entries(data)
    assert body(new) == body(data)
    assert written(new, OTHER) == new
    others = [line for line in data.splitlines() if b"title" in line or b"# more" in line]
    assert [line for line in new.splitlines() if line in others] == others


REFUSED = {
    "TOML": "+++\ntitle = 'a'\n+++\n" + BODY,
    "JSON": '{"title": "a"}\n' + BODY,
    "aliases": "---\na: &x 1\nb: *x\n---\n" + BODY,
    "flow mapping": "---\n{title: a}\n---\n" + BODY,
    "no mapping": "---\n- a\n- b\n---\n" + BODY,
    "no mapping ": "---\njust words\n---\n" + BODY,
    "no valid YAML": "---\ntitle: 'a\n---\n" + BODY,
    "no valid YAML ": "---\n\ttitle: a\n---\n" + BODY,
    "deeper than 32": "---\na: " + "[" * 40 + "]" * 40 + "\n---\n" + BODY,
    "larger than 64 KiB": "---\n" + "# filling\n" * 7_000 + "title: a\n---\n" + BODY,
    "2 marks": "---\n" + marks.yaml_lines() + marks.yaml_lines() + "---\n" + BODY,
    "markdown:end": BODY + "\n" + marks.yaml_lines(),
    "markdown:details": BODY + f"<details>\n\n{marks.wrapped()}\n\n</details>\n" + BODY * 40,
    "markdown:toml": "+++\n[AIGC]\nLabel = '1'\n+++\n" + BODY,
    "markdown:front-matter`": "---\n" + marks.yaml_lines().replace("AIGC", "aigc") + "---\n" + BODY,
    "markdown:front-matter` ": "---\na:\n" + "  AIGC:\n" + "  " + ROWS.replace("\n", "\n  ").rstrip(" ") + "---\n",
    "markdown:front-matter`  ": "---\n" + marks.yaml_lines() + "\nNever closed.\n",
    "comments stand": "---\n" + marks.yaml_lines().replace("Label:", "# of us\n  Label:") + "---\n" + BODY,
    "on a line of its own": "---\nAIGC_mark: " + MARK + "\n---\n" + BODY,
}  # fmt: skip


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_marked_is_refused_with_the_reason_before_the_first_piece(reason: str) -> None:
    with pytest.raises(CarrierError) as refusal:
        write(memoryview(REFUSED[reason].encode()), OTHER)
    assert reason.rstrip(" ") in str(refusal.value)


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_text_in_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(CarrierError, match="save it as UTF-8"):
        write(memoryview(BODY.encode(encoding)), MARK)


@pytest.mark.parametrize("mark", ["", "[]", '{"Label":1}', '{"Label":', '"1"', '{"Label":null}'])
def test_a_mark_that_is_no_object_of_strings_is_refused(mark: str) -> None:
    with pytest.raises(CarrierError):
        write(memoryview(BODY.encode()), mark)


@pytest.mark.parametrize("front", [64, 64 * 1024 - 300, 64 * 1024 - 10])
@pytest.mark.parametrize("value", [10, 64 * 1024])
def test_what_is_written_can_be_read_or_it_is_refused(front: int, value: int) -> None:
    """A mark that fits beside front matter just under the limit, or is itself too long to be read."""
    data = ("---\ntitle: " + "a" * (front - 8) + "\n---\n" + BODY).encode()
    mark = marks.bare(marks.fields(ReservedCode1="x" * value))
    try:
        new = written(data, mark)
    except CarrierError as refusal:
        assert "64 KiB" in str(refusal)  # noqa: PT017 - both ends are right, and which one depends on the sizes
        assert front + value > 60 * 1024
    else:
        assert fields_in(new) == json.loads(mark)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_marked_or_refused(data: bytes) -> None:
    try:
        new = written(data)
    except CarrierError:
        return
    assert fields_in(new) == marks.fields()


@given(text=st.text(st.sampled_from("-.+{}[]:#&*|>'\"\n\r\t aAIGC\ufeff标\x85\u2028"), max_size=60))
def test_text_made_of_what_matters_to_yaml_is_marked_or_refused(text: str) -> None:
    data = text.encode()
    try:
        new = written(data)
    except CarrierError:
        return
    assert fields_in(new) == marks.fields()
    assert written(new) == new
    grown = len(new) - len(data)
    assert any(new[:at] + new[at + grown :] == data for at in range(len(data) + 1))


def test_a_long_text_takes_linear_time() -> None:
    data = memoryview(("---\ntitle: a\n---\n" + BODY * 100_000).encode())
    start = time.process_time()
    size = sum(len(piece) for piece in write(data, MARK))
    assert size > len(data)
    assert time.process_time() - start < 5
