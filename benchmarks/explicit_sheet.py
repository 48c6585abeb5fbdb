"""A contact sheet of explicit marks: five sizes on light, dark, busy and photographic grounds, to be looked at.

    python benchmarks/explicit_sheet.py SHEET.png

Under each picture stands what our checker says of it after JPEG at quality 50.
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


def main(target: Path) -> None:
    sheet = Image.new("RGB", (CELL * len(GROUNDS), ROW * len(SIZES)), (128, 128, 128))
    draw = ImageDraw.Draw(sheet)
    for row, (width, height) in enumerate(SIZES):
        form = (Form.TEXT, Form.TEXT, Form.BOTH, Form.TEXT, Form.ICON)[row]
        for column, name in enumerate(GROUNDS):
            style = Style(form=form, language=Language.ZH if width < 300 else Language.BOTH)
            marked = Image.open(
                io.BytesIO(label_image(saved(ground(name, width, height), "PNG"), Kind.PNG, style))
            )
            verdict = said(saved(marked.convert("RGB"), "JPEG", quality=50))
            marked.thumbnail((CELL - 10, ROW - 30))
            sheet.paste(marked, (CELL * column, ROW * row))
            draw.text((CELL * column, ROW * row + ROW - 24), f"{width} x {height}: {verdict}", fill="white")
    sheet.save(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
