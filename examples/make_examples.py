"""Make every file of examples/ that is not written by hand: pictures, recordings, documents, marked and signed variants.

    .venv/bin/python examples/make_examples.py            # all but signed files and speech
    .venv/bin/python examples/make_examples.py --sign     # signed files too: new keys, so new bytes each time
    .venv/bin/python examples/make_examples.py --speak    # speech too, where `hibari` and `espeak-ng` are installed

Photographs are those that scikit-image ships under CC0 or in the public domain, scaled down; what is called generated is
a drawing by arithmetic, never somebody's photograph. Marks and signatures come from the tests' own writers.
"""

import argparse
import io
import struct
import subprocess  # noqa: TID251 - the synthesisers are programs of their own
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

EXAMPLES = Path(__file__).parent
sys.dont_write_bytecode = True  # the folder is scanned: no __pycache__ in it
sys.path.insert(0, str(EXAMPLES.parent / "tests"))
sys.path.insert(0, str(EXAMPLES))

from make_documents import documents  # noqa: E402

import marks  # noqa: E402 - the tests' writers

PHOTOGRAPHS = ("chelsea.png", "coffee.png", "rocket.jpg", "grass.png")  # scikit-image's names
NAMES = ("cat", "coffee-cup", "rocket", "grass")
LONGER_SIDE = 480  # pixels
PICTURE = (320, 240)  # pixels, of our drawings
FRAMES = 24  # of the clip, and of the animation a quarter of them
FRAME_RATE = 12  # per second
SIGNATURE_DAYS = 2900  # the signing certificates outlive the examples; their authority lives 3,000 days
PNG_HEAD_BYTES = 33  # signature and IHDR: chunks of ours go behind it
APP11, START_OF_SCAN = 0xEB, 0xDA  # JPEG markers
NOTICE_EN = (
    "Good morning. The reading room opens at nine. Please return borrowed headphones to the front desk."
)
NOTICE_ZH = "各位读者，阅览室上午九点开放。借用的耳机请还到前台。"
SD_PARAMETERS = (
    "rolling waves of colour, soft light, abstract\nNegative prompt: text, people\n"
    "Steps: 24, Sampler: Euler a, CFG scale: 6.5, Seed: 20261116, Size: 320x240, Model: example-model-v1"
)
IPTC_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><Iptc4xmpExt:DigitalSourceType>'
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def main() -> None:
    """Write the files that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sign", action="store_true", help="signed files too")
    parser.add_argument("--speak", action="store_true", help="speech too")
    parser.add_argument("--into", type=Path, default=EXAMPLES, help="folder to write to")
    asked = parser.parse_args()
    files = {**derived(), **(signed() if asked.sign else {}), **(spoken() if asked.speak else {})}
    for name, data in files.items():
        file = asked.into / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        print(f"{len(data):8} {name}")


def derived() -> dict[str, bytes]:
    """Path below examples/ to bytes, for everything that is the same in each run."""
    return {**photographs(), **drawings(), **recordings(), **documents()}


# Pictures


def photographs() -> dict[str, bytes]:
    """The photographs, scaled down; one of them also cut short, as a broken download leaves it."""
    whole = {
        f"image/{name}.jpg": _jpeg(_photograph(file)) for name, file in zip(NAMES, PHOTOGRAPHS, strict=True)
    }
    cut = _png(_photograph("coffee.png").resize((240, 160)))
    return {**whole, "image/cut-short.png": cut[: len(cut) // 3]}


def drawings() -> dict[str, bytes]:
    """The drawing, plain, with marks of GB 45438 good and bad, and with traces of generators."""
    png, jpeg, webp = _png(drawing()), _jpeg(drawing(1.5)), _webp(drawing(3.0))
    suspected = marks.fields(Label="3", ContentProducer="Example-Studio", ContentPropagator=marks.PROPAGATOR)
    broken = marks.fields(ContentProducer=marks.PRODUCER[:-6] + "X10001", ProduceID=None)
    return {
        "image/drawing.png": png,
        "image/drawing-marked.png": _with_chunk(png, marks.xmp(marks.bare())),
        "image/drawing-suspected.jpg": _with_segment(jpeg, marks.xmp(marks.bare(suspected))),
        "image/drawing-bad-mark.webp": _with_riff_chunk(webp, marks.xmp(marks.bare(broken))),
        "image/drawing-parameters.png": _png(drawing(4.5), parameters=SD_PARAMETERS),
        "image/drawing-iptc.jpg": _with_segment(_jpeg(drawing(6.0)), IPTC_PACKET),
    }


def drawing(phase: float = 0.0) -> Image.Image:
    """Waves of colour by arithmetic; the phase in radians moves them."""
    width, height = PICTURE
    across, down = np.meshgrid(np.linspace(0, 4 * np.pi, width), np.linspace(0, 3 * np.pi, height))
    ripple = np.sin(across + phase) + np.sin(down - phase) + np.sin(np.hypot(across - 6, down - 5) + phase)
    planes = [
        np.rint(127.5 + 42 * np.sin(ripple + turn) + 28 * np.cos(down + turn)) for turn in (0.0, 2.1, 4.2)
    ]
    return Image.fromarray(np.stack(planes, axis=-1).clip(0, 255).astype(np.uint8))


def _photograph(file: str) -> Image.Image:
    import skimage.data  # late: reading the examples' words needs none of it

    picture = Image.open(Path(skimage.data.__file__).parent / file).convert("RGB")
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
    return picture


def _png(picture: Image.Image, **texts: str) -> bytes:
    notes = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        notes.add_text(keyword, text)
    stream = io.BytesIO()
    picture.save(stream, "PNG", pnginfo=notes, optimize=True)
    return stream.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _webp(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=85)
    return stream.getvalue()


def _with_chunk(png: bytes, packet: bytes) -> bytes:
    return png[:PNG_HEAD_BYTES] + marks.xmp_chunk(packet) + png[PNG_HEAD_BYTES:]


def _with_segment(jpeg: bytes, packet: bytes) -> bytes:
    return jpeg[:2] + marks.xmp_segment(packet) + jpeg[2:]


def _with_riff_chunk(webp: bytes, packet: bytes) -> bytes:
    return marks.riff(b"WEBP", webp[12:], marks.riff_chunk(b"XMP ", packet))


# Recordings


def recordings() -> dict[str, bytes]:
    """A clip and an animation of the drawing; the clip and the English notice also with a mark of GB 45438."""
    pictures = [drawing(2 * np.pi * number / FRAMES) for number in range(FRAMES)]
    return {
        "video/waves.mp4": _mp4(pictures),
        "video/waves-marked.mp4": _mp4(pictures, {"AIGC": marks.bare()}),
        "video/waves.gif": _gif(pictures[:: len(pictures) // 6]),
        "speech/notice-marked.en.wav": _marked_wav(EXAMPLES / "speech/notice.en.flac"),
    }


def _mp4(pictures: list[Image.Image], notes: Mapping[str, str] = MappingProxyType({})) -> bytes:
    out = io.BytesIO()
    options = {"fflags": "+bitexact", **({"movflags": "use_metadata_tags"} if notes else {})}
    with av.open(out, "w", format="mp4", options=options) as container:
        container.metadata.update(notes)
        stream = container.add_stream(
            "mpeg4", rate=FRAME_RATE, options={"flags": "+bitexact", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *PICTURE, "yuv420p", 600_000
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return out.getvalue()


def _marked_wav(flac: Path) -> bytes:
    """The recording as 16-bit WAV, with the mark in a chunk of its own behind the sound."""
    with av.open(str(flac)) as source:
        rate = source.streams.audio[0].rate
        samples = b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in source.decode(audio=0))
    head = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    mark = marks.riff_chunk(b"AIGC", marks.bare().encode())
    return marks.riff(b"WAVE", marks.riff_chunk(b"fmt ", head), marks.riff_chunk(b"data", samples), mark)


def _gif(pictures: list[Image.Image]) -> bytes:
    small = [picture.resize((160, 120)).quantize(64) for picture in pictures]
    stream = io.BytesIO()
    small[0].save(stream, "GIF", save_all=True, append_images=small[1:], duration=160, loop=0)
    return stream.getvalue()


# Signatures


def signed() -> dict[str, bytes]:
    """Files with a C2PA manifest by an invented studio that no trust list knows."""
    import signing  # late: it makes keys

    who = signing.brief_signer("Example Studio", seconds=SIGNATURE_DAYS * 86_400)
    coffee = _photograph("coffee.png")
    photograph = signing.sign(
        _jpeg(coffee), "image/jpeg", who, source_type=signing.CAMERA_SOURCE, generator="Example Camera"
    )
    picture = signing.sign(_png(drawing(2.0)), "image/png", who, source_type=signing.AI_SOURCE)
    clip = signing.sign(recordings()["video/waves.mp4"], "video/mp4", who, source_type=signing.AI_SOURCE)
    return {
        "image/coffee-cup-signed.jpg": photograph,
        "image/coffee-cup-altered.jpg": _altered(photograph, ImageOps.mirror(coffee)),
        "image/drawing-signed.png": picture,
        "video/waves-signed.mp4": clip,
    }


def _altered(signed: bytes, picture: Image.Image) -> bytes:
    """Another picture under the manifest of the signed one, as a forger moves it."""
    other = _jpeg(picture)
    return other[:2] + b"".join(_manifest_segments(signed)) + other[2:]


def _manifest_segments(jpeg: bytes) -> Iterator[bytes]:
    """The APP11 segments, which hold a C2PA manifest (C2PA 2.2, A.3.1)."""
    at = 2
    while jpeg[at + 1] != START_OF_SCAN:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] == APP11:
            yield jpeg[at:end]
        at = end


# Speech


def spoken() -> dict[str, bytes]:
    """The same notice by two synthesisers: a small neural voice in English, a formant voice in Chinese.

    Raises:
        FileNotFoundError: a synthesiser is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        english, chinese = Path(folder) / "en.wav", Path(folder) / "zh.wav"
        subprocess.run(["hibari", NOTICE_EN, "-o", str(english)], check=True)
        subprocess.run(["espeak-ng", "-v", "cmn", "-s", "150", "-w", str(chinese), NOTICE_ZH], check=True)
        return {"speech/notice.en.flac": _flac(english), "speech/notice.zh.flac": _flac(chinese)}


def _flac(wav: Path) -> bytes:
    out = io.BytesIO()
    with (
        av.open(str(wav)) as source,
        av.open(out, "w", format="flac", options={"fflags": "+bitexact"}) as target,
    ):
        rate = source.streams.audio[0].rate
        stream = target.add_stream("flac", rate=rate, layout="mono", options={"flags": "+bitexact"})
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return out.getvalue()


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"{time.monotonic() - started:.1f} s")
