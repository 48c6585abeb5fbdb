"""Speed and memory of `image.generated`, whole from JPEG bytes: `python benchmarks/bench_image.py --data FOLDER`.

Two processes of one thread each, as the pool runs them, beside the network of EfficientNet-Lite0's size alone, so that
the overhead of decoding, gate, crops and calibration is visible.
"""

import argparse
import io
import json
import resource
import subprocess  # noqa: TID251 - processes of their own, as the pool has
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

SECONDS = 8.0  # of each measurement
PROCESSES = 2
SIZES = ((640, 480), (1024, 768), (1920, 1080), (4000, 3000))
TARGET = 15.0  # images a second on two threads, from the issue
MEMORY_MB = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--worker", default="")
    parser.add_argument("--lite0", type=Path, help="EfficientNet-Lite0 as ONNX, 224 px, to run beside")
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(work(options.worker, options.data, options.lite0)))
        return
    jobs = (
        [f"{width}x{height}" for width, height in SIZES] + ["network"] + (["lite0"] if options.lite0 else [])
    )
    for job in jobs:
        report(job, options.data, options.lite0)


def report(job: str, data: Path, lite0: Path | None) -> None:
    command = [sys.executable, __file__, "--data", str(data), "--worker", job]
    command += ["--lite0", str(lite0)] if lite0 else []
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    found = [json.loads(process.communicate()[0]) for process in running]
    rate = sum(one["count"] / one["wall_s"] for one in found)
    spent = np.mean([1000 * one["cpu_s"] / one["count"] for one in found])
    memory = max(one["peak_mb"] for one in found)
    note = "" if job in {"network", "lite0"} else f", target {TARGET:g}/s and {MEMORY_MB} MB"
    print(
        f"{job:10} {rate:7.1f} a second in {PROCESSES} processes, {spent:6.1f} ms of CPU, {memory:4.0f} MB{note}",
        flush=True,
    )


def work(job: str, data: Path, lite0: Path | None) -> dict[str, float]:
    from brightline.detectors.image.generated import detect

    once = feed(job, data, lite0, detect)
    for index in range(3):
        once(index)
    began, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < SECONDS:
        once(count)
        count += 1
    return {
        "count": count,
        "wall_s": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def feed(job, data, lite0, detect):
    from brightline.core.subject import Blob, Context, Kind, Subject

    if job in {"network", "lite0"}:
        return alone(job, lite0)
    width, height = (int(length) for length in job.split("x"))
    files = sorted((data / "images" / "real").rglob("*.jpg"))[:: 1261 // 24]
    made = [mosaic(files, 6 * index, width, height) for index in range(4)]
    context = Context(time="2026-11-23T00:00:00Z")

    def once(index: int) -> None:
        stored = made[index % len(made)]
        # Another digest each time, so that no decoded picture is remembered.
        subject = Subject(
            digest=str(index), size_bytes=len(stored), kind=Kind.JPEG, context=context, blob=Blob(stored)
        )
        assert list(detect(subject))

    return once


def alone(job: str, lite0: Path | None):
    """The network on one crop without anything else: ours, or EfficientNet-Lite0 whole."""
    from brightline.detectors.image.model import MODEL, Table
    from brightline.weights.network import Network
    from brightline.weights.store import network_bytes, table

    data = network_bytes(MODEL) if job == "network" else lite0.read_bytes()
    network = Network(data, job)
    side = table(MODEL, Table).input.side if job == "network" else 224
    values = np.random.default_rng(1).random((1, 3, side, side), dtype=np.float32)
    return lambda _: network.run(values, [network.outputs[0].name])


def mosaic(files: list[Path], start: int, width: int, height: int) -> bytes:
    """A JPEG of that size out of real photographs' native pixels."""
    whole = Image.new("RGB", (width, height))
    index = start
    for top in range(0, height, 256):
        for left in range(0, width, 256):
            with Image.open(files[index % len(files)]) as image:
                whole.paste(image.convert("RGB").crop((0, 0, 256, 256)), (left, top))
            index += 1
    stream = io.BytesIO()
    whole.save(stream, "JPEG", quality=88)
    return stream.getvalue()


if __name__ == "__main__":
    main()
