"""Detection by family beside picklescan, fickling and modelscan, false alarms on honest files, and speed; writes docs/reference/artefacts.md."""

import argparse
import json
import pickle  # noqa: TID251 - files to look at are written, none is read
import subprocess  # noqa: TID251 - the peers live in an environment of their own
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "artefact"))
import families  # noqa: E402 - the fixtures live beside the tests

from brightline.core.subject import Context  # noqa: E402
from brightline.detectors.artefact.steps import walk  # noqa: E402
from brightline.examine.catalogue import CATALOGUE  # noqa: E402
from brightline.examine.run import examine, load_all  # noqa: E402
from brightline.intake.open import open_file  # noqa: E402
from brightline.settings import Limits, Settings  # noqa: E402

DETECTORS = load_all([one for one in CATALOGUE if one.name.startswith("artefact.")], Settings())
GRAVE = {"artefact.executes", "artefact.template"}


def ours(path):
    subject = open_file(path, context=Context(time="2026-11-24T00:00:00Z"), limits=Limits())
    found = examine(subject, DETECTORS, Settings(), "0" * 64)
    if any(one.claim in GRAVE for one in found.findings):
        return "dangerous"
    return "not vetted" if any(one.harm for one in found.findings) else "gap" if found.gaps else "clean"


def written(files, folder, ending):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    paths = {}
    for number, (name, data) in enumerate(files.items()):
        paths[name] = folder / f"{number:03}{ending(data)}"
        paths[name].write_bytes(data)
    return paths


def ending(data):
    return ".npy" if data[:6] == b"\x93NUMPY" else ".pt" if b"PK\x03\x04" in data[:64] else ".pkl"


def groups():
    return {
        "ways to write a call (protocols, memo, several streams, broken ones)": families.streams(),
        "payloads in strings, coded, compressed, in arrays": families.coded(),
        "archives that readers see differently": families.archives(),
        "names of published bypasses": families.bypasses(),
    }


def speeds():
    made = {
        "ten arrays of 8 MB": [np.zeros(1_000_000) for _ in range(10)],
        "5,000 tensors of 8 kB in a dict": {f"layer.{i}.weight": np.zeros(2000, "f4") for i in range(5000)},
        "2 million floats in a list": [float(i) for i in range(2_000_000)],
        "3 million whole numbers": list(range(3_000_000)),
        "500,000 short strings": [f"word number {i}" for i in range(500_000)],
    }
    for name, value in made.items():
        data = pickle.dumps(value, protocol=4)
        began = time.process_time()
        walk(data, 0, len(data))
        yield f"| {name} | {len(data) / 1e6:.0f} MB | {len(data) / 1e6 / max(1e-4, time.process_time() - began):,.0f} MB/s |"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--peers", default=str(ROOT / "build/artefact/peers/bin/python"))
    arguments.add_argument("--benign", default=str(ROOT / "build/artefact/benign"))
    given = arguments.parse_args()
    work = ROOT / "build/artefact/files"
    rows, totals = [], {}
    for title, files in groups().items():
        paths = written(files, work, ending)
        said = json.loads(
            subprocess.run(
                [given.peers, str(ROOT / "benchmarks/peers_artefact.py"), str(work)],
                capture_output=True,
                check=True,
            ).stdout.splitlines()[-1]
        )
        own = [ours(path) for path in paths.values()]
        counts = [f"{own.count('dangerous')} + {len(own) - own.count('dangerous') - own.count('clean')}"]
        totals.setdefault("brightline", []).append((len(own) - own.count("clean"), own.count("dangerous")))
        for tool in ("picklescan", "fickling", "modelscan"):
            told = sum(said[tool][path.name] == "told" for path in paths.values())
            failed = sum(said[tool][path.name].startswith("error") for path in paths.values())
            counts.append(f"{told} + {failed}")
            totals.setdefault(tool, []).append((told + failed, told))
        rows.append(f"| {title} | {len(files)} | " + " | ".join(counts) + " |")
    honest = written(families.benign(), work, ending)
    folder = Path(given.benign)
    real = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []
    alarms = [(path.name, ours(path)) for path in [*honest.values(), *real]]
    sizes = {"brightline": len(alarms)}
    page = [
        "# Model files: what is found, beside others", "",
        "Written by `make bench-artefact`: 200 malicious files assembled by `tests/artefact/families.py`, one for each way to evade, in one run",
        "with picklescan, fickling and modelscan at their defaults. `a + b`: a told as dangerous, b stopped for another reason (ours: not vetted,",
        "or a gap; others: the scanner failed with an error). What is left was called clean.", "",
        "| families | files | brightline | picklescan | fickling | modelscan |", "|---|---|---|---|---|---|", *rows, "",
        "The families were written by the same people as the detector, with the published advisories in hand, so the first column says that the",
        "list is covered and not that nothing else exists.", "",
        "## Honest files", "",
        f"{sizes['brightline']} files: those of `families.benign()`, and what scikit-learn, joblib, NumPy, pandas, LightGBM, XGBoost and Keras write",
        "(`benchmarks/make_benign.py`).", "",
        "| said | files |", "|---|---|",
        *(f"| {word} | {sum(said == word for _, said in alarms)} |" for word in ("clean", "gap", "not vetted", "dangerous")), "",
        "## Speed of the walker", "", "One core, without reading from disk.", "",
        "| stream | size | speed |", "|---|---|---|", *speeds(), "",
    ]  # fmt: skip
    (ROOT / "docs/reference/artefacts.md").write_text("\n".join(page))
    print("\n".join(page))
    print([one for one in alarms if one[1] != "clean"])


main()
