"""All speed figures in one run, side by side with peers: `make bench`.

The line is timed with everything on: worker processes, all detectors, all six packs, and a durable ledger. Start-up of
the workers is not counted; it is printed apart.
"""

import argparse
import os
import platform
import runpy
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from brightline.assembly import assemble
from brightline.core.subject import Context
from brightline.line import Job
from brightline.settings import Settings

CONTEXT = Context(time="2026-11-23T00:00:00Z")
TEXTS = 3_000
IMAGES = 300
OTHERS = ("bench_policy.py", "bench_ledger.py", "bench_known.py")


def write_texts(folder: Path) -> list[Path]:
    """Different texts of 50 to 400 words in English and Chinese, made from the examples' sentences."""
    examples = Path(__file__).parents[1] / "examples" / "text"
    english = (examples / "river-notes.en.txt").read_text("utf-8").split(". ")
    chinese = (examples / "market-notes.zh.txt").read_text("gb18030").split("。")
    random = np.random.default_rng(7)
    files = []
    for index in range(TEXTS):
        sentences, stop = (english, ". ") if index % 2 else (chinese, "。")
        picked = random.choice(len(sentences), size=int(random.integers(3, 24)))
        file = folder / f"{index}.txt"
        file.write_text(stop.join(sentences[one] for one in picked) + f" {index}", "utf-8")
        files.append(file)
    return files


def write_images(folder: Path) -> list[Path]:
    """JPEG pictures of 1280 x 960 with the detail of a photograph (a scikit-image sample, cropped and turned)."""
    from skimage import data

    photograph = Image.fromarray(data.astronaut()).resize((1600, 1600))
    random = np.random.default_rng(7)
    files = []
    for index in range(IMAGES):
        left, top = (int(one) for one in random.integers(0, 320, size=2))
        file = folder / f"{index}.jpg"
        picture = photograph.rotate(float(random.uniform(-10, 10))).crop((left, top, left + 1280, top + 960))
        picture.save(file, quality=int(random.integers(80, 96)))
        files.append(file)
    return files


def time_line(files: list[Path], jobs: int) -> tuple[float, float]:
    """Seconds to start, and files a second."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        with assemble(Settings(home=Path(home), jobs=jobs)) as house:
            warm = [Job(name="warm", data=b"warm %d" % one, context=CONTEXT) for one in range(jobs * 8)]
            for _ in house.line.judge(warm):
                pass
            started = time.perf_counter()
            done = sum(
                1
                for _ in house.line.judge(Job(name=one.name, path=str(one), context=CONTEXT) for one in files)
            )
            ended = time.perf_counter()
    assert done == len(files)
    return started - began, len(files) / (ended - started)


def bench_line() -> None:
    print(f"{'whole line':<24}{'cores':>6}{'files/s':>10}{'start s':>9}")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        kinds = {"texts, 0.3-2 kB": write_texts(Path(one)), "JPEG, 1280 x 960": write_images(Path(two))}
        for name, files in kinds.items():
            for jobs in (1, 2):
                start, rate = time_line(files, jobs)
                print(f"{name:<24}{jobs:>6}{rate:>10.0f}{start:>9.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--line-only", action="store_true")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    bench_line()
    for name in () if arguments.line_only else OTHERS:
        print(flush=True)
        sys.argv = [name]
        runpy.run_path(str(Path(__file__).with_name(name)), run_name="__main__")


if __name__ == "__main__":
    main()
