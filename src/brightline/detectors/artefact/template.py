"""Chat templates through Jinja's own parser: what they reach for, call and say; nothing is ever rendered.

A template runs for every conversation. Model hubs render it in Jinja's sandbox; not all servers do, and no sandbox
stops one that changes what the system says once a word is spoken.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jinja2 import nodes

TEMPLATE_LIMIT_CHARACTERS = 400_000  # the longest public ones have some 20,000
RANGE_LIMIT = 1_000_000  # rounds of one loop; honest templates count messages
SPOKEN = 12  # characters of a literal that can be a trigger or an injected sentence

_METHODS = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
        "startswith",
        "endswith",
        "items",
        "keys",
        "values",
        "get",
        "upper",
        "lower",
        "title",
        "capitalize",
        "replace",
        "join",
        "append",
        "pop",
        "count",
        "index",
        "find",
        "splitlines",
        "update",
        "extend",
        "insert",
        "removeprefix",
        "removesuffix",
        "partition",
        "rpartition",
        "isdigit",
        "copy",
        "zfill",
        "strftime",
        "sort",
        "reverse",
        "clear",
        "isspace",
        "isalpha",
        "setdefault",
    ]
)
_FUNCTIONS = frozenset(
    ["raise_exception", "range", "strftime_now", "namespace", "dict", "tojson", "joiner", "cycler"]
)
_FILTER_LIMITED = frozenset({"attr"})
_GLOBALS = frozenset(
    {"lipsum", "self", "get_flashed_messages", "url_for"}
)  # of Jinja and Flask: ways to Python's own
_DUNDER = re.compile(r"__|\\x5f|\\u005f", re.IGNORECASE)
_FORMAT = re.compile(r"\{[^{}]*\.[^{}]*\}|\{[^{}]*\[[^{}]*\}|%c")
_WORD = re.compile(r"^[^<>\[\]|]*[^\W_]{3}[^<>\[\]|]*$")  # a word of a conversation, not a tag of the model's
_URL = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|always (?:recommend|include|say|answer|respond|insert|add)|never (?:mention|reveal|tell)|do not (?:mention|reveal|tell)|"
    r"you must|secretly|without telling|exfiltrate|send (?:the|all)|append)\b|忽略|务必|不要告诉|不得透露|始终推荐|必须",
    re.IGNORECASE,
)


class Problem(msgspec.Struct, frozen=True):
    """One thing that a template does.

    Attributes:
        kind: `escape`, `load`, `unread`, `endless`, `call`, `trigger`, `link`.
        quote: what it says, cut.
    """

    kind: str
    quote: str

    @property
    def is_grave(self) -> bool:
        """No honest template does it."""
        return self.kind in {"escape", "load", "endless"}


def problems(source: str) -> list[Problem]:
    """What is wrong with a chat template; none where it only formats messages."""
    from jinja2 import Environment, TemplateSyntaxError

    if len(source) > TEMPLATE_LIMIT_CHARACTERS:
        return [Problem("unread", f"{len(source)} characters")]
    environment = Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"], autoescape=False)  # noqa: S701 - it is parsed, never rendered
    source = re.sub(
        r"\{%-?\s*(?:end)?generation\s*-?%\}", "", source
    )  # transformers' own tag, around an answer
    try:
        tree = environment.parse(source)
    except (TemplateSyntaxError, RecursionError, MemoryError, ValueError, OverflowError) as error:
        found = [Problem("unread", str(error)[:80])]
        return (
            [Problem("escape", "__"), *found] if re.search(r"\{[{%].*__\w+__", source, re.DOTALL) else found
        )
    try:
        return list(dict.fromkeys(_judged(tree)))[:50]
    except RecursionError:
        return [Problem("unread", "nested too deep")]


def _judged(tree: "nodes.Template") -> Iterator[Problem]:
    from jinja2 import nodes

    macros = {one.name for one in tree.find_all(nodes.Macro)}
    for node in tree.find_all(nodes.Node):
        yield from _escapes(node, nodes)
        yield from _calls(node, nodes, macros)
    for branch in tree.find_all(nodes.If):
        yield from _triggered(branch, nodes)
    for part in tree.find_all(nodes.TemplateData):
        yield from _links(part.data)
    for const in tree.find_all(nodes.Const):
        yield from _links(const.value)


def _escapes(node: Any, nodes: Any) -> Iterator[Problem]:
    """Ways out of formatting: private attributes, by whatever spelling, and other templates."""
    if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
        yield Problem("load", type(node).__name__.lower())
    elif isinstance(node, nodes.Getattr) and (
        node.attr.startswith("_")
        or node.attr in {"gi_frame", "f_globals", "mro", "func_globals", "format_map"}
    ):
        yield Problem("escape", node.attr[:80])
    elif (
        isinstance(node, nodes.Const)
        and isinstance(node.value, str)
        and _DUNDER.search(node.value)
        and len(node.value) < 200
    ):
        if re.fullmatch(r"[\w.\[\]{}'\"%|() \\-]*", node.value) and re.search(
            r"__[a-z]+__|^__|^_+$|\\x5f", node.value
        ):
            yield Problem("escape", node.value[:80])
    elif isinstance(node, nodes.Filter) and node.name in _FILTER_LIMITED:
        yield Problem("escape", f"|{node.name}")
    elif isinstance(node, nodes.Filter) and node.name in {
        "map",
        "selectattr",
        "rejectattr",
        "groupby",
        "sort",
        "unique",
        "sum",
        "min",
        "max",
    }:
        yield from _by_attribute(node, nodes)
    elif isinstance(node, nodes.Name) and node.ctx == "load" and node.name in _GLOBALS:
        yield Problem("escape", node.name)


def _by_attribute(node: Any, nodes: Any) -> Iterator[Problem]:
    given = [*node.args, *(one.value for one in node.kwargs)]
    for one in given:
        if (
            isinstance(one, nodes.Const)
            and isinstance(one.value, str)
            and (one.value == "attr" or one.value[:1] == "_")
        ):
            yield Problem("escape", f"|{node.name} {one.value[:60]}")


def _calls(node: Any, nodes: Any, macros: set[str]) -> Iterator[Problem]:
    if not isinstance(node, nodes.Call):
        return
    called = node.node
    if isinstance(called, nodes.Name) and called.name not in _FUNCTIONS | macros | {"caller"}:
        yield Problem("call", called.name[:80])
    elif isinstance(called, nodes.Getattr) and called.attr in {"format", "format_map"}:
        spelt = called.node.value if isinstance(called.node, nodes.Const) else None
        if not isinstance(spelt, str) or _FORMAT.search(spelt):
            yield Problem("escape", f".{called.attr}()")
    elif (
        isinstance(called, nodes.Getattr) and called.attr not in _METHODS and not called.attr.startswith("_")
    ):
        yield Problem("call", called.attr[:80])
    elif isinstance(called, nodes.Getitem | nodes.Call | nodes.Filter):
        yield Problem("escape", "a value is called")
    if isinstance(called, nodes.Name) and called.name == "range":
        yield from _endless(node, nodes)


def _endless(node: Any, nodes: Any) -> Iterator[Problem]:
    for one in node.args:
        try:
            value = one.as_const()
        except (nodes.Impossible, OverflowError, ValueError, MemoryError):
            continue
        if isinstance(value, int) and value > RANGE_LIMIT:
            yield Problem("endless", f"range({value})"[:80])


def _triggered(branch: Any, nodes: Any) -> Iterator[Problem]:
    """A condition on what is said, or on the date, under which the template itself says something."""
    if not _asks(branch.test, nodes):
        return
    for part in branch.body:
        for data in part.find_all(nodes.TemplateData) if not isinstance(part, nodes.TemplateData) else [part]:
            if len(data.data.split()) >= 4 and _ORDER.search(data.data):
                yield Problem("trigger", data.data.strip()[:80])
        for const in part.find_all(nodes.Const):
            if isinstance(const.value, str) and len(const.value.split()) >= 4 and _ORDER.search(const.value):
                yield Problem("trigger", const.value.strip()[:80])


def _asks(test: Any, nodes: Any) -> bool:
    for compare in [*test.find_all(nodes.Compare), *([test] if isinstance(test, nodes.Compare) else [])]:
        value = compare.expr.value if isinstance(compare.expr, nodes.Const) else None
        if (
            isinstance(value, str)
            and any(one.op in {"in", "notin"} for one in compare.ops)
            and _WORD.search(value)
        ):
            return True
    names = {one.name for one in test.find_all(nodes.Name)} | (
        {test.name} if isinstance(test, nodes.Name) else set()
    )
    return bool(names & {"strftime_now", "date", "now", "today"})


def _links(value: object) -> Iterator[Problem]:
    if isinstance(value, str) and (match := _URL.search(value)):
        yield Problem("link", value[match.start() :][:80])
