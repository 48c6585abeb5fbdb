"""Bytes of no known kind: the one thing to say of them is that an Office document is encrypted."""

from brightline.core.subject import Blob
from brightline.intake.draft import Draft
from brightline.intake.guard import EncryptedError

HEAD_BYTES = 1024 * 1024  # the directory of an OLE2 file lies near its start or its end
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read(blob: Blob, draft: Draft) -> None:
    """Say whether this is an OLE2 file around an encrypted OOXML package (MS-OFFCRYPTO 2.3.4)."""
    del draft
    head = blob.head(HEAD_BYTES)
    if not head.startswith(_OLE2):
        return
    with blob.open() as stream:
        stream.seek(max(0, blob.size - HEAD_BYTES))
        if _ENCRYPTED in head or _ENCRYPTED in stream.read(HEAD_BYTES):
            raise EncryptedError
