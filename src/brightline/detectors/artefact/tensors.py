"""`artefact.tensors`: safetensors, GGUF and ONNX files: what they read and run beside weights, and whether they say true.

Only headers and structure are read, in place, so a file of gigabytes takes milliseconds.
"""

from collections.abc import Iterator

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, details
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.artefact import safetensors_file, template
from brightline.detectors.artefact.gguf_file import Bad as BadGguf
from brightline.detectors.artefact.gguf_file import Gguf
from brightline.detectors.artefact.onnx_model import Hit, OnnxModel
from brightline.detectors.artefact.protobuf import Bad

NAME = "artefact.tensors"
SHOWN = 20  # findings of one sort


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `artefact.malformed`, `artefact.path`, `artefact.code`, `artefact.unvetted`, `artefact.template` and its suspect.

    Raises:
        DetectorError: the file could not be read to its end.
    """
    view = subject.blob.view()
    data: bytes = view.obj if subject.blob.path is not None or isinstance(view.obj, bytes) else bytes(view)  # type: ignore[assignment]  # a mapped file behaves as bytes do
    if subject.kind is Kind.SAFETENSORS:
        for fault in safetensors_file.faults(data, subject.size_bytes):
            yield _malformed(fault)
    elif subject.kind is Kind.GGUF:
        yield from _gguf(data, subject.size_bytes)
    elif subject.kind is Kind.ONNX:
        yield from _onnx(data, subject.size_bytes)


def _gguf(data: bytes, size: int) -> Iterator[Finding]:
    try:
        for text in Gguf(data, size).texts():
            if "chat_template" in text.key or "{%" in text.value or "{{" in text.value:
                yield from _template(text.value)
    except BadGguf as error:
        yield _malformed(str(error))
        raise DetectorError(f"the GGUF file cannot be read: {error}") from error


def _template(source: str) -> Iterator[Finding]:
    problems = template.problems(source)
    for problem in problems[:SHOWN]:
        quote = _clean(problem.quote)
        yield _found(
            "artefact.template" if problem.is_grave else "artefact.template_suspect",
            f"the chat template in its metadata does what no formatting needs ({problem.kind}): `{quote}`",
            f"元数据中的对话模板包含格式化所不需要的内容（{problem.kind}）：`{quote}`",
            kind=problem.kind,
            quote=quote,
        )
    if any(problem.kind == "unread" for problem in problems):
        raise DetectorError("a chat template cannot be parsed")


def _onnx(data: bytes, size: int) -> Iterator[Finding]:
    seen: set[Hit] = set()
    try:
        for hit in OnnxModel(data).hits(size):
            if hit not in seen and len(seen) < SHOWN:
                seen.add(hit)
                yield _hit(hit)
    except (Bad, ValueError) as error:
        raise DetectorError(f"the ONNX file cannot be read: {error}") from error


def _hit(hit: Hit) -> Finding:
    name = _clean(hit.name)
    en, zh = {
        "artefact.path": ("it reads weights from outside its folder", "其权重数据指向所在目录之外"),
        "artefact.code": ("it has an operator that runs Python", "其中含有会运行 Python 的算子"),
        "artefact.unvetted": (
            "it needs an operator from a library of its own",
            "其中的算子需要额外加载自定义库",
        ),
    }[hit.claim]
    return _found(
        hit.claim, f"ONNX: {en}: `{name[:80]}`", f"ONNX：{zh}：`{name[:80]}`", kind=hit.kind, name=name
    )


def _malformed(fault: str) -> Finding:
    said = _clean(fault)
    return _found(
        "artefact.malformed",
        f"the file does not say true: {said}",
        f"文件结构与其声明不符：{said}",
        fault=said,
    )


def _found(claim: str, en: str, zh: str, **facts: str) -> Finding:
    return Finding(
        detector=NAME,
        claim=claim,
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.OPEN_MODEL_UNVETTED,
        why=Words(en=en, zh=zh),
        details=details(**facts),
    )


def _clean(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
