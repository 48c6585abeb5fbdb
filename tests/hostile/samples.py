"""One well-formed file of every kind, each made here, with the words that a reader would see in it."""

import gzip
import io
import json
import re
import struct
import tarfile
import zipfile
from email.message import EmailMessage
from functools import cache

import av
import docx
import numpy as np
import openpyxl
import pptx
from PIL import Image

from brightline.core.subject import Kind
from hostile import compound, pdfs

ENGLISH = "The quick brown fox pays 42 dollars at https://shop.example/pay today."
CHINESE = "您好，请点击链接领取红包，客服会联系您。这是一段普通的中文文字。"
HTML = f"<!DOCTYPE html><html><head><title>T</title></head><body><h1>{CHINESE}</h1><p>Pay <a href='http://evil.test/x'>bank.example</a></p></body></html>"
MARKDOWN = (
    f"# Heading\n\n{CHINESE}\n\nSee [the shop](https://shop.example) and **bold** words.\n\n- one\n- two\n"
)
POSTS = [
    {"author": "a1", "text": ENGLISH, "time": "2026-11-23T12:00:00Z", "url": "https://p.example/1"},
    {"author": "b2", "text": CHINESE, "time": "2026-11-23T12:01:00Z"},
]
TURNS = {
    "messages": [
        {"role": "user", "content": ENGLISH},
        {"role": "assistant", "content": [{"type": "text", "text": CHINESE}]},
    ]
}
TRANSCRIPT = (
    f"2026-11-23 12:00 李雷: {CHINESE}\n2026-11-23 12:01 Ann: {ENGLISH}\n2026-11-23 12:02 李雷: 好的\n"
)


@cache
def samples() -> dict[str, tuple[bytes, Kind, str]]:
    """File name to bytes, kind, and words that its text or that of a part holds (empty: it has none)."""
    return {
        "empty": (b"", Kind.EMPTY, ""),
        "utf8.txt": (f"{ENGLISH}\n{CHINESE}\n".encode(), Kind.TEXT, CHINESE),
        "bom.txt": (f"\ufeff{CHINESE}".encode(), Kind.TEXT, CHINESE),
        "gb18030.txt": (CHINESE.encode("gb18030"), Kind.TEXT, CHINESE),
        "utf16le.txt": (CHINESE.encode("utf-16-le"), Kind.TEXT, CHINESE),
        "utf16bom.txt": (ENGLISH.encode("utf-16"), Kind.TEXT, ENGLISH),
        "page.html": (HTML.encode(), Kind.HTML, CHINESE),
        "notes.md": (MARKDOWN.encode(), Kind.MARKDOWN, CHINESE),
        "posts.json": (json.dumps(POSTS).encode(), Kind.FEED, CHINESE),
        "posts.jsonl": ("\n".join(json.dumps(post, ensure_ascii=False) for post in POSTS).encode(), Kind.FEED, CHINESE),
        "posts.csv": (f"account,time,text\na,2026-11-23,\"{ENGLISH}\"\nb,2026-11-23,{CHINESE}\n".encode(), Kind.FEED, CHINESE),
        "table.csv": (b"height,width\n1,2\n3,4\n", Kind.CSV, "height"),
        "data.json": (b'{"height": 1, "width": [2, 3]}', Kind.JSON, "height"),
        "chat.json": (json.dumps(TURNS).encode(), Kind.CHAT, CHINESE),
        "chat.txt": (TRANSCRIPT.encode(), Kind.CHAT, CHINESE),
        "mail.eml": (mail().as_bytes(), Kind.EMAIL, CHINESE),
        "box.mbox": (b"".join(b"From a@example.com Mon Nov 23 12:00:00 2026\n" + mail().as_bytes() + b"\n\n" for _ in range(2)), Kind.MBOX, CHINESE),
        "mail.msg": (compound.outlook("发票", CHINESE, sender="a@example.com", html=HTML, attachment=ENGLISH.encode()), Kind.MSG, CHINESE),
        "page.pdf": (pdfs.pdf("Hello from a page", layers=1, link="http://evil.test/p", attachment=ENGLISH.encode()), Kind.PDF, "Hello from a page"),
        "letter.docx": (word(), Kind.DOCX, CHINESE),
        "slides.pptx": (slides(), Kind.PPTX, CHINESE),
        "cells.xlsx": (cells(), Kind.XLSX, CHINESE),
        "files.zip": (zipped({"a.txt": CHINESE.encode(), "b/page.html": HTML.encode(), "p.png": picture("PNG")}), Kind.ZIP, CHINESE),
        "files.tar": (tarred(), Kind.TAR, CHINESE),
        "files.tar.gz": (gzip.compress(tarred(), mtime=0), Kind.GZIP, CHINESE),
        **{f"picture.{name.lower()}": (picture(name), kind, "") for name, kind in PICTURES.items()},
        "picture.heic": (heic(), Kind.HEIF, ""),
        "animation.gif": (animation(), Kind.GIF, ""),
        **{f"sound.{name}": (recording(name, codec), kind, "") for name, (codec, kind) in RECORDINGS.items()},
        "film.mp4": (recording("mp4", "mpeg4"), Kind.MP4, ""),
        "film.avi": (recording("avi", "mpeg4"), Kind.AVI, ""),
        "film.flv": (recording("flv", "flv1"), Kind.FLV, ""),
        "film.webm": (recording("matroska", "mpeg4"), Kind.MATROSKA, ""),
        "model.pkl": (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x06weight\x94K\x01s.", Kind.PICKLE, ""),
        "old.pkl": (b"(dp0\nS'weight'\np1\nI1\ns.", Kind.PICKLE, ""),
        "model.pt": (zipped({"archive/data.pkl": b"\x80\x02}q\x00.", "archive/version": b"3\n"}), Kind.TORCH, ""),
        "array.npy": (array(), Kind.NUMPY, ""),
        "model.safetensors": (safetensors(), Kind.SAFETENSORS, ""),
        "model.gguf": (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), Kind.GGUF, ""),
        "model.h5": (b"\x89HDF\r\n\x1a\n" + bytes(88), Kind.HDF5, ""),
        "model.onnx": (b"\x08\x08\x12\x07pytorch\x1a\x032.1\x3a\x10\n\x0e\n\x01x\x12\x01y\x22\x04Relu", Kind.ONNX, ""),
        "noise.bin": (bytes(i * i % 251 for i in range(4096)), Kind.UNKNOWN, ""),
    }  # fmt: skip


PICTURES = {
    "PNG": Kind.PNG,
    "JPEG": Kind.JPEG,
    "WEBP": Kind.WEBP,
    "GIF": Kind.GIF,
    "TIFF": Kind.TIFF,
    "AVIF": Kind.AVIF,
}
RECORDINGS = {
    "wav": ("pcm_s16le", Kind.WAV),
    "mp3": ("libmp3lame", Kind.MP3),
    "flac": ("flac", Kind.FLAC),
    "ogg": ("libopus", Kind.OGG),
    "ipod": ("aac", Kind.M4A),
    "mov": ("aac", Kind.MOV),
}


def mail() -> EmailMessage:
    """A message with two differing bodies and an attachment."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "李雷 <a@example.com>",
        "b@example.com",
        "发票 invoice",
    )
    message["Date"], message["Message-ID"] = "Mon, 23 Nov 2026 12:00:00 +0000", "<1@example.com>"
    message.set_content(f"{CHINESE}\nSee http://plain.example/x\n")
    message.add_alternative(HTML, subtype="html")
    message.add_attachment(
        zipped({"inner.txt": ENGLISH.encode()}), maintype="application", subtype="zip", filename="发票.zip"
    )
    for part, boundary in zip(
        (p for p in message.walk() if p.is_multipart()), ("outer", "inner"), strict=True
    ):
        part.set_boundary(f"=={boundary}==")
    return message


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP with a fixed time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2026, 11, 23, 12, 0, 0))
            info.compress_type = method
            archive.writestr(info, data)
    return file.getvalue()


def tarred() -> bytes:
    """A TAR with a text, a long name and a link."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (("a.txt", CHINESE.encode()), ("long/" * 40 + "名.txt", ENGLISH.encode())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return file.getvalue()


def picture(form: str, size: tuple[int, int] = (30, 20)) -> bytes:
    """A small picture with some texture."""
    width, height = size
    pixels = np.arange(width * height * 3, dtype=np.uint32).reshape(height, width, 3) % 251
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, form)
    return file.getvalue()


def animation(frames: int = 5) -> bytes:
    """A GIF of several frames."""
    file = io.BytesIO()
    images = [Image.new("RGB", (30, 20), (50 * number, 9, 9)) for number in range(frames)]
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=100)
    return file.getvalue()


def box(kind: bytes, *inner: bytes) -> bytes:
    """An ISO base media box."""
    body = b"".join(inner)
    return struct.pack(">I", len(body) + 8) + kind + body


def heic(width: int = 64, height: int = 48) -> bytes:
    """A HEIF file whose header says a size; its one item has no picture data."""
    item = box(b"infe", b"\x02\0\0\0", struct.pack(">HH", 1, 0), b"hvc1", b"\0")
    properties = box(
        b"iprp",
        box(b"ipco", box(b"ispe", bytes(4), struct.pack(">II", width, height))),
        box(b"ipma", bytes(4), struct.pack(">IHBB", 1, 1, 1, 1)),
    )
    location = box(b"iloc", bytes(4), b"\x44\0", struct.pack(">HHHHII", 1, 1, 0, 1, 0, 0))
    handler = box(b"hdlr", bytes(8), b"pict", bytes(13))
    meta = box(
        b"meta",
        bytes(4),
        handler,
        box(b"pitm", bytes(4), b"\0\x01"),
        box(b"iinf", bytes(4), b"\0\x01", item),
        location,
        properties,
    )
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta


def recording(form: str, codec: str, seconds: float = 0.5) -> bytes:
    """A short silence, or a short grey film."""
    file = io.BytesIO()
    with av.open(file, "w", format=form, options={"fflags": "+bitexact"}) as container:
        if codec in {"mpeg4", "flv1"}:
            stream = container.add_stream(codec, rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            frames = [_grey() for _ in range(int(seconds * 10))]
        else:
            stream = container.add_stream(codec, rate=48000)
            stream.layout = "mono"
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, int(48000 * seconds)), np.int16), format="s16", layout="mono"
            )
            silence.sample_rate = 48000
            size = stream.codec_context.frame_size or None
            frames = av.AudioResampler(stream.format, "mono", 48000, size).resample(silence)
        for frame in [*frames, None]:
            container.mux(stream.encode(frame))
    return file.getvalue()


def _grey() -> av.VideoFrame:
    frame = av.VideoFrame(64, 48, "yuv420p")
    for plane in frame.planes:  # fresh frames hold whatever was in memory
        plane.update(b"\x80" * plane.buffer_size)
    return frame


def word() -> bytes:
    """A Word document with a table, hidden words, a link and a picture."""
    document = docx.Document()
    document.add_heading("标题")
    document.add_paragraph(f"{CHINESE} http://bare.example/y").add_run("HIDDEN WORDS").font.hidden = True
    document.add_table(1, 2).cell(0, 1).text = "a cell"
    document.add_picture(io.BytesIO(picture("PNG")))
    return _saved(document)


def slides() -> bytes:
    """A slide with a link and notes."""
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = CHINESE
    run = slide.placeholders[1].text_frame.paragraphs[0].add_run()
    run.text, run.hyperlink.address = "click here", "http://evil.test/s"
    slide.notes_slide.notes_text_frame.text = "speaker notes"
    return _saved(deck)


def cells() -> bytes:
    """A sheet with words, a number and a link."""
    book = openpyxl.Workbook()
    book.active.append([CHINESE, 42])
    book.active["A3"] = "go"
    book.active["A3"].hyperlink = "http://evil.test/c"
    return _saved(book)


def array() -> bytes:
    """A NumPy array."""
    file = io.BytesIO()
    np.save(file, np.arange(4))
    return file.getvalue()


def safetensors() -> bytes:
    """One tensor of four floats."""
    header = b'{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    return struct.pack("<Q", len(header)) + header + bytes(16)


def _saved(document: object) -> bytes:
    """The document as bytes, repacked so that the members' times don't make each run different."""
    file = io.BytesIO()
    document.save(file)  # type: ignore[attr-defined]
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    core = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]{8}Z", b"2026-11-23T12:00:00Z", members["docProps/core.xml"])
    return zipped({**members, "docProps/core.xml": core})
