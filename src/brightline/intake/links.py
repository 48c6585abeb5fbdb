"""Web addresses that stand in running text."""

import re
from collections.abc import Iterator

from brightline.core.subject import Link
from brightline.intake.draft import LINKS, Draft

# Linear: one class repeated once, no alternation inside it.
_ADDRESS = re.compile(
    r"(?:(?:https?|ftp|hxxps?)://|mailto:|www\.)[^\s<>\"'`{}|\\^（）【】「」《》，。、；：！？“”‘’]{1,2000}",
    re.IGNORECASE,
)
_TAIL = ".,;:!?)]*_~"


def addresses(text: str) -> Iterator[Link]:
    """Web addresses in a text, with their offsets; closing punctuation is not part of one.

    >>> [link.target for link in addresses("见 https://a.example/x?y=1。or (www.b.test).")]
    ['https://a.example/x?y=1', 'www.b.test']
    """
    lower = text.lower()
    if "://" not in text and "www." not in lower and "to:" not in lower:
        return  # a search for these is many times faster than the expression, and most texts have none
    for match in _ADDRESS.finditer(text):
        found = _without_tail(match.group())
        yield Link(found, found, match.start(), match.start() + len(found))


def link_words(draft: Draft, text: str, offset: int) -> None:
    """Add the addresses in `text`, whose first character stands at `offset` of the draft's text."""
    for count, link in enumerate(addresses(text)):
        if count > LINKS:
            return
        draft.link(link.target, link.shown, link.start + offset, link.end + offset)


def _without_tail(address: str) -> str:
    end = len(address)
    while end and address[end - 1] in _TAIL and not (address[end - 1] == ")" and "(" in address):
        end -= 1
    return address[:end]
