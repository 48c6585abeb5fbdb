"""Quantities with units that are checked where they are read: `"80 GB"` is bytes, and can never become seconds.

Each kind is a float in its base unit, with a type of its own. What is read from a file says its unit in words; a wrong
dimension is an error that names both. Money is counted in the plan's currency, tokens and requests are dimensions.
"""

import math
from typing import Self

_SCALE = {"": 1.0, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "u": 1e-6}
_HOUR_S, _DAY_S = 3600.0, 86_400.0
YEAR_S = 365.25 * _DAY_S
MONTH_S = YEAR_S / 12
YEAR_H, YEAR_MONTHS = YEAR_S / _HOUR_S, 12.0
# The dimension of each word: exponents of time, data, energy, money, tokens, requests, operations, mass.
_TIME, _DATA, _ENERGY, _MONEY, _TOKEN, _REQUEST, _WORK, _MASS = range(8)
_WORDS: dict[str, tuple[float, int]] = {
    "s": (1.0, _TIME), "min": (60.0, _TIME), "h": (_HOUR_S, _TIME), "day": (_DAY_S, _TIME), "month": (MONTH_S, _TIME),
    "year": (YEAR_S, _TIME), "B": (1.0, _DATA), "J": (1.0, _ENERGY), "Wh": (_HOUR_S, _ENERGY), "money": (1.0, _MONEY),
    "token": (1.0, _TOKEN), "tokens": (1.0, _TOKEN), "request": (1.0, _REQUEST), "requests": (1.0, _REQUEST),
    "FLOP": (1.0, _WORK), "g": (1.0, _MASS), "kg": (1000.0, _MASS), "t": (1e6, _MASS),
}  # fmt: skip
_BINARY = {"KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40}
QUANTITY_CHARACTERS = 60  # of one quantity as people write it
Dimension = tuple[int, ...]


class UnitError(ValueError):
    """A quantity is malformed, or has another dimension than its place asks for."""


class Quantity(float):
    """A number in its kind's base unit."""

    unit = ""

    @classmethod
    def read(cls, said: str | float) -> Self:
        """The quantity that a person wrote, e.g. `"250 ms"`; a bare number only where the kind has no unit.

        Raises:
            UnitError: no number, an unknown unit, another dimension, or nothing finite.

        >>> Seconds.read("250 ms"), Bytes.read("80 GB"), round(PerEnergy.read("0.15 /kWh") * 3.6e6, 2)
        (0.25, 80000000000.0, 0.15)
        """
        if isinstance(said, int | float) and not isinstance(said, bool):
            if cls.unit:
                raise UnitError(f"`{said:g}` has no unit, expected one like `{cls.unit}`")
            return cls._checked(float(said), said)
        if not isinstance(said, str) or len(said) > QUANTITY_CHARACTERS:
            raise UnitError(f"expected a number and a unit like `{cls.unit}`")
        number, _, unit = said.strip().partition(" ")
        if "/" in number and not unit:
            number, _, rest = number.partition("/")
            unit = f"/{rest}"
        try:
            value = float(number.replace("_", ""))
        except ValueError:
            raise UnitError(f"`{said}` does not begin with a number") from None
        scale, dimension = _parsed(unit.strip())
        if dimension != _parsed(cls.unit)[1]:
            raise UnitError(f"`{said}` is of another dimension, expected one like `{cls.unit}`")
        return cls._checked(value * scale, said)

    @classmethod
    def _checked(cls, value: float, said: object) -> Self:
        if not math.isfinite(value):
            raise UnitError(f"`{said}` is not finite")
        return cls(value)


class Seconds(Quantity):
    """Time."""

    unit = "s"


class Bytes(Quantity):
    """Memory."""

    unit = "B"


class BytesPerSecond(Quantity):
    """Bandwidth."""

    unit = "B/s"


class Flops(Quantity):
    """Arithmetic a second."""

    unit = "FLOP/s"


class Watts(Quantity):
    """Power."""

    unit = "W"


class PerEnergy(Quantity):
    """Money for a joule; people write `0.15 /kWh`."""

    unit = "/kWh"


class CarbonIntensity(Quantity):
    """Grams of CO2 equivalent for a joule; people write `380 g/kWh`."""

    unit = "g/kWh"


class PerMass(Quantity):
    """Money for a gram; people write `60 /t`."""

    unit = "/t"


class PerTime(Quantity):
    """Money for a second; people write `2.5 /h` or `120000 /year`."""

    unit = "/h"


class PerPowerTime(Quantity):
    """Money for a watt of rented power and a second; people write `160 /kW/month`."""

    unit = "/kW/month"


class PerToken(Quantity):
    """Money for a token; people write `0.6 /Mtoken`."""

    unit = "/token"


class RequestsPerSecond(Quantity):
    """Load."""

    unit = "requests/s"


class Tokens(Quantity):
    """Length of text."""

    unit = "tokens"


class PerData(Quantity):
    """Money for a byte that leaves; people write `0.09 /GB`."""

    unit = "/GB"


def _parsed(unit: str) -> tuple[float, Dimension]:
    """Scale to the base unit, and the dimension; `/kWh` is money for an energy."""
    scale, dimension = 1.0, [0] * 8
    if unit == "":
        return scale, tuple(dimension)
    parts = unit.split("/")
    if parts[0] == "":
        parts[0] = "money"
    for index, part in enumerate(parts):
        sign = 1 if index == 0 else -1
        factor, exponents = _word(part)
        scale *= factor**sign
        dimension = [have + sign * more for have, more in zip(dimension, exponents, strict=True)]
    return scale, tuple(dimension)


def _word(word: str) -> tuple[float, Dimension]:
    if word in _BINARY:
        return _BINARY[word], _one(_DATA)
    if word in _WORDS:
        factor, axis = _WORDS[word]
        return factor, _one(axis)
    for base in ("FLOP", "tokens", "token", "requests", "request", "Wh", "s", "B", "J"):
        prefix = word.removesuffix(base)
        if prefix != word and prefix in _SCALE:
            factor, axis = _WORDS[base]
            return _SCALE[prefix] * factor, _one(axis)
    if word.endswith("W") and word[:-1] in _SCALE:
        power = [0] * 8
        power[_ENERGY], power[_TIME] = 1, -1
        return _SCALE[word[:-1]], tuple(power)
    raise UnitError(f"unknown unit `{word[:20]}`")


def _one(axis: int) -> Dimension:
    return tuple(int(index == axis) for index in range(8))
