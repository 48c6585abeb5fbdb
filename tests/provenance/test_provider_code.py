"""Provider codes of TC260-PG-20252A."""

from hypothesis import given
from hypothesis import strategies as st

from brightline.provenance.provider_code import (
    KNOWN_PRODUCERS,
    USCC_ALPHABET,
    CodeFault,
    ProviderCode,
    Service,
    is_uscc,
    parse_provider_code,
    uscc_check_character,
)

_ANY = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
bodies = st.text(USCC_ALPHABET, min_size=17, max_size=17)
codes = st.builds(
    lambda body, service, suffix: ProviderCode(
        subject_type="1",
        binding="1",
        bound=body + uscc_check_character(body),
        service=service,
        suffix=suffix,
    ),
    bodies,
    st.sampled_from(Service),
    st.text(_ANY, min_size=4, max_size=4),
)


def test_every_known_producer_passes_its_check_digit() -> None:
    assert all(is_uscc(code) for code in KNOWN_PRODUCERS)


def test_a_known_code_names_its_producer() -> None:
    parsed = parse_provider_code("001191440300708461136T1XGW3")
    assert isinstance(parsed, ProviderCode)
    assert (parsed.producer, parsed.service, parsed.suffix) == ("Tencent", Service.GENERATION, "XGW3")


@given(codes)
def test_a_code_with_its_check_digit_round_trips(code: ProviderCode) -> None:
    if sum(character.isdigit() for character in code.text) >= 6:
        assert parse_provider_code(code.text) == code


@given(bodies, st.integers(0, 17), st.sampled_from(_ANY))
def test_any_one_wrong_character_of_the_bound_code_is_caught(body: str, index: int, wrong: str) -> None:
    right = body + uscc_check_character(body)
    text = right[:index] + wrong + right[index + 1 :]
    assert is_uscc(text) == (wrong == right[index])


@given(bodies, st.integers(0, 15))
def test_swapped_neighbours_are_caught(body: str, index: int) -> None:
    right = body + uscc_check_character(body)
    swapped = right[:index] + right[index + 1] + right[index] + right[index + 2 :]
    assert is_uscc(swapped) == (swapped == right)


def test_each_fault_has_its_name() -> None:
    good = "001191110102MACQD9K64010000"
    assert isinstance(parse_provider_code(good), ProviderCode)
    faults = {
        good[:-1]: CodeFault.LENGTH,
        good + "0": CodeFault.LENGTH,
        "91110102MACQD9K640": CodeFault.LENGTH,
        "01" + good[2:]: CodeFault.FORMAT,
        good.lower(): CodeFault.ALPHABET,
        good[:10] + "I" + good[11:]: CodeFault.ALPHABET,
        good[:-1] + "z": CodeFault.ALPHABET,
        good[:22] + "3" + good[23:]: CodeFault.SERVICE,
        good[:21] + "1" + good[22:]: CodeFault.CHECK_DIGIT,
        "doubao": CodeFault.NAME,
        "Minimax Agent AI": CodeFault.NAME,
        "": CodeFault.NAME,
        "00": CodeFault.NAME,
    }
    assert {text: parse_provider_code(text) for text in faults} == faults


def test_another_binding_than_the_credit_code_has_no_check_digit() -> None:
    parsed = parse_provider_code("002291110102MACQD9K64110000")
    assert isinstance(parsed, ProviderCode)
    assert parsed.producer == ""


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(parse_provider_code(text), ProviderCode | CodeFault)
