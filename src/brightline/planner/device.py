"""Accelerators and the servers they stand in, from the data pack `facts/devices.toml` or a copy of it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from brightline.planner.faults import PlanError
from brightline.planner.sources import Fact, read_pack, sourced, sources_of
from brightline.planner.units import Bytes, BytesPerSecond, Flops, Quantity, Watts


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One accelerator.

    Attributes:
        name: as plans write it.
        vendor: who makes it.
        memory: bytes.
        bandwidth: of that memory, bytes a second.
        bf16: dense operations a second at 16 bits; `fp8` and `fp4` are 0 where the hardware has no such unit.
        link: one direction between devices of a server, bytes a second.
        power: watts at full load.
        price: of one device, in the pack's currency (US dollars).
        per_server: devices in one server.
        facts: each figure with its source.
    """

    name: str
    vendor: str
    memory: float
    bandwidth: float
    bf16: float
    link: float
    power: float
    price: float
    per_server: int
    fp8: float = 0.0
    fp4: float = 0.0
    facts: tuple[Fact, ...] = ()


_KINDS: dict[str, type[Quantity]] = {
    "memory": Bytes, "bandwidth": BytesPerSecond, "bf16": Flops, "fp8": Flops, "fp4": Flops, "link": BytesPerSecond,
    "power": Watts, "price": Quantity,
}  # fmt: skip


@cache
def devices(path: Path | None = None) -> Mapping[str, Device]:
    """All devices by name.

    Raises:
        PlanError: the pack is malformed.
    """
    pack = read_pack("devices.toml", path)
    sources = sources_of(pack)
    found: dict[str, Device] = {}
    for name, table in pack.get("devices", {}).items():
        values, facts = sourced(table, sources, _KINDS, name)
        try:
            found[name] = Device(
                name=name, vendor=table["vendor"], per_server=table["per_server"], facts=facts, **values
            )
        except (KeyError, TypeError) as error:
            raise PlanError(f"device `{name}` lacks a figure: {error}") from error
    return found


def device_named(name: str, path: Path | None = None) -> Device:
    """One device.

    Raises:
        PlanError: there is none of that name.
    """
    known = devices(path)
    if name not in known:
        raise PlanError(f"no device named `{name}`; known: {', '.join(sorted(known))}")
    return known[name]
