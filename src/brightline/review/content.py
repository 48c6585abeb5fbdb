"""Bytes that were handed in: encrypted under a key of their own, in pieces, until their retention ends.

Erasing means to destroy the key and the pieces; the ledger's entries hold digests alone and stay verifiable.
"""

import hashlib
import os
from collections.abc import Iterator

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select, update

from brightline.core.errors import ConflictError, NotThereError
from brightline.review.store import Store, new_id, now_ms
from brightline.review.tables import contents, pieces
from brightline.review.vault import KEY_BYTES, opened, sealed

PIECE_BYTES = 1024 * 1024  # of plain bytes in one row
ERASED_LIMIT = 500  # contents that one sweep erases, so that no transaction is long


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of stored bytes.

    Attributes:
        id: of the row.
        tenant: whose.
        digest: SHA-256 of the plain bytes.
        size_bytes: their length.
        held: under a legal hold.
        erased: the key is gone, nobody reads them again.
    """

    id: str
    tenant: str
    digest: str
    size_bytes: int
    held: bool
    erased: bool


def put(connection: Connection, store: Store, tenant: str, data: bytes, erase_ms: int | None) -> str:
    """Keep bytes in the caller's transaction; gives the row's id.

    Args:
        connection: of `store.writing()`.
        store: whose vault wraps the key.
        tenant: whose bytes.
        data: the bytes.
        erase_ms: when retention ends; None keeps them until somebody erases them.
    """
    content, key = new_id(), os.urandom(KEY_BYTES)
    cipher = AESGCM(key)
    connection.execute(
        insert(contents).values(
            id=content,
            tenant=tenant,
            digest=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            wrapped=store.vault.seal(key, _whose(content, tenant)),
            held=False,
            made_ms=now_ms(),
            erase_ms=erase_ms,
        )
    )
    rows = [
        {
            "content": content,
            "number": number,
            "data": sealed(cipher, data[at : at + PIECE_BYTES], f"{content}/{number}"),
        }
        for number, at in enumerate(range(0, max(len(data), 1), PIECE_BYTES))
    ]
    connection.execute(insert(pieces), rows)
    return content


def facts_of(connection: Connection, content: str, tenant: str) -> Content:
    """What is known of a content.

    Raises:
        NotThereError: this tenant has none of that id.
    """
    row = connection.execute(
        select(contents).where(contents.c.id == content, contents.c.tenant == tenant)
    ).first()
    if row is None:
        raise NotThereError(f"no content `{content[:40]}`")
    return Content(
        id=row.id, tenant=row.tenant, digest=row.digest, size_bytes=row.size_bytes, held=row.held,
        erased=row.wrapped is None,
    )  # fmt: skip


def read(store: Store, content: str, tenant: str) -> Iterator[bytes]:
    """The plain bytes, a piece at a time.

    Raises:
        NotThereError: this tenant has none of that id, or it was erased.
        LedgerError: a piece was changed or is missing.
    """
    with store.reading() as connection:
        row = connection.execute(
            select(contents.c.wrapped, contents.c.size_bytes).where(
                contents.c.id == content, contents.c.tenant == tenant
            )
        ).first()
    if row is None or row.wrapped is None:
        raise NotThereError(f"no content `{content[:40]}`, or it was erased")
    cipher = AESGCM(store.vault.open(row.wrapped, _whose(content, tenant)))
    for number in range(max(1, -(-row.size_bytes // PIECE_BYTES))):
        wanted = select(pieces.c.data).where(pieces.c.content == content, pieces.c.number == number)
        with store.reading() as connection:
            data = connection.execute(wanted).scalar()
        yield opened(cipher, data or b"", f"{content}/{number}")


def hold(connection: Connection, content: str, tenant: str, *, held: bool) -> None:
    """Put a content under a legal hold, or lift it.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it was erased already.
    """
    if facts_of(connection, content, tenant).erased:
        raise ConflictError(f"content `{content}` was erased already")
    connection.execute(update(contents).where(contents.c.id == content).values(held=held))


def erase(connection: Connection, content: str, tenant: str) -> None:
    """Destroy the key and the pieces.

    Raises:
        NotThereError: this tenant has none of that id.
        ConflictError: it is under a legal hold.
    """
    if facts_of(connection, content, tenant).held:
        raise ConflictError(f"content `{content}` is under a legal hold: lift it first")
    _erase(connection, [content])


def erase_due(store: Store, time_ms: int) -> int:
    """Erase what retention has ended for, legal holds apart; says how many, at most `ERASED_LIMIT`."""
    with store.writing() as connection:
        due = select(contents.c.id).where(
            contents.c.erase_ms <= time_ms, contents.c.wrapped.is_not(None), contents.c.held.is_(False)
        )
        found = list(connection.execute(due.limit(ERASED_LIMIT)).scalars())
        if found:
            _erase(connection, found)
    return len(found)


def _erase(connection: Connection, found: list[str]) -> None:
    connection.execute(delete(pieces).where(pieces.c.content.in_(found)))
    connection.execute(
        update(contents).where(contents.c.id.in_(found)).values(wrapped=None, erased_ms=now_ms())
    )


def _whose(content: str, tenant: str) -> str:
    return f"content/{tenant}/{content}"
