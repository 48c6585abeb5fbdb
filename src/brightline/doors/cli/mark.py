"""`brightline mark`: write marks, read them back, compare; never remove one.

`brightline mark FILE...` writes; the other deeds are commands of their own.
"""

import click

from brightline.doors.cli.mark_check import diff, verify
from brightline.doors.cli.mark_code import code
from brightline.doors.cli.mark_pipeline import pipeline
from brightline.doors.cli.mark_watch import watch
from brightline.doors.cli.mark_write import write

_ALL = "write"


class MarkGroup(click.Group):
    """A group whose first word may be a file: then it is `write`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `write` in front of what is no command and no call for help."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [_ALL, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names, else `write` with all words."""
        if args and args[0] not in self.commands:
            return _ALL, self.commands[_ALL], args
        return super().resolve_command(ctx, args)


@click.group(name="mark", cls=MarkGroup)
def command() -> None:
    """Write marks that say that content is AI-made, read them back, compare; never remove one.

    `brightline mark FILE... -o OUT` is short for `brightline mark write`; a file with the name of a command is
    written as `./verify`.

    Exit codes: 0 every mark that was asked for is there, 1 a mark is missing, lost or refused, 2 a file could not be
    read or written at all, 3 marked, but something that a law demands could not be written.
    """


for one in (write, verify, diff, watch, pipeline, code):
    command.add_command(one)
