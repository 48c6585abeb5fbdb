"""Writes the report as judgements come, so that a scan of any length needs no more memory than one of them."""

import base64
import hashlib
import os
import tempfile
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import jinja2
import msgspec
from markupsafe import Markup, escape

from brightline.core.decision import Action
from brightline.core.harm import Harm
from brightline.core.words import Words
from brightline.doors.answer import is_incomplete
from brightline.doors.report.view import item_view
from brightline.doors.words import ACTIONS, NOT_JUDGED
from brightline.line import Judgement
from brightline.policy.harms import harm_words

LISTED = 2_000  # articles on one page; browsers stay quick, and what is beyond is counted
LISTED_ALLOWED = 500  # of which at most these are things that were allowed


class Row(msgspec.Struct, frozen=True):
    """One bar of a chart."""

    key: str
    words: Words
    count: int
    share: float  # of the longest bar, 0 to 100


class _Article(msgspec.Struct, frozen=True):
    rank: int
    name: str
    start: int
    length: int


class ReportWriter:
    """One self-contained HTML page; appears at its path only when it is complete."""

    def __init__(self, path: Path, *, language: str) -> None:
        self._path = path
        self._language = language
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("brightline.doors", "report"), autoescape=True, trim_blocks=True
        )
        self._templates.filters["ticks"] = _ticks
        self._item = self._templates.get_template("item.html")
        self._actions: Counter[Action] = Counter()
        self._harms: Counter[Harm] = Counter()
        self._unread = self._incomplete = self._listed_allowed = self._left_out = 0
        self._articles: list[_Article] = []

    def __enter__(self) -> Self:
        """Open a draft beside the report's path, so that a full disk shows at once.

        Raises:
            OSError: the folder cannot be made or written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._draft: IO[bytes] = tempfile.NamedTemporaryFile(dir=self._path.parent, prefix=".report-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the draft."""
        self._draft.close()

    def add(self, judgement: Judgement) -> None:
        """Take one judgement into the report."""
        if judgement.decision is None or judgement.examination is None:
            self._unread += 1
        else:
            self._actions[judgement.decision.action] += 1
            self._incomplete += is_incomplete(judgement.decision)
            self._harms.update({finding.harm for finding in judgement.examination.findings if finding.harm})
        allowed = judgement.decision is not None and judgement.decision.action is Action.ALLOW
        if len(self._articles) >= LISTED or (allowed and self._listed_allowed >= LISTED_ALLOWED):
            self._left_out += 1
            return
        self._listed_allowed += allowed
        article = self._item.render(item=item_view(judgement)).encode("utf-8", "replace")
        # What could not be judged comes with what is blocked: both want eyes first.
        rank = judgement.decision.action.rank if judgement.decision is not None else Action.BLOCK.rank
        self._articles.append(_Article(rank, judgement.job.name, self._draft.tell(), len(article)))
        self._draft.write(article)

    def finish(self, *, checkpoint: str) -> None:
        """Put head, articles (strictest first) and tail together, and move the page to its path.

        Raises:
            OSError: the page cannot be written.
        """
        style = files("brightline.doors.report").joinpath("style.css").read_text("utf-8")
        script = files("brightline.doors.report").joinpath("page.js").read_text("utf-8")
        head = self._templates.get_template("head.html").render(
            language=self._language,
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
            version=version("brightline"),
            style=style,
            style_digest=_digest(style),
            script_digest=_digest(script),
            actions=self._action_rows(),
            harms=self._harm_rows(),
            incomplete=self._incomplete,
            left_out=self._left_out,
        )
        tail = self._templates.get_template("tail.html").render(checkpoint=checkpoint, script=script)
        page = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            with page.open("wb") as out:
                out.write(head.encode("utf-8"))
                for article in sorted(self._articles, key=lambda one: (-one.rank, one.name)):
                    self._draft.seek(article.start)
                    out.write(self._draft.read(article.length))
                out.write(tail.encode("utf-8"))
            page.replace(self._path)
        finally:
            page.unlink(missing_ok=True)

    def _action_rows(self) -> list[Row]:
        counts = [(action.value, ACTIONS[action], self._actions[action]) for action in reversed(Action)]
        if self._unread:
            counts.append(("unread", NOT_JUDGED, self._unread))
        return _rows(counts)

    def _harm_rows(self) -> list[Row]:
        return _rows([(harm.value, harm_words(harm), count) for harm, count in self._harms.most_common()])


def _rows(counts: list[tuple[str, Words, int]]) -> list[Row]:
    most = max((count for _, _, count in counts), default=0) or 1
    return [Row(key, words, count, round(100 * count / most, 1)) for key, words, count in counts]


def _ticks(text: str) -> Markup:
    """Escaped text, in which `names in back-ticks` are set as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an odd one out is not a pair
        return escape(text)
    wrap = Markup("<code>{}</code>").format
    return Markup("").join(wrap(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces))


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
