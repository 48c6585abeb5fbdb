"""Estimates what a PDF would cost PDFium before PDFium sees it.

PDFium unpacks each stream whole, up to 1 GiB, holds up to 100 bytes for each byte of a page's content, and draws forms within forms without counting (measured: five levels of
ten calls each, 1.9 KB of file, take 6 s and 1.9 GB). All are counted here, in small steps. An encrypted file's
streams can't be looked at; for those the worker process's own limits have to do.
"""

import mmap

from brightline.core.subject import Blob
from brightline.intake.budget import size_words
from brightline.intake.draft import Draft
from brightline.intake.pdf_objects import Bytes, PdfObject, PdfObjects, read_objects

PAGE_BYTES = 256 * 1024 * 1024  # that PDFium may hold for one page; a dense map takes some tens of MiB
FORM_BYTES = 20 * 1024  # that it holds for drawing one form, measured
DEPTH = 40  # forms within forms; PDFium goes no deeper
FILE_BYTES = 128 * 1024 * 1024  # of the file; looking for its objects takes about a second at this size
_SCRIPTS = (b"/JavaScript", b"/JS ", b"/JS(", b"/JS<")
_ACTIONS = ((b"/Launch", "launch"), (b"/OpenAction", "open-action"), (b"/RichMedia", "rich-media"))


def check_cost(blob: Blob, draft: Draft) -> None:
    """Note scripts and actions; refuse a PDF that would cost too much to read.

    Raises:
        StopReadingError: a page would take PDFium more than 256 MiB, or the file or its streams are too large.
    """
    if blob.size > FILE_BYTES:
        raise draft.limit(
            f"a PDF of {blob.size} bytes, more than {size_words(FILE_BYTES)}; not read",
            f"PDF 共 {blob.size} 字节，超过 {size_words(FILE_BYTES)}，未读取",
        )
    whole = blob.view().obj
    if not isinstance(whole, bytes | mmap.mmap):
        raise TypeError(f"a blob lies in memory or in a file, not in {type(whole)}")
    objects = read_objects(whole, draft)
    for data in (whole, *(found.head for found in objects.values())):
        _note(data, draft)
    _check_pages(objects, draft)


def _note(data: Bytes, draft: Draft) -> None:
    known = {header.name for header in draft.headers}
    if "javascript" not in known and any(data.find(word) >= 0 for word in _SCRIPTS):
        draft.header("javascript", "the document carries scripts")
    for word, name in _ACTIONS:
        if name not in known and data.find(word) >= 0:
            draft.header(name, "the document has such an action")


def _check_pages(objects: PdfObjects, draft: Draft) -> None:
    costs = _Costs(objects)
    for found in objects.values():
        draft.budget.check_time()
        contents = objects.contents_of(found)
        if contents and sum(costs.of(number, found) for number in contents) > PAGE_BYTES:
            raise draft.limit(
                f"a page would take its parser more than {size_words(PAGE_BYTES)} of memory; not read",
                f"解析单页将占用超过 {size_words(PAGE_BYTES)} 内存，未读取",
            )


class _Costs:
    """What PDFium would hold for a stream: its own operators, and those of the forms it draws, each time it does."""

    def __init__(self, objects: PdfObjects) -> None:
        self._objects = objects
        self._known: dict[int, int] = {}

    def of(self, number: int, owner: PdfObject) -> int:
        """Cost (bytes) of a content stream whose names the resources of `owner` resolve."""
        found = self._objects.get(number)
        return found.cost + self._drawn(found, owner, 0) if found else 0

    def _form(self, number: int, depth: int) -> int:
        if number in self._known:
            return self._known[number]
        found = self._objects.get(number)
        if found is None or depth > DEPTH or found.is_image:
            return FORM_BYTES
        self._known[number] = FORM_BYTES  # a form that draws itself is drawn once
        total = FORM_BYTES + found.cost + self._drawn(found, found, depth + 1)
        self._known[number] = min(total, PAGE_BYTES + 1)
        return self._known[number]

    def _drawn(self, stream: PdfObject, owner: PdfObject, depth: int) -> int:
        return sum(count * self._form(target, depth) for target, count in self._objects.calls(stream, owner))
