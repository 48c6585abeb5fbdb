"""Which kind of text: mail, HTML, JSON, JSON lines, CSV, Markdown or plain, by structure."""

import csv
import re

import msgspec

from brightline.core.subject import Blob, Kind
from brightline.intake.transcript import is_transcript
from brightline.media.text import decode

CSV_ROWS = 50  # rows looked at
MARKDOWN_SCORE = 3  # separate signs of Markdown that make it Markdown rather than text
FEW_ROWS = 4  # below it, a table has to look like one: no sentence for a column, no space around a comma
NAME_WORDS = 4  # of a column in so short a table
LINE_LIMIT = 10_000  # characters of one line that are looked at

_HEADER_NAMES = frozenset(
    [
        "received",
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "return-path",
        "delivered-to",
        "reply-to",
        "sender",
        "cc",
        "dkim-signature",
        "x-mailer",
        "list-unsubscribe",
        "authentication-results",
        "in-reply-to",
        "references",
        "x-priority",
        "content-transfer-encoding",
        "envelope-to",
        "x-originating-ip",
        "arc-seal",
        "received-spf",
    ]
)
_TELLING_HEADERS = frozenset(
    [
        "received",
        "message-id",
        "mime-version",
        "return-path",
        "dkim-signature",
        "delivered-to",
        "date",
        "subject",
        "from",
        "to",
    ]
)
_HEADER = re.compile(r"([!-9;-~]{1,76}):[ \t]?")
_MBOX = re.compile(r"From \S{1,200} +\w{3} \w{3} +\d{1,2} \d\d:\d\d")
_TAG = re.compile(
    r"<(!doctype html|html|head|body|div|p|a|span|table|h[1-6]|ul|ol|script|style|meta|title|br|img|form|center|font|b|i|section|article|iframe|svg)\b",
    re.IGNORECASE,
)
_MARKDOWN = (
    # One `#` also starts a comment of a program: a heading has an empty line after it.
    re.compile(r"^(?:#{2,6} \S|# \S[^\n]{0,300}\n[ \t]*(?:\n|\Z))", re.MULTILINE),
    re.compile(r"^(?:```|~~~)", re.MULTILINE),
    re.compile(r"!?\[[^\]\n]{1,200}\]\([^)\s]{1,500}"),
    re.compile(r"^ {0,3}[-*+] \S", re.MULTILINE),
    re.compile(r"\*\*[^*\n]{1,200}\*\*"),
    re.compile(r"^> \S", re.MULTILINE),
    re.compile(r"^\|[^\n]{1,300}\|\s*$", re.MULTILINE),
    re.compile(r"^ {0,3}\d{1,3}\. \S", re.MULTILINE),
)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:[^\n]{0,2000}\n){1,200}?---[ \t]*(?:\n|$)")


def sniff_text(head: bytes, blob: Blob) -> Kind:
    """The kind of text that starts with `head`, or UNKNOWN when it is no text."""
    raw = head[:LINE_LIMIT].decode("latin-1").lstrip("\r\n")  # mail may hold bodies in several encodings
    if "\0" not in re.split(r"\n\r?\n", raw, maxsplit=1)[0] and (kind := _message(raw)) is not None:
        return kind
    if raw.startswith("{\\rtf"):
        return (
            Kind.UNKNOWN
        )  # letters beyond ASCII are written in escapes, so as plain text it would be misread
    decoded = decode(head, whole=len(head) == blob.size)
    if not decoded.encoding:
        return Kind.UNKNOWN
    text = decoded.text
    start = text.lstrip("\ufeff \t\r\n")
    if (message := _message(start)) is not None:
        return message
    if start[:1] in {"{", "["} and _is_json(start, is_whole=len(head) == blob.size):
        return Kind.JSON
    if _is_html(start):
        return Kind.HTML
    if is_transcript(text):
        return Kind.TEXT  # its reader makes it a CHAT
    if _is_markdown(text):
        return Kind.MARKDOWN
    return Kind.CSV if _is_csv(text, is_whole=len(head) == blob.size) else Kind.TEXT


def _message(start: str) -> Kind | None:
    if _MBOX.match(start):
        return Kind.MBOX
    return Kind.EMAIL if is_mail(start) else None


def is_mail(text: str) -> bool:
    """Whether a text starts with mail header fields: From and Subject, or three known ones, two of them telling."""
    known: set[str] = set()
    lines = text[:LINE_LIMIT].splitlines()
    for number, line in enumerate(lines[:-1] if len(text) > LINE_LIMIT else lines):
        if not line.strip():
            break
        if line[0] in " \t" and number:
            continue
        match = _HEADER.match(line)
        if match is None:
            if number == 0 and (
                line.startswith(">From ") or line.strip().isdigit()
            ):  # Apple Mail counts bytes
                continue
            return len(known & _HEADER_NAMES) >= 5  # a broken header block is still one
        known.add(match.group(1).lower())
    if {"from", "subject"} <= known:
        return True
    return len(known & _HEADER_NAMES) >= 3 and len(known & _TELLING_HEADERS) >= 2


def _is_json(start: str, *, is_whole: bool) -> bool:
    """JSON, or JSON lines. A longer file is believed on its first line or its first tokens."""
    if is_whole:
        try:
            msgspec.json.decode(start.encode("utf-8", "surrogatepass"))
        except RecursionError:
            return True
        except (msgspec.DecodeError, UnicodeError):
            return _is_lines(start)
        return True
    return _is_lines(start) or re.match(r"[\[{]\s*(?:[\[{\]}\"0-9tfn-])", start) is not None


def _is_lines(start: str) -> bool:
    first = start.split("\n", 1)[0].strip()
    try:
        return isinstance(msgspec.json.decode(first.encode("utf-8", "surrogatepass")), dict | list)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _is_html(start: str) -> bool:
    lowered = start[:1024].lower()
    if lowered.startswith(("<!doctype html", "<html", "<head", "<body")):
        return True
    if not start.startswith("<"):
        return "<html" in lowered and "</" in start
    if lowered.startswith(("<?xml", "<!--")):
        return "<html" in lowered or "<body" in lowered
    tags = _TAG.findall(start[:LINE_LIMIT])
    return bool(tags) and (len(tags) >= 2 or "</" in start[:LINE_LIMIT])


def _is_markdown(text: str) -> bool:
    sample = text[: 16 * 1024]
    if _FRONT_MATTER.match(sample):
        return True
    found = [len(pattern.findall(sample)) for pattern in _MARKDOWN]
    kinds = sum(1 for count in found if count)
    heading, fence, link, _, bold, _, table, _ = found
    return (
        (kinds >= 2 and heading + fence + link + bold + table > 0 and sum(found) >= MARKDOWN_SCORE)
        or fence >= 2
        or (heading >= 1 and sum(found) >= 2)
    )


def _is_csv(text: str, *, is_whole: bool) -> bool:
    """Comma, tab or semicolon separated with the same number of columns, at least two, in at least two rows."""
    lines = text.splitlines()[: CSV_ROWS + 1]
    if not is_whole and len(lines) <= CSV_ROWS:
        lines = lines[:-1]
    if len(lines) < 2 or any(len(line) > LINE_LIMIT for line in lines[:2]):
        return False
    return delimiter_of(lines) != ""


def delimiter_of(lines: list[str]) -> str:
    """The delimiter under which these lines make a table, or `""`; a quoted field may span lines."""
    for delimiter in (",", "\t", ";", "|"):
        if not lines or delimiter not in lines[0]:
            continue
        try:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        same = sum(1 for row in rows if len(row) == width)
        if width >= 2 and len(rows) >= 2 and same >= 0.9 * len(rows) and _names_columns(rows):
            return delimiter
    return ""


def _names_columns(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: a few short rows could also be sentences with as many commas each."""
    names = [cell.strip() for cell in rows[0]]
    if not all(name and len(name) <= 64 and not name.endswith(("。", ".")) for name in names):
        return False
    if len(rows) >= FEW_ROWS:
        return True
    is_prose = any(len(name.split()) > NAME_WORDS for name in names)
    spaced = any(cell != cell.strip() for cell in [rows[0][0].lstrip(), *rows[0][1:-1], rows[0][-1].rstrip()])
    return not is_prose and not spaced
