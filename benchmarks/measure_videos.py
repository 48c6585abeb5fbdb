"""Measures how well known videos are known again, and how often strangers are taken for them.

Films are made of still pictures, three shots each; each is changed in several ways and looked up in a bank of all.
Run `python benchmarks/measure_videos.py --data DIR [--films N]`; prints the rows of the card of `known.items`.
"""

import argparse
import hashlib
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from video_clips import encoded, film

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.known.banks import Bank, compile_rows
from brightline.detectors.known.hits import Flat
from brightline.detectors.known.rows import HashType, Row
from brightline.detectors.known.video_hits import look_at, video_hits
from brightline.detectors.known.video_rows import known_video
from brightline.settings import Limits

SIZE = (256, 144)
SHOTS = 3
Frames = list[np.ndarray]


def subject(data: bytes) -> Subject:
    digest = hashlib.sha256(data).hexdigest()
    context = Context(time="2026-11-23T12:00:00Z")
    return Subject(
        digest=digest, size_bytes=len(data), kind=Kind.MP4, context=context, blob=Blob(data), name="film"
    )


def resized(frames: Frames, width: int, height: int) -> Frames:
    return [np.asarray(Image.fromarray(one).resize((width, height))) for one in frames]


def cropped(frames: Frames, share: float) -> Frames:
    height, width = frames[0].shape[:2]
    y, x = 2 * round(height * share / 2), 2 * round(width * share / 2)
    return [np.ascontiguousarray(one[y : height - y, x : width - x]) for one in frames]


def boxed(frames: Frames, bar: int) -> Frames:
    height, width = frames[0].shape[:2]
    return [np.pad(one, ((bar, bar), (0, 0), (0, 0))) for one in resized(frames, width, height - 2 * bar)]


CHANGES: dict[str, Callable[[Frames], bytes]] = {
    "compressed hard (CRF 35)": lambda one: encoded(iter(one), 35),
    "compressed very hard (CRF 45)": lambda one: encoded(iter(one), 45),
    "half the size": lambda one: encoded(iter(resized(one, 128, 72)), 28),
    "excerpt of 4 s": lambda one: encoded(iter(one[55:151]), 30),
    "excerpt of 2 s": lambda one: encoded(iter(one[90:138]), 30),
    "half the frames": lambda one: encoded(iter(one[::2]), 28, rate=12),
    "mirrored": lambda one: encoded((np.ascontiguousarray(frame[:, ::-1]) for frame in one), 28),
    "2 % cut off each side": lambda one: encoded(iter(cropped(one, 0.02)), 28),
    "5 % cut off each side": lambda one: encoded(iter(cropped(one, 0.05)), 28),
    "black bars over a tenth": lambda one: encoded(iter(boxed(one, 8)), 28),
    "a tenth faster": lambda one: encoded((frame for at, frame in enumerate(one) if at % 10), 28),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--films", type=int, default=24)
    options = parser.parse_args()
    paths = sorted((options.data / "images").rglob("*.jpg"))
    random.Random(7).shuffle(paths)
    films = [
        film(paths[at * SHOTS : (at + 1) * SHOTS], SIZE, at, enlarged=330) for at in range(options.films)
    ]
    values = [known_video(subject(encoded(iter(one)))) for one in films]
    known = [at for at, value in enumerate(values) if value]
    rows = [Row(type=HashType.VIDEO, value=values[at], id=str(at)) for at in known]
    print(f"{len(known)} of {len(films)} films have enough detail; {sum(map(len, values)) // 72} stills")
    with tempfile.TemporaryDirectory():
        bank = Bank("films", False, None, "", compile_rows(rows))
    right, wrong, asked = dict.fromkeys(CHANGES, 0), 0, 0
    for at in known:
        others = Bank("others", False, None, "", compile_rows(row for row in rows if row.id != str(at)))
        for name, change in CHANGES.items():
            looked = look_at([bank], subject(change(films[at])), Limits())
            assert looked is not None
            hits, strangers = video_hits([bank], looked), video_hits([others], looked)
            right[name] += not isinstance(hits, Flat) and any(hit.id == str(at) for hit in hits)
            wrong += not isinstance(strangers, Flat) and bool(strangers)
            asked += 1
    for name, count in right.items():
        print(f"{name}: {count} of {len(known)} ({100 * count / len(known):.0f} %)")
    print(f"strangers taken for known: {wrong} of {asked} look-ups among {len(known) - 1} others")


if __name__ == "__main__":
    main()
