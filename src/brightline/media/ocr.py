"""Words in pictures: where lines of text stand, and what they say.

Two small networks that ship in the `rapidocr` wheel (PP-OCRv6, Apache-2.0) run on one core through ONNX Runtime; the
wheel's own Python, which can download models, is never imported. Lines are taken as upright boxes, which is what marks
are; slanted text is found worse.
"""

import hashlib
import importlib.util
from collections import OrderedDict
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]  # it has no stubs
from PIL import Image
from scipy import ndimage

from brightline.core.errors import DetectorError
from brightline.core.finding import Box
from brightline.media.image import Pixels

SIDE = 512  # longest side at which lines are looked for: 50 ms and 100 MB; a mark of 5 % is 14 px high even at 16:9
LINES_LIMIT = 64  # lines told of one picture; a page of print has some fifty
READ_HEIGHT = 48  # rows of a line that the reading network takes
READ_WIDTH_LIMIT = 960  # columns of such a line, twenty times its height; longer lines are squeezed
_STEP = 32  # sides of the finding network are multiples of it
_TEXT_PROBABILITY = 0.3  # of a pixel, PP-OCR's own threshold
_LINE_PROBABILITY = (
    0.4  # mean over a line; PP-OCR takes 0.5, but a false line costs 10 ms and is read as nothing
)
_GROW = 1.6  # lines are found shrunk; PP-OCR's own ratio of area to margin
_MARGIN = 1.0 / 16  # of the longer side, around the picture: without it text that touches its edge is missed
_MIN_HEIGHT = 3  # rows in the shrunk map under which nothing can be read
_REMEMBERED = 8  # pictures whose lines are kept: detectors of one picture ask one after the other

Values = npt.NDArray[np.float32]


class Line(msgspec.Struct, frozen=True):
    """A line of text: where, in pixels of the picture, and how sure the network is that it is one, in [0, 1]."""

    box: Box
    score: float


_recent: OrderedDict[tuple[bytes, int, int], tuple[Line, ...]] = OrderedDict()


class Reading(msgspec.Struct, frozen=True):
    """What a line says, and the mean probability of its characters, in [0, 1]."""

    text: str
    score: float


def find_lines(pixels: Pixels) -> tuple[Line, ...]:
    """Lines of text, the surest first, at most `LINES_LIMIT`.

    Raises:
        DetectorError: the networks are not there or do not fit into memory.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < _STEP // 2:
        return ()
    scale = min(1.0, SIDE / max(height, width))
    small = Image.fromarray(pixels).resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BILINEAR
    )
    margin = round(max(small.size) * _MARGIN)
    down, across = _up(small.height + 2 * margin), _up(small.width + 2 * margin)
    around = ((margin, down - margin - small.height), (margin, across - margin - small.width), (0, 0))
    padded = np.pad(
        np.asarray(small), around, mode="edge"
    )  # a frame of another colour would be taken for a sign
    key = (hashlib.blake2b(padded.tobytes(), digest_size=16).digest(), width, height)
    if key not in _recent:
        heat = _run("PP-OCRv6_det_small.onnx", _as_input(padded))[0, 0]
        lines = (_line(heat, where, margin, scale, width, height) for where in _spots(heat))
        found = sorted((line for line in lines if line is not None), key=lambda line: -line.score)
        _recent[key] = tuple(found[:LINES_LIMIT])
        if len(_recent) > _REMEMBERED:
            _recent.popitem(last=False)
    return _recent[key]


def forget() -> None:
    """Drop the lines that are kept, so that the next picture is looked at anew; for measuring."""
    _recent.clear()


def read_line(pixels: Pixels) -> Reading:
    """What one line of text says; the pixels are those of the line with little around it.

    Raises:
        DetectorError: as for `find_lines`.
    """
    height, width = pixels.shape[:2]
    wide = min(READ_WIDTH_LIMIT, max(READ_HEIGHT, round(width * READ_HEIGHT / max(1, height))))
    image = Image.fromarray(pixels).resize((wide, READ_HEIGHT), Image.Resampling.BILINEAR)
    padded = np.full((READ_HEIGHT, -(-wide // 8) * 8, 3), 128, dtype=np.uint8)
    padded[:, :wide] = np.asarray(image)
    guesses = _run("PP-OCRv6_rec_small.onnx", _as_input(padded))[0]
    return _spelled(guesses, _characters())


def _spelled(guesses: Values, characters: tuple[str, ...]) -> Reading:
    """Greedy reading of a CTC output: repeats are one character, class 0 is none."""
    best = guesses.argmax(axis=1)
    kept = (best != 0) & np.concatenate(([True], best[1:] != best[:-1]))
    text = "".join(characters[index] for index in best[kept] if index < len(characters))
    scores = guesses.max(axis=1)[kept]
    return Reading(text.strip(), round(float(scores.mean()), 4) if len(scores) else 0.0)


def _spots(heat: Values) -> list[tuple[slice, slice]]:
    labels, _ = ndimage.label(heat > _TEXT_PROBABILITY)
    return [where for where in ndimage.find_objects(labels)[: 4 * LINES_LIMIT] if where is not None]


def _line(
    heat: Values, where: tuple[slice, slice], margin: int, scale: float, width: int, height: int
) -> Line | None:
    """The spot grown to the whole line, in pixels of the picture."""
    rows, columns = where
    tall, wide = rows.stop - rows.start, columns.stop - columns.start
    inside = heat[where]
    score = float(inside[inside > _TEXT_PROBABILITY].mean())
    if min(tall, wide) < _MIN_HEIGHT or score < _LINE_PROBABILITY:
        return None
    grow = tall * wide * _GROW / (2 * (tall + wide))
    left, top = (columns.start - margin - grow) / scale, (rows.start - margin - grow) / scale
    right, bottom = (columns.stop - margin + grow) / scale, (rows.stop - margin + grow) / scale
    x, y = max(0, round(left)), max(0, round(top))
    x_end, y_end = min(width, round(right)), min(height, round(bottom))
    if x_end <= x or y_end <= y:
        return None
    return Line(Box(x, y, x_end - x, y_end - y), round(score, 4))


def _up(value: int) -> int:
    return -(-value // _STEP) * _STEP


def _as_input(pixels: Pixels) -> Values:
    """(1, 3, height, width) float32 in [-1, 1], blue first, as both networks were trained."""
    return np.ascontiguousarray(((pixels[..., ::-1].astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1))[
        None
    ]


def _run(model: str, values: Values) -> Values:
    try:
        session = _session(model)
        return np.asarray(session.run(None, {"x": values})[0], dtype=np.float32)
    except (
        RuntimeError,
        MemoryError,
        ValueError,
    ) as error:  # what ONNX Runtime raises; it has no class of its own
        raise DetectorError(f"the text network `{model}` cannot run: {str(error)[:120]}") from error


@cache
def _session(model: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the pool gives each worker one core
    options.enable_cpu_mem_arena = False  # an arena keeps its peak for ever
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    options.add_session_config_entry(
        "session.disable_prepacking", "1"
    )  # packed copies cost 15 MB and save no time
    return onnxruntime.InferenceSession(str(_model_path(model)), options, providers=["CPUExecutionProvider"])


def _model_path(model: str) -> Path:
    spec = importlib.util.find_spec("rapidocr")  # finds the folder; imports nothing
    if spec is None or spec.origin is None:
        raise DetectorError("the wheel `rapidocr`, which carries the text networks, is not installed")
    path = Path(spec.origin).parent / "models" / model
    if not path.is_file():
        raise DetectorError(f"the wheel `rapidocr` carries no `{model}`; install the version in `uv.lock`")
    return path


@cache
def _characters() -> tuple[str, ...]:
    """Class 0 is none, then the network's own list, then a space."""
    stored = _session("PP-OCRv6_rec_small.onnx").get_modelmeta().custom_metadata_map["character"]
    return ("", *stored.split("\n"), " ")
