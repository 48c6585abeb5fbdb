"""What changes from one bundle to the next: distributions by version, and the operator's files."""

import re
from collections.abc import Mapping

import msgspec
from tuf.api.metadata import TargetFile

from brightline.doors.bundle.trust import Trusted

_WHEEL = re.compile(r"wheels/([^-]+)-([^-]+)-.*\.whl").fullmatch


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs.

    Attributes:
        name: of a distribution, or of a file below `data/`.
        before: its version, or the begin of its digest; empty where it is new.
        after: the same; empty where it is gone.
        bytes: size of what is new.
    """

    name: str
    before: str
    after: str
    bytes: int


def difference(before: Trusted, after: Trusted) -> list[Change]:
    """Everything that differs, by name."""
    old, new = _things(before.targets), _things(after.targets)
    return [
        Change(
            name=name,
            before=old[name][0] if name in old else "",
            after=new[name][0] if name in new else "",
            bytes=new[name][1].length if name in new else 0,
        )
        for name in sorted(old.keys() | new.keys())
        if _digest(old.get(name)) != _digest(new.get(name))
    ]


def _things(targets: Mapping[str, TargetFile]) -> dict[str, tuple[str, TargetFile]]:
    found = {}
    for name, target in targets.items():
        if match := _WHEEL(name):
            found[match[1]] = (match[2], target)
        elif name.startswith("data/"):
            found[name] = (target.hashes["sha256"][:12], target)
    return found


def _digest(thing: tuple[str, TargetFile] | None) -> str:
    return thing[1].hashes["sha256"] if thing is not None else ""
