import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.detectors.message.fraud_entities import (
    Kind,
    find_entities,
    is_base58,
    is_bech32,
    is_eip55,
    keccak256,
)


def found(text: str) -> list[tuple[Kind, str]]:
    return [(entity.kind, entity.value) for entity in find_entities(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("send to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Kind.BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            Kind.BITCOIN,
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            Kind.BITCOIN,
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ),
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            Kind.ETHEREUM,
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ),
        ("地址TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t 转U", Kind.TRON, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
        ("IBAN GB82 WEST 1234 5698 7654 32", Kind.IBAN, "GB82WEST12345698765432"),
        ("卡号4012 8888 8888 1881。", Kind.CARD, "4012888888881881"),
        ("call us on +1 (888) 555-0129 now", Kind.PHONE, "+18885550129"),
        ("加微信：abc_12345", Kind.CHAT, "abc_12345"),
    ],
)
def test_accounts_and_numbers_are_found(text, kind, value):
    assert (kind, value) in found(text)
    entity = next(one for one in find_entities(text) if one.kind is kind)
    assert (
        text[entity.span.start : entity.span.end].replace(" ", "").lower().lstrip("+")[:2]
        == value.lower().lstrip("+")[:2]
        or kind
    )


@pytest.mark.parametrize(
    "text",
    [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",  # one letter off
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "0x0000000000000000000000000000000000000000",
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u",
        "GB82 WEST 1234 5698 7654 33",
        "4012 8888 8888 1882",
        "order 1234567890 of 2024",
    ],
)
def test_what_fails_its_checksum_is_no_account(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "address",
    [
        "0x52908400098527886E0F7030069857D2E4169EE7",  # the examples of EIP-55
        "0xde709f2102306220921060314715629080e2fb77",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_the_addresses_of_eip_55_hold(address):
    assert is_eip55(address)


def test_keccak_is_that_of_ethereum_on_one_block_and_on_two():
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"abc").hex() == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    assert keccak256(b"a" * 135) != keccak256(b"a" * 136) != keccak256(b"a" * 137)


@given(
    st.text(alphabet="123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", min_size=26, max_size=35)
)
def test_random_base58_is_hardly_ever_an_address(text):
    assert not is_base58(text, frozenset({0x00, 0x05, 0x41}))


@given(st.integers(0, 41), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
def test_one_wrong_letter_breaks_bech32(place, letter):
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    changed = address[:place] + letter + address[place + 1 :]
    assert is_bech32(changed) == (changed == address)


def test_fingerprints_tell_kinds_apart():
    entities = {
        entity.fingerprint for entity in find_entities("GB82 WEST 1234 5698 7654 32 4012 8888 8888 1881")
    }
    assert len(entities) == 2
