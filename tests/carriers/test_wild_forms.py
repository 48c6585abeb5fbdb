"""Forms that files from elsewhere use and no guide prints: found, told apart from the right form, never taken twice."""

import pytest

import marks
from brightline.carriers import markdown, png
from brightline.carriers.candidate import Candidate, Form, Oddity
from brightline.carriers.xmp import read_xmp

TEXT = "# 纪要\n\n本周讨论了三个问题，见下文。\n"


def in_xmp(packet: bytes) -> list[Candidate]:
    return [item for item in read_xmp(packet, "xmp", 0, len(packet)) if isinstance(item, Candidate)]


def in_markdown(text: str) -> list[Candidate]:
    return [item for item in markdown.read(memoryview(text.encode())) if isinstance(item, Candidate)]


def inside(value: str) -> bytes:
    """A packet whose property `TC260:AIGC` holds XML."""
    return marks.xmp("@").replace(b"@", value.encode())


def label(found: Candidate) -> str:
    return next(pair.value for pair in found.fields if pair.name == "Label")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("head", ["", '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'])
def test_utf16_without_a_byte_order_mark_in_front_is_read(encoding: str, head: str) -> None:
    packet = marks.xmp(marks.bare()).decode()
    packet = head + packet[packet.index("<x:xmpmeta") :]
    (found,) = in_xmp(packet.encode(encoding))
    assert found.text == marks.bare()
    assert found.oddities == ()


def test_a_document_type_in_utf16_of_either_order_is_refused() -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        assert in_xmp(("<!DOCTYPE a>" + marks.xmp(marks.bare()).decode()).encode(encoding)) == []


def test_fields_below_a_description_are_a_structure() -> None:
    rows = "".join(f"<TC260:{name}>{value}</TC260:{name}>" for name, value in marks.fields().items())
    (found,) = in_xmp(inside(f"<rdf:Description>{rows}</rdf:Description>"))
    assert found.form is Form.XMP_STRUCTURE
    assert label(found) == "1"


def test_each_item_of_a_list_is_a_mark() -> None:
    item = f"<rdf:li>{marks.bare()}</rdf:li>"
    assert [each.text for each in in_xmp(inside(f"<rdf:Bag>{item}{item}</rdf:Bag>"))] == [marks.bare()] * 2


@pytest.mark.parametrize("value", [marks.wrapped(), marks.bare()])
def test_a_mark_in_another_property_has_the_wrong_key(value: str) -> None:
    description = f'<dc:description xmlns:dc="http://purl.org/dc/elements/1.1/">{value}</dc:description>'
    packet = marks.xmp("x").decode().replace("<TC260:AIGC>x</TC260:AIGC>", description)
    (found,) = in_xmp(packet.encode())
    assert found.text == value
    assert found.oddities == (Oddity.KEYWORD,)


def test_front_matter_with_a_lower_case_key_has_the_wrong_key() -> None:
    (found,) = in_markdown(marks.front_matter().decode().replace("AIGC:", "aigc:"))
    assert label(found) == "1"
    assert found.oddities == (Oddity.KEYWORD,)


def test_front_matter_with_the_fields_and_no_key_has_the_wrong_key() -> None:
    rows = "".join(f'{name}: "{value}"\n' for name, value in marks.fields().items())
    (found,) = in_markdown(f"---\ntitle: a\n{rows}---\n{TEXT}")
    assert label(found) == "1"
    assert found.oddities == (Oddity.KEYWORD,)


def test_front_matter_that_nests_the_mark_is_an_unusual_place() -> None:
    nested = "".join(f"  {line}\n" for line in marks.yaml_lines().splitlines())
    (found,) = in_markdown(f"---\nmetadata:\n{nested}---\n{TEXT}")
    assert label(found) == "1"
    assert found.oddities == (Oddity.UNUSUAL_PLACE,)


@pytest.mark.parametrize(
    ("before", "after"), [("", ""), ("```yaml\n---\n", "---\n```\n"), ("```yaml\n", "```\n")]
)
def test_a_mark_at_the_head_that_is_no_front_matter_lies_in_the_body(before: str, after: str) -> None:
    (found,) = in_markdown(f"{before}{marks.yaml_lines()}{after}\n{TEXT * 40}")
    assert (found.carrier, found.oddities) == ("markdown:head", (Oddity.IN_BODY,))


def test_an_example_behind_a_few_words_is_no_mark() -> None:
    assert in_markdown(f"{TEXT}\n```yaml\n{marks.yaml_lines()}```\n{TEXT * 40}") == []


@pytest.mark.parametrize("line", ["aigc: true", "isAIGC: false", "tags: [AIGC, aigc]", "Label: a"])
def test_front_matter_that_only_speaks_of_it_holds_no_mark(line: str) -> None:
    assert in_markdown(f"---\n{line}\n---\n{TEXT}") == []


def raw_profile(name: str, block: bytes) -> bytes:
    """As ImageMagick writes it: the block in hexadecimal digits, 36 bytes a line."""
    digits = "\n".join(block.hex()[at : at + 72] for at in range(0, 2 * len(block), 72))
    return marks.ztxt_chunk(f"Raw profile type {name}", f"\n{name}\n{len(block):8}\n{digits}\n")


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("xmp", marks.xmp(marks.bare())),
        ("APP1", b"http://ns.adobe.com/xap/1.0/\x00" + marks.xmp(marks.bare())),
        ("exif", b"Exif\x00\x00" + marks.user_comment(marks.bare())),
    ],
)
def test_a_mark_in_a_raw_profile_of_a_png_is_found(name: str, block: bytes) -> None:
    (found,) = png.read(memoryview(marks.png(raw_profile(name, block))))
    assert isinstance(found, Candidate)
    assert found.text == marks.bare()
    assert {Oddity.COMPRESSED, Oddity.UNUSUAL_PLACE} <= set(found.oddities)


def test_a_raw_profile_that_is_cut_is_unread() -> None:
    broken = marks.text_chunk("Raw profile type xmp", "\nxmp\n      12\nabc\n")
    (item,) = png.read(memoryview(marks.png(broken)))
    assert not isinstance(item, Candidate)
