"""What `provenance.aigc` says of many files, and how fast: `python benchmarks/measure_marks.py FOLDER...`.

Meant for folders of ordinary files, where every verdict but `not_found` wants a look.
"""

import collections
import sys
import time
from pathlib import Path

from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.provenance.aigc import detect

HEADS = {b"\x89PNG": Kind.PNG, b"\xff\xd8\xff": Kind.JPEG}
RIFF_FORMS = {b"WEBP": Kind.WEBP, b"WAVE": Kind.WAV, b"AVI ": Kind.AVI}


def kind_of(path: Path) -> Kind | None:
    if path.suffix == ".md":
        return Kind.MARKDOWN
    with path.open("rb") as stream:
        head = stream.read(16)
    if head.startswith(b"RIFF"):
        return RIFF_FORMS.get(head[8:12])
    if head[4:8] == b"ftyp":
        movie = Kind.MP4 if head[8:11] in {b"iso", b"mp4", b"avc", b"dash"} else None
        return {b"qt  ": Kind.MOV, b"M4A ": Kind.M4A}.get(head[8:12], movie)
    return next((kind for start, kind in HEADS.items() if head.startswith(start)), None)


def measure(folder: Path) -> None:
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    size, spent = 0, 0.0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        kind = kind_of(path)
        if kind is None:
            continue
        blob = Blob(path=path)
        subject = Subject(
            digest="",
            size_bytes=blob.size,
            kind=kind,
            context=Context(time="2026-11-23T12:00:00Z"),
            blob=blob,
        )
        clock = time.perf_counter()
        finding = next(iter(detect(subject)))
        spent += time.perf_counter() - clock
        size += blob.size
        verdict = finding.detail("verdict")
        counts[kind.value, verdict] += 1
        if verdict != "not_found":
            print(f"  {path.name}: {verdict}: {finding.why.en}")
    total = sum(counts.values())
    print(
        f"{folder}: {total} files, {size / 1e6:.0f} MB, {spent / max(total, 1) * 1e3:.2f} ms a file; {dict(counts)}"
    )


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        measure(Path(argument))
