"""The tests' own C2PA signer: a certificate authority, signers of every standing, and signed files, all offline.

Keys are made anew in each process and never leave it. Signers follow the C2PA certificate profile (C2PA 2.2, 14.5:
X.509 v3, ECDSA P-256, digitalSignature, an extended key usage for signing, key identifiers).
"""

import datetime as dt
import hashlib
import io
import json
from functools import cache
from pathlib import Path

import c2pa
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AI_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CAMERA_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
CLAIM_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")  # c2pa-kp-claimSigning
ALLOWED_USES = ("1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36")
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)

OFFLINE = {
    "version": 1,
    "core": {"allowed_network_hosts": []},
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        "verify_after_sign": False,
    },
    "builder": {"thumbnail": {"enabled": False}},
}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate with its key and its chain up to, and without, the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def chain_pem(self) -> str:
        """The certificate and its chain, PEM, leaf first."""
        return "".join(pem_of(certificate) for certificate in (self.certificate, *self.chain))


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """A root and one intermediate under it."""

    root: Identity
    intermediate: Identity

    @property
    def anchor_pem(self) -> str:
        """The root, PEM: what a trust list holds."""
        return pem_of(self.root.certificate)


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def authority(name: str = "Brightline Test") -> Authority:
    """A certificate authority of that name; the same one for the whole process."""
    return _authority(name)


@cache
def _authority(name: str) -> Authority:
    root = _issue(f"{name} Root CA", None, ends=NOW + 3650 * DAY, is_authority=True)
    issuing = _issue(f"{name} Issuing CA", root, ends=NOW + 3000 * DAY, is_authority=True)
    return Authority(root=root, intermediate=issuing)


@cache
def signer(name: str = "Example Studio", authority_name: str = "Brightline Test") -> Identity:
    """A valid claim signer under that authority."""
    return _issue(name, authority(authority_name).intermediate)


def brief_signer(name: str = "Expired Studio", seconds: int = 2) -> Identity:
    """A signer whose certificate ends in a moment: sign with it, wait, and it has expired."""
    ends = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=seconds)
    return _issue(name, authority().intermediate, ends=ends)


@cache
def time_authority(authority_name: str = "Example Clocks") -> Identity:
    """A time-stamping authority under a root of that name, which is none of the signers'."""
    return _issue("Example Clock", authority(authority_name).intermediate, is_clock=True)


def _issue(
    name: str,
    issuer: Identity | None,
    *,
    is_clock: bool = False,
    ends: dt.datetime = NOW + 365 * DAY,
    is_authority: bool = False,
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    signing_key = issuer.key if issuer else key
    subject = _name(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - (1000 if is_authority else 2) * DAY)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
        )
        .add_extension(_key_usage(is_authority=is_authority), critical=True)
    )
    if not is_authority:
        uses = (
            [ExtendedKeyUsageOID.TIME_STAMPING]
            if is_clock
            else [CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
        )
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=is_clock)
    chain = () if issuer is None or _is_root(issuer) else (issuer.certificate, *issuer.chain)
    return Identity(certificate=builder.sign(signing_key, hashes.SHA256()), key=key, chain=chain)


def _is_root(identity: Identity) -> bool:
    return identity.certificate.subject == identity.certificate.issuer


def _name(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ZZ"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{name} (invented)"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def manifest(*, source_type: str = "", generator: str = "Example Painter", title: str = "picture") -> dict:
    """A manifest definition: one `c2pa.created` action, with that IPTC source type if there is one."""
    action = {"action": "c2pa.created", "softwareAgent": {"name": generator, "version": "1.0"}}
    if source_type:
        action["digitalSourceType"] = source_type
    return {
        "claim_generator_info": [{"name": generator, "version": "1.0"}],
        "title": title,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }


def sign(
    data: bytes,
    media_type: str,
    identity: Identity | None = None,
    *,
    source_type: str = "",
    generator: str = "Example Painter",
    remote_url: str = "",
    ingredients: tuple[bytes, ...] = (),
    clock: str = "",
) -> bytes:
    """A signed copy of a file.

    Args:
        data: the file.
        media_type: of the file and of its ingredients, e.g. `image/png`.
        identity: who signs; None is the valid example signer.
        source_type: IPTC digital source type of the `c2pa.created` action, or empty.
        generator: name of the program that claims to have made it.
        remote_url: if given, the manifest is not embedded and the file only names this address.
        ingredients: files that this one was made from, with their own manifests if they have any.
        clock: address of a time-stamping authority on the loopback interface; empty for none.
    """
    who = identity or signer()
    allowed = {"core": {"allowed_network_hosts": ["127.0.0.1"]}} if clock else {}
    with c2pa.Context.from_dict({**OFFLINE, **allowed}) as context:
        builder = c2pa.Builder(json.dumps(manifest(source_type=source_type, generator=generator)), context)
        if remote_url:
            builder.set_no_embed()
            builder.set_remote_url(remote_url)
        for number, ingredient in enumerate(ingredients):
            relation = {"title": f"ingredient {number}", "relationship": "componentOf"}
            builder.add_ingredient(json.dumps(relation), media_type, io.BytesIO(ingredient))
        out = io.BytesIO()
        with _signer_of(who, clock) as native:
            builder.sign(native, media_type, io.BytesIO(data), out)
        return out.getvalue()


def _signer_of(identity: Identity, clock: str) -> c2pa.Signer:
    key = identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return c2pa.Signer.from_info(
        c2pa.C2paSignerInfo(
            c2pa.C2paSigningAlg.ES256, identity.chain_pem.encode("ascii"), key, clock.encode("ascii") or None
        )
    )


def trust_pack(folder: Path, *, anchors: str | None = None, date: str = "", clocks: str = "") -> Path:
    """Write a trust-list pack that trusts the tests' own authority (or the given anchors); returns its folder."""
    files = {
        "anchors.pem": authority().anchor_pem if anchors is None else anchors,
        "time-anchors.pem": clocks,
        "allowed-uses.txt": "\n".join(ALLOWED_USES) + "\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        f'name = "tests"\ndate = "{date or NOW.date().isoformat()}"\nsource = "made by the tests"',
        'standing = "house"',
    ]
    for name, text in files.items():
        (folder / name).write_text(text, "ascii")
        digest = hashlib.sha256(text.encode("ascii")).hexdigest()
        lines.append(f'[[files]]\nname = "{name}"\nsha256 = "{digest}"')
    (folder / "pack.toml").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
