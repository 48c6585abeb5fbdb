"""The detectors in the catalogue, each with its card: what it claims, on what, how it was measured, what it cannot do."""

import tomllib
from functools import cache
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request, Response

from brightline.core.words import Words
from brightline.doors.service.access import needs
from brightline.doors.service.console.layout import pages, render
from brightline.examine.catalogue import card_path, catalogue
from brightline.review.people import May, Person

ROUTER = pages()
Seer = Annotated[Person, Depends(needs(May.SEE))]


class Measured(msgspec.Struct, frozen=True):
    """One measurement: what on, what came out, how to do it again."""

    what: str
    figures: str
    command: str


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A detector's card."""

    name: str
    purpose: Words
    claims: tuple[str, ...]
    harms: tuple[str, ...]
    basis: tuple[str, ...]
    inputs: tuple[str, ...]
    training: tuple[str, ...]
    calibration: tuple[str, ...]
    limits: tuple[str, ...]
    licence: str
    measured: tuple[Measured, ...]


@ROUTER.get("/detectors")
def show(request: Request, person: Seer) -> Response:
    """The page."""
    return render(request, "detectors.html", person, cards=cards())


@cache
def cards() -> tuple[Card, ...]:
    """All cards, by the catalogue's order; read once, since they change with the program alone."""
    return tuple(
        _card(entry.name, tomllib.loads(card_path(entry).read_text("utf-8"))) for entry in catalogue()
    )


def _card(name: str, read: dict[str, Any]) -> Card:
    purpose = read.get("purpose", {})
    return Card(
        name=name,
        purpose=Words(str(purpose.get("en", "")), str(purpose.get("zh", ""))),
        claims=_lines(read.get("claims")), harms=_lines(read.get("harms")), basis=_lines(read.get("basis")),
        inputs=_lines(read.get("inputs")), training=_lines(read.get("training")),
        calibration=_lines(read.get("calibration")), limits=_lines(read.get("limits")),
        licence=str(read.get("licence", "")), measured=tuple(_measured(read.get("measured"))),
    )  # fmt: skip


def _lines(told: object) -> tuple[str, ...]:
    if isinstance(told, list):
        return tuple(str(one) for one in told)
    if isinstance(told, dict):
        return tuple(f"{name}: {value}" for name, value in told.items())
    return (str(told),) if told else ()


def _measured(told: object) -> list[Measured]:
    rows = told if isinstance(told, list) else [told] if told else []
    found = []
    for row in rows:
        if isinstance(row, dict):
            found.append(
                Measured(str(row.get("what", "")), str(row.get("figures", "")), str(row.get("command", "")))
            )
        else:
            found.append(Measured("", str(row), ""))
    return found
