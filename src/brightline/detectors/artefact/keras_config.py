"""Keras configurations (JSON in .keras archives, HDF5 files and architecture files): what their loader would import or run.

Source: keras `saving/serialization_lib.py`; CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-9906, CVE-2025-12058.
"""

import base64
import binascii
import builtins
import json
import re
from collections.abc import Iterator

import msgspec

from brightline.detectors.artefact.judge import Verdict, verdict_of
from brightline.detectors.artefact.mapped import matches
from brightline.detectors.artefact.values import Name

NODES_LIMIT = 2_000_000  # objects and lists in one configuration; the largest published have some 10,000
CONFIG_LIMIT_BYTES = 64 * 1024 * 1024  # of one configuration; the largest seen have some MiB

START_BYTES = 4096  # of the brace, spaces and first name that begin an object
_START = re.compile(rb'\{\s*"(?:class_name|module|name|config|registered_name|build_config|layers|\\u00)')
_HARM = re.compile(
    rb"\b(?:os|system|popen|subprocess|Popen|exec|eval|compile|__import__|socket|urllib|requests|urlopen|open|shutil|importlib|"
    rb"builtins|base64|ctypes|getattr|webbrowser|pty|spawn|runpy|marshal|pickle|globals)\b"
)
_OWN = re.compile(r"(?:tf_keras|keras|tensorflow\.(?:python\.)?keras|keras_hub|keras_nlp|keras_cv)(?:\.|$)")
_GADGET_ROOMS = frozenset(
    [
        "utils",
        "saving",
        "models",
        "config",
        "export",
        "backend",
        "legacy",
        "hub",
        "io",
        "download",
        "file_utils",
        "load",
        "save",
        "trainers",
    ]
)
_PATH = re.compile(r"(?:^|[\"'=])(?:/|\.\./|[A-Za-z]:\\|[a-z0-9]+://|~)")


class Hit(msgspec.Struct, frozen=True):
    """What a configuration asks its loader to do.

    Attributes:
        claim: `artefact.executes`, `artefact.code`, `artefact.unvetted` or `artefact.path`.
        name: what is imported, made or read.
        kind: `lambda`, `import`, `gadget`, `pickle`, `path`, `custom`.
    """

    claim: str
    name: str
    kind: str


def is_config(value: object) -> bool:
    """Whether a JSON value looks like what Keras writes."""
    return isinstance(value, dict) and "class_name" in value and ("config" in value or "module" in value)


def hits(value: object) -> Iterator[Hit]:
    """What a configuration would import or run, in the order of its walk.

    Raises:
        ValueError: it has too many parts to be walked.
    """
    stack, count = [value], 0
    while stack:
        count += 1
        if count > NODES_LIMIT:
            raise ValueError(f"more than {NODES_LIMIT} parts of one configuration")
        one = stack.pop()
        if isinstance(one, dict):
            yield from _object(one)
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def configs(data: bytes, size: int) -> Iterator[object]:
    """JSON objects of Keras anywhere in some bytes, such as an HDF5 file, whatever its structure says."""
    decoder, position = json.JSONDecoder(), 0
    for match in matches(_START, data, 0, size, START_BYTES):
        start = match.start()
        if start < position:
            continue  # inside the object before
        position = match.end()
        text = _text(data, start, size)
        try:
            value, stop = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            continue
        position = start + len(text[:stop].encode("utf-8", "surrogateescape"))
        yield value


def _text(data: bytes, start: int, size: int) -> str:
    """Up to the first NUL, which no JSON holds."""
    stop = data.find(b"\0", start, min(size, start + CONFIG_LIMIT_BYTES))
    return data[start : stop if stop >= 0 else min(size, start + CONFIG_LIMIT_BYTES)].decode(
        "utf-8", "surrogateescape"
    )


def _object(one: dict[str, object]) -> Iterator[Hit]:
    made, module, config = one.get("class_name"), one.get("module"), one.get("config")
    if made in {"Lambda", "__lambda__"} or (isinstance(made, str) and made.endswith((">Lambda", ".Lambda"))):
        yield from _lambda(config)
    elif isinstance(one.get("function_type"), str) and one.get("function_type") == "lambda":
        yield _code(json.dumps(one)[:CONFIG_LIMIT_BYTES])
    if made == "TorchModuleWrapper":
        yield Hit("artefact.executes", "TorchModuleWrapper", "pickle")
    if isinstance(made, str) and isinstance(module, str) and module:
        yield from _imported(module, _named(made, config))
    elif (
        isinstance(made, str)
        and isinstance(registered := one.get("registered_name"), str)
        and ">" in registered
    ):
        yield Hit("artefact.unvetted", registered[:200], "custom")
    if isinstance(config, dict):
        yield from _paths(str(made), config)


def _named(made: str, config: object) -> str:
    """The function that `{"class_name": "function", "config": "system"}` stands for, or the class."""
    return (
        config
        if made in {"function", "builtin_function_or_method", "method"} and isinstance(config, str)
        else made
    )


def _imported(module: str, name: str) -> Iterator[Hit]:
    if _OWN.match(module):
        rooms = set(module.split("."))
        is_function = not name[:1].isupper()
        if (rooms & _GADGET_ROOMS and is_function) or re.search(
            r"get_file|load_|_load|unsafe|save_|run_|extract", name
        ):
            yield Hit("artefact.executes", f"{module}.{name}"[:200], "gadget")
        return
    verdict = verdict_of(Name(module, name, 0))
    if module in {"builtins", "__builtin__"} and not hasattr(builtins, name):
        return  # how Keras writes any function that it knows by name alone
    if verdict is Verdict.DANGEROUS and not module.startswith("tensorflow."):
        yield Hit("artefact.executes", f"{module}.{name}"[:200], "import")
    elif verdict is not Verdict.ALLOWED:
        yield Hit("artefact.unvetted", f"{module}.{name}"[:200], "custom")


def _lambda(config: object) -> Iterator[Hit]:
    function = config.get("function", config) if isinstance(config, dict) else config
    if isinstance(function, str) or (isinstance(function, dict) and function.get("class_name") == "function"):
        name = function if isinstance(function, str) else str(function.get("config"))
        yield Hit("artefact.code", f"Lambda {name}"[:200], "lambda")
        return
    yield _code(json.dumps(config)[:CONFIG_LIMIT_BYTES])


def _code(text: str) -> Hit:
    """A lambda's code: what it names, read from the bytes, which are never unmarshalled."""
    for piece in re.findall(r"[A-Za-z0-9+/\\n=]{16,}", text):
        try:
            raw = base64.b64decode(piece.replace("\\n", "").rstrip("=") + "==")
        except (binascii.Error, ValueError):
            continue
        if (match := _HARM.search(raw)) is not None:
            return Hit("artefact.executes", f"Lambda {match.group().decode()}", "lambda")
    if (match := _HARM.search(text.encode())) is not None:
        return Hit("artefact.executes", f"Lambda {match.group().decode()}", "lambda")
    return Hit("artefact.code", "Lambda", "lambda")


def _paths(made: str, config: dict[str, object]) -> Iterator[Hit]:
    for key in ("vocabulary", "filepath", "file_path", "idf_weights", "origin", "cache_dir", "fname", "url"):
        value = config.get(key)
        if isinstance(value, str) and value and (_PATH.search(value) or key in {"filepath", "origin"}):
            yield Hit("artefact.path", f"{made}.{key} {value}"[:200], "path")
