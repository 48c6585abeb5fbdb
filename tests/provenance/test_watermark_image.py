"""Our own watermark in a picture becomes a finding, through the whole line; without a keyring nobody looks."""

import io
import json

import numpy as np
import pytest
import skimage.data
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.doors.cli.main import outcome
from brightline.provenance import watermark_image
from brightline.settings import Settings
from brightline.watermark.image import embed
from brightline.watermark.keyring import FILE_NAME, Keyring

CONTEXT = Context(time="2026-11-23T00:00:00Z")


@pytest.fixture
def home(tmp_path):
    Keyring().with_new("older").with_new("ours").with_retired("older").save(tmp_path / FILE_NAME)
    return tmp_path


def as_file(pixels: np.ndarray, form: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def subject_of(data: bytes, kind: Kind) -> Subject:
    return Subject(digest="0" * 64, size_bytes=len(data), kind=kind, context=CONTEXT, blob=Blob(data))


def a_marked_picture(home, name: str) -> np.ndarray:
    key = next(key for key in Keyring.load(home / FILE_NAME).all() if key.id == name)
    return embed(np.ascontiguousarray(skimage.data.coffee()), key, 0xABC)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_of_ours_is_declared(home, form):
    data = as_file(a_marked_picture(home, "ours"), form)
    (finding,) = watermark_image.prepare(Settings(home=home))(subject_of(data, Kind(form.lower())))
    assert finding.claim == "watermark.found"
    assert finding.basis is Basis.DECLARED
    assert (finding.detail("key"), finding.detail("payload")) == ("ours", "000000000abc")
    assert float(finding.detail("p_value")) < 1e-6
    assert "ours" in finding.why.en
    assert "ours" in finding.why.zh


def test_a_retired_key_still_finds(home):
    data = as_file(a_marked_picture(home, "older"), "JPEG")
    (finding,) = watermark_image.prepare(Settings(home=home))(subject_of(data, Kind.JPEG))
    assert finding.detail("key") == "older"


def test_an_unmarked_picture_and_an_icon_say_nothing(home):
    detect = watermark_image.prepare(Settings(home=home))
    photograph = np.ascontiguousarray(skimage.data.chelsea())
    assert list(detect(subject_of(as_file(photograph, "PNG"), Kind.PNG))) == []
    assert list(detect(subject_of(as_file(photograph[:32, :32], "GIF"), Kind.GIF))) == []


def test_without_a_keyring_no_picture_is_opened(tmp_path):
    broken = subject_of(b"\x89PNG\r\n\x1a\n no picture", Kind.PNG)
    assert list(watermark_image.prepare(Settings(home=tmp_path))(broken)) == []


def test_what_cannot_be_read_is_a_failure_and_not_a_clean_result(home):
    broken = subject_of(b"\x89PNG\r\n\x1a\n no picture", Kind.PNG)
    with pytest.raises(DetectorError):
        list(watermark_image.prepare(Settings(home=home))(broken))
    (home / FILE_NAME).chmod(0o644)
    with pytest.raises(DetectorError, match="chmod 600"):
        watermark_image.prepare(Settings(home=home))


def test_a_scan_labels_a_picture_that_only_its_watermark_gives_away(home, capsys):
    picture = home / "picture.jpg"
    picture.write_bytes(as_file(a_marked_picture(home, "ours"), "JPEG"))
    outcome(["scan", str(picture), "--home", str(home), "--json"])
    answer = json.loads(capsys.readouterr().out.splitlines()[0])
    text = json.dumps(answer)
    assert "watermark.found" in text
    assert answer["action"] == "label"
    assert "timeout" not in text
