"""Notices that the service sends: who receives one checks it before believing it."""

import hashlib
import hmac
import time
from typing import Any

import msgspec

AGE_S = 300  # of a notice's signature; an older one may be a copy of somebody who listened


class NoticeError(ValueError):
    """The notice is not the service's, or not of now."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something happened.

    Attributes:
        id: the same for each delivery of one notice: keep it, and pass over what you have.
        event: what happened.
        time: when, UTC, as `2026-11-24T12:00:00Z`.
        data: its facts: ids, digests and actions, never content.
    """

    id: str
    event: str
    time: str
    data: dict[str, Any]


def read_notice(secret: str, signature: str, body: bytes, *, now_s: float | None = None) -> Notice:
    """A notice whose signature is right and new.

    Args:
        secret: that `POST /v1/hooks` gave.
        signature: the header `brightline-signature`: `t=<seconds>,v1=<HMAC-SHA-256 of "t.body" in hexadecimal>`.
        body: the request's bytes, unchanged.
        now_s: seconds since 1970; the clock's, unless told.

    Raises:
        NoticeError: the signature is of another secret or body, older than five minutes, or no signature.
    """
    fields = dict(part.strip().partition("=")[::2] for part in signature.split(","))
    told, mac = fields.get("t", ""), fields.get("v1", "")
    if not (told.isascii() and told.isdecimal()) or len(told) > 12:
        raise NoticeError("the signature names no time: expected `t=SECONDS,v1=HEX`")
    right = hmac.new(secret.encode(), told.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), mac.encode("utf-8", "replace")):
        raise NoticeError("the signature is not of this secret and body")
    if abs((time.time() if now_s is None else now_s) - int(told)) > AGE_S:
        raise NoticeError(f"the signature is more than {AGE_S} seconds from now")
    try:
        return msgspec.json.decode(body, type=Notice)
    except msgspec.DecodeError as error:
        raise NoticeError(f"the notice is not as the service writes it: {error}") from error
