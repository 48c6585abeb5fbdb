"""The first installation from a bundle, on a machine that has Python and nothing else: `python3.11 FILE --into FOLDER --sha256 HEX`.

Runs from within the bundle, by the standard library alone. The SHA-256 of the whole file, got by another way than the file, is what is
believed here; the installed program then checks the signatures, and each later bundle by them alone.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

# What installs, and no more: the rest comes with the installation itself.
FIRST = {
    "brightline", "cffi", "click", "cryptography", "msgspec", "packaging", "pip", "pycparser", "securesystemslib", "tuf", "urllib3",
}  # fmt: skip


def main() -> int:
    """Check the file, install it for a moment, and let it install itself."""
    told = argparse.ArgumentParser(prog="python3.11 BUNDLE", description=__doc__)
    told.add_argument("--into", required=True, type=Path, help="folder of the installation")
    told.add_argument("--sha256", required=True, help="of this file, got by another way than the file")
    asked = told.parse_args()
    bundle = Path(sys.argv[0]).resolve()
    with bundle.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != asked.sha256.strip().lower():
        sys.stderr.write(f"{bundle}: has SHA-256 {digest}, not the one that was told: do not install it\n")
        return 2
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(bundle) as held:
        place = Path(scratch)
        names = [
            name
            for name in held.namelist()
            if name.startswith(("targets/wheels/", "targets/requirements.txt"))
        ]
        held.extractall(place, names)
        root = place / "root.json"
        roots = [
            name for name in held.namelist() if name.startswith("metadata/") and name.endswith(".root.json")
        ]
        root.write_bytes(held.read(max(roots, key=lambda name: int(name[9:].partition(".")[0]))))
        wheels = place / "targets" / "wheels"
        venv.EnvBuilder(symlinks=True, with_pip=False).create(place / "venv")
        python = place / "venv" / "bin" / "python"
        pip = next(wheels.glob("pip-*.whl")) / "pip"
        needed = place / "first.txt"
        lines = (place / "targets" / "requirements.txt").read_text("utf-8").splitlines(keepends=True)
        needed.write_text(
            "".join(line for line in lines if line.partition("==")[0] in FIRST), encoding="utf-8"
        )
        first = [sys.executable, str(pip), "--python", str(python), "--isolated", "--disable-pip-version-check", "install", "--quiet", "--no-index",
                 "--no-deps", "--require-hashes", "--no-compile", "--find-links", str(wheels), "--requirement", str(needed)]  # fmt: skip
        if done := subprocess.run(first, check=False).returncode:
            return done
        second = [
            str(python),
            "-m",
            "brightline",
            "bundle",
            "install",
            str(bundle),
            "--into",
            str(asked.into),
            "--root",
            str(root),
        ]
        return subprocess.run(second, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
