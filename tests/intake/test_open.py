import hashlib
import io
import os
import subprocess  # imports are counted in a fresh interpreter
import sys
import zipfile

import pytest
from intake_parts import CONTEXT, gap_kinds, gaps_of, headers_of, nodes, opened, words_of

from brightline.core.errors import IntakeError
from brightline.core.subject import Blob, GapKind, Kind, Role
from brightline.intake.open import open_file, open_subject
from brightline.settings import Limits
from hostile.samples import CHINESE, ENGLISH, samples, zipped

LIMITS = Limits()


@pytest.mark.parametrize("name", samples())
def test_a_well_formed_file_of_every_kind_is_known_and_its_words_are_found(name):
    data, kind, words = samples()[name]
    subject = opened(data)
    assert subject.kind is kind
    assert words in words_of(subject)
    assert gaps_of(subject) == []
    assert subject.digest == hashlib.sha256(data).hexdigest()


def test_every_kind_has_a_sample_that_is_opened():
    found = {node.kind for data, _, _ in samples().values() for node in nodes(opened(data))}
    assert found == set(Kind)


def test_the_name_never_decides_the_kind():
    for data, kind, _ in samples().values():
        for name in ("x.exe", "x.png", "x.zip", "x.eml", ""):
            assert opened(data, name=name).kind is kind


def test_the_same_bytes_give_the_same_subject():
    def shape(subject):
        return (
            subject.digest,
            subject.kind,
            subject.text,
            subject.headers,
            subject.links,
            subject.gaps,
            tuple(map(shape, subject.parts)),
        )

    for data, _, _ in samples().values():
        assert shape(opened(data)) == shape(opened(data))


def test_every_span_of_a_link_shows_its_words():
    for data, _, _ in samples().values():
        for node in nodes(opened(data)):
            for link in node.links:
                if link.start >= 0:
                    assert node.text[link.start : link.end] == link.shown


def test_names_are_safe_to_show():
    subject = opened(b"x", name="a\x1b[31m\u202eb\n" + "c" * 1000)
    assert len(subject.name) <= 255
    assert subject.name.isprintable()


def test_parts_share_one_context_and_know_their_role():
    subject = opened(samples()["mail.eml"][0])
    assert {node.context for node in nodes(subject)} == {CONTEXT}
    assert [part.role for part in subject.parts] == [Role.ATTACHMENT, Role.BODY]


def test_a_digest_that_the_caller_has_is_not_taken_again():
    assert (
        open_subject(Blob(b"x"), name="", context=CONTEXT, limits=LIMITS, digest="0" * 64).digest == "0" * 64
    )


def test_a_file_is_opened_like_its_bytes(tmp_path):
    for number, (data, kind, words) in enumerate(samples().values()):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(data)
        mapped = open_file(path, context=CONTEXT, limits=Limits(memory_bytes=1))
        held = open_file(path, context=CONTEXT, limits=LIMITS)
        for subject in (mapped, held):
            assert subject.kind is kind
            assert words in words_of(subject)
            assert subject.digest == hashlib.sha256(data).hexdigest()
        assert held.blob.path is None
        assert mapped.blob.path == (path if len(data) > 1 else None)


def test_a_file_that_is_missing_a_folder_a_pipe_or_a_link_is_an_intake_error(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe", tmp_path / "link"):
        with pytest.raises(IntakeError):
            open_file(path, context=CONTEXT, limits=LIMITS)


def test_a_blob_whose_file_vanished_is_an_intake_error(tmp_path):
    path = tmp_path / "gone"
    path.write_bytes(b"x" * 100)
    blob = Blob(path=path)
    path.unlink()
    with pytest.raises(IntakeError):
        open_subject(blob, name="gone", context=CONTEXT, limits=LIMITS)


def test_a_file_over_the_limit_is_not_opened_and_says_so(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"x" * 3_000_000)
    subject = open_file(path, context=CONTEXT, limits=Limits(subject_bytes=2_500_000))
    assert subject.kind is Kind.UNKNOWN
    assert gap_kinds(subject) == {GapKind.LIMIT}
    assert "3000000 bytes" in subject.gaps[0].why.en
    assert "3000000 字节" in subject.gaps[0].why.zh
    assert headers_of(subject)["digest-covers"] == "size and both ends"
    assert len(subject.digest) == 64


def test_parts_of_parts_are_opened():
    inner = zipped({"deep.txt": CHINESE.encode()})
    subject = opened(zipped({"inner.zip": inner, "top.txt": ENGLISH.encode()}))
    assert [part.name for part in subject.parts] == ["inner.zip", "top.txt"]
    assert subject.parts[0].parts[0].text == CHINESE


def test_importing_the_spine_loads_no_parser():
    code = "import sys, brightline.intake.open; print([m for m in ('av', 'docx', 'pptx', 'openpyxl', 'pypdfium2', 'PIL', 'lxml', 'selectolax', 'markdown_it', 'oxmsg', 'numpy') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_a_reader_that_fails_keeps_what_it_found():
    data = samples()["files.zip"][0]
    with_damage = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        last = archive.infolist()[-1]
    with_damage[last.header_offset + 60] ^= 0xFF
    subject = opened(bytes(with_damage))
    assert CHINESE in words_of(subject)
    assert GapKind.MALFORMED in gap_kinds(subject)
