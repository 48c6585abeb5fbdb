"""Where a figure comes from: every fact in a data pack names its source, its date and how well it is known."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from brightline.core.decision import Standing
from brightline.planner.faults import PlanError
from brightline.planner.units import Quantity, UnitError

PACK_BYTES = 1024 * 1024  # of one data pack or plan: they are written by hand


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document, its place, the day it was read, and its standing."""

    title: str
    where: str
    as_of: str
    standing: Standing


class Fact(msgspec.Struct, frozen=True):
    """One figure of a pack: of which thing, which figure, as written, and from where."""

    of: str
    name: str
    said: str
    source: Source


def read_pack(name: str, path: Path | None = None) -> dict[str, Any]:
    """A shipped data pack by name, or a file in its place.

    Raises:
        PlanError: the file is not there, too long, or no TOML.
    """
    if path is None:
        return tomllib.loads(resources.files("brightline.planner.facts").joinpath(name).read_text("utf-8"))
    return read_toml(path)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file of bounded size.

    Raises:
        PlanError: the file is not there, too long, or no TOML.
    """
    try:
        if path.stat().st_size > PACK_BYTES:
            raise PlanError(f"`{path}` is larger than {PACK_BYTES // 1024} KiB, which no plan or pack is")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PlanError(f"`{path}` cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"`{path}` is not TOML: {error}") from error


def sources_of(pack: dict[str, Any]) -> dict[str, Source]:
    """The table `sources`.

    Raises:
        PlanError: a source is malformed.
    """
    try:
        return msgspec.convert(pack.get("sources", {}), dict[str, Source])
    except msgspec.ValidationError as error:
        raise PlanError(f"sources of a data pack: {error}") from error


def sourced(
    table: dict[str, Any], sources: dict[str, Source], kinds: dict[str, type[Quantity]], of: str
) -> tuple[dict[str, float], tuple[Fact, ...]]:
    """Figures of one thing as quantities, and as facts with their sources.

    Args:
        table: name to `[value, source]`; other entries are left alone.
        sources: the pack's sources.
        kinds: which figures are expected, and of which kind.
        of: what they are figures of, for messages.

    Raises:
        PlanError: a unit is wrong, or a source is not in the pack.
    """
    values: dict[str, float] = {}
    facts: list[Fact] = []
    for name, kind in kinds.items():
        if name not in table:
            continue
        pair = table[name]
        if not isinstance(pair, list) or len(pair) != 2 or pair[1] not in sources:
            raise PlanError(f"`{of}.{name}` is not [value, source] with a source of the pack")
        try:
            values[name] = kind.read(pair[0])
        except UnitError as error:
            raise PlanError(f"`{of}.{name}`: {error}") from error
        facts.append(Fact(of, name, str(pair[0]), sources[pair[1]]))
    return values, tuple(facts)
