"""Which controls a result of the gate is evidence for; the table is data (`controls.toml`)."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from brightline.core.words import Words
from brightline.governance.checks import CheckResult


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A control of somebody's catalogue, by its id.

    Attributes:
        framework: whose.
        control: id, or title where it has none.
        standing: whether we saw the source, or cite from memory.
    """

    framework: str
    control: str
    standing: Literal["seen", "memory"]


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """One control of ours.

    Attributes:
        id: a token, stable.
        en: what holds, in English.
        zh: the same in 中文.
        fits: beginnings of rules or checks whose results are evidence for it.
        maps: controls of others that it serves.
    """

    id: str
    en: str
    zh: str
    fits: tuple[str, ...]
    maps: tuple[Reference, ...]

    @property
    def words(self) -> Words:
        """What holds."""
        return Words(self.en, self.zh)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    control: tuple[Control, ...]


@cache
def controls() -> tuple[Control, ...]:
    """All controls, in the order in which they are tried."""
    text = files("brightline.governance").joinpath("controls.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Table).control


def control_of(result: CheckResult) -> Control:
    """The control that a result is evidence for."""
    return next(
        one
        for one in controls()
        if any(result.rule.startswith(begin) or result.check == begin for begin in one.fits)
    )
