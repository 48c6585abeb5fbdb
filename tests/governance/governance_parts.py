"""Keys and certificates for tests of signatures and attestations; made anew in each run, trusted by nobody else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from brightline.governance.keys import Signer, hint_of


def a_signer() -> Signer:
    private = ec.generate_private_key(ec.SECP256R1())
    return Signer(private, hint_of(private.public_key()))


def key_files(folder: Path, name: str = "release") -> tuple[Path, Path]:
    from brightline.governance.keys import make_key, public_file

    file = folder / f"{name}.key"
    make_key(file)
    return file, public_file(file)


def a_model(folder: Path) -> Path:
    model = folder / "model"
    (model / "sub").mkdir(parents=True)
    (model / "config.json").write_text('{"model_type": "toy"}')
    (model / "weights.safetensors").write_bytes(bytes(range(256)) * 40)
    (model / "sub" / "a.txt").write_text("a")
    (model / "sub.txt").write_text("between")
    return model


def a_certificate(
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    *,
    name: str = "root.test",
    ca: bool = False,
    days: int = 3650,
    from_days: int = -10,
    signing: bool = True,
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=from_days)
    usage = x509.KeyUsage(
        digital_signature=signing, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    key = issuer[1] if issuer else private
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate, private


def as_pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def private_pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
