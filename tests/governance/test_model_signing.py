"""Signatures of models: ours and those of OpenSSF's `model-signing` verify each other's, and nothing changed passes."""

import json
import os
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
from governance_parts import a_certificate, a_model, as_pem, key_files, private_pem

from brightline.core.errors import GovernanceError
from brightline.governance.certificates import load_certificates, read_chain, verify_chain
from brightline.governance.keys import load_public, load_signer, make_key
from brightline.governance.signing import Verdict, sign_model, signature_file_of, verify_model

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from model_signing import hashing, signing, verifying


@pytest.fixture
def keys(tmp_path):
    return key_files(tmp_path)


@pytest.fixture
def model(tmp_path):
    return a_model(tmp_path)


def test_what_we_sign_openssf_verifies(tmp_path, model, keys):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    verifying.Config().use_elliptic_key_verifier(public_key=keys[1]).verify(model, model / "model.sig")


def test_openssf_refuses_what_we_signed_once_a_byte_has_changed(model, keys):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    (model / "config.json").write_text('{"model_type": "toys"}')
    with pytest.raises(ValueError, match="mismatch"):
        verifying.Config().use_elliptic_key_verifier(public_key=keys[1]).verify(model, model / "model.sig")


@pytest.mark.parametrize("algorithm", ["sha256", "blake2"])
def test_what_openssf_signs_we_verify(tmp_path, model, keys, algorithm):
    config = hashing.Config().use_file_serialization(hashing_algorithm=algorithm)
    config.set_ignored_paths(paths=["model.sig"])
    signer = signing.Config().use_elliptic_key_signer(private_key=keys[0])
    signer.set_hashing_config(config).sign(model, model / "model.sig")
    verified = verify_model(model, model / "model.sig", keys=[load_public(keys[1])])
    assert verified.verdict is Verdict.VERIFIED, verified.why


def test_what_openssf_signs_in_shards_we_verify(model, keys):
    config = hashing.Config().use_shard_serialization(shard_size=4096)
    config.set_ignored_paths(paths=["model.sig"])
    signer = signing.Config().use_elliptic_key_signer(private_key=keys[0])
    signer.set_hashing_config(config).sign(model, model / "model.sig")
    assert verify_model(model, model / "model.sig", keys=[load_public(keys[1])]).verdict is Verdict.VERIFIED
    with (model / "weights.safetensors").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"!")
    wrong = verify_model(model, model / "model.sig", keys=[load_public(keys[1])])
    assert wrong.differences == ("changed: weights.safetensors:4096:8192",)


def test_blake3_which_we_cannot_compute_is_undecided_and_never_verified(model, keys):
    config = hashing.Config().use_file_serialization(hashing_algorithm="blake3")
    config.set_ignored_paths(paths=["model.sig"])
    signer = signing.Config().use_elliptic_key_signer(private_key=keys[0])
    signer.set_hashing_config(config).sign(model, model / "model.sig")
    assert verify_model(model, model / "model.sig", keys=[load_public(keys[1])]).verdict is Verdict.UNDECIDED


@pytest.fixture
def pki(tmp_path):
    root = a_certificate(ca=True)
    between = a_certificate(root, name="between.test", ca=True)
    leaf = a_certificate(between, name="release.test")
    files = {name: tmp_path / f"{name}.pem" for name in ("root", "between", "leaf", "chain")}
    for name, certificate in (("root", root[0]), ("between", between[0]), ("leaf", leaf[0])):
        files[name].write_bytes(as_pem(certificate))
    files["chain"].write_bytes(as_pem(leaf[0], between[0]))
    files["key"] = tmp_path / "leaf.key"
    files["key"].write_bytes(private_pem(leaf[1]))
    files["key"].chmod(0o600)
    return files


def test_what_we_sign_with_a_certificate_openssf_verifies(model, pki):
    chain = load_certificates(pki["chain"])
    sign_model(model, load_signer(pki["key"]), model / "model.sig", chain=chain)
    config = verifying.Config().use_certificate_verifier(certificate_chain=[pki["root"]])
    config.verify(model, model / "model.sig")


def test_what_openssf_signs_with_a_certificate_we_verify(model, pki):
    config = signing.Config().use_certificate_signer(
        private_key=pki["key"], signing_certificate=pki["leaf"], certificate_chain=[pki["between"]]
    )
    hashes = hashing.Config().set_ignored_paths(paths=["model.sig"])
    config.set_hashing_config(hashes).sign(model, model / "model.sig")
    verified = verify_model(model, model / "model.sig", roots=load_certificates(pki["root"]))
    assert (verified.verdict, verified.signer) == (Verdict.VERIFIED, "CN=release.test")


def test_a_certificate_of_another_root_is_wrong(model, pki):
    sign_model(model, load_signer(pki["key"]), model / "model.sig", chain=load_certificates(pki["chain"]))
    other, _ = a_certificate(ca=True, name="other.test")
    wrong = verify_model(model, model / "model.sig", roots=[other])
    assert wrong.verdict is Verdict.WRONG
    assert "no trusted root" in wrong.why


def test_a_certificate_that_may_not_issue_others_issues_none(pki):
    root = a_certificate(ca=True)
    ordinary = a_certificate(root, name="ordinary.test")
    leaf = a_certificate(ordinary, name="leaf.test")
    with pytest.raises(GovernanceError, match="no trusted root"):
        verify_chain([leaf[0], ordinary[0]], [root[0]])


def test_a_certificate_that_is_not_for_signing_does_not_sign():
    root = a_certificate(ca=True)
    leaf = a_certificate(root, name="tls.test", signing=False)
    with pytest.raises(GovernanceError, match="not for signing"):
        verify_chain([leaf[0]], [root[0]])


def test_an_expired_certificate_is_said_beside_the_verdict():
    root = a_certificate(ca=True, from_days=-400)
    leaf = a_certificate(root, name="old.test", days=30, from_days=-300)
    chain = verify_chain([leaf[0]], [root[0]], datetime.now(UTC))
    assert chain.expired
    assert read_chain(
        [leaf[0].public_bytes(__import__("cryptography").hazmat.primitives.serialization.Encoding.DER)]
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda model: (model / "sub" / "a.txt").write_text("b"), "changed: sub/a.txt"),
        (lambda model: (model / "extra.pkl").write_bytes(b"\x80\x04."), "added: extra.pkl"),
        (lambda model: (model / "sub.txt").unlink(), "missing: sub.txt"),
        (lambda model: (model / "sub" / "a.txt").rename(model / "sub" / "b.txt"), "added: sub/b.txt"),
        (lambda model: (model / "out").symlink_to("/etc/hosts"), "link: out"),
    ],
)
def test_every_change_of_a_file_is_told_by_its_name(model, keys, change, said):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    change(model)
    wrong = verify_model(model, model / "model.sig", keys=[load_public(keys[1])])
    assert wrong.verdict is Verdict.WRONG
    assert said in wrong.differences


def test_files_that_a_signature_leaves_out_are_named(model, keys):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    (model / ".git").mkdir()
    (model / ".git" / "hook.py").write_text("import os")
    verified = verify_model(model, model / "model.sig", keys=[load_public(keys[1])])
    assert (verified.verdict, verified.uncovered) == (Verdict.VERIFIED, (".git/hook.py",))


def test_without_a_key_nothing_is_verified(model, keys):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    assert verify_model(model, model / "model.sig").verdict is Verdict.UNDECIDED


def test_another_key_is_wrong(tmp_path, model, keys):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    other = make_key(tmp_path / "other.key")
    assert verify_model(model, model / "model.sig", keys=[other.public]).verdict is Verdict.WRONG


def test_any_edited_byte_of_the_signature_is_wrong_or_unreadable(model, keys):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    public, file = load_public(keys[1]), model / "model.sig"
    bundle = json.loads(file.read_text())
    for place in ("payload", "sig"):
        edited = json.loads(json.dumps(bundle))
        holder = edited["dsseEnvelope"] if place == "payload" else edited["dsseEnvelope"]["signatures"][0]
        holder[place] = ("A" if holder[place][40] != "A" else "B").join(
            [holder[place][:40], holder[place][41:]]
        )
        file.write_text(json.dumps(edited))
        assert verify_model(model, file, keys=[public]).verdict is Verdict.WRONG


def test_a_keyless_signature_needs_the_network_and_is_undecided(model, keys):
    sign_model(model, load_signer(keys[0]), model / "model.sig")
    bundle = json.loads((model / "model.sig").read_text())
    bundle["verificationMaterial"] = {"certificate": {"rawBytes": "AAAA"}}
    (model / "model.sig").write_text(json.dumps(bundle))
    verified = verify_model(model, model / "model.sig", keys=[load_public(keys[1])])
    assert verified.verdict is Verdict.UNDECIDED
    assert "online" in verified.why


def test_a_single_file_is_signed_too(tmp_path, keys):
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF")
    sign_model(file, load_signer(keys[0]), tmp_path / "m.gguf.sig")
    verifying.Config().use_elliptic_key_verifier(public_key=keys[1]).verify(file, tmp_path / "m.gguf.sig")
    assert signature_file_of(file) == tmp_path / "m.gguf.sig"
    assert (
        verify_model(file, tmp_path / "m.gguf.sig", keys=[load_public(keys[1])]).verdict is Verdict.VERIFIED
    )


def test_a_key_that_others_may_read_is_refused(keys):
    keys[0].chmod(0o644)
    with pytest.raises(GovernanceError, match="chmod 600"):
        load_signer(keys[0])


def test_a_key_is_never_overwritten_and_is_ones_own(tmp_path, keys):
    assert keys[0].stat().st_mode & 0o777 == 0o600
    with pytest.raises(GovernanceError, match="exists"):
        make_key(keys[0])


def test_ed25519_does_not_sign_models(tmp_path, model):
    signer = make_key(tmp_path / "ed.key", kind="ed25519")
    with pytest.raises(GovernanceError, match="ECDSA"):
        sign_model(model, signer, model / "model.sig")


def test_names_that_are_no_utf8_are_refused_in_words(tmp_path, keys):
    folder = tmp_path / "odd"
    folder.mkdir()
    Path(folder, os.fsdecode(b"\xff.bin")).touch()
    with pytest.raises(GovernanceError, match="not UTF-8"):
        sign_model(folder, load_signer(keys[0]), tmp_path / "sig")
