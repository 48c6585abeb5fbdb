"""XML members of Office documents, walked in one pass: no entities, no DTD, no network, bounded depth (libxml2's 256)."""

import io
from collections.abc import Iterator

import msgspec
from lxml import etree

from brightline.intake.draft import Draft

ELEMENTS = 5_000_000  # of one member; a 1,000-page document has under a million
ATTRIBUTES = 256  # of one element; Office writes under 40
CHECK_EVERY = 4_096  # elements between two looks at the clock


class Node(msgspec.Struct, frozen=True):
    """An element as it starts or ends: local name, namespace, attributes by local name, its own text."""

    is_start: bool
    name: str
    attributes: dict[str, str]
    text: str = ""


def walk(data: bytes, draft: Draft) -> Iterator[Node]:
    """The elements of one XML member, each once when it starts and once when it ends.

    Raises:
        StopReadingError: it is no well-formed XML, too deep, too long, or takes too much time.
    """
    events = etree.iterparse(
        io.BytesIO(data),
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for count, (event, element) in enumerate(events):
            if count % CHECK_EVERY == 0:
                draft.budget.check_time()
            if count > 2 * ELEMENTS:
                raise draft.limit(
                    f"more than {ELEMENTS} XML elements; the rest was not read",
                    f"XML 元素超过 {ELEMENTS} 个，其余未读取",
                )
            if not isinstance(element.tag, str):
                continue
            name = local(element.tag)
            if event == "start":
                if len(element.attrib) > ATTRIBUTES:  # reading them takes quadratic time
                    raise draft.limit(
                        f"an XML element with more than {ATTRIBUTES} attributes; the rest was not read",
                        f"有 XML 元素的属性超过 {ATTRIBUTES} 个，其余未读取",
                    )
                yield Node(True, name, {local(key): value for key, value in element.attrib.items()})
                continue
            yield Node(False, name, {}, element.text or "")
            element.clear(keep_tail=False)
            parent = element.getparent()
            if parent is not None and len(parent) > 1:
                del parent[0]  # what was read is let go, so that memory does not grow with the member
    except etree.XMLSyntaxError as error:
        raise draft.malformed(
            "a member is not well-formed XML; the rest of it was not read",
            "有成员不是格式正确的 XML，其余未读取",
        ) from error


def local(name: str | bytes) -> str:
    """A name without its namespace, or without a prefix that was never declared.

    >>> local("{urn:x}id"), local("w:t")
    ('id', 't')
    """
    return str(name).rpartition("}")[2].rpartition(":")[2]
