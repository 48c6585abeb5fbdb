"""Characters to tokens, as CEL's grammar has them, without bytes, unsigned numbers, `null` and comments."""

import re
from collections.abc import Iterator

import msgspec

from brightline.policy.language.errors import ExpressionError
from brightline.policy.language.limits import MAX_CHARACTERS, MAX_LITERAL

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n\r\f]+)
  | (?P<comment>//)
  | (?P<unsigned>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uU])
  | (?P<double>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
  | (?P<int>0[xX][0-9a-fA-F]+|[0-9]+)
  | (?P<raw>[rR](?:'[^'\n]*'|"[^"\n]*"))
  | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
  | (?P<word>[_a-zA-Z][_a-zA-Z0-9]*)
  | (?P<mark>==|!=|<=|>=|&&|\|\||[<>!+\-*/%?:.,()\[\]])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<bad>.?))"
)
_PLAIN = dict(zip("abfnrtv\\?\"'`", "\a\b\f\n\r\t\v\\?\"'`", strict=True))
_HINTS = {
    "=": "`=` is no operator; write `==`",
    "&": "`&` is no operator; write `&&`",
    "|": "`|` is no operator; write `||`",
    "'": "this string is never closed",
    '"': "this string is never closed",
    "{": "map literals are not in the language; compare fields one by one",
}


class Token(msgspec.Struct, frozen=True):
    """One word, number, string or mark; `kind` is word, int, double, string, mark or end."""

    kind: str
    text: str
    start: int
    end: int
    value: str = ""  # of a string, without quotes and escapes


def tokens(source: str) -> list[Token]:
    """All tokens of an expression, closed by one of kind `end`.

    Raises:
        ExpressionError: a character that begins no token, a broken string, or more text than the limit.
    """
    if len(source) > MAX_CHARACTERS:
        raise ExpressionError(
            f"the expression has {len(source)} characters, at most {MAX_CHARACTERS} are read", 0, 1
        )
    return [*_scan(source), Token("end", "the end", len(source), len(source))]


def _scan(source: str) -> Iterator[Token]:
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None:
            character = source[position]
            hint = _HINTS.get(character, f"unexpected character `{character}`")
            raise ExpressionError(hint, position, position + 1)
        start, position = found.span()
        kind, text = str(found.lastgroup), found.group()
        if kind != "space":
            yield _token(kind, text, start, position)


def _token(kind: str, text: str, start: int, end: int) -> Token:
    match kind:
        case "comment":
            # A folded block makes one line of all lines: `//` would silently cut off the rest of the rule.
            raise ExpressionError("comments are not in the language; use a YAML `#` comment", start, end)
        case "unsigned":
            raise ExpressionError(
                f"unsigned numbers are not in the language; write `{text[:-1]}`", start, end
            )
        case "raw":
            return Token("string", text, start, end, _short(text[2:-1], start, end))
        case "string":
            return Token("string", text, start, end, _short(_unescape(text[1:-1], start + 1), start, end))
        case _:
            return Token(kind, text, start, end)


def _short(value: str, start: int, end: int) -> str:
    if len(value) > MAX_LITERAL:
        raise ExpressionError(f"the string has {len(value)} characters, at most {MAX_LITERAL}", start, end)
    return value


def _unescape(body: str, start: int) -> str:
    def replace(found: re.Match[str]) -> str:
        if found["plain"]:
            return _PLAIN[found["plain"]]
        digits = found["x"] or found["u"] or found["U"]
        code = int(digits, 16) if digits else int(found["octal"], 8) if found["octal"] else -1
        if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            at = start + found.start()
            raise ExpressionError(f"`{found.group()}` is no escape sequence", at, at + len(found.group()))
        return chr(code)

    return _ESCAPE.sub(replace, body)
