"""Error correction for watermark payloads: a checksum, then a convolutional code that is read from soft values.

48 payload bits and a CRC-24 go through the rate 1/4, constraint length 9 code of [proakis2008] table 8.2-3; the
coded bits are spread, repeated in turn, over however many places a carrier offers.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.uint8]  # (n,) of 0 and 1
Soft = npt.NDArray[np.float64]  # (n,) positive leans to 0, negative to 1, size is certainty

PAYLOAD_BITS = 48  # an identifier: 2**48 marked items a key
CRC_BITS = 24  # a wrong payload passes once in 16.7 million readings
MEMORY = 8  # bits that the encoder remembers; 256 states cost milliseconds to search
GENERATORS = (0o463, 0o535, 0o733, 0o745)  # free distance 24
CODED_BITS = (PAYLOAD_BITS + CRC_BITS + MEMORY) * len(GENERATORS)
_CRC_POLYNOMIAL = 0x864CFB  # CRC-24 of OpenPGP, RFC 9580 section 6.1
_CRC_START = 0xB704CE
_STATES = 1 << MEMORY


def encode(payload: int, places: int) -> Bits:
    """Bits to embed at so many places, each coded bit about equally often.

    Raises:
        ValueError: the payload is not in [0, 2**48), or there are fewer places than coded bits.

    >>> len(encode(1, 640))
    640
    """
    if not 0 <= payload < 1 << PAYLOAD_BITS:
        raise ValueError(f"payload is {payload}, expected 0 to 2**{PAYLOAD_BITS} - 1")
    if places < CODED_BITS:
        raise ValueError(f"{places} places, expected at least {CODED_BITS}")
    coded = _convolve(_message(payload))
    return np.resize(coded, places)


def decode(soft: Soft) -> int | None:
    """The payload that fits soft values best; None when its checksum does not hold.

    Raises:
        ValueError: there are fewer values than coded bits.

    >>> decode(1.0 - 2.0 * encode(0xC0FFEE, 700)) == 0xC0FFEE
    True
    """
    if len(soft) < CODED_BITS:
        raise ValueError(f"{len(soft)} soft values, expected at least {CODED_BITS}")
    gathered: Soft = np.bincount(
        np.arange(len(soft)) % CODED_BITS, weights=soft, minlength=CODED_BITS
    ).astype(np.float64)
    bits = _search(gathered.reshape(-1, len(GENERATORS)))[: PAYLOAD_BITS + CRC_BITS]
    value = int("".join(map(str, bits)), 2)
    payload, checksum = value >> CRC_BITS, value & ((1 << CRC_BITS) - 1)
    return payload if _crc(payload) == checksum else None


def _message(payload: int) -> Bits:
    """Payload, checksum and the zeros that bring the encoder home."""
    value = (payload << CRC_BITS | _crc(payload)) << MEMORY
    size = PAYLOAD_BITS + CRC_BITS + MEMORY
    return np.array([value >> (size - 1 - place) & 1 for place in range(size)], dtype=np.uint8)


def _crc(payload: int) -> int:
    register = _CRC_START
    for byte in payload.to_bytes(PAYLOAD_BITS // 8, "big"):
        register ^= byte << 16
        for _ in range(8):
            register <<= 1
            if register & 0x1000000:
                register ^= 0x1000000 | _CRC_POLYNOMIAL
    return register & 0xFFFFFF


def _convolve(message: Bits) -> Bits:
    outputs = _outputs()
    state, coded = 0, []
    for bit in message.tolist():
        window = bit << MEMORY | state
        coded.append(outputs[window])
        state = window >> 1
    return np.concatenate(coded)


@cache
def _outputs() -> Bits:
    """(2**9, 4): what the encoder says for each content of its window."""
    table = [[(window & taps).bit_count() & 1 for taps in GENERATORS] for window in range(2 * _STATES)]
    return np.array(table, dtype=np.uint8)


def _search(soft: npt.NDArray[np.float64]) -> list[int]:
    """The most likely message, by Viterbi's algorithm over (steps, 4) soft values."""
    signs = 1.0 - 2.0 * _outputs()
    states = np.arange(_STATES)
    bit = states >> (MEMORY - 1)  # the bit that led into a state is its highest
    before = np.stack([(states << 1 | low) & (_STATES - 1) for low in (0, 1)])  # two ways into each state
    windows = bit << MEMORY | before
    score = np.full(_STATES, -np.inf)
    score[0] = 0.0
    choices = np.empty((len(soft), _STATES), dtype=np.intp)
    for step, values in enumerate(soft):
        ways = score[before] + (signs @ values)[windows]
        choices[step] = ways.argmax(axis=0)
        score = ways.max(axis=0)
    state, message = 0, []
    for choice in choices[::-1]:
        message.append(state >> (MEMORY - 1))
        state = int(before[choice[state], state])
    return message[::-1]
