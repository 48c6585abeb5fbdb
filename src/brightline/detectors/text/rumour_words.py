"""What the rumour model counts: runs of one to three characters of a post, brought to one form first.

What tells how a post was collected, not what it says, is folded on purpose: how its address is printed, names of
accounts, tails that a platform adds. That a post carries an address at all is kept: it may be a source.
"""

import re
import unicodedata

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.detectors.text.ai_disguise import without_markup

POST_CHARACTERS = 600  # a rumour says what it says at the beginning; the model was trained on posts
BUCKETS = 1 << 18
LENGTHS = (1, 2, 3)
LINK, VIDEO, ACCOUNT, PASSED_ON = "\ue000", "\ue001", "\ue002", "\ue003"  # private use: no text has them

_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&gt;", ">"), ("&lt;", "<"), ("&nbsp;", " "))
_LINKS = re.compile(r"(?i)(?:https?:/{0,2}|www\.)[\w./%?=&~#:+-]{0,500}|\bt\.cn/\w{1,10}|O?网页链接|查看链接")
_VIDEOS = re.compile(r"L?[^\s，。！？,.!?：:]{0,14}的(?:微博|秒拍|抖音|快手)视频|秒拍视频")
_TAILS = re.compile(r"\ufffd+|展开全文c?|收起全文d?|(?:\.{3,}|…+)?全文$|全文：?$|\u200b")
_REPOST = re.compile(r"//@[^:：\s]{1,30}[:：]|回复@[^:：\s]{1,30}[:：]")
_ACCOUNTS = re.compile(r"@[\w\-·]{1,30}")
_UNSEEN = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]"
)
_APART = re.compile(r"(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])")  # spread-out writing passes filters
_BESIDE = re.compile(
    r"(?<=[\u3400-\u9fff]) +| +(?=[\u3400-\u9fff])"
)  # not before addresses are found: they end there
_WEDGES = re.compile(  # signs and emoji between characters, which hide words
    r"(?<=[\u3400-\u9fff])[*_~|·\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001faff]+(?=[\u3400-\u9fff])"
)
_LONG_RUN = re.compile(r"(.)\1{3,}")

Counts = npt.NDArray[np.float32]
_MULTIPLIER = np.uint32(0x9E3779B1)
_MIXER = np.uint32(0x85EBCA6B)


class Characters(msgspec.Struct, frozen=True):
    """Characters that are read as others.

    Attributes:
        plain: code of a traditional character, to the simplified one.
        whole: two parts (拆字), to the character that they make.
        halves: where such a pair may stand.
    """

    plain: dict[int, str]
    whole: dict[str, str]
    halves: re.Pattern[str]

    @classmethod
    def of(cls, twins: str, splits: str) -> "Characters":
        """From pairs (traditional, simplified) and triples (part, part, whole) in a row."""
        firsts, seconds = ("".join(sorted(set(splits[at::3]))) for at in (0, 1))
        return cls(
            {ord(twins[at]): twins[at + 1] for at in range(0, len(twins), 2)},
            {splits[at : at + 2]: splits[at + 2] for at in range(0, len(splits), 3)},
            re.compile(f"[{firsts}](?=[{seconds}])" if splits else "(?!)"),
        )

    def read(self, text: str) -> str:
        """The text in simplified characters, with split ones put together."""
        text = text.translate(self.plain)
        found, done = [], 0
        for match in self.halves.finditer(text):
            place = match.start()
            if place >= done and (made := self.whole.get(text[place : place + 2])):
                found += [text[done:place], made]
                done = place + 2
        return "".join([*found, text[done:]]) if done else text


AS_THEY_ARE = Characters.of("", "")


def one_form(text: str, characters: Characters = AS_THEY_ARE) -> str:
    """A post as the model reads it: compatibility forms and tricks folded, addresses, accounts and tails one sign.

    >>> one_form("转发！！！！！ http://t.cn/abc @某人") == f"转发!!! {LINK} {ACCOUNT}"
    True
    """
    text = text[: 2 * POST_CHARACTERS]
    for entity, letter in _ENTITIES:
        text = text.replace(entity, letter)
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", without_markup(text)[0]))
    text = characters.read(_WEDGES.sub("", _APART.sub("", text)))
    text = _VIDEOS.sub(f" {VIDEO} ", _LINKS.sub(f" {LINK} ", text))
    text = _BESIDE.sub("", text)
    text = _ACCOUNTS.sub(ACCOUNT, _REPOST.sub(f" {PASSED_ON} ", _TAILS.sub(" ", text)))
    return " ".join(_LONG_RUN.sub(r"\1\1\1", text).lower().split())[:POST_CHARACTERS]


def counted(form: str) -> tuple[npt.NDArray[np.int64], Counts]:
    """Buckets of the runs of a post, sorted, and how often each stands there."""
    letters = np.frombuffer(form.encode("utf-32-le", "replace"), np.uint32)
    found = []
    with np.errstate(over="ignore"):
        state = np.zeros(len(letters), np.uint32)
        for length in LENGTHS:
            if len(letters) < length:
                break
            state = state[: len(letters) - length + 1] * _MULTIPLIER + letters[length - 1 :]
            found.append(_bucket(state, length))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    buckets, counts = np.unique(np.concatenate(found), return_counts=True)
    return buckets.astype(np.int64), counts.astype(np.float32)


def each(form: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Bucket, start and length of every run in its place, to show which words weighed."""
    letters = np.frombuffer(form.encode("utf-32-le", "replace"), np.uint32)
    buckets, starts, lengths = [], [], []
    with np.errstate(over="ignore"):
        state = np.zeros(len(letters), np.uint32)
        for length in LENGTHS:
            if len(letters) < length:
                break
            state = state[: len(letters) - length + 1] * _MULTIPLIER + letters[length - 1 :]
            buckets.append(_bucket(state, length))
            starts.append(np.arange(len(state)))
            lengths.append(np.full(len(state), length))
    if not buckets:
        return (np.zeros(0, np.int64),) * 3
    return np.concatenate(buckets).astype(np.int64), np.concatenate(starts), np.concatenate(lengths)


def _bucket(state: npt.NDArray[np.uint32], length: int) -> npt.NDArray[np.uint32]:
    mixed = (state + np.uint32(length)) * _MIXER
    mixed ^= mixed >> np.uint32(15)
    return np.asarray((mixed * _MULTIPLIER) >> np.uint32(14))  # the upper 18 bits
