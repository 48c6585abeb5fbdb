"""One record of a feed or chat export: which of its fields are the words, the account, the time, the links."""

from collections.abc import Iterator

import msgspec

from brightline.core.subject import Header, Link

ITEMS = 1_000  # pieces of one message's content that are joined
VALUE_CHARACTERS = 2_000  # of an account, time or id
TOLD_CHARACTERS = (
    64 * 1024
)  # of a message in which its own pieces are looked up; a longer one may be said twice
LONG_NUMBER = 10**8  # shorter numbers count or measure; longer ones may identify somebody

_TEXT = (
    "text",
    "full_text",
    "content",
    "message",
    "body",
    "value",
    "caption",
    "comment",
    "post",
    "description",
    "正文",
    "内容",
    "文本",
    "评论",
    "评论内容",
    "消息",
)
_TELLING = ("text", "full_text", "content", "message", "body", "正文", "内容", "文本")
_TITLE = ("title", "subject", "标题")
_ACCOUNT = (
    "account",
    "account_id",
    "author",
    "user",
    "username",
    "user_name",
    "screen_name",
    "from",
    "sender",
    "nickname",
    "name",
    "role",
    "speaker",
    "user_id",
    "account_name",
    "账号",
    "用户",
    "用户名",
    "作者",
    "昵称",
    "发送者",
    "发言人",
)
_TIME = (
    "time",
    "timestamp",
    "created_at",
    "date",
    "datetime",
    "create_time",
    "created",
    "published",
    "published_at",
    "posted_at",
    "ts",
    "时间",
    "发布时间",
    "日期",
    "发送时间",
)
_LINKS = ("url", "link", "links", "urls", "href", "链接", "网址")
_ID = ("id", "post_id", "message_id", "编号")
_LISTS = (
    "messages",
    "conversations",
    "conversation",
    "posts",
    "items",
    "comments",
    "tweets",
    "entries",
    "statuses",
    "data",
    "results",
    "choices",
    "消息",
    "帖子",
)
_SPEAKERS = frozenset(
    {"user", "assistant", "system", "human", "gpt", "tool", "developer", "function", "bot", "ai", "model"}
)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What one record says, and who, when, with which links."""

    text: str
    account: str = ""
    time: str = ""
    links: tuple[Link, ...] = ()
    more: tuple[Header, ...] = ()
    in_chat: bool = False
    is_telling: bool = False  # its words stand in a field that only messages have


def messages_of(value: object) -> Iterator[object]:
    """The records of a parsed JSON value: the list it is or holds, or itself."""
    if isinstance(value, list):
        for item in value:
            inner = _inner(item)
            yield from inner if inner is not None else (item,)
        return
    inner = _inner(value)
    yield from map(_answer, inner) if inner is not None else (value,)


def read_record(record: object) -> Message | None:
    """A record as a message, or None when it has no words of its own."""
    if not isinstance(record, dict):
        return None
    fields = {str(name).strip().lower(): value for name, value in record.items()}
    text = next((words for name in _TEXT if (words := _words(fields.get(name)))), "")
    title = _first(fields, _TITLE)
    if not text and not title:
        return None
    account, time = _first(fields, _ACCOUNT), _first(fields, _TIME)
    role = fields.get("role", fields.get("from"))
    return Message(
        is_telling=any(_words(fields.get(name)) for name in _TELLING) and bool(account or time),
        text=f"{title}\n{text}".strip("\n") if title and title != text else text or title,
        account=account,
        time=time,
        links=tuple(_links(fields)),
        more=tuple(
            Header(name, found)
            for name in ("id", "reply_to")
            if (found := _first(fields, _ID if name == "id" else ("reply_to", "in_reply_to", "parent_id")))
        ),
        in_chat=isinstance(role, str)
        and (role.lower() in _SPEAKERS or ("text" in fields and "date" in fields)),
    )


def other_words(record: object, message: Message | None) -> Iterator[str]:
    """What a record says besides its message, a line for each value, with the name of its field.

    >>> list(other_words({"text": "hi", "notes": [{"by": "ann", "n": 7}]}, Message(text="hi")))
    ['by: ann']
    """
    known = _told(message) if message is not None else set()
    told = message.text if message is not None and len(message.text) <= TOLD_CHARACTERS else ""
    for count, (name, value) in enumerate(_scalars(record)):
        is_piece = count < ITEMS and value in told  # of content that is written in pieces
        if value.strip() and value.strip() not in known and not is_piece:
            yield f"{name}: {value}"


def _told(message: Message) -> set[str]:
    fields = (message.text, message.account, message.time, *message.text.split("\n"))
    links, more = (link.target for link in message.links), (header.value for header in message.more)
    return {value.strip() for value in (*fields, *links, *more)}


def _scalars(record: object) -> Iterator[tuple[str, str]]:
    """Strings and long numbers of a record, however deep, with the names of their fields."""
    values: list[tuple[str, object]] = [("", record)]
    while values:
        name, value = values.pop()
        if isinstance(value, dict):
            values.extend((str(key), inner) for key, inner in reversed(value.items()))
        elif isinstance(value, list):
            values.extend((name, inner) for inner in reversed(value))
        elif isinstance(value, str) or (isinstance(value, int) and value >= LONG_NUMBER):
            yield name, str(value)


def is_chat(messages: list[Message]) -> bool:
    """Whether these messages are turns of a conversation rather than posts."""
    return sum(1 for message in messages if message.in_chat) > len(messages) / 2


def _answer(item: object) -> object:
    """The message in one of a model's `choices`, or the item itself."""
    message = item.get("message") if isinstance(item, dict) else None
    return message if isinstance(message, dict) and "role" in message else item


def _inner(value: object) -> list[object] | None:
    """The list of records that an object wraps, if it does; an object with words of its own is a record."""
    if not isinstance(value, dict):
        return None
    for name in _LISTS:
        items = value.get(name)
        if isinstance(items, list) and items and all(isinstance(item, dict) for item in items[:20]):
            return items
    return None


def _words(value: object) -> str:
    """Words of a content field: a string, or a list of pieces as chat interfaces and Telegram write them."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return next((value[name] for name in ("text", "content") if isinstance(value.get(name), str)), "")
    if isinstance(value, list):
        pieces = [
            piece if isinstance(piece, str) else _words(piece)
            for piece in value[:ITEMS]
            if isinstance(piece, str | dict)
        ]
        return "".join(pieces)
    return ""


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        found = _scalar(fields.get(name))
        if found:
            return found
    return ""


def _scalar(value: object) -> str:
    if isinstance(value, dict):
        return next(
            (
                found
                for name in ("username", "screen_name", "name", "id")
                if (found := _scalar_plain(value.get(name)))
            ),
            "",
        )
    return _scalar_plain(value)


def _scalar_plain(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:VALUE_CHARACTERS]


def _links(fields: dict[str, object]) -> Iterator[Link]:
    for name in _LINKS:
        value = fields.get(name)
        for item in value[:ITEMS] if isinstance(value, list) else [value]:
            target = item.get("expanded_url") or item.get("url") if isinstance(item, dict) else item
            if isinstance(target, str) and target.strip():
                yield Link(target.strip()[:4_096])
