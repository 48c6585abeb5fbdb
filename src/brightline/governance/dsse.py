"""Dead Simple Signing Envelopes: a payload with its type, and signatures over both.

Source: DSSE v1.0.2 (secure-systems-lab/dsse), protocol.md and envelope.md.
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from brightline.core.errors import GovernanceError
from brightline.core.wire import canonical
from brightline.governance.keys import PublicKey, Signer, hint_of, holds

IN_TOTO = "application/vnd.in-toto+json"
ENVELOPE_LIMIT_BYTES = 64 * 1024 * 1024  # a manifest of 200,000 files takes 40 MB
SIGNATURES_LIMIT = 16  # on one envelope


class Signature(msgspec.Struct, frozen=True, omit_defaults=True):
    """One signature: Base64, and a hint at the key, which proves nothing."""

    sig: str
    keyid: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Payload (Base64), its type, and signatures; nothing verified yet."""

    payload: str
    payloadType: str  # noqa: N815 - the standard's spelling
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: type and payload with their lengths, so that neither can be taken for the other.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, signer: Signer, *, payload_type: str = IN_TOTO) -> Envelope:
    """The payload in an envelope with one signature."""
    signature = signer.sign(pae(payload_type, payload))
    return Envelope(
        payload=base64.b64encode(payload).decode(),
        payloadType=payload_type,
        signatures=(Signature(base64.b64encode(signature).decode(), signer.hint),),
    )


def read_envelope(data: bytes) -> Envelope:
    """An envelope from its JSON.

    Raises:
        GovernanceError: it is none, or too large.
    """
    if len(data) > ENVELOPE_LIMIT_BYTES:
        raise GovernanceError(f"an envelope of {len(data)} bytes, expected at most {ENVELOPE_LIMIT_BYTES}")
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GovernanceError(f"no DSSE envelope: {error}") from error
    if not 1 <= len(envelope.signatures) <= SIGNATURES_LIMIT:
        raise GovernanceError(f"an envelope with {len(envelope.signatures)} signatures, expected 1 to 16")
    return envelope


def envelope_bytes(envelope: Envelope) -> bytes:
    """The envelope as one line of JSON."""
    return canonical(envelope)


def payload_of(envelope: Envelope) -> bytes:
    """The payload, decoded; nothing is verified.

    Raises:
        GovernanceError: it is no Base64.
    """
    return decoded(envelope.payload)


def signers_of(envelope: Envelope, keys: Sequence[PublicKey]) -> list[PublicKey]:
    """Those of the keys whose signature on the envelope holds; each counts once.

    Raises:
        GovernanceError: the payload or a signature is no Base64.
    """
    message = pae(envelope.payloadType, payload_of(envelope))
    values = [decoded(one.sig) for one in envelope.signatures]
    good = {hint_of(key): key for key in keys if any(holds(key, value, message) for value in values)}
    return [*good.values()]


def decoded(text: str) -> bytes:
    """Base64 in the standard or URL alphabet, which verifiers must both take.

    Raises:
        GovernanceError: it is neither.
    """
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise GovernanceError(f"no Base64: `{text[:40]}`") from error
