import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from intake_parts import gap_kinds, headers_of, opened

from brightline.core.subject import GapKind, Kind, Role
from brightline.intake.mime import decode_words, parameter, read_entity, split_parts
from hostile.samples import CHINESE, HTML, mail, samples

START = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def test_headers_are_decoded_in_order_with_lower_case_names():
    subject = opened(mail().as_bytes())
    names = [header.name for header in subject.headers]
    assert names[:5] == ["from", "to", "subject", "date", "message-id"]
    assert headers_of(subject)["from"] == "李雷 <a@example.com>"
    assert headers_of(subject)["subject"] == "发票 invoice"


def test_the_text_is_the_plain_body_and_a_differing_html_body_is_a_part():
    subject = opened(mail().as_bytes())
    assert subject.text.startswith(CHINESE)
    body = next(part for part in subject.parts if part.role is Role.BODY)
    assert body.kind is Kind.HTML
    assert "bank.example" in body.text


def test_links_of_both_bodies_are_the_messages_links():
    links = {link.target: link.shown for link in opened(mail().as_bytes()).links}
    assert links == {"http://plain.example/x": "http://plain.example/x", "http://evil.test/x": "bank.example"}


def test_without_a_plain_body_the_words_are_the_html_bodys():
    subject = opened(START + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + HTML.encode())
    assert CHINESE in subject.text
    assert subject.links[0].shown == "bank.example"
    assert subject.text[subject.links[0].start : subject.links[0].end] == "bank.example"
    assert not subject.parts


def test_equal_bodies_make_no_part():
    message = mail()
    plain, page = list(message.walk())[2:4]
    plain.set_payload("same words")
    page.set_payload("<html><p>same <b>words</b></p></html>")
    assert [part.role for part in opened(message.as_bytes()).parts] == [Role.ATTACHMENT]


def test_attachments_are_opened_under_their_decoded_names():
    attachment = opened(mail().as_bytes()).parts[0]
    assert (attachment.name, attachment.kind, attachment.role) == ("发票.zip", Kind.ZIP, Role.ATTACHMENT)
    assert attachment.parts[0].name == "inner.txt"


@pytest.mark.parametrize("charset", ["gb2312", "big5", "utf-8", "utf-16", "no-such-charset"])
def test_bodies_are_decoded_by_their_charset_or_by_their_bytes(charset):
    words = "請點擊鏈接領取紅包" if charset == "big5" else CHINESE
    encoding = {"gb2312": "gb18030", "no-such-charset": "gb18030"}.get(charset, charset)
    subject = opened(
        START + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + words.encode(encoding)
    )
    assert subject.text == words


def test_a_missing_closing_boundary_still_shows_the_part():
    subject = opened(
        START
        + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nhello"
    )
    assert subject.text == "hello"


def test_a_boundary_that_never_occurs_is_a_gap_and_the_body_is_read():
    subject = opened(START + b"Content-Type: multipart/mixed; boundary=B\r\n\r\nhello")
    assert subject.text == "hello"
    assert gap_kinds(subject) == {GapKind.MALFORMED}


def test_broken_base64_is_read_as_far_as_it_goes():
    subject = opened(START + b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8gd29ybGQ")
    assert subject.text.startswith("hello")


def test_a_message_in_a_message_is_a_part():
    subject = opened(START + b"Content-Type: message/rfc822\r\n\r\n" + mail().as_bytes())
    assert subject.parts[0].kind is Kind.EMAIL
    assert headers_of(subject.parts[0])["subject"] == "发票 invoice"


def test_a_mailbox_gives_its_messages_with_their_own_bytes():
    messages = opened(samples()["box.mbox"][0]).parts
    assert [part.name for part in messages] == ["message 1", "message 2"]
    assert messages[0].kind is Kind.EMAIL
    with messages[0].blob.open() as stream:
        assert stream.read().startswith(b"From: ")


def test_an_outlook_message_reads_like_any_other():
    subject = opened(samples()["mail.msg"][0])
    assert headers_of(subject)["subject"] == "发票"
    assert headers_of(subject)["from"] == "a@example.com"
    assert subject.text == CHINESE
    assert [part.role for part in subject.parts] == [Role.ATTACHMENT, Role.BODY]
    assert any(link.target == "http://evil.test/x" for link in subject.links)


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("=?gb2312?B?xPq6ww==?=", "您好"),
        ("=?utf-8?Q?a_b=21?=", "a b!"),
        ("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
        ("=?x?q?a?=", "a"),
        ("=?utf-8?z?a?=", "=?utf-8?z?a?="),
        ("plain", "plain"),
    ],
)
def test_encoded_words(value, decoded):
    assert decode_words(value) == decoded


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename=a.txt; size=3", "a.txt"),
        ('attachment; filename="a\\"b.txt"', 'a"b.txt'),
        ("attachment; filename*=gb18030''%C4%FA%BA%C3.txt", "您好.txt"),
        ("attachment; filename*0=a; filename*1=b.txt", "ab.txt"),
        ("attachment; filename*0*=utf-8''%E6%82; filename*1*=%A8.txt", "您.txt"),
        ('attachment; filename="=?utf-8?q?=E6=82=A8?=.txt"', "您.txt"),
        ("attachment", ""),
    ],
)
def test_parameters(value, name):
    assert parameter(value, "filename") == name


@given(st.lists(st.binary(max_size=60).filter(lambda part: b"--B" not in part), max_size=6))
def test_parts_come_back_as_they_were_put_in(parts):
    body = b"".join(b"--B\r\n\r\n" + part + b"\r\n" for part in parts) + b"--B--\r\n"
    entity = read_entity(b"Content-Type: multipart/mixed; boundary=B\r\n\r\n" + body)
    assert [part.removeprefix(b"\r\n") for part in split_parts(entity)] == [
        part.removeprefix(b"\r\n") for part in parts
    ]


def test_an_encrypted_body_is_a_gap():
    armour = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA1\r\n-----END PGP MESSAGE-----\r\n"
    assert gap_kinds(opened(START + b"\r\n" + armour)) == {GapKind.ENCRYPTED}
    assert gap_kinds(opened(armour)) == {GapKind.ENCRYPTED}
    assert not gap_kinds(opened(START + b"\r\nIt starts with -----BEGIN PGP MESSAGE-----.\r\n"))


def test_a_message_as_apple_mail_stores_it_is_mail():
    subject = opened(b"95        \n" + START + b"\r\nHello\r\n<?xml version='1.0'?><plist></plist>")
    assert subject.kind is Kind.EMAIL
    assert (headers_of(subject)["subject"], subject.text[:5]) == ("x", "Hello")


def signed(content: bytes, *options: pkcs7.PKCS7Options) -> bytes:
    """A PKCS #7 signature by a key made for the purpose."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ann Example")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(start).not_valid_after(start + timedelta(days=365)).sign(key, hashes.SHA256())
    )  # fmt: skip
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(Encoding.DER, [*options, pkcs7.PKCS7Options.Binary])


def test_a_signature_beside_a_mail_is_no_unknown_file_and_one_around_it_is():
    for options, parts in (([pkcs7.PKCS7Options.DetachedSignature], 0), ([], 1)):
        signature = base64.encodebytes(signed(b"hello", *options))
        mail_of = (
            START + b"Content-Type: multipart/signed; boundary=B\r\n\r\n--B\r\n\r\nhello\r\n--B\r\n"
            b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + signature + b"\r\n--B--\r\n"
        )  # fmt: skip
        subject = opened(mail_of)
        assert (subject.text.strip(), len(subject.parts)) == ("hello", parts)


def test_a_part_without_fields_and_words_among_fields_are_read():
    mail_of = (
        START
        + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nhello there\r\n\r\nNote: more\r\n--B--\r\n"
    )
    assert opened(mail_of).text.split() == ["hello", "there", "Note:", "more"]
    stray = opened(
        START + b"Date: x\r\nReply-To: y\r\nwords without a blank line before them\r\n\r\nand more\r\n"
    )
    assert "words without" in stray.text
    assert "and more" in stray.text
    assert headers_of(stray)["subject"] == "x"
