"""YAML to a tree that knows where everything stands, in the small part of YAML that packs need.

Refused: anchors and aliases (bombs), tags, keys that are no text, duplicate keys, several documents. Every scalar
stays text until a reader asks for more, so `no` is a word and `2026.10` keeps its zero.
"""

from collections.abc import Iterator

import msgspec
import yaml

from brightline.core.errors import PolicyError

MAX_DEPTH = 16  # of nesting; a pack uses 9
MAX_NODES = 50_000  # in one pack; the largest shipped pack has a tenth of them


class Text(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A scalar, written at characters [start, end); `plain` is one without quotes and block sign."""

    value: str
    start: int
    end: int
    plain: bool


class Listing(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A YAML sequence."""

    items: tuple["Value", ...]
    start: int
    end: int


class Table(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A YAML mapping; no key comes twice."""

    entries: dict[str, tuple[Text, "Value"]]
    start: int
    end: int


Value = Text | Listing | Table


class DocumentError(PolicyError):
    """The text is no YAML, or more of YAML than packs may use; at characters [start, end)."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


def read_document(text: str) -> Value:
    """The tree of a YAML text.

    Raises:
        DocumentError: see there.
    """
    try:
        return _Builder(text).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = _index(mark)
        raise DocumentError(f"no YAML: {error.problem or error.context}", at, at + 1) from error
    except yaml.YAMLError as error:
        at = getattr(error, "position", None) or 0
        raise DocumentError("no YAML: a control character that text files do not hold", at, at + 1) from error


class _Builder:
    """Builds the tree from the parser's events without recursion on the way in to an untrusted depth."""

    def __init__(self, text: str) -> None:
        # libyaml where PyYAML was built with it: ten times as fast, same events.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
        self._nodes = 0

    def build(self) -> Value:
        documents: list[Value] = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if documents:
                    start = _index(event.start_mark)
                    raise DocumentError("a pack is one YAML document, found a second", start, start + 3)
                documents.append(self._value(next(self._events), 0))
        if not documents:
            raise DocumentError("the file is empty; a pack was expected", 0, 1)
        return documents[0]

    def _value(self, event: yaml.Event, depth: int) -> Value:
        start, end = _index(event.start_mark), _index(event.end_mark)
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            limit = f"{MAX_NODES} values" if self._nodes > MAX_NODES else f"{MAX_DEPTH} levels"
            raise DocumentError(f"more than {limit}, which no pack needs", start, end)
        if getattr(event, "anchor", None) is not None:  # of an alias it is the anchor that it names
            raise DocumentError("anchors and aliases are not allowed in a pack; write it out", start, end)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise DocumentError(f"tags are not allowed in a pack, found `{tag}`", start, end)
        if isinstance(event, yaml.ScalarEvent):
            return Text(value=event.value, start=start, end=end, plain=not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._listing(start, depth)
        return self._table(start, depth)

    def _listing(self, start: int, depth: int) -> Listing:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return Listing(items=tuple(items), start=start, end=start + 1)

    def _table(self, start: int, depth: int) -> Table:
        entries: dict[str, tuple[Text, Value]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, Text):
                raise DocumentError("a key must be a word", key.start, key.end)
            if key.value in entries:
                raise DocumentError(f"`{key.value}` is given twice", key.start, key.end)
            entries[key.value] = key, self._value(next(self._events), depth + 1)
        return Table(entries=entries, start=start, end=start + 1)


def _index(mark: object) -> int:
    """The mark's place in the text, in characters."""
    return int(getattr(mark, "index", 0))
