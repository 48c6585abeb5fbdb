"""Watermarks in pictures, measured: survival under attacks, quality, false alarms, time.

The section of docs/reference/watermarks.md. Pictures: scikit-image's free photographs, and the data folder's.
"""

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageFilter
from skimage.metrics import structural_similarity

from brightline.core.errors import MarkingError
from brightline.watermark.image import (
    LARGEST_P,
    SMALLEST_MARKED,
    SMALLEST_SEARCHED,
    Pixels,
    detect,
    embed,
    strongest,
)
from brightline.watermark.keyring import Key

Attack = Callable[[Pixels], Pixels]
PHOTOGRAPHS = (
    "astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "hubble_deep_field", "moon", "retina", "rocket",
)  # fmt: skip
SEED = 20261123
MARKED_BY_ANOTHER = 100  # pictures of the folder, about, that are searched after another key has marked them
OTHERS = 25  # pictures of the folder that are marked and attacked: about 300 px a side, the smallest that are marked


def key_of(number: int) -> Key:
    """A key for measuring, the same on every run."""
    secret = np.random.default_rng([SEED, number]).bytes(32)
    return Key(id=f"bench-{number}", secret=secret, created="2026-11-23T00:00:00Z")


def section(data: Path) -> str:
    """The Markdown section; without the data folder's pictures it measures the photographs alone."""
    images = data / "images" if (data / "images").is_dir() else None
    large = list(photographs())
    small = [pixels for path in files_of(images, OTHERS) if may_be_marked(pixels := read(path))]
    return "\n".join([INTRODUCTION, quality_table(large, small), survival_table(large, small)])


INTRODUCTION = """\
## Pictures

A keyed pattern in the luma, 48 bits of payload. "Found" means a p-value below 1e-6 for the whole search; "exact" means that the
payload read back is the one that was written. A payload that was read was never a wrong one unless the last column says so. Sets: *photographs* are free ones that come with scikit-image (0.1 to
2 megapixels); *small* are crops of about 300 x 300 pixels, already saved once as JPEG: close to the smallest picture that is marked (256).
Both are marked with `embed` and attacked once; every attack starts from the marked pixels. Seeds are fixed.
"""


def photographs() -> Iterator[Pixels]:
    """Free photographs that come with scikit-image."""
    for name in PHOTOGRAPHS:
        pixels = getattr(skimage.data, name)()
        pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
        yield np.ascontiguousarray(pixels[:, :, :3])


def files_of(folder: Path | None, count: int = 0) -> list[Path]:
    """Evenly spread pictures of a folder, about so many; all with a count of 0, none without a folder."""
    if folder is None:
        return []
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    return files[:: max(1, len(files) // count)] if count else files


def read(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def may_be_marked(pixels: Pixels) -> bool:
    return min(pixels.shape[:2]) >= SMALLEST_MARKED


# Attacks


def _through(pixels: Pixels, change: Callable[[Image.Image], Image.Image]) -> Pixels:
    return np.asarray(change(Image.fromarray(pixels)).convert("RGB"))


def _saved(quality: int, form: str = "JPEG") -> Attack:
    def attack(pixels: Pixels) -> Pixels:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, form, quality=quality)
        with Image.open(stream) as image:
            return np.asarray(image.convert("RGB"))

    return attack


def _resized(factor: float) -> Attack:
    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        size = (round(width * factor), round(height * factor))
        return _through(pixels, lambda image: image.resize(size, Image.Resampling.BICUBIC))

    return attack


def _cropped(area: float) -> Attack:
    def attack(pixels: Pixels) -> Pixels:
        height, width = pixels.shape[:2]
        tall, wide = round(height * area**0.5), round(width * area**0.5)
        top, left = (height - tall) // 3, (width - wide) * 2 // 3
        return np.ascontiguousarray(pixels[top : top + tall, left : left + wide])

    return attack


def _turned(degrees: float) -> Attack:
    return lambda pixels: _through(
        pixels, lambda image: image.rotate(degrees, Image.Resampling.BICUBIC, expand=degrees % 90 == 0)
    )


def _graded(pixels: Pixels) -> Pixels:
    """Gamma, contrast and a cast of colour, as screens and cameras of telephones add them."""
    levels = 255.0 * (pixels / 255.0) ** 1.12 * np.array([0.97, 1.0, 0.94]) + 4.0
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _noisy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(SEED).normal(0.0, 6.0, pixels.shape)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def _stretched(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    size = (round(width * 1.05), height)
    return _through(pixels, lambda image: image.resize(size, Image.Resampling.BICUBIC))


def _chain(*attacks: Attack) -> Attack:
    def attack(pixels: Pixels) -> Pixels:
        for each in attacks:
            pixels = each(pixels)
        return pixels

    return attack


ATTACKS: dict[str, Attack] = {
    "none": lambda pixels: pixels,
    **{f"JPEG {quality}": _saved(quality) for quality in (90, 80, 70, 60, 50, 40, 30)},
    "WebP 75": _saved(75, "WEBP"),
    **{f"resized to {factor}x": _resized(factor) for factor in (0.4, 0.5, 0.625, 0.75, 1.25, 1.5, 2.0)},
    "stretched by 5 % across": _stretched,
    **{f"cropped to {share:.0%} of the area": _cropped(share) for share in (0.8, 0.5, 0.35, 0.25)},
    **{f"turned by {degrees} degrees": _turned(degrees) for degrees in (0.5, 2, 5, 10, 30, 45, 90, 180)},
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
    "gamma, contrast and cast": _graded,
    "noise, 6 levels": _noisy,
    "blurred, radius 1.5": lambda pixels: _through(
        pixels, lambda image: image.filter(ImageFilter.GaussianBlur(1.5))
    ),
    "median of 3 x 3": lambda pixels: _through(
        pixels, lambda image: image.filter(ImageFilter.MedianFilter(3))
    ),
    "screenshot: 0.8x, graded, JPEG 75": _chain(_resized(0.8), _graded, _saved(75)),
    "screenshot, cropped to 50 %": _chain(_resized(0.8), _graded, _cropped(0.5), _saved(75)),
    "shared twice: 0.75x, JPEG 70, 0.9x, JPEG 60": _chain(
        _resized(0.75), _saved(70), _resized(0.9), _saved(60)
    ),
    "turned by 3 degrees, cropped to 50 %, JPEG 60": _chain(_turned(3), _cropped(0.5), _saved(60)),
    "cropped to 50 %, 0.7x, JPEG 60": _chain(_cropped(0.5), _resized(0.7), _saved(60)),
}


def marked(pictures: list[Pixels]) -> Iterator[tuple[Pixels, Pixels, int]]:
    """Each picture, the same marked, and its payload; those too even to be marked are left out."""
    for number, pixels in enumerate(pictures):
        payload = int(np.random.default_rng([SEED, 1, number]).integers(0, 1 << 48))
        try:
            yield pixels, embed(pixels, key_of(0), payload), payload
        except MarkingError:
            continue


def survival_table(large: list[Pixels], small: list[Pixels]) -> str:
    """A row an attack: how many were found, and with the payload that was written."""
    sets = [list(marked(pictures)) for pictures in (large, small) if pictures]
    with ProcessPoolExecutor() as pool:
        seen = [list(pool.map(_survivals, [(pixels, payload) for _, pixels, payload in one])) for one in sets]
    heads = [f"photographs: found | exact, of {len(sets[0])}"]
    heads += [f"small: found | exact, of {len(one)}" for one in sets[1:]]
    rows = [f"| attack | {' | '.join(heads)} | wrong payloads |", "|---|" + "---|---|" * len(sets) + "---|"]
    for number, name in enumerate(ATTACKS):
        fates = [[one[number] for one in each] for each in seen]
        cells = [f"{len(each) - each.count('lost')} | {each.count('exact')}" for each in fates]
        rows.append(f"| {name} | {' | '.join(cells)} | {sum(each.count('wrong') for each in fates)} |")
    return "### Survival\n\n" + "\n".join(rows) + "\n"


def _survivals(one: tuple[Pixels, int]) -> list[str]:
    """What became of one marked picture under each attack: exact, found (without its payload), wrong or lost."""
    pixels, payload = one
    fates = []
    for attack in ATTACKS.values():
        attacked = attack(pixels)
        small = min(attacked.shape[:2]) < SMALLEST_SEARCHED
        seen = None if small else detect(attacked, [key_of(0)])
        if seen is None:
            fates.append("lost")
        elif seen.payload is None:
            fates.append("found")
        else:
            fates.append("exact" if seen.payload == payload else "wrong")
    return fates


def quality_table(large: list[Pixels], small: list[Pixels]) -> str:
    rows = [
        "| set | pictures | marked | PSNR, dB: least, median | SSIM: least, median |",
        "|---|---|---|---|---|",
    ]
    for name, pictures in (("photographs", large), ("small", small)):
        pairs = list(marked(pictures))
        if not pairs:
            continue
        noise = [_psnr(before, after) for before, after, _ in pairs]
        likeness = [structural_similarity(before, after, channel_axis=2) for before, after, _ in pairs]
        rows.append(
            f"| {name} | {len(pictures)} | {len(pairs)} | {min(noise):.1f}, {np.median(noise):.1f} "
            f"| {min(likeness):.4f}, {np.median(likeness):.4f} |"
        )
    return "### Quality\n\n" + "\n".join(rows) + "\n\n" + _times(large)


def _psnr(before: Pixels, after: Pixels) -> float:
    error = np.mean((before.astype(np.float64) - after) ** 2)
    return float(10.0 * np.log10(255.0**2 / error))


def _times(pictures: list[Pixels]) -> str:
    """Processor seconds on a picture of one megapixel; rounded up to 0.1 s, so that the page changes seldom."""
    pixels = _through(pictures[0], lambda image: image.resize((1024, 1024), Image.Resampling.LANCZOS))
    embed(pixels, key_of(0), 1)  # warm
    clock = time.process_time()
    embed(pixels, key_of(0), 1)
    embedding, clock = time.process_time() - clock, time.process_time()
    detect(pixels, [key_of(0)])
    searching = time.process_time() - clock
    return (
        f"Processor time for 1024 x 1024 pixels: embedding {np.ceil(embedding * 10) / 10:.1f} s or less "
        "(most of it looking for an earlier mark and reading the new one back), "
        f"looking for one key in an unmarked picture {np.ceil(searching * 10) / 10:.1f} s or less.\n"
    )


def false_alarms(data: Path) -> str:
    """P-values of pictures without our mark, against what chance allows: a Markdown section."""
    images = data / "images" if (data / "images").is_dir() else None
    with ProcessPoolExecutor() as pool:
        unmarked = list(pool.map(_chance, files_of(images), chunksize=16))
        others = list(pool.map(_chance_beside_another, files_of(images, MARKED_BY_ANOTHER), chunksize=8))
    rows = [
        "| pictures | number | found | false alarms, 95 % upper limit | smallest p-value | p < 0.01 | p < 0.1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, values in (("unmarked", unmarked), ("marked with another key", others)):
        if not values:
            continue
        found = sum(value < LARGEST_P for value in values)
        limit = "not computed" if found else f"{1.0 - 0.05 ** (1.0 / len(values)):.2%}"
        shares = [f"{np.mean(np.array(values) < level):.2%}" for level in (0.01, 0.1)]
        rows.append(
            f"| {name} | {len(values)} | {found} | {limit} | {min(values):.1e} | {' | '.join(shares)} |"
        )
    said = "Expected by chance at most: 1 % and 10 % in the last two columns, and one in a million found.\n"
    return "### Pictures without our mark\n\n" + (
        said + "\n" + "\n".join(rows) + "\n" if len(rows) > 2 else "No folder of pictures was given.\n"
    )


def _chance(path: Path) -> float:
    return strongest(read(path), key_of(1)).p_value


def _chance_beside_another(path: Path) -> float:
    """The p-value for a key under which a picture was not marked; it is as it was where it holds no mark."""
    pixels = read(path)
    with contextlib.suppress(MarkingError):
        pixels = embed(pixels, key_of(2), 1)
    return strongest(pixels, key_of(1)).p_value
