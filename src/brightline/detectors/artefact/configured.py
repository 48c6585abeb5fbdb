"""`artefact.config`: JSON configurations, chat templates and HDF5 files of model repositories: what using them would run.

The name of a file says nothing: a template is told by its marks, a configuration by its keys.
"""

import json
import re
from collections.abc import Iterator

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, details
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.artefact import keras_config, template
from brightline.detectors.artefact.look import Look
from brightline.detectors.artefact.mapped import matches
from brightline.detectors.artefact.pickled import told

NAME = "artefact.config"
JSON_LIMIT_BYTES = 64 * 1024 * 1024  # a tokenizer with 256,000 words has 35 MB
NODES_LIMIT = 3_000_000  # objects and lists in one file
SHOWN = 20  # findings of one sort
_TOLD = re.compile(
    rb'"(?:chat_template|class_name|auto_map|trust_remote_code|registered_name|custom_objects|module|custom_pipeline|\\u00|default_chat_template|template)'
)
_MARKS = re.compile(r"\{[%{]")
_SPEAKS = re.compile(r"\b(?:messages|add_generation_prompt|bos_token|eos_token)\b")
_NAMED = re.compile(rb"model_config")
PICKLED_BYTES = 256  # of the first instructions that tell a pickle
_PICKLED = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{8}|[\x8c(}\]c])|c(?:os|posix|nt|subprocess|builtins|__builtin__)\n[A-Za-z_]\w*\n",
    re.DOTALL,
)
_WORDS = {
    "escape": ("reaches beyond formatting", "试图越出格式化范围"),
    "load": ("loads another template", "加载其他模板"),
    "unread": ("cannot be read", "无法解析"),
    "endless": ("loops without end", "含近乎无限的循环"),
    "call": ("calls a function that templates have no need of", "调用了模板无需使用的函数"),
    "trigger": (
        "says something of its own once certain words or a date occur",
        "在特定词语或日期出现时自行插入内容",
    ),
    "link": ("carries a web address", "携带网址"),
}


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `artefact.template`, `artefact.template_suspect`, `artefact.executes`, `artefact.code`, `artefact.remote_code` and others.

    Raises:
        DetectorError: a configuration or template could not be read.
    """
    if subject.kind is Kind.HDF5:
        yield from _hdf5(subject)
        return
    head = subject.blob.head(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if subject.role in {"turn", "post"} or not head:
        return
    if head[:1] in b"{[" and not head.startswith((b"{%", b"{{", b"{#")):
        yield from _json(subject)
    elif _is_template(subject, head):
        yield from _template(subject.text)


def _is_template(subject: Subject, head: bytes) -> bool:
    """A text that is a template, or that speaks of what only chat templates speak of; notes in Markdown are neither."""
    if subject.kind is Kind.HDF5 or not _MARKS.search(subject.text):
        return False
    return head.startswith(b"{") or (subject.kind is not Kind.MARKDOWN and bool(_SPEAKS.search(subject.text)))


def _json(subject: Subject) -> Iterator[Finding]:
    view = subject.blob.view()
    if subject.size_bytes > JSON_LIMIT_BYTES:
        if _TOLD.search(view):
            raise DetectorError(f"a configuration of more than {JSON_LIMIT_BYTES // 2**20} MiB was not read")
        return
    data = bytes(view)
    if not _TOLD.search(data):
        return
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        if b"chat_template" in data or b"auto_map" in data or b"class_name" in data:
            raise DetectorError(
                "a configuration that names a template or classes is no valid JSON"
            ) from error
        return
    yield from _configured(value)
    if keras_config.is_config(value) or b'"class_name"' in data or b"\\u00" in data:
        yield from _keras(value)


def _configured(value: object) -> Iterator[Finding]:
    """Templates and remote code anywhere in a configuration."""
    stack, count = [value], 0
    while stack:
        count += 1
        if count > NODES_LIMIT:
            raise DetectorError(f"more than {NODES_LIMIT} parts of one configuration")
        one = stack.pop()
        if isinstance(one, dict):
            for key, inner in one.items():
                yield from _key(key, inner, one)
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def _key(key: str, inner: object, owner: dict[str, object]) -> Iterator[Finding]:
    if key in {"chat_template", "default_chat_template"} or (key == "template" and "name" in owner):
        for source in (
            [inner] if isinstance(inner, str) else inner.values() if isinstance(inner, dict) else []
        ):
            if isinstance(source, str) and _MARKS.search(source):
                yield from _template(source)
    elif key == "auto_map" and inner:
        names = sorted(str(one) for one in (inner.values() if isinstance(inner, dict) else [inner]))
        yield _found(
            "artefact.remote_code",
            f"loading it runs Python files of the repository, once remote code is allowed: {', '.join(names)[:80]}",
            f"一旦允许远程代码，加载时会运行仓库内的 Python 文件：{'、'.join(names)[:80]}",
            name=", ".join(names)[:400],
            kind="auto_map",
        )
    elif (key == "trust_remote_code" and inner is True) or (key == "custom_pipeline" and inner):
        yield _found(
            "artefact.remote_code",
            f"it asks its loader for `{key}`",
            f"其配置要求加载器启用 `{key}`",
            kind=key,
        )


def _template(source: str) -> Iterator[Finding]:
    problems = template.problems(source)
    for problem in problems[:SHOWN]:
        en, zh = _WORDS[problem.kind]
        yield _found(
            "artefact.template" if problem.is_grave else "artefact.template_suspect",
            f"the chat template {en}: `{problem.quote}`",
            f"对话模板{zh}：`{problem.quote}`",
            kind=problem.kind,
            quote=problem.quote,
        )
    if any(problem.kind == "unread" for problem in problems):
        raise DetectorError("a chat template cannot be parsed")


def _keras(value: object) -> Iterator[Finding]:
    try:
        found = list(dict.fromkeys(keras_config.hits(value)))
    except ValueError as error:
        raise DetectorError(str(error)) from error
    for hit in found[:SHOWN]:
        yield _hit(hit)


def _hit(hit: keras_config.Hit) -> Finding:
    en, zh = {
        "artefact.executes": ("loading it would run or import", "加载该模型会执行或导入"),
        "artefact.code": ("it carries code of its own", "其中携带自定义代码"),
        "artefact.unvetted": ("it names a class that nobody has vetted", "其中引用了未经审核的类"),
        "artefact.path": (
            "it reads a file or address that its configuration names",
            "其配置会读取指定的文件或地址",
        ),
    }[hit.claim]
    return _found(
        hit.claim,
        f"Keras: {en}: `{hit.name[:80]}`",
        f"Keras：{zh}：`{hit.name[:80]}`",
        kind=hit.kind,
        name=hit.name,
    )


def _hdf5(subject: Subject) -> Iterator[Finding]:
    view = subject.blob.view()
    data: bytes = view.obj if subject.blob.path is not None or isinstance(view.obj, bytes) else bytes(view)  # type: ignore[assignment]  # a mapped file behaves as bytes do
    seen = False
    for value in keras_config.configs(data, subject.size_bytes):
        seen = True
        yield from _keras(value)
    look = Look()
    for number, match in enumerate(matches(_PICKLED, data, 0, subject.size_bytes, PICKLED_BYTES)):
        if number >= 200 or look.imports:
            break
        look.pickles(data, match.start(), subject.size_bytes, f"offset {match.start()}", 1, sure=False)
    yield from told(look, NAME)
    if not seen and any(matches(_NAMED, data, 0, subject.size_bytes, longest=12)):
        raise DetectorError("the model's configuration in the HDF5 file cannot be read")


def _found(claim: str, en: str, zh: str, **facts: str) -> Finding:
    return Finding(
        detector=NAME,
        claim=claim,
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.OPEN_MODEL_UNVETTED,
        why=Words(en=_clean(en), zh=_clean(zh)),
        details=details(**{name: _clean(value) for name, value in facts.items()}),
    )


def _clean(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
