"""Coverage-guided fuzzing of intake's own parsers (the libraries have their own fuzzers).

python tests/fuzz/fuzz_intake.py [--only=NAME] -max_total_time=60

NAME is one of the targets below; without it every input goes to the target that its first byte picks. A crash, or an
exception that is not the parser's documented one, ends the run and leaves the input in `crash-*`.
"""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["brightline"]):
    from brightline.core.subject import Blob, Context, Kind
    from brightline.intake import boxes, feed, html_guard, mail, mbox, mime, pdf_objects, plain
    from brightline.intake.budget import Budget, StopReadingError
    from brightline.intake.draft import Draft
    from brightline.intake.inflate import bunzip, gunzip, inflate
    from brightline.intake.open import open_subject
    from brightline.intake.sniff import sniff
    from brightline.intake.tar import read_tar
    from brightline.intake.unzip import read_zip
    from brightline.intake.zip_directory import ZipError, read_body, read_directory
    from brightline.media.text import decode, sentences, words
    from brightline.settings import Limits

from hostile.samples import samples

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
    import zlib

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


def main() -> None:
    only = next((word.removeprefix("--only=") for word in sys.argv if word.startswith("--only=")), "")
    chosen = [TARGETS[only]] if only else list(TARGETS.values())

    def one_input(data: bytes) -> None:
        if len(chosen) == 1:
            chosen[0](data)
        elif data:
            chosen[data[0] % len(chosen)](data[1:])

    seeds = Path("build/fuzz/intake-seeds")
    seeds.mkdir(parents=True, exist_ok=True)
    for name, (data, _, _) in samples().items():
        if len(data) < 20_000:
            (seeds / name).write_bytes(data)
            for number in range(0 if only else len(chosen)):
                (seeds / f"{number}-{name}").write_bytes(bytes([number]) + data)
    arguments = [word for word in sys.argv if not word.startswith("--only=")]
    atheris.Setup([*arguments, "-max_len=20000", "-timeout=20", "-rss_limit_mb=1024", str(seeds)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
