"""Files that another program wrote are read as well: Pillow's XMP, text chunks and EXIF."""

import io
import time
import tracemalloc
from typing import Any

import av
import pytest
from PIL import Image, PngImagePlugin

import marks
from brightline.carriers import isobmff, jpeg, markdown, png, webp
from brightline.carriers.candidate import Candidate, Read

MARK = marks.bare()


def saved(form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    marks.picture().save(stream, form, **options)
    return stream.getvalue()


def text_of(read: Read, data: bytes) -> str:
    (candidate,) = read(memoryview(data))
    assert isinstance(candidate, Candidate)
    return candidate.text


@pytest.mark.parametrize(("form", "read"), [("JPEG", jpeg.read), ("WEBP", webp.read)])
def test_xmp_that_pillow_wrote_is_read(form: str, read: Read) -> None:
    assert text_of(read, saved(form, xmp=marks.xmp(MARK))) == MARK


@pytest.mark.parametrize("compressed", [False, True])
def test_png_text_that_pillow_wrote_is_read(compressed: bool) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", marks.xmp(MARK).decode(), zip=compressed)
    assert text_of(png.read, saved("PNG", pnginfo=info)) == MARK
    info = PngImagePlugin.PngInfo()
    info.add_text("AIGC", marks.wrapped(), zip=compressed)
    assert text_of(png.read, saved("PNG", pnginfo=info)) == marks.wrapped()


@pytest.mark.parametrize(("form", "read"), [("JPEG", jpeg.read), ("WEBP", webp.read), ("PNG", png.read)])
def test_exif_that_pillow_wrote_is_read(form: str, read: Read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 1  # Pillow takes an Exif with sub-directories only for an empty one
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\x00\x00\x00" + marks.wrapped().encode()
    assert text_of(read, saved(form, exif=exif)) == marks.wrapped()
    exif = Image.Exif()
    exif[0x010E] = MARK
    assert text_of(read, saved(form, exif=exif)) == MARK


def test_an_animated_webp_is_walked() -> None:
    frames = [marks.picture().rotate(turn) for turn in (0, 30, 60)]
    data = saved("WEBP", save_all=True, append_images=frames, xmp=marks.xmp(MARK))
    assert text_of(webp.read, data) == MARK


@pytest.mark.parametrize("form", ["mp4", "mov", "ipod"])
def test_a_key_that_ffmpeg_wrote_is_read(form: str) -> None:
    stream = io.BytesIO()
    with av.open(stream, "w", format=form, options={"movflags": "use_metadata_tags"}) as output:
        output.metadata["AIGC"] = MARK
        video = output.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 48, 32, "yuv420p"
        output.mux(video.encode(av.VideoFrame.from_image(marks.picture())))
        output.mux(video.encode())
    assert text_of(isobmff.read, stream.getvalue()) == MARK


_BULK = bytes(range(255)) * 65_536  # 16 MiB without FF


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (png.read, marks.png(marks.png_chunk(b"IDAT", _BULK))),
        (png.read, marks.png() + _BULK),
        (jpeg.read, marks.plain_jpeg()[:-2] + _BULK + b"\xff\xd9" + _BULK),
        (webp.read, marks.webp(marks.riff_chunk(b"ALPH", _BULK))),
        (markdown.read, marks.front_matter() + b"AIGC, and so on.\n" * 1_000_000),
    ],
    ids=["png-pixels", "png-behind", "jpeg", "webp", "markdown"],
)
def test_large_files_are_read_without_a_second_copy(read: Read, data: bytes) -> None:
    begin = time.process_time()
    tracemalloc.start()
    try:
        list(read(memoryview(data)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.1 * len(data) if read is markdown.read else peak < 1024 * 1024
    assert time.process_time() - begin < 3
