"""Which wheels an installation is made of, and where they come from.

What is installed here was tested together here: a bundle pins exactly these versions, for the platform that is named.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import cast

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from brightline.core.errors import BundleError

PIP_SECONDS = 1800  # for all downloads, or one installation
_PLATFORM = re.compile(r"(manylinux|musllinux)_(\d+)_(\d+)_(x86_64|aarch64)").fullmatch


def pinned(extras: Sequence[str], platform: str = "") -> dict[str, str]:
    """Everything that Brightline with these extras needs, by name, in the versions that are installed here.

    Raises:
        BundleError: something is not installed here, or an extra is unknown.
    """
    machine = platform.rpartition("_")[2] if platform.endswith(("x86_64", "aarch64")) else ""
    machine = "x86_64" if machine == "64" else machine
    known = set(_installed("brightline").metadata.get_all("Provides-Extra") or ())
    if unknown := [one for one in extras if one not in known]:
        raise BundleError(f"Brightline has no extra `{unknown[0][:40]}`; known: {', '.join(sorted(known))}")
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [("brightline", extra) for extra in ("", *extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        held = _installed(name)
        found[name] = held.version
        waiting += _needed(held, extra, machine)
    return dict(sorted(found.items()))


def _needed(held: Distribution, extra: str, machine: str) -> Iterator[tuple[str, str]]:
    environment: dict[str, str] = {**cast("dict[str, str]", default_environment()), "extra": extra}
    if machine:
        environment["platform_machine"] = machine
    for line in held.requires or ():
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate(environment):
            continue
        if extra and requirement.marker is None:
            continue  # belongs to the plain installation, which is asked for as well
        name = canonicalize_name(requirement.name)
        yield name, ""
        for one in requirement.extras:
            yield name, one


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise BundleError(
            f"`{name}` is not installed here: install what the bundle is to hold first"
        ) from error


def tags_of(platform: str) -> list[Tag]:
    """What a platform's Python, of our own version, can install; an empty platform is this machine.

    Raises:
        BundleError: the platform is written otherwise than `manylinux_2_28_x86_64`.
    """
    if not platform:
        return list(sys_tags())
    names = platforms(platform)
    version = sys.version_info[:2]
    return [*cpython_tags(version, platforms=names), *compatible_tags(version, platforms=names)]


def platforms(platform: str) -> list[str]:
    """A platform with all older ones that run there (PEP 600), newest first.

    >>> platforms("manylinux_2_17_x86_64")[:2]
    ['manylinux_2_17_x86_64', 'manylinux2014_x86_64']
    """
    match = _PLATFORM(platform)
    if match is None:
        raise BundleError(f"no platform `{platform[:60]}`: expected one such as manylinux_2_28_x86_64")
    kind, major, minor, machine = match[1], match[2], int(match[3]), match[4]
    old = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"} if kind == "manylinux" else {}
    found = []
    for number in range(minor, -1, -1):
        found.append(f"{kind}_{major}_{number}_{machine}")
        if number in old:
            found.append(f"{old[number]}_{machine}")
    return [*found, f"linux_{machine}"]


def chosen(
    pins: dict[str, str], folders: Iterable[Path], tags: Sequence[Tag]
) -> tuple[dict[str, Path], dict[str, str]]:
    """The best wheel of each pin in folders, and the pins that have none."""
    order = {tag: place for place, tag in enumerate(tags)}
    best: dict[str, tuple[int, Path]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.whl")):
            try:
                name, version, _, offered = parse_wheel_filename(file.name)
            except ValueError:
                continue
            fits = [order[tag] for tag in offered if tag in order]
            if pins.get(name) == str(version) and fits and (name not in best or min(fits) < best[name][0]):
                best[name] = (min(fits), file)
    return {name: best[name][1] for name in pins if name in best}, {
        name: version for name, version in pins.items() if name not in best
    }


def download(pins: dict[str, str], folder: Path, platform: str = "") -> None:
    """Fetch wheels from the package registry that pip is set to.

    Raises:
        BundleError: pip failed; its last line says why.
    """
    words = ["download", "--no-deps", "--only-binary=:all:", "--dest", str(folder), "--progress-bar", "off"]
    if platform:
        words += [word for name in platforms(platform) for word in ("--platform", name)]
        words += ["--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"]
    run_pip([*words, *(f"{name}=={version}" for name, version in pins.items())], offline=False)


def run_pip(words: Sequence[str], *, offline: bool) -> str:
    """Run pip as a process of its own, without a shell; gives what it said.

    Raises:
        BundleError: it failed or took too long.
    """
    environment = {
        name: value for name, value in os.environ.items() if not (offline and name.startswith("PIP_"))
    }
    if offline:
        environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1"}
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    try:
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PIP_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"pip did not run to its end: {type(error).__name__}") from error
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        raise BundleError(f"pip failed: {said[-1][:300] if said else f'exit code {ran.returncode}'}")
    return ran.stdout
