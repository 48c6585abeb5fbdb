"""The documents tell the truth: generated pages are fresh, commands exist, links lead somewhere, settings load."""

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from brightline.core.errors import SettingsError
from brightline.doors.cli.main import brightline
from brightline.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "decisions").glob("*.md"),
                 ROOT / "examples/README.md")
)  # fmt: skip
LINK = re.compile(r"(?<!\!)\[[^\]\n]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[[^\]\n]+\]\(([^)\s]+)\)")  # with words for who does not see it
PROMPT = re.compile(r"^\$ (?P<line>.*\bbrightline .*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def reference():
    """docs/make_reference.py as a module."""
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs/make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = reference()


def named(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "detectors.md", "rules.md", "harms.md"])
def test_the_generated_reference_says_what_the_sources_say(name):
    committed = (ROOT / "docs/reference" / name).read_text("utf-8")
    assert committed == REFERENCE.pages()[name], f"docs/reference/{name} is stale: run make docs"


def test_every_generated_page_is_tested_here():
    assert {*REFERENCE.pages()} == {"cli.md", "settings.md", "detectors.md", "rules.md", "harms.md"}


def test_every_setting_has_its_meaning_and_its_name_in_the_environment():
    page = (ROOT / "docs/reference/settings.md").read_text("utf-8")
    tables = set(re.findall(r"^## `[\[]*(\w+)", page, re.MULTILINE))
    assert {"limits", "mark", "gateway", "service"} <= tables
    for name in set(Settings.__struct_fields__) - tables:
        assert f"| `{name}` |" in page
        assert f"`BRIGHTLINE_{name.upper()}`" in page


def shown_commands():
    for page in PAGES:
        for match in PROMPT.finditer(page.read_text("utf-8")):
            yield pytest.param(match["line"], id=f"{named(page)}: {match['line'][:60].strip()}")


def arguments_of(line):
    """What stands behind `brightline` in a line of shell, up to a pipe or a comment."""
    words = shlex.split(line, comments=True)
    start = words.index("brightline") + 1
    rest = words[start:]
    return rest[: rest.index("|")] if "|" in rest else rest


def check_command(arguments):
    """Resolve the command and its options as click would, without running it.

    Raises:
        click.UsageError: there is no such command, option or choice, or an argument is missing.
    """
    command, context = brightline, click.Context(brightline, info_name="brightline")
    while isinstance(command, click.Group) and (arguments or not command.invoke_without_command):
        name, command, arguments = command.resolve_command(context, arguments)
        context = click.Context(command, parent=context, info_name=name)
    values, left, _ = command.make_parser(context).parse_args(args=list(arguments))
    if left:
        raise click.UsageError(f"too many arguments: {left}")
    for parameter in command.params:
        value = values.get(parameter.name)
        missing = parameter.name not in values or parameter.value_is_missing(value)
        if parameter.required and missing:
            raise click.MissingParameter(param=parameter)
        if isinstance(parameter.type, click.Choice) and not missing:
            for one in value if isinstance(value, list | tuple) else (value,):
                parameter.type.convert(one, parameter, context)


@pytest.mark.parametrize("line", [*shown_commands()])
def test_every_command_that_the_documents_show_exists(line):
    check_command(arguments_of(line))


@pytest.mark.parametrize(
    "line",
    ["brightline judge x", "brightline scan x --loud", "brightline scan", "brightline scan x --audience all",
     "brightline ledger burn", "brightline explain a b"],
)  # fmt: skip
def test_the_check_of_commands_notices_what_does_not_exist(line):
    with pytest.raises(click.UsageError):
        check_command(arguments_of(line))


def test_the_documents_show_commands_at_all():
    assert len([*shown_commands()]) > 20


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_to_a_file(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    broken = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        file = page.parent / target.split("#")[0]
        if not file.exists():
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_settings_file_that_the_documents_show_loads(page, tmp_path):
    for number, block in enumerate(
        re.findall(r"^```toml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ):
        if not {*tomllib.loads(block)} <= {*Settings.__struct_fields__}:
            continue  # another file's TOML, such as a card
        file = tmp_path / f"{number}.toml"
        file.write_text(block, "utf-8")
        load_settings(file, {})


def test_the_check_of_settings_notices_a_key_that_does_not_exist(tmp_path):
    file = tmp_path / "x.toml"
    file.write_text("[limits]\nseconds = 3\n")
    with pytest.raises(SettingsError):
        load_settings(file, {})


def test_the_two_guides_for_beginners_show_the_same_commands():
    english, chinese = (
        [line.replace(" --language zh", "") for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE)]
        for text in (
            (ROOT / "docs/guides/get-started.md").read_text("utf-8"),
            (ROOT / "docs/guides/zh/get-started.md").read_text("utf-8"),
        )
    )
    assert english == chinese


def test_pictures_in_pages_are_there_and_small():
    shown = [(page, match[1]) for page in PAGES for match in PICTURE.finditer(page.read_text("utf-8"))]
    assert {named(page) for page, _ in shown} >= {
        "docs/guides/write-marks.md",
        "docs/guides/zh/write-marks.md",
    }
    for page, link in shown:
        assert 0 < (page.parent / link).stat().st_size < 300_000, f"{named(page)}: {link}"
