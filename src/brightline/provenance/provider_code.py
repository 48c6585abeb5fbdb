"""Provider codes of TC260-PG-20252A: 27 characters that name who generated or propagated content.

    00 | 1            | 1              | 91110102MACQD9K640 | 1            | 0000
    id | subject type | binding to it  | the bound code     | service type | model or application, free

Binding `1` is the Unified Social Credit Code, whose last character checks the other 17 (GB 32100-2015, mod 31). The
code is self-assigned: a valid one shows form, not identity.
"""

import re
from enum import StrEnum

import msgspec

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015 4.1.6: no I, O, S, V, Z
CODE_LENGTH = 27
_VALUES = {character: value for value, character in enumerate(USCC_ALPHABET)}
_WEIGHTS = tuple(pow(3, index, 31) for index in range(17))
_LIKE_CODE = re.compile(
    r"(?=(?:[A-Za-z]*[0-9]){6})(?:00[0-9A-Za-z]{13,38}|[0-9A-Za-z]{27})"
)  # six digits or more

# Producers whose codes were seen in public files; each passes the check digit. Read from public registers of marks.
KNOWN_PRODUCERS = {
    "91110102MACQD9K640": "Doubao",
    "9144030008867405X2": "Jimeng",
    "91440101MA9Y9T4H7A": "Qwen",
    "91110108335469089C": "Kling",
    "91440300708461136T": "Tencent",
    "91110000802100433B": "Baidu",
    "91110105MACJ6K1C8A": "LibLib",
    "91340100MAEB4N8H76": "RunningHub",
    "91440300MA5G49LC9K": "Honor YOYO",
}


class Service(StrEnum):
    """What the provider did."""

    GENERATION = "generation"
    PROPAGATION = "propagation"


class CodeFault(StrEnum):
    """Why a text is no valid provider code."""

    NAME = "name"  # does not try to be a code: a name, which the standard allows
    LENGTH = "length"
    FORMAT = "format"  # does not begin with 00
    ALPHABET = "alphabet"  # a character that may not stand where it stands
    SERVICE = "service"  # service type neither 1 nor 2
    CHECK_DIGIT = "check_digit"


class ProviderCode(msgspec.Struct, frozen=True, kw_only=True):
    """A provider code, taken apart.

    Attributes:
        subject_type: `1` is an organisation.
        binding: what the bound code is; `1` is a Unified Social Credit Code.
        bound: the 18 characters of it.
        service: generation or propagation.
        suffix: four free characters, the model or application.
    """

    subject_type: str
    binding: str
    bound: str
    service: Service
    suffix: str

    @property
    def text(self) -> str:
        """The 27 characters."""
        service = "1" if self.service is Service.GENERATION else "2"
        return f"00{self.subject_type}{self.binding}{self.bound}{service}{self.suffix}"

    @property
    def producer(self) -> str:
        """Name of a known producer with this bound code, or the empty string."""
        return KNOWN_PRODUCERS.get(self.bound, "")


def parse_provider_code(text: str) -> ProviderCode | CodeFault:
    """The code in `text`, or why there is none.

    >>> parse_provider_code("001191110102MACQD9K64010000").producer
    'Doubao'
    >>> parse_provider_code("001191110102MACQD9K64110000").value
    'check_digit'
    >>> parse_provider_code("Example Studio").value
    'name'
    """
    if not _LIKE_CODE.fullmatch(text) and not is_uscc(text):
        return CodeFault.NAME
    if len(text) != CODE_LENGTH:
        return CodeFault.LENGTH
    if not text.startswith("00"):
        return CodeFault.FORMAT
    bound = text[4:22]
    if not set(bound) <= _VALUES.keys() or not re.fullmatch(r"[0-9A-Z]{2}", text[2:4]):
        return CodeFault.ALPHABET
    if text[22] not in "12":
        return CodeFault.SERVICE
    if not re.fullmatch(r"[0-9A-Z]{4}", text[23:]):
        return CodeFault.ALPHABET
    if text[3] == "1" and not is_uscc(bound):
        return CodeFault.CHECK_DIGIT
    return ProviderCode(
        subject_type=text[2],
        binding=text[3],
        bound=bound,
        service=Service.GENERATION if text[22] == "1" else Service.PROPAGATION,
        suffix=text[23:],
    )


def build_provider_code(
    uscc: str, service: Service = Service.GENERATION, model_code: str = "0000"
) -> ProviderCode:
    """The code of an organisation that is bound by its Unified Social Credit Code.

    Args:
        uscc: 18 characters with a valid check digit, or the first 17, which get theirs.
        service: what the organisation does.
        model_code: four characters 0-9A-Z that the organisation chooses for a model or application.

    Raises:
        ValueError: one of them has the wrong length or alphabet, or the check digit does not hold.

    >>> build_provider_code("91110102MACQD9K64").text
    '001191110102MACQD9K64010000'
    """
    if not set(uscc) <= _VALUES.keys() or len(uscc) not in {17, 18}:
        raise ValueError(f"`{uscc[:40]}` is no Unified Social Credit Code: 18 characters of {USCC_ALPHABET}")
    whole = uscc if len(uscc) == 18 else uscc + uscc_check_character(uscc)
    if not is_uscc(whole):
        right = uscc_check_character(whole[:17])
        raise ValueError(
            f"the check digit of `{whole}` is `{whole[17]}`, expected `{right}` (GB 32100-2015 4.4)"
        )
    if not re.fullmatch(r"[0-9A-Z]{4}", model_code):
        raise ValueError(f"model code `{model_code[:40]}`, expected four of 0-9 and A-Z")
    return ProviderCode(subject_type="1", binding="1", bound=whole, service=service, suffix=model_code)


def is_uscc(text: str) -> bool:
    """Whether `text` is a Unified Social Credit Code: 18 characters whose last one checks the rest.

    Every weight and every difference of values is non-zero modulo the prime 31, so any one wrong character is caught.
    """
    if len(text) != 18 or not set(text) <= _VALUES.keys():
        return False
    return uscc_check_character(text[:17]) == text[17]


def uscc_check_character(body: str) -> str:
    """The 18th character for the first 17 (GB 32100-2015 4.4): 31 minus the weighted sum, modulo 31.

    Raises:
        KeyError: a character outside the alphabet.
    """
    total = sum(_VALUES[character] * weight for character, weight in zip(body, _WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]
