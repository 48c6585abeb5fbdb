"""Opens a network together with the table of figures that its trainer wrote beside it."""

from importlib.resources.abc import Traversable
from typing import TypeVar

from brightline.weights.network import Network
from brightline.weights.store import network_bytes, table

T = TypeVar("T")


def opened(name: str, kind: type[T], folder: Traversable | None = None) -> tuple[Network, T]:
    """A network and what `<name>.toml` beside it says; those that ship by default.

    Raises:
        DetectorError: either is missing or damaged, or the network is not the one that the manifest names.
    """
    said = table(name, kind, folder)
    return Network(network_bytes(name, folder), name), said
