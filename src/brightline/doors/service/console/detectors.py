"""The detectors in the catalogue: each with its card, how its estimates kept against people, and whether its scores moved."""

import tomllib
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Path, Request, Response

from brightline.core.words import Words
from brightline.doors.service.access import needs, state_of
from brightline.doors.service.console.layout import pages, render
from brightline.doors.service.problems import ProblemError
from brightline.examine.catalogue import card_path, catalogue
from brightline.review import scores
from brightline.review.calibration import (
    ENOUGH,
    ENOUGH_OF_BOTH,
    ENOUGH_SCORES,
    Calibration,
    Drift,
    calibrate,
    drift,
)
from brightline.review.people import May, Person
from brightline.review.scores import Scored
from brightline.review.store import now_ms

ROUTER = pages()
Seer = Annotated[Person, Depends(needs(May.SEE))]
Name = Annotated[str, Path(pattern=r"^[a-z0-9_.]{1,100}$")]
DAY_MS = 86_400_000
DRIFT_DAYS, BEFORE_DAYS = 7, 28  # the last week beside the four weeks before it
SIDE, EDGE = 300.0, 34.0  # units of the reliability diagram: its square, and the space for its axes
DOT_LEAST, DOT_MOST = 3.0, 10.0
VERDICTS = {
    "steady": Words("steady", "稳定"),
    "moved": Words("moved a little", "略有变化"),
    "moved_far": Words("moved far: look what is new", "变化明显：请查明原因"),
}


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


class Dot(msgspec.Struct, frozen=True):
    """One bin of a reliability diagram: where it is, its interval, and how large it is drawn."""

    x: float
    y: float
    low: float
    high: float
    radius: float
    count: int


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """A detector's estimates of one harm in use."""

    harm: str
    told: Calibration
    dots: tuple[Dot, ...]
    drift: Drift


@ROUTER.get("/detectors")
def show(request: Request, person: Seer) -> Response:
    """All detectors, and of each how many estimates people have answered."""
    with state_of(request).store.reading() as connection:
        answered = scores.answered(connection, person.tenant)
    counts: dict[str, int] = {}
    for (detector, _), judged in answered.items():
        counts[detector] = counts.get(detector, 0) + len(judged)
    return render(request, "detectors.html", person, cards=cards(), counts=counts)


@ROUTER.get("/detectors/{name}")
def one(request: Request, person: Seer, name: Name) -> Response:
    """One detector in use."""
    card = next((card for card in cards() if card.name == name), None)
    if card is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"no detector `{name}`")
    now = now_ms()
    with state_of(request).store.reading() as connection:
        answered = scores.answered(connection, person.tenant)
        recent = scores.since(connection, person.tenant, now - (DRIFT_DAYS + BEFORE_DAYS) * DAY_MS)
    mine = [scored for scored in recent if scored.detector == name]
    harms = sorted(
        {harm for detector, harm in answered if detector == name} | {scored.harm for scored in mine}
    )
    return render(
        request, "detector.html", person, card=card, side=SIDE, edge=EDGE, verdicts=VERDICTS, enough=ENOUGH,
        both=ENOUGH_OF_BOTH, enough_scores=ENOUGH_SCORES, days=DRIFT_DAYS, before_days=BEFORE_DAYS,
        lives=[
            _live(harm, calibrate(answered.get((name, harm), [])), mine, now - DRIFT_DAYS * DAY_MS) for harm in harms
        ],
    )  # fmt: skip


def _live(harm: str, told: Calibration, recent: list[Scored], split_ms: int) -> Live:
    here = [scored for scored in recent if scored.harm == harm]
    return Live(
        harm=harm,
        told=told,
        dots=_dots(told),
        drift=drift(
            [scored.probability for scored in here if scored.at_ms < split_ms],
            [scored.probability for scored in here if scored.at_ms >= split_ms],
        ),
    )


def _dots(told: Calibration) -> tuple[Dot, ...]:
    """The bins that hold something, in the diagram's units; y grows downwards."""
    most = max((bin_.count for bin_ in told.bins), default=1)
    return tuple(
        Dot(
            x=round(EDGE + SIDE * bin_.said, 1), y=round(SIDE * (1 - bin_.held.value) + 10, 1),
            low=round(SIDE * (1 - bin_.held.low) + 10, 1), high=round(SIDE * (1 - bin_.held.high) + 10, 1),
            radius=round(DOT_LEAST + (DOT_MOST - DOT_LEAST) * (bin_.count / most) ** 0.5, 1), count=bin_.count,
        )
        for bin_ in told.bins
        if bin_.held is not None
    )  # fmt: skip


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
