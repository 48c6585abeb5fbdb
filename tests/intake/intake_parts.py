"""Parts that the intake tests share."""

from collections.abc import Iterator

from brightline.core.subject import Blob, Context, Gap, GapKind, Subject
from brightline.intake.open import open_subject
from brightline.settings import Limits

CONTEXT = Context(time="2026-11-23T12:00:00Z")


def opened(data: bytes, *, name: str = "file", **limits: object) -> Subject:
    return open_subject(Blob(data), name=name, context=CONTEXT, limits=Limits(**limits))


def nodes(subject: Subject) -> Iterator[Subject]:
    yield subject
    for part in subject.parts:
        yield from nodes(part)


def words_of(subject: Subject) -> str:
    return "\n".join(node.text for node in nodes(subject))


def gaps_of(subject: Subject) -> list[Gap]:
    return [gap for node in nodes(subject) for gap in node.gaps]


def gap_kinds(subject: Subject) -> set[GapKind]:
    return {gap.kind for gap in gaps_of(subject)}


def headers_of(subject: Subject) -> dict[str, str]:
    return {header.name: header.value for header in subject.headers}
