"""A sentence in a text that says that AI made it: at its start, its end, or between paragraphs in its middle."""

from brightline.core.errors import MarkingError
from brightline.marking.explicit.style import End, Style, text_words
from brightline.provenance.explicit import find_marks

_FRONT_MATTER_LIMIT = 64 * 1024  # characters; longer ones are no front matter of a Markdown file


def label_text(text: str, style: Style) -> str:
    r"""Put an explicit mark into a text (GB 45438-2025 5.1), as a line of its own.

    A text that already has a mark at that place keeps it and gets no second one. Front matter and a byte-order mark
    stay first, and line breaks are those of the text.

    Raises:
        MarkingError: the wording lacks an element, or our reader does not find the mark afterwards.

    >>> label_text("会议于周一召开。", Style(language=Language.ZH))
    '本内容由人工智能生成。\\n\\n会议于周一召开。'
    """
    for position in _positions(style):
        if all(mark.position != position for mark in find_marks(text)):
            text = _placed(text, text_words(style), position)
            if all(mark.position != position for mark in find_marks(text)):
                raise MarkingError(
                    f"the mark does not read back at the {position} of the text; choose another wording"
                )
    return text


def _positions(style: Style) -> tuple[str, ...]:
    match style.end:
        case End.START:
            return ("start",)
        case End.END:
            return ("end",)
        case End.MIDDLE:
            return ("middle",)
        case End.BOTH:
            return ("start", "end")


def _placed(text: str, words: str, position: str) -> str:
    line = "\r\n" if "\r\n" in text else "\n"
    begin, words = _body_start(text), words.replace("\n", line)
    match position:
        case "start":
            return f"{text[:begin]}{words}{line}{line}{text[begin:]}"
        case "end":
            body = text.rstrip()
            return f"{body}{line}{line}{words}{text[len(body) :] or line}"
        case _:
            place = _middle(text, begin, line)
            return f"{text[:place]}{words}{line}{line}{text[place:]}"


def _middle(text: str, begin: int, line: str) -> int:
    """The start of the paragraph nearest to the middle.

    Raises:
        MarkingError: there is but one paragraph.
    """
    half, gap = (begin + len(text)) // 2, line * 2
    before, after = text.rfind(gap, begin, half), text.find(gap, half)
    places = [place + len(gap) for place in (before, after) if place >= 0]
    if not places:
        raise MarkingError(
            "the text has one paragraph only, so nothing stands in its middle; mark its start or end"
        )
    return min(places, key=lambda place: abs(place - half))


def _body_start(text: str) -> int:
    """Where words may begin: behind a byte-order mark and YAML front matter."""
    start = 1 if text.startswith("\ufeff") else 0
    if not text.startswith(("---\n", "---\r\n"), start):
        return start
    for fence in ("\n---\n", "\n---\r\n", "\n...\n"):
        end = text.find(fence, start + 3, start + _FRONT_MATTER_LIMIT)
        if end >= 0:
            return end + len(fence)
    return start
