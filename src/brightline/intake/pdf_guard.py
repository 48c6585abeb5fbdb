"""Estimates what a PDF would cost PDFium before PDFium sees it.

PDFium unpacks each stream whole, up to 1 GiB, and draws forms within forms without counting (measured: five levels of
ten calls each, 1.9 KB of file, take 6 s and 1.9 GB). Both are counted here, in small steps. An encrypted file's
streams can't be looked at; for those the worker process's own limits have to do.
"""

import mmap

from brightline.core.subject import Blob
from brightline.intake.budget import size_words
from brightline.intake.draft import Draft
from brightline.intake.pdf_objects import Bytes, PdfObject, PdfObjects, read_objects

PAGE_BYTES = 64 * 1024 * 1024  # content of one page, unpacked; an engineering drawing has some tens of MiB
FILE_BYTES = 128 * 1024 * 1024  # of the file; looking for its objects takes about a second at this size
CALLS = 10_000  # forms drawn on one page; measured 0.35 s and 200 MB at this number
_SCRIPTS = (b"/JavaScript", b"/JS ", b"/JS(", b"/JS<")
_ACTIONS = ((b"/Launch", "launch"), (b"/OpenAction", "open-action"), (b"/RichMedia", "rich-media"))


def check_cost(blob: Blob, draft: Draft) -> None:
    """Note scripts and actions; refuse a PDF that would cost too much to read.

    Raises:
        StopReadingError: a page's content unpacks to more than 64 MiB, or draws more than 10,000 forms.
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
    counter = _Calls(objects)
    for found in objects.values():
        contents = objects.contents_of(found)
        draft.budget.check_time()
        size = sum(objects.size(number) for number in contents)
        calls = sum(counter.of(number, found) for number in contents)
        if size > PAGE_BYTES:
            raise draft.limit(
                f"a page's content unpacks to more than {size_words(PAGE_BYTES)}; not read",
                f"单页内容解包后超过 {size_words(PAGE_BYTES)}，未读取",
            )
        if calls > CALLS:
            raise draft.limit(
                f"a page draws more than {CALLS} forms; not read",
                f"单页绘制的表单对象超过 {CALLS} 个，未读取",
            )


class _Calls:
    """How many forms are drawn when a stream is: its own calls and those of the forms it calls."""

    def __init__(self, objects: PdfObjects) -> None:
        self._objects = objects
        self._known: dict[int, int] = {}

    def of(self, number: int, owner: PdfObject) -> int:
        """Forms drawn by a content stream whose names the resources of `owner` resolve."""
        found = self._objects.get(number)
        return (
            sum(count * self._form(target, 0) for target, count in self._objects.calls(found, owner))
            if found
            else 0
        )

    def _form(self, number: int, depth: int) -> int:
        if number in self._known:
            return self._known[number]
        found = self._objects.get(number)
        if found is None or depth > 40 or found.is_image:  # PDFium goes no deeper than 40 forms
            return 1
        self._known[number] = 1  # a form that draws itself is drawn once
        total = 1 + sum(
            count * self._form(target, depth + 1) for target, count in self._objects.calls(found, found)
        )
        self._known[number] = min(total, CALLS + 1)
        return self._known[number]
