"""JSON, JSON lines and CSV: as they stand, or, where they hold messages, as a FEED of posts or a CHAT of turns.

What stands in other fields of a feed (a table's further columns, an attachment, a tool's arguments) is the words of the
feed itself: nothing that a record says goes unread.
"""

import csv
import io
import re
from collections.abc import Iterator

import msgspec

from brightline.core.subject import Blob, GapKind, Kind, Role
from brightline.intake.draft import Draft
from brightline.intake.links import link_words
from brightline.intake.record import Message, is_chat, messages_of, other_words, read_record
from brightline.intake.sniff_text import delimiter_of
from brightline.intake.transcript import turn

JSON_MEMORY_BYTES = 128 * 1024 * 1024  # estimated, of the parsed value
BRACKET_BYTES, COMMA_BYTES = 90, 60  # what CPython takes for a list or dict, and for an item
FIELD_CHARACTERS = 131_072  # of one CSV field; csv's own default
SHARE = 0.5  # of the records that must read as messages

_ESCAPE = re.compile(r"\\(?:((?:u[0-9a-fA-F]{4})(?:\\u[0-9a-fA-F]{4})*)|.)", re.DOTALL)


def read(blob: Blob, draft: Draft) -> None:
    """Read a file of records."""
    text = draft.decoded(blob)
    records = _csv_records(text, draft) if draft.kind is Kind.CSV else _json_records(text, draft)
    messages: list[Message] = []
    rest: list[str] = []
    others = 0
    for record in records:
        draft.budget.check_time()
        message = read_record(record)
        if message is None:
            others += 1
        else:
            messages.append(message)
        rest.extend(other_words(record, message))
        if len(messages) + others > draft.budget.limits.parts:
            draft.gap(
                GapKind.LIMIT,
                f"more than {draft.budget.limits.parts} records; the rest was not opened",
                f"记录超过 {draft.budget.limits.parts} 条，其余未打开",
            )
            break
    if len(messages) == 1 and not others and not messages[0].is_telling:
        messages = []  # one object with a title or a description is data, not a post
    if messages and len(messages) >= SHARE * (len(messages) + others):
        _add(messages, draft)
        _say(draft, "\n".join(rest))
    else:
        _say(draft, text if draft.kind is Kind.CSV else unescaped(text))


def unescaped(text: str) -> str:
    r"""JSON as it stands, but with the characters that its `\u` escapes spell, which detectors must see.

    >>> unescaped(r'{"a": "\u4f60\u597d \ud83d\ude00", "b": "C:\\user\n"}')
    '{"a": "你好 😀", "b": "C:\\\\user\\n"}'
    """
    return _ESCAPE.sub(_unescape, text) if "\\u" in text else text


def _unescape(match: re.Match[str]) -> str:
    if match.group(1) is None:
        return match.group()
    units = bytes.fromhex(match.group(1).replace("\\u", "").removeprefix("u"))
    return units.decode("utf-16-be", "replace")


def _say(draft: Draft, words: str) -> None:
    draft.say(words)
    link_words(draft, words, 0)


def _add(messages: list[Message], draft: Draft) -> None:
    chat = is_chat(messages)
    draft.kind = Kind.CHAT if chat else Kind.FEED
    role = Role.TURN if chat else Role.POST
    for number, message in enumerate(messages):
        draft.part(
            turn(
                message.text,
                account=message.account,
                time=message.time,
                number=number,
                role=role,
                links=message.links,
                more=message.more,
            )
        )


def _json_records(text: str, draft: Draft) -> Iterator[object]:
    start = text.lstrip("\ufeff \t\r\n")
    if (
        BRACKET_BYTES * (start.count("[") + start.count("{")) + COMMA_BYTES * start.count(",")
        > JSON_MEMORY_BYTES
    ):
        raise _as_it_stands(
            text,
            draft,
            f"more than {JSON_MEMORY_BYTES // 2**20} MiB of memory to parse; read as plain text",
            f"解析需要超过 {JSON_MEMORY_BYTES // 2**20} MiB 内存，按纯文本读取",
        )
    try:
        value = msgspec.json.decode(start.encode("utf-8", "replace"))
    except RecursionError as error:
        raise _as_it_stands(
            text, draft, "nested too deep to parse; read as plain text", "嵌套过深，按纯文本读取"
        ) from error
    except msgspec.DecodeError:
        yield from _lines(start, draft)
        return
    yield from messages_of(value)


def _as_it_stands(text: str, draft: Draft, en: str, zh: str) -> Exception:
    draft.say(text)
    return draft.limit(en, zh)


def _lines(text: str, draft: Draft) -> Iterator[object]:
    """JSON lines; a line that is none is counted."""
    broken, lines = 0, text.split("\n")
    for line in lines:
        if not line.strip():
            continue
        try:
            value = msgspec.json.decode(line.encode("utf-8", "replace"))
        except (msgspec.DecodeError, RecursionError):
            broken += 1
            continue
        yield from messages_of(value)
    if broken:
        draft.gap(
            GapKind.MALFORMED,
            f"{broken} of {len(lines)} lines are not valid JSON",
            f"共 {len(lines)} 行，其中 {broken} 行不是有效的 JSON",
        )


def _csv_records(text: str, draft: Draft) -> Iterator[object]:
    delimiter = delimiter_of(text[: 256 * 1024].splitlines()[:51]) or ","
    csv.field_size_limit(FIELD_CHARACTERS)  # of the whole process: other readers of CSV set theirs
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().lstrip("\ufeff") for name in next(rows, [])]
        for row in rows:
            if row:
                yield dict(zip(names, row, strict=False))
    except csv.Error:
        draft.gap(
            GapKind.LIMIT,
            f"row {rows.line_num} has a field longer than {FIELD_CHARACTERS} characters or is broken; the rows after it were not opened",
            f"第 {rows.line_num} 行有字段超过 {FIELD_CHARACTERS} 个字符或已损坏，其后各行未打开",
        )
