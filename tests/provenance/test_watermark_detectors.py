"""Watermarks of the operator's own keys become findings; without a keyring nobody looks."""

import io
import wave

import numpy as np
import pytest

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis
from brightline.core.subject import Blob, Context, Subject
from brightline.intake.open import open_subject
from brightline.provenance import watermark_sound, watermark_text
from brightline.settings import Limits, Settings
from brightline.watermark.keyring import FILE_NAME, Keyring
from brightline.watermark.sound import embed
from brightline.watermark.words import choose

CONTEXT = Context(time="2026-11-23T00:00:00Z")


@pytest.fixture
def home(tmp_path):
    Keyring().with_new("ours").save(tmp_path / FILE_NAME)
    return Settings(home=tmp_path)


def a_wav(samples: np.ndarray) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return stream.getvalue()


def opened(data: bytes) -> Subject:
    return open_subject(Blob(data), name="", context=CONTEXT, limits=Limits())


def noise(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (
        rng.normal(0, 0.05, int(seconds * 16_000)) * (1 + np.sin(np.arange(int(seconds * 16_000)) / 3000))
    ).astype(np.float32)


def test_sound_of_ours_is_declared(home):
    key = Keyring.load(home.home / FILE_NAME).active
    data = a_wav(embed(noise(12), 16_000, key, 0x1234))
    subject = opened(data)
    (finding,) = watermark_sound.prepare(home)(subject)
    details = {detail.name: detail.value for detail in finding.details}
    assert finding.claim == "watermark.found"
    assert finding.basis is Basis.DECLARED
    assert (details["key"], details["payload"]) == ("ours", "1234")


def test_text_of_ours_is_declared(home):
    key = Keyring.load(home.home / FILE_NAME).active
    rng = np.random.default_rng(1)
    text = ""
    for _ in range(25):
        samples = [" ".join(f"w{n}" for n in rng.integers(0, 300, 15)) + ". " for _ in range(8)]
        text += samples[choose(samples, text, key)]
    subject = opened(text.encode())
    (finding,) = watermark_text.prepare(home)(subject)
    assert finding.claim == "watermark.found"
    assert "ours" in finding.why.en


def test_without_a_keyring_nobody_looks(tmp_path):
    subject = opened(b"words " * 100)
    settings = Settings(home=tmp_path)
    assert list(watermark_sound.prepare(settings)(subject)) == []
    assert list(watermark_text.prepare(settings)(subject)) == []


def test_a_keyring_that_others_may_read_is_no_clean_result(home):
    (home.home / FILE_NAME).chmod(0o644)
    for module in (watermark_sound, watermark_text):
        with pytest.raises(DetectorError, match="chmod 600"):
            module.prepare(home)
