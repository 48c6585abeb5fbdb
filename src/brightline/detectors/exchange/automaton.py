"""Finds patterns in folded words as they come, whatever the chunks, and knows where one may have begun.

All patterns run together as one machine, made into a table of characters lazily and only as far as texts need it. A
match is any stretch that a pattern takes, as early as it can begin for where it ends: longest and overlapping
ones count together.
"""

from collections.abc import Iterable, Sequence

import msgspec

from brightline.detectors.exchange.patterns import Builder, is_word

TABLE_LIMIT = 200_000  # entries of the table, after which it is begun anew (60 MB); English and Chinese chat need under 20,000
FLUSH = 512  # characters after which a stretch with matches is told of, although it may go on


class Match(msgspec.Struct, frozen=True, gc=False):
    """A pattern by its number, and where it stands, in folded characters since the beginning."""

    pattern: int
    start: int
    end: int


class _State:
    """A set of states, and whether the last character was part of a word."""

    __slots__ = ("accepts", "after_word", "nodes", "table")

    def __init__(self, nodes: frozenset[int], *, after_word: bool) -> None:
        self.nodes = nodes
        self.after_word = after_word
        self.table: dict[str, _State] = {}
        self.accepts = False  # a pattern may be complete behind the last character


class Automaton:
    """The machine of some patterns; what it holds besides them is a table that grows with use.

    Raises:
        DetectorError: a pattern cannot be read.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        builder = Builder()
        for pattern in patterns:
            builder.add(pattern)
        self._nodes = builder.nodes
        self._starts = tuple(builder.starts)
        self._opening = tuple(self._closure(self._starts, edge=edge) for edge in (False, True))
        self._first: dict[tuple[str, bool], frozenset[int]] = {}
        self._states: dict[tuple[frozenset[int], bool], _State] = {}
        self._size = 0
        self.begin = self._state(frozenset(), after_word=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to find."""
        return not self._starts

    def step(self, state: _State, char: str) -> _State:
        """The state behind one character more, kept in the table."""
        word = is_word(char)
        edge = state.after_word is not word
        nodes = self._begun(char, edge=edge) | self._moved(self._closure(tuple(state.nodes), edge=edge), char)
        self._size += 1
        if self._size > TABLE_LIMIT:
            self._size = 0
            for known in self._states.values():
                known.table.clear()
            self._states = {(self.begin.nodes, False): self.begin}
            self._first.clear()
        found = state.table[char] = self._state(nodes, after_word=word)
        return found

    def _begun(self, char: str, *, edge: bool) -> frozenset[int]:
        """States behind the first character of any pattern; the same wherever it stands, so worked out once."""
        key = (char, edge)
        known = self._first.get(key)
        if known is None:
            known = self._first[key] = self._moved(self._opening[edge], char)
        return known

    def _moved(self, closed: Iterable[int], char: str) -> frozenset[int]:
        return frozenset(
            self._nodes[one].next[0]
            for one in closed
            if (chars := self._nodes[one].chars) is not None and chars.has(char)
        )

    def _state(self, nodes: frozenset[int], *, after_word: bool) -> _State:
        key = (nodes, after_word)
        known = self._states.get(key)
        if known is None:
            known = self._states[key] = _State(nodes, after_word=after_word)
            known.accepts = any(
                self._nodes[one].accepts >= 0
                for edge in (False, True)
                for one in self._closure(tuple(nodes), edge=edge)
            )
        return known

    def _closure(self, nodes: Sequence[int], *, edge: bool) -> set[int]:
        seen: set[int] = set()
        left = [*nodes]
        while left:
            one = left.pop()
            if one in seen:
                continue
            seen.add(one)
            node = self._nodes[one]
            if node.chars is None and (edge or not node.edge):
                left += node.next
        return seen

    def matches(self, text: str, before: str, after: str) -> tuple[set[Match], int]:
        """All matches in a stretch, and where the earliest begins that may yet go on behind it.

        Args:
            text: the stretch.
            before: the character before it, or empty.
            after: the character behind it, empty at the end of all.
        """
        found: set[Match] = set()
        threads: dict[int, int] = {}
        word = is_word(before)
        for at in range(len(text) + 1):
            char = text[at] if at < len(text) else after
            edge = word is not is_word(char)
            if at < len(text):
                for start in self._starts:
                    threads.setdefault(start, at)
            closed = self._closed(threads, edge=edge)
            for one, start in closed.items():
                if (number := self._nodes[one].accepts) >= 0 and start < at:
                    found.add(Match(number, start, at))
            if at == len(text):
                break
            threads = self._stepped(closed, char)
            word = is_word(char)
        return found, min(threads.values(), default=len(text))

    def _closed(self, threads: dict[int, int], *, edge: bool) -> dict[int, int]:
        """States that are reached without a character, each by the thread that began earliest."""
        closed: dict[int, int] = {}
        for one, start in sorted(threads.items(), key=lambda item: item[1]):
            left = [one]
            while left:
                here = left.pop()
                if here in closed:
                    continue
                closed[here] = start
                node = self._nodes[here]
                if node.chars is None and (edge or not node.edge):
                    left += node.next
        return closed

    def _stepped(self, closed: dict[int, int], char: str) -> dict[int, int]:
        threads: dict[int, int] = {}
        for one, start in closed.items():
            node = self._nodes[one]
            if node.chars is not None and node.chars.has(char):
                after = node.next[0]
                threads[after] = min(start, threads.get(after, start))
        return threads


class Scanner:
    """One text as it comes.

    Attributes:
        live: from here on a match may have begun that is not complete; everything before is settled.
        size: folded characters so far.
    """

    def __init__(self, automaton: Automaton) -> None:
        self._machine = automaton
        self._state = automaton.begin
        self._text = ""  # from `live` on
        self._before = ""  # the character before `live`
        self._has_match = False
        self._looked = 0  # `size` when the stretch was last looked through
        self.live = 0
        self.size = 0

    def feed(self, folded: str) -> list[Match]:
        """Take the next folded words; gives matches that are complete, some of them more than once."""
        if self._machine.is_empty:
            self.live = self.size = self.size + len(folded)
            return []
        state, step = self._state, self._machine.step
        idle = 0  # behind the last character at which nothing was live
        found: list[Match] = []
        for at, char in enumerate(folded, 1):
            state = state.table.get(char) or step(state, char)
            if state.nodes:
                if state.accepts:
                    self._has_match = True
                continue
            if self._has_match:
                self._text += folded[idle:at]
                found += self._complete()
            self._text = ""
            idle = at
            self._before, self.live = char, self.size + at
        self._state = state
        self._text += folded[idle:]
        self.size += len(folded)
        if idle:
            self._looked = self.live
        if self.size - self._looked >= FLUSH:
            found += self._look_again()
        return found

    def close(self) -> list[Match]:
        """The text ends: gives matches that only its end completes."""
        found = self._complete() if self._has_match else []
        self.live, self._text = self.size, ""
        return found

    def _complete(self) -> list[Match]:
        """All matches in what is live, which goes no further."""
        found, _ = self._machine.matches(self._text, self._before, "")
        self._has_match = False
        return [self._placed(match) for match in found]

    def _look_again(self) -> list[Match]:
        """Matches in what is live and goes on; finds where the earliest of those that go on really begins."""
        found, start = self._machine.matches(self._text, self._before, "")
        end = len(self._text)
        placed = [
            self._placed(match) for match in found if match.end < end
        ]  # the end's own are not certain yet
        self._before = self._text[start - 1] if start else self._before
        self._text = self._text[start:]
        self.live += start
        self._looked = self.size
        return placed

    def _placed(self, match: Match) -> Match:
        return Match(match.pattern, self.live + match.start, self.live + match.end)
