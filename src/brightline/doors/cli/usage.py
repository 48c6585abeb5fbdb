"""What `--help` says in 中文, from `usage_zh.toml`; English stands where it belongs, in the commands themselves."""

import copy
import os
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources

import click

_HEADINGS = {"Options": "选项", "Commands": "命令"}


def language_asked(arguments: Sequence[str]) -> str:
    """The language that words and environment ask for, before settings are read: for usage and for errors."""
    asked = os.environ.get("BRIGHTLINE_LANGUAGE", "en")
    for index, word in enumerate(arguments):
        if word.startswith("--language"):
            _, equals, value = word.partition("=")
            asked = value if equals else "".join(arguments[index + 1 : index + 2])
    return "zh" if asked == "zh" else "en"


def in_language(command: click.Command, path: str, language: str | None) -> click.Command:
    """The command with its usage in that language; a copy, since one process may serve both.

    Args:
        command: as it was written.
        path: its name behind `brightline`, e.g. `mark verify`.
        language: `en` or `zh`.
    """
    if language != "zh" or path not in _table()["commands"]:
        return command
    told = copy.copy(command)
    told.help, told.short_help = _table()["commands"][path], short_of(path)
    told.context_class = _Context
    told.params = [
        *(_option(one, path) for one in command.params),
        click.Option(
            ["-h", "--help"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show,
            help=_table()["options"]["help"],
        ),
    ]
    if isinstance(told, click.Group):
        told.commands = {
            name: in_language(one, f"{path} {name}", language) for name, one in told.commands.items()
        }
    return told


def short_of(path: str) -> str:
    """The first sentence on a command."""
    text = _table()["commands"][path]
    return text[: min(text.find(end) for end in "。；：" if end in text)]


def _show(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        click.echo(context.get_help(), color=context.color)
        context.exit()


class _Formatter(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "用法：")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        with super().section(_HEADINGS.get(name, name)):
            yield


class _Context(click.Context):
    formatter_class = _Formatter


def _option(one: click.Parameter, path: str) -> click.Parameter:
    if not isinstance(one, click.Option) or one.name is None:
        return one
    told = copy.copy(one)
    options = _table()["options"]
    told.help = options.get(f"{path.rpartition(' ')[2]} {one.name}", options.get(one.name, one.help))
    return told


@cache
def _table() -> dict[str, dict[str, str]]:
    text = resources.files("brightline.doors.cli").joinpath("usage_zh.toml").read_text("utf-8")
    return tomllib.loads(text)
