"""A contact sheet of explicit marks: five sizes on light, dark, busy and photographic grounds, to be looked at.

    python benchmarks/explicit_sheet.py [SHEET.png]

Without a path it writes docs/guides/explicit-marks.png: light, dark and busy grounds only, in 128 colours. Under each picture stands what our checker says of it after JPEG at quality 50.
"""

import hashlib
import io
import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageDraw

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.marking.explicit.image import label_image
from brightline.marking.explicit.style import Form, Language, Style
from brightline.provenance.explicit_image import detect

SIZES = ((240, 160), (320, 480), (640, 360), (1024, 1024), (1920, 800))
GROUNDS = ("light", "dark", "busy", "cat", "coffee")
SHOWN = GROUNDS[:3]  # in the guide, which has no photographs
GUIDE = Path(__file__).parents[1] / "docs/guides/explicit-marks.png"
COLOURS = 128  # of the guide's picture: letters stay crisp, and the file stays under 300 KB
CELL, ROW = 330, 280


def ground(name: str, width: int, height: int) -> Image.Image:
    match name:
        case "light" | "dark":
            return Image.new("RGB", (width, height), (236, 232, 224) if name == "light" else (28, 30, 40))
        case "busy":
            noise = np.random.default_rng(7).integers(
                0, 256, (height // 4 + 1, width // 4 + 1, 3), dtype=np.uint8
            )
            return Image.fromarray(np.kron(noise, np.ones((4, 4, 1), np.uint8))[:height, :width])
        case _:
            photograph = skimage.data.cat() if name == "cat" else skimage.data.coffee()
            return Image.fromarray(photograph).resize((width, height), Image.Resampling.LANCZOS)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def said(data: bytes) -> str:
    subject = Subject(
        digest=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        kind=Kind.JPEG,
        context=Context(time="2026-11-23T00:00:00Z"),
        blob=Blob(data),
    )
    first, *defects = detect(subject)
    codes = ", ".join(defect.detail("code") for defect in defects)
    return f"{first.detail('verdict')} {first.detail('compliance')} {codes}"


def row_height(width: int, height: int) -> int:
    return round(height * min((CELL - 10) / width, (ROW - 30) / height, 1)) + 30


def main(target: Path, grounds: tuple[str, ...], forms: tuple[Form, ...]) -> None:
    sheet = Image.new("RGB", (CELL * len(grounds), sum(row_height(*size) for size in SIZES)), (128, 128, 128))
    draw, top = ImageDraw.Draw(sheet), 0
    for (width, height), form in zip(SIZES, forms, strict=True):
        for column, name in enumerate(grounds):
            style = Style(form=form, language=Language.ZH if width < 300 else Language.BOTH)
            marked = Image.open(
                io.BytesIO(label_image(saved(ground(name, width, height), "PNG"), Kind.PNG, style))
            )
            verdict = said(saved(marked.convert("RGB"), "JPEG", quality=50))
            marked.thumbnail((CELL - 10, ROW - 30))
            sheet.paste(marked, (CELL * column, top))
            under = top + row_height(width, height) - 24
            draw.text((CELL * column, under), f"{width} x {height}: {verdict}", fill="white")
        top += row_height(width, height)
    if grounds is SHOWN:
        sheet = sheet.quantize(COLOURS, dither=Image.Dither.NONE)
    sheet.save(target, optimize=True)


if __name__ == "__main__":
    text, both = Form.TEXT, Form.BOTH
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), GROUNDS, (text, text, both, text, Form.ICON))
    else:  # the icon alone is the EU's, and no mark by GB 45438-2025
        main(GUIDE, SHOWN, (text, text, both, text, text))
