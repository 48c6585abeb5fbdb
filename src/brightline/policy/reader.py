"""Reads typed values off a located tree and collects every problem, so that an author sees all of them at once."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from brightline.core.words import Words
from brightline.policy.document import Listing, Table, Text, Value
from brightline.policy.effective import bound
from brightline.policy.language.errors import EvaluationError
from brightline.policy.language.suggest import hint
from brightline.policy.source import Problem, Source

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
MAX_TEXT = 4_000  # characters of one text in a pack: a page
_NAMES = {Text: "text", Listing: "a list", Table: "a mapping"}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


class Reader:
    """Typed access to one pack's tree. Every method that finds a problem notes it and gives a neutral value."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def wrong(self, at: Text | Listing | Table, message: str) -> None:
        """Note a problem at a value."""
        self.place(message, at.start, at.end)

    def place(self, message: str, start: int, end: int, *, warning: bool = False) -> None:
        """Note a problem at characters [start, end) of the file."""
        first_line = self.source.text.find("\n", start)
        end = min(end, first_line) if first_line >= 0 else end
        self.problems.append(self.source.problem(message, start, end, warning=warning))

    def table(self, value: Value, what: str, known: Sequence[str], required: Sequence[str] = ()) -> Table:
        """The mapping, with no keys but the known ones and all required ones."""
        if not isinstance(value, Table):
            self.wrong(value, f"{what} is {_NAMES[type(value)]}, expected a mapping")
            return Table(entries={}, start=value.start, end=value.end)
        for key, _ in value.entries.values():
            if key.value not in known:
                self.wrong(key, f"{what} has no key `{key.value}`{hint(key.value, known)}")
        for name in required:
            if name not in value.entries:
                self.wrong(value, f"{what} lacks `{name}`")
        return value

    def items(self, value: Value | None, what: str) -> tuple[Value, ...]:
        """The items of a list; none where there is no value."""
        if value is None:
            return ()
        if not isinstance(value, Listing):
            self.wrong(value, f"{what} is {_NAMES[type(value)]}, expected a list")
            return ()
        return value.items

    def text(
        self, value: Value | None, what: str, shape: re.Pattern[str] | None = None, like: str = ""
    ) -> str:
        """The text, not empty; the empty string where there is no value."""
        if value is None:
            return ""
        if not isinstance(value, Text):
            self.wrong(value, f"{what} is {_NAMES[type(value)]}, expected text")
            return ""
        if not value.value.strip() or (value.plain and value.value in {"~", "null"}):
            self.wrong(value, f"{what} is empty")
        elif len(value.value) > MAX_TEXT:
            self.wrong(value, f"{what} has {len(value.value)} characters, at most {MAX_TEXT}")
        elif shape is not None and not shape.fullmatch(value.value):
            self.wrong(value, f"{what} is `{value.value[:60]}`, expected {like}")
        return value.value

    def free_text(self, value: Value | None, what: str) -> str:
        """Text that may be empty."""
        if isinstance(value, Text) and value.value == "" and not value.plain:
            return ""
        return self.text(value, what)

    def words(self, value: Value | None, what: str) -> Words:
        """A sentence in both languages."""
        if value is None:
            return Words(en="", zh="")
        entries = self.table(value, what, ("en", "zh"), ("en", "zh")).entries
        stem = what.strip("`")
        texts = {name: self.text(item, f"`{stem}.{name}`") for name, (_, item) in entries.items()}
        return Words(en=texts.get("en", ""), zh=texts.get("zh", ""))

    def member(self, value: Value | None, kind: type[E], what: str, refuse: Iterable[E] = ()) -> E | None:
        """The enum's member of that value; None where there is no value or no such member."""
        if value is None:
            return None
        text = self.text(value, what)
        allowed = {member.value: member for member in kind if member not in refuse}
        if text and text not in allowed:
            self.wrong(value, f"{what} is `{text[:60]}`{hint(text, allowed)}")
        return allowed.get(text)

    def truth(self, value: Value | None, what: str) -> bool:
        """`true` or `false`, written plainly; false where there is no value."""
        if value is None:
            return False
        if not (isinstance(value, Text) and value.plain and value.value in {"true", "false"}):
            self.wrong(value, f"{what} must be `true` or `false`")
            return False
        return value.value == "true"

    def whole(self, value: Value | None, what: str, most: int) -> int:
        """A whole number from 0 to `most`; 0 where there is no value."""
        return self._number(value, what, _INTEGER, int, f"a whole number from 0 to {most}", most) or 0

    def share(self, value: Value | None, what: str) -> float | None:
        """A number from 0 to 1; None where there is no value."""
        return self._number(value, what, _NUMBER, float, "a number from 0 to 1", 1.0)

    def _number(
        self,
        value: Value | None,
        what: str,
        shape: re.Pattern[str],
        convert: Callable[[str], T],
        like: str,
        most: T,
    ) -> T | None:
        if value is None:
            return None
        if isinstance(value, Text) and value.plain and shape.fullmatch(value.value):
            number = convert(value.value)
            if 0 <= number <= most:  # type: ignore[operator]  # int and float
                return number
        found = f"`{value.value[:60]}`" if isinstance(value, Text) else _NAMES[type(value)]
        self.wrong(value, f"{what} is {found}, expected {like}")
        return None

    def moment(self, value: Value | None, what: str) -> str:
        """An ISO date or RFC 3339 time; the empty string where there is no value."""
        text = self.text(value, what)
        if value is not None and text:
            try:
                bound(text, 0)
            except EvaluationError:
                self.wrong(value, f"{what} is `{text[:60]}`, expected a date such as `2026-08-02`")
                return ""
        return text
