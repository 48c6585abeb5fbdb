"""`artefact.container`: what archives, wrappers and files of no known kind hide: programs, pickles, members out of sight.

Honest members of an archive are parts of their own and are examined as such. Here are looked for those that a
second reader would see, programs of operating systems, and formats that we don't open.
"""

import re
from collections.abc import Iterator

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, details
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.artefact.look import Look
from brightline.detectors.artefact.pickled import told

NAME = "artefact.container"
SEARCHED_BYTES = 64 * 1024 * 1024  # of a file of no known kind, for pickles in the middle of it

_PROGRAMS = (
    (b"\x7fELF", "ELF"),
    (b"\xcf\xfa\xed\xfe", "Mach-O"),
    (b"\xce\xfa\xed\xfe", "Mach-O"),
    (b"\xca\xfe\xba\xbe", "Mach-O or Java"),
    (b"dex\n", "Dalvik"),
)
_UNOPENED = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "LZ4"),
)
_INSIDE = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{8}|[\x8c(}\]c])|c(?:os|posix|nt|subprocess|builtins|__builtin__|sys|runpy|socket|shutil|importlib)\n[A-Za-z_]\w*\n",
    re.DOTALL,
)


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `artefact.executable`, `artefact.unopened`, `artefact.path`, and what is found in hidden members.

    Raises:
        DetectorError: something was found that could not be read.
    """
    if subject.kind not in {Kind.UNKNOWN, Kind.ZIP, Kind.TAR}:
        return
    yield from _paths(subject)
    if subject.kind is Kind.TAR:
        return
    view = subject.blob.view()
    data: bytes = view.obj if subject.blob.path is not None or isinstance(view.obj, bytes) else bytes(view)  # type: ignore[assignment]  # a mapped file behaves as bytes do
    look = Look()
    if subject.kind is Kind.ZIP:
        look.archive(data, subject.size_bytes, odd_only=not subject.gaps)
        yield from told(look, NAME)
    else:
        yield from _unknown(look, data, subject.size_bytes)
    if look.faults:
        raise DetectorError("; ".join(look.faults)[:280])


def _paths(subject: Subject) -> Iterator[Finding]:
    for header in subject.headers:
        if header.name in {"archive.path", "archive.link"}:
            yield _found(
                "artefact.path",
                f"member `{header.value[:80]}` leads out of the archive's folder, or is a link",
                f"成员“{header.value[:80]}”指向压缩包目录之外，或为链接",
                kind=header.name.removeprefix("archive."),
                name=header.value[:200],
            )


def _unknown(look: Look, data: bytes, size: int) -> Iterator[Finding]:
    head = data[:512]
    program = next((name for magic, name in _PROGRAMS if head.startswith(magic)), "")
    if not program and head.startswith(b"MZ") and b"PE\0\0" in data[:4096]:
        program = "PE"
    if program:
        yield _found(
            "artefact.executable",
            f"it is a program ({program})",
            f"这是一个可执行程序（{program}）",
            kind=program,
        )
        return
    wrapper = next((name for magic, name in _UNOPENED if head.startswith(magic)), "")
    if wrapper:
        yield _found(
            "artefact.unopened",
            f"it is packed as {wrapper}, which is not opened here; model loaders do not write that",
            f"该文件以 {wrapper} 格式打包，本系统不予打开；常见模型框架不会写出此类文件",
            kind=wrapper,
        )
    tail = data.rfind(b"PK\x05\x06", max(0, size - 65_557)) >= 0
    if tail:
        look.archive(data, size)
    look.content(data[: min(size, SEARCHED_BYTES)], "", 0)
    for number, match in enumerate(_INSIDE.finditer(data, 0, min(size, SEARCHED_BYTES))):
        if number >= 200 or look.imports:
            break
        look.pickles(data, match.start(), size, f"offset {match.start()}", 1, sure=False)
    yield from told(look, NAME)


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
