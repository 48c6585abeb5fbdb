"""Coverage-guided fuzzing of intake's own parsers (the libraries have their own fuzzers).

`fuzzing.py` has the command line. An exception that is not the parser's documented one is a crash.
"""

import contextlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import atheris
import fuzzing

with atheris.instrument_imports(include=["brightline"]):
    from brightline.core.subject import Blob, Context, Kind
    from brightline.intake import (
        boxes,
        feed,
        html,
        html_guard,
        mail,
        markdown,
        mbox,
        mime,
        ooxml_words,
        pdf_objects,
        plain,
    )
    from brightline.intake.budget import Budget, StopReadingError
    from brightline.intake.draft import Draft
    from brightline.intake.inflate import bunzip, gunzip, inflate
    from brightline.intake.open import open_subject
    from brightline.intake.sniff import sniff
    from brightline.intake.sniff_model import sniff_model
    from brightline.intake.sniff_text import sniff_text
    from brightline.intake.tar import read_tar
    from brightline.intake.transcript import read_transcript
    from brightline.intake.unzip import read_zip
    from brightline.intake.zip_directory import ZipError, read_body, read_directory
    from brightline.media.text import decode, sentences, words
    from brightline.settings import Limits

from hostile.samples import TRANSCRIPT, samples

LIMITS = Limits(text_bytes=1 << 20, unpacked_bytes=1 << 22, parts=200)


def _draft(kind: Kind) -> Draft:
    return Draft(kind, Budget(LIMITS), depth=0)


def fuzz_sniff(data: bytes) -> None:
    sniff(Blob(data))


def fuzz_text(data: bytes) -> None:
    decoded = decode(data, hint=data[:8].decode("latin-1"))
    assert 0 <= decoded.damage <= 1
    for pieces in (sentences, words):
        last = 0
        for piece in pieces(decoded.text):
            assert last <= piece.start < piece.end <= len(decoded.text)
            last = piece.end


def fuzz_zip(data: bytes) -> None:
    try:
        directory = read_directory(Blob(data), most=100)
        with Blob(data).open() as stream:
            for entry in directory.entries:
                read_body(stream, entry)
    except ZipError:
        pass
    _stops(lambda: read_zip(Blob(data), _draft(Kind.ZIP)))


def fuzz_tar(data: bytes) -> None:
    _stops(lambda: read_tar(Blob(data), _draft(Kind.TAR)))


def fuzz_inflate(data: bytes) -> None:
    for unpack in (inflate, gunzip, bunzip):
        try:
            for count, piece in enumerate(unpack([data[:100], data[100:]])):
                assert len(piece) <= 1 << 20
                if count > 10:
                    break
        except (zlib.error, OSError, EOFError):
            pass


def fuzz_mime(data: bytes) -> None:
    entity = mime.read_entity(data)
    assert entity.type
    assert isinstance(entity.file_name + entity.charset, str)
    mime.decode_body(entity)
    for part in mime.split_parts(entity):
        assert len(part) <= len(data)
    _stops(lambda: mail.read_message(data, _draft(Kind.EMAIL)))
    _stops(lambda: mbox.read(Blob(data), _draft(Kind.MBOX)))


def fuzz_records(data: bytes) -> None:
    for kind in (Kind.JSON, Kind.CSV):
        _stops(lambda kind=kind: feed.read(Blob(data), _draft(kind)))
    _stops(lambda: plain.read(Blob(data), _draft(Kind.TEXT)))


def fuzz_pdf(data: bytes) -> None:
    def look() -> None:
        objects = pdf_objects.read_objects(data, _draft(Kind.PDF))
        for found in objects.values():
            for number in objects.contents_of(found):
                list(objects.calls(objects.get(number, found), found))

    _stops(look)


def fuzz_boxes(data: bytes) -> None:
    with Blob(data).open() as stream:
        boxes.is_cut(stream, len(data))
        with contextlib.suppress(ValueError):
            boxes.picture_size(stream, len(data))


def fuzz_html_guard(data: bytes) -> None:
    html_guard.is_parse_bomb(data.decode("latin-1"))


def fuzz_html(data: bytes) -> None:
    _stops(lambda: html.read(Blob(data), _draft(Kind.HTML)))


def fuzz_markdown(data: bytes) -> None:
    _stops(lambda: markdown.read(Blob(data), _draft(Kind.MARKDOWN)))


def fuzz_office_words(data: bytes) -> None:
    targets = {"rId1": "http://evil.test/x"}
    _stops(lambda: ooxml_words.read_docx(data, targets, _draft(Kind.DOCX)))
    _stops(lambda: ooxml_words.read_pptx(data, targets, _draft(Kind.PPTX)))
    _stops(lambda: ooxml_words.read_shared(data, _draft(Kind.XLSX)))
    _stops(lambda: ooxml_words.read_sheet(data, targets, ["one", "two"], _draft(Kind.XLSX)))


def fuzz_transcript(data: bytes) -> None:
    read_transcript(data.decode("utf-8", "replace"), _draft(Kind.TEXT))


def fuzz_sniff_parts(data: bytes) -> None:
    sniff_model(data, len(data))
    sniff_text(data, Blob(data))


def fuzz_open(data: bytes) -> None:
    context = Context(time="2026-11-23T12:00:00Z")
    subject = open_subject(Blob(data), name="fuzz", context=context, limits=LIMITS)
    assert subject.size_bytes == len(data)


TARGETS = {
    name.removeprefix("fuzz_"): call for name, call in list(globals().items()) if name.startswith("fuzz_")
}


def _stops(action: Callable[[], object]) -> None:
    with contextlib.suppress(StopReadingError):
        action()


@cache
def seeds(name: str) -> list[bytes]:
    """The samples of every kind that are not too large to change, and members of Office documents."""
    if name == "transcript":
        return [
            TRANSCRIPT.encode(),
            "张三 2026-11-23 12:00:01\n你好\n李四 2026-11-23 12:00:09\n好\n".encode(),
        ]
    whole = [data for data, _, _ in samples().values() if 0 < len(data) < 20_000]
    return _members() if name == "office_words" else whole


def _members() -> list[bytes]:
    members = []
    for name in ("letter.docx", "slides.pptx", "cells.xlsx"):
        with zipfile.ZipFile(io.BytesIO(samples()[name][0])) as archive:
            words = [
                one for one in archive.namelist() if re.search(r"document|slide1|sheet1|shared|notes", one)
            ]
            members += [data for data in map(archive.read, words) if len(data) < 20_000]
    return members


if __name__ == "__main__":
    fuzzing.main(TARGETS, seeds)
