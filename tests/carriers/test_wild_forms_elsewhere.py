"""Marks as platforms put them in public files, in every format that may carry them: found, and told apart."""

import base64
from collections.abc import Iterator

import pytest

import marks
from brightline.carriers.candidate import Candidate, Oddity
from brightline.carriers.readers import READERS
from brightline.core.errors import CarrierError
from brightline.core.subject import Kind

FILMS = {Kind.MP4: b"isom", Kind.MOV: b"qt  ", Kind.M4A: b"M4A "}


def found_in(kind: Kind, data: bytes) -> list[Candidate]:
    return [item for item in READERS[kind](memoryview(data)) if isinstance(item, Candidate)]


def film(
    kind: Kind, *, in_udta: bytes = b"", in_moov: bytes = b"", behind: bytes = b"", late: bool = False
) -> bytes:
    """A film of that brand, `moov` in front of `mdat` or behind it."""
    head = marks.box(b"ftyp", FILMS[kind], bytes(4), FILMS[kind])
    user = marks.box(b"udta", in_udta) if in_udta else b""
    movie, media = (
        marks.box(b"moov", marks.box(b"mvhd", bytes(100)), in_moov, user),
        marks.box(b"mdat", bytes(100)),
    )
    return head + (media + movie if late else movie + media) + behind


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("value", [marks.bare(), marks.wrapped()])
@pytest.mark.parametrize("kind", FILMS)
def test_a_keyless_list_straight_below_the_movie_is_found(
    kind: Kind, value: str, full: bool, late: bool
) -> None:
    """As an app for iOS writes it: handler `mdir`, no `keys`, no `udta`."""
    meta = marks.meta_box(value, key="", full=full)
    (found,) = found_in(kind, film(kind, in_moov=meta, late=late))
    assert found.text == value
    assert Oddity.UNUSUAL_PLACE in found.oddities


@pytest.mark.parametrize("item", [b"desc", b"\xa9cmt", b"\xa9des", b"ldes"])
@pytest.mark.parametrize("kind", FILMS)
def test_an_item_of_the_keyless_list_may_have_any_name(kind: Kind, item: bytes) -> None:
    meta = marks.meta_box(marks.bare(), key="").replace(b"desc", item)
    for data in (film(kind, in_moov=meta), film(kind, in_udta=meta)):
        (found,) = found_in(kind, data)
        assert found.text == marks.bare()
        assert found.oddities


@pytest.mark.parametrize("kind", FILMS)
def test_a_mark_in_a_box_behind_the_media_is_found(kind: Kind) -> None:
    for name in (b"AIGC", b"meta", b"udta"):
        (found,) = found_in(kind, film(kind, behind=marks.box(name, b"AIGC" + marks.bare().encode())))
        assert found.text == marks.bare()
        assert Oddity.UNUSUAL_PLACE in found.oddities


@pytest.mark.parametrize("kind", FILMS)
def test_a_mark_glued_behind_the_last_box_is_never_nothing(kind: Kind) -> None:
    """It is no box, so that the walk ends with an error: `inconclusive`, and no clean answer."""
    data = film(kind, behind=b"AIGC" + marks.bare().encode())
    with pytest.raises(CarrierError):
        found_in(kind, data)


def with_xmp(packet: bytes) -> Iterator[tuple[Kind, bytes]]:
    """A file of every format whose guide says XMP."""
    yield Kind.PNG, marks.png(marks.xmp_chunk(packet))
    yield Kind.JPEG, marks.jpeg(marks.xmp_segment(packet))
    yield Kind.WEBP, marks.webp(marks.riff_chunk(b"XMP ", packet))
    yield Kind.TIFF, marks.tiff({700: (7, packet)})
    yield Kind.HEIF, marks.heif((b"application/rdf+xml", packet))


@pytest.mark.parametrize(
    "value",
    [
        base64.b64encode(marks.wrapped().encode()).decode(),
        base64.b64encode(marks.bare().encode()).decode(),
        marks.bare(marks.CLOUD_VARIANT),
        marks.wrapped(marks.CLOUD_VARIANT),
    ],
)
def test_base64_and_the_fields_of_a_cloud_are_found_in_the_xmp_of_every_format(value: str) -> None:
    for kind, data in with_xmp(marks.xmp(value)):
        (found,) = found_in(kind, data)
        assert found.text == value, kind


@pytest.mark.parametrize("form", ["element", "attribute"])
def test_both_forms_of_the_property_are_found_in_the_xmp_of_every_format(form: str) -> None:
    for kind, data in with_xmp(marks.xmp(marks.bare(), form=form)):
        (found,) = found_in(kind, data)
        assert (found.text, found.oddities) == (marks.bare(), ()), kind


@pytest.mark.parametrize("value", [marks.wrapped(marks.CLOUD_VARIANT), marks.wrapped()])
def test_a_description_of_a_picture_is_read_in_every_format_that_has_exif(value: str) -> None:
    exif = marks.image_description(value)
    for kind, data in (
        (Kind.JPEG, marks.jpeg(marks.exif_segment(exif))),
        (Kind.WEBP, marks.webp(marks.riff_chunk(b"EXIF", exif))),
        (Kind.TIFF, marks.tiff({270: (2, value.encode() + b"\0")})),
    ):
        (found,) = found_in(kind, data)
        assert found.text == value, kind
        assert found.oddities, kind
