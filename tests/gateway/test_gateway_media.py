"""Pictures and sounds in requests and answers: the line's workers look at them, and what they cannot see is a gap."""

import base64
import io
import json
import wave

import httpx2
import msgspec
import numpy as np
import pytest
from PIL import Image

from brightline.doors.gateway.media import left_unread, media_of_answer, media_of_call
from brightline.exchange.nouns import Answer, Call, Protocol, Unread
from brightline.exchange.requests import read_call
from brightline.settings_gateway import GatewayLimits


def picture(size=64):
    buffer = io.BytesIO()
    ramp = np.tile(np.arange(size, dtype=np.uint8)[None, :, None], (size, 1, 3))
    Image.fromarray(ramp).save(buffer, "PNG")
    return buffer.getvalue()


def sound():
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(16_000) / 20) * 9000).astype("<i2").tobytes())
    return buffer.getvalue()


def b64(data):
    return base64.b64encode(data).decode()


PICTURE = picture()
URL = f"data:image/png;base64,{b64(PICTURE)}"


@pytest.fixture(scope="module")
def looking(upstream, tmp_path_factory):
    """A gateway with workers, which take a while to start."""
    from gateway_parts import RunningGateway, settings_for

    limits = GatewayLimits(media_seconds=120.0)
    settings = settings_for(
        tmp_path_factory.mktemp("media"), upstream.port, limits=limits, gateway={"media_workers": 1}
    )
    slow = msgspec.structs.replace(settings.limits, detector_seconds=60.0, subject_seconds=100.0)
    running = RunningGateway(msgspec.structs.replace(settings, limits=slow)).start()
    yield running
    running.stop()


def chat_with(gateway, token, *parts, **more):
    body = {"model": "say", "messages": [{"role": "user", "content": [*parts]}], **more}
    with httpx2.Client(timeout=180) as client:
        headers = {"authorization": f"Bearer {token}"}
        return client.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers)


def recorded(gateway, answer):
    ledger = gateway.gateway._ledger
    index = int(answer.headers["x-brightline-receipt"].split(";")[0])
    found = ledger.examination(ledger.entry(index).examination)
    while found.context.parent:  # the answer's entry names the prompt
        index -= 1
        found = ledger.examination(ledger.entry(index).examination)
    return found


def test_a_picture_in_a_message_is_looked_at_by_the_lines_detectors(looking):
    token, _ = looking.key("tenant-i")
    part = {"type": "image_url", "image_url": {"url": URL}}
    answer = chat_with(looking, token, {"type": "text", "text": "say:I see."}, part)
    found = recorded(looking, answer)
    assert [one.kind.value for one in found.facts.parts] == ["turn", "png"]
    assert {one.detector.partition(".")[0] for one in found.findings if one.part == "1"} >= {"image"}
    assert not [one for one in found.gaps if one.source == "gateway"]


def test_hidden_orders_in_a_pictures_metadata_or_text_do_not_pass_as_unread(looking):
    token, _ = looking.key("tenant-i")
    answer = chat_with(
        looking,
        token,
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "held_for_review")
    far = chat_with(
        looking,
        token,
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}},
    )
    assert far.json()["error"]["code"] == "held_for_review"


def test_a_sound_in_a_message_is_looked_at(looking):
    token, _ = looking.key("tenant-i")
    part = {"type": "input_audio", "input_audio": {"data": b64(sound()), "format": "wav"}}
    found = recorded(looking, chat_with(looking, token, {"type": "text", "text": "say:I hear."}, part))
    assert [one.kind.value for one in found.facts.parts] == ["turn", "wav"]


def test_a_queue_that_is_full_leaves_a_gap(upstream, another):
    gateway = another(upstream.port, limits=GatewayLimits(media_seconds=0.01), gateway={"media_workers": 1})
    token, _ = gateway.key("tenant-i")
    answer = chat_with(
        gateway, token, {"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": URL}}
    )
    assert answer.json()["error"]["code"] == "held_for_review"
    assert [one.kind.value for one in recorded(gateway, answer).gaps] == ["timeout"]


@pytest.mark.parametrize(
    ("protocol", "body", "kinds"),
    [
        (Protocol.CHAT, {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": URL}},
            {"type": "input_audio", "input_audio": {"data": b64(b"RIFF"), "format": "wav"}},
            {"type": "file", "file": {"file_data": URL, "filename": "a.png"}}]}]}, ["image_url", "input_audio", "file"]),
        (Protocol.RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": URL},
            {"type": "input_file", "file_data": URL, "filename": "a.png"}]}]}, ["input_image", "input_file"]),
        (Protocol.MESSAGES, {"max_tokens": 5, "messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b64(PICTURE)}},
            {"type": "tool_result", "tool_use_id": "t", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": b64(PICTURE)}}]}]}]},
         ["image", "image"]),
    ],
)  # fmt: skip
def test_media_of_every_protocol_are_found_and_nothing_stays_unread(protocol, body, kinds):
    call = read_call(protocol, json.dumps({"model": "m", **body}).encode())
    media = media_of_call(call, None)
    assert [one.what for one in media] == kinds
    assert sorted(one.what for one in call.unread) == sorted(kinds)
    assert left_unread(call.unread, media, call) == ()


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://pictures.example/1.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=A"}},
        {"type": "image_url", "image_url": {"url": "data:image/png,raw"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}},
        {"type": "image_url", "image_url": 7},
        {"type": "input_audio", "input_audio": {"data": "not base64!", "format": "wav"}},
        {"type": "file", "file": {"file_id": "f-1", "file_data": URL}},
        {"type": "file", "file": {"file_id": "f-1"}},
    ],
)
def test_what_is_not_here_whole_stays_unread(part):
    call = read_call(
        Protocol.CHAT, json.dumps({"model": "m", "messages": [{"role": "user", "content": [part]}]}).encode()
    )
    media = media_of_call(call, None)
    assert media == []
    assert left_unread(call.unread, media, call) == call.unread != ()


def test_one_picture_that_is_here_does_not_vouch_for_one_that_is_not():
    parts = [
        {"type": "image_url", "image_url": {"url": url}} for url in (URL, "https://pictures.example/1.png")
    ]
    call = read_call(
        Protocol.CHAT, json.dumps({"model": "m", "messages": [{"role": "user", "content": parts}]}).encode()
    )
    assert left_unread(call.unread, media_of_call(call, None), call) == (Unread(0, "image_url"),)


def test_pictures_of_an_answer_count_only_when_all_are_here():
    call = Call(protocol=Protocol.IMAGES, model="m", stream=False, body={}, turns=())
    unread = (Unread(-1, "picture"),)

    def found(*rows):
        body = json.dumps({"created": 1, "data": [*rows]}).encode()
        return [
            one.data
            for one in media_of_answer(call, Answer(body=body, turns=(), unread=unread), "application/json")
        ]

    assert found({"b64_json": b64(PICTURE)}, {"b64_json": b64(b"two")}) == [PICTURE, b"two"]
    assert found({"b64_json": b64(PICTURE)}, {"url": "https://pictures.example/1.png"}) == []
    assert found() == []


def test_sound_as_bytes_is_the_answer_itself():
    call = Call(protocol=Protocol.AUDIO, model="m", stream=False, body={}, turns=())
    answer = Answer(body=b"RIFFdata", turns=(), unread=(Unread(-1, "audio/wav"),))
    assert [one.data for one in media_of_answer(call, answer, "audio/wav")] == [b"RIFFdata"]
