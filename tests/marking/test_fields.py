"""The seven fields: order, characters, who may write which, and provider codes."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

import marks
from brightline.carriers.candidate import Candidate, Form, Shape
from brightline.core.decision import AigcStatus
from brightline.core.errors import MarkingError
from brightline.marking.fields import Fields, fields_of, produced, propagated, suspected_by
from brightline.marking.ids import id_of_content, new_id
from brightline.provenance.annex_e import read_mark
from brightline.provenance.annex_e_defects import FIELDS
from brightline.provenance.provider_code import (
    USCC_ALPHABET,
    ProviderCode,
    Service,
    build_provider_code,
    parse_provider_code,
    uscc_check_character,
)

ALLOWED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')
NAMES = st.text(ALLOWED, min_size=1, max_size=64).filter(lambda text: not text.startswith("00"))
NUMBERS = st.text(ALLOWED, min_size=1, max_size=64)


def read(text):
    return read_mark(
        Candidate(carrier="wav:AIGC", form=Form.KEYED, start=0, end=1, text=text, shape=Shape.BARE)
    )


@given(number=NUMBERS)
def test_a_produced_mark_reads_back_without_a_defect(number):
    fields = produced(marks.PRODUCER, number)
    mark = read(fields.text)
    assert mark.defects == ()
    assert fields_of(mark) == fields
    assert tuple(json.loads(fields.text)) == FIELDS


def test_on_first_writing_the_propagation_fields_repeat_the_production_fields():
    fields = produced(marks.PRODUCER, "n-1")
    assert (fields.propagator, fields.propagate_id) == (marks.PRODUCER, "n-1")
    assert fields.reserved1 == fields.reserved2 == ""


@given(reserved=st.sampled_from(["", "sig"]), filled=st.booleans(), number=NUMBERS)
def test_propagating_changes_nothing_of_the_producer(reserved, filled, number):
    before = Fields(
        label="1",
        producer=marks.PRODUCER,
        produce_id="n-1",
        reserved1=reserved,
        propagator=marks.PRODUCER if filled else "",
        propagate_id="n-1" if filled else "",
    )
    after = propagated(before, marks.PROPAGATOR, number)
    assert [*after.values().values()][:4] == [*before.values().values()][:4]
    assert (after.propagator, after.propagate_id) == (marks.PROPAGATOR, number)


def test_a_second_propagator_is_refused_by_name():
    once = propagated(produced(marks.PRODUCER, "n-1"), marks.PROPAGATOR, "p-1")
    with pytest.raises(MarkingError, match=marks.PROPAGATOR):
        propagated(once, "Other-Platform", "p-2")


def test_the_same_propagator_twice_changes_nothing():
    once = propagated(produced(marks.PRODUCER, "n-1"), marks.PROPAGATOR, "p-1")
    assert propagated(once, marks.PROPAGATOR, "p-2") == once


def test_a_propagators_reserved_code_is_never_written_over():
    before = Fields(label="1", producer="A", produce_id="n", reserved2="theirs")
    with pytest.raises(MarkingError, match="reserved"):
        propagated(before, marks.PROPAGATOR, "p-1")


@pytest.mark.parametrize(("status", "label"), [(AigcStatus.POSSIBLE, "2"), (AigcStatus.SUSPECTED, "3")])
def test_a_platform_states_its_own_finding_and_invents_no_producer(status, label):
    fields = suspected_by(status, marks.PROPAGATOR, "p-1")
    assert (fields.label, fields.producer, fields.produce_id) == (label, "", "")
    mark = read(fields.text)
    assert {defect.kind.level.value for defect in mark.defects} == {"warning"}
    assert fields_of(mark) == fields


@pytest.mark.parametrize("status", [AigcStatus.NONE, AigcStatus.CONFIRMED])
def test_a_platform_never_confirms_what_the_file_does_not_say(status):
    with pytest.raises(MarkingError, match="possible"):
        suspected_by(status, marks.PROPAGATOR, "p-1")


@pytest.mark.parametrize(
    "wrong", ["", "Example Studio", 'a"b', "a\\b", "a\nb", "示例", "x" * 257, "caf\u00e9"]
)
def test_what_e_j_does_not_allow_is_never_written(wrong):
    with pytest.raises(MarkingError):
        produced(wrong, "n-1")
    with pytest.raises(MarkingError):
        produced("Example-Studio", wrong)


def test_a_code_with_a_wrong_check_digit_is_no_name():
    wrong = marks.PRODUCER[:21] + ("0" if marks.PRODUCER[21] != "0" else "1") + marks.PRODUCER[22:]
    with pytest.raises(MarkingError, match="check_digit"):
        produced(wrong, "n-1")


@pytest.mark.parametrize(
    "code",
    [
        "missing_field",
        "unknown_key",
        "label_value",
        "repeated_key",
        "field_type",
        "reserved_type",
        "not_json",
    ],
)
def test_a_defective_mark_is_never_written_anew(code):
    with pytest.raises(MarkingError):
        fields_of(read(marks.defective_values()[code]))


def test_a_mark_in_the_wrong_order_can_be_put_right_without_loss():
    assert fields_of(read(marks.defective_values()["order"])).values() == marks.fields()


@given(
    body=st.text(USCC_ALPHABET, min_size=17, max_size=17), model=st.from_regex(r"[0-9A-Z]{4}", fullmatch=True)
)
def test_every_built_provider_code_is_a_valid_one(body, model):
    for service in Service:
        code = build_provider_code(body, service, model)
        assert len(code.text) == 27
        assert parse_provider_code(code.text) == code
        assert build_provider_code(body + uscc_check_character(body), service, model) == code


@pytest.mark.parametrize(
    "wrong", [("9111010", "0000"), ("91110102MACQD9K641", "0000"), ("91110102MACQD9K64", "abc1")]
)
def test_a_provider_code_is_not_built_from_what_is_wrong(wrong):
    with pytest.raises(ValueError, match=r"`"):
        build_provider_code(wrong[0], Service.GENERATION, wrong[1])


def test_numbers_by_content_are_the_same_each_time_and_differ_by_who_gives_them():
    digest = "ab" * 32
    assert id_of_content(digest, "A") == id_of_content(digest, "A") != id_of_content(digest, "B")
    assert uuid.UUID(id_of_content(digest, "A")).version == 8


def test_numbers_by_time_sort_and_never_repeat():
    numbers = [new_id() for _ in range(1000)]
    assert len(set(numbers)) == 1000
    assert all(
        uuid.UUID(number).version == 7 and uuid.UUID(number).variant == uuid.RFC_4122 for number in numbers
    )
    stamps = [number[:13] for number in numbers]
    assert stamps == sorted(stamps)


def test_a_parsed_code_is_what_the_tests_own_producer_uses():
    assert isinstance(parse_provider_code(marks.PRODUCER), ProviderCode)
