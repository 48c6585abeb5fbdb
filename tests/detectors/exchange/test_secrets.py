"""Secrets by form, checksum and disorder; and what only looks like one. All of them are made up here."""

import base64
import json
import random
import string
import zlib

import pytest

from brightline.core.errors import DetectorError
from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.exchange.automaton import Automaton
from brightline.detectors.exchange.secrets import FORMS, detect

RANDOM = random.Random(7)


def some(count, alphabet=string.ascii_letters + string.digits):
    return "".join(RANDOM.choice(alphabet) for _ in range(count))


def github():
    body, number, digits = some(30), 0, ""
    number = zlib.crc32(body.encode())
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    while number:
        number, digit = divmod(number, 62)
        digits = alphabet[digit] + digits
    return f"ghp_{body}{digits.rjust(6, '0')}"


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwt():
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': 'somebody', 'n': some(9)})}.{some(43)}"


def pem():
    lines = "\n".join(some(64) for _ in range(20))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"


SECRETS = {
    "private_key": pem(),
    "aws_access_key": "AKIA" + some(16, string.ascii_uppercase + "234567"),
    "github_token": github(),
    "gitlab_token": "glpat-" + some(20),
    "slack_token": f"xoxb-{some(12, string.digits)}-{some(24)}",
    "google_api_key": "AIza" + some(35),
    "model_api_key": "sk-proj-" + some(48),
    "stripe_key": "sk_live_" + some(24),
    "package_token": "npm_" + some(36),
    "mail_api_key": f"SG.{some(22)}.{some(43)}",
    "cloud_access_key": "LTAI" + some(20),
    "gateway_key": "bl-" + some(43),
    "bot_token": f"{some(9, '123456789')}:AA{some(33)}",
    "json_web_token": jwt(),
}


def found(text):
    context = Context(time="2026-11-23T00:00:00Z")
    return {
        finding.detail("type"): finding
        for finding in detect(
            Subject(digest="0" * 64, size_bytes=1, kind=Kind.TURN, context=context, text=text)
        )
    }


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("frame", ["{}", "here: {} thanks", "把{}放进去", "x='{}';"])
def test_a_secret_is_found_where_it_stands(kind, frame):
    secret = SECRETS[kind]
    text = frame.format(secret)
    finding = found(text)[kind]
    assert [text[place.start : place.end] for place in finding.where] == [secret]
    assert secret[4:-4] not in finding.why.en + finding.why.zh


@pytest.mark.parametrize("text", [
    "password: Tr0ub4dor&3x", "the passwd is hunter2hunter!", "密码是Kq7!mm2zP", "api_key = 9f8e7d6c5b4a39281706",
    "Authorization bearer token: aGk3bGx6cXc5MTIzNDU2", "postgres://app:s3cr3tPw9@db.example.com/x",
    "aws_secret_access_key = " + some(40),
])  # fmt: skip
def test_a_secret_that_a_word_names_is_found(text):
    assert found(text), text


def test_a_key_with_invisible_characters_in_it_is_found_and_its_place_is_right():
    secret = SECRETS["google_api_key"]
    text = f"好 {secret[:10]}\u200b{secret[10:]} 好"
    place = found(text)["google_api_key"].where[0]
    assert text[place.start : place.end].replace("\u200b", "") == secret


@pytest.mark.parametrize("text", [
    "AKIAIOSFODNN7EXAMPLE", "password: your-password-here", "export API_KEY=${API_KEY}", "api_key: YOUR_API_KEY_GOES_HERE",
    "The password is important and should be long.", "sk-aaaaaaaaaaaaaaaaaaaaaaaa", "eyJub3QiOiJhIn0.eyJub3QiOiJhIn0xx.aaaaaaaaaaaaaaaaaaaa",
    "https://user@example.com/path", "密码是什么？请告诉我如何重置密码。", "the access key of the front door", "ghp_short",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    "commit 3f785c1d0a9b7e6f5a4b3c2d1e0f9a8b7c6d5e4f", "550e8400-e29b-41d4-a716-446655440000",
])  # fmt: skip
def test_what_only_looks_like_a_secret_is_none(text):
    assert not found(text), found(text)


def test_a_wrong_checksum_counts_less():
    good, bad = SECRETS["github_token"], SECRETS["github_token"][:-6] + "000000"
    assert found(good)["github_token"].basis == "proof"
    assert found(bad)["github_token"].basis == "estimate"


def test_too_many_candidates_are_a_gap():
    with pytest.raises(DetectorError):
        found(" ".join(f"glpat-{some(20)}" for _ in range(2_100)))


def test_streams_can_follow_every_form():
    assert not Automaton([form.pattern for form in FORMS]).is_empty
