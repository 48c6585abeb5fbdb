"""What `pictured.words` reads of drawn messages, what photographs cost it, and which codes it reads.

    python benchmarks/measure_pictured.py --data FOLDER --font NotoSansCJK-Regular.ttc

Messages are those written for training, drawn as screenshots in three qualities: what counts is how often the picture gets
the verdict that the text gets. FOLDER/images/real holds photographs.
"""

import argparse
import io
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "detectors" / "pictured"))

from drawn_pictures import chat, poster

from brightline.core.subject import Blob, Context, Subject
from brightline.detectors.message.fraud import SUSPECTED
from brightline.detectors.message.fraud_model import judge
from brightline.detectors.message.fraud_normal import plain
from brightline.detectors.pictured.words import prepare
from brightline.intake.open import open_subject
from brightline.media import ocr
from brightline.settings import Limits, Settings

WRITTEN = Path(__file__).parents[1] / "training" / "text" / "written"
MESSAGES = 25  # of each language and answer
LONGEST = 400  # characters of a message that fits a screenshot
PHOTOS = 120
CODES = 40
QUALITIES = {
    "phone, PNG": (1080, 0),
    "half the size, JPEG 70": (540, 70),
    "a third, JPEG 50, blurred": (400, 50),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--font", required=True)
    told = parser.parse_args()
    detect = prepare(Settings(home=told.data))
    for language in ("en", "zh"):
        for name, quality in QUALITIES.items():
            messages(detect, language, name, quality, told.font)
    photos(detect, told.data / "images" / "real")
    codes(detect)


def messages(detect, language: str, name: str, quality: tuple[int, int], font: str) -> None:
    agreed, read, whole, spent, flagged = [], 0, 0, [], {0: [], 1: []}
    for text, label in drawn_texts(language):
        subject = opened(screenshot(text, font, quality))
        ocr.forget()
        clock = time.process_time()
        found = list(detect(subject))
        spent.append(time.process_time() - clock)
        as_text = judge(plain(text)).probability >= SUSPECTED
        as_picture = any(one.claim == "text.scam" for one in found)
        agreed.append(as_text == as_picture)
        flagged[label].append((as_text, as_picture))
        read += next((int(one.detail("characters")) for one in found if one.claim == "picture.text"), 0)
        whole += len(text)
    shares = {label: np.mean(pairs, axis=0).round(3).tolist() for label, pairs in flagged.items()}
    print(
        f"{language}, {name}: same verdict {np.mean(agreed):.3f} of {len(agreed)}; lures flagged as text, as picture "
        f"{shares[1]}; honest {shares[0]}; characters read {read / whole:.2f}; "
        f"{1e3 * np.median(spent):.0f} ms, at most {1e3 * max(spent):.0f}",
        flush=True,
    )


def drawn_texts(language: str) -> list[tuple[str, int]]:
    rows = [
        json.loads(line)
        for file in sorted((WRITTEN / f"fraud-{language}").glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    chooser = random.Random(5)
    fitting = [(row["text"], row["label"]) for row in rows if 30 <= len(row["text"]) <= LONGEST]
    return [
        one
        for label in (0, 1)
        for one in chooser.sample([pair for pair in fitting if pair[1] == label], MESSAGES)
    ]


def screenshot(text: str, font: str, quality: tuple[int, int]) -> bytes:
    width, jpeg = quality
    picture = chat((text,), font)
    if width != picture.width:
        picture = picture.resize(
            (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
        )
    if jpeg and jpeg <= 50:
        picture = picture.filter(ImageFilter.GaussianBlur(0.5))
    stream = io.BytesIO()
    picture.save(stream, "JPEG" if jpeg else "PNG", **({"quality": jpeg} if jpeg else {}))
    return stream.getvalue()


def opened(data: bytes) -> Subject:
    context = Context(time="2026-11-23T00:00:00Z")
    return open_subject(Blob(data), name="picture", context=context, limits=Limits())


def photos(detect, folder: Path) -> None:
    spent, after, told = [], [], {}
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in random.Random(5).sample(files, min(PHOTOS, len(files))):
        subject = opened(file.read_bytes())
        for times in (
            spent,
            after,
        ):  # the second time the finding pass is remembered, as after another detector
            clock = time.process_time()
            found = list(detect(subject))
            times.append(time.process_time() - clock)
        for claim in {one.claim for one in found}:
            told[claim] = told.get(claim, 0) + 1
    print(
        f"{len(spent)} photographs: {1e3 * np.median(spent):.0f} ms, {1e3 * np.median(after):.0f} where another detector "
        f"looked for words already; told of {told}",
        flush=True,
    )


def codes(detect) -> None:
    right, spent = 0, []
    chooser = random.Random(5)
    for number in range(CODES):
        text = f"https://host-{number}.example/{chooser.randrange(10**9)}"
        picture = (
            poster(text, turned=chooser.uniform(-30, 30))
            .resize((800, 600))
            .filter(ImageFilter.GaussianBlur(0.7))
        )
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=60)
        subject = opened(stream.getvalue())
        clock = time.process_time()
        found = list(detect(subject))
        spent.append(time.process_time() - clock)
        right += any(one.detail("host") == f"host-{number}.example" for one in found)
    print(
        f"codes on posters, turned up to 30 degrees, blurred, JPEG 60: {right} of {CODES} read; {1e3 * np.median(spent):.0f} ms"
    )


if __name__ == "__main__":
    main()
