import av
import numpy as np
import pytest
from heif import heic
from mediaparts import scene, subject
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.core.subject import Kind
from brightline.media.image import Size, decode, size, thumbnail

pytestmark = pytest.mark.skipif(
    "libx265" not in av.codecs_available, reason="FFmpeg was built without an HEVC encoder"
)


def test_a_heic_picture_is_decoded():
    picture = scene(320, 240)
    photo = subject(heic(picture), Kind.HEIF)
    assert size(photo) == Size(320, 240)
    assert np.abs(decode(photo).astype(int) - np.asarray(picture, dtype=int)).mean() < 6
    assert thumbnail(photo, 80).shape == (60, 80, 3)


@pytest.mark.parametrize(
    ("turns", "move"),
    [(1, Image.Transpose.ROTATE_90), (2, Image.Transpose.ROTATE_180), (3, Image.Transpose.ROTATE_270)],
)
def test_a_turned_heic_picture_stands_upright_once(turns, move):
    picture = scene(320, 240)
    expected = np.asarray(picture.transpose(move), dtype=int)
    pixels = decode(subject(heic(picture, turns), Kind.HEIF))
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 6
    assert size(subject(heic(picture, turns), Kind.HEIF)) == Size(pixels.shape[1], pixels.shape[0])


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_a_truncated_heic_picture_is_a_detector_error(kept):
    data = heic(scene(320, 240))
    with pytest.raises(DetectorError):
        decode(subject(data[: int(len(data) * kept)], Kind.HEIF))
