"""The implicit mark of GB 45438: verdicts, clauses, defects, and what happens when a file is broken."""

import hashlib
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import marks
from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, ByteRange, Field, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.core.wire import canonical, read
from brightline.provenance import aigc
from brightline.provenance.annex_e_defects import DEFECTS, Defect, Level
from marks import Marked

# Where a defective file can't help having more defects than the one it was made for.
_COMPANIONS: dict[str, set[str]] = {
    "foreign_fields": {"missing_field", "missing_optional", "unusual_place", "bare", "keyword"},
    "label_value": {"charset"},
    "charset": {"label_value", "charset"},
    "keyword": {"base64", "glued", "bare", "unusual_place"},
    "base64": {"keyword", "glued"},
    "laid_out": {"namespace"},
    "malformed_xmp": {"namespace"},
    "duplicate": {"unusual_place"},
    "compressed": set(),
    "after_end": {"bare"},
    "glued": {"bare"},
    "in_body": {"bare"},
    "contradiction": {"in_body"},
    "charset_reserved": set(),
    "reserved_type": set(),
}

_CLAUSES = {
    "duplicate": "6.1 c", "contradiction": "6.1 c", "keyword": "E a", "base64": "E b", "double_encoded": "E b",
    "not_json": "E b", "label_value": "E c", "order": "E c-i", "charset": "E j", "charset_reserved": "E j",
    "unknown_key": "E", "malformed_code": "TC260-PG-20252A", "in_body": "TC260-PG-20258A 6.5",
}  # fmt: skip


def subject_of(marked: Marked) -> Subject:
    return Subject(
        digest=hashlib.sha256(marked.data).hexdigest(),
        size_bytes=len(marked.data),
        kind=marked.kind,
        context=Context(time="2026-11-23T12:00:00Z"),
        text=marked.data.decode("utf-8", "replace") if marked.kind is Kind.MARKDOWN else "",
        blob=Blob(marked.data),
    )


def findings_of(marked: Marked) -> list[Finding]:
    return list(aigc.detect(subject_of(marked)))


def mark_of(marked: Marked) -> Finding:
    (mark,) = (finding for finding in findings_of(marked) if finding.claim == "aigc.mark")
    return mark


def defects_of(marked: Marked) -> dict[str, Finding]:
    return {found.detail("code"): found for found in findings_of(marked) if found.claim == "aigc.mark.defect"}


def png_of(value: str) -> Marked:
    return Marked("png", Kind.PNG, marks.png(marks.xmp_chunk(marks.xmp(value))))


@pytest.mark.parametrize("marked", marks.compliant_files(), ids=lambda marked: marked.name)
def test_a_compliant_mark_is_read_and_has_no_defect(marked: Marked) -> None:
    mark = mark_of(marked)
    assert mark.detail("verdict") == "compliant"
    assert mark.detail("label") == "1"
    assert mark.detail("complete") == "yes"
    assert mark.basis is Basis.DECLARED
    assert mark.harm is None
    assert defects_of(marked) == {}


@pytest.mark.parametrize("marked", marks.plain_files(), ids=lambda marked: marked.name)
def test_a_file_without_a_mark_is_not_found(marked: Marked) -> None:
    mark = mark_of(marked)
    assert mark.detail("verdict") == "not_found"
    assert mark.basis is Basis.PROOF
    assert defects_of(marked) == {}


@pytest.mark.parametrize("marked", marks.defective_files(), ids=lambda marked: marked.name)
def test_each_defect_is_found_with_its_clause_and_level(marked: Marked) -> None:
    defects = defects_of(marked)
    assert marked.code in defects
    assert set(defects) - {marked.code} <= _COMPANIONS.get(marked.code, set())
    found = defects[marked.code]
    assert found.detail("clause").endswith(_CLAUSES.get(marked.code, ""))
    assert found.detail("level") == DEFECTS[marked.code].level.value
    assert found.basis is Basis.PROOF
    errors = [code for code in defects if DEFECTS[code].level is Level.ERROR]
    assert mark_of(marked).detail("verdict") == ("noncompliant" if errors else "compliant")


def test_every_defect_in_the_table_has_a_file_that_shows_it() -> None:
    assert {marked.code for marked in marks.defective_files()} == set(DEFECTS)


@pytest.mark.parametrize(
    ("name", "letter"),
    [("Label", "c"), ("ContentProducer", "d"), ("ProduceID", "e"), ("ReservedCode1", "f"),
     ("ContentPropagator", "g"), ("PropagateID", "h"), ("ReservedCode2", "i")],
)  # fmt: skip
def test_a_missing_field_names_its_own_clause(name: str, letter: str) -> None:
    (defect,) = defects_of(png_of(marks.bare(marks.fields(**{name: None})))).values()
    assert defect.detail("field") == name
    assert defect.detail("clause") == f"GB 45438-2025 E {letter}"
    required = name in {"Label", "ContentProducer", "ProduceID"}
    assert defect.detail("level") == ("error" if required else "warning")


@pytest.mark.parametrize("label", ["1", "2", "3"])
def test_each_legal_label_is_reported(label: str) -> None:
    mark = mark_of(png_of(marks.bare(marks.fields(Label=label))))
    assert (mark.detail("verdict"), mark.detail("label")) == ("compliant", label)


@pytest.mark.parametrize("label", ["0", "4", "01", "true", "１", " 1"])
def test_any_other_label_breaks_clause_c(label: str) -> None:
    assert "label_value" in defects_of(png_of(marks.bare(marks.fields(Label=label))))


def test_propagation_fields_may_be_empty_or_equal_on_first_write() -> None:
    for propagation in ({}, {"ContentPropagator": "", "PropagateID": ""}):
        assert mark_of(png_of(marks.bare(marks.fields(**propagation)))).detail("verdict") == "compliant"


def test_producer_forms_are_told_apart() -> None:
    forms = {"Example-Studio": "name", marks.PRODUCER: "code", marks.PRODUCER[:-1]: "malformed_code", "": ""}
    for producer, form in forms.items():
        mark = mark_of(png_of(marks.bare(marks.fields(ContentProducer=producer))))
        assert mark.detail("producer_form") == form


def test_a_name_in_place_of_a_code_is_legal_but_chinese_breaks_the_charset() -> None:
    assert defects_of(png_of(marks.bare(marks.fields(ContentProducer="ExampleStudio")))) == {}
    assert set(defects_of(png_of(marks.bare(marks.fields(ContentProducer="示例公司"))))) == {"charset"}


@pytest.mark.parametrize(
    "name", ["Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID"]
)
def test_charset_is_an_error_in_the_five_elements(name: str) -> None:
    for wrong in (" ", '"', "\\", "\n", "\x7f", "é", "中"):
        defect = defects_of(png_of(marks.bare(marks.fields(**{name: f"a{wrong}b"}))))["charset"]
        assert defect.detail("field") == name
        assert defect.detail("level") == "error"


def test_charset_is_only_a_warning_in_the_reserved_codes() -> None:
    mark = png_of(marks.bare(marks.fields(ReservedCode2="a b")))
    assert defects_of(mark)["charset_reserved"].detail("level") == "warning"
    assert mark_of(mark).detail("verdict") == "compliant"


@given(
    text=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1)
)
def test_every_allowed_character_passes(text: str) -> None:
    codes = set(defects_of(png_of(marks.bare(marks.fields(ProduceID=text)))))
    assert codes == set()


def test_a_signature_is_reported_and_never_verified() -> None:
    signed = marks.fields(ReservedCode1=marks.SECURITY_DATA)
    assert mark_of(png_of(marks.bare(signed))).detail("signature") == "present_unverifiable"
    nested = marks.fields(ReservedCode1=json.loads(marks.SECURITY_DATA))
    assert mark_of(png_of(marks.bare(nested))).detail("signature") == "present_unverifiable"
    assert mark_of(png_of(marks.bare())).detail("signature") == "absent"


def test_contradicting_marks_warn_of_tampering_and_equal_ones_do_not() -> None:
    by_code = {marked.code: marked for marked in marks.defective_files()}
    assert defects_of(by_code["contradiction"])["contradiction"].harm is Harm.LABEL_TAMPERED
    assert defects_of(by_code["duplicate"])["duplicate"].harm is None


def test_of_contradicting_marks_the_strongest_label_is_reported() -> None:
    packets = [marks.xmp_chunk(marks.xmp(marks.bare(marks.fields(Label=label)))) for label in "312"]
    mark = mark_of(Marked("png", Kind.PNG, marks.png(*packets)))
    assert (mark.detail("label"), mark.detail("marks"), mark.detail("verdict")) == ("1", "3", "noncompliant")


def test_where_points_at_the_chunk_that_holds_the_mark() -> None:
    chunk = marks.xmp_chunk(marks.xmp(marks.bare()))
    data = marks.png(chunk)
    where = mark_of(Marked("png", Kind.PNG, data)).where
    assert ByteRange(data.index(chunk), data.index(chunk) + len(chunk)) in where
    assert Field("png:iTXt:XML:com.adobe.xmp") in where


def test_where_points_at_the_bytes_of_an_exif_comment() -> None:
    data = marks.jpeg(marks.exif_segment(marks.user_comment(marks.wrapped())))
    (place,) = (
        place for place in mark_of(Marked("j", Kind.JPEG, data)).where if isinstance(place, ByteRange)
    )
    assert data[place.start : place.end] == b"ASCII\x00\x00\x00" + marks.wrapped().encode()


def test_a_defect_of_place_names_the_guide_of_its_own_carrier() -> None:
    guides = {
        marked.name: defects_of(marked)[marked.code].detail("clause")
        for marked in marks.defective_files()
        if marked.code == "unusual_place"
    }
    assert guides["wav-xmp"] == "TC260-PG-202510A"
    assert guides["avi-top"] == "TC260-PG-20257A"
    assert guides["jpeg-comment"] == "TC260-PG-20259A"


def test_a_bare_mark_in_an_exif_comment_names_aigc_nowhere() -> None:
    comment = marks.exif_segment(marks.user_comment(marks.bare()))
    assert set(defects_of(Marked("j", Kind.JPEG, marks.jpeg(comment)))) == {"bare", "keyword"}


def test_other_properties_that_speak_of_aigc_are_no_marks() -> None:
    for data, kind in (
        (marks.png(marks.text_chunk("isAIGC", "true")), Kind.PNG),
        (marks.png(marks.xmp_chunk(marks.xmp("true").replace(b"TC260:AIGC>", b"TC260:isAIGC>"))), Kind.PNG),
        (b"---\nisAIGC: true\ntags: [AIGC]\n---\ntext\n", Kind.MARKDOWN),
    ):
        assert mark_of(Marked("x", kind, data)).detail("verdict") == "not_found"


def test_plain_text_without_a_mark_is_silent_and_with_one_is_not() -> None:
    assert findings_of(Marked("t", Kind.TEXT, b"Nothing here about AIGC: {really}.")) == []
    assert mark_of(Marked("t", Kind.TEXT, marks.front_matter())).detail("verdict") == "compliant"


def test_a_kind_without_a_carrier_is_refused_and_never_not_found() -> None:
    with pytest.raises(DetectorError, match="no carrier reads `zip`"):
        findings_of(Marked("z", Kind.ZIP, b"PK"))


@pytest.mark.parametrize(
    "marked",
    [file for file in marks.compliant_files() + marks.plain_files() if file.kind is not Kind.MARKDOWN],
    ids=lambda marked: marked.name,
)
def test_a_truncated_file_is_never_compliant_or_not_found(marked: Marked) -> None:
    for size in range(0, len(marked.data) - 1, 7):  # a lone padding byte missing from a RIFF is forgiven
        mark = mark_of(marked._replace(data=marked.data[:size]))
        assert mark.detail("verdict") in {"inconclusive", "noncompliant"}, size


def test_an_inconclusive_file_says_why_and_keeps_the_mark_it_found() -> None:
    data = marks.png(marks.xmp_chunk(marks.xmp(marks.bare())))[:-20]
    mark = mark_of(Marked("png", Kind.PNG, data))
    assert mark.detail("verdict") == "inconclusive"
    assert mark.detail("label") == "1"
    empty = mark_of(Marked("png", Kind.PNG, marks.plain_png()[:40]))
    assert "ends at byte 40 without IEND" in empty.why.en
    assert "无法判断" in empty.why.zh


def test_limits_are_inconclusive() -> None:
    bomb = marks.png(marks.xmp_chunk(bytes(8 * 1024 * 1024), compressed=True))
    assert mark_of(Marked("png", Kind.PNG, bomb)).detail("verdict") == "inconclusive"
    declared = b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + marks.xmp(marks.bare())
    entity = Marked("png", Kind.PNG, marks.png(marks.xmp_chunk(declared)))
    assert mark_of(entity).detail("verdict") == "inconclusive"


def test_more_marks_than_anybody_writes_are_not_all_kept() -> None:
    data = marks.png(marks.text_chunk("AIGC", marks.wrapped()) * 200)
    mark = mark_of(Marked("png", Kind.PNG, data))
    assert (mark.detail("marks"), mark.detail("complete"), mark.detail("verdict")) == (
        "64",
        "no",
        "noncompliant",
    )


def test_words_are_short_quotes_and_survive_the_wire() -> None:
    hostile = marks.fields(Label="\ud800" * 500, ContentProducer="x" * 5000, ProduceID="\x1b[31m")
    value = json.dumps(hostile)
    for finding in findings_of(png_of(value)):
        assert read(canonical(finding), Finding) == finding
        assert len(finding.why.en) < 200
        assert all(len(detail.value) <= 80 for detail in finding.details)
        assert "\x1b" not in finding.why.en


def test_every_defect_can_be_put_into_words_in_both_languages() -> None:
    for code in DEFECTS:
        words = Defect(code, "Label", "x").why
        assert words.en
        assert any("\u4e00" <= character <= "\u9fff" for character in words.zh)
        assert Defect(code, "Label").clause


_FILES = marks.compliant_files() + marks.defective_files()


@settings(max_examples=400, deadline=2000, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_files_end_in_findings_quickly(data: Any) -> None:
    marked = data.draw(st.sampled_from(_FILES))
    mutated = bytearray(marked.data)
    for _ in range(data.draw(st.integers(1, 8))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(mutated)))
    for version in (bytes(mutated), bytes(mutated[:cut]), bytes(mutated[cut:])):
        findings = findings_of(marked._replace(data=version))
        assert findings[0].detail("verdict") in {"compliant", "noncompliant", "not_found", "inconclusive"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.PNG, marks.plain_png()[:33] + marks.png_chunk(b"tEXt", b"") * 200_000),
        (Kind.JPEG, b"\xff\xd8" + b"\xff" * 8_000_000),
        (Kind.JPEG, b"\xff\xd8" + marks.segment(0xE1, b"http://ns.adobe.com/xmp/extension/\x00") * 19_000),
        (Kind.JPEG, marks.plain_jpeg() + b'"ContentProducer"' * 500_000),
        (Kind.JPEG, marks.plain_jpeg() + b'{"ContentProducer"' * 500_000),
        (Kind.AVI, marks.riff(b"AVI ") * 500_000),
        (Kind.WAV, marks.riff(b"WAVE", marks.riff_chunk(b"AIGC", b"") * 90_000)),
        (Kind.MARKDOWN, b"---\n" + b"AIGC:\n  Label: 1\n" * 200_000),
        (Kind.MARKDOWN, b"---\nAIGC: " + b"[" * 60_000 + b"\n---\n"),
        (Kind.MARKDOWN, b"<details>AIGC:\n" * 200_000),
        (Kind.MARKDOWN, b"AIGC:\n" + b" " * 5_000_000),
    ],
)  # fmt: skip
def test_hostile_repetition_takes_less_than_five_seconds(kind: Kind, data: bytes) -> None:
    begin = time.process_time()
    findings = findings_of(Marked("hostile", kind, data))
    assert time.process_time() - begin < 5
    assert len(findings) <= 101
