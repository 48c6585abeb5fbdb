"""Pictures and sounds that models make, through a running gateway: judged by the line, marked, recorded, or not given."""

import base64
import io
import json
import wave

import httpx2
import msgspec
import numpy as np
import pytest
from gateway_parts import HIDDEN, RunningGateway, ScriptedUpstream, send, settings_for
from PIL import Image

from brightline.core.subject import Audience
from brightline.settings import MarkSetting
from brightline.settings_exchange import MarksSetting
from brightline.settings_gateway import GatewayLimits

MODELS = ("painter", "far", "spoilt", "talkative", "empty", "speaker", "noise", "scribe", "liar")
PAGE = "/v1/images/generations"
SPEECH = "/v1/audio/speech"


def made_picture():
    buffer = io.BytesIO()
    ramp = np.linspace(0, 255, 320, dtype=np.uint8)
    pixels = np.stack(
        [np.tile(ramp, (320, 1)), np.tile(ramp[:, None], (1, 320)), np.full((320, 320), 90, np.uint8)], -1
    )
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def made_sound():
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(48_000) / 20) * 9000).astype("<i2").tobytes())
    return buffer.getvalue()


PICTURE, SOUND = made_picture(), made_sound()


class MakingUpstream(ScriptedUpstream):
    """Makes pictures, sounds and transcripts, well or badly, as the model's name says."""

    async def _act(self, _path, body, writer):
        model = body.get("model") or next(name for name in MODELS if name.encode() in body["raw"])
        row = {"b64_json": base64.b64encode(PICTURE).decode()}
        match model:
            case "painter":
                await send(writer, pictures(row))
            case "far":
                await send(writer, pictures({"url": "https://pictures.example/1.png"}))
            case "spoilt":
                await send(writer, pictures(row, {"b64_json": "AAAA"}))
            case "talkative":
                await send(writer, pictures({**row, "revised_prompt": HIDDEN}))
            case "empty":
                await send(writer, pictures())
            case "speaker":
                await send(writer, SOUND, kind="audio/wav")
            case "noise":
                await send(writer, bytes(range(256)) * 40, kind="audio/pcm")
            case "scribe" if b"plain" in body["raw"]:
                await send(writer, b"a spoken sentence", kind="text/plain")
            case "scribe":
                await send(writer, b'{"text":"a spoken sentence","usage":{"type":"duration","seconds":3}}')
            case "liar":
                await send(writer, json.dumps({"text": HIDDEN}).encode())


def pictures(*rows):
    return json.dumps({"created": 1, "data": [*rows]}).encode()


def making(home, port, *, producer="ExampleStudio"):
    settings = settings_for(
        home,
        port,
        limits=GatewayLimits(media_seconds=120.0),
        gateway={"media_workers": 1},
        exchange={"marks": MarksSetting(files=True)},
        first_byte_seconds=10.0,
    )
    (one,) = settings.gateway.upstreams
    upstreams = (msgspec.structs.replace(one, models={name: name for name in MODELS}),)
    limits = msgspec.structs.replace(settings.limits, detector_seconds=60.0, subject_seconds=100.0)
    return msgspec.structs.replace(
        settings,
        gateway=msgspec.structs.replace(settings.gateway, upstreams=upstreams),
        limits=limits,
        mark=MarkSetting(producer=producer),
    )


@pytest.fixture(scope="module")
def maker():
    running = MakingUpstream()
    yield running
    running.close()


@pytest.fixture(scope="module")
def studio(maker, tmp_path_factory):
    running = RunningGateway(making(tmp_path_factory.mktemp("studio"), maker.port)).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def public(studio):
    return studio.key("tenant-p", audience=Audience.PUBLIC)[0]


@pytest.fixture(scope="module")
def inside(studio):
    return studio.key("tenant-i")[0]


def ask(gateway, token, path, body, form=None):
    headers = {"authorization": f"Bearer {token}"}
    with httpx2.Client(timeout=180) as client:
        if form is not None:
            return client.post(gateway.url + path, headers=headers, data=body, files=form)
        return client.post(gateway.url + path, headers=headers, json=body)


def draw(gateway, token, model, prompt="a harbour in the morning"):
    return ask(gateway, token, PAGE, {"model": model, "prompt": prompt})


def say(gateway, token, model):
    return ask(gateway, token, SPEECH, {"model": model, "input": "Good morning.", "voice": "one"})


def write_down(gateway, token, model, sound=SOUND, **more):
    return ask(
        gateway,
        token,
        "/v1/audio/transcriptions",
        {"model": model, **more},
        {"file": ("a.wav", sound, "audio/wav")},
    )


def kept(gateway, answer):
    """The examinations of the prompt and of the answer that its head names, from the ledger."""
    ledger = gateway.gateway._ledger
    index = int(answer.headers["x-brightline-receipt"].partition(";")[0])
    last = ledger.examination(ledger.entry(index).examination)
    first = ledger.examination(ledger.entry(index - 1).examination)
    return first, last


def test_a_picture_for_the_public_is_judged_marked_and_recorded(studio, public):
    answer = draw(studio, public, "painter")
    assert answer.status_code == 200, answer.text
    data = base64.b64decode(answer.json()["data"][0]["b64_json"])
    assert b"ExampleStudio" in data
    assert b"AIGC" in data
    assert Image.open(io.BytesIO(data)).size == (320, 320)
    assert answer.headers["x-brightline-notice"] == "AI-generated"
    prompt, made = kept(studio, answer)
    assert made.context.parent == prompt.facts.digest
    assert [one.kind.value for one in made.facts.parts] == ["png"]
    assert {one.detector.partition(".")[0] for one in made.findings} >= {"image"}
    assert not [one for one in made.gaps if one.source.startswith("gateway")]


def test_a_picture_for_people_of_the_house_is_judged_and_recorded_as_it_came(studio, inside):
    answer = draw(studio, inside, "painter")
    assert answer.status_code == 200, answer.text
    assert base64.b64decode(answer.json()["data"][0]["b64_json"]) == PICTURE
    assert "x-brightline-notice" not in answer.headers
    assert [one.kind.value for one in kept(studio, answer)[1].facts.parts] == ["png"]


@pytest.mark.parametrize("model", ["far", "spoilt"])
def test_pictures_that_lie_elsewhere_or_are_none_are_held(studio, public, model):
    answer = draw(studio, public, model)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "held_for_review")
    assert "b64_json" not in answer.text
    assert "pictures.example" not in answer.text
    assert kept(studio, answer)[1].gaps


def test_words_beside_a_picture_are_judged_like_any_others(studio, inside):
    answer = draw(studio, inside, "talkative")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_filter")
    assert "b64_json" not in answer.text
    assert "text.hidden" in {one.claim for one in kept(studio, answer)[1].findings}


def test_a_prompt_for_a_picture_or_a_voice_with_hidden_orders_reaches_no_model(studio, inside, maker):
    before = len(maker.heard)
    for path, body in (
        (PAGE, {"model": "painter", "prompt": HIDDEN}),
        (SPEECH, {"model": "speaker", "input": HIDDEN, "voice": "one"}),
    ):
        answer = ask(studio, inside, path, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_filter")
        assert "x-brightline-receipt" in answer.headers
    assert len(maker.heard) == before


def test_a_voice_for_the_public_is_judged_marked_and_recorded(studio, public):
    answer = say(studio, public, "speaker")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    assert b"ExampleStudio" in answer.content
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getnframes() >= 48_000
    prompt, made = kept(studio, answer)
    assert made.context.parent == prompt.facts.digest
    assert [one.kind.value for one in made.facts.parts] == ["wav"]
    assert any(one.claim for one in made.findings)


def test_a_voice_for_people_of_the_house_is_given_as_it_came(studio, inside):
    answer = say(studio, inside, "speaker")
    assert answer.content == SOUND
    assert [one.kind.value for one in kept(studio, answer)[1].facts.parts] == ["wav"]


def test_a_sound_that_nobody_can_read_is_held(studio, public):
    answer = say(studio, public, "noise")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "held_for_review")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("more", [{}, {"response_format": "text", "language": "plain"}])
def test_a_transcript_is_given_and_both_sound_and_words_are_in_the_record(studio, inside, more):
    answer = write_down(studio, inside, "scribe", **more)
    assert answer.status_code == 200, answer.text
    assert "a spoken sentence" in answer.text
    prompt, made = kept(studio, answer)
    assert "wav" in {one.kind.value for one in prompt.facts.parts}
    assert [one.kind.value for one in made.facts.parts] == ["turn"]


def test_a_transcript_with_hidden_orders_is_not_given(studio, inside):
    answer = write_down(studio, inside, "liar")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_filter")
    assert "\U000e0069" not in answer.text


def test_hidden_orders_in_what_only_poses_as_a_sound_reach_no_model(studio, inside, maker):
    before = len(maker.heard)
    answer = write_down(studio, inside, "scribe", sound=HIDDEN.encode())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_filter")
    assert len(maker.heard) == before


def test_without_a_producer_nothing_that_must_be_marked_is_given(maker, tmp_path):
    gateway = RunningGateway(making(tmp_path, maker.port, producer="")).start()
    try:
        token, _ = gateway.key("tenant-p", audience=Audience.PUBLIC)
        answer = draw(gateway, token, "painter")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "held_for_review")
        assert "b64_json" not in answer.text
    finally:
        gateway.stop()


def test_a_stream_of_sound_is_refused_before_any_model_hears_of_it(studio, inside, maker):
    before = len(maker.heard)
    body = {"model": "speaker", "input": "Good morning.", "voice": "one", "stream_format": "sse"}
    answer = ask(studio, inside, SPEECH, {**body, "stream": True})
    assert answer.status_code == 400
    assert len(maker.heard) == before
