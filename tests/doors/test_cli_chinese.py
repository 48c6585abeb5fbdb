"""`brightline mark` and `brightline keys` in 中文: usage, refusals, reasons, evidence and keys, without English sentences."""

import re

import click
import numpy as np
import pytest
from PIL import Image

import marks
from brightline.core.subject import Kind
from brightline.doors.cli.keys import command as keys
from brightline.doors.cli.main import outcome
from brightline.doors.cli.mark import command as mark
from brightline.doors.cli.usage import _table
from brightline.marking.samples import sample

ENGLISH = re.compile(r"\b(?:the|is|are|not|cannot|would|which|with|has)\b")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    # The commands run as people run them, who set these; nobody's own settings or ledger come into it.
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRIGHTLINE_JOBS", "1")
    monkeypatch.setenv("BRIGHTLINE_LANGUAGE", "zh")
    monkeypatch.chdir(tmp_path)


def commands(command, path):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}")


ALL = [*commands(mark, "mark"), *commands(keys, "keys")]


@pytest.mark.parametrize(("path", "command"), ALL, ids=[path for path, _ in ALL])
def test_every_command_and_option_has_its_usage_in_chinese(path, command, capfd):
    table = _table()
    assert path in table["commands"]
    named = [one.name for one in command.params if isinstance(one, click.Option)]
    assert [name for name in named if name not in table["options"]] == []
    assert outcome([*path.split(), "--help"]) == 0
    said = capfd.readouterr().out
    assert said.startswith("用法：")
    assert not ENGLISH.search(re.sub(r"\s+", " ", said))


def test_usage_stays_english_for_who_asks_in_english(capfd, monkeypatch):
    assert outcome(["mark", "verify", "--help"]) == 0
    monkeypatch.setenv("BRIGHTLINE_LANGUAGE", "en")  # over the one that the fixture has set
    assert outcome(["mark", "verify", "--help"]) == 0
    assert "用法" in capfd.readouterr().out.split("Usage: ")[0]


def test_what_a_file_does_not_allow_is_told_in_chinese(tmp_path, capfd):
    Image.fromarray(np.zeros((64, 64), np.uint16)).save("deep.png")
    assert (
        outcome(
            ["mark", "deep.png", "-o", "out.png", "--producer", marks.PRODUCER, "--report", "report.html"]
        )
        == 3
    )
    said = capfd.readouterr().err
    assert "无法写入：" in said
    assert not ENGLISH.search(said)
    assert "16 位" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["mark", "a.md", "-o", "b.md", "--producer", "a b"], 1, "含有 U+0020"),
        (["mark", "a.md", "-o", "b.md"], 1, "标识须写明生成者"),
        (["mark", "a.md", "-o", "a.md", "--producer", "x"], 1, "就是来源文件"),
        (["mark", "a.md", "--producer", "x"], 2, "请指明带标识文件的去处"),
        (["mark", "verify", "a.md", "--policy", "moon"], 2, "可用：cn, eu, us"),
        (["mark", "verify"], 2, "缺少参数 PATHS"),
        (["mark", "diff", "a.md", "no.md"], 2, "文件 no.md 不存在"),
        (["mark", "verify", "--moon", "a.md"], 2, "没有选项 --moon"),
        (["keys", "retire", "nothing"], 2, "没有密钥 `nothing`"),
    ],
)
def test_refusals_and_wrong_usage_are_told_in_chinese(arguments, code, said, tmp_path, capfd):
    (tmp_path / "a.md").write_bytes(sample(Kind.MARKDOWN))
    outcome(["keys", "new", "first"])
    assert outcome(arguments) in {code, 2}
    told = capfd.readouterr().err
    assert said in told
    assert not ENGLISH.search(told)


def test_keys_are_listed_in_chinese(capfd):
    assert outcome(["keys", "list"]) == 0
    assert outcome(["keys", "new", "first"]) == 0
    assert outcome(["keys", "list"]) == 0
    assert outcome(["keys", "retire", "first"]) == 0
    assert outcome(["keys", "list"]) == 0
    told = capfd.readouterr()
    assert "还没有密钥" in told.err
    assert "使用中" in told.out
    assert "停用" in told.out
    assert not ENGLISH.search(told.out + told.err)


def test_evidence_is_told_in_chinese(tmp_path, capfd):
    (tmp_path / "a.md").write_bytes(sample(Kind.MARKDOWN))
    assert outcome(["mark", "a.md", "-o", "b.md", "--producer", marks.PRODUCER]) == 0
    assert outcome(["mark", "diff", "b.md", "a.md"]) == 1
    assert "文本：不同" in capfd.readouterr().err
