"""Measure what the fingerprints of known items keep and confuse: the figures in `known.card.toml`.

    .venv/bin/python benchmarks/measure_known.py --data DIR

Kept: scikit-image's photographs, copied the ways that people copy pictures; texts, changed the ways that scripts
are changed. Confused: pairs of different pictures and texts under DIR (`images/real`, `text/*.jsonl.xz`).
"""

import argparse
import hashlib
import io
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.known.hits import NEAR_TOKENS, passages
from brightline.detectors.known.index import hamming
from brightline.detectors.known.odds import PRIOR, TEXT_SIMILARITY
from brightline.detectors.known.text_index import TextIndex, TextNear, build
from brightline.media.fingerprint import (
    PDQ_SIDE,
    Pdq,
    pdq_dihedral,
    similarity,
    text_print,
    text_tokens,
    tlsh_distance,
    tlsh_of,
)
from brightline.media.image import thumbnail

PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "hubble_deep_field", "ihc", "moon",
               "motorcycle_left", "retina", "rocket", "brick", "grass", "gravel", "page", "text")  # fmt: skip
PDQ_BANDS = ((0, 0), (1, 8), (9, 16), (17, 31))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=4000, help="texts of each language to pair")
    arguments = parser.parse_args()
    measure_pictures(arguments.data / "images")
    for language in ("en", "zh"):
        measure_texts(language, arguments.data / "text" / f"scam_{language}_train.jsonl.xz", arguments.texts)


def jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        return Image.open(stream).convert("RGB")

    return change


def webp(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=50)
    return Image.open(stream).convert("RGB")


def crop(share: float) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        x, y = round(image.width * share), round(image.height * share)
        return image.crop((x, y, image.width - x, image.height - y))

    return change


def resize(scale: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize((max(64, int(image.width * scale)), max(64, int(image.height * scale))))


def banner(image: Image.Image) -> Image.Image:
    changed = image.copy()
    changed.paste((255, 255, 255), (0, image.height * 9 // 10, image.width, image.height))
    return changed


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG 90": jpeg(90),
    "JPEG 50": jpeg(50),
    "JPEG 20": jpeg(20),
    "WebP 50": webp,
    "half size": resize(0.5),
    "quarter size": resize(0.25),
    "double size": resize(2.0),
    "half size, JPEG 50": lambda image: jpeg(50)(resize(0.5)(image)),
    "blur 2 px": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "brighter by 30 %": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "contrast by 30 %": lambda image: ImageEnhance.Contrast(image).enhance(1.3),
    "crop 1 % a side": crop(0.01),
    "crop 2 % a side": crop(0.02),
    "crop 5 % a side": crop(0.05),
    "turned by 1 degree": lambda image: image.rotate(1, expand=False),
    "turned by 90 degrees": lambda image: image.rotate(90, expand=True),
    "mirrored": ImageOps.mirror,
    "banner over a tenth": banner,
}


def fingerprints(image: Image.Image) -> tuple[Pdq, ...]:
    """As the detector makes them: from the encoded picture."""
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    data = stream.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    subject = Subject(
        digest=digest, size_bytes=len(data), kind=Kind.PNG, context=Context(time=""), blob=Blob(data)
    )
    return pdq_dihedral(thumbnail(subject, PDQ_SIDE))


def measure_pictures(folder: Path) -> None:
    shipped = Path(skimage.__file__).parent / "data"
    found = [next(shipped.glob(f"{name}.*")) for name in PHOTOGRAPHS]
    photographs = [Image.open(file).convert("RGB") for file in found]
    originals = [fingerprints(image)[0] for image in photographs]
    print(f"PDQ, {len(originals)} photographs: distance of each copy (quality 50 and more)")
    print(f"  {'change':24} {'median':>6} {'largest':>7}  within 31")
    inside = dict.fromkeys(PDQ_BANDS, 0)
    for name, change in CHANGES.items():
        distances = [
            min(distance(one, original) for one in fingerprints(change(image)))
            for image, original in zip(photographs, originals, strict=True)
            if original.quality >= 50
        ]
        for low, high in PDQ_BANDS:
            inside[low, high] += sum(low <= value <= high for value in distances)
        print(
            f"  {name:24} {np.median(distances):6.0f} {max(distances):7d}  {np.mean(np.array(distances) <= 31):.0%}"
        )
    print(f"  copies by distance: {', '.join(f'{low}-{high}: {n}' for (low, high), n in inside.items())}")
    copies = len(CHANGES) * sum(one.quality >= 50 for one in originals)
    confused, looked_up = confused_pictures(folder)
    print(f"  probability at a prior of {PRIOR}, by distance (see `odds.py`):")
    for low, high in PDQ_BANDS[1:]:
        kept = inside[low, high] + (inside[0, 0] if low == 1 else 0)
        wrong = confused[low, high] + (confused[0, 0] if low == 1 else 0)
        print(
            f"    up to {high:2d}: {odds(kept / copies, wrong, looked_up):.2f}  (copies {kept}, confused {wrong})"
        )


def odds(kept: float, confused: int, looked_up: int) -> float:
    """Probability of a true match at the stated prior; Jeffreys estimate of the false ones."""
    wrong = (confused + 0.5) / (looked_up + 1)
    return PRIOR * kept / (PRIOR * kept + (1 - PRIOR) * wrong)


def distance(one: Pdq, other: Pdq) -> int:
    return (int.from_bytes(one.bits) ^ int.from_bytes(other.bits)).bit_count()


def confused_pictures(folder: Path) -> tuple[dict[tuple[int, int], int], int]:
    """Pictures that have a false match among all others, by distance, and how many were looked up.

    Pairs with the same pixels (some sources hold a picture twice) are no false matches: mean difference under 2.
    """
    hashes, files = [], []
    for file in sorted((folder / "real").rglob("*.jpg")) + sorted((folder / "generated").rglob("*.jpg")):
        forms = fingerprints(Image.open(file).convert("RGB"))
        if forms[0].quality >= 50:
            hashes.append(np.frombuffer(b"".join(one.bits for one in forms), dtype=np.uint8).reshape(8, 32))
            files.append(file)
    table = np.array([forms[0] for forms in hashes])
    confused = dict.fromkeys(PDQ_BANDS, 0)
    same = 0
    for row, forms in enumerate(hashes):
        nearest = np.min([hamming(table, form) for form in forms], axis=0)
        nearest[row] = 256
        for other in np.flatnonzero(nearest <= 31):
            if nearest[other] == 0 and same_pixels(files[row], files[other]):
                same += 1
                nearest[other] = 256
        best = int(nearest.min())
        for low, high in PDQ_BANDS:
            confused[low, high] += low <= best <= high
        if best <= 44:
            print(
                f"    {best:2d} {files[row].relative_to(folder)} {files[int(nearest.argmin())].relative_to(folder)}"
            )
    bands = ", ".join(f"{low}-{high}: {n}" for (low, high), n in confused.items())
    print(
        f"PDQ, {len(files)} different pictures looked up among the others ({same // 2} pairs are one picture twice)"
    )
    print(f"  with a false match at distance {bands}")
    return confused, len(files)


def same_pixels(one: Path, other: Path) -> bool:
    pixels = [
        np.asarray(Image.open(file).convert("RGB").resize((64, 64)), dtype=float) for file in (one, other)
    ]
    return float(np.abs(pixels[0] - pixels[1]).mean()) < 2.0


def texts_of(file: Path, count: int) -> list[str]:
    with lzma.open(file, "rt", encoding="utf-8") as stream:
        texts = [json.loads(line)["text"] for line in stream]
    random.Random(7).shuffle(texts)
    seen: dict[bytes, str] = {}
    for text in texts:
        if len(text_tokens(text[:2000])) >= 12:
            seen.setdefault(text_print(text[:2000]).normal, text[:2000])
        if len(seen) >= count:
            break
    return list(seen.values())


def varied(text: str, share: float, seed: int) -> str:
    """Replace a share of words (of Chinese characters), as somebody who rewords a script would."""
    rng = random.Random(seed)
    spaced = " " in text.strip()
    parts = text.split(" ") if spaced else list(text)
    pool = [part for part in parts if part.strip()]
    changed = [rng.choice(pool) + ("x" if spaced else "") if rng.random() < share else part for part in parts]
    return (" " if spaced else "").join(changed)


def simhash(text: str) -> int:
    tokens = text_tokens(text)
    runs = {"\x1f".join(tokens[at : at + 3]) for at in range(max(1, len(tokens) - 2))}
    votes = np.zeros(64)
    for run in runs:
        bits = np.unpackbits(
            np.frombuffer(hashlib.blake2b(run.encode(), digest_size=8).digest(), dtype=np.uint8)
        )
        votes += bits * 2.0 - 1.0
    return int.from_bytes(np.packbits(votes > 0).tobytes())


def measure_texts(language: str, file: Path, count: int) -> None:
    texts = texts_of(file, count)
    prints = [text_print(text) for text in texts]
    signatures = np.array([one.signature for one in prints])
    sims = [similarity(one.signature, signatures[at + 1 :]) for at, one in enumerate(prints)]
    every = np.concatenate(sims)
    print(f"text {language}, {len(texts)} different messages, {len(every):,} pairs: estimated similarity")
    for low, high in ((0.9, 1.01), (0.8, 0.9), (0.7, 0.8), (0.6, 0.7), (0.5, 0.6), (0.4, 0.5)):
        print(f"  {low:.1f}-{min(high, 1.0):.1f}: {int(((every >= low) & (every < high)).sum())}")
    for at, row in enumerate(sims[:400]):
        for other in np.flatnonzero((row >= 0.5) & (row < 0.7))[:1]:
            print(f"    {row[other]:.2f} {texts[at][:70]!r} | {texts[at + 1 + other][:70]!r}")
    accused_texts(language, file, count)
    kept_texts(language, texts[:500])
    simhash_texts(language, texts[:1500])
    tlsh_texts(language, texts)


def accused_texts(language: str, file: Path, count: int) -> None:
    """Ordinary messages that are taken for one of a bank of scams: the false matches of a look-up."""
    with lzma.open(file, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    random.Random(11).shuffle(rows)
    rows = [row for row in rows if len(text_tokens(row["text"][:2000])) >= 4]
    bank = [row["text"][:2000] for row in rows if row["label"] == 1][:count]
    ordinary = [row["text"][:2000] for row in rows if row["label"] == 0][:count]
    index = build([text_print(text) for text in bank])
    near = [nearest_passage(index, text) for text in ordinary]
    best = np.array([found.similarity for found in near])
    same = sum(found.same for found in near)
    bands = ", ".join(f">={least}: {int((best >= least).sum())}" for least in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
    print(
        f"text {language}, {len(ordinary)} ordinary messages (and each paragraph and line of them) against a bank of"
    )
    print(f"  {len(bank)} scams, by similarity: {bands}; same words: {same}")
    for at in np.argsort(-best)[:5]:
        print(f"    {best[at]:.2f} {ordinary[at][:100]!r}")
    wrong = int((best >= TEXT_SIMILARITY).sum())
    print(
        f"  probability at a prior of {PRIOR}: 0.7 and more {odds(0.6, wrong, len(near)):.3f}, 0.5-0.7 {odds(0.2, wrong, len(near)):.3f}"
    )
    hashes = [one for one in (tlsh_of([text.encode()]) for text in bank if len(text.encode()) >= 200) if one]
    asked = [
        one for one in (tlsh_of([text.encode()]) for text in ordinary if len(text.encode()) >= 200) if one
    ]
    nearest = np.array([min(tlsh_distance(one, other) for other in hashes) for one in asked[:1500]])
    bands = ", ".join(f"<={d}: {int((nearest <= d).sum())}" for d in (10, 20, 30, 40, 50, 70))
    print(f"TLSH {language}, {len(nearest)} ordinary messages against {len(hashes)} scams: {bands}")


def nearest_passage(index: TextIndex, text: str) -> TextNear:
    found = [TextNear(-1, 0.0, same=False)]
    for span in passages(text):
        one = text_print(text[span.start : span.end])
        found += [near for near in index.search(one, 0.3) if near.same or one.tokens >= NEAR_TOKENS]
    return max(found, key=lambda near: near.similarity)


def kept_texts(language: str, texts: list[str]) -> None:
    for share in (0.02, 0.05, 0.1, 0.2, 0.3):
        scores = [
            float(
                similarity(
                    text_print(varied(text, share, at)).signature, text_print(text).signature[None, :]
                )[0]
            )
            for at, text in enumerate(texts)
        ]
        row = ", ".join(
            f">={least}: {np.mean(np.array(scores) >= least):.0%}" for least in (0.4, 0.5, 0.6, 0.7)
        )
        print(f"  {share:.0%} of words changed ({language}): {row}")


def simhash_texts(language: str, texts: list[str]) -> None:
    hashes = np.array([simhash(text) for text in texts], dtype=np.uint64)
    apart = np.concatenate([np.bitwise_count(hashes[at + 1 :] ^ one) for at, one in enumerate(hashes)])
    for share in (0.05, 0.1):
        kept = [
            (simhash(varied(text, share, at)) ^ simhash(text)).bit_count()
            for at, text in enumerate(texts[:500])
        ]
        row = ", ".join(f"<={d}: {np.mean(np.array(kept) <= d):.0%}" for d in (3, 6, 10))
        print(f"  SimHash64, {share:.0%} changed ({language}): {row}")
    print(
        f"  SimHash64, strangers among {len(apart):,}: {', '.join(f'<={d}: {int((apart <= d).sum())}' for d in (3, 6, 10))}"
    )


def tlsh_texts(language: str, texts: list[str]) -> None:
    kept = [text for text in texts if len(text.encode()) >= 200][:1500]
    hashes = [tlsh_of([text.encode()]) for text in kept]
    apart = np.array(
        [tlsh_distance(one, other) for at, one in enumerate(hashes) for other in hashes[:at] if one and other]
    )
    print(f"TLSH {language}, {len(kept)} texts of 200 bytes and more, {len(apart):,} pairs")
    print("  strangers: " + ", ".join(f"<={d}: {int((apart <= d).sum())}" for d in (10, 20, 30, 40, 50, 70)))
    for share in (0.02, 0.05, 0.1):
        scores = [
            tlsh_distance(one, tlsh_of([varied(text, share, at).encode()]))
            for at, (one, text) in enumerate(zip(hashes[:500], kept, strict=False))
            if one and tlsh_of([varied(text, share, at).encode()])
        ]
        print(
            f"  {share:.0%} changed: "
            + ", ".join(f"<={d}: {np.mean(np.array(scores) <= d):.0%}" for d in (10, 20, 30, 50, 70))
        )


if __name__ == "__main__":
    main()
