"""Faces are judged one by one by a network that its table calibrates; what cannot be judged gets no number."""

import hashlib
from io import BytesIO

import numpy as np
import pytest
from onnxparts import brightness, integer, ints, model, node, port
from PIL import Image
from skimage import data

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.image.face_model import Table, open_judge
from brightline.detectors.image.manipulated import FACES_LIMIT, detect, judged
from brightline.weights.store import table

SCALE = "[[calibration]]\nquality = {quality}\nface = {face}\nslope = {slope}\noffset = 0.0\n"
EVERY = SCALE.format(quality=[0, 100], face=[0, 1_000_000], slope=1.0)
TABLE = "size = 64\nmargin = 0.3\nleast_face = 64\nleast_quality = 40\nunlikely = 0.5\nlikely = 0.9\n"


def weights(folder, said=TABLE + EVERY, network=None):
    network = brightness(side=64) if network is None else network
    (folder / "image_swap.onnx").write_bytes(network)
    (folder / "image_swap.toml").write_text(said)
    (folder / "manifest.toml").write_text(f'[image_swap]\nsha256 = "{hashlib.sha256(network).hexdigest()}"\n')
    return folder


@pytest.fixture
def judge(tmp_path):
    return open_judge(weights(tmp_path))  # takes a bright face for a manipulated one


def subject(pixels, form="PNG", **options):
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    context = Context(time="2026-11-23T00:00:00Z")
    return Subject(
        digest=digest, size_bytes=len(stream.getvalue()), kind=Kind(form.lower()), context=context, blob=Blob(stream.getvalue())
    )  # fmt: skip


def lit(light):
    return np.clip(data.astronaut() * light, 0, 255).astype(np.uint8)  # NASA, public domain


def test_a_face_that_the_network_calls_manipulated_is_told_with_its_place(judge):
    (found,) = judged(subject(lit(1.3)), judge)
    assert (found.claim, found.detail("verdict")) == ("manipulated.face", "likely")
    assert found.basis is Basis.ESTIMATE
    assert found.harm is Harm.IMPERSONATION_FACE
    assert 0.95 <= found.probability < 0.991  # log odds of 4.6 at most
    assert 165 < found.where[0].x < 190


def test_a_face_that_it_does_not_accuses_nobody(judge):
    (found,) = judged(subject(lit(0.5)), judge)
    assert found.detail("verdict") == "unlikely"
    assert found.harm is None
    assert found.probability < 0.5


def test_between_the_two_it_abstains(tmp_path):
    flat = TABLE + SCALE.format(quality=[0, 100], face=[0, 1_000_000], slope=0.05)
    (found,) = judged(subject(lit(1.3)), open_judge(weights(tmp_path, flat)))
    assert found.detail("verdict") == "unclear"
    assert found.harm is None


def test_each_face_is_judged_by_itself(judge):
    both = np.hstack([lit(0.5)[:300, 100:330], lit(1.3)[:300, 100:330]])
    (found,) = judged(subject(both), judge)
    assert found.detail("verdict") == "likely"
    assert found.where[0].x > 230


def test_where_no_face_is_suspect_one_finding_speaks_of_all(judge):
    both = np.hstack([lit(0.5)[:300, 100:330]] * 2)
    (found,) = judged(subject(both), judge)
    assert found.detail("faces") == "2"
    assert len(found.where) == 2


def test_only_the_largest_faces_of_a_crowd_are_judged(judge):
    crowd = np.tile(lit(0.5)[30:190, 140:310], (4, 4, 1))
    (found,) = judged(subject(crowd), judge)
    assert found.detail("faces") == str(FACES_LIMIT)


def test_a_picture_without_a_face_has_no_finding(judge):
    assert [*judged(subject(data.coffee()), judge)] == []


def test_a_small_face_gets_no_number(judge):
    small = np.asarray(Image.fromarray(lit(1.3)).resize((230, 230)))
    (found,) = judged(subject(small), judge)
    assert (found.claim, found.detail("verdict"), found.detail("reason")) == (
        "image.scope",
        "not_applicable",
        "small",
    )
    assert found.harm is None


def test_a_hard_compressed_picture_gets_no_number(judge):
    (found,) = judged(subject(lit(1.2), "JPEG", quality=20), judge)
    assert (found.claim, found.detail("reason")) == ("image.scope", "compressed")


def test_the_first_calibration_that_fits_is_used(tmp_path):
    said = TABLE + SCALE.format(quality=[0, 80], face=[0, 1_000_000], slope=0.001) + EVERY
    judge = open_judge(weights(tmp_path, said))
    (low,), (high,) = (judged(subject(lit(1.3), "JPEG", quality=one), judge) for one in (75, 95))
    assert low.probability == pytest.approx(0.5, abs=0.01)
    assert high.probability > 0.9


def test_the_same_bytes_give_the_same_finding(judge):
    picture = subject(lit(1.1), "JPEG", quality=85)
    assert [*judged(picture, judge)] == [*judged(picture, judge)]


@pytest.mark.parametrize(
    "said",
    [
        TABLE,
        TABLE + SCALE.format(quality=[0, 80], face=[0, 1_000_000], slope=1.0),
        TABLE + SCALE.format(quality=[0, 100], face=[0, 1_000_000], slope=-1.0),
        TABLE.replace("unlikely = 0.5", "unlikely = 0.95") + EVERY,
        TABLE.replace("size = 64", "size = 4") + EVERY,
        "size = 64",
        "=",
    ],
)
def test_a_table_that_would_leave_a_face_unjudged_is_refused(tmp_path, said):
    with pytest.raises(DetectorError, match="malformed"):
        table("image_swap", Table, weights(tmp_path, said))


def test_a_network_that_the_manifest_does_not_pin_is_refused(tmp_path):
    folder = weights(tmp_path)
    (folder / "image_swap.onnx").write_bytes(brightness(side=64, gain=1.0))
    with pytest.raises(DetectorError, match="not those that the manifest names"):
        open_judge(folder)


def test_a_network_with_other_ports_is_refused(tmp_path):
    graph = node("ReduceMean", ["pixels"], ["other"], ints("axes", [1, 2, 3]), integer("keepdims", 0))
    graph += port(11, "pixels", ["N", 3, 64, 64]) + port(12, "other", ["N"])
    with pytest.raises(DetectorError, match="other ports"):
        open_judge(weights(tmp_path, network=model(graph)))


@pytest.mark.parametrize("quality", [95, 85, 75])
def test_the_shipped_network_accuses_no_real_face(quality):
    (found,) = detect(subject(data.astronaut(), "JPEG", quality=quality))
    assert found.detail("verdict") in {"unlikely", "unclear"}
    assert found.harm is None
