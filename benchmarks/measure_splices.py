"""What `image.spliced` finds in splices made here, and in pictures of which nothing was pasted.

    python benchmarks/measure_splices.py --data FOLDER [--count 200]

A round piece of one real photograph, of JPEG quality 70 to 95, is pasted into another, off the grid as it falls.
"""

import argparse
import io
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from brightline.core.finding import Finding, Heat
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.image.spliced import detect

CONTEXT = Context(time="2026-11-23T00:00:00Z")
PAIRS = ((50, 75), (60, 75), (85, 75), (60, 90), (75, 90), (85, 90), (95, 90), (75, 95), (85, 95))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    files = sorted((options.data / "images" / "real").rglob("*.jpg"))
    untouched(files)
    draw = random.Random(1)
    draw.shuffle(files)
    made = list(zip(files[: options.count], files[options.count : 2 * options.count], strict=True))
    for first, last in PAIRS:
        row(made, first, last, draw)


def untouched(files: list[Path]) -> None:
    """Real photographs with whatever history they have."""
    for name, quality in (("as they are", 0), ("saved at 90", 90), ("saved at 75", 75)):
        found = 0
        for file in files:
            data = file.read_bytes() if not quality else jpeg(opened(file.read_bytes()), quality)
            found += bool(judge(data))
        print(f"{len(files)} real photographs {name}: {found} ({found / len(files):.2%})", flush=True)


def row(made: list[tuple[Path, Path]], first: int, last: int, draw: random.Random) -> None:
    caught = false = again = 0
    overlap = []
    for host, guest in made:
        whole = opened(jpeg(shrunk(host), first))
        false += bool(judge(jpeg(whole, last)))
        spliced, truth = splice(whole, opened(jpeg(shrunk(guest), draw.choice((70, 80, 90, 95)))), draw)
        data = jpeg(spliced, last)
        if found := judge(data):
            caught += 1
            overlap.append(shared(found[0], truth))
        again += bool(judge(jpeg(opened(data), 75)))
    count = len(made)
    print(
        f"{first} then {last}: caught {caught / count:.1%}, false {false / count:.1%}, "
        f"overlap {np.median(overlap) if overlap else 0:.2f}, caught after one more save at 75 {again / count:.1%}",
        flush=True,
    )


def splice(host: Image.Image, guest: Image.Image, draw: random.Random) -> tuple[Image.Image, np.ndarray]:
    side = draw.randint(64, 110)
    x, y = (draw.randint(0, length - side) for length in host.size)
    a, b = (draw.randint(0, length - side) for length in guest.size)
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    made = host.copy()
    made.paste(guest.crop((a, b, a + side, b + side)), (x, y), mask)
    truth = Image.new("L", host.size, 0)
    truth.paste(mask, (x, y))
    return made, np.asarray(truth) > 0


def shared(finding: Finding, truth: np.ndarray) -> float:
    """Intersection over union of the heat map's cells and the pasted pixels."""
    heat = finding.where[0]
    assert isinstance(heat, Heat)
    levels = np.frombuffer(heat.levels, dtype=np.uint8).reshape(heat.rows, heat.columns)
    shown = Image.fromarray(levels).resize(truth.shape[::-1], Image.Resampling.NEAREST)
    hot = np.asarray(shown) > 0
    return float((hot & truth).sum() / max(1, (hot | truth).sum()))


def judge(data: bytes) -> list[Finding]:
    return list(
        detect(Subject(digest="", size_bytes=len(data), kind=Kind.JPEG, context=CONTEXT, blob=Blob(data)))
    )


def shrunk(file: Path) -> Image.Image:
    image = opened(file.read_bytes())
    return image.resize((image.width * 4 // 5, image.height * 4 // 5), Image.Resampling.LANCZOS)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def jpeg(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


if __name__ == "__main__":
    main()
