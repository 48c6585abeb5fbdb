"""`artefact.pickle`: what a pickle imports and calls when somebody loads it, told without loading it.

Looks at pickles, PyTorch archives and NumPy arrays, and at what lies in them. Default-deny: an import passes only when
`names.toml` names it. It is read through the mapped file, so that weights of gigabytes are stepped over.
"""

from collections.abc import Iterator

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding, details
from brightline.core.harm import Harm
from brightline.core.subject import Kind, Subject
from brightline.core.words import Words
from brightline.detectors.artefact.judge import Verdict
from brightline.detectors.artefact.look import Import, Look

NAME = "artefact.pickle"
SHOWN = 20  # dangerous imports told one by one; the rest are counted
LISTED = 12  # names listed in one finding


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `artefact.executes`, `artefact.unvetted`, `artefact.code`, `artefact.trick` and `artefact.read`.

    Raises:
        DetectorError: something in the file could not be read; never a clean result.
    """
    view = subject.blob.view()
    data = view.obj if isinstance(view.obj, bytes) or subject.blob.path is not None else bytes(view)
    look = Look()
    _look(look, data, subject)  # type: ignore[arg-type]  # a mapped file behaves as bytes do
    if any(header.name == "polyglot" and header.value == "zip" for header in subject.headers):
        look.archive(data, subject.size_bytes)  # type: ignore[arg-type]  # as above
    yield from told(look, NAME)
    if look.faults:
        raise DetectorError("; ".join(look.faults)[:280])
    if not look.streams and subject.kind is not Kind.NUMPY:
        raise DetectorError("no pickle could be read in it")


def _look(look: Look, data: bytes, subject: Subject) -> None:
    if subject.kind is Kind.NUMPY:
        look.array(data, subject.size_bytes)
    elif subject.kind is Kind.TORCH:
        look.archive(data, subject.size_bytes)
    elif data[:1] == b"\x80" or data[:2] not in {
        b"x\x01",
        b"x\x5e",
        b"x\x9c",
        b"x\xda",
        b"BZ",
        b"\xfd7",
        b"\x5d\x00",
    }:
        look.pickles(data, 0, subject.size_bytes)
    else:
        look.content(data[: subject.size_bytes], "", 0)


def told(look: Look, detector: str) -> Iterator[Finding]:
    """The findings of what was seen, told under a detector's name."""
    found = sorted(look.imports.values(), key=lambda one: (one.inside, one.path, one.reached))
    dangerous = [one for one in found if one.verdict is Verdict.DANGEROUS]
    unvetted = [one for one in found if one.verdict is Verdict.UNVETTED]
    for one in dangerous[:SHOWN]:
        yield _executes(one, detector, len(dangerous))
    if unvetted:
        yield _unvetted(unvetted, detector)
    for place in sorted(set(look.code))[:SHOWN]:
        yield _code(place, detector)
    if look.tricks:
        yield _tricks(look.tricks, detector)
    if look.streams and not dangerous:
        yield _read(look, found, detector)


def _executes(one: Import, detector: str, count: int) -> Finding:
    does = {
        "called": ("calls", "会调用"),
        "imported": ("imports", "会导入"),
        "rewritten": ("rewrites", "会改写"),
    }[one.reached]
    said = one.argument[:80]
    return Finding(
        detector=detector,
        claim="artefact.executes",
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.OPEN_MODEL_UNVETTED,
        why=Words(
            en=f"loading it {does[0]} `{one.path[:100]}`"
            + (f" with `{said}`" if said else "")
            + _within(one.inside, "en"),
            zh=f"加载时{does[1]} `{one.path[:100]}`"
            + (f"，参数为“{said}”" if said else "")
            + _within(one.inside, "zh"),
        ),
        details=details(
            name=one.path[:200],
            reached=one.reached,
            inside=one.inside[:200],
            argument=said,
            imports=str(count),
        ),
    )


def _within(inside: str, language: str) -> str:
    if not inside:
        return ""
    return f", in `{inside[-80:]}`" if language == "en" else f"（位于 `{inside[-80:]}`）"


def _unvetted(found: list[Import], detector: str) -> Finding:
    names = sorted({one.path[:120] for one in found})
    shown = ", ".join(names[:LISTED])
    return Finding(
        detector=detector,
        claim="artefact.unvetted",
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.OPEN_MODEL_UNVETTED,
        why=Words(
            en=f"loading it imports {len(names)} names that nobody has vetted: {shown[:300]}",
            zh=f"加载时会导入 {len(names)} 个未经审核的名称：{shown[:300]}",
        ),
        details=details(names=shown[:1000], count=str(len(names))),
    )


def _code(place: str, detector: str) -> Finding:
    return Finding(
        detector=detector,
        claim="artefact.code",
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.OPEN_MODEL_UNVETTED,
        why=Words(
            en=f"it carries program code in `{place[-120:]}`", zh=f"其中 `{place[-120:]}` 携带可执行代码"
        ),
        details=details(inside=place[:200], kind="embedded"),
    )


def _tricks(tricks: list[str], detector: str) -> Finding:
    shown = "; ".join(tricks[:5])
    return Finding(
        detector=detector,
        claim="artefact.trick",
        basis=Basis.PROOF,
        probability=1.0,
        harm=Harm.OPEN_MODEL_UNVETTED,
        why=Words(
            en=f"the archive shows different readers different things: {shown[:300]}",
            zh=f"压缩包对不同读取程序呈现不同内容：{shown[:300]}",
        ),
        details=details(tricks=shown[:1000], count=str(len(tricks))),
    )


def _read(look: Look, found: list[Import], detector: str) -> Finding:
    return Finding(
        detector=detector,
        claim="artefact.read",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(
            en=f"{look.streams} pickles with {len(found)} imports were followed; none is known to do harm",
            zh=f"已逐条分析 {look.streams} 个 pickle 数据流、{len(found)} 处导入，未见已知有害名称",
        ),
        details=details(streams=str(look.streams), imports=str(len(found)), verdict="not_dangerous"),
    )
