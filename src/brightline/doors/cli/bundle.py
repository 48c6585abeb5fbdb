"""`brightline bundle`: one signed file that installs Brightline where no network is."""

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as version_of
from pathlib import Path

import click
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from brightline.core.errors import BundleError
from brightline.doors.bundle import ceremony
from brightline.doors.bundle.archive import Archive
from brightline.doors.bundle.create import Index, Order, create
from brightline.doors.bundle.difference import difference
from brightline.doors.bundle.install import install
from brightline.doors.bundle.trust import Trusted, check_all, copy_of, trust
from brightline.doors.bundle.wheels import chosen, download, pinned, tags_of
from brightline.doors.exits import Exit
from brightline.governance.keys import load_signer

FILE = click.Path(path_type=Path)
KINDS = ("banks", "trust", "policies", "docs", "other")
DATE = "%Y-%m-%d"


@click.group(name="bundle")
def command() -> None:
    """Make, check and install bundles: wheels, weights, packs and your own files in one signed file.

    Keys come from `openssl genpkey -algorithm ed25519` or from a key that signs models already. A root of trust names the keys of people
    who may change it, and the release key that signs each bundle.
    """


@command.command(name="root")
@click.option("--key", "keys", type=FILE, multiple=True, required=True, help="Public key of one person of the root; repeat.")  # fmt: skip
@click.option("--threshold", type=int, default=1, show_default=True, help="How many of them must sign.")
@click.option("--release-key", type=FILE, multiple=True, required=True, help="Public key that signs bundles; repeat.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3660), default=365, show_default=True, help="Until it ends.")
@click.option("--before", type=FILE, help="The root in force, which this one follows.")
@click.option("--output", type=FILE, required=True, help="File to write.")
def root_command(
    keys: tuple[Path, ...], threshold: int, release_key: tuple[Path, ...], days: int, before: Path | None, output: Path
) -> int:  # fmt: skip
    """Make a root of trust; its people then sign it, one after the other, by `brightline bundle sign`."""
    if output.exists():
        raise BundleError(f"`{output}` is there already: name another file")
    ends = _today() + timedelta(days=days)
    made = ceremony.make_root(keys, threshold, release_key, ends, before)
    ceremony.write_root(made, output)
    click.echo(f"{output}: root {made.signed.version}, ends {ends:{DATE}}, waits for {threshold} signatures")
    return Exit.ALLOWED


@command.command(name="sign")
@click.argument("root", type=FILE)
@click.option("--key", type=FILE, required=True, help="Private key of one person, in PEM.")
@click.option("--before", type=FILE, help="The root in force, if this one follows it.")
def sign_command(root: Path, key: Path, before: Path | None) -> int:
    """Sign the root of trust ROOT in place."""
    found = ceremony.read_root(root)
    ceremony.sign_root(found, load_signer(key))
    ceremony.write_root(found, root)
    missing = ceremony.signatures_missing(found, ceremony.read_root(before) if before is not None else None)
    click.echo(f"{root}: {missing} signatures missing" if missing else f"{root}: signed by enough")
    return Exit.ALLOWED


@command.command(name="create")
@click.option("--output", type=FILE, required=True, help="The bundle to write.")
@click.option("--root", "roots", type=FILE, multiple=True, required=True, help="Root of trust in force; earlier ones before it, so that older installations follow.")  # fmt: skip
@click.option("--key", type=FILE, required=True, help="Private release key, in PEM.")
@click.option("--release", type=click.IntRange(1), required=True, help="Number of the bundle; each is greater than the last.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3660), default=90, show_default=True, help="Until it is no longer installed.")  # fmt: skip
@click.option("--expires", type=click.DateTime([DATE]), help="That day instead, so that the same input gives the same bytes.")  # fmt: skip
@click.option("--extra", "extras", multiple=True, help="Extra of Brightline to include, such as `postgres`; repeat.")  # fmt: skip
@click.option("--platform", default="", help="Such as manylinux_2_28_x86_64 [default: like this machine].")
@click.option("--wheel", "wheels", type=FILE, multiple=True, help="Wheel to take as it is, such as your own build; repeat.")  # fmt: skip
@click.option("--wheels", "folder", type=FILE, help="Folder of wheels; what lies there is not downloaded, and what is downloaded is kept there.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Download nothing: all wheels lie in the folder.")
@click.option("--add", "added", nargs=2, multiple=True, metavar="KIND FILE", help=f"File of yours: {', '.join(KINDS)}; repeat.")  # fmt: skip
@click.option("--since", type=FILE, help="Leave out what this earlier bundle has: a delta for those who installed it.")  # fmt: skip
def create_command(
    output: Path, roots: tuple[Path, ...], key: Path, release: int, days: int, expires: datetime | None, extras: tuple[str, ...], platform: str,
    wheels: tuple[Path, ...], folder: Path | None, offline: bool, added: tuple[tuple[str, str], ...], since: Path | None,
) -> int:  # fmt: skip
    """Make a bundle of what is installed here: the same versions, for the platform that you name."""
    pins = pinned(extras, platform)
    with tempfile.TemporaryDirectory() as scratch:
        place = folder or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        held = {_name_of(file): file for file in wheels}
        tags = tags_of(platform)
        found, missing = chosen({name: pin for name, pin in pins.items() if name not in held}, [place], tags)
        if missing and not offline:
            click.echo(f"fetching {len(missing)} wheels", err=True)
            download(missing, place, platform)
            found, missing = chosen(
                {name: pin for name, pin in pins.items() if name not in held}, [place], tags
            )
        if missing:
            first = ", ".join(f"{name} {pin}" for name, pin in list(missing.items())[:5])
            raise BundleError(f"{len(missing)} wheels are missing for this platform: {first}")
        read = [ceremony.read_root(one) for one in roots]
        index = Index(
            version=release, brightline=version_of("brightline"), python=f"{sys.version_info.major}.{sys.version_info.minor}", platform=platform,
            extras=tuple(sorted(extras)),
        )  # fmt: skip
        order = Order(
            index=index, wheels=found | held, added=_added(added), root=read[-1], roots=read[:-1],
            expires=expires.replace(tzinfo=UTC) if expires is not None else _today() + timedelta(days=days),
            leave_out=_digests(since, roots[0]) if since is not None else frozenset(),
        )  # fmt: skip
        digest = create(order, load_signer(key), output)
    click.echo(f"{output}: bundle {release} of {len(found | held)} wheels, ends {order.expires:{DATE}}")
    click.echo(f"sha256:{digest}")
    return Exit.ALLOWED


@command.command(name="verify")
@click.argument("bundle", type=FILE)
@click.option("--root", type=FILE, help="Root of trust, got by another way than the bundle.")
@click.option("--into", type=FILE, help="Installation whose trust is taken, so that older bundles are known.")
def verify_command(bundle: Path, root: Path | None, into: Path | None) -> int:
    """Check the bundle BUNDLE: who signed it, until when it holds, and every byte. Nothing is installed."""
    with Archive(bundle) as archive:
        found = _trusted(archive, root, into)
        left_out = check_all(archive, found)
    click.echo(
        f"{bundle}: genuine; bundle {found.version} of Brightline {found.index.brightline}, Python {found.index.python}"
    )
    click.echo(f"ends {found.expires}; {len(found.targets)} files" + (f", {left_out} of them left out" if left_out else ""))  # fmt: skip
    return Exit.ALLOWED


@command.command(name="install")
@click.argument("bundle", type=FILE)
@click.option("--into", type=FILE, required=True, help="Folder of the installation.")
@click.option("--root", type=FILE, help="Root of trust, at the first time.")
def install_command(bundle: Path, into: Path, root: Path | None) -> int:
    """Install the bundle BUNDLE, without a network. Whatever fails leaves the installation as it was."""
    found = install(bundle, into.resolve(), root.read_bytes() if root is not None else None)
    click.echo(f"{into}/current: bundle {found.version}, Brightline {found.index.brightline}")
    click.echo(f"run {into}/current/venv/bin/brightline")
    return Exit.ALLOWED


@command.command(name="diff")
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.option("--root", type=FILE, required=True, help="Root of trust of both.")
def diff_command(before: Path, after: Path, root: Path) -> int:
    """Say what changes from the bundle BEFORE to the bundle AFTER."""
    with Archive(before) as first, Archive(after) as second:
        changes = difference(_trusted(first, root, None), _trusted(second, root, None))
    for one in changes:
        click.echo(f"{one.name}: {one.before or '-'} -> {one.after or '-'} ({one.bytes / 1e6:.1f} MB)")
    if not changes:
        click.echo("nothing differs")
    return Exit.ALLOWED


def _trusted(archive: Archive, root: Path | None, into: Path | None) -> Trusted:
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        state = copy_of(into / "trust", place) if into is not None else place / "trust"
        return trust(archive, _bytes(root), state)


def _bytes(file: Path | None) -> bytes | None:
    try:
        return file.read_bytes() if file is not None else None
    except OSError as error:
        raise BundleError(f"cannot read `{file}`: {(error.strerror or '').lower()}") from error


def _digests(since: Path, root: Path) -> frozenset[str]:
    with Archive(since) as archive:
        return frozenset(one.hashes["sha256"] for one in _trusted(archive, root, None).targets.values())


def _added(added: Sequence[tuple[str, str]]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for kind, written in added:
        file = Path(written)
        if kind not in KINDS:
            raise BundleError(f"no kind `{kind[:40]}` of files; known: {', '.join(KINDS)}")
        if not file.is_file():
            raise BundleError(f"`{file}` is no file")
        if f"{kind}/{file.name}" in found:
            raise BundleError(f"two files would be `{kind}/{file.name}` in the bundle")
        found[f"{kind}/{file.name}"] = file
    return found


def _name_of(wheel: Path) -> str:
    try:
        return parse_wheel_filename(wheel.name)[0]
    except InvalidWheelFilename as error:
        raise BundleError(f"`{wheel}` is not named like a wheel") from error


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
