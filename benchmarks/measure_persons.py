"""Measure templates of faces: do changed copies of one picture stay near, do different persons stay apart?

    python benchmarks/measure_persons.py --data DIR [--every 1]

DIR holds `manifest.tsv` and faces of FFHQ, each of another person as far as is known. No second photograph of one
person is at hand: what is measured are copies of the enrolled picture, not new photographs. Nothing is written.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measure_faces import pictures
from PIL import Image, ImageFilter, ImageOps

from brightline.detectors.image.faces import find_faces
from brightline.detectors.person.template import LEAST_FACE, Template, template_of

BANDS = (0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60)


def saved(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def sized(image: Image.Image, side: int) -> Image.Image:
    return image.resize((side, side), Image.Resampling.LANCZOS)


def cropped(image: Image.Image, share: float) -> Image.Image:
    x, y = round(image.width * share), round(image.height * share)
    return image.crop((x, y, image.width - x, image.height - y))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG 75": lambda image: saved(image, 75),
    "JPEG 30": lambda image: saved(image, 30),
    "half size, JPEG 75": lambda image: saved(sized(image, image.width // 2), 75),
    "third of the size": lambda image: sized(image, image.width // 3),
    "double size": lambda image: sized(image, image.width * 2),
    "crop of 10 % a side": lambda image: cropped(image, 0.1),
    "half the light": lambda image: image.point(lambda value: value / 2),
    "half more light": lambda image: image.point(lambda value: min(255, value * 1.5)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "warmer": lambda image: Image.merge(
        "RGB", [band.point(lambda value, by=by: min(255, value * by)) for band, by in zip(image.split(), (1.15, 1.0, 0.75), strict=True)]
    ),
    "blur of 2 px": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "turned by 15 degrees": lambda image: image.rotate(15, Image.Resampling.BICUBIC),
    "mirrored": ImageOps.mirror,
}  # fmt: skip


def template(image: Image.Image, least: int = LEAST_FACE) -> Template | None:
    pixels = np.asarray(image)
    faces = find_faces(pixels, least=least // 2)
    large = [face for face in faces if face.side >= least]
    return template_of(pixels, max(large, key=lambda face: face.side)) if large else None


def line(name: str, values: np.ndarray, lost: int = 0) -> None:
    shares = "  ".join(f"{(values <= band).mean():8.4%}" for band in BANDS)
    print(f"{name:24} {shares}   median {np.median(values):.3f}  n {len(values)}  no face {lost}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--copies", type=int, default=6, help="changed copies of every n-th picture only")
    asked = parser.parse_args()
    images = [image.copy() for _, image in pictures(asked.data, "ffhq1024", asked.every)]
    began = time.process_time()
    made = [template(image) for image in images]
    print(f"{1000 * (time.process_time() - began) / len(images):.0f} ms CPU a picture, finding included")
    print(f"{'within':24} " + "  ".join(f"{band:8}" for band in BANDS))
    known = np.array([one for one in made if one is not None])
    pairs = np.linalg.norm(known[:, None] - known[None], axis=2)[np.triu_indices(len(known), 1)]
    line("different pictures", pairs)
    print("nearest pairs", np.sort(pairs)[:12].round(3))
    for name, change in CHANGES.items():
        values, lost = [], 0
        for image, first in list(zip(images, made, strict=True))[:: asked.copies]:
            other = template(change(image))
            if first is None or other is None:
                lost += 1
            else:
                values.append(np.linalg.norm(first - other))
        line(name, np.array(values), lost)


if __name__ == "__main__":
    main()
