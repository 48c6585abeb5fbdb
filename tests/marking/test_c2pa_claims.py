"""What is claimed is what is read: actions, source types, latent disclosure, soft bindings, timestamps."""

import json
import socket
from pathlib import Path
from typing import Any

import c2pa as library
import c2pa_parts
import pytest

import signing
import timestamping
from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.marking.c2pa.claim import Agent, Claim, Deed, Disclosure, SoftBinding, SourceType
from brightline.marking.c2pa.native import reading_context
from brightline.marking.c2pa.sign import Stamp, sign_file
from brightline.marking.c2pa.signer import Clock

DISCLOSURE = Disclosure(
    provider="Example AI",
    system="Example Painter",
    system_version="2.1",
    time=c2pa_parts.TIME,
    identifier="urn:uuid:98ae6b12-23e2-49af-b98a-780706f8e584",
)
BINDING = SoftBinding(algorithm="com.example.mark.1", value="aGVsbG8=")


def manifest_of(folder: Path, claim: Claim, kind: Kind = Kind.PNG) -> dict[str, Any]:
    source, target = folder / "source.bin", folder / "target.bin"
    source.write_bytes(c2pa_parts.plain(kind))
    sign_file(source, target, kind, claim, c2pa_parts.signer())
    with (
        target.open("rb") as stream,
        library.Reader("image/png", stream, context=reading_context()) as reader,
    ):
        store = json.loads(reader.json())
    if claim.source_type is not SourceType.DATA:  # the second verifier does not know C2PA's own type (1.7.1)
        assert c2pa_parts.second_opinion(target.read_bytes(), kind) == c2pa_parts.SOUND
    return store["manifests"][store["active_manifest"]]


def assertion(manifest: dict[str, Any], label: str) -> dict[str, Any]:
    return next(each["data"] for each in manifest["assertions"] if each["label"] == label)


@pytest.mark.parametrize("source_type", list(SourceType))
def test_the_source_type_and_the_system_are_in_the_first_action(
    tmp_path: Path, source_type: SourceType
) -> None:
    manifest = manifest_of(tmp_path, c2pa_parts.claim(source_type=source_type))
    [action] = assertion(manifest, "c2pa.actions.v2")["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == str(source_type)
    assert action["softwareAgent"] == {"name": "Example Painter", "version": "2.1"}
    assert action["when"] == c2pa_parts.TIME
    assert manifest["claim_generator_info"][0]["name"] == "Brightline"
    assert manifest["title"] == "example"


def test_an_edit_opens_its_parent_and_names_each_deed_once(tmp_path: Path) -> None:
    claim = c2pa_parts.claim(
        deed=Deed.EDITED,
        source_type=SourceType.COMPOSITE,
        also=(Deed.WATERMARKED, Deed.PUBLISHED),
        soft_bindings=(BINDING,),
    )
    manifest = manifest_of(tmp_path, claim)
    actions = assertion(manifest, "c2pa.actions.v2")["actions"]
    assert [action["action"] for action in actions] == [
        "c2pa.opened",
        "c2pa.edited",
        "c2pa.watermarked",
        "c2pa.published",
    ]
    assert actions[1]["digitalSourceType"] == str(SourceType.COMPOSITE)
    assert [ingredient["relationship"] for ingredient in manifest["ingredients"]] == ["parentOf"]


@pytest.mark.parametrize("deed", [deed for deed in Deed if deed is not Deed.CREATED])
def test_every_deed_is_valid_to_both_verifiers(tmp_path: Path, deed: Deed) -> None:
    bound = (BINDING,) if deed in {Deed.BOUND, Deed.WATERMARKED} else ()
    manifest = manifest_of(tmp_path, c2pa_parts.claim(deed=deed, soft_bindings=bound))
    assert assertion(manifest, "c2pa.actions.v2")["actions"][1]["action"] == str(deed)


def test_the_latent_disclosure_holds_provider_system_version_time_and_identifier(tmp_path: Path) -> None:
    shown = assertion(manifest_of(tmp_path, c2pa_parts.claim(disclosure=DISCLOSURE)), "cawg.metadata")
    assert {name: value for name, value in shown.items() if name != "@context"} == {
        "dc:publisher": "Example AI",
        "Iptc4xmpExt:AISystemUsed": "Example Painter",
        "Iptc4xmpExt:AISystemVersionUsed": "2.1",
        "xmp:CreateDate": c2pa_parts.TIME,
        "dc:identifier": DISCLOSURE.identifier,
    }


def test_a_soft_binding_names_the_watermark_and_what_it_carries(tmp_path: Path) -> None:
    bound = assertion(manifest_of(tmp_path, c2pa_parts.claim(soft_bindings=(BINDING,))), "c2pa.soft-binding")
    assert bound["alg"] == "com.example.mark.1"
    assert [block["value"] for block in bound["blocks"]] == ["aGVsbG8="]


def test_disclosure_and_soft_binding_are_read_by_the_detector(tmp_path: Path) -> None:
    source, target = tmp_path / "s.png", tmp_path / "t.png"
    source.write_bytes(c2pa_parts.plain(Kind.PNG))
    claim = c2pa_parts.claim(disclosure=DISCLOSURE, soft_bindings=(BINDING,))
    signed = sign_file(source, target, Kind.PNG, claim, c2pa_parts.signer())
    [main, *_] = c2pa_parts.findings(tmp_path, target, Kind.PNG, signed)
    assert [main.detail(name) for name in ("provider", "system", "made", "content_id")] == [
        "Example AI",
        "Example Painter 2.1",
        c2pa_parts.TIME,
        DISCLOSURE.identifier,
    ]
    assert main.detail("soft_binding") == "com.example.mark.1"


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "no agent": ({"agent": Agent(name=" ")}, "agent name"),
    "a long agent": ({"agent": Agent(name="x" * 501)}, "501 characters"),
    "no offset": ({"time": "2026-11-23T12:00:00"}, "RFC 3339"),
    "words for a time": ({"time": "yesterday"}, "RFC 3339"),
    "no algorithm": ({"soft_bindings": (SoftBinding(algorithm="mark", value="x"),)}, "soft binding"),
    "no value": ({"soft_bindings": (SoftBinding(algorithm="com.example.mark", value=""),)}, "soft binding"),
    "a watermark without its binding": ({"also": (Deed.BOUND,)}, "soft binding"),
    "created twice": ({"also": (Deed.CREATED,)}, "created once"),
    "half a disclosure": (
        {
            "disclosure": Disclosure(
                provider="", system="a", system_version="1", time=c2pa_parts.TIME, identifier="u"
            )
        },
        "disclosure provider",
    ),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_claim_that_says_too_little_is_refused(tmp_path: Path, name: str) -> None:
    changes, words = WRONG[name]
    source = tmp_path / "s.png"
    source.write_bytes(c2pa_parts.plain(Kind.PNG))
    with pytest.raises(MarkingError, match=words):
        sign_file(source, tmp_path / "t", Kind.PNG, c2pa_parts.claim(**changes), c2pa_parts.signer())
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.MP4, Kind.TEXT, Kind.GGUF])
def test_a_timestamp_comes_from_the_authority_that_is_set(tmp_path: Path, kind: Kind) -> None:
    source, target = tmp_path / "source.bin", tmp_path / "target.bin"
    source.write_bytes(c2pa_parts.plain(kind))
    with timestamping.authority_server(signing.time_authority()) as url:
        signed = sign_file(source, target, kind, c2pa_parts.claim(), c2pa_parts.signer(clock=Clock(url=url)))
    assert signed.stamp is Stamp.GIVEN
    found = c2pa_parts.findings(tmp_path, target, kind, signed)
    main = next(finding for finding in found if finding.claim == "origin.c2pa")
    assert (main.detail("time"), main.detail("integrity")) == ("timestamped_untrusted", "intact")
    store = signed.sidecar.read_bytes() if signed.sidecar else None
    assert c2pa_parts.second_opinion(target.read_bytes(), kind, store)["integrity"] == "valid"


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.TEXT, Kind.GGUF])
def test_an_authority_that_does_not_answer_fails_or_is_said_to_have_been_missed(
    tmp_path: Path, kind: Kind
) -> None:
    source, target = tmp_path / "source.bin", tmp_path / "target.bin"
    source.write_bytes(c2pa_parts.plain(kind))
    closed = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(MarkingError, match=r"a timestamp from `127\.0\.0\.1` was required"):
        sign_file(source, target, kind, c2pa_parts.claim(), c2pa_parts.signer(clock=Clock(url=closed)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.bin"]
    lenient = c2pa_parts.signer(clock=Clock(url=closed, is_required=False))
    signed = sign_file(source, target, kind, c2pa_parts.claim(), lenient)
    assert signed.stamp is Stamp.MISSED
    found = c2pa_parts.findings(tmp_path, target, kind, signed)
    assert c2pa_parts.axes(found) == ["yes", "intact", "valid", "trusted"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "url", ["ftp://clock.example.com/", "https://", "http://user:word@clock.example.com/"]
)
def test_an_authority_needs_a_plain_web_address(url: str) -> None:
    with pytest.raises(MarkingError, match="time-stamping authority"):
        Clock(url=url)
