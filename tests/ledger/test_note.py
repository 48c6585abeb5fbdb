"""Signed notes, keys, checkpoints, cosignatures and proofs as texts: read back the same, refused when touched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.errors import LedgerError, VerificationError
from brightline.ledger.keys import new_key, vkey
from brightline.ledger.merkle import leaf_hash
from brightline.ledger.note import (
    NOTE_LIMIT_BYTES,
    Algorithm,
    Checkpoint,
    Note,
    Signature,
    SignerKey,
    VerifierKey,
    cosign,
    holds,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
    parse_signatures,
    parse_skey,
    parse_vkey,
    sign,
    verified_by,
)
from brightline.ledger.proof import Proof, format_proof, parse_proof, verify_proof

# The example of Go's golang.org/x/mod/sumdb/note documentation.
GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
LOG = SignerKey(name="log.example.com/a", seed=bytes(range(32)))
WITNESS = SignerKey(name="witness.example.com", seed=bytes(range(1, 33)), algorithm=Algorithm.COSIGNATURE)
HEAD = Checkpoint(origin=LOG.name, size=1, root=leaf_hash(b"entry"))


def signed(head: Checkpoint = HEAD) -> str:
    text = str(head)
    return str(Note(text, (sign(text, LOG), cosign(text, WITNESS, 1_700_000_000))))


def test_keys_and_notes_of_go_are_ours_too() -> None:
    key = parse_skey(GO_SKEY)
    assert (vkey(key), key.skey) == (GO_VKEY, GO_SKEY)
    note = parse_note(GO_NOTE)
    assert verified_by(note, [parse_vkey(GO_VKEY)]) == [key.verifier]
    assert str(Note(note.text, (sign(note.text, key),))) == GO_NOTE == str(note)
    assert "AYEK" not in repr(key)


def test_a_signed_checkpoint_opens_and_carries_its_cosignature() -> None:
    assert open_checkpoint(signed(), LOG.verifier, [WITNESS.verifier]) == HEAD


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_changed_character_of_a_cosigned_checkpoint_is_caught(data: st.DataObject) -> None:
    raw = bytearray(signed().encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((VerificationError, UnicodeDecodeError)):
        open_checkpoint(raw.decode("utf-8"), LOG.verifier, [WITNESS.verifier])


def test_every_bit_of_a_checkpoint_is_signed() -> None:
    raw = signed().encode()
    for at in range(len(raw)):
        for bit in range(8):
            changed = raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :]
            with pytest.raises((VerificationError, UnicodeDecodeError)):
                open_checkpoint(changed.decode("utf-8"), LOG.verifier, [WITNESS.verifier])


def test_signatures_of_strangers_are_passed_over() -> None:
    stranger = new_key("stranger.example.com")
    text = str(HEAD)
    note = Note(text, (sign(text, stranger), sign(text, LOG), Signature(LOG.name, b"abcd", b"x" * 64)))
    assert open_checkpoint(str(note), LOG.verifier) == HEAD
    assert not holds(text, sign(text, stranger), LOG.verifier)
    with pytest.raises(VerificationError, match=r"is not signed by `stranger\.example\.com`"):
        open_checkpoint(signed(), stranger.verifier)


def test_a_checkpoint_signed_for_another_origin_is_refused() -> None:
    text = str(Checkpoint(origin="log.example.com/b", size=1, root=bytes(32)))
    with pytest.raises(VerificationError, match="checkpoint is of"):
        open_checkpoint(str(Note(text, (sign(text, LOG),))), LOG.verifier)


def test_a_cosignature_from_beyond_time_is_refused() -> None:
    text = str(HEAD)
    assert not holds(text, cosign(text, WITNESS, 1 << 63), WITNESS.verifier)
    assert not holds(text, Signature(WITNESS.name, WITNESS.verifier.id, b"\x00" * 12), WITNESS.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "text\n",
        "text\n\n",
        "text\n\nno dash\n",
        "text\n\n— name\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name !!!!\n",
        "text\n\n— name AAAAAAAB",
        "te\txt\n\n— name AAAAAAA=\n",
        "x" * (NOTE_LIMIT_BYTES + 1),
        "text\n\n" + "— name AAAAAAA=\n" * 101,
        "text\n\n— name AAAAAAB=\n",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        parse_note(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "\n1\n" + "A" * 43 + "=\n",
        "a\n01\n" + "A" * 43 + "=\n",
        "a\n-1\n" + "A" * 43 + "=\n",
        "a\n1\nAAAA\n",
        "a\n1\n!\n",
        "a\n1\n" + "A" * 43 + "=\nextension\n",
        "a\n１\n" + "A" * 43 + "=\n",
        "a\n" + "9" * 5000 + "\n" + "A" * 43 + "=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "text", ["", "name", "name+12345678+AAAA", "name+zz+!", GO_VKEY[:-1], "x" + GO_VKEY, GO_SKEY]
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(LedgerError):
        parse_vkey(text)


@pytest.mark.parametrize(
    "text", ["", "PRIVATE+KEY+a+b", GO_VKEY, GO_SKEY[:-4], GO_SKEY.replace("c74f", "c74e")]
)
def test_what_is_no_private_key_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(LedgerError) as caught:
        parse_skey(text)
    assert "AYEK" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u3000b", "a\x00"])
def test_names_that_would_break_notes_are_refused(name: str) -> None:
    with pytest.raises(LedgerError, match="not usable"):
        new_key(name)


def test_a_key_of_an_unknown_algorithm_is_refused() -> None:
    other = str(VerifierKey(name="a", public=bytes(32))).replace("+AQ", "+Bg")
    with pytest.raises(LedgerError, match="no Ed25519 key"):
        parse_vkey(other)


def test_a_proof_is_read_back_and_verifies() -> None:
    proof = Proof(index=0, hashes=(), checkpoint=signed(), entry=b"entry")
    assert parse_proof(format_proof(proof)) == proof
    assert verify_proof(proof, LOG.verifier, [WITNESS.verifier]) == HEAD
    longer = Proof(index=7, hashes=(bytes(32), b"\x01" * 32), checkpoint=signed())
    assert parse_proof(format_proof(longer)) == longer
    with pytest.raises(VerificationError, match="carries no entry"):
        verify_proof(longer, LOG.verifier)
    assert len(parse_signatures(signed().rpartition("\n\n")[2])) == 2


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_changed_byte_of_a_proof_is_caught(data: st.DataObject) -> None:
    raw = bytearray(format_proof(Proof(index=0, hashes=(), checkpoint=signed(), entry=b"entry")).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((VerificationError, UnicodeDecodeError)):
        verify_proof(parse_proof(raw.decode("utf-8")), LOG.verifier, [WITNESS.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nx",
        "c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nextra YQ==\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nindex x\n\nx",
    ],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        parse_proof(text)
