"""Generators are known by what they write into files; programs, cameras and words alone accuse nobody."""

import contextlib
import io
import json
import os
import struct
import wave
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.provenance import generators
from brightline.provenance.generator_rules import load_rules, matching
from brightline.provenance.property import VALUE_LIMIT, Property
from recordings import movie, sound

SAMPLER = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 1}},
    "8": {"class_type": "VAEDecode", "inputs": {}},
}
RESIZE = {"1": {"class_type": "LoadImage", "inputs": {}}, "2": {"class_type": "ImageScale", "inputs": {}}}
WORKFLOW = {"nodes": [{"id": 1, "type": "KSampler"}], "links": [], "version": 0.4}
WEBUI = "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512"
MIDJOURNEY = "a cat --v 6 Job ID: 01234567-89ab-cdef-0123-456789abcdef"
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>"""
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def xmp(attributes: str = "", elements: str = "") -> bytes:
    return XMP.format(attributes=attributes, elements=elements).encode()


IIM_CREDIT = b"\x1c\x01\x5a\0\3\x1b%G\x1c\x02\x6e\0\x13Made with Google AI"


def raw_profile(name: str, block: bytes) -> str:
    """As ImageMagick and ExifTool write metadata into PNG text."""
    return f"\n{name}\n{len(block):8}\n{block.hex()}\n"


def exif_of(tags: dict[int, str]) -> bytes:
    exif = Image.Exif()
    exif.update(tags)
    return exif.tobytes()


def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 255, (16, 24, 3), dtype=np.uint8))


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        if key == "xmp":
            info.add_itxt("XML:com.adobe.xmp", value)
        else:
            info.add_text(key.replace("__", "-"), value)
    out = io.BytesIO()
    picture().save(out, "PNG", pnginfo=info)
    return out.getvalue()


def with_exif(kind: Kind, tags: dict[int, str | bytes], comment: bytes = b"", packet: bytes = b"") -> bytes:
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    if comment:
        exif.get_ifd(ExifTags.IFD.Exif)[0x9286] = comment
    out = io.BytesIO()
    options = {"xmp": packet} if packet else {}
    picture().save(out, kind.name, exif=exif, **options)
    return out.getvalue()


def look(data: bytes, kind: Kind) -> list[Finding]:
    context = Context(time="2026-11-23T12:00:00Z")
    subject = Subject(digest="0" * 64, size_bytes=len(data), kind=kind, context=context, blob=Blob(data))
    return list(generators.detect(subject))


def declared(data: bytes, kind: Kind) -> list[str]:
    return [each.detail("generator") for each in look(data, kind) if each.claim == "origin.ai_declared"]


def trace(data: bytes, kind: Kind) -> Finding:
    return next(each for each in look(data, kind) if each.claim == "origin.trace")


POSITIVE: dict[str, tuple[str, Kind, Callable[[], bytes]]] = {
    "webui png": ("Stable Diffusion WebUI", Kind.PNG, lambda: png(parameters=WEBUI)),
    "webui jpeg": (
        "Stable Diffusion WebUI",
        Kind.JPEG,
        lambda: with_exif(Kind.JPEG, {}, b"UNICODE\0" + WEBUI.encode("utf-16-be")),
    ),
    "webui webp, little-endian": (
        "Stable Diffusion WebUI",
        Kind.WEBP,
        lambda: with_exif(Kind.WEBP, {}, b"UNICODE\0" + WEBUI.encode("utf-16-le")),
    ),
    "comfyui prompt": ("ComfyUI", Kind.PNG, lambda: png(prompt=json.dumps(SAMPLER))),
    "comfyui workflow": ("ComfyUI", Kind.PNG, lambda: png(workflow=json.dumps(WORKFLOW))),
    "comfyui webp": (
        "ComfyUI",
        Kind.WEBP,
        lambda: with_exif(Kind.WEBP, {0x010F: "prompt:" + json.dumps(SAMPLER)}),
    ),
    "comfyui mp4": (
        "ComfyUI",
        Kind.MP4,
        lambda: movie("mp4", comment=json.dumps({"prompt": json.dumps(SAMPLER)})),
    ),
    "invokeai": ("InvokeAI", Kind.PNG, lambda: png(invokeai_metadata='{"positive_prompt": "a cat"}')),
    "invokeai dream": ("InvokeAI", Kind.PNG, lambda: png(Dream='"a cat" -s 50 -S 1 -W512 -H512 -C7.5')),
    "novelai": ("NovelAI", Kind.PNG, lambda: png(Software="NovelAI", Comment='{"sampler": "k", "uc": ""}')),
    "comfyui with a cache that never holds": (
        "ComfyUI",
        Kind.PNG,
        lambda: png(prompt=json.dumps({"3": {**SAMPLER["3"], "is_changed": [float("nan")]}})),
    ),
    "webui, UTF-8 called Unicode": (
        "Stable Diffusion WebUI",
        Kind.JPEG,
        lambda: with_exif(Kind.JPEG, {}, b"UNICODE\0" + WEBUI.encode()),
    ),
    "a mark in mp3": (
        "a program that writes the mark of GB 45438",
        Kind.MP3,
        lambda: sound("mp3", "libmp3lame", AIGC='{"Label":"1","ContentProducer":"Example"}'),
    ),
    "a video platform's label": (
        "a video platform's AI label",
        Kind.MP4,
        lambda: movie("mp4", comment='vid:v0;{"aigc_label_type":1}'),
    ),
    "a caption": (
        "a caption that names its generator",
        Kind.PNG,
        lambda: png(Description="Generated by Midjourney"),
    ),
    "easy diffusion": (
        "Easy Diffusion",
        Kind.PNG,
        lambda: png(use_stable_diffusion_model="sd-v1-5", num_inference_steps="25"),
    ),
    "midjourney flags": ("Midjourney", Kind.PNG, lambda: png(Description="a cat --ar 16:9 --raw --v 6.1")),
    "a gallery's own words": (
        "a program that says it is AI",
        Kind.JPEG,
        lambda: with_exif(Kind.JPEG, {}, b"ASCII\0\0\0AI-generated content"),
    ),
    "recraft": ("video and image services", Kind.WEBP, lambda: with_exif(Kind.WEBP, {0x0131: "Recraft"})),
    "iim in a raw profile": (
        "Google AI",
        Kind.PNG,
        lambda: png(**{"Raw profile type iptc": raw_profile("iptc", IIM_CREDIT)}),
    ),
    "exif in a raw profile": (
        "Jimeng",
        Kind.PNG,
        lambda: png(**{"Raw profile type exif": raw_profile("exif", exif_of({0x0131: "Jimeng"}))}),
    ),
    "fooocus": ("Fooocus", Kind.PNG, lambda: png(fooocus_scheme="fooocus", parameters="{}")),
    "swarmui": ("SwarmUI", Kind.PNG, lambda: png(parameters='{"sui_image_params": {"prompt": "a"}}')),
    "midjourney": ("Midjourney", Kind.PNG, lambda: png(Description=MIDJOURNEY)),
    "flux": ("FLUX", Kind.JPEG, lambda: with_exif(Kind.JPEG, {0x010F: "Black Forest Labs"})),
    "openai": ("OpenAI image models", Kind.WEBP, lambda: with_exif(Kind.WEBP, {0x0131: "OpenAI DALL·E 3"})),
    "firefly": (
        "Adobe Firefly",
        Kind.JPEG,
        lambda: with_exif(Kind.JPEG, {}, packet=xmp('xmp:CreatorTool="Adobe Firefly"')),
    ),
    "google": (
        "Google AI",
        Kind.PNG,
        lambda: png(xmp=xmp(elements="<photoshop:Credit>Made with Google AI</photoshop:Credit>").decode()),
    ),
    "grok": (
        "Grok",
        Kind.JPEG,
        lambda: with_exif(
            Kind.JPEG,
            {0x010E: "Signature: " + "Ab0/" * 20 + "==", 0x013B: "01234567-89ab-cdef-0123-456789abcdef"},
        ),
    ),
    "doubao": ("Doubao", Kind.JPEG, lambda: with_exif(Kind.JPEG, {0x0131: "豆包".encode()})),
    "jimeng": ("Jimeng", Kind.TIFF, lambda: with_exif(Kind.TIFF, {0x0131: "Jimeng AI 3.0"})),
    "kling": ("Kling", Kind.MP4, lambda: movie("mp4", software="Kling AI")),
    "qwen": ("Tongyi and Qwen", Kind.AVIF, lambda: with_exif(Kind.AVIF, {0x0131: "Qwen-Image"})),
    "sora": ("Sora", Kind.MP4, lambda: movie("mp4", generator="Sora")),
    "suno": ("Suno", Kind.MP3, lambda: sound("mp3", "libmp3lame", comment="made with suno; created=2026")),
    "udio": ("Udio", Kind.FLAC, lambda: sound("flac", "flac", comment="udio.com")),
    "elevenlabs": (
        "speech synthesis services",
        Kind.WAV,
        lambda: sound("wav", "pcm_s16le", artist="ElevenLabs"),
    ),
    "suno ogg": ("Suno", Kind.OGG, lambda: sound("ogg", "libopus", comment="made with suno")),
    "suno m4a": ("Suno", Kind.M4A, lambda: sound("ipod", "aac", comment="made with suno; id=1")),
    "sora mkv": ("Sora", Kind.MATROSKA, lambda: movie("matroska", software="Sora")),
    "ai avi": ("a program that says it is AI", Kind.AVI, lambda: movie("avi", comment="AI-generated video")),
    "ai flv": ("a program that says it is AI", Kind.FLV, lambda: movie("flv", comment="generated by AI")),
    "ai mov": ("a program that says it is AI", Kind.MOV, lambda: movie("mov", comment="AI生成")),
    "imagined": ("Meta AI", Kind.GIF, lambda: gif(b"Imagined with AI")),
}


def gif(comment: bytes) -> bytes:
    out = io.BytesIO()
    picture().save(out, "GIF", comment=comment)
    return out.getvalue()


@pytest.mark.parametrize("case", list(POSITIVE))
def test_a_generators_record_is_a_declaration(case: str) -> None:
    name, kind, make = POSITIVE[case]
    data = make()
    assert declared(data, kind) == [name]
    finding = next(each for each in look(data, kind) if each.claim == "origin.ai_declared")
    assert (finding.basis, finding.harm, finding.detail("by")) == (Basis.DECLARED, None, "generator")
    assert finding.where
    assert len(finding.why.en) < 300


NEGATIVE: dict[str, tuple[Kind, Callable[[], bytes]]] = {
    "nothing": (Kind.PNG, png),
    "an editor": (Kind.JPEG, lambda: with_exif(Kind.JPEG, {0x0131: "Adobe Photoshop 27.0 (Windows)"})),
    "a camera": (Kind.JPEG, lambda: with_exif(Kind.JPEG, {0x010F: "Canon", 0x0110: "Canon EOS R5"})),
    "a description like a prompt": (
        Kind.PNG,
        lambda: png(
            Description="masterpiece, best quality, a cat in the style of an oil painting, 8k --ar 16:9"
        ),
    ),
    "a text about generators": (
        Kind.PNG,
        lambda: png(Comment="not made with Midjourney or Stable Diffusion"),
    ),
    "a word in a program field": (Kind.PNG, lambda: png(Software="Imagen Viewer")),
    "an artist called Sora": (Kind.JPEG, lambda: with_exif(Kind.JPEG, {0x013B: "Sora Tanaka"})),
    "a graph that only resizes": (Kind.PNG, lambda: png(prompt=json.dumps(RESIZE))),
    "a prompt that is no graph": (Kind.PNG, lambda: png(prompt='"class_type" and "nodes" are words')),
    "other settings": (Kind.PNG, lambda: png(parameters="Steps taken: 20, weather: fine")),
    "a signature without its pair": (
        Kind.JPEG,
        lambda: with_exif(Kind.JPEG, {0x010E: "Signature: " + "Ab0/" * 20, 0x013B: "Alex Example"}),
    ),
    "reimagined": (Kind.GIF, lambda: gif(b"Reimagined with AI")),
    "an editor's own words": (Kind.PNG, lambda: png(Description="This is not AI-generated content")),
    "a platform's label that says no": (
        Kind.MP4,
        lambda: movie("mp4", comment='vid:v0;{"aigc_label_type":0}'),
    ),
    "a caption about generators": (
        Kind.PNG,
        lambda: png(Description="A talk on images made with Midjourney"),
    ),
    "flags of another program": (Kind.PNG, lambda: png(Description="convert --quality 90 --verbose")),
    "an encoder": (Kind.MP4, lambda: movie("mp4", title="holiday")),
}


@pytest.mark.parametrize("case", list(NEGATIVE))
def test_words_programs_and_cameras_alone_declare_nothing(case: str) -> None:
    kind, make = NEGATIVE[case]
    assert declared(make(), kind) == []


@pytest.mark.parametrize(
    "kind_of_source", ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
)
@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.WEBP, Kind.TIFF, Kind.AVIF])
def test_an_iptc_source_type_is_read_from_every_format(kind: Kind, kind_of_source: str) -> None:
    element = f"<e:DigitalSourceType>{IPTC}{kind_of_source}</e:DigitalSourceType>"
    data = (
        with_exif(kind, {700: xmp(elements=element)})
        if kind is Kind.TIFF
        else with_exif(kind, {}, packet=xmp(elements=element))
    )
    [finding] = [each for each in look(data, kind) if each.claim == "origin.ai_declared"]
    assert (finding.detail("by"), finding.detail("source_type")) == ("iptc", kind_of_source)


def test_an_iptc_source_type_is_read_as_attribute_and_as_resource() -> None:
    attribute = xmp(f'e:DigitalSourceType="{IPTC}trainedAlgorithmicMedia"')
    resource = xmp(elements=f'<e:DigitalSourceType rdf:resource="{IPTC}compositeSynthetic"/>')
    for packet in (attribute, resource):
        assert len(look(png(xmp=packet.decode()), Kind.PNG)) == 2


@pytest.mark.parametrize(
    "value",
    [
        IPTC.replace("http:", "https:") + "trainedAlgorithmicMedia",
        IPTC + "trainedAlgorithmicMedia/",
        IPTC + "trainedalgorithmicmedia?lang=en",
        "digsrctype:trainedAlgorithmicMedia",
        "http://cv.iptc.org/newscodes/digitalsourcetype#trainedAlgorithmicMedia",
        " Trained Algorithmic Media ",
    ],
)
def test_an_iptc_source_type_is_read_in_every_spelling(value: str) -> None:
    packet = xmp(f'e:DigitalSourceType="{value}"').decode()
    [finding] = [each for each in look(png(xmp=packet), Kind.PNG) if each.claim == "origin.ai_declared"]
    assert finding.detail("source_type") == "trainedAlgorithmicMedia"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_xmp_in_utf16_is_read_without_its_mark(encoding: str) -> None:
    packet = xmp(f'e:DigitalSourceType="{IPTC}trainedAlgorithmicMedia"').decode().encode(encoding)
    assert declared(with_exif(Kind.WEBP, {}, packet=packet), Kind.WEBP) == [""]


def test_xmp_of_a_gif_is_read() -> None:
    packet = xmp(f'e:DigitalSourceType="{IPTC}trainedAlgorithmicMedia"')
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    data = gif(b"a comment")
    at = data.index(b"!\xfe")
    marked = data[:at] + b"!\xff\x0bXMP DataXMP" + packet + trailer + data[at:]
    assert declared(marked, Kind.GIF) == [""]
    assert Image.open(io.BytesIO(marked)).size == (24, 16)


def test_extended_xmp_of_a_jpeg_is_put_together() -> None:
    packet = xmp(f'e:DigitalSourceType="{IPTC}trainedAlgorithmicMedia"')
    half = len(packet) // 2
    parts = b""
    for offset, part in ((half, packet[half:]), (0, packet[:half])):
        body = (
            b"http://ns.adobe.com/xmp/extension/\0"
            + b"0" * 32
            + struct.pack(">II", len(packet), offset)
            + part
        )
        parts += b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    data = with_exif(Kind.JPEG, {})
    assert declared(data[:2] + parts + data[2:], Kind.JPEG) == [""]


def test_a_gap_says_the_same_every_time() -> None:
    with pytest.raises(DetectorError) as caught:
        look(b"II*\0" + bytes(40), Kind.TIFF)
    assert " at 0x" not in str(caught.value)


def test_a_heif_container_is_read() -> None:
    """Pillow writes AVIF, which is HEIF with another codec; the container is what is read."""
    packet = xmp(f'e:DigitalSourceType="{IPTC}trainedAlgorithmicMedia"')
    data = with_exif(Kind.AVIF, {0x0131: "Jimeng"}, packet=packet)
    assert declared(data, Kind.HEIF) == ["", "Jimeng"]


def test_an_iim_credit_line_is_read() -> None:
    credit = b"Made with Google AI"
    record = b"\x1c\x02\x6e" + len(credit).to_bytes(2, "big") + credit
    resource = b"8BIM\x04\x04\0\0" + len(record).to_bytes(4, "big") + record + b"\0" * (len(record) % 2)
    segment = b"Photoshop 3.0\0" + resource
    data = with_exif(Kind.JPEG, {})
    marked = data[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]
    assert declared(marked, Kind.JPEG) == ["Google AI"]


def test_a_named_ai_system_is_a_declaration_and_names_the_generator() -> None:
    packet = xmp(elements="<e:AISystemUsed>Example Painter 2</e:AISystemUsed>")
    assert declared(png(xmp=packet.decode()), Kind.PNG) == ["Example Painter 2"]


def test_a_camera_source_type_is_a_trace_and_no_declaration() -> None:
    packet = xmp(f'e:DigitalSourceType="{IPTC}digitalCapture"')
    data = with_exif(Kind.JPEG, {0x010F: "Canon", 0x0110: "EOS", 0x0131: "GIMP 3.0"}, packet=packet)
    assert declared(data, Kind.JPEG) == []
    finding = trace(data, Kind.JPEG)
    assert [finding.detail(name) for name in ("camera", "software", "source_type", "found")] == [
        "Canon EOS",
        "GIMP 3.0",
        "digitalCapture",
        "yes",
    ]


def test_silence_is_said() -> None:
    assert trace(png(), Kind.PNG).detail("found") == "no"


def test_text_behind_the_pixels_is_read_too() -> None:
    data = png()
    body = b"tEXtparameters\0" + WEBUI.encode()
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    end = data.index(b"IEND") - 4
    assert declared(data[:end] + chunk + data[end:], Kind.PNG) == ["Stable Diffusion WebUI"]


def test_a_text_bomb_is_a_gap_and_what_stands_before_it_is_kept() -> None:
    bomb = b"zTXtComment\0\0" + zlib.compress(bytes(VALUE_LIMIT * 4))
    chunk = (len(bomb) - 4).to_bytes(4, "big") + bomb + zlib.crc32(bomb).to_bytes(4, "big")
    data = png(parameters=WEBUI)
    end = data.index(b"IEND") - 4
    context = Context(time="2026-11-23T12:00:00Z")
    blob = Blob(data[:end] + chunk + data[end:])
    subject = Subject(digest="0" * 64, size_bytes=blob.size, kind=Kind.PNG, context=context, blob=blob)
    findings = iter(generators.detect(subject))
    claims = [next(findings).claim, next(findings).claim]
    assert claims == ["origin.ai_declared", "origin.trace"]
    with pytest.raises(DetectorError, match="unpacks to more than"):
        next(findings)


def test_broken_exif_in_a_png_is_a_gap_or_silence_but_no_warning() -> None:
    body = b"eXIfII*\0\x08\0\0\0\x01\0\x31\x01\x02\0\xff\xff\0\0\xff\0\0\0"
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    data = png()
    assert declared(data[:33] + chunk + data[33:], Kind.PNG) == []


def test_a_document_type_in_xmp_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Adobe Firefly")
    packet = (
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
        + xmp(elements="<xmp:CreatorTool>&e;</xmp:CreatorTool>").decode()
    )
    with pytest.raises(DetectorError, match="document type"):
        look(png(xmp=packet), Kind.PNG)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), case=st.sampled_from(list(POSITIVE)))
def test_a_damaged_file_gives_findings_or_a_gap_and_nothing_else(data: st.DataObject, case: str) -> None:
    _, kind, make = POSITIVE[case]
    whole = bytearray(make())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(8, len(whole)))
    with contextlib.suppress(DetectorError):
        look(bytes(whole[:cut]), kind)


def test_every_rule_names_its_standing_and_every_pattern_is_of_use() -> None:
    """A pattern that matches the empty string would accuse every file."""
    for rule in load_rules():
        assert rule.standing in {"seen", "memory"}
        assert not matching(rule, [Property(name, "") for name in rule.fields])
        assert not matching(rule, [Property(name, "holiday in the mountains, 2026") for name in rule.fields])


def test_a_wave_file_without_tags_has_no_trace() -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(os.urandom(320))
    assert trace(out.getvalue(), Kind.WAV).detail("found") == "no"


def test_shipped_photographs_are_not_accused() -> None:
    folder = Path(skimage.__file__).parent / "data"
    kinds = {".png": Kind.PNG, ".jpg": Kind.JPEG, ".gif": Kind.GIF}
    files = [path for path in sorted(folder.iterdir()) if path.suffix in kinds]
    assert len(files) > 20
    assert {path.name: declared(path.read_bytes(), kinds[path.suffix]) for path in files} == {
        path.name: [] for path in files
    }
