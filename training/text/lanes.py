"""The verbs of the text lanes, behind `make train-text` and `make eval-text`.

    lanes.py train   --data DIR --work DIR [--packages DIR] [--lane ai ...]     weights, their digests in the manifest
    lanes.py measure --data DIR --work DIR [--packages DIR] [--lane ai ...]     training/text/*/measured.json, the page

DIR of `--data` holds `text/`. Each lane runs in a process of its own, on one thread. The same data and the same kind of
processor give the same bytes: what is known to differ elsewhere stands in training/text/README.md.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess  # noqa: TID251 - a recipe runs others
import sys
import time
from pathlib import Path

import page
from packages import fetch

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WEIGHTS = ROOT / "src/brightline/weights"
LANES = ("ai", "fraud", "rumour")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("train", "measure"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--work", type=Path, required=True, help="what may be thrown away: packages, vectors, peers"
    )
    parser.add_argument("--packages", type=Path, help="packages that were fetched before")
    parser.add_argument("--lane", nargs="*", choices=(*LANES, "peers"), default=[])
    parser.add_argument("--uv", type=Path, default=ROOT / ".uv/bin/uv")
    told = parser.parse_args()
    told.data, told.work = told.data.resolve(), told.work.resolve()
    if not (told.data / "text").is_dir():
        raise SystemExit(f"`{told.data}` has no folder `text`; say DATA=folder")
    lanes = told.lane or [*LANES, "peers"]
    if told.packages is None and "ai" in lanes:
        told.packages = told.work / "packages"
        fetch(told.packages)
    (train if told.verb == "train" else measure)(told, lanes)


def train(told: argparse.Namespace, lanes: list[str]) -> None:
    """Train into a folder of its own first: weights that ship change only when all went well."""
    made = told.work / "weights"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    shutil.copy(WEIGHTS / "manifest.toml", made)
    text = told.data / "text"
    if "ai" in lanes:
        run("ai/train.py", "--data", text, "--packages", told.packages, "--out", made)
    if "fraud" in lanes:
        run("fraud/train.py", "--shared", told.data, "--out", made, "--report", HERE / "fraud/report.json")
    if "rumour" in lanes:
        run("rumour/train.py", "--data", told.data, "--vectors", told.work / "vectors", "--out", made)
    for file in sorted(made.glob("*.safetensors")):
        install(file)


def install(file: Path) -> None:
    """Put weights where they ship from, and their digest into the manifest, whose other lines stay."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest = WEIGHTS / "manifest.toml"
    entry = re.compile(rf'(?m)^(\[{file.stem}\]\nsha256 = ")([0-9a-f]*)(")$')
    before = entry.search(manifest.read_text("utf-8"))
    if before is None:
        raise SystemExit(f"the manifest has no `{file.stem}`: write its entry first, with what it rests on")
    shutil.copyfile(file, WEIGHTS / file.name)
    (WEIGHTS / file.name).chmod(0o644)  # safetensors writes for its owner alone
    manifest.write_text(entry.sub(rf"\g<1>{digest}\g<3>", manifest.read_text("utf-8")), "utf-8")
    print(
        f"{file.name}: {file.stat().st_size:,} bytes, {'the same as before' if before[2] == digest else f'new, {digest}'}"
    )


def measure(told: argparse.Namespace, lanes: list[str]) -> None:
    """Measure each lane, then the peers on the same texts, then render the page."""
    text, texts = told.data / "text", told.work / "texts"
    texts.mkdir(parents=True, exist_ok=True)
    if "ai" in lanes:
        run(
            "ai/measure.py",
            "--data",
            text,
            "--packages",
            told.packages,
            "--texts",
            texts,
            "--out",
            HERE / "ai/measured.json",
        )
    if "fraud" in lanes:
        run("fraud/measure.py", "--data", told.data, "--texts", texts, "--out", HERE / "fraud/measured.json")
    if "rumour" in lanes:
        kept = ["--vectors", told.work / "vectors", "--cache", told.work / "claims"]
        run("rumour/measure.py", "--data", told.data, *kept, "--out", HERE / "rumour/measured.json")
    if "peers" in lanes:
        run(
            "peers/run.py",
            "--texts",
            texts,
            "--work",
            told.work / "peers",
            "--uv",
            told.uv,
            "--out",
            HERE / "peers/measured.json",
        )
    if missing := [lane for lane in page.RESULTS if not (HERE / lane / "measured.json").exists()]:
        print(f"no page yet: {', '.join(missing)} not measured")
        return
    page.PAGE.write_text(page.page(page.Tables()), "utf-8")
    print(f"written: {page.PAGE.relative_to(ROOT)}")


def run(script: str, *arguments: object) -> None:
    """One script of a lane, in its own process: the lanes' files share names."""
    began = time.monotonic()
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    path = {"PYTHONPATH": f"{ROOT / 'src'}:{HERE}", "PYTHONWARNINGS": "ignore::FutureWarning"}
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, env=os.environ | one_thread | path, check=False)
    if done.returncode:
        raise SystemExit(f"`{script}` failed: nothing was changed after it")
    print(f"{script}: {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
