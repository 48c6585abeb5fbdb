"""A mail message: its header fields, the words of its body, its links, its attachments as parts."""

import msgspec

from brightline.core.subject import Blob, GapKind, Role
from brightline.intake.draft import Draft, Part
from brightline.intake.html import read_html
from brightline.intake.links import link_words
from brightline.intake.mime import Entity, decode_body, read_entity, split_parts
from brightline.intake.plain import note_encrypted

MULTIPART_DEPTH = 10  # multiparts within multiparts; real mail has three or four
MESSAGE_BYTES = 128 * 1024 * 1024  # of one message; mail servers refuse more than 50 MiB
SIGNATURE_BYTES = 64 * 1024  # of a signature with its certificates; real ones stay under 16 KiB

_SIGNATURE_TYPES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_PKCS7 = bytes.fromhex("06092a864886f70d0107")  # 1.2.840.113549.1.7.* of RFC 5652
_SIGNED = _PKCS7 + b"\x02"
_NO_CONTENT = (b"\x30\x0b" + _PKCS7 + b"\x01", b"\x30\x80" + _PKCS7 + b"\x01\0\0")


class _Bodies(msgspec.Struct):
    """The text bodies found so far: plain ones are joined, HTML ones kept apart."""

    plain: list[str] = msgspec.field(default_factory=list)
    html: list[tuple[str, bytes]] = msgspec.field(default_factory=list)


def read(blob: Blob, draft: Draft) -> None:
    """Read a message."""
    if blob.size > MESSAGE_BYTES:
        draft.gap(
            GapKind.LIMIT,
            f"a message of {blob.size} bytes; only the first 128 MiB were read",
            f"邮件共 {blob.size} 字节，仅读取前 128 MiB",
        )
    read_message(blob.head(MESSAGE_BYTES), draft)


def read_message(data: bytes, draft: Draft) -> None:
    """Collect what a message says into the draft."""
    entity = read_entity(data)
    if entity.is_cut:
        draft.gap(
            GapKind.LIMIT,
            "header fields longer than 1 MiB; the message was not read past them",
            "邮件头部超过 1 MiB，其后内容未读取",
        )
    for header in entity.headers:
        draft.header(header.name, header.value)
    bodies = _Bodies()
    try:
        _collect(entity, bodies, draft, depth=0)
    finally:  # words found before a limit are kept
        say_bodies("\n".join(bodies.plain), bodies.html, draft)


def say_bodies(plain: str, pages: list[tuple[str, bytes]], draft: Draft) -> None:
    """The words are the plain body, or the HTML body where there is none; where both differ, HTML is a part."""
    if plain.strip():
        start = draft.say(plain)
        link_words(draft, plain, start)
    for markup, data in pages:
        if not draft.text.strip():
            read_html(markup, draft)
            link_words(draft, draft.text, 0)
            continue
        page = draft.inner()
        read_html(markup, page)
        for link in page.links:
            draft.link(link.target, link.shown)
        if _squeezed(page.text) != _squeezed(plain) or page.parts:
            draft.part(Part(data=data, name="html body", role=Role.BODY))


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _collect(entity: Entity, bodies: _Bodies, draft: Draft, *, depth: int) -> None:
    draft.budget.check_time()
    if entity.type.startswith("multipart/"):
        if depth >= MULTIPART_DEPTH:
            raise draft.limit(
                f"multiparts nested deeper than {MULTIPART_DEPTH}; the rest was not read",
                f"邮件结构嵌套超过 {MULTIPART_DEPTH} 层，其余未读取",
            )
        count = 0
        for count, part in enumerate(split_parts(entity), start=1):
            if count > draft.budget.limits.parts:
                raise draft.limit(
                    f"more than {draft.budget.limits.parts} parts; the rest was not read",
                    f"邮件组成部分超过 {draft.budget.limits.parts} 个，其余未读取",
                )
            _collect(read_entity(part, is_part=True), bodies, draft, depth=depth + 1)
        if not count:
            draft.gap_once(
                GapKind.MALFORMED,
                "a multipart without parts: its boundary never occurs",
                "邮件分段边界缺失，未找到任何分段",
            )
            bodies.plain.append(draft.decoded(decode_body(entity), hint=entity.charset))
        return
    _leaf(entity, bodies, draft)


def _leaf(entity: Entity, bodies: _Bodies, draft: Draft) -> None:
    data = decode_body(entity)
    if entity.type in _SIGNATURE_TYPES and is_detached_signature(data):
        return
    if entity.is_attachment or entity.type not in {"text/plain", "text/html"}:
        if data:
            draft.part(Part(data=data, name=entity.file_name or entity.type, role=Role.ATTACHMENT))
        return
    draft.budget.take_bytes(len(data))
    words = draft.decoded(data, hint=entity.charset)
    if entity.type == "text/html" or _is_page(words):
        bodies.html.append((words, data))
    else:
        note_encrypted(words, draft)
        bodies.plain.append(words.replace("\r\n", "\n"))


def is_detached_signature(data: bytes) -> bool:
    """Whether these bytes sign what stands beside them and hold no words of their own (RFC 5652, 5.2)."""
    return (
        data[:1] == b"\x30"
        and len(data) <= SIGNATURE_BYTES
        and _SIGNED in data[:24]
        and any(mark in data[:160] for mark in _NO_CONTENT)
    )


def _is_page(words: str) -> bool:
    """Bodies that say `text/plain` and are HTML are shown as pages by some programs."""
    return words.lstrip()[:200].lower().startswith(("<!doctype html", "<html"))
