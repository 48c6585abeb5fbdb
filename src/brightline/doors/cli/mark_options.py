"""Options that the commands of `brightline mark` share, and the order that they make."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from brightline.core.errors import MarkingError
from brightline.doors.exits import Exit
from brightline.marking.order import Numbering, Order, Tongue, check_order
from brightline.marking.plan import Regime, Statement
from brightline.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
_BY_TIME = "time"


def order_options(command: F) -> F:
    """What is stated of the content, by whom, under whose law: read by `order_of`."""
    for option in (
        click.option("--throughout", is_flag=True, help="Show a video's explicit mark during all of it."),
        click.option("--words", type=click.Choice([one.value for one in Tongue]), default=Tongue.BOTH.value,
                     show_default=True, help="Language of explicit marks."),
        click.option("--explicit", is_flag=True, help="Write an explicit mark even where no policy demands one."),
        click.option("--resign", is_flag=True,
                     help="Files that carry a signed C2PA manifest may be marked further: they are signed anew, with"
                     " the old manifest kept inside."),
        click.option("--system", help="Name and version of the generating system [default: settings]."),
        click.option("--number", default="content", show_default=True,
                     help="ProduceID or PropagateID: `content` derives it from the file, `time` makes a new one,"
                     " anything else is the number itself."),
        click.option("--propagator", help="Provider code or name of the platform [default: settings]."),
        click.option("--producer", help="Provider code or name of who generated it [default: settings]."),
        click.option("--policy", "policies", default="cn", show_default=True,
                     help="Whose law the marks are to satisfy: cn, eu, us, with commas between."),
        click.option("--as", "statement", type=click.Choice([one.value for one in Statement]), default="generated",
                     show_default=True,
                     help="What is stated. By who made it: generated, edited. By a platform (Art. 6): confirmed,"
                     " possible, suspected."),
    ):  # fmt: skip
        command = option(command)
    return command


def order_of(settings: Settings, options: dict[str, Any], *, in_place: bool = False) -> Order:
    """The order that options and settings make.

    Raises:
        click.UsageError: a policy is unknown.
        MarkingError: nobody is named.
    """
    number = options["number"]
    given = "" if number in {Numbering.CONTENT.value, _BY_TIME} else number
    order = Order(
        statement=Statement(options["statement"]),
        regimes=regimes_of(options["policies"]),
        producer=options["producer"] or settings.mark.producer,
        propagator=options["propagator"] or settings.mark.propagator,
        number=given,
        numbering=Numbering.TIME if number == _BY_TIME else Numbering.CONTENT,
        system=options["system"] or settings.mark.system,
        explicit=options["explicit"],
        tongue=Tongue(options["words"]),
        throughout=options["throughout"],
        resign=options["resign"],
        in_place=in_place,
    )
    check_order(order)
    return order


def regimes_of(text: str) -> tuple[Regime, ...]:
    """`cn,eu` as regimes.

    Raises:
        click.UsageError: one is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in {*Regime}]
    if unknown or not names:
        said = f"`{unknown[0]}`" if unknown else "no policy"
        raise click.UsageError(f"{said} given with --policy; known: {', '.join(Regime)}")
    return tuple(Regime(name) for name in names)


class MarkTally:
    """Adds up files into an exit code: refused or lost > could not > incomplete > all there."""

    def __init__(self) -> None:
        self.missing = self.failed = self.incomplete = False

    @property
    def exit(self) -> Exit:
        """The code."""
        if self.missing:
            return Exit.CAUGHT
        if self.failed:
            return Exit.NOT_JUDGED
        return Exit.INCOMPLETE if self.incomplete else Exit.ALLOWED


def is_refusal(error: Exception) -> bool:
    """Whether a file itself forbids the mark, rather than being unreadable."""
    return isinstance(error, MarkingError)
