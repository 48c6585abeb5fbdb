"""Frames of manifests in text: what is written is read, of the length that was said, and damage is an error."""

import base64
from pathlib import Path

import c2pa_parts
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.carriers.text_manifest import (
    KINDS,
    MAGIC,
    STORE_LIMIT_BYTES,
    find_manifest,
    frame,
    frame_bytes,
    is_padded_plainly,
    open_text,
)
from brightline.core.errors import CarrierError, DetectorError, MarkingError
from brightline.core.subject import Kind
from brightline.marking.c2pa.sign import sign_file
from brightline.provenance import c2pa
from brightline.settings import Settings

kinds = st.sampled_from(sorted(KINDS))
words = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60)


def host(text: str, kind: Kind) -> bytes:
    return (f"<html><head>{text}</head></html>" if kind is Kind.HTML else text).encode()


@given(kind=kinds, text=words, store=st.binary(max_size=300))
def test_a_store_that_is_written_is_read(kind: Kind, text: str, store: bytes) -> None:
    opened = open_text(host(text, kind), kind)
    written = frame(kind, store)
    assert len(written) == frame_bytes(kind, len(store))
    framed = find_manifest(opened.before + written + opened.after, kind)
    assert framed is not None
    assert (framed.store, framed.start, framed.end) == (
        store,
        len(opened.before),
        len(opened.before) + len(written),
    )
    again = open_text(opened.before + written + opened.after, kind)
    assert again == opened


@given(store=st.binary(max_size=300))
def test_a_wrapper_is_written_as_the_standard_spells_it(store: bytes) -> None:
    """C2PA 2.4, A.8.3, in code points written out here."""
    body = b"C2PATXT\x00\x01" + len(store).to_bytes(4, "big") + store
    spelt = "\ufeff" + "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in body)
    written = frame(Kind.TEXT, store).decode()
    assert written.startswith(spelt)
    padding = written.removeprefix(spelt)
    assert set(padding) <= {"\ufe00", "\U000e0100"}
    assert ("\U000e0100" in padding) is not is_padded_plainly(Kind.TEXT, store)


@given(data=st.binary(max_size=200), kind=kinds)
def test_any_bytes_have_a_manifest_or_none_or_are_an_error(data: bytes, kind: Kind) -> None:
    try:
        assert find_manifest(data, kind) is None
    except CarrierError:
        pytest.fail("an error without a frame")


@given(cut=st.integers(30, 500), kind=kinds)
def test_a_frame_that_is_cut_off_is_an_error(cut: int, kind: Kind) -> None:
    whole = frame(kind, bytes(range(256)) * 2)
    if kind is Kind.MARKDOWN:
        whole = whole.removesuffix(b" -->")  # the end of the comment is not the block's
    with pytest.raises(CarrierError):
        find_manifest(
            whole[: min(max(cut, 50), len(whole) - 700 if kind is Kind.TEXT else len(whole) - 1)], kind
        )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_two_frames_in_one_text_are_an_error(kind: Kind) -> None:
    with pytest.raises(CarrierError, match="more than one"):
        find_manifest(frame(kind, b"a") + b"\n" + frame(kind, b"b"), kind)


def test_frames_that_lead_elsewhere_or_hold_no_base64_are_errors() -> None:
    block = b"-----BEGIN C2PA MANIFEST----- %b -----END C2PA MANIFEST-----"
    for reference, said in (
        (b"https://example.com/a.c2pa", "elsewhere"),
        (b"data:application/c2pa;base64,*", "base64"),
    ):
        with pytest.raises(CarrierError, match=said):
            find_manifest(block % reference, Kind.MARKDOWN)
    large = base64.b64encode(bytes(STORE_LIMIT_BYTES + 3))
    with pytest.raises(CarrierError, match="larger"):
        find_manifest(b'<script type="application/c2pa">' + large + b"</script>", Kind.HTML)


def test_emoji_and_byte_order_marks_are_no_frames() -> None:
    for text in ("☺\ufe0f", "\ufeffwords", "\ufeff\ufe00\ufe01", "a\ufeffb", "", MAGIC.decode()):
        assert find_manifest(text.encode(), Kind.TEXT) is None


def test_html_without_a_head_has_no_place(tmp_path: Path) -> None:
    source = tmp_path / "a.html"
    source.write_bytes(b"<p>hello</p>")
    with pytest.raises(MarkingError, match="no `</head>`"):
        sign_file(source, tmp_path / "t", Kind.HTML, c2pa_parts.claim(), c2pa_parts.signer())


@pytest.mark.parametrize(
    ("data", "said"), [("e\u0301".encode(), "NFC"), ("words".encode("utf-16"), "UTF-8"), (b"\xff", "UTF-8")]
)
def test_text_that_the_standard_would_have_us_change_is_refused(
    tmp_path: Path, data: bytes, said: str
) -> None:
    source = tmp_path / "a.txt"
    source.write_bytes(data)
    with pytest.raises(MarkingError, match=said):
        sign_file(source, tmp_path / "t", Kind.TEXT, c2pa_parts.claim(), c2pa_parts.signer())
    signed = sign_file(
        source, tmp_path / "t.txt", Kind.TEXT, c2pa_parts.claim(is_detached=True), c2pa_parts.signer()
    )
    assert signed.sidecar is not None


def signed_text(folder: Path) -> bytes:
    source, target = folder / "a.txt", folder / "b.txt"
    source.write_bytes(c2pa_parts.plain(Kind.TEXT))
    sign_file(source, target, Kind.TEXT, c2pa_parts.claim(), c2pa_parts.signer())
    return target.read_bytes()


def test_words_behind_or_before_a_signed_text_break_it(tmp_path: Path) -> None:
    data = signed_text(tmp_path)
    look = c2pa.prepare(Settings())
    for changed in (data + b"More.", b"More. " + data):
        [main, broken, _] = look(c2pa_parts.subject_of(changed, Kind.TEXT))
        assert main.detail("integrity") == "broken"
        assert broken.claim == "origin.c2pa.broken"


def test_a_text_in_another_normal_form_still_holds(tmp_path: Path) -> None:
    """C2PA 2.4, A.8.2: mail and some systems decompose letters; the words are the same."""
    import unicodedata

    data = unicodedata.normalize("NFD", signed_text(tmp_path).decode()).encode()
    assert data != signed_text(tmp_path)
    [main, *_] = c2pa.prepare(Settings())(c2pa_parts.subject_of(data, Kind.TEXT))
    assert main.detail("integrity") == "intact"


def test_a_damaged_frame_is_a_broken_manifest_and_not_an_absent_one(tmp_path: Path) -> None:
    data = signed_text(tmp_path)
    look = c2pa.prepare(Settings())
    found = list(look(c2pa_parts.subject_of(data[: len(data) // 2 // 4 * 4], Kind.TEXT)))
    assert (found[0].detail("present"), found[0].detail("integrity")) == ("yes", "broken")


def test_a_store_beside_a_file_is_bounded(tmp_path: Path) -> None:
    look = c2pa.prepare_detached(Settings())
    with pytest.raises(DetectorError, match="limit"):
        list(look(c2pa_parts.subject_of(b"x", Kind.GGUF), bytes(STORE_LIMIT_BYTES + 1)))
    [found, _] = look(c2pa_parts.subject_of(b"x", Kind.GGUF), b"no manifest")
    assert found.detail("integrity") == "broken"
