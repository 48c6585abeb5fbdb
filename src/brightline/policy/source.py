"""A pack's text, and problems that point into it: `file:line:column`, the line, and a caret under the place."""

import unicodedata
from collections.abc import Sequence

import msgspec

from brightline.core.errors import PolicyError

SHOWN_CHARACTERS = 110  # of a source line around a caret; a terminal's width
SHOWN_PROBLEMS = 20  # in one error message; a pack with more is better read from the top again


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a pack.

    Attributes:
        file: the pack's file as it was named.
        line: from 1.
        column: in characters, from 1.
        message: one line: what was found, what was expected, what to do.
        excerpt: the source line with a caret below, two lines; empty when there is no place.
        warning: the pack can be used all the same.
    """

    file: str
    line: int
    column: int
    message: str
    excerpt: str = ""
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        head = f"{self.file}:{self.line}:{self.column}: {kind}{self.message}"
        return f"{head}\n{self.excerpt}" if self.excerpt else head


class Source(msgspec.Struct, frozen=True):
    """The text of one pack and the name it goes by in messages."""

    file: str
    text: str

    def problem(self, message: str, start: int, end: int, *, warning: bool = False) -> Problem:
        """A problem at characters [start, end) of the text."""
        start = min(max(start, 0), len(self.text))
        line_start = self.text.rfind("\n", 0, start) + 1
        line = self.text.count("\n", 0, start) + 1
        return Problem(
            file=self.file,
            line=line,
            column=start - line_start + 1,
            message=message,
            excerpt=self._excerpt(line, line_start, start, end),
            warning=warning,
        )

    def _excerpt(self, number: int, line_start: int, start: int, end: int) -> str:
        found = self.text.find("\n", start)
        line_end = found if found >= 0 else len(self.text)
        first = (
            max(line_start, start - SHOWN_CHARACTERS // 2)
            if line_end - line_start > SHOWN_CHARACTERS
            else line_start
        )
        last = min(line_end, first + SHOWN_CHARACTERS)
        shown = self.text[first:last].replace("\t", " ")
        before, under = self.text[first:start], self.text[start : min(end, last)] or "^"
        margin = f"{number:5d} | "
        caret = " " * _width(before) + "^" * max(1, _width(under))
        return f"{margin}{shown}\n{' ' * (len(margin) - 2)}| {caret}"


def refusal(problems: Sequence[Problem]) -> PolicyError:
    """One error that shows all problems, up to a limit."""
    shown = [str(problem) for problem in problems[:SHOWN_PROBLEMS]]
    if len(problems) > SHOWN_PROBLEMS:
        shown.append(f"... and {len(problems) - SHOWN_PROBLEMS} more")
    return PolicyError("\n".join(shown))


def _width(text: str) -> int:
    """Columns on a terminal: 中文 characters are two wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
