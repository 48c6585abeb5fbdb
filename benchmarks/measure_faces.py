"""Measure the finder of faces: how many of the faces it finds, how often it sees one where there is none, and how fast.

    python benchmarks/measure_faces.py --data DIR [--every 1] [--sheet FOLDER]

DIR holds `manifest.tsv` and crops of FFHQ (one face each), Oxford pets, BSDS and ImageNet. The last two show people
too, so that a box there is a false one only if somebody looked: `--sheet` writes what was found, to be looked at.
"""

import argparse
import csv
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from brightline.detectors.image.faces import Face, find_faces
from brightline.detectors.image.upright import align
from brightline.media.image import Pixels

CONFIDENCES = (0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
LEAST = 20  # pixels
FACES = ("ffhq1024", "stylegan2_1024")
OTHERS = ("pets", "bsds", "imagenet")
Change = Callable[[Image.Image], Image.Image]


def saved(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def sized(image: Image.Image, share: float) -> Image.Image:
    return image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)


CHANGES: dict[str, Change] = {
    "as it is": lambda image: image,
    "half size": lambda image: sized(image, 0.5),
    "quarter size": lambda image: sized(image, 0.25),
    "three times the size": lambda image: sized(image, 3.0),
    "JPEG 30": lambda image: saved(image, 30),
    "a third of the light": lambda image: image.point(lambda value: value / 3),
    "turned by 20 degrees": lambda image: image.rotate(20, Image.Resampling.BICUBIC),
    "turned by 45 degrees": lambda image: image.rotate(45, Image.Resampling.BICUBIC),
    "upside down": lambda image: image.rotate(180),
}


def pictures(data: Path, source: str, every: int) -> Iterator[tuple[str, Image.Image]]:
    with (data / "manifest.tsv").open(newline="") as file:
        rows = [row["path"] for row in csv.DictReader(file, delimiter="\t") if row["source"] == source]
    for path in rows[::every]:
        with Image.open(data / path) as image:
            yield path, image.convert("RGB")


def is_there(faces: tuple[Face, ...], width: int, height: int) -> bool:
    """Whether a box holds the middle of a picture that was cut around one face."""
    return any(
        face.box.x < width / 2 < face.box.x + face.box.width
        and face.box.y < height * 0.6 < face.box.y + face.box.height
        for face in faces
    )


def shares(hits: list[float]) -> str:
    """Share of pictures whose surest right (or any) face has at least each confidence."""
    found = np.array(hits)
    return "  ".join(f"{(found >= least).mean():6.1%}" for least in CONFIDENCES)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--sheet", type=Path)
    asked = parser.parse_args()
    print("confidence at least:".ljust(40), "  ".join(f"{least:6}" for least in CONFIDENCES))
    for source in FACES:
        for name, change in CHANGES.items():
            hits = []
            for _, image in pictures(asked.data, source, asked.every):
                changed = np.asarray(change(image))
                found = find_faces(changed, least=LEAST, confidence=0.7)
                right = tuple(one for one in found if is_there((one,), changed.shape[1], changed.shape[0]))
                hits.append(max((one.confidence for one in right), default=0.0))
            print(f"{source}, {name}: found".ljust(40), shares(hits), len(hits))
    for source in OTHERS:
        others(asked, source)


def others(asked: argparse.Namespace, source: str) -> None:
    hits, spent, shown = [], [], []
    for _, image in pictures(asked.data, source, asked.every):
        pixels = np.asarray(image)
        began = time.process_time()
        found = find_faces(pixels, least=LEAST, confidence=0.7)
        spent.append(time.process_time() - began)
        hits.append(max((one.confidence for one in found), default=0.0))
        shown += [(one.confidence, align(pixels, one, 96, 0.5)) for one in found]
    print(f"{source}: pictures with a box".ljust(40), shares(hits), len(hits))
    print(
        f"  {1000 * np.mean(spent):.1f} ms CPU a picture, {1000 * np.quantile(spent, 0.99):.1f} ms at the 99th percentile"
    )
    if asked.sheet:
        write_sheet(asked.sheet / f"{source}.png", shown)


def write_sheet(file: Path, shown: list[tuple[float, Pixels]]) -> None:
    """All that was found, the surest first, twenty in a row."""
    shown.sort(key=lambda one: -one[0])
    rows = -(-len(shown) // 20)
    sheet = Image.new("RGB", (20 * 96, max(1, rows) * 96))
    for index, (_, pixels) in enumerate(shown):
        sheet.paste(Image.fromarray(pixels), (index % 20 * 96, index // 20 * 96))
    sheet.save(file)


if __name__ == "__main__":
    main()
