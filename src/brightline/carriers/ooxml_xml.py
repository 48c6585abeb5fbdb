"""The small XML parts of a document as flat lists of elements, each with its byte range.

Expat and no tree: it tells the byte at which each element stands, which is what a writer needs to leave all other
bytes alone. A document type is refused, so there are no entities to expand and nothing to fetch.
"""

from typing import NoReturn
from xml.parsers import expat

import msgspec

from brightline.core.errors import CarrierError

ELEMENT_LIMIT = 100_000  # of one part; a package has at most 20,000 parts with a content type each
DEPTH_LIMIT = 100  # elements within elements
_UTF8 = {None, "utf-8", "utf8", "us-ascii"}


class Element(msgspec.Struct, kw_only=True):
    """One element; its byte range in the part, and that of what stands between its tags.

    Attributes:
        name: `namespace local`, or only `local` without a namespace.
        attributes: by name, in the same form.
        parent: index of the parent in the list, -1 for the root.
        start: first byte of its start tag.
        inner_end: first byte of its end tag, or of the tag itself where it is empty (`<a/>`).
        end: one past its last byte.
        text: the text directly in it.
    """

    name: str
    attributes: dict[str, str]
    parent: int
    start: int
    inner_end: int = -1
    end: int = -1
    text: str = ""

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(" ")[2]


class Elements(msgspec.Struct, frozen=True):
    """All elements of a part in document order, and whether its bytes are UTF-8."""

    elements: tuple[Element, ...]
    is_utf8: bool


def read_elements(part: bytes) -> Elements:
    """The elements of a small XML part.

    Raises:
        CarrierError: it is not well-formed, has a document type, or is over a limit.
    """
    reader = _Reader(part)
    try:
        reader.parser.Parse(part, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise CarrierError(f"it is not well-formed XML: {error}") from error
    return Elements(
        tuple(reader.elements), reader.is_utf8 and not part.startswith((b"\xff\xfe", b"\xfe\xff"))
    )


class _Reader:
    """Expat's handlers, and what they have gathered."""

    def __init__(self, part: bytes) -> None:
        self.elements: list[Element] = []
        self.is_utf8 = True
        self._part = part
        self._open: list[int] = []
        self._texts: list[list[str]] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declare
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._say

    def _declare(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.is_utf8 = (encoding.lower() if encoding else None) in _UTF8

    def _refuse(self, *_: object) -> NoReturn:
        raise CarrierError("it has a document type, which no document's part has")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.elements) >= ELEMENT_LIMIT or len(self._open) >= DEPTH_LIMIT:
            raise CarrierError(f"more than {ELEMENT_LIMIT} elements, or {DEPTH_LIMIT} within each other")
        parent = self._open[-1] if self._open else -1
        self._open.append(len(self.elements))
        self._texts.append([])
        self.elements.append(
            Element(name=name, attributes=attributes, parent=parent, start=self.parser.CurrentByteIndex)
        )

    def _end(self, _name: str) -> None:
        element = self.elements[self._open.pop()]
        element.text = "".join(self._texts.pop())
        element.inner_end = self.parser.CurrentByteIndex
        if self._is_empty(element):
            element.inner_end, element.end = element.start, element.inner_end
        else:
            element.end = self._part.find(b">", element.inner_end) + 1

    def _is_empty(self, element: Element) -> bool:
        """Whether it is one tag, `<a/>`: Expat then points behind that, and nothing can stand between."""
        has_child = self.elements[-1] is not element
        behind = self._part[element.inner_end - 2 : element.inner_end]
        return behind == b"/>" and not has_child and not element.text

    def _say(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)
