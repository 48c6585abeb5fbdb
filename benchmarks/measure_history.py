"""What `image.history` finds in pictures whose history is known: `python benchmarks/measure_history.py --data FOLDER`.

Real photographs of the data folder are shrunk to 0.5-0.7, which leaves nothing of their own JPEG, and then compressed,
cropped and enlarged in known ways. Small pictures (130-220 px) are the hard case: larger ones hold more blocks.
"""

import argparse
import io
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from brightline.core.finding import Finding
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.image.history import detect

CONTEXT = Context(time="2026-11-23T00:00:00Z")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400)
    options = parser.parse_args()
    bases = list(clean(options.data / "images" / "real", options.count))
    began = time.process_time()
    files = sum(table(bases))
    print(f"{files} files, {1000 * (time.process_time() - began) / files:.1f} ms each, made and judged")


def table(bases: list[Image.Image]) -> Iterator[int]:
    for last in (60, 75, 85, 90, 95):
        yield row(f"once at {last}", bases, lambda image, last=last: jpeg(image, last))
    for first, last in (
        (50, 75),
        (60, 75),
        (85, 75),
        (90, 75),
        (60, 90),
        (75, 90),
        (85, 90),
        (95, 90),
        (75, 95),
    ):
        yield row(
            f"{first} then {last}", bases, lambda image, a=first, b=last: jpeg(jpeg(image, a), b), first
        )
    for first, last in ((50, 90), (60, 90), (75, 90), (75, 95)):
        yield row(
            f"{first}, cropped, {last}",
            bases,
            lambda image, a=first, b=last: jpeg(cropped(jpeg(image, a)), b),
            first,
        )
    yield row("PNG, never JPEG", bases, png)
    for first in (60, 75, 85, 90, 95):
        yield row(f"PNG of a JPEG of {first}", bases, lambda image, a=first: png(jpeg(image, a)), first)
        yield row(
            f"the same, cropped, of {first}",
            bases,
            lambda image, a=first: png(cropped(jpeg(image, a))),
            first,
        )
    for scale in (1.25, 1.5, 1.8):
        yield row(f"PNG, enlarged {scale}", bases, lambda image, s=scale: png(enlarged(image, s)))
        for last in (95, 90, 75):
            yield row(
                f"enlarged {scale}, {last}", bases, lambda image, s=scale, b=last: jpeg(enlarged(image, s), b)
            )


def row(
    name: str, bases: list[Image.Image], make: Callable[[Image.Image], Image.Image], first: int = 0
) -> int:
    recompressed = near = larger = 0
    for base in bases:
        found = {one.claim: one for one in judge(make(base))}
        if "history.recompressed" in found:
            recompressed += 1
            near += abs(int(found["history.recompressed"].detail("first_quality")) - first) <= 3
        larger += "history.enlarged" in found
    count = len(bases)
    right = f", quality within 3: {near / max(1, recompressed):.0%}" if first else ""
    print(
        f"{name:32} recompressed {recompressed / count:6.1%}{right}; enlarged {larger / count:6.1%}",
        flush=True,
    )
    return count


def judge(image: Image.Image) -> list[Finding]:
    data = image.info["stored"]
    kind = Kind.PNG if data.startswith(b"\x89PNG") else Kind.JPEG
    return list(detect(Subject(digest="", size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))))


def clean(folder: Path, count: int) -> Iterator[Image.Image]:
    draw = random.Random(1)
    files = sorted(folder.rglob("*.jpg"))
    for file in draw.sample(files, min(count, len(files))):
        scale = draw.uniform(0.5, 0.7)
        with Image.open(file) as image:
            size = (round(image.width * scale), round(image.height * scale))
            yield image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def stored(image: Image.Image, **options: object) -> Image.Image:
    """The picture after saving and opening, with its bytes kept beside it."""
    stream = io.BytesIO()
    image.save(stream, **options)
    again = Image.open(io.BytesIO(stream.getvalue())).convert("RGB")
    again.info["stored"] = stream.getvalue()
    return again


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    return stored(image, format="JPEG", quality=quality)


def png(image: Image.Image) -> Image.Image:
    return stored(image, format="PNG", compress_level=1)


def cropped(image: Image.Image) -> Image.Image:
    return image.crop((5, 3, image.width, image.height))


def enlarged(image: Image.Image, scale: float) -> Image.Image:
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)


if __name__ == "__main__":
    main()
