"""What somebody wants marked, by whom, under whose law: plain values that travel to worker processes."""

import re
from enum import StrEnum

import msgspec

from brightline.core.errors import MarkingError
from brightline.marking.plan import Regime, Statement


class Numbering(StrEnum):
    """Where content numbers come from."""

    CONTENT = "content"  # from the file's digest: a second run gives the same
    TIME = "time"  # a new UUID of version 7 each time


class Tongue(StrEnum):
    """Language of explicit marks."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


SYSTEM = re.compile(r"(?P<name>\S.*?)\s+(?P<version>\S*\d\S*)")  # `Example Painter 2.1`


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be stated of the content.

    Attributes:
        statement: what, and in which role.
        regimes: whose law the marks are to satisfy.
        producer: code or name of who generated it; needed for a producer's statement.
        propagator: code or name of the platform; needed for a platform's statement.
        number: the content number, given; empty takes one by `numbering`.
        numbering: how numbers are made.
        system: name and version of the generating system.
        explicit: write an explicit mark even where no law demands one.
        tongue: language of the explicit mark.
        throughout: show the explicit mark of a video during all of it.
        resign: a file that carries a signed manifest may be changed, and is signed anew with the old one kept inside.
        in_place: the target is the source.
    """

    statement: Statement
    regimes: tuple[Regime, ...]
    producer: str = ""
    propagator: str = ""
    number: str = ""
    numbering: Numbering = Numbering.CONTENT
    system: str = ""
    explicit: bool = False
    tongue: Tongue = Tongue.BOTH
    throughout: bool = False
    resign: bool = False
    in_place: bool = False

    @property
    def who(self) -> str:
        """Who speaks: the producer or the platform."""
        return self.producer if self.statement.is_of_producer else self.propagator


def check_order(order: Order) -> None:
    """Refuse an order that names nobody, or nobody's law.

    Raises:
        MarkingError: what is missing.
    """
    if not order.regimes:
        raise MarkingError("no policy: name at least one of cn, eu, us with --policy")
    if Regime.US in order.regimes and order.statement.is_of_producer and not SYSTEM.fullmatch(order.system):
        raise MarkingError(
            "California's latent disclosure names the generating system and its version (§ 22757.3(b)):"
            " give --system 'NAME VERSION', or set `mark.system`"
        )
    if not order.who:
        role, option = (
            ("producer", "--producer") if order.statement.is_of_producer else ("propagator", "--propagator")
        )
        raise MarkingError(f"a mark names its {role}: give {option}, or set `mark.{role}` in the settings")
