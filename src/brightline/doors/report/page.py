"""What every report page is made of: templates, a draft that articles go into, and the step that puts it in place."""

import base64
import hashlib
import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import jinja2
import msgspec
from markupsafe import Markup, escape

from brightline.core.words import Words

_SCRIPT = "page.js"


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


class Page:
    """One self-contained HTML page; appears at its path only when it is complete, and needs no memory for articles.

    Each report is one: it says what an article is, and what stands before and behind them all.
    """

    def __init__(self, path: Path, *, language: str) -> None:
        self._path = path
        self._language = language
        self._templates = _templates()
        self._articles: list[_Article] = []

    def __enter__(self) -> Self:
        """Open a draft beside the page's path, so that a full disk shows at once.

        Raises:
            OSError: the folder cannot be made or written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._draft: IO[bytes] = tempfile.NamedTemporaryFile(dir=self._path.parent, prefix=".report-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close and so remove the draft."""
        self._draft.close()

    @property
    def _listed(self) -> int:
        """How many articles there are."""
        return len(self._articles)

    def _list(self, article: str, *, rank: int, name: str) -> None:
        """Take one article; those of higher rank come first, then by name."""
        data = article.encode("utf-8", "replace")
        self._articles.append(_Article(rank, name, self._draft.tell(), len(data)))
        self._draft.write(data)

    def _head(self, template: str, **values: object) -> str:
        """What stands before the articles; the template extends `page_head.html`."""
        style = _part("style.css")
        return self._templates.get_template(template).render(
            language=self._language,
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
            version=version("brightline"),
            style=style,
            style_digest=_digest_of(style),
            script_digest=_digest_of(_part(_SCRIPT)),
            **values,
        )

    def _tail(self, template: str, **values: object) -> str:
        """What stands behind them."""
        return self._templates.get_template(template).render(script=_part(_SCRIPT), **values)

    def _put_together(self, head: str, tail: str) -> None:
        """Head, articles and tail become the page at its path.

        Raises:
            OSError: the page cannot be written.
        """
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


def rows_of(counts: Sequence[tuple[str, Words, int]]) -> list[Row]:
    """Counts as bars."""
    most = max((count for _, _, count in counts), default=0) or 1
    return [Row(key, words, count, round(100 * count / most, 1)) for key, words, count in counts]


def _templates() -> jinja2.Environment:
    """The templates of this folder, autoescaped, with the filters `ticks` and `plain`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("brightline.doors", "report"), autoescape=True, trim_blocks=True
    )
    environment.filters["ticks"] = ticks
    environment.filters["plain"] = plain
    return environment


def _part(name: str) -> str:
    """The style sheet or script of that name."""
    return files("brightline.doors.report").joinpath(name).read_text("utf-8")


def _digest_of(text: str) -> str:
    """SHA-256 in Base64, as a content security policy names inline parts."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def ticks(text: str) -> Markup:
    """Escaped text, in which `names in back-ticks` are set as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an odd one out is not a pair
        return escape(text)
    wrap = Markup("<code>{}</code>").format
    return Markup("").join(wrap(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces))


def plain(text: str) -> str:
    """The text without back-ticks, for attributes."""
    return text.replace("`", "")
