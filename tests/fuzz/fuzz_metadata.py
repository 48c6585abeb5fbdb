"""Coverage-guided fuzzing of the readers of metadata and of the rules of generators.

`fuzzing.py` has the command line. Anything but a `DetectorError` is a crash.
"""

import contextlib
import io

import atheris
import fuzzing

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


def file(kind: Kind) -> fuzzing.Target:
    """Let the detector judge a file of that kind."""

    def run(data: bytes) -> None:
        subject = Subject(digest="0" * 64, size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))
        with contextlib.suppress(DetectorError):
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


def reading(read: fuzzing.Target) -> fuzzing.Target:
    """A reader that may say that it cannot judge."""

    def run(data: bytes) -> None:
        with contextlib.suppress(DetectorError):
            read(data)

    return run


TARGETS: dict[str, fuzzing.Target] = {
    **{kind.value: file(kind) for kind in PICTURES},
    "xmp": reading(lambda data: list(read_xmp(data))),
    "exif": reading(lambda data: list(read_exif(data))),
    "graph": reading(lambda data: list(node_kinds(data.decode("utf-8", "replace")))),
    "report": reading(lambda data: read_axes(data, has_anchors=True)),
}
SEEDS = {
    **{kind.value: picture(kind) for kind in PICTURES},
    "xmp": PACKET,
    "exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0",
    "graph": GRAPH,
    "report": REPORT,
}


if __name__ == "__main__":
    fuzzing.main(TARGETS, lambda name: [SEEDS[name]])
