"""Faces are found where they are, with their points in order, and nowhere else."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw
from skimage import data

from brightline.detectors.image.faces import FACES_LIMIT, Face, find_faces
from brightline.detectors.image.upright import align


@pytest.fixture(scope="module")
def astronaut():
    return data.astronaut()  # NASA, public domain: one face, about 110 pixels high, in 512 x 512


def only(faces: tuple[Face, ...]) -> Face:
    assert len(faces) == 1
    return faces[0]


def resized(pixels, side):
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS))


def test_a_face_is_found_where_it_is(astronaut):
    face = only(find_faces(astronaut))
    assert 165 < face.box.x < 190
    assert 50 < face.box.y < 80
    assert 80 < face.box.width < 105
    assert 95 < face.box.height < 125
    assert face.confidence > 0.99


def test_its_points_are_eyes_nose_and_mouth_in_that_order(astronaut):
    eye, other_eye, nose, mouth, other_mouth = only(find_faces(astronaut)).points
    assert (eye.x, eye.y) == pytest.approx((204, 102), abs=6)
    assert (other_eye.x, other_eye.y) == pytest.approx((247, 103), abs=6)
    assert (nose.x, nose.y) == pytest.approx((226, 128), abs=8)
    assert mouth.x < nose.x < other_mouth.x
    assert min(mouth.y, other_mouth.y) > nose.y


@pytest.mark.parametrize("side", [220, 1024, 2400])
def test_the_same_face_is_found_in_other_sizes(astronaut, side):
    face, scale = only(find_faces(resized(astronaut, side), least=20)), side / 512
    assert face.box.x / scale == pytest.approx(179, abs=12)
    assert face.side / scale == pytest.approx(116, abs=14)  # boxes vary more than points


def test_faces_smaller_than_asked_for_are_not_looked_for(astronaut):
    assert find_faces(astronaut, least=300) == ()


def test_each_of_several_faces_is_found(astronaut):
    face = astronaut[20:220, 120:320]
    faces = find_faces(np.tile(face, (2, 3, 1)))
    assert len(faces) == 6
    assert list(faces) == sorted(faces, key=lambda one: -one.confidence)


def test_a_face_at_the_edge_has_its_box_inside_the_picture(astronaut):
    face = only(find_faces(astronaut[:, 190:]))
    assert face.box.x == 0
    assert face.box.width < 90


def test_more_faces_than_the_limit_are_cut_off(astronaut):
    crowd = np.tile(resized(astronaut[40:200, 140:300], 96), (8, 8, 1))
    assert len(find_faces(crowd)) == FACES_LIMIT


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket", "immunohistochemistry"])
def test_pictures_without_a_person_have_no_face(name):
    assert find_faces(getattr(data, name)()) == ()


def test_a_drawn_face_is_no_face():
    picture = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((80, 80, 320, 320), outline="black", width=6)
    for x in (150, 250):
        draw.ellipse((x - 12, 160, x + 12, 190), fill="black")
    draw.arc((140, 190, 260, 280), 20, 160, fill="black", width=6)
    assert find_faces(np.asarray(picture)) == ()


def test_noise_flat_and_tiny_pictures_have_no_face():
    noise = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    for pixels in (noise, np.full((500, 700, 3), 127, np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert find_faces(pixels) == ()


def test_the_same_pixels_give_the_same_faces(astronaut):
    assert find_faces(astronaut) == find_faces(astronaut.copy())


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.data())
def test_any_pixels_give_boxes_inside_the_picture(height, width, drawn):
    pixels = drawn.draw(arrays(np.uint8, (height, width, 3)))
    for face in find_faces(pixels, least=16, confidence=0.0):
        assert 0 <= face.box.x < face.box.x + face.box.width <= width
        assert 0 <= face.box.y < face.box.y + face.box.height <= height
        assert align(pixels, face, 16, 2.0).shape == (16, 16, 3)


@pytest.mark.parametrize("turned", [-25, 0, 25])
def test_an_aligned_face_is_upright_however_the_head_was_held(astronaut, turned):
    picture = np.asarray(Image.fromarray(astronaut).rotate(turned, Image.Resampling.BICUBIC))
    upright = align(picture, only(find_faces(picture)), 224, margin=0.4)
    assert upright.shape == (224, 224, 3)
    eye, other_eye, *_ = only(find_faces(upright)).points
    tilt = math.degrees(math.atan2(other_eye.y - eye.y, other_eye.x - eye.x))
    assert tilt == pytest.approx(0, abs=5)
    assert other_eye.x - eye.x == pytest.approx(224 * 0.316 / 1.8, rel=0.12)


def test_what_lies_outside_the_picture_is_mirrored(astronaut):
    cut = np.ascontiguousarray(astronaut[70:170, 170:280])
    upright = align(cut, only(find_faces(cut)), 128, margin=1.0)
    assert upright[:8].std() > 10  # neither black nor one colour


def test_an_aligned_face_of_a_large_picture_is_as_sharp_as_the_small_one(astronaut):
    small, large = (resized(astronaut, side) for side in (512, 2400))
    one, other = (align(picture, only(find_faces(picture)), 96).astype(float) for picture in (small, large))
    assert np.abs(one - other).mean() < 10
