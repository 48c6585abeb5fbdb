"""`brightline mark`: write marks, read them back, compare; never remove one.

`brightline mark FILE...` writes; the other deeds are commands of their own, each imported only when it is called.
"""

import importlib

import click

from brightline.doors.cli.usage import in_language, short_of

_WRITE = "write"
_COMMANDS = {
    "write": "Mark files or folders.",
    "verify": "Read every mark, and say what is missing.",
    "diff": "Say what became of a file's marks, and which step lost them.",
    "watch": "Mark each file that comes into a folder.",
    "pipeline": "Run a transcoder over marked files, and say what it lost.",
    "code": "Build or check a provider code.",
}
_FILES = {"diff": "mark_check", "verify": "mark_check"}  # the others are in the file of their name


class MarkGroup(click.Group):
    """A group whose first word may be a file: then it is `write`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order in which people need them."""
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's file."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"brightline.doors.cli.{_FILES.get(cmd_name, f'mark_{cmd_name}')}")
        found: click.Command = getattr(module, cmd_name)
        return in_language(found, f"mark {cmd_name}", ctx.obj)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list from the table above."""
        with formatter.section("Commands"):
            rows = (
                _COMMANDS.items()
                if ctx.obj != "zh"
                else ((name, short_of(f"mark {name}")) for name in _COMMANDS)
            )
            formatter.write_dl([*rows])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `write` in front of what is no command and no call for help."""
        if args and args[0] not in _COMMANDS and args[0] not in ctx.help_option_names:
            args = [_WRITE, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names, else `write` with all words."""
        if args and args[0] not in _COMMANDS:
            return _WRITE, self.get_command(ctx, _WRITE), args
        return super().resolve_command(ctx, args)


@click.group(name="mark", cls=MarkGroup)
def command() -> None:
    """Write marks that say that content is AI-made, read them back, compare; never remove one.

    `brightline mark FILE... -o OUT` is short for `brightline mark write`; a file with the name of a command is
    written as `./verify`.

    Exit codes: 0 every mark that was asked for is there, 1 a mark is missing, lost or refused, 2 a file could not be
    read or written at all, 3 marked, but something that a law demands could not be written.
    """
