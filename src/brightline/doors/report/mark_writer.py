"""The report of `brightline mark`: what was written on each file, what it looks like before and after, what was kept."""

import base64
from collections import Counter
from pathlib import Path

import msgspec

from brightline.core.chinese import words_of
from brightline.core.preview import Preview
from brightline.core.words import Words
from brightline.doors.mark_answer import Ending, MarkAnswer
from brightline.doors.mark_words import ENDINGS, FATES, layer_words, mark_words
from brightline.doors.report.page import Page, rows_of
from brightline.marking.compare import Fate

MARKED_LISTED = 500  # articles on one page, each with two pictures; what is beyond is counted
_CLASSES = {
    Ending.MARKED: "allow",
    Ending.UNCHANGED: "label",
    Ending.REFUSED: "block",
    Ending.FAILED: "unread",
}
_RANKS = {Ending.REFUSED: 3, Ending.FAILED: 3, Ending.MARKED: 1, Ending.UNCHANGED: 0}


class PictureView(msgspec.Struct, frozen=True):
    """What one state of a file looks like: a picture, a sound's drawing, or words; all empty where it is not shown."""

    title: Words
    picture: str = ""
    width: int = 0
    height: int = 0
    spectrogram: str = ""
    text: str = ""


class MarkReportWriter(Page):
    """The page of what was marked."""

    def __init__(self, path: Path, *, language: str) -> None:
        super().__init__(path, language=language)
        self._item = self._templates.get_template("mark_item.html")
        self._endings: Counter[Ending] = Counter()
        self._left_out = self._incomplete = 0

    def add(self, answer: MarkAnswer, before: Preview | None, after: Preview | None) -> None:
        """Take one file into the report, with how it looks on either side where that is known."""
        self._endings[answer.ending] += 1
        done = answer.ending in {Ending.MARKED, Ending.UNCHANGED}
        self._incomplete += done and not answer.complete
        if self._listed >= MARKED_LISTED:
            self._left_out += 1
            return
        article = self._item.render(
            answer=answer,
            style="review" if done and not answer.complete else _CLASSES[answer.ending],
            ending=ENDINGS[answer.ending],
            error=words_of(answer.error),
            views=_views(before, after),
            layers=layer_words,
            words_of=mark_words,
            fates=FATES,
            lost={Fate.LOST, Fate.CHANGED, Fate.UNREAD},
        )
        rank = _RANKS[answer.ending] + (done and not answer.complete)
        self._list(article, rank=rank, name=answer.name)

    def finish(self) -> None:
        """Put head, articles (refused ones first) and tail together, and move the page to its path.

        Raises:
            OSError: the page cannot be written.
        """
        counts = [(_CLASSES[ending], ENDINGS[ending], self._endings[ending]) for ending in Ending]
        head = self._head(
            "mark_head.html",
            endings=rows_of(counts),
            incomplete=self._incomplete,
            left_out=self._left_out,
        )
        self._put_together(head, self._tail("mark_tail.html"))


def _views(before: Preview | None, after: Preview | None) -> list[PictureView]:
    sides = ((Words("before", "标识前"), before), (Words("after", "标识后"), after))
    return [_view(title, shown) for title, shown in sides if shown is not None and shown.size_bytes]


def _view(title: Words, shown: Preview) -> PictureView:
    return PictureView(
        title=title,
        picture=base64.b64encode(shown.picture).decode("ascii"),
        width=shown.width,
        height=shown.height,
        spectrogram=base64.b64encode(shown.spectrogram).decode("ascii"),
        text="".join(one.text for one in shown.excerpts[:1])[:1200],
    )
