"""Keys of every kind sign; chains that a verifier would reject are refused before, in words; secrets are never said."""

import datetime as dt
import os
import shutil
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path

import c2pa_parts
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import signing
from brightline.core.errors import MarkingError
from brightline.core.subject import Kind
from brightline.marking.c2pa.certificates import CLAIM_SIGNING, Algorithm, check_chain, read_chain
from brightline.marking.c2pa.hardware import TokenKey, token_signer
from brightline.marking.c2pa.keys import UNTRUSTED, make_trial_keys
from brightline.marking.c2pa.passphrase import Passphrase, read_passphrase
from brightline.marking.c2pa.sign import sign_file
from brightline.marking.c2pa.signer import (
    OrganisationSigner,
    signature_of,
    signer_from_callback,
    signer_from_files,
)

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
SECRET = "correct horse battery staple"


def sign_once(folder: Path, signer: OrganisationSigner) -> list[str]:
    source, target = folder / "s.png", folder / "t.png"
    source.write_bytes(c2pa_parts.plain(Kind.PNG))
    signed = sign_file(source, target, Kind.PNG, c2pa_parts.claim(), signer)
    return c2pa_parts.axes(c2pa_parts.findings(folder, target, Kind.PNG, signed))


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_trial_keys_of_every_algorithm_sign_and_nobody_trusts_them(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    made = make_trial_keys(tmp_path / "keys", "Example Studio", algorithm)
    signer = signer_from_files(made.key, made.chain)
    assert signer.algorithm is algorithm
    assert sign_once(tmp_path, signer) == ["yes", "intact", "valid", "untrusted"]
    assert UNTRUSTED in signer.chain[0].subject.rfc4514_string()
    assert made.key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_the_second_verifier_accepts_trial_keys_of_every_algorithm(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    made = make_trial_keys(tmp_path / "keys", "Example Studio", algorithm)
    sign_once(tmp_path, signer_from_files(made.key, made.chain))
    said = c2pa_parts.second_opinion((tmp_path / "t.png").read_bytes(), Kind.PNG)
    assert (said["signature"], said["hard_binding"]) == ("valid", "match")


def test_trial_keys_are_never_written_over_others(tmp_path: Path) -> None:
    made = make_trial_keys(tmp_path, "Example Studio")
    before = made.key.read_bytes()
    with pytest.raises(MarkingError, match="never overwritten"):
        make_trial_keys(tmp_path, "Example Studio")
    assert made.key.read_bytes() == before
    with pytest.raises(MarkingError, match="expected 1 to"):
        make_trial_keys(tmp_path / "other", "x" * 65)


@pytest.mark.parametrize("place", ["file", "variable"])
def test_an_encrypted_key_opens_with_its_passphrase_from_a_file_or_a_variable(
    tmp_path: Path, place: str
) -> None:
    made = make_trial_keys(tmp_path / "keys", "Example Studio", passphrase=SECRET.encode())
    assert b"ENCRYPTED" in made.key.read_bytes()
    (tmp_path / "passphrase").write_text(f"{SECRET}\n")
    where = (
        Passphrase(file=tmp_path / "passphrase") if place == "file" else Passphrase(variable="KEY_PASSPHRASE")
    )
    signer = signer_from_files(made.key, made.chain, passphrase=where, environ={"KEY_PASSPHRASE": SECRET})
    assert sign_once(tmp_path, signer)[:3] == ["yes", "intact", "valid"]


def test_a_wrong_or_missing_passphrase_is_said_without_the_secret(tmp_path: Path) -> None:
    made = make_trial_keys(tmp_path / "keys", "Example Studio", passphrase=SECRET.encode())
    plain = make_trial_keys(tmp_path / "plain", "Example Studio")
    wrong = {"P": "wrong-secret-words"}
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: signer_from_files(made.key, made.chain), "is encrypted"),
        (
            lambda: signer_from_files(
                made.key, made.chain, passphrase=Passphrase(variable="P"), environ=wrong
            ),
            "does not open",
        ),
        (
            lambda: signer_from_files(
                plain.key, plain.chain, passphrase=Passphrase(variable="P"), environ=wrong
            ),
            "not encrypted",
        ),
        (lambda: read_passphrase(Passphrase(variable="UNSET"), {}), "not set"),
        (lambda: read_passphrase(Passphrase(file=tmp_path / "none"), {}), "cannot read"),
        (lambda: Passphrase(), "one of the two"),
        (lambda: Passphrase(file=tmp_path, variable="P"), "one of the two"),
    ]
    for deed, words in cases:
        with pytest.raises(MarkingError, match=words) as caught:
            deed()
        assert "wrong-secret-words" not in "".join(traceback.format_exception(caught.value))


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    made = make_trial_keys(tmp_path, "Example Studio")
    made.key.chmod(0o640)
    with pytest.raises(MarkingError, match="chmod 600"):
        signer_from_files(made.key, made.chain)


def test_key_and_certificate_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, other = (
        make_trial_keys(tmp_path / name, "Example Studio", algorithm)
        for name, algorithm in (("one", Algorithm.ES256), ("other", Algorithm.ES384))
    )
    with pytest.raises(MarkingError, match="not the key of the first certificate"):
        signer_from_files(one.key, other.chain)


def test_a_callback_with_the_wrong_key_is_found_at_the_first_signature(tmp_path: Path) -> None:
    wrong = ec.generate_private_key(ec.SECP256R1())
    signer = signer_from_callback(
        lambda data: wrong.sign(data, ec.ECDSA(hashes.SHA256())), signing.signer().chain_pem.encode()
    )
    with pytest.raises(MarkingError, match="do not belong together"):
        sign_once(tmp_path, signer)
    assert not (tmp_path / "t.png").exists()


def test_a_callback_may_give_ecdsa_as_der_or_as_two_numbers(tmp_path: Path) -> None:
    who = signing.signer()

    def raw(data: bytes) -> bytes:
        first, second = decode_dss_signature(who.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return first.to_bytes(32, "big") + second.to_bytes(32, "big")

    signer = signer_from_callback(raw, who.chain_pem.encode())
    assert sign_once(tmp_path, signer) == ["yes", "intact", "valid", "trusted"]
    short = msgspec.structs.replace(signer, sign=lambda _: b"x" * 63)
    with pytest.raises(MarkingError, match="neither DER nor 64 bytes"):
        signature_of(short, b"data")


def certificate(
    *,
    uses: tuple[x509.ObjectIdentifier, ...] = (CLAIM_SIGNING,),
    starts: int = -1,
    ends: int = 10,
    key: object = None,
    is_authority: bool = False,
    is_self_signed: bool = False,
    signs: bool = True,
    names_issuer: bool = True,
) -> bytes:
    """A certificate with one thing wrong, or none; PEM, with its issuer."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    issuer = signing.authority().intermediate
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Studio")])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
    )
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if is_self_signed else issuer.certificate.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=starts))
        .not_valid_after(now + dt.timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=signs,
                key_cert_sign=False,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
    )
    if names_issuer:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
        )
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(uses)), critical=False)
    leaf = builder.sign(own if is_self_signed else issuer.key, hashes.SHA256())
    above = "" if is_self_signed else signing.pem_of(issuer.certificate)
    return (signing.pem_of(leaf) + above).encode()


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "expired": ({"starts": -20, "ends": -10}, "expired on"),
    "not yet valid": ({"starts": 5}, "valid from"),
    "no use": ({"uses": ()}, "extended key usage"),
    "a use for servers": ({"uses": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "extended key usage"),
    "any use": (
        {"uses": (CLAIM_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)},
        "anyExtendedKeyUsage",
    ),
    "a clock too": ({"uses": (CLAIM_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING)}, "time stamping"),
    "an authority": ({"is_authority": True}, "authority"),
    "self-signed": ({"is_self_signed": True}, "self-signed"),
    "no digital signature": ({"signs": False}, "digitalSignature"),
    "no key identifier": ({"names_issuer": False}, "authority key identifier"),
    "a weak key": ({"key": rsa.generate_private_key(65537, 1024)}, "1024 bits"),
    "a key C2PA does not know": ({"key": ec.generate_private_key(ec.SECP256K1())}, "does not allow"),
    "a curve C2PA does not know": ({"key": ed448.Ed448PrivateKey.generate()}, "does not allow"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_chain_that_verifiers_would_reject_is_refused_with_the_reason(name: str) -> None:
    changes, words = WRONG[name]
    with pytest.raises(MarkingError, match=words):
        check_chain(read_chain(certificate(**changes)), dt.datetime.now(dt.UTC))  # type: ignore[arg-type]


def test_a_fit_chain_passes() -> None:
    assert check_chain(read_chain(certificate()), dt.datetime.now(dt.UTC)) is Algorithm.ES256


def test_a_chain_in_the_wrong_order_is_refused() -> None:
    stranger = signing.pem_of(signing.authority("Unlisted").intermediate.certificate).encode()
    leaf = certificate().split(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
    with pytest.raises(MarkingError, match="was not issued by"):
        check_chain(read_chain(leaf + stranger), dt.datetime.now(dt.UTC))


def test_what_is_no_chain_is_refused() -> None:
    for pem, words in ((b"", "not PEM"), (b"x" * 300_000, "limit"), (certificate() * 6, "12 certificates")):
        with pytest.raises(MarkingError, match=words):
            read_chain(pem)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SoftHSM token with the tests' signing key in it; the module reads its settings once a process."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed: the extra `pkcs11`")
    tool = shutil.which("softhsm2-util")
    if tool is None or not SOFTHSM.exists():
        pytest.skip("SoftHSM is not installed: Debian's package softhsm2")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    pins = ["--pin", "4711-secret", "--so-pin", "0815-secret"]
    subprocess.run(
        [tool, "--init-token", "--free", "--label", "studio", *pins], check=True, capture_output=True
    )
    for name, key in (("es256", signing.signer().key), ("ps256", rsa.generate_private_key(65537, 2048))):
        pem = folder / f"{name}.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        place = ["--token", "studio", "--label", name, "--id", name.encode().hex()]
        subprocess.run([tool, "--import", str(pem), *place, *pins[:2]], check=True, capture_output=True)
    return folder


def in_token(key: str, token_label: str = "studio") -> TokenKey:
    return TokenKey(library=SOFTHSM, token=token_label, key=key, pin=Passphrase(variable="TOKEN_PIN"))


@pytest.mark.parametrize("name", ["es256", "ps256"])
def test_a_key_in_a_token_signs_and_never_leaves_it(tmp_path: Path, token: Path, name: str) -> None:
    key = serialization.load_pem_private_key((token / f"{name}.pem").read_bytes(), None)
    chain = certificate(key=key)
    with token_signer(in_token(name), chain, environ={"TOKEN_PIN": "4711-secret"}) as signer:
        assert signer.algorithm.value == name
        assert sign_once(tmp_path, signer) == ["yes", "intact", "valid", "trusted"]
    assert c2pa_parts.second_opinion((tmp_path / "t.png").read_bytes(), Kind.PNG) == c2pa_parts.SOUND


def test_a_token_that_does_not_open_is_said_without_the_pin(token: Path) -> None:
    chain = certificate()
    cases = [
        (in_token("es256"), "9999-secret", "PinIncorrect"),
        (in_token("es256", "nobody"), "4711-secret", "NoSuchToken"),
        (in_token("missing"), "4711-secret", "no private key `missing`"),
        (
            msgspec.structs.replace(in_token("es256"), library=Path("/nonexistent.so")),
            "4711-secret",
            "cannot open",
        ),
    ]
    for place, pin, words in cases:
        with (
            pytest.raises(MarkingError, match=words) as caught,
            token_signer(place, chain, environ={"TOKEN_PIN": pin}),
        ):
            pass
        assert pin not in "".join(traceback.format_exception(caught.value))
