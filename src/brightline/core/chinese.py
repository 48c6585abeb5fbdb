"""中文 of errors: found by the English sentence, since an error crosses rooms and processes as one line of text.

`chinese.toml` holds a template a sentence. What a sentence quotes may be a sentence itself, and is looked up too.
"""

import tomllib
from functools import cache
from importlib import resources

from brightline.core.words import Words

_LONGEST = 4_000  # characters; a longer message quotes content, and is shown as it is
_DEEPEST = 4  # sentences within each other; three are met (file, carrier, place)
_MOST_JOINED = 20  # reasons; there are six layers
_BETWEEN = "; "  # how several reasons are joined


def in_chinese(message: str) -> str:
    """The 中文 of an error's message; the message itself where there is none, such as a library's own words.

    >>> in_chinese("the png carrier refuses: the PNG has no IHDR")
    'png 载体拒绝写入：PNG 没有 IHDR'
    """
    return message if len(message) > _LONGEST else _translated(message, _DEEPEST)


def words_of(message: str) -> Words:
    """A message in both languages."""
    return Words(message, in_chinese(message))


def _translated(message: str, deepest: int) -> str:
    if not deepest or not message:
        return message
    known = _known(message, deepest)
    if known is not None:
        return known
    ends = [at for at in range(len(message)) if message.startswith(_BETWEEN, at)][:_MOST_JOINED]
    for end in reversed(ends):  # a sentence may hold the joint itself, so the longest that is known counts
        first = _known(message[:end], deepest)
        if first is not None:
            return f"{first}；{_translated(message[end + len(_BETWEEN) :], deepest)}"
    return message


def _known(sentence: str, deepest: int) -> str | None:
    for literals, said in _templates():
        quoted = _quoted(sentence, literals)
        if quoted is not None:
            return _filled(said, [_translated(one, deepest - 1) for one in quoted])
    return None


@cache
def _templates() -> tuple[tuple[tuple[str, ...], str], ...]:
    """Each template's literal parts and its 中文, those that say most themselves first."""
    text = resources.files("brightline.core").joinpath("chinese.toml").read_text("utf-8")
    rows = [(tuple(english.split("{}")), chinese) for english, chinese in tomllib.loads(text).items()]
    return tuple(sorted(rows, key=lambda row: -sum(map(len, row[0]))))


def _quoted(message: str, literals: tuple[str, ...]) -> list[str] | None:
    """What stands between the literal parts, each found as early as possible; None where they do not fit."""
    first, last = literals[0], literals[-1]
    if len(literals) == 1:
        return [] if message == first else None
    end = len(message) - len(last)
    if not message.startswith(first) or not message.endswith(last) or end < len(first):
        return None
    quoted, at = [], len(first)
    for literal in literals[1:-1]:
        found = message.find(literal, at, end)
        if found < 0:
            return None
        quoted.append(message[at:found])
        at = found + len(literal)
    return [*quoted, message[at:end]]


def _filled(said: str, quoted: list[str]) -> str:
    """The 中文 with what was quoted, in one pass: what is quoted may hold braces itself."""
    for index in range(len(quoted)):
        said = said.replace("{}", f"{{{index}}}", 1)
    parts = said.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        number, closed, rest = part.partition("}")
        is_place = closed and number.isdecimal() and int(number) < len(quoted)
        filled.append(quoted[int(number)] + rest if is_place else "{" + part)
    return "".join(filled)
