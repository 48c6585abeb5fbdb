"""C2PA manifests are judged on separate axes, against a dated trust list, without a network."""

import io
import sys
import time
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import docx
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import recordings
import signing
import timestamping
from brightline.core.alarm import StepTimeout, ring_again, time_limit
from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.provenance import c2pa
from brightline.settings import Settings

TODAY = signing.NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
FORMATS = {
    Kind.PNG: ("PNG", "image/png"),
    Kind.JPEG: ("JPEG", "image/jpeg"),
    Kind.WEBP: ("WEBP", "image/webp"),
    Kind.GIF: ("GIF", "image/gif"),
    Kind.TIFF: ("TIFF", "image/tiff"),
    Kind.AVIF: ("AVIF", "image/avif"),
}
Detect = Callable[[bytes, Kind], list[Finding]]


@cache
def picture(kind: Kind = Kind.PNG) -> bytes:
    pixels = np.random.default_rng(7).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, FORMATS[kind][0])
    return out.getvalue()


RECORDINGS: dict[Kind, Callable[[], bytes]] = {
    Kind.WAV: lambda: recordings.sound("wav", "pcm_s16le"),
    Kind.MP3: lambda: recordings.sound("mp3", "libmp3lame"),
    Kind.FLAC: lambda: recordings.sound("flac", "flac"),
    Kind.M4A: lambda: recordings.sound("ipod", "aac"),
    Kind.MP4: lambda: recordings.movie("mp4"),
    Kind.MOV: lambda: recordings.movie("mov"),
    Kind.AVI: lambda: recordings.movie("avi"),
}


@cache
def signed(kind: Kind = Kind.PNG, source_type: str = signing.CAMERA_SOURCE) -> bytes:
    return signing.sign(picture(kind), FORMATS[kind][1], source_type=source_type)


def subject_of(data: bytes, kind: Kind, at: str = TODAY) -> Subject:
    context = Context(time=at)
    digest = sha256(data).hexdigest()
    return Subject(digest=digest, size_bytes=len(data), kind=kind, context=context, blob=Blob(data))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signing.trust_pack(tmp_path_factory.mktemp("trust") / "pack")


@pytest.fixture(scope="module")
def detect(pack: Path) -> Detect:
    look = c2pa.prepare(Settings(trust_list=str(pack)))
    return lambda data, kind: list(look(subject_of(data, kind)))


def axes(findings: list[Finding]) -> Finding:
    return next(finding for finding in findings if finding.claim == "origin.c2pa")


@pytest.mark.parametrize("kind", list(FORMATS))
def test_a_signed_picture_of_a_trusted_signer_is_proof_in_every_format(detect: Detect, kind: Kind) -> None:
    [finding] = detect(signed(kind), kind)
    assert finding.basis is Basis.PROOF
    assert finding.harm is None
    assert [finding.detail(name) for name in ("present", "integrity", "signature", "trust")] == [
        "yes",
        "intact",
        "valid",
        "trusted",
    ]
    assert finding.detail("identity") == "Example Studio, Example Studio (invented)"
    assert finding.detail("generator") == "Example Painter 1.0"
    assert finding.detail("source_type") == "digitalCapture"
    assert finding.detail("time") == "none"


@pytest.mark.parametrize("kind", list(RECORDINGS))
def test_a_signed_recording_is_proof_and_an_unsigned_one_has_no_manifest(detect: Detect, kind: Kind) -> None:
    plain = RECORDINGS[kind]()
    assert [finding.detail("present") for finding in detect(plain, kind)] == ["no"]
    data = signing.sign(plain, c2pa.MEDIA_TYPES[kind], source_type=signing.AI_SOURCE)
    assert [(finding.claim, finding.basis) for finding in detect(data, kind)] == [
        ("origin.c2pa", Basis.PROOF),
        ("origin.ai_declared", Basis.PROOF),
    ]


def test_a_document_has_no_manifest(detect: Detect) -> None:
    out = io.BytesIO()
    docx.Document().save(out)
    assert [finding.detail("present") for finding in detect(out.getvalue(), Kind.DOCX)] == ["no"]


def test_a_wave_of_sixty_four_bits_has_no_manifest_unless_it_holds_the_words_of_one(detect: Detect) -> None:
    """The library does not read RF64; EBU Tech 3306 has no place for a manifest."""
    body = b"RF64\xff\xff\xff\xffWAVEds64" + (28).to_bytes(4, "little") + bytes(28)
    assert axes(list(detect(body, Kind.WAV))).detail("present") == "no"
    with pytest.raises(DetectorError):
        list(detect(body + b"C2PA" + bytes(4), Kind.WAV))


@pytest.mark.parametrize("kind", list(FORMATS))
def test_an_unsigned_picture_is_said_to_have_no_manifest(detect: Detect, kind: Kind) -> None:
    [finding] = detect(picture(kind), kind)
    assert (finding.detail("present"), finding.basis, finding.probability) == ("no", Basis.PROOF, 1.0)


def test_a_declared_ai_source_of_a_trusted_signer_is_proof(detect: Detect) -> None:
    findings = detect(signed(Kind.JPEG, signing.AI_SOURCE), Kind.JPEG)
    declared = next(finding for finding in findings if finding.claim == "origin.ai_declared")
    assert declared.basis is Basis.PROOF
    assert declared.detail("by") == "c2pa"
    assert declared.detail("source_type") == "trainedAlgorithmicMedia"
    assert declared.detail("scope") == "active"


def test_a_changed_picture_has_broken_integrity_and_a_harm_but_a_valid_signature(detect: Detect) -> None:
    data = bytearray(signed(Kind.PNG, signing.AI_SOURCE))
    data[data.rindex(b"IDAT") + 40] ^= 1
    findings = detect(bytes(data), Kind.PNG)
    main = axes(findings)
    assert (main.detail("integrity"), main.detail("signature")) == ("broken", "valid")
    assert main.basis is Basis.DECLARED
    broken = next(finding for finding in findings if finding.claim == "origin.c2pa.broken")
    assert broken.harm is Harm.LABEL_TAMPERED
    assert "assertion.dataHash.mismatch" in broken.detail("codes")
    declared = next(finding for finding in findings if finding.claim == "origin.ai_declared")
    assert declared.basis is Basis.DECLARED


def test_a_changed_manifest_is_broken(detect: Detect) -> None:
    data = signed(Kind.PNG, signing.AI_SOURCE).replace(b"trainedAlgorithmicMedia", b"trainedAlgorithmicMedja")
    findings = detect(data, Kind.PNG)
    assert axes(findings).detail("integrity") == "broken"
    assert any(finding.harm is Harm.LABEL_TAMPERED for finding in findings)


def test_a_manifest_damaged_beyond_reading_is_broken_and_not_absent(detect: Detect) -> None:
    data = signed(Kind.PNG).replace(b"instanceID", b"instanceXX")
    findings = detect(data, Kind.PNG)
    assert axes(findings).detail("present") == "yes"
    assert axes(findings).detail("integrity") == "broken"


def test_an_unknown_signer_is_untrusted_and_not_tampering(detect: Detect) -> None:
    stranger = signing.signer("Stranger", "Unlisted")
    data = signing.sign(picture(), "image/png", stranger, source_type=signing.AI_SOURCE)
    findings = detect(data, Kind.PNG)
    assert axes(findings).detail("trust") == "untrusted"
    assert axes(findings).detail("integrity") == "intact"
    assert {finding.basis for finding in findings} == {Basis.DECLARED}
    assert not any(finding.harm for finding in findings)


def test_an_expired_certificate_without_a_timestamp_is_not_tampering(detect: Detect) -> None:
    brief = signing.brief_signer()
    data = signing.sign(picture(), "image/png", brief, source_type=signing.CAMERA_SOURCE)
    wait_for_the_end_of(brief)
    [finding] = detect(data, Kind.PNG)
    assert finding.detail("time") == "expired_without_timestamp"
    assert (finding.detail("integrity"), finding.detail("signature")) == ("intact", "valid")
    assert finding.detail("trust") == "unknown"
    assert finding.basis is Basis.DECLARED
    assert finding.harm is None


@pytest.mark.parametrize(("trusted", "said"), [(True, "timestamped"), (False, "timestamped_untrusted")])
def test_a_timestamp_is_told_by_who_vouches_for_its_authority(
    tmp_path: Path, trusted: bool, said: str
) -> None:
    clocks = signing.authority("Example Clocks").anchor_pem if trusted else ""
    pack = signing.trust_pack(tmp_path, clocks=clocks)
    [finding] = c2pa.prepare(Settings(trust_list=str(pack)))(subject_of(stamped(), Kind.PNG))
    assert finding.detail("time") == said
    assert (finding.detail("trust"), finding.detail("integrity")) == ("trusted", "intact")


@pytest.mark.parametrize("trusted", [True, False])
def test_only_a_trusted_timestamp_saves_an_expired_certificate(tmp_path: Path, trusted: bool) -> None:
    """Anyone can run a clock that says last year."""
    brief = signing.brief_signer("Brief Studio")
    data = stamped(brief)
    wait_for_the_end_of(brief)
    clocks = signing.authority("Example Clocks").anchor_pem if trusted else ""
    pack = signing.trust_pack(tmp_path, clocks=clocks)
    [finding] = c2pa.prepare(Settings(trust_list=str(pack)))(subject_of(data, Kind.PNG))
    expected = ("timestamped", "trusted") if trusted else ("expired_without_timestamp", "unknown")
    assert (finding.detail("time"), finding.detail("trust")) == expected
    assert finding.basis is (Basis.PROOF if trusted else Basis.DECLARED)


def stamped(identity: signing.Identity | None = None) -> bytes:
    with timestamping.authority_server(signing.time_authority()) as clock:
        return signing.sign(picture(), "image/png", identity, source_type=signing.CAMERA_SOURCE, clock=clock)


def wait_for_the_end_of(identity: signing.Identity) -> None:
    time.sleep(max(0.0, identity.certificate.not_valid_after_utc.timestamp() - time.time() + 1.1))


def test_a_remote_manifest_is_reported_and_not_fetched(detect: Detect) -> None:
    data = signing.sign(picture(Kind.JPEG), "image/jpeg", remote_url="http://manifests.example.com/a.c2pa")
    [finding] = detect(data, Kind.JPEG)
    assert finding.detail("present") == "remote_only"
    assert finding.detail("remote_url") == "http://manifests.example.com/a.c2pa"


def test_ingredients_are_counted_and_a_changed_one_is_said_to_have_failed(detect: Detect) -> None:
    good = signed(Kind.JPEG)
    bad = bytearray(good)
    bad[-30] ^= 1
    data = signing.sign(
        picture(Kind.JPEG), "image/jpeg", source_type=signing.CAMERA_SOURCE, ingredients=(good, bytes(bad))
    )
    finding = axes(detect(data, Kind.JPEG))
    assert (finding.detail("ingredients"), finding.detail("ingredients_failed")) == ("2", "1")


def test_an_ai_ingredient_is_declared_as_a_component(detect: Detect) -> None:
    part = signed(Kind.JPEG, signing.AI_SOURCE)
    data = signing.sign(
        picture(Kind.JPEG), "image/jpeg", source_type=signing.CAMERA_SOURCE, ingredients=(part,)
    )
    declared = [finding for finding in detect(data, Kind.JPEG) if finding.claim == "origin.ai_declared"]
    assert [finding.detail("scope") for finding in declared] == ["component"]


@pytest.mark.parametrize("kind", [Kind.OGG, Kind.MATROSKA])
def test_of_a_kind_that_the_library_does_not_read_nothing_is_said(detect: Detect, kind: Kind) -> None:
    with pytest.raises(DetectorError, match="does not read"):
        detect(b"OggS", kind)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.MARKDOWN, Kind.HTML])
def test_of_a_text_without_a_manifest_nothing_is_said(detect: Detect, kind: Kind) -> None:
    assert detect(b"<html><head></head>Hello.</html>", kind) == []


def test_a_file_on_disk_is_read_as_one_in_memory(pack: Path, tmp_path: Path) -> None:
    look = c2pa.prepare(Settings(trust_list=str(pack)))
    for kind in (Kind.GIF, Kind.PNG):
        for data in (signed(kind), picture(kind)):
            file = tmp_path / "file"
            file.write_bytes(data)
            subject = msgspec.structs.replace(subject_of(data, kind), blob=Blob(path=file))
            assert list(look(subject)) == list(look(subject_of(data, kind)))


def test_without_anchors_trust_is_unknown(tmp_path: Path) -> None:
    look = c2pa.prepare(Settings(trust_list=str(signing.trust_pack(tmp_path, anchors=""))))
    [finding] = look(subject_of(signed(), Kind.PNG))
    assert finding.detail("trust") == "unknown"


def test_the_shipped_list_loads_and_does_not_trust_the_tests(detect: Detect) -> None:
    [finding] = c2pa.prepare(Settings())(subject_of(signed(), Kind.PNG, "2026-11-23T00:00:00Z"))
    assert finding.detail("trust") == "untrusted"
    assert finding.detail("trust_list") == "c2pa/2026-09-24"
    assert finding.detail("trust_list_stale") == ""


def test_a_stale_list_is_said_to_be_stale(pack: Path) -> None:
    look = c2pa.prepare(Settings(trust_list=str(pack)))
    [finding] = look(subject_of(picture(), Kind.PNG, "2099-01-01T00:00:00Z"))
    assert finding.detail("trust_list_stale") == "yes"


def test_a_file_that_cannot_be_parsed_is_a_gap_and_not_an_absence(detect: Detect) -> None:
    with pytest.raises(DetectorError, match="cannot look for a manifest"):
        detect(signed(Kind.PNG)[:200], Kind.PNG)


def test_an_unsigned_file_costs_less_than_a_millisecond(detect: Detect) -> None:
    large = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (512, 512, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(large, "GIF")
    for data, kind in ((picture(Kind.JPEG), Kind.JPEG), (large.getvalue(), Kind.GIF)):
        look = [_seconds(lambda data=data, kind=kind: detect(data, kind)) for _ in range(20)]
        assert min(look) < 0.001


def _seconds(deed: Callable[[], object]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


@settings(max_examples=200, deadline=None)
@given(at=st.floats(0, 1), bit=st.integers(0, 7), kind=st.sampled_from([Kind.PNG, Kind.JPEG]))
def test_one_flipped_bit_outside_the_manifest_is_never_a_proof(
    detect: Detect, at: float, bit: int, kind: Kind
) -> None:
    """Inside the manifest some bytes (padding, checksums of its container) are covered by nothing."""
    data, plain = bytearray(signed(kind, signing.AI_SOURCE)), picture(kind)
    start = next(place for place, pair in enumerate(zip(data, plain, strict=False)) if pair[0] != pair[1])
    place = min(int(at * len(plain)), len(plain) - 1)
    place += 0 if place < start else len(data) - len(plain)
    data[place] ^= 1 << bit
    try:
        findings = detect(bytes(data), kind)
    except DetectorError:
        return
    main = axes(findings)
    assert main.detail("present") == "no" or main.basis is not Basis.PROOF


def test_a_limit_may_run_out_anywhere_in_the_library_and_it_never_gets_garbage_for_a_count(
    detect: Detect, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", ring_again)  # as a worker has it
    data = signed(Kind.JPEG)
    whole, stopped = detect(data, Kind.JPEG), 0
    for microseconds in range(60, 12_000, 23):
        try:
            with time_limit(microseconds / 1e6):
                assert detect(data, Kind.JPEG) == whole  # never a manifest that looks damaged
        except StepTimeout:
            stopped += 1
    assert stopped > 0
    assert capfd.readouterr().err == ""
