"""A long text in windows that a model can read, each over whole sentences where it can be, the ends shared.

An order planted in a document is a few sentences among hundreds: the mean of the whole would drown it.
"""

import re

from brightline.core.finding import Span

WINDOW = {"zh": 300, "en": 900}  # characters: about the pieces that the encoder reads at once
SHARED = 4  # a fourth of a window stands in the next one too
WINDOWS_LIMIT = 400  # of one text; a text of more leaves a gap
SENTENCE_LEAST, SENTENCE_MOST = 12, 240  # characters
_END = re.compile(r"[.!?][\"'”’)\]]*\s|[。！？；]|\n")


def windows(text: str, *, is_chinese: bool) -> list[Span]:
    """Stretches that cover the text, in order; one if it is short.

    >>> windows("short", is_chinese=False)
    [Span(start=0, end=5)]
    """
    size = WINDOW["zh" if is_chinese else "en"]
    found: list[Span] = []
    start = 0
    while start < len(text) and len(found) < WINDOWS_LIMIT:
        end = min(len(text), start + size)
        if end < len(text):
            end = _sentence_end(text, start + size // 2, end)
        found.append(Span(start, end))
        if end == len(text):
            break
        start = max(start + 1, end - size // SHARED)
    return found or [Span(0, 0)]


def sentences(text: str) -> list[Span]:
    """Sentences of at least 12 characters, at most 400 of them; shorter ones go with the next, longer ones are cut.

    >>> [span.end for span in sentences("Bring helmets, all of you. Park behind the hall.")]
    [27, 48]
    """
    found: list[Span] = []
    start = 0
    ends = [match.end() for match in _END.finditer(text)]
    for end in [*ends, len(text)]:
        while end - start > SENTENCE_MOST and len(found) < WINDOWS_LIMIT:
            found.append(Span(start, start + SENTENCE_MOST))
            start += SENTENCE_MOST
        if end - start >= SENTENCE_LEAST and len(found) < WINDOWS_LIMIT:
            found.append(Span(start, end))
            start = end
    return found


def _sentence_end(text: str, least: int, most: int) -> int:
    """The last end of a sentence in the stretch, or its own end."""
    ends = [match.end() for match in _END.finditer(text, least, most)]
    return ends[-1] if ends else most
