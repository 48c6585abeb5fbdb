"""Digests of what is read, and of what is too large to read."""

import hashlib

from brightline.core.subject import Blob
from brightline.intake.digests import EDGE_BYTES, edge_digest, sha256


def test_sha256_agrees_with_hashlib(tmp_path):
    data = b"x" * 3_000_000
    (tmp_path / "file").write_bytes(data)
    assert sha256(Blob(data)) == sha256(Blob(path=tmp_path / "file")) == hashlib.sha256(data).hexdigest()


def test_a_digest_of_the_ends_depends_on_both_ends_and_the_size():
    data = bytearray(3 * EDGE_BYTES)
    plain = edge_digest(Blob(bytes(data)))
    for place in (0, EDGE_BYTES - 1, len(data) - 1):
        changed = data.copy()
        changed[place] = 1
        assert edge_digest(Blob(bytes(changed))) != plain
    assert edge_digest(Blob(bytes(len(data) + 1))) != plain
    assert edge_digest(Blob(b"tiny")) != edge_digest(Blob(b"tinz"))
