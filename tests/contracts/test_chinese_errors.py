"""Every sentence in which marking refuses has its 中文: collected from the sources, so that a new one without it fails."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import brightline
from brightline.core.chinese import in_chinese, words_of

SOURCE = Path(brightline.__file__).parent
TABLE = tomllib.loads((SOURCE / "core/chinese.toml").read_text("utf-8"))
FILES = sorted(
    {
        *(SOURCE / "carriers").glob("*.py"),
        *(SOURCE / "marking").rglob("*.py"),
        *(SOURCE / "media").glob("rewrite_*.py"),
        *(SOURCE / "watermark").glob("*.py"),
        *(SOURCE / "doors/cli").glob("mark*.py"),
        *(SOURCE / "intake").glob("*.py"),
        *(SOURCE / "review/backup").glob("*.py"),
        *(SOURCE / "doors/bundle").glob("*.py"),
        SOURCE / "doors/cli/bundle.py",
        SOURCE / "doors/cli/keys.py",
        SOURCE / "doors/cli/walk.py",
    }
)
ERRORS = {
    "BundleError": 0,
    "MarkingError": 0,
    "CarrierError": 0,
    "UnreachableError": 0,
    "UnsignableError": 0,
    "KeyringError": 0,
    "UsageError": 0,
    "IntakeError": 0,
    "LedgerError": 0,
    "VerificationError": 0,
    "_problem": 1,
}
"""Who is called with a sentence, and at which place of the arguments it stands."""


def template(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def sentences(node: ast.AST, constants: dict[str, ast.AST]) -> Iterator[str]:
    """The sentences that an expression may give: either branch, any value of a table."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            yield template(node)
        case ast.IfExp():
            yield from sentences(node.body, constants)
            yield from sentences(node.orelse, constants)
        case ast.Call(func=ast.Attribute(value=holder)):
            for one in (holder, *node.args):
                yield from sentences(one, constants)
        case ast.Dict():
            for one in node.values:
                yield from sentences(one, constants)
        case ast.Name() if node.id in constants:
            yield from sentences(constants[node.id], constants)


def raised(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    constants: dict[str, ast.AST] = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if name in ERRORS:
            place = ERRORS[name]
            said = (said for one in node.args[place : place + 1] for said in sentences(one, constants))
            yield from (one for one in said if one != "{}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_refusal_has_its_chinese(path):
    missing = [said for said in raised(path) if said not in TABLE]
    assert not missing, f"add to src/brightline/core/chinese.toml: {missing}"


def test_refusals_are_found_in_the_sources_at_all():
    assert len({said for path in FILES for said in raised(path)}) > 400


def test_chinese_quotes_what_english_quotes_and_is_chinese():
    for english, chinese in TABLE.items():
        places = re.findall(r"\{(\d?)\}", chinese)
        assert len(set(places) if any(places) else places) == english.count("{}"), english
        assert re.search(r"[\u4e00-\u9fff：]", chinese) or english == " ({})", english


@pytest.mark.parametrize("english", [*TABLE])
def test_every_template_is_found_again_whatever_stands_before_it(english):
    message = english.replace("{}", "§7")
    assert in_chinese(message) != message or english == TABLE[english]


def test_a_sentence_within_a_sentence_is_told_in_chinese_too():
    said = in_chinese(
        "the png carrier refuses: the PNG has 2 XMP packets, expected at most one; nothing was written"
    )
    assert said == "png 载体拒绝写入：PNG 含 2 个 XMP 数据包，最多应为 1 个；未写入"


def test_reasons_that_were_joined_are_told_one_by_one():
    said = in_chinese(
        "nothing could be written: the PNG has 16 bits a channel, which would be cut to 8; convert it to 8 bits first;"
        " the file holds no sound"
    )
    assert said == "未能写入任何标识：PNG 每通道 16 位，写出会降为 8 位；请先转换为 8 位；文件中没有声音"


def test_words_that_nobody_knows_stay_as_they_are():
    assert words_of("moov atom not found").zh == "moov atom not found"


@given(st.text(max_size=200))
def test_any_text_is_told_and_what_it_quotes_stays(text):
    assert isinstance(in_chinese(text), str)
    assert in_chinese(f"`{text}` is no keyring that we wrote").startswith("`")
