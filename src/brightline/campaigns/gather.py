"""Records of a feed become posts: names to numbers, times to seconds, links to what they point to."""

import re
import unicodedata
from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
from publicsuffixlist import PublicSuffixList

from brightline.campaigns.posts import Layer, Posts, Strings
from brightline.core.errors import FeedError

POSTS_LIMIT = 20_000_000  # of one run: 5 GB
VALUES_LIMIT = 64  # links, tags or pictures of one post and sort
NAME_CHARACTERS_LIMIT = 2_000  # of a link, tag or account
TEXT_CHARACTERS_LIMIT = 4_000  # of one text that are kept: what is copied is copied from its beginning
LEAST_TEXT = 16  # characters of a text that is an object by itself; "good morning" is nobody's campaign
TOLD_LIMIT = 20  # records that could not be read and are named one by one

# What exports call it: Twitter, Telegram, ActivityPub, CooRTweet, CrowdTangle and our own.
COLUMNS: dict[str, tuple[str, ...]] = {
    "account": ("account", "account_id", "user_id", "author_id", "actor", "user", "author", "username", "attributedTo"),
    "id": ("post_id", "id", "content_id", "message_id", "status_id"),
    "time": ("time", "timestamp", "timestamp_share", "created_at", "published", "date"),
    "text": ("text", "content", "message", "full_text"),
    "declared": ("declared", "bot", "is_bot", "verified_source"),
}  # fmt: skip
OBJECTS: dict[Layer, tuple[str, ...]] = {
    Layer.LINK: ("links", "link", "urls", "url", "url_id"),
    Layer.DOMAIN: ("domains", "domain", "domain_id"),
    Layer.HASHTAG: ("hashtags", "hashtag", "hashtag_id"),
    Layer.IMAGE: ("images", "image", "media", "image_hash", "phash", "phash_id"),
    Layer.REPOST: ("repost_of", "repost_id", "retweet_id", "object_id"),
    Layer.REPLY: ("reply_to", "reply_id", "in_reply_to", "inReplyTo"),
}
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|igshid|ref_src|spm|share_\w+|si")
_LINK = re.compile(r"https?://[^\s<>\"'，。）】]+")
_TAG = re.compile(r"[#＃](\w+)")
_SPACE = re.compile(r"[\s|]+")
_NOISE = re.compile(r"https?://\S+|@\w+|[^\w]+")


class Gatherer:
    """Takes record after record; rows that name one post by the same account are one post."""

    def __init__(self) -> None:
        self._accounts, self._objects, self._posts = _Numbered(), _Numbered(), dict[int, int]()
        self._declared = array("b")
        self._ids, self._texts = Strings(), Strings()
        self._account, self._time = array("q"), array("d")
        self._layers = array("q")
        self._action_post, self._action_object = array("q"), array("q")
        self._unread: list[str] = []
        self._bad = 0

    def add(self, record: Mapping[str, object], where: str) -> None:
        """Take one record; one that has no account or time is told of, not taken.

        Raises:
            FeedError: more posts than one run may have.
        """
        account = _name(_value(record, COLUMNS["account"]))
        time = seconds_of(_value(record, COLUMNS["time"]))
        if not account or time is None:
            self.could_not_read(where, "no account" if not account else "no time")
            return
        post = self._post(account, time, record)
        links = _values(record, OBJECTS[Layer.LINK])
        tags = _values(record, OBJECTS[Layer.HASHTAG])
        text = self._texts[post] if post == len(self._texts) - 1 else ""
        if text and not links and "://" in text:
            links = _LINK.findall(text)[:VALUES_LIMIT]
        if text and not tags and ("#" in text or "＃" in text):
            tags = _TAG.findall(text)[:VALUES_LIMIT]
        domains = _values(record, OBJECTS[Layer.DOMAIN]) or [d for d in map(domain_of, links) if d]
        self._act(post, Layer.LINK, [link_of(one) for one in links])
        self._act(post, Layer.DOMAIN, domains)
        self._act(
            post, Layer.HASHTAG, [unicodedata.normalize("NFKC", one).casefold().lstrip("#") for one in tags]
        )
        for layer in (Layer.IMAGE, Layer.REPOST, Layer.REPLY):
            self._act(post, layer, _values(record, OBJECTS[layer]))
        plain = text_of(text)
        self._act(post, Layer.TEXT, [plain] if len(plain) >= LEAST_TEXT else [])

    def could_not_read(self, where: str, why: str) -> None:
        """Count a record that is none."""
        self._bad += 1
        if self._bad <= TOLD_LIMIT:
            self._unread.append(f"{where}: {why}")

    def posts(self) -> Posts:
        """All that was taken."""
        unread = [*self._unread]
        if self._bad > TOLD_LIMIT:
            unread.append(f"{self._bad - TOLD_LIMIT} more records could not be read")
        pairs = np.array(self._action_post, np.int64) << 32 | np.array(self._action_object, np.int64)
        pairs = np.unique(pairs)
        return Posts(
            accounts=self._accounts.names,
            declared=np.array(self._declared, np.bool_),
            ids=self._ids,
            texts=self._texts,
            account=np.array(self._account, np.int64),
            time=np.array(self._time, np.float64),
            objects=self._objects.names,
            layers=np.array(self._layers, np.int64),
            action_post=pairs >> 32,
            action_object=pairs & 0xFFFFFFFF,
            unread=tuple(unread),
        )

    def _post(self, account: str, time: float, record: Mapping[str, object]) -> int:
        number = self._accounts.number(account)
        if number == len(self._declared):
            self._declared.append(0)
        self._declared[number] |= _is_true(_value(record, COLUMNS["declared"]))
        name = _name(_value(record, COLUMNS["id"]))
        key = hash((number, name))
        known = self._posts.get(key) if name else None
        if known is not None:
            return known
        post = len(self._time)
        if post >= POSTS_LIMIT:
            raise FeedError(f"more than {POSTS_LIMIT} posts in one run: give a span of time at once")
        if name:
            self._posts[key] = post
        text = _value(record, COLUMNS["text"])
        self._ids.append(name)
        self._texts.append(text[:TEXT_CHARACTERS_LIMIT] if isinstance(text, str) else "")
        self._account.append(number)
        self._time.append(time)
        return post

    def _act(self, post: int, layer: Layer, names: Sequence[str]) -> None:
        for name in names:
            number = self._objects.number(f"{layer.value}:{name}", name)
            if number == len(self._layers):
                self._layers.append(layer)
            self._action_post.append(post)
            self._action_object.append(number)


class _Numbered:
    """Names in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.names = Strings()

    def number(self, key: str, name: str | None = None) -> int:
        found = self._numbers.setdefault(key, len(self._numbers))
        if found == len(self.names):
            self.names.append(key if name is None else name)
        return found


def seconds_of(value: object) -> float | None:
    """Seconds since 1970 of a number (seconds, or milliseconds from 1e11 on) or of ISO 8601; None if it is neither.

    >>> seconds_of("2026-05-01T00:00:00Z"), seconds_of("1777593600000"), seconds_of("soon")
    (1777593600.0, 1777593600.0, None)
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    text = str(value)[:64].strip()
    try:
        number = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    number = number / 1000 if abs(number) >= 1e11 else number
    return number if abs(number) < 1e11 else None  # NaN compares false


@lru_cache(maxsize=1 << 16)
def link_of(link: str) -> str:
    """A link without what differs from share to share: scheme, `www.`, fragment, marks of tracking.

    >>> link_of("https://www.Example.org/a/?utm_source=x&b=1#top")
    'example.org/a?b=1'
    """
    if "://" not in link:
        return link
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").removeprefix("www.")
        query = [(k, v) for k, v in parse_qsl(parts.query, max_num_fields=100) if not _TRACKING.fullmatch(k)]
    except ValueError:
        return link
    return f"{host}{parts.path.rstrip('/')}{'?' + urlencode(query) if query else ''}"


@lru_cache(maxsize=1 << 16)
def domain_of(link: str) -> str:
    """The registrable domain of a link; empty where there is none."""
    if "://" not in link:
        return ""
    try:
        host = urlsplit(link).hostname or ""
    except ValueError:
        return ""
    return _suffixes().privatesuffix(host) or ""


def text_of(text: str) -> str:
    """A text as it is compared: compatibility characters made plain, lower case, no links, names, signs or spaces between."""
    shown = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _NOISE.sub(" ", shown.casefold()).strip()[:NAME_CHARACTERS_LIMIT]


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _value(record: Mapping[str, object], names: Sequence[str]) -> object:
    for name in names:
        found = record.get(name)
        if found is not None and found != "":
            return found
    return None


def _values(record: Mapping[str, object], names: Sequence[str]) -> list[str]:
    found = _value(record, names)
    if found is None:
        return []
    many = found if isinstance(found, list) else _SPACE.split(found) if isinstance(found, str) else [found]
    return [name for name in map(_name, many[:VALUES_LIMIT]) if name]


def _name(value: object) -> str:
    """A name or number; of an object of ActivityPub, its identifier."""
    if isinstance(value, dict):
        value = value.get("id") or value.get("href") or value.get("url") or value.get("name")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:NAME_CHARACTERS_LIMIT].strip() if isinstance(value, str | int | float) else ""


def _is_true(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"1", "true", "yes"}
