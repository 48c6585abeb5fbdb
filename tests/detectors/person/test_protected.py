"""Protected persons are known again in changed copies; strangers are not, and nothing is told of them."""

from datetime import UTC, date, datetime
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from skimage import data

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Box
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.image.faces import find_faces
from brightline.detectors.person import template
from brightline.detectors.person.files import FILE_NAME
from brightline.detectors.person.odds import probability_of
from brightline.detectors.person.protected import compare, prepare
from brightline.detectors.person.register import Register, draft
from brightline.detectors.person.template import distance, template_of
from brightline.settings import Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LAST = date(2029, 11, 1)


def subject(image, form="PNG", **options):
    stream = BytesIO()
    image.save(stream, form, **options)
    return Subject(
        digest=f"{hash(stream.getvalue()) & (2**64 - 1):064x}",
        size_bytes=len(stream.getvalue()),
        kind=Kind(form.lower()),
        context=Context(time="2026-11-23T00:00:00Z"),
        blob=Blob(stream.getvalue()),
    )


@pytest.fixture(scope="module")
def astronaut():
    return Image.fromarray(data.astronaut())  # NASA, public domain


@pytest.fixture(scope="module")
def own(astronaut):
    pixels = np.asarray(astronaut)
    return template_of(pixels, find_faces(pixels)[0])


@pytest.fixture(scope="module")
def settings(tmp_path_factory, own):
    home = tmp_path_factory.mktemp("home")
    draft(Register().with_person("p-1", "file 17", LAST, [own], NOW), home).save(home)
    return Settings(home=home, protect_persons=True)


@pytest.fixture(scope="module")
def strangers_settings(tmp_path_factory, own):
    home = tmp_path_factory.mktemp("home")
    stranger = -own  # as far away as a template can be
    draft(Register().with_person("p-2", "file 18", LAST, [stranger], NOW), home).save(home)
    return Settings(home=home, protect_persons=True)


CHANGES = {
    "jpeg": lambda image: subject(image, "JPEG", quality=30),
    "half size": lambda image: subject(image.resize((256, 256)), "JPEG", quality=75),
    "crop": lambda image: subject(image.crop((120, 20, 330, 230))),
    "dark": lambda image: subject(ImageEnhance.Brightness(image).enhance(0.5)),
    "turned": lambda image: subject(image.rotate(15, Image.Resampling.BICUBIC)),
    "grey": lambda image: subject(image.convert("L")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_protected_person_is_known_again_in_a_changed_copy(change, astronaut, settings):
    found = [*prepare(settings)(CHANGES[change](astronaut))]
    assert [one.detail("verdict") for one in found] == ["found"]
    assert found[0].claim == "person.protected"
    assert found[0].probability > 0.9
    assert isinstance(found[0].where[0], Box)


def test_a_likeness_is_an_estimate_and_accuses_nobody(astronaut, settings):
    found = next(iter(prepare(settings)(subject(astronaut))))
    assert found.basis is Basis.ESTIMATE
    assert found.harm is None
    assert found.probability < 1.0


def test_a_finding_tells_the_random_record_and_not_the_name(astronaut, settings):
    found = next(iter(prepare(settings)(subject(astronaut))))
    person = Register.load(settings.home).persons[0]
    assert found.detail("record") == person.record
    assert found.detail("register") == Register.load(settings.home).digest
    assert "p-1" not in str(found)
    assert "file 17" not in str(found)


def test_of_a_stranger_nothing_is_told_but_that_the_register_was_asked(astronaut, strangers_settings):
    found = [*prepare(strangers_settings)(subject(astronaut))]
    assert [one.detail("verdict") for one in found] == ["not_found"]
    assert found[0].probability == 0.0
    assert found[0].where == ()
    assert {one.name for one in found[0].details} == {"faces", "register", "verdict"}


def test_it_is_off_by_default(astronaut, settings):
    assert Settings().protect_persons is False
    assert [*prepare(Settings(home=settings.home))(subject(astronaut))] == []


def test_a_picture_without_a_face_and_an_empty_register_leave_no_trace(settings, tmp_path, astronaut):
    assert [*prepare(settings)(subject(Image.fromarray(data.coffee())))] == []
    assert [*prepare(Settings(home=tmp_path, protect_persons=True))(subject(astronaut))] == []


def test_a_small_face_is_not_compared(astronaut, settings):
    assert [*prepare(settings)(subject(astronaut.resize((180, 180))))] == []


def test_a_damaged_register_is_told_and_not_taken_for_an_empty_one(settings, tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"{}")
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(DetectorError, match="no register"):
        prepare(Settings(home=tmp_path, protect_persons=True))


def test_a_person_in_a_group_is_found_once_with_the_right_face(astronaut, settings, own):
    beside = np.hstack(
        [data.coffee()[:400, :300], data.astronaut()[:400], data.chelsea()[:300, :200].repeat(2, 0)[:400]]
    )
    compared = compare(beside, Register.load(settings.home).persons)
    assert len(compared.likenesses) == 1
    box = compared.likenesses[0].face.box
    assert 300 + 160 < box.x < 300 + 200


def test_another_network_is_refused(monkeypatch):
    template._network.cache_clear()
    monkeypatch.setattr(template, "MODEL_SHA256", "0" * 64)
    with pytest.raises(DetectorError, match="not the one that we measured"):
        template._network()
    monkeypatch.undo()
    template._network.cache_clear()


def test_templates_of_one_picture_are_the_same_and_near_those_of_copies(astronaut, own):
    pixels = np.asarray(astronaut)
    face = find_faces(pixels)[0]
    np.testing.assert_array_equal(template_of(pixels, face), own)
    assert own.shape == (128,)
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    assert distance(own, template_of(mirrored, find_faces(mirrored)[0])) < 0.35


def test_a_likeness_is_weaker_the_more_were_compared_and_the_farther_apart():
    near = [probability_of(0.2, count) for count in (1, 10, 100, 10_000)]
    assert near == sorted(near, reverse=True)
    far = [probability_of(distance, 1) for distance in (0.0, 0.31, 0.36, 0.41, 0.46)]
    assert far == sorted(far, reverse=True)
    assert far[-1] == 0.0
    assert probability_of(0.44, 100) < 0.5 < probability_of(0.2, 100)
