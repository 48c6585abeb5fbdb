import json
import struct
import time

import pytest

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.artefact import tensors
from brightline.examine.catalogue import CATALOGUE
from brightline.examine.run import examine, load_all
from brightline.intake.open import open_subject
from brightline.settings import Limits, Settings

CONTEXT = Context(time="2026-11-24T00:00:00Z")
DETECTORS = load_all([one for one in CATALOGUE if one.name.startswith("artefact.")], Settings())


def examined(data: bytes):
    subject = open_subject(Blob(data), name="x", context=CONTEXT, limits=Limits())
    return examine(subject, DETECTORS, Settings(), "0" * 64)


def claims(data: bytes) -> set[str]:
    return {one.claim for one in examined(data).findings}


def safetensors(header: str, body: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header.encode() + body


def tensor(start: int, stop: int) -> str:
    return json.dumps({"dtype": "F32", "shape": [(stop - start) // 4], "data_offsets": [start, stop]})


def field(number: int, content: bytes) -> bytes:
    size, out = len(content), b""
    while True:
        out += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
        if not size:
            break
    return (
        bytes([number << 3 & 0x7F | 2]) + out + content
        if number < 16
        else bytes([(number << 3 | 2) & 0x7F | 0x80, number >> 4]) + out + content
    )


def onnx(*parts: bytes) -> bytes:
    """A model whose graph holds these parts."""
    return b"\x08\x08" + field(2, b"maker") + field(7, b"".join(parts))


def external(location: str) -> bytes:
    return field(5, field(13, field(1, b"location") + field(2, location.encode())) + b"\x70\x01")


def node(operator: str, domain: str = "") -> bytes:
    return field(1, field(4, operator.encode()) + (field(7, domain.encode()) if domain else b""))


def gguf(template: str, *, tensors_said: int = 0) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    words = text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    fields = words + text("tokenizer.chat_template") + struct.pack("<I", 8) + text(template)
    return b"GGUF" + struct.pack("<IQQ", 3, tensors_said, 2) + fields


GOOD = safetensors(
    f'{{"__metadata__": {{"format": "pt"}}, "a": {tensor(0, 8)}, "b": {tensor(8, 16)}}}', bytes(16)
)
BAD = {
    "overlap": safetensors(f'{{"a": {tensor(0, 8)}, "b": {tensor(4, 12)}}}', bytes(12)),
    "gap": safetensors(f'{{"a": {tensor(0, 8)}, "b": {tensor(12, 20)}}}', bytes(20)),
    "bytes behind": GOOD + b"\x80\x04hidden",
    "twice": safetensors(f'{{"a": {tensor(0, 8)}, "a": {tensor(0, 8)}}}', bytes(8)),
    "wrong size": safetensors('{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 8]}}', bytes(8)),
    "unknown type": safetensors('{"a": {"dtype": "OBJECT", "shape": [1], "data_offsets": [0, 8]}}', bytes(8)),
    "cut": GOOD[:-4],
}


def test_a_good_safetensors_file_passes():
    found = examined(GOOD)
    assert not found.findings
    assert not found.gaps


@pytest.mark.parametrize("name", BAD)
def test_a_safetensors_file_that_lies_is_told(name):
    assert "artefact.malformed" in claims(BAD[name])


def test_two_gigabytes_of_safetensors_take_less_than_a_second(tmp_path):
    file, size = tmp_path / "large.safetensors", 2 << 30
    header = f'{{"a": {tensor(0, size)}}}'
    with file.open("wb") as out:
        out.write(struct.pack("<Q", len(header)) + header.encode())
        out.truncate(8 + len(header) + size)
    blob = Blob(path=file)
    subject = Subject(
        digest="0" * 64, size_bytes=blob.size, kind=Kind.SAFETENSORS, context=CONTEXT, blob=blob
    )
    began = time.perf_counter()
    assert not list(tensors.detect(subject))
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    "location", ["../../etc/passwd", "/etc/passwd", "C:\\secrets", "a/../../b", "file://x", "~/x"]
)
def test_onnx_weights_from_outside_are_told(location):
    assert "artefact.path" in claims(onnx(external(location)))


def test_onnx_operators_of_others_are_told():
    assert "artefact.unvetted" in claims(onnx(node("Boot", "com.example")))
    assert "artefact.code" in claims(onnx(node("PyOp", "ai.onnx.contrib")))
    inner = field(1, field(4, b"If") + field(5, field(6, node("Boot", "com.example"))))
    assert "artefact.unvetted" in claims(onnx(inner))


def test_an_honest_onnx_model_passes():
    found = examined(onnx(node("Relu"), node("Gelu", "com.microsoft"), external("weights.bin")))
    assert not found.findings
    assert not found.gaps


def test_a_cut_onnx_model_leaves_a_gap():
    assert examined(onnx(node("Relu"), node("Gemm"))[:-3]).gaps


def test_templates_in_gguf_are_judged():
    assert "artefact.template" in claims(gguf("{{ messages.__class__ }}"))
    assert not claims(gguf("{% for m in messages %}{{ m['content'] }}{% endfor %}"))


def test_a_gguf_file_that_lies_leaves_a_gap():
    good = gguf("{{ messages }}")
    assert examined(good[:-5]).gaps
    assert examined(gguf("{{ messages }}", tensors_said=5)).gaps
    assert examined(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60)).gaps
