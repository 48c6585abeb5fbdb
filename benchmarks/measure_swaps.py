"""Measure the shipped judge of manipulated faces on real faces, generated ones, and faces laid into others.

    python benchmarks/measure_swaps.py --data DIR

DIR holds `manifest.tsv` and crops of FFHQ, StyleGAN2, BSDS and ImageNet; the network learnt from FFHQ alone. Faces are laid in
as `training/image/swaps.py` does for measuring; no output of a real swap tool is at hand.
"""

import argparse
import io
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from measure_faces import pictures
from PIL import Image

from brightline.detectors.image.face_model import shipped
from brightline.detectors.image.faces import find_faces
from brightline.detectors.image.manipulated import LIKELY_LEAST
from brightline.media.jpeg_tables import Coding, Compression

sys.path.insert(0, str(Path(__file__).parents[1] / "training" / "image"))
from swaps import exchanged

QUALITIES = (93, 90, 83, 80, 75, 65)


def probabilities(images: Iterable[Image.Image], quality: int) -> np.ndarray:
    """Of every large face, after the picture was saved as JPEG."""
    judge, found = shipped(), []
    for image in images:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        pixels = np.asarray(Image.open(stream))
        faces = tuple(face for face in find_faces(pixels) if face.side >= judge.said.least_face)
        if faces:
            odds = np.array(judge.read(pixels, faces, Compression(Coding.JPEG, quality)))
            found += list(1.0 / (1.0 + np.exp(-odds)))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--every", type=int, default=3, help="every n-th picture of FFHQ and StyleGAN2")
    asked = parser.parse_args()
    real = [image for _, image in pictures(asked.data, "ffhq1024", asked.every)]
    draw = np.random.default_rng(1)
    laid = [
        Image.fromarray(exchanged(draw, np.asarray(image), np.asarray(real[(index + 7) % len(real)])))
        for index, image in enumerate(real)
    ]
    made = [image for _, image in pictures(asked.data, "stylegan2_1024", asked.every)]
    others = [image for source in ("bsds", "imagenet") for _, image in pictures(asked.data, source, 1)]
    others = [image for image in others if find_faces(np.asarray(image), least=60)]
    bar = max(shipped().said.likely, LIKELY_LEAST)
    for name, images in (
        ("FFHQ", real),
        ("FFHQ, laid in", laid),
        ("StyleGAN2", made),
        ("BSDS, ImageNet", others),
    ):
        for quality in QUALITIES:
            found = probabilities(images, quality)
            print(
                f"{name:16} JPEG {quality}: {len(found):4} faces, likely {(found >= bar).mean():6.1%}, "
                f"at the table's own bar {(found >= shipped().said.likely).mean():6.1%}, median {np.median(found):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
