"""What an import means: known to do no harm, known to do it, or not vetted. Default-deny: nothing passes unnamed."""

import re
import sys
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec

from brightline.detectors.artefact.values import Name

# Modules that the standard library had, has on other systems, or hides below its public ones.
_FORMER = frozenset(
    [
        "__builtin__",
        "__builtins__",
        "__main__.__builtins__",
        "nt",
        "posix",
        "posixpath",
        "ntpath",
        "commands",
        "popen2",
        "cPickle",
        "_pickle",
        "imp",
        "asynchat",
        "asyncore",
        "smtpd",
        "distutils",
        "lib2to3",
        "cgi",
        "cgitb",
        "telnetlib",
        "nntplib",
        "crypt",
        "pipes",
        "uu",
        "xdrlib",
        "ossaudiodev",
        "spwd",
        "msilib",
        "urllib2",
        "urlparse",
        "httplib",
        "SocketServer",
        "Queue",
        "thread",
        "dummy_thread",
        "Tkinter",
        "ConfigParser",
        "cStringIO",
        "StringIO",
        "exceptions",
        "new",
        "user",
        "sets",
        "copy_reg",
        "_winreg",
        "__main__",
        "test",
        "_testcapi",
        "_xxsubinterpreters",
        "_interpreters",
        "pyrepl",
        "_pyrepl",
        "idlelib",
        "turtledemo",
    ]
) - {"__main__"}
_HARMLESS_MODULES = frozenset(
    [
        "abc",
        "enum",
        "calendar",
        "statistics",
        "bisect",
        "heapq",
        "textwrap",
        "string",
        "numbers",
        "typing",
        "dataclasses",
        "email",
        "html",
        "json",
        "csv",
        "weakref",
        "queue",
        "contextlib",
        "inspect",
        "itertools",
        "collections",
        "decimal",
        "fractions",
        "datetime",
        "uuid",
        "ipaddress",
        "math",
        "copy",
        "exceptions",
    ]
)  # their other names are not vetted rather than dangerous
_CLASS = re.compile(r"[A-Z][A-Za-z0-9_]*|_[A-Z][A-Za-z0-9_]*")
_PRIVATE = re.compile(r"(?:^|\.)__(?!newobj)\w+__(?:\.|$)")
# A path through another module, such as `_sys.modules.get`, or a function that nobody is meant to call.
_DETOUR = re.compile(r"[a-z_]\w*\.|_[a-z]")
_EXCEPTIONS = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning)")


class Verdict(StrEnum):
    """What an import means."""

    ALLOWED = "allowed"
    UNVETTED = "unvetted"
    DANGEROUS = "dangerous"


class _Lists(msgspec.Struct, frozen=True):
    allowed: Mapping[str, frozenset[str]]
    classes: tuple[str, ...]
    exceptions: tuple[str, ...]
    dangerous: frozenset[str]


def verdict_of(name: Name) -> Verdict:
    """Whether an import of a pickle, called as the stream calls it, is known to do no harm."""
    lists = _lists()
    module, said = name.module.strip(), name.name.strip()
    top = module.partition(".")[0]
    if name.built or _PRIVATE.search(said) or "?" in (module, said) or "\n" in said:
        return Verdict.DANGEROUS
    if _allowed(lists, module, said):
        return Verdict.ALLOWED
    if module in {"functools", "_functools"} and said == "partial":
        return Verdict.UNVETTED  # what it holds is an import of its own, and judged
    if top in {"builtins", "__builtin__"}:
        return _builtin(said)
    if f"{module}.{said}" in {
        "operator.attrgetter",
        "operator.methodcaller",
        "_operator.attrgetter",
        "_operator.methodcaller",
    }:
        return Verdict.DANGEROUS
    if _below(module, lists.classes) and not _below(module, lists.exceptions) and _CLASS.fullmatch(said):
        return Verdict.ALLOWED if name.plain else Verdict.UNVETTED
    if top in _HARMLESS_MODULES and not _DETOUR.match(said):
        return Verdict.UNVETTED
    if top in sys.stdlib_module_names or top in _FORMER:
        return Verdict.DANGEROUS
    if top in lists.dangerous:
        return Verdict.UNVETTED if _CLASS.fullmatch(said) and not _hidden(module) else Verdict.DANGEROUS
    return Verdict.UNVETTED


def _builtin(said: str) -> Verdict:
    if said in {
        "print",
        "type",
        "len",
        "sorted",
        "zip",
        "enumerate",
        "sum",
        "min",
        "max",
        "abs",
        "hash",
        "memoryview",
        "reversed",
        "hasattr",
        "isinstance",
        "super",
        "property",
        "staticmethod",
        "classmethod",
        "repr",
        "ord",
        "chr",
        "round",
    }:
        return Verdict.UNVETTED
    if said == "getattr":
        return Verdict.UNVETTED  # what it gives is followed and judged by itself
    return Verdict.ALLOWED if _EXCEPTIONS.fullmatch(said) else Verdict.DANGEROUS


def _hidden(module: str) -> bool:
    """Frameworks' inner rooms, whose classes take code: compilers, tracers, tests and loaders."""
    words = set(module.split("."))
    return bool(
        words
        & {
            "_dynamo",
            "_inductor",
            "fx",
            "hub",
            "package",
            "testing",
            "f2py",
            "distutils",
            "cpp_extension",
            "io",
            "computation",
            "experimental",
            "ctypeslib",
            "_config_module",
            "multiprocessing",
            "bottleneck",
            "data_loader",
            "unsupported_tensor_ops",
            "lambdify",
            "dill",
            "cloudpickle",
            "_dill",
            "keras",
            "python",
        }
    )


def _allowed(lists: _Lists, module: str, said: str) -> bool:
    names = lists.allowed.get(module)
    return names is not None and (
        said in names or ("*" in names and "." not in said and not said.startswith("_"))
    )


def _below(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in prefixes)


@cache
def _lists() -> _Lists:
    text = resources.files("brightline.detectors.artefact").joinpath("names.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return _Lists(
        allowed={module: frozenset(names.split()) for module, names in data["allowed"].items()},
        classes=tuple(data["classes"]["modules"].split()),
        exceptions=tuple(data["classes"]["except"].split()),
        dangerous=frozenset(data["dangerous"]),
    )
