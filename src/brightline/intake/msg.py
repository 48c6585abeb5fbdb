"""Outlook messages (MS-OXMSG), read by python-oxmsg."""

import io

from brightline.core.subject import Blob, Role
from brightline.intake.budget import size_words
from brightline.intake.draft import Draft, Part
from brightline.intake.mail import say_bodies
from brightline.intake.mime import fields

FILE_BYTES = (
    64 * 1024 * 1024
)  # the reader holds the file in memory; Exchange refuses more than 25 MiB by default


def read(blob: Blob, draft: Draft) -> None:
    """Read an Outlook message: its transport headers where it has them, else its own properties."""
    from oxmsg import Message

    if blob.size > FILE_BYTES:
        raise draft.limit(
            f"an Outlook message of {blob.size} bytes, more than {size_words(FILE_BYTES)}; not read",
            f"Outlook 邮件共 {blob.size} 字节，超过 {size_words(FILE_BYTES)}，未读取",
        )
    message = Message.load(io.BytesIO(blob.head(blob.size)))
    _headers(message, draft)
    html = message.html_body or ""
    pages = [(html, html.encode("utf-8", "replace"))] if html.strip() else []
    try:
        for attachment in message.attachments:
            data = attachment.file_bytes
            if data:
                draft.part(Part(data=data, name=attachment.file_name or "attachment", role=Role.ATTACHMENT))
    finally:
        say_bodies((message.body or "").replace("\r\n", "\n"), pages, draft)


def _headers(message: object, draft: Draft) -> None:
    transport = getattr(message, "message_headers", None) or {}
    for name, value in dict(transport).items():
        for field in fields(f"{name}: {value}".encode("utf-8", "replace")):
            draft.header(field.name, field.value)
    own = {
        "from": getattr(message, "sender", None),
        "subject": getattr(message, "subject", None),
        "date": getattr(message, "sent_date", None),
        "to": ", ".join(
            f"{person.name} <{person.email_address}>" for person in getattr(message, "recipients", [])
        ),
    }
    known = {header.name for header in draft.headers}
    for name, found in own.items():
        if found and name not in known:
            draft.header(name, str(found))
