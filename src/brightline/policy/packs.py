"""Finds packs: the shipped ones by name, others by path."""

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from brightline.core.errors import PolicyError
from brightline.policy.language.suggest import hint
from brightline.policy.load import load_pack
from brightline.policy.pack import Pack

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*")


def shipped() -> tuple[str, ...]:
    """Names of the packs that come with Brightline, sorted."""
    folder = _folder()
    return tuple(sorted(f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.yaml")))


def find_pack(name_or_path: str) -> Path:
    """The file of a pack.

    Args:
        name_or_path: `cn/labelling` for a shipped pack, anything else is a path.

    Raises:
        PolicyError: no such pack and no such file.
    """
    if _NAME.fullmatch(name_or_path):
        path = _folder() / f"{name_or_path}.yaml"
        if path.is_file():
            return path
    path = Path(name_or_path)
    if path.is_file():
        return path
    raise PolicyError(f"no pack and no file named `{name_or_path}`{hint(name_or_path, shipped())}")


def load_packs(names: Sequence[str]) -> list[Pack]:
    """The packs of these names or paths, in their order.

    Raises:
        PolicyError: no name at all, one is not found, one is malformed, or two have the same id.
    """
    if not names:
        raise PolicyError("no pack is named: without a rule everything would pass; name at least one")
    packs: list[Pack] = []
    for name in names:
        pack = load_pack(find_pack(name))
        if any(other.id == pack.id for other in packs):
            raise PolicyError(f"pack `{pack.id}` is named twice; its rules would count twice")
        packs.append(pack)
    return packs


def _folder() -> Path:
    return Path(str(files("brightline"))) / "policies"
