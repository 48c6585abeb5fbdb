"""The tests' own time-stamping authority: RFC 3161 tokens, over HTTP on the loopback interface only.

It signs with ECDSA P-256 and SHA-256, and carries `signingCertificateV2` (RFC 5816).
"""

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import signing

SEQUENCE, SET, INTEGER, OCTETS, OID, TIME = 0x30, 0x31, 0x02, 0x04, 0x06, 0x18
SIGNED_DATA = "1.2.840.113549.1.7.2"
TOKEN_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.47"
SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
POLICY = "1.3.6.1.4.1.99999.1"


@contextmanager
def authority_server(identity: signing.Identity) -> Iterator[str]:
    """A running authority; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            answer = response(request, identity)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def response(request: bytes, identity: signing.Identity) -> bytes:
    """A `TimeStampResp` that grants the request (RFC 3161, 2.4.2)."""
    fields = children(request)
    imprint = fields[1]
    nonce = next((field for field in fields[2:] if field[0] == INTEGER), b"")
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d%H%M%SZ").encode()
    info = tlv(SEQUENCE, number(1), oid(POLICY), imprint, number(1), tlv(TIME, stamp), nonce)
    status = tlv(SEQUENCE, number(0))
    return tlv(SEQUENCE, status, tlv(SEQUENCE, oid(SIGNED_DATA), tlv(0xA0, signed_data(info, identity))))


def signed_data(info: bytes, identity: signing.Identity) -> bytes:
    """CMS `SignedData` around a `TSTInfo` (RFC 5652, 5.1)."""
    certificates = b"".join(
        certificate.public_bytes(serialization.Encoding.DER)
        for certificate in (identity.certificate, *identity.chain)
    )
    attributes = signed_attributes(info, identity)
    signature = identity.key.sign(tlv(SET, attributes), ec.ECDSA(hashes.SHA256()))
    certificate = identity.certificate
    signer = tlv(
        SEQUENCE,
        number(1),
        tlv(SEQUENCE, certificate.issuer.public_bytes(), number(certificate.serial_number)),
        algorithm(SHA256),
        tlv(0xA0, attributes),
        algorithm(ECDSA_SHA256),
        tlv(OCTETS, signature),
    )
    content = tlv(SEQUENCE, oid(TOKEN_INFO), tlv(0xA0, tlv(OCTETS, info)))
    return tlv(
        SEQUENCE, number(3), tlv(SET, algorithm(SHA256)), content, tlv(0xA0, certificates), tlv(SET, signer)
    )


def signed_attributes(info: bytes, identity: signing.Identity) -> bytes:
    """The three attributes, in the order of DER."""
    own = hashlib.sha256(identity.certificate.public_bytes(serialization.Encoding.DER)).digest()
    named = tlv(SEQUENCE, tlv(SEQUENCE, tlv(SEQUENCE, tlv(OCTETS, own))))
    values = {
        CONTENT_TYPE: oid(TOKEN_INFO),
        MESSAGE_DIGEST: tlv(OCTETS, hashlib.sha256(info).digest()),
        SIGNING_CERTIFICATE: named,
    }
    return b"".join(sorted(tlv(SEQUENCE, oid(name), tlv(SET, value)) for name, value in values.items()))


def algorithm(name: str) -> bytes:
    return tlv(SEQUENCE, oid(name))


def number(value: int) -> bytes:
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    return tlv(OID, b"".join(base128(part) for part in (first * 40 + second, *rest)))


def base128(value: int) -> bytes:
    low = bytes([value & 0x7F])
    while value := value >> 7:
        low = bytes([value & 0x7F | 0x80]) + low
    return low


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def children(element: bytes) -> list[bytes]:
    """The elements inside an element."""
    start, end = bounds(element, 0)
    found = []
    while start < end:
        _, stop = bounds(element, start)
        found.append(element[start:stop])
        start = stop
    return found


def bounds(data: bytes, position: int) -> tuple[int, int]:
    """Where the content of the element at that position starts and ends."""
    start, length = position + 2, data[position + 1]
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return start, start + length
