"""QR codes in pictures, read by ZXing-C++ (Apache-2.0): what each says, and where it stands."""

import msgspec
import zxingcpp
from PIL import Image

from brightline.core.finding import Box
from brightline.media.image import Pixels

CODES_LIMIT = 8  # codes told of one picture; a poster has one or two
CODE_CHARACTERS = 2_000  # of one code; the largest QR code holds 4,296 letters, an address needs some hundred
# The one that phones open: all formats together take ten times as long.
_FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


class Code(msgspec.Struct, frozen=True):
    """A code: its text, line breaks as spaces, and its box in pixels of the picture."""

    text: str
    box: Box


def find_codes(pixels: Pixels) -> tuple[Code, ...]:
    """QR codes whose check symbols are right, from the top, at most `CODES_LIMIT`; about 1 ms a megapixel."""
    height, width = pixels.shape[:2]
    grey = Image.fromarray(pixels).convert("L")
    found = []
    for barcode in zxingcpp.read_barcodes(grey, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain):
        text = " ".join(barcode.text[:CODE_CHARACTERS].split())
        if barcode.valid and text:
            found.append(Code(text, _box(barcode.position, width, height)))
    return tuple(sorted(found, key=lambda code: (code.box.y, code.box.x, code.text))[:CODES_LIMIT])


def _box(corners: zxingcpp.Position, width: int, height: int) -> Box:
    points = (corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left)
    left, top = max(0, min(one.x for one in points)), max(0, min(one.y for one in points))
    right, bottom = min(width, max(one.x for one in points)), min(height, max(one.y for one in points))
    return Box(left, top, max(1, right - left), max(1, bottom - top))
