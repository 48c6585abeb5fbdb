"""What other scanners say of the files of a folder; run by bench_artefact.py in an environment that may be thrown away."""

import json
import sys
import time
from pathlib import Path


def picklescan(path):
    from picklescan.scanner import scan_file_path

    found = scan_file_path(str(path))
    return bool(found.issues_count or found.scan_err)


def fickling(path):
    import zipfile

    from fickling.analysis import Severity, check_safety
    from fickling.fickle import StackedPickle

    data = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            data = next(file.read(name) for name in file.namelist() if name.endswith("data.pkl"))
    return any(check_safety(one).severity > Severity.LIKELY_SAFE for one in StackedPickle.load(data))


def modelscan(path):
    from modelscan.modelscan import ModelScan

    found = ModelScan().scan(str(path))
    return bool(found["issues"] or found["errors"])


def main(folder):
    said = {}
    for name, tool in (("picklescan", picklescan), ("fickling", fickling), ("modelscan", modelscan)):
        began = time.perf_counter()
        said[name] = {}
        for path in sorted(Path(folder).iterdir()):
            try:
                said[name][path.name] = "told" if tool(path) else "clean"
            except Exception as error:  # noqa: BLE001 - an error is an answer of its own
                said[name][path.name] = f"error {type(error).__name__}"
        said[name]["seconds"] = time.perf_counter() - began
    json.dump(said, sys.stdout)


main(sys.argv[1])
