"""Fingerprints that survive copying: PDQ of pictures, TLSH of files, MinHash of text.

A fingerprint says that two things are the same or nearly so, never what they show.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt
import pdqhash
import tlsh
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.media.image import Pixels

# Every picture is brought to 512 x 512 first, so that copies of other sizes meet at the same filter widths: halving
# a picture then costs 2 bits in the median in place of 13; hashes made from full pictures differ by 5.
PDQ_SIDE = 512
PDQ_MINIMUM_SIDE = 64  # PDQ samples a 64 x 64 grid; smaller pictures have no detail to hash
TLSH_BYTES = 64 * 1024 * 1024  # about a second of hashing
PERMUTATIONS = 128  # standard error of a similarity estimate is at most 0.5 / sqrt(128) = 0.044
SHINGLE_TOKENS = 3  # three words, or three Chinese characters
NUMBER = "0"  # stands for every run of numbers
TEXT_CHARACTERS = 100_000  # only so much of a text is fingerprinted: 0.3 s

Signature = npt.NDArray[np.uint32]  # (PERMUTATIONS,) minima

# Letters of other scripts that look like Latin ones in common typefaces; both sides of a comparison fold alike.
_LOOKS_LIKE = str.maketrans(
    "аеорсухіјѕԁһӏқԛԝвкмнтгαβεικνορτυχηѵ",
    "aeopcyxijsdhlkqwbkmhtrabeikvoptuxnv",
)
# A Chinese, Japanese or Korean character is a token by itself; elsewhere a run of letters or digits is.
_TOKENS = re.compile(
    r"[぀-ヿ㐀-䶿一-鿿가-힯豈-﫿\U00020000-\U0003FFFF]|[^\W\d_぀-ヿ㐀-䶿一-鿿가-힯豈-﫿\U00020000-\U0003FFFF]+|\d+"
)


class Pdq(msgspec.Struct, frozen=True):
    """A PDQ hash: 32 bytes, and its quality from 0 (flat) to 100; below 50 it says little.

    Source: [pdq2019] "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Facebook.
    """

    bits: bytes
    quality: int


class TextPrint(msgspec.Struct, frozen=True):
    """Fingerprint of a text.

    Attributes:
        tokens: words and Chinese characters that were counted.
        normal: first 16 bytes of SHA-256 over the normalised tokens: equal when only case, spaces, punctuation,
            numbers, invisible or look-alike characters differ.
        signature: (PERMUTATIONS,) uint32 MinHash over shingles of three tokens.
    """

    tokens: int
    normal: bytes
    signature: Signature


def pdq(pixels: Pixels) -> Pdq:
    """Give the PDQ hash of a picture; a thumbnail of `PDQ_SIDE` pixels will do.

    Raises:
        DetectorError: a side is shorter than `PDQ_MINIMUM_SIDE`.
    """
    return _pdq_forms(pixels)[0]


def pdq_dihedral(pixels: Pixels) -> tuple[Pdq, ...]:
    """Give the hashes of a picture and of its turned and mirrored forms, at twice the cost of one.

    Order: as it is, turned by 90, 180 and 270 degrees, mirrored top-bottom, left-right, along both diagonals. The
    left-right mirror, which is what people use, is hashed from mirrored pixels; the others are derived by PDQ from
    one transform, 15 bits off in the median.

    Raises:
        DetectorError: a side is shorter than `PDQ_MINIMUM_SIDE`.
    """
    forms = list(_pdq_forms(pixels))
    forms[5] = pdq(pixels[:, ::-1])
    return tuple(forms)


def _pdq_forms(pixels: Pixels) -> tuple[Pdq, ...]:
    if min(pixels.shape[:2]) < PDQ_MINIMUM_SIDE:
        raise DetectorError(
            f"the picture is {pixels.shape[1]} x {pixels.shape[0]}; PDQ needs {PDQ_MINIMUM_SIDE} pixels a side"
        )
    square = Image.fromarray(np.ascontiguousarray(pixels)).resize(
        (PDQ_SIDE, PDQ_SIDE), Image.Resampling.BILINEAR
    )
    vectors, quality = pdqhash.compute_dihedral(np.asarray(square))
    return tuple(Pdq(np.packbits(vector.astype(np.uint8)).tobytes(), int(quality)) for vector in vectors)


def tlsh_of(chunks: Iterable[bytes | memoryview]) -> str:
    """Give the TLSH of bytes, `T1` and 70 hex digits; empty when they are too few or too uniform to hash.

    Source: [tlsh2013] Oliver, Cheng, Chen: "TLSH - A Locality Sensitive Hash"; needs 50 bytes and some variety.
    """
    state = tlsh.Tlsh()
    for chunk in chunks:
        state.update(bytes(chunk))
    try:
        state.final()
        value = str(state.hexdigest())
    except ValueError:  # less than 50 bytes, or all alike
        return ""
    return value if is_tlsh(value) else ""


def is_tlsh(value: str) -> bool:
    """Whether this is a TLSH with version prefix: `T1` and 70 hex digits."""
    return re.fullmatch(r"T1[0-9A-F]{70}", value) is not None


def tlsh_distance(one: str, other: str) -> int:
    """Give the TLSH distance: 0 for the same, under 30 for near copies, over 100 for strangers."""
    return int(tlsh.diff(one, other))


def text_print(text: str) -> TextPrint:
    r"""Give the fingerprint of the first `TEXT_CHARACTERS` characters of a text.

    MinHash in place of SimHash: on short messages of 20 to 200 characters, which scams are, a 64-bit SimHash
    cannot tell one changed word from three (`benchmarks/measure_known.py` shows both).

    >>> one, two = text_print("Pay $50 NOW, friend!"), text_print("pаy  50 n\u200bow friend")
    >>> one.normal == two.normal
    True
    """
    tokens = text_tokens(text)
    joined = "\x1f".join(tokens).encode()
    return TextPrint(len(tokens), hashlib.sha256(joined).digest()[:16], _minhash(_shingles(tokens)))


def text_tokens(text: str) -> list[str]:
    """Give words, numbers and Chinese characters with everything folded that a copyist can vary unseen.

    Folded: compatibility forms and accents (NFKD), case, look-alike letters, invisible characters,
    punctuation, spaces. Every run of numbers counts as the same number: amounts, dates and codes vary within a
    script, and so does how they are set (`5 0 0`, `2.99`).
    """
    plain = unicodedata.normalize("NFKD", text[:TEXT_CHARACTERS]).casefold()
    kept = "".join(
        letter
        for letter in plain
        if unicodedata.category(letter) not in {"Cf", "Mn", "Me", "Cc"} or letter in "\n\t\r"
    )
    found = _TOKENS.findall(unicodedata.normalize("NFC", kept).translate(_LOOKS_LIKE))
    counted = [NUMBER if token[0].isdigit() else token for token in found]
    return [word for at, word in enumerate(counted) if word != NUMBER or at == 0 or counted[at - 1] != NUMBER]


def similarity(one: Signature, many: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """Estimate the Jaccard similarity of one text's shingles with each of many.

    Args:
        one: (PERMUTATIONS,) uint32.
        many: (n, PERMUTATIONS) uint32.

    Returns:
        (n,) float64 in [0, 1].
    """
    return np.asarray((many == one).mean(axis=1), dtype=np.float64)


def _shingles(tokens: list[str]) -> npt.NDArray[np.uint64]:
    """Give the distinct 32-bit hashes of runs of three tokens, as uint64; short texts are one shingle."""
    count = max(1, len(tokens) - SHINGLE_TOKENS + 1)
    runs = {"\x1f".join(tokens[start : start + SHINGLE_TOKENS]) for start in range(count)}
    hashes = (hashlib.blake2b(run.encode(), digest_size=4).digest() for run in runs)
    return np.frombuffer(b"".join(hashes), dtype="<u4").astype(np.uint64)


def _minhash(shingles: npt.NDArray[np.uint64]) -> Signature:
    """Give the minimum of each permutation (a x + b mod 2^61-1, cut to 32 bits) over all shingles.

    Source: [broder1997] "On the resemblance and containment of documents".
    """
    multipliers, offsets = _permutations()
    smallest = np.full(PERMUTATIONS, np.iinfo(np.uint32).max, dtype=np.uint32)
    for start in range(0, len(shingles), 4096):  # 4 MB at a time
        mixed = shingles[start : start + 4096, None] * multipliers + offsets
        smallest = np.minimum(smallest, (mixed >> np.uint64(32)).astype(np.uint32).min(axis=0))
    return smallest


@cache
def _permutations() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Odd multipliers and offsets for multiply-shift hashing, from SHA-256 so that every build has the same."""
    seeds = b"".join(
        hashlib.sha256(f"brightline text {number}".encode()).digest()[:16] for number in range(PERMUTATIONS)
    )
    pairs = np.frombuffer(seeds, dtype="<u8").reshape(PERMUTATIONS, 2)
    return pairs[:, 0] | np.uint64(1), pairs[:, 1].copy()
