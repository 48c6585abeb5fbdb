"""PDF through PDFium: words by page, links, attached files; scripts, launch actions and encryption are said."""

import ctypes
from typing import Any

from brightline.core.subject import Blob, GapKind, Role
from brightline.intake.draft import Draft, Part
from brightline.intake.guard import EncryptedError
from brightline.intake.links import link_words
from brightline.intake.pdf_guard import check_cost

ATTACHMENTS = 1_000  # a portfolio has some hundreds
PAGE_LINKS = 1_000  # of one page
ACTION_URI = 3  # PDFACTION_URI of fpdf_doc.h
ACTION_LAUNCH = 4  # PDFACTION_LAUNCH
URI_BYTES = 4 * 1024
METADATA = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")


def read(blob: Blob, draft: Draft) -> None:
    """Read a PDF."""
    check_cost(blob, draft)
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(blob.path or blob.head(blob.size))
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise EncryptedError from error
        raise draft.malformed("the PDF is broken and cannot be opened", "PDF 已损坏，无法打开") from error
    try:
        for name in METADATA:
            if value := document.get_metadata_value(name):
                draft.header(name, value)
        _pages(document, draft)
        _attachments(document, draft)
    finally:
        document.close()


def _pages(document: Any, draft: Draft) -> None:
    import pypdfium2

    count, limit = len(document), draft.budget.limits.pages
    draft.header("pages", str(count))
    if count > limit:
        draft.gap(
            GapKind.LIMIT,
            f"{count} pages, more than {limit}; the rest was not read",
            f"共 {count} 页，超过 {limit} 页，其余未读取",
        )
    broken = 0
    for number in range(min(count, limit)):
        draft.budget.check_time()
        try:
            page = document[number]
        except pypdfium2.PdfiumError:
            broken += 1
            continue
        try:
            _page(document, page, draft)
        finally:
            page.close()
    if broken or not count:
        draft.gap(
            GapKind.MALFORMED,
            f"{broken} of {count} pages could not be read",
            f"共 {count} 页，其中 {broken} 页无法读取",
        )


def _page(document: Any, page: Any, draft: Draft) -> None:
    text_page = page.get_textpage()
    try:
        words = text_page.get_text_bounded().replace("\r\n", "\n")
    finally:
        text_page.close()
    start = draft.say(words + "\n" if words else "")
    link_words(draft, words, start)
    _links(document, page, draft)


def _links(document: Any, page: Any, draft: Draft) -> None:
    import pypdfium2.raw as pdfium

    position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    for _ in range(PAGE_LINKS):
        if not pdfium.FPDFLink_Enumerate(page, position, link):
            return
        action = pdfium.FPDFLink_GetAction(link)
        kind = pdfium.FPDFAction_GetType(action) if action else 0
        if kind == ACTION_URI:
            buffer = ctypes.create_string_buffer(URI_BYTES)
            pdfium.FPDFAction_GetURIPath(document, action, buffer, URI_BYTES)
            draft.link(buffer.value.decode("utf-8", "replace"))
        elif kind == ACTION_LAUNCH:
            draft.header("launch", "a link starts a program or opens a file")
    draft.gap_once(
        GapKind.LIMIT,
        f"more than {PAGE_LINKS} links on a page; the rest was not read",
        f"单页链接超过 {PAGE_LINKS} 个，其余未读取",
    )


def _attachments(document: Any, draft: Draft) -> None:
    import pypdfium2

    count = document.count_attachments()
    if count > ATTACHMENTS:
        draft.gap(
            GapKind.LIMIT,
            f"{count} attached files, more than {ATTACHMENTS}; the rest was not opened",
            f"附件共 {count} 个，超过 {ATTACHMENTS} 个，其余未打开",
        )
    for number in range(min(count, ATTACHMENTS)):
        draft.room_for_part()
        try:
            attachment = document.get_attachment(number)
            data = bytes(attachment.get_data())
        except pypdfium2.PdfiumError:
            draft.gap_once(GapKind.MALFORMED, "an attached file could not be read", "有附件无法读取")
            continue
        draft.part(Part(data=data, name=attachment.get_name(), role=Role.ATTACHMENT))
