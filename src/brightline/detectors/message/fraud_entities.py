"""Where money and talk shall go: bank cards, IBANs, wallets with a checksum, phone numbers and chat accounts in a text.

Only what proves itself counts as an account: Luhn (ISO/IEC 7812), ISO 7064 MOD 97-10 for IBAN, Base58Check for Bitcoin
and TRON, Bech32 and Bech32m (BIP 173, BIP 350), EIP-55 for Ethereum. Phones and chat accounts need a word that names them.
"""

import hashlib
from collections.abc import Callable, Iterator
from enum import StrEnum

import msgspec
import re2
from stdnum import iban, luhn

from brightline.core.finding import Span

TEXT_LIMIT = 100_000  # characters that are searched
ENTITIES_LIMIT = 100  # of one text
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_SUMS = {1, 0x2BC830A3}  # Bech32, Bech32m


class Kind(StrEnum):
    """What an entity is."""

    CARD = "card"
    IBAN = "iban"
    BITCOIN = "bitcoin"
    ETHEREUM = "ethereum"
    TRON = "tron"
    PHONE = "phone"
    CHAT = "chat_account"


class Entity(msgspec.Struct, frozen=True):
    """One account, number or name to write to, as it stands in the text.

    Attributes:
        value: without spaces and hyphens; lower case where case says nothing.
    """

    kind: Kind
    value: str
    span: Span

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of `kind:value`: lists of known accounts need not name them."""
        return hashlib.sha256(f"{self.kind}:{self.value}".encode()).digest()


def find_entities(text: str) -> Iterator[Entity]:
    """Entities in order of kind and place, each value once."""
    seen: set[tuple[Kind, str]] = set()
    searched = text[:TEXT_LIMIT]
    for kind, pattern, clean in _PATTERNS:
        for match in pattern.finditer(searched):
            value = clean(match[1])
            if value and (kind, value) not in seen and len(seen) < ENTITIES_LIMIT:
                seen.add((kind, value))
                yield Entity(kind, value, Span(*match.span(1)))


def _card(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "")
    return digits if len(set(digits)) > 3 and luhn.is_valid(digits) else ""  # 1111... is a manual's


def _iban(text: str) -> str:
    number = text.replace(" ", "")
    return number if iban.is_valid(number) else ""


def is_base58(text: str, versions: frozenset[int]) -> bool:
    """Whether an address of 25 bytes carries its own double-SHA-256 checksum and one of these versions."""
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    if number >> 200:
        return False
    data = number.to_bytes(25, "big")
    zeros = len(text) - len(text.lstrip("1"))
    body, check = data[:21], data[21:]
    is_padded = zeros == len(data) - len(data.lstrip(b"\0"))
    return (
        is_padded
        and data[0] in versions
        and hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check
    )


def is_bech32(text: str) -> bool:
    """Whether a `bc1` address has a right Bech32 or Bech32m checksum (BIP 173, BIP 350)."""
    if text.lower() != text and text.upper() != text:
        return False
    prefix, _, rest = text.lower().rpartition("1")
    if any(letter not in _BECH32 for letter in rest):
        return False
    values = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    checksum = 1
    for value in values + [_BECH32.index(letter) for letter in rest]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum in _BECH32_SUMS


def is_eip55(text: str) -> bool:
    """Whether the case of an Ethereum address spells its checksum; one in a single case carries none and counts.

    Source: EIP-55. 40 hexadecimal digits behind `0x` are no other identifier in common use.
    """
    digits = text[2:]
    if digits in {digits.lower(), digits.upper()}:
        return len(set(digits.lower())) > 4  # the null address and its like
    hashed = keccak256(digits.lower().encode()).hex()
    return all(
        not letter.isalpha() or letter.isupper() == (int(nibble, 16) >= 8)  # the nibble's top bit
        for letter, nibble in zip(digits, hashed, strict=False)
    )


_ROUNDS = (
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
)  # fmt: skip
_MASK = (1 << 64) - 1
_RATE = 136  # bytes, Keccak[512]


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it: SHA-3 with the padding of before its standard (0x01 in place of 0x06).

    Source: the Keccak reference, version 3.0, 1.2 and 1.3. For an address only: a millisecond for 40 bytes.

    >>> keccak256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    padded = bytearray(data + b"\x01" + bytes(_RATE))
    padded = padded[: (len(data) // _RATE + 1) * _RATE]
    padded[-1] |= 0x80
    state = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            state[lane % 5][lane // 5] ^= int.from_bytes(
                padded[start + 8 * lane : start + 8 * lane + 8], "little"
            )
        for constant in _ROUNDS:
            state = _round(state, constant)
    return b"".join(state[lane % 5][lane // 5].to_bytes(8, "little") for lane in range(4))


def _round(state: list[list[int]], constant: int) -> list[list[int]]:
    """Theta, rho, pi, chi and iota."""
    column = [state[x][0] ^ state[x][1] ^ state[x][2] ^ state[x][3] ^ state[x][4] for x in range(5)]
    mixed = [column[(x - 1) % 5] ^ _turn(column[(x + 1) % 5], 1) for x in range(5)]
    state = [[state[x][y] ^ mixed[x] for y in range(5)] for x in range(5)]
    x, y, moved = 1, 0, state[1][0]
    for step in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        moved, state[x][y] = state[x][y], _turn(moved, (step + 1) * (step + 2) // 2 % 64)
    state = [
        [state[x][y] ^ (~state[(x + 1) % 5][y] & _MASK & state[(x + 2) % 5][y]) for y in range(5)]
        for x in range(5)
    ]
    state[0][0] ^= constant
    return state


def _turn(lane: int, bits: int) -> int:
    return (lane << bits | lane >> (64 - bits)) & _MASK if bits else lane


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit() or letter == "+")


_BITCOIN_VERSIONS, _TRON_VERSIONS = frozenset({0x00, 0x05}), frozenset({0x41})
_PATTERNS: tuple[tuple[Kind, re2._Regexp, Callable[[str], str]], ...] = (
    (
        Kind.CARD,
        re2.compile(
            r"(?:^|[^0-9])((?:62[0-9]{2}|4[0-9]{3}|5[1-5][0-9]{2})(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?)(?:$|[^0-9])"
        ),
        _card,
    ),
    (Kind.IBAN, re2.compile(r"\b([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?)\b"), _iban),
    (
        Kind.BITCOIN,
        re2.compile(r"\b([13][1-9A-HJ-NP-Za-km-z]{25,34})\b"),
        lambda text: text if is_base58(text, _BITCOIN_VERSIONS) else "",
    ),
    (
        Kind.BITCOIN,
        re2.compile(r"\b((?i:bc1)[0-9a-z]{11,71}|BC1[0-9A-Z]{11,71})\b"),
        lambda text: text.lower() if is_bech32(text) else "",
    ),
    (
        Kind.TRON,
        re2.compile(r"\b(T[1-9A-HJ-NP-Za-km-z]{33})\b"),
        lambda text: text if is_base58(text, _TRON_VERSIONS) else "",
    ),
    (
        Kind.ETHEREUM,
        re2.compile(r"\b(0x[0-9a-fA-F]{40})\b"),
        lambda text: text.lower() if is_eip55(text) else "",
    ),
    (
        Kind.PHONE,
        re2.compile(
            r"(?i)(?:call|phone|tel|text|whats ?app|mobile|dial|ring|电话|手机|致电|联系|拨打|热线|号码)[^0-9+\n]{0,24}"
            r"((?:\+|00)?[0-9(](?:[ ().-]{0,2}[0-9]){6,14})"
        ),
        _digits,
    ),
    (
        Kind.CHAT,
        re2.compile(
            r"(?i)(?:加?微信号?|v信|vx|wechat|qq群?|telegram|line id|whats ?app|飞机|电报)[ :：是为@]{1,4}"
            r"([a-z0-9][a-z0-9_.-]{4,31})"
        ),
        lambda text: text.lower(),
    ),
)
