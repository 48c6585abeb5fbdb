"""Pictures that carry words and codes, drawn for tests and measuring: chats, flyers, codes.

    python drawn_pictures.py FONT FOLDER

draws those of `tests/golden/pictured` anew; FONT is Noto Sans CJK (SIL OFL 1.1; Debian's fonts-noto-cjk).
"""

import random
import sys
from pathlib import Path

import numpy as np
import zxingcpp
from PIL import Image, ImageDraw, ImageFont

LURES = {
    "chat-lure-en": (
        "Hi Mum, it's me. I dropped my phone and this is my new number.",
        "Oh no, are you alright?",
        (
            "Yes but my banking app is locked on the new phone and I must pay a bill today. Can you transfer 1,450 pounds "
            "for me? I will pay you back tomorrow"
        ),
        "Which account?",
        "Send it to my friend's account, I will give you the sort code. Please don't call, the mic is broken. It is urgent",
    ),
    "chat-lure-zh": (
        "妈，我手机摔坏了，这是我的新号，先加一下",
        "怎么声音不一样了？",
        "我在开会不方便接电话，老师让马上交八千块培训费，你先转到这个账户，我晚上还你",
        "好，账号发来",
        "快点，今天截止，别跟爸说",
    ),
    "chat-honest-en": (
        "The ferry leaves at nine, shall we meet at the pier?",
        "Good idea, I bring the sandwiches",
        "And I the umbrella, it looks like rain on Saturday",
    ),
    "chat-honest-zh": (
        "周六早上九点码头见？",
        "好的，我带三明治",
        "那我带伞，天气预报说有雨",
    ),
}
FLYERS = {
    "flyer-lure-zh": ("急招手机兼职", "日结三百至八百元", "无需经验 在家就能做", "先垫付任务本金 完成立返佣金", "名额有限 加微信报名"),
    "flyer-lure-en": ("WORK FROM HOME", "Earn $300 - $800 a day", "No experience, no interview", "Pay the small activation fee,", "get it back with your first task", "Message us on WhatsApp now"),
}  # fmt: skip
NOTICES = {
    "notice-link": ("Your parcel waits for you.", "Open www.paypa1-login.example", "and pay the small fee.")
}
LETTERS = 40  # pixels of a screenshot's letters, on a phone 1080 wide


def chat(turns: tuple[str, ...], font: str, *, width: int = 1080, size: int = LETTERS) -> Image.Image:
    """A screenshot of a chat: bubbles left and right by turns."""
    letters = ImageFont.truetype(font, size, index=2, layout_engine=ImageFont.Layout.BASIC)
    bubbles = [wrapped(turn, letters, round(width * 0.62)) for turn in turns]
    row, gap = round(size * 1.4), size
    picture = Image.new(
        "RGB", (width, 3 * size + sum(len(one) * row + 2 * gap for one in bubbles)), "#ece5dd"
    )
    drawn, y = ImageDraw.Draw(picture), 2 * size
    for number, lines in enumerate(bubbles):
        wide = round(max(letters.getlength(line) for line in lines)) + size
        x = size if number % 2 == 0 else width - size - wide
        drawn.rounded_rectangle(
            (x, y, x + wide, y + len(lines) * row + size // 2),
            size // 2,
            fill="#ffffff" if number % 2 == 0 else "#dcf8c6",
        )
        for place, line in enumerate(lines):
            drawn.text((x + size // 2, y + size // 8 + place * row), line, fill="#111111", font=letters)
        y += len(lines) * row + 2 * gap
    return picture


def wrapped(text: str, letters: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines that fit: words of English, characters of Chinese."""
    lines, line = [], ""
    for piece in text.replace("\n", " ").split(" ") if text.isascii() else text:
        longer = f"{line} {piece}".strip() if text.isascii() else line + piece
        if letters.getlength(longer) > width and line:
            lines.append(line)
            longer = piece
        line = longer
    return [*lines, line]


def flyer(lines: tuple[str, ...], font: str) -> Image.Image:
    """A flyer: large letters on a coloured ground with some noise, as a printed one that was photographed."""
    picture = Image.new("RGB", (1000, 1300), "#f4d35e")
    drawn = ImageDraw.Draw(picture)
    for place, line in enumerate(lines):
        letters = ImageFont.truetype(
            font, 84 if place == 0 else 54, index=2, layout_engine=ImageFont.Layout.BASIC
        )
        drawn.text(
            ((1000 - letters.getlength(line)) / 2, 120 + 170 * place), line, fill="#8b1e3f", font=letters
        )
    noise = np.random.default_rng(1).normal(0, 4, (1300, 1000, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def qr(text: str, scale: int = 8) -> Image.Image:
    """A QR code in black on white."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    return Image.fromarray(np.asarray(zxingcpp.write_barcode_to_image(code, scale=scale))).convert("RGB")


def poster(text: str, turned: float = 0.0) -> Image.Image:
    """A QR code on a grey poster, perhaps turned."""
    picture = Image.new("RGB", (1200, 900), "#d8d8d0")
    code = qr(text).rotate(turned, expand=True, fillcolor="#ffffff")
    picture.paste(code, (random.Random(text).randrange(100, 1100 - code.width), 300))
    return picture


def main() -> None:
    font, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, turns in (LURES | NOTICES).items():
        chat(turns, font).quantize(32).save(folder / f"{name}.png", optimize=True)
    for name, lines in FLYERS.items():
        flyer(lines, font).save(folder / f"{name}.jpg", quality=70)


if __name__ == "__main__":
    main()
