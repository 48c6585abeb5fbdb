"""Posts as arrays: who acted when on which object. An object is what several accounts can share: a link, a picture, a text."""

from array import array
from collections.abc import Iterator
from enum import IntEnum

import msgspec
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Layer(IntEnum):
    """What kind of object accounts have in common."""

    LINK = 0
    DOMAIN = 1
    HASHTAG = 2
    IMAGE = 3
    REPOST = 4
    REPLY = 5
    TEXT = 6


class Strings:
    """Many strings in one block of UTF-8: a tenth of what a list of `str` takes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q")

    def append(self, text: str) -> None:
        """Add one behind the others."""
        self._bytes += text.encode("utf-8", "replace")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> str:
        start = self._ends[number - 1] if number else 0
        return self._bytes[start : self._ends[number]].decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))


class Posts(msgspec.Struct, frozen=True, kw_only=True):
    """What some feeds hold.

    Attributes:
        accounts: name of each account.
        declared: (accounts,) whether a feed says that it is a bot that says so, or a verified source.
        ids: (posts,) as the platform calls them; empty where it says none.
        texts: (posts,) empty where there is none.
        account: (posts,) number of the account.
        time: (posts,) seconds since 1970, UTC.
        objects: name of each object.
        layers: (objects,) `Layer` of each.
        action_post: (actions,) number of the post.
        action_object: (actions,) number of the object; an action is once in a post.
        unread: what could not be read, a line each; never empty because nothing was looked at.
    """

    accounts: Strings
    declared: Flags
    ids: Strings
    texts: Strings
    account: Numbers
    time: Doubles
    objects: Strings
    layers: Numbers
    action_post: Numbers
    action_object: Numbers
    unread: tuple[str, ...] = ()
