"""How fast `video.generated` looks at a 1080p video: seconds of film for one second of a core, and of two.

A film of 20 s (H.264, CRF 23, 30 frames a second) is made of the data folder's pictures, and judged whole: decoding
from memory, two stills a second and at every cut, native crops through the network, one thread each. Two copies run in
two processes, as the line's workers do. Beside it: decoding every frame alone, so that the overhead is visible.
"""

import argparse
import hashlib
import io
import random
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from PIL import Image
from video_clips import encoded

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.video.generated import judged
from brightline.detectors.video.model import open_frame_judge, shipped
from brightline.settings import Limits

SECONDS, RATE, SHOTS = 20, 30, 4
WIDTH, HEIGHT = 1920, 1080
TARGET = 5.0  # times real time on two threads


def mosaic(paths: list[Path], seed: int) -> np.ndarray:
    """A wide picture of pictures, with room for a camera to move."""
    draw = random.Random(seed)
    whole = np.zeros((HEIGHT + 256, WIDTH + 512, 3), dtype=np.uint8)
    for y in range(0, whole.shape[0], 256):
        for x in range(0, whole.shape[1], 256):
            with Image.open(draw.choice(paths)) as opened:
                tile = np.asarray(opened.convert("RGB"))[: whole.shape[0] - y, : whole.shape[1] - x][
                    :256, :256
                ]
            whole[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return whole


def frames(paths: list[Path]):
    each = SECONDS * RATE // SHOTS
    for shot in range(SHOTS):
        whole = mosaic(paths, shot)
        for number in range(each):
            yield np.ascontiguousarray(whole[number : number + HEIGHT, 2 * number : 2 * number + WIDTH])


class Spent(NamedTuple):
    """What one judgement took: seconds on the clock and of a core, and how many stills it saw."""

    wall_s: float
    cpu_s: float
    stills: str = ""

    def __str__(self) -> str:
        return f"{SECONDS / self.wall_s:.1f} times real time by the clock, {SECONDS / self.cpu_s:.1f} by the core's time"


def judge(data: bytes, weights: Path | None) -> Spent:
    network = open_frame_judge(weights) if weights else shipped()
    context = Context(time="2026-11-23T12:00:00Z")
    digest = hashlib.sha256(data).hexdigest()
    subject = Subject(digest=digest, size_bytes=len(data), kind=Kind.MP4, context=context, blob=Blob(data))
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    (finding,) = judged(subject, network, Limits())
    return Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s, finding.detail("frames"))


def decode(data: bytes) -> Spent:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with av.open(io.BytesIO(data)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for _ in container.decode(video=0):
            pass
    return Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="folder of other weights")
    options = parser.parse_args()
    paths = sorted((options.data / "images" / "real").rglob("*.jpg"))
    data = encoded(frames(paths), 23, rate=RATE)
    print(f"{SECONDS} s of {WIDTH} x {HEIGHT}, {len(data) * 8 / SECONDS / 1e6:.1f} Mbit/s")
    print(f"every frame decoded, nothing else: {decode(data)}")
    alone = judge(data, options.weights)
    print(f"video.generated on one core, {alone.stills} stills: {alone}")
    wall_s = time.perf_counter()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        spent = list(pool.map(judge, [data] * 4, [options.weights] * 4))
    both = Spent((time.perf_counter() - wall_s) / 4, sum(one.cpu_s for one in spent) / 8)
    print(f"two processes, one core each: {both}; target {TARGET:g}")


if __name__ == "__main__":
    main()
