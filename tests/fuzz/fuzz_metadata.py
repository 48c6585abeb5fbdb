"""Coverage-guided fuzzing of the readers of metadata and of the rules of generators.

    python tests/fuzz/fuzz_metadata.py -max_total_time=60              all, chosen by the input's first byte
    python tests/fuzz/fuzz_metadata.py png -max_total_time=60          one of png jpeg webp gif tiff xmp exif graph report

Needs the `fuzz` dependency group (atheris). Anything but a `DetectorError` is a crash; an input of more than 5 s is a
hang (`-timeout=5`).
"""

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["brightline"]):
    from brightline.core.errors import DetectorError
    from brightline.core.subject import Blob, Context, Kind, Subject
    from brightline.core.wire import canonical
    from brightline.provenance import generators
    from brightline.provenance.generator_rules import node_kinds
    from brightline.provenance.manifest import read_axes
    from brightline.provenance.metadata_image import read_exif
    from brightline.provenance.metadata_xmp import read_xmp

from PIL import Image, PngImagePlugin

CONTEXT = Context(time="2026-11-23T12:00:00Z")
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:AISystemUsed="x">'
    b"<e:DigitalSourceType>trainedAlgorithmicMedia</e:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>"
)
GRAPH = b'{"3": {"class_type": "KSampler", "inputs": {}}, "nodes": [{"type": "VAEDecode"}], "prompt": "{}"}'
REPORT = (
    b'{"active_manifest": "a", "manifests": {"a": {"ingredients": [{"relationship": "parentOf", "active_manifest":'
    b' "b"}], "assertions": [{"label": "c2pa.actions", "data": {"actions": [{"digitalSourceType": "x/y"}]}}]}},'
    b' "validation_results": {"activeManifest": {"success": [{"code": "claimSignature.validated"}]}}}'
)


def file(kind: Kind) -> Callable[[bytes], None]:
    """Let the detector judge a file of that kind."""

    def run(data: bytes) -> None:
        subject = Subject(digest="0" * 64, size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))
        for finding in generators.detect(subject):
            canonical(finding)

    return run


def picture(kind: Kind) -> bytes:
    """A small picture with text, EXIF and XMP."""
    out, image, exif = io.BytesIO(), Image.new("RGB", (4, 4)), Image.Exif()
    exif[0x0131], exif[0x010F] = "Adobe Firefly", "Canon"
    if kind is Kind.PNG:
        info = PngImagePlugin.PngInfo()
        info.add_text("prompt", GRAPH.decode(), zip=True)
        info.add_itxt("XML:com.adobe.xmp", PACKET.decode())
        image.save(out, "PNG", pnginfo=info, exif=exif)
    elif kind is Kind.GIF:
        image.save(out, "GIF", comment=b"Made with Google AI")
    else:
        image.save(out, kind.name, exif=exif, **({} if kind is Kind.TIFF else {"xmp": PACKET}))
    return out.getvalue()


PICTURES = (Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF, Kind.TIFF)
TARGETS: dict[str, Callable[[bytes], object]] = {
    **{kind.value: file(kind) for kind in PICTURES},
    "xmp": lambda data: list(read_xmp(data)),
    "exif": lambda data: list(read_exif(data)),
    "graph": lambda data: list(node_kinds(data.decode("utf-8", "replace"))),
    "report": lambda data: read_axes(data, has_anchors=True),
}
SEEDS = [*(picture(kind) for kind in PICTURES), PACKET, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", GRAPH, REPORT]


def every(data: bytes) -> None:
    """The first byte chooses the target."""
    if data:
        judge(list(TARGETS.values())[data[0] % len(TARGETS)], data[1:])


def judge(target: Callable[[bytes], object], data: bytes) -> None:
    """Run one target; only a `DetectorError` is allowed."""
    with contextlib.suppress(DetectorError):
        target(data)


def main() -> None:
    """Write the seeds and fuzz the chosen target."""
    names = [name for name in sys.argv[1:] if name in TARGETS]
    arguments = [name for name in sys.argv if name not in TARGETS]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS):
            (Path(folder) / str(number)).write_bytes(seed if names else bytes([number]) + seed)
        entry = (lambda data: judge(TARGETS[names[0]], data)) if names else every
        atheris.Setup([*arguments, "-timeout=5", "-rss_limit_mb=1024", folder], entry)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
