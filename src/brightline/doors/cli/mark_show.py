"""What people see of marks in the terminal. Data goes to standard output, talk to standard error."""

import sys
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from brightline.core.chinese import words_of
from brightline.core.wire import canonical
from brightline.core.words import Words
from brightline.doors.mark_answer import DiffAnswer, Ending, MarkAnswer, VerifyAnswer
from brightline.doors.mark_words import (
    ENDINGS,
    FATES,
    cause_words,
    layer_words,
    mark_words,
)
from brightline.marking.compare import Fate

_STYLES = {
    Ending.MARKED: "green",
    Ending.UNCHANGED: "green",
    Ending.REFUSED: "red",
    Ending.FAILED: "red",
}
_FATE_STYLES = {
    Fate.KEPT: "green", Fate.EXTENDED: "green", Fate.ADDED: "cyan", Fate.CHANGED: "yellow", Fate.LOST: "red",
    Fate.UNREAD: "yellow",
}  # fmt: skip
_LARGE_BYTES = 32 * 1024 * 1024  # of one file, from which on progress is shown


class MarkShow:
    """Tells one file after another, and a summary at the end."""

    def __init__(self, *, language: str, quiet: bool, as_json: bool) -> None:
        self._language = language
        self._quiet = quiet
        self._as_json = as_json
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=self._console, transient=True,
            disable=quiet or not self._console.is_terminal,
        )  # fmt: skip
        self._endings: Counter[Ending] = Counter()
        self._incomplete = 0
        self._task = self._progress.add_task("", visible=False)

    def __enter__(self) -> Self:
        """Start showing progress."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing progress."""
        self._progress.stop()

    def progress(self, done: int, expected: int) -> None:
        """Bytes written of a file; shown for large ones only."""
        self._progress.update(
            self._task, completed=done, total=expected, visible=expected >= _LARGE_BYTES and done < expected
        )

    def see(self, answer: MarkAnswer) -> None:
        """Tell one file."""
        self._endings[answer.ending] += 1
        self._incomplete += not answer.complete and answer.ending not in {Ending.REFUSED, Ending.FAILED}
        if self._as_json:
            write_json(answer)
        elif not self._quiet or answer.error:
            self._print(answer.name, ENDINGS[answer.ending], _STYLES[answer.ending], self._lines(answer))

    def verified(self, answer: VerifyAnswer) -> None:
        """Tell what one file carries, and what it lacks."""
        if self._as_json:
            write_json(answer)
            return
        fine = not (answer.error or answer.missing or answer.defects)
        word = Words("verified", "核验通过") if fine else Words("lacking", "有缺失")
        if not self._quiet or not fine:
            self._print(answer.name, word, "green" if fine else "red", self._verify_lines(answer))

    def compared(self, answer: DiffAnswer) -> None:
        """Tell what became of each mark."""
        if self._as_json:
            write_json(answer)
            return
        word = Words("kept", "保留") if answer.whole else Words("lost", "丢失")
        word = Words("failed", "失败") if answer.error else word
        if not self._quiet or not answer.whole:
            self._print(
                f"{answer.before} -> {answer.after}", word, "green" if answer.whole else "red",
                self._diff_lines(answer),
            )  # fmt: skip

    def tell(self, en: str, zh: str) -> None:
        """One line of talk."""
        self._console.print(escape(Words(en, zh).in_language(self._language)))

    def finish(self) -> None:
        """The summary."""
        if self._quiet or self._as_json:
            return
        counts = " · ".join(
            f"{ENDINGS[ending].in_language(self._language)} {self._endings[ending]}"
            for ending in Ending
            if self._endings[ending]
        )
        if self._incomplete:
            said = Words("incomplete", "未完整").in_language(self._language)
            counts += f" · {said} {self._incomplete}"
        self._console.print(escape(counts))

    def _print(self, name: str, word: Words, style: str, lines: Iterator[str]) -> None:
        out = self._progress.console
        out.print(f"[{style}]{word.in_language(self._language)}[/] {escape(shown(name))}")
        for line in lines:
            out.print(f"    {escape(shown(line))}", soft_wrap=True)

    def _lines(self, answer: MarkAnswer) -> Iterator[str]:
        if answer.error:
            yield self._of(answer.error)
            return
        yield from (f"+ {one.words.in_language(self._language)}" for one in answer.written)
        yield from (f"= {layer_words(layer).in_language(self._language)}" for layer in answer.kept)
        for one in answer.left_out:
            sign = "!" if one.asked else "-"
            yield f"{sign} {layer_words(one.layer).in_language(self._language)}: {one.words.in_language(self._language)}"
        yield from (note.in_language(self._language) for note in answer.notes)
        yield f"-> {answer.target}"

    def _verify_lines(self, answer: VerifyAnswer) -> Iterator[str]:
        if answer.error:
            yield self._of(answer.error)
            return
        assert answer.inventory is not None
        yield from (f"= {mark_words(mark).in_language(self._language)}" for mark in answer.inventory.marks)
        for one in answer.missing:
            yield f"! {layer_words(one.layer).in_language(self._language)}: {one.words.in_language(self._language)}"
        yield from (f"! {words.in_language(self._language)}" for words in answer.defects)
        yield from (f"? {self._of(why)}" for why in answer.inventory.unread)

    def _diff_lines(self, answer: DiffAnswer) -> Iterator[str]:
        if answer.error or answer.comparison is None:
            yield self._of(answer.error)
            return
        for change in answer.comparison.changes:
            mark = change.after if change.fate is Fate.ADDED or change.before is None else change.before
            assert mark is not None
            fate = FATES[change.fate].in_language(self._language)
            differs = f" ({', '.join(change.differs)})" if change.differs else ""
            yield f"{fate}{differs}: {mark_words(mark).in_language(self._language)}"
        if answer.comparison.cause is not None:
            cause = answer.comparison.cause
            yield cause_words(cause).in_language(self._language)
            yield from (f"  {self._of(one)}" for one in cause.evidence)
        yield from (f"? {self._of(why)}" for why in answer.comparison.unread)

    def _of(self, message: str) -> str:
        """An error or a piece of evidence, in the language of the reader."""
        return words_of(message).in_language(self._language)


def write_json(answer: msgspec.Struct) -> None:
    """One answer as one line of canonical JSON on standard output."""
    sys.stdout.buffer.write(canonical(msgspec.to_builtins(answer)) + b"\n")
    sys.stdout.buffer.flush()


def shown(text: str) -> str:
    """Text that may quote hostile names, without what would move a terminal's cursor."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for letter in text.encode("utf-8", "replace").decode("utf-8")
    )
