"""Whether a page is made to exhaust an HTML parser.

Two constructions of the HTML standard cost more than linear time: deep nesting (measured here: 0.13 s at 10,000 levels,
10 s at 100,000), and formatting elements left open across paragraphs, which are opened again in each (13.2.4.3;
measured: 2,000 open ones over 2,000 paragraphs take 1.6 GB). Both are estimated from the tags, in one linear pass.
"""

import re

DEPTH = 5_000  # nested elements; real pages stay under 100
ELEMENTS = 300_000  # elements made by opening formatting again; about 110 MB in the parser

_TAGS = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})([^<>]{0,300})")
_FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)
_LEFT_OPEN = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "td",
        "tr",
        "th",
        "dt",
        "dd",
        "option",
        "optgroup",
        "tbody",
        "thead",
        "tfoot",
        "colgroup",
        "rp",
        "rt",
        "html",
        "head",
        "body",
    ]
)
_SAME = 3  # of identical formatting elements at most three are opened again ("Noah's Ark clause")


def is_parse_bomb(markup: str) -> bool:
    """Whether parsing would nest deeper than 5,000 or make more than 300,000 extra elements."""
    depth, extra = 0, 0
    active: dict[str, int] = {}
    names: dict[str, list[str]] = {}
    open_count = 0
    for match in _TAGS.finditer(markup):
        closes, name, rest = match.group(1), match.group(2).lower(), match.group(3)
        if name in _FORMATTING:
            open_count += _count(active, names, name, rest, bool(closes))
        else:
            extra += open_count
        if name not in _LEFT_OPEN and not rest.endswith("/"):
            depth = max(0, depth - 1) if closes else depth + 1
        if depth > DEPTH or extra > ELEMENTS:
            return True
    return False


def _count(active: dict[str, int], names: dict[str, list[str]], name: str, rest: str, closes: bool) -> int:
    """By how much the list of active formatting elements grows or shrinks with this tag."""
    if closes:
        stack = names.get(name)
        if not stack:
            return 0
        key = stack.pop()
        active[key] -= 1
        return -1 if active[key] < _SAME else 0
    key = f"{name} {rest}"
    names.setdefault(name, []).append(key)
    active[key] = active.get(key, 0) + 1
    return 1 if active[key] <= _SAME else 0
