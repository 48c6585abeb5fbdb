"""Signing changes no other mark: implicit marks, metadata and earlier manifests read as before."""

import io
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import c2pa_parts
import msgspec
import pikepdf
import pytest
from mutagen import id3
from PIL import Image

import marks
import signing
from brightline.carriers.readers import READERS
from brightline.core.errors import MarkingError
from brightline.core.subject import Blob, Kind
from brightline.marking.c2pa.claim import Deed
from brightline.marking.c2pa.existing import Origin
from brightline.marking.c2pa.placement import Placement
from brightline.marking.c2pa.sign import sign_file

MARKED = {
    f"{marked.kind}-{marked.name}": marked for marked in marks.compliant_files() if marked.kind in READERS
}


@pytest.mark.parametrize("name", list(MARKED))
def test_the_implicit_mark_reads_the_same_after_signing(tmp_path: Path, name: str) -> None:
    marked = MARKED[name]
    source, target = tmp_path / "source.bin", tmp_path / "target.bin"
    source.write_bytes(marked.data)
    signed = sign_file(source, target, marked.kind, c2pa_parts.claim(), c2pa_parts.signer())
    assert marks_in(target, marked.kind) == marks_in(source, marked.kind) != []
    assert c2pa_parts.axes(c2pa_parts.findings(tmp_path, target, marked.kind, signed))[1] == "intact"
    if signed.placement is Placement.SIDECAR:
        assert target.read_bytes() == marked.data


def marks_in(path: Path, kind: Kind) -> list[tuple[str, str, object]]:
    return [
        (found.carrier, found.text, found.fields)
        for found in READERS[kind](Blob(path=path).view())
        if hasattr(found, "carrier") and hasattr(found, "text")
    ]


@pytest.mark.parametrize(
    ("kind", "form"), [(Kind.PNG, "PNG"), (Kind.JPEG, "JPEG"), (Kind.WEBP, "WEBP"), (Kind.TIFF, "TIFF")]
)
def test_exif_colour_profile_and_comments_are_the_same_after_signing(
    tmp_path: Path, kind: Kind, form: str
) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0131] = "an invented picture", "Example Painter"
    source, target = tmp_path / "source.bin", tmp_path / "target.bin"
    Image.new("RGB", (32, 32), "teal").save(
        source, form, exif=exif, icc_profile=b"\0" * 128, dpi=(72, 72), comment=b"words"
    )
    sign_file(source, target, kind, c2pa_parts.claim(), c2pa_parts.signer())
    with Image.open(source) as before, Image.open(target) as after:
        old, new = dict(before.getexif()), dict(after.getexif())
        assert (old[0x010E], old[0x0131]) == ("an invented picture", "Example Painter")
        assert {tag: new.get(tag) for tag in old if tag not in MOVED} == {
            tag: value for tag, value in old.items() if tag not in MOVED
        }
        assert {name: after.info.get(name) for name in before.info} | {"exif": b""} == before.info | {
            "exif": b""
        }


MOVED = {0x0111, 0x0117}  # where the strips of a TIFF lie: the manifest moves them


def tagged(version: int) -> bytes:
    """An MP3 with frames of many kinds, two of which few programs know, and an old tag behind it."""
    tag = id3.ID3()
    wide = {"encoding": id3.Encoding.UTF16}
    for frame in (
        id3.TIT2(text="标题", **wide),
        id3.TPE1(text=["one", "two"], **wide),
        id3.TXXX(desc="AIGC", text=marks.bare(), **wide),
        id3.COMM(lang="eng", desc="d", text="c", **wide),
        id3.APIC(mime="image/png", type=3, desc="cover", data=c2pa_parts.plain(Kind.PNG)),
        id3.PRIV(owner="example", data=bytes(range(256))),
        id3.SYLT(lang="eng", format=2, type=1, desc="", text=[("la", 1)], **wide),
        id3.RVA2(desc="x", channel=1, gain=1.0, peak=0.5),
    ):
        tag.add(frame)
    out = io.BytesIO(c2pa_parts.plain(Kind.MP3))
    tag.save(out, v2_version=version, v1=id3.ID3v1SaveOptions.CREATE)
    return out.getvalue()


@pytest.mark.parametrize("version", [3, 4])
def test_every_other_frame_of_an_id3_tag_stays_as_it_was(tmp_path: Path, version: int) -> None:
    source, target, again = (tmp_path / name for name in ("a.mp3", "b.mp3", "c.mp3"))
    source.write_bytes(tagged(version))
    sign_file(source, target, Kind.MP3, c2pa_parts.claim(), c2pa_parts.signer())
    signed = sign_file(target, again, Kind.MP3, c2pa_parts.claim(), c2pa_parts.signer())
    before = id3.ID3(source)
    assert len(before) == 8
    for path in (target, again):
        after = id3.ID3(path)
        assert after.version == before.version
        assert {name for name in after if name not in before} == {"GEOB:c2pa manifest store"}
        assert {name: repr(after[name]) for name in before} == {name: repr(before[name]) for name in before}
        assert path.read_bytes().endswith(source.read_bytes()[-128:])
    assert c2pa_parts.axes(c2pa_parts.findings(tmp_path, again, Kind.MP3, signed))[1] == "intact"
    assert c2pa_parts.second_opinion(again.read_bytes(), Kind.MP3) == c2pa_parts.SOUND


@pytest.mark.parametrize("flag", [0x80, 0x40, 0x10])
def test_an_id3_tag_that_would_have_to_be_written_anew_is_refused(tmp_path: Path, flag: int) -> None:
    data = bytearray(tagged(4))
    data[5] = flag
    source = tmp_path / "a.mp3"
    source.write_bytes(bytes(data))
    with pytest.raises(MarkingError, match="sidecar"):
        sign_file(source, tmp_path / "t.mp3", Kind.MP3, c2pa_parts.claim(), c2pa_parts.signer())


def document(*, is_signed: bool = False) -> pikepdf.Pdf:
    whole = pikepdf.new()
    whole.add_blank_page()
    whole.pages[0].Contents = whole.make_stream(b"BT /F1 12 Tf (hello) Tj ET")
    whole.attachments["a.txt"] = b"attached"
    whole.docinfo["/AIGC"] = marks.bare()
    if is_signed:
        whole.Root.Example = whole.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=pikepdf.Array([0, 1, 2, 3]))
        )
    return whole


def test_a_pdf_keeps_its_pages_its_attachments_and_its_information(tmp_path: Path) -> None:
    source, target = tmp_path / "a.pdf", tmp_path / "b.pdf"
    document().save(source)
    sign_file(source, target, Kind.PDF, c2pa_parts.claim(), c2pa_parts.signer())
    with pikepdf.open(source) as before, pikepdf.open(target) as after:
        pages = [[page.Contents.read_bytes() for page in each.pages] for each in (before, after)]
        assert pages[0] == pages[1]
        assert dict(before.docinfo) == dict(after.docinfo)
        assert after.attachments["a.txt"].get_file().read_bytes() == b"attached"


def test_a_pdf_that_is_encrypted_or_signed_otherwise_is_refused_and_can_have_a_sidecar(
    tmp_path: Path,
) -> None:
    locked, sealed = tmp_path / "locked.pdf", tmp_path / "sealed.pdf"
    document().save(locked, encryption=pikepdf.Encryption(owner="owner", user=""))
    document(is_signed=True).save(sealed)
    for source, words in ((locked, "is encrypted"), (sealed, "digital signature")):
        with pytest.raises(MarkingError, match=words):
            sign_file(source, tmp_path / "t.pdf", Kind.PDF, c2pa_parts.claim(), c2pa_parts.signer())
    target = tmp_path / "t.pdf"
    sign_file(sealed, target, Kind.PDF, c2pa_parts.claim(is_detached=True), c2pa_parts.signer())
    assert target.read_bytes() == sealed.read_bytes()


def test_a_broken_manifest_is_refused_and_kept_as_parent_when_asked_to_resign(tmp_path: Path) -> None:
    source, target = tmp_path / "source.jpg", tmp_path / "target.jpg"
    data = bytearray(signing.sign(c2pa_parts.plain(Kind.JPEG), "image/jpeg", source_type=signing.AI_SOURCE))
    data[-30] ^= 1
    source.write_bytes(bytes(data))
    with pytest.raises(MarkingError, match="resign"):
        sign_file(source, target, Kind.JPEG, c2pa_parts.claim(), c2pa_parts.signer())
    assert not target.exists()
    signed = sign_file(source, target, Kind.JPEG, c2pa_parts.claim(resign=True), c2pa_parts.signer())
    [main, *_] = c2pa_parts.findings(tmp_path, target, Kind.JPEG, signed)
    assert (main.detail("integrity"), main.detail("ingredients"), main.detail("ingredients_failed")) == (
        "intact",
        "1",
        "1",
    )


def test_the_file_before_the_edit_is_the_parent_and_validates(tmp_path: Path) -> None:
    """As `marking` does it: a mark is written into a signed file, which breaks its manifest; then it is signed anew."""
    before, edited, target = tmp_path / "before.jpg", tmp_path / "edited.jpg", tmp_path / "target.jpg"
    data = signing.sign(c2pa_parts.plain(Kind.JPEG), "image/jpeg", source_type=signing.AI_SOURCE)
    before.write_bytes(data)
    edited.write_bytes(data[:-30] + bytes([data[-30] ^ 1]) + data[-29:])
    origin = Origin(path=before, kind=Kind.JPEG)
    signed = sign_file(
        edited, target, Kind.JPEG, c2pa_parts.claim(deed=Deed.METADATA), c2pa_parts.signer(), origin=origin
    )
    [main, *_] = c2pa_parts.findings(tmp_path, target, Kind.JPEG, signed)
    assert (main.detail("ingredients"), main.detail("ingredients_failed")) == ("1", "0")
    assert c2pa_parts.second_opinion(target.read_bytes(), Kind.JPEG) == c2pa_parts.SOUND


def test_a_manifest_that_is_not_the_origins_would_be_lost_and_is_refused(tmp_path: Path) -> None:
    source, other = tmp_path / "source.jpg", tmp_path / "other.jpg"
    source.write_bytes(signing.sign(c2pa_parts.plain(Kind.JPEG), "image/jpeg"))
    other.write_bytes(c2pa_parts.plain(Kind.JPEG))
    origin = Origin(path=other, kind=Kind.JPEG)
    with pytest.raises(MarkingError, match="would be lost"):
        sign_file(source, tmp_path / "t", Kind.JPEG, c2pa_parts.claim(), c2pa_parts.signer(), origin=origin)


def test_a_manifest_that_cannot_be_read_or_lies_elsewhere_is_refused_even_for_resigning(
    tmp_path: Path,
) -> None:
    damaged = signing.sign(c2pa_parts.plain(Kind.PNG), "image/png").replace(b"instanceID", b"instanceXX")
    remote = signing.sign(
        c2pa_parts.plain(Kind.JPEG), "image/jpeg", remote_url="http://manifests.example.com/a.c2pa"
    )
    for data, kind in ((damaged, Kind.PNG), (remote, Kind.JPEG)):
        source = tmp_path / f"source.{kind}"
        source.write_bytes(data)
        with pytest.raises(MarkingError, match="would be lost"):
            sign_file(source, tmp_path / "t", kind, c2pa_parts.claim(resign=True), c2pa_parts.signer())


def test_an_edited_file_without_a_manifest_is_named_as_parent(tmp_path: Path) -> None:
    for kind in (Kind.PNG, Kind.TEXT, Kind.GGUF):
        source, target = tmp_path / f"source.{kind}", tmp_path / f"target.{kind}"
        source.write_bytes(c2pa_parts.plain(kind))
        signed = sign_file(source, target, kind, c2pa_parts.claim(deed=Deed.EDITED), c2pa_parts.signer())
        found = c2pa_parts.findings(tmp_path, target, kind, signed)
        assert (signed.parents, found[0].detail("ingredients")) == (1, "1")
        (tmp_path / "target.c2pa").unlink(missing_ok=True)


def test_a_sidecar_becomes_the_parent_of_the_next(tmp_path: Path) -> None:
    first, second = tmp_path / "a.gguf", tmp_path / "b.gguf"
    (tmp_path / "plain.gguf").write_bytes(c2pa_parts.plain(Kind.GGUF))
    one = sign_file(tmp_path / "plain.gguf", first, Kind.GGUF, c2pa_parts.claim(), c2pa_parts.signer())
    two = sign_file(first, second, Kind.GGUF, c2pa_parts.claim(), c2pa_parts.signer())
    assert two.sidecar is not None
    store = two.sidecar.read_bytes()
    assert one.manifest.encode() in store
    [main, *_] = c2pa_parts.findings(tmp_path, second, Kind.GGUF, two)
    assert (main.detail("ingredients"), main.detail("ingredients_failed")) == ("1", "0")
    assert c2pa_parts.second_opinion(second.read_bytes(), Kind.GGUF, store) == c2pa_parts.SOUND


def test_a_sidecar_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    source, other = tmp_path / "model.gguf", tmp_path / "out.c2pa"
    source.write_bytes(c2pa_parts.plain(Kind.GGUF))
    other.write_bytes(b"another model's manifest")
    with pytest.raises(MarkingError, match="never overwritten"):
        sign_file(source, tmp_path / "out.gguf", Kind.GGUF, c2pa_parts.claim(), c2pa_parts.signer())
    assert other.read_bytes() == b"another model's manifest"


def test_the_source_is_never_the_target(tmp_path: Path) -> None:
    source, link = tmp_path / "a.png", tmp_path / "b.png"
    source.write_bytes(c2pa_parts.plain(Kind.PNG))
    link.symlink_to(source)
    for target in (source, link):
        with pytest.raises(MarkingError, match="same file"):
            sign_file(source, target, Kind.PNG, c2pa_parts.claim(), c2pa_parts.signer())
    assert source.read_bytes() == c2pa_parts.plain(Kind.PNG)


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.TEXT, Kind.GGUF])
def test_a_signer_that_fails_leaves_the_source_as_it_was_and_no_target(tmp_path: Path, kind: Kind) -> None:
    def out_of_order(_: bytes) -> bytes:
        raise OSError("the token is gone, PIN 1234")

    source, target = tmp_path / "source.bin", tmp_path / "target.bin"
    source.write_bytes(c2pa_parts.plain(kind))
    broken = msgspec.structs.replace(c2pa_parts.signer(), sign=out_of_order)
    with pytest.raises(MarkingError, match="signing function failed: OSError") as caught:
        sign_file(source, target, kind, c2pa_parts.claim(), broken)
    assert "1234" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.bin"]
    assert source.read_bytes() == c2pa_parts.plain(kind)


def test_being_killed_while_signing_leaves_the_source_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "source.png"
    source.write_bytes(c2pa_parts.plain(Kind.PNG))
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        import msgspec
        import c2pa_parts
        from brightline.core.subject import Kind
        from brightline.marking.c2pa.sign import sign_file
        def die(_): os.kill(os.getpid(), signal.SIGKILL)
        signer = msgspec.structs.replace(c2pa_parts.signer(), sign=die)
        sign_file(Path({str(source)!r}), Path({str(tmp_path / "t.png")!r}), Kind.PNG, c2pa_parts.claim(), signer)
        """
    )
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    run = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert run.returncode == -signal.SIGKILL
    assert source.read_bytes() == c2pa_parts.plain(Kind.PNG)
    assert io.BytesIO(source.read_bytes()).read(4) == b"\x89PNG"
