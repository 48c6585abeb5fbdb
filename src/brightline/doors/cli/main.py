"""`brightline`: the commands, each in its own file and imported only when it is called."""

import importlib
import signal
import sys
from collections.abc import Sequence

import click

from brightline.doors.cli.usage import in_language, language_asked

COMMANDS = {
    "scan": "Judge files, folders or standard input.",
    "gate": "Judge models and data sets whole, for pipelines.",
    "bom": "Write the bill of materials of a model or data set.",
    "assess": "Question a model endpoint against banks of risks.",
    "mark": "Write marks of AI-made content, verify and compare them.",
    "explain": "Say why a recorded decision was made.",
    "detectors": "List the detectors and what they look at.",
    "policy": "Check, test, explain and back-test policies.",
    "ledger": "Verify, prove and export the ledger.",
    "replay": "Recompute recorded decisions and compare.",
    "bank": "Make banks of known items from files.",
    "keys": "Make, list and retire the keys of watermarks.",
    "gateway": "Guard any model behind the OpenAI API.",
    "serve": "Serve the API, the review console and a worker.",
    "people": "Make, list and close the accounts of the service.",
    "backup": "Back up a house, rehearse and restore it.",
    "doctor": "Say whether this machine is fit, and what to do.",
    "bundle": "Make, check and install bundles for machines without a network.",
    "protect": "Keep the register of persons who asked to be protected.",
}


class LazyGroup(click.Group):
    """Lists commands without importing them, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order in which people need them."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's file."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"brightline.doors.cli.{cmd_name}")
        command: click.Command = module.command
        return in_language(command, cmd_name, ctx.obj)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="brightline")
def brightline() -> None:
    """Judge content and AI artefacts for misuse of AI, decide under written policy, leave evidence.

    Exit codes: 0 all allowed, 1 something caught, 2 could not judge, 3 incomplete.
    """


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every failure is one line on standard error."""
    signal.signal(signal.SIGTERM, _end)
    sys.exit(outcome(arguments))


def _end(number: int, _frame: object) -> None:
    """End as if by itself, so that workers are ended and folders cleared; 128 and the signal's number, as shells say it."""
    sys.exit(128 + number)


def outcome(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    language = language_asked(words)
    try:
        code = brightline.main(args=words, prog_name="brightline", standalone_mode=False, obj=language)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        _show(error, language)
        return max(error.exit_code, 2)  # a door of its own codes, such as `gate`, says so
    except (KeyboardInterrupt, click.Abort):
        click.echo("brightline: stopped; what was recorded stays recorded, run again to resume", err=True)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; what was recorded stays recorded.
        sys.stderr.close()
        return 2
    except Exception as error:
        return _failed(error, language)
    return code if isinstance(code, int) else 0


def _show(error: click.ClickException, language: str) -> None:
    if language != "zh":
        error.show()
        return
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(context.get_usage(), err=True)
    click.echo(f"brightline: {_shown(_told(error.format_message(), language))}", err=True)


def _failed(error: Exception, language: str) -> int:
    from brightline.core.errors import BrightlineError  # late: `--help` needs none of it

    if isinstance(error, BrightlineError):
        click.echo(f"brightline: {_shown(_told(str(error), language))}", err=True)
    elif isinstance(error, OSError):
        where = f" `{error.filename}`" if error.filename else ""
        click.echo(_shown(f"brightline: {(error.strerror or str(error)).lower()}{where}"), err=True)
    else:
        said = _shown(str(error)[:300])
        click.echo(f"brightline: unexpected {type(error).__name__}: {said}; please report it", err=True)
        import logging

        logging.getLogger(__name__).debug("unexpected error", exc_info=error)
    return 2


def _told(message: str, language: str) -> str:
    if language != "zh":
        return message
    from brightline.core.chinese import in_chinese  # late: English needs none of it

    return in_chinese(message)


def _shown(message: str) -> str:
    """A message that may quote hostile bytes, without what would move a terminal's cursor."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in message)
