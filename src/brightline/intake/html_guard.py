"""Whether a page is made to exhaust an HTML parser.

Three constructions cost more than linear time: many attributes on one tag, each compared with all before it; deep nesting (measured here: 0.13 s at 10,000 levels,
10 s at 100,000), and formatting elements left open across paragraphs, which are opened again in each (13.2.4.3;
measured: 2,000 open ones over 2,000 paragraphs take 1.6 GB). All are estimated from the tags, in one linear pass.
"""

import re

DEPTH = 5_000  # nested elements; real pages stay under 100
ELEMENTS = 300_000  # elements made by opening formatting again; about 110 MB in the parser

ATTRIBUTES = 500  # of one tag; real ones have under 50
SMALL_TAGS = 1_000  # with fewer tags than that, no construction gets above the limits
PARSED_BYTES = 256 * 1024 * 1024  # that the parsed page may take; a page of 5 MiB takes some tens of MiB
TAG_BYTES, ATTRIBUTE_BYTES = (
    330,
    240,
)  # that the parser takes for an element with some text, and for an attribute, measured

# Possessive, so that each character is read once; a quote that never closes is read as itself.
_WHOLE_TAG = re.compile(r"<[a-zA-Z](?:[^>\"']++|\"[^\"]*+\"|'[^']*+'|[\"'])*+")
_QUOTED = re.compile(r"\s[^\s\"'>/=]{1,100}\s{0,4}=\s{0,4}(?:\"[^\"]*+\"|'[^']*+')")
_BETWEEN = re.compile(r"[\s/\"']+")
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
    """Whether parsing would nest deeper than 5,000, make 300,000 extra elements, compare 500 attributes or take 256 MiB."""
    cost = 0
    for tag in map(re.Match.group, _WHOLE_TAG.finditer(markup)):
        attributes = _attributes(tag)
        cost += TAG_BYTES + ATTRIBUTE_BYTES * attributes
        if attributes > ATTRIBUTES or cost > PARSED_BYTES:
            return True
    if markup.count("<") < SMALL_TAGS:
        return False
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


def _attributes(tag: str) -> int:
    """How many attributes a tag may have: separators outside of quoted values, counted exactly only where many."""
    rough = (
        tag.count(" ")
        + tag.count("\n")
        + tag.count("\t")
        + tag.count("/")
        + tag.count("\r")
        + tag.count("\f")
    )
    return len(_BETWEEN.findall(_QUOTED.sub(" a ", tag))) if rough > 20 else rough


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
