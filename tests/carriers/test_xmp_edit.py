"""Editing one property of an XMP packet: what is set reads back, and no other byte changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

import marks
from brightline.carriers.candidate import Candidate
from brightline.carriers.xmp import read_xmp
from brightline.carriers.xmp_edit import Name, property_values, set_property, trimmed
from brightline.carriers.xmp_mark import AIGC, mark_edit, wrapped_ascii
from brightline.core.errors import CarrierError

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
TITLE = Name("http://example.com/ns/", "e", "Title")
TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=40
)


def packet(inner: str, head: str = "", tail: str = "") -> bytes:
    return f'{head}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>{inner}</rdf:RDF></x:xmpmeta>{tail}'.encode()


CAMERA = '<rdf:Description rdf:about="" xmlns:c="http://example.com/c/" c:Model="M&amp;M"><c:N>1</c:N></rdf:Description>'
PLACES = {
    "element": packet(
        f'<rdf:Description rdf:about="" xmlns:e="{TITLE.namespace}"><e:Title>old &lt;1></e:Title></rdf:Description>'
    ),
    "attribute": packet(f"<rdf:Description xmlns:e='{TITLE.namespace}' e:Title='old \"1\"' rdf:about=''/>"),
    "other prefix": packet(
        f'<rdf:Description rdf:about="" xmlns:q="{TITLE.namespace}" q:Title="a > b"><q:Else/></rdf:Description>'
    ),
    "empty element": packet(
        f'<rdf:Description rdf:about="" xmlns:e="{TITLE.namespace}"><e:Title /></rdf:Description>'
    ),
    "default namespace": packet(
        f'<rdf:Description rdf:about="" xmlns="{TITLE.namespace}"><Title/></rdf:Description>'
    ),
    "resource": packet(
        f'<rdf:Description rdf:about="" xmlns:e="{TITLE.namespace}"><e:Title rdf:resource="old"/></rdf:Description>'
    ),
    "cdata": packet(
        f'<rdf:Description rdf:about="" xmlns:e="{TITLE.namespace}"><e:Title><![CDATA[<old>]]></e:Title></rdf:Description>'
    ),
    "absent": packet(CAMERA),
    "no description": packet(""),
    "closed at once": f"<rdf:RDF {RDF}/>".encode(),
    "rdf by default": b'<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><Description/></RDF>',
    "declared": b'<?xml version="1.0" encoding="UTF-8"?>\n' + packet(CAMERA),
    "byte order mark": b"\xef\xbb\xbf" + packet(CAMERA),
    "padded": packet(CAMERA, tail=" " * 300 + '\n<?xpacket end="w"?>'),
    "blanks and zeros": b"\n  " + packet(CAMERA) + bytes(20),
}


@pytest.mark.parametrize("place", PLACES)
@settings(deadline=None)
@given(value=TEXTS)
def test_what_is_set_reads_back_and_setting_it_again_changes_nothing(place: str, value: str) -> None:
    new = set_property(PLACES[place], TITLE, value)
    assert property_values(new, TITLE) == [value.strip()]
    assert set_property(new, TITLE, value) == new
    etree.fromstring(new.strip(b"\x00 \n"))


GONE = {
    "element": b"old &lt;1>",
    "attribute": b'old "1"',
    "other prefix": b"a > b",
    "empty element": b"/>",
    "default namespace": b"/>",
    "resource": b"old",
    "cdata": b"<![CDATA[<old>]]>",
    "closed at once": b"/>",
}


@pytest.mark.parametrize("place", PLACES)
def test_all_other_bytes_of_the_packet_stay(place: str) -> None:
    old, new = PLACES[place], set_property(PLACES[place], TITLE, "VALUE & MORE")
    gone = GONE.get(place, b"")
    at = next(at for at in range(len(old)) if old[at] != new[at])
    starts = [start for start in range(at + 1) if old[start : start + len(gone)] == gone]
    assert any(new.startswith(old[:start]) and new.endswith(old[start + len(gone) :]) for start in starts)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_packet_in_utf16_stays_in_utf16(codec: str, mark: str) -> None:
    old = (mark + PLACES["element"].decode()).encode(codec)
    new = set_property(old, TITLE, "新")
    assert new == (mark + PLACES["element"].decode().replace("old &lt;1>", "新")).encode(codec)


def test_other_properties_keep_their_values() -> None:
    new = set_property(PLACES["absent"], TITLE, "new")
    assert property_values(new, Name("http://example.com/c/", "c", "Model")) == ["M&M"]
    assert property_values(new, Name("http://example.com/c/", "c", "N")) == ["1"]


def test_all_descriptions_stay_about_the_same_thing() -> None:
    new = set_property(packet('<rdf:Description rdf:about="uuid:1"/>'), TITLE, "new")
    assert new.count(b'rdf:about="uuid:1"') == 2


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"<a>", "not well-formed"),
        (b"<a/>", "no rdf:RDF"),
        (b"<!DOCTYPE a []>" + PLACES["absent"], "document type"),
        (packet(CAMERA)[:-3], "not well-formed"),
        (b"\xff\xfe\x00", "no UTF-16-LE text"),
        (packet("<c:N/>"), "not well-formed"),
        (PLACES["attribute"].replace(b"about=''/>", b"about=''><e:Title/></rdf:Description>"), "2 times"),
        (PLACES["element"].replace(b"old &lt;1>", b"<rdf:Bag/>"), "laid out in parts"),
        (PLACES["element"].replace(b"<e:Title>", b"<e:Title rdf:parseType='Resource'>"), "laid out in parts"),
        (packet(CAMERA, tail=" " * 4 * 2**20), "larger than 4 MiB"),
    ],
)
def test_a_packet_that_cannot_be_edited_is_refused(broken: bytes, why: str) -> None:
    with pytest.raises(CarrierError, match=why):
        set_property(broken, TITLE, "new")


@pytest.mark.parametrize("value", ["\x00", "\x1f", "\ud800", "\ufffe"])
def test_a_value_that_xml_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(CarrierError, match="cannot hold"):
        set_property(None, TITLE, value)


def test_padding_is_used_up_and_nothing_else() -> None:
    padded = PLACES["padded"]
    assert trimmed(padded, len(padded)) == padded
    assert len(trimmed(padded, len(padded) - 200)) == len(padded) - 200
    assert trimmed(padded, 100) == padded
    assert trimmed(PLACES["absent"], 10) == PLACES["absent"]


def test_a_mark_that_is_no_plain_property_is_not_replaced() -> None:
    for inner in (
        '<rdf:Description><x:A xmlns:x="http://example.com/">{"AIGC":{"Label":"1"}}</x:A></rdf:Description>',
        '<rdf:Description xmlns:TC260="http://example.com/" TC260:AIGC="{}"/>',
    ):
        with pytest.raises(CarrierError, match="cannot be replaced"):
            mark_edit(marks.bare())(packet(inner))
    with pytest.raises(CarrierError, match="cannot be replaced"):
        mark_edit(marks.bare())(marks.xmp_laid_out(marks.fields(), nested=False))
    with pytest.raises(CarrierError, match="laid out"):
        mark_edit(marks.bare())(marks.xmp_laid_out(marks.fields(), nested=True))


def test_the_mark_is_written_as_the_guide_prints_it() -> None:
    new = mark_edit(marks.bare())(None)
    assert f'xmlns:TC260="{marks.NAMESPACE}"'.encode() in new
    assert f"<TC260:AIGC>{marks.bare()}</TC260:AIGC>".encode() in new
    (candidate,) = read_xmp(new, "xmp", 0, len(new))
    assert isinstance(candidate, Candidate)
    assert candidate.text == marks.bare()
    assert property_values(new, AIGC) == [marks.bare()]


def test_a_wrapped_mark_is_ascii_and_the_same_value() -> None:
    assert wrapped_ascii('{"Label":"一😀"}') == '{"AIGC":{"Label":"\\u4e00\\ud83d\\ude00"}}'
    for wrong in ("", "[]", "{", "[" * 100_000):
        with pytest.raises(CarrierError):
            wrapped_ascii(wrong)


@settings(deadline=None)  # a shared machine stalls
@given(data=st.data(), place=st.sampled_from(sorted(PLACES)))
def test_damaged_packets_are_refused_or_edited_but_never_crash(data: st.DataObject, place: str) -> None:
    body = bytearray(PLACES[place])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        new = set_property(bytes(body), TITLE, "new")
    except CarrierError:
        return
    assert "new" in property_values(new, TITLE)


def test_a_large_packet_of_nested_elements_takes_linear_time() -> None:
    deep = packet("<a>" * 100_000 + "</a>" * 100_000)
    wide = PLACES["element"].replace(b"old", b"x<b/>" * 200_000)
    assert property_values(set_property(deep, TITLE, "new"), TITLE) == ["new"]
    with pytest.raises(CarrierError, match="laid out"):
        set_property(wide, TITLE, "new")
