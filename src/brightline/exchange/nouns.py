"""Nouns of an exchange: a call with its turns, an answer with its turns, and what could not be read of either."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
else:
    Json = Any  # msgspec resolves annotations at run time, and cannot those that contain themselves


class Dialect(StrEnum):
    """Whose error bodies a caller understands."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Protocol(StrEnum):
    """What a route speaks; the values are the names of `[gateway.routes]`, as metrics and records show them."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    AUDIO = "audio"

    @property
    def dialect(self) -> Dialect:
        """In which form its callers read errors."""
        return Dialect.ANTHROPIC if self is Protocol.MESSAGES else Dialect.OPENAI


class Turn(msgspec.Struct, frozen=True):
    """Words of one turn: who says them and what a model reads or a person sees.

    Attributes:
        role: `user`, `assistant`, `system`, `tool`, or `parameters` for words outside any message.
        text: all its words.
    """

    role: str
    text: str


class Unread(msgspec.Struct, frozen=True):
    """A part that nobody here can judge: a picture, a sound, a file, tokens in place of words.

    Attributes:
        turn: index of its turn, -1 for the whole.
        what: its kind, e.g. `image_url`.
    """

    turn: int
    what: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read.

    Attributes:
        protocol: what it speaks.
        model: as the caller calls it.
        stream: the answer is to come as server-sent events.
        body: what is forwarded, the model's name still the caller's.
        turns: all words in it, in order.
        unread: what could not be read as words.
    """

    protocol: Protocol
    model: str
    stream: bool
    body: dict[str, Json]
    turns: tuple[Turn, ...]
    unread: tuple[Unread, ...] = ()


class Tokens(msgspec.Struct, frozen=True):
    """Tokens that an upstream counted; -1 each where it did not.

    Attributes:
        prompt: what the model read.
        completion: what it wrote.
    """

    prompt: int = -1
    completion: int = -1

    @property
    def total(self) -> int:
        """Both together; -1 where neither was counted."""
        return -1 if max(self.prompt, self.completion) < 0 else max(self.prompt, 0) + max(self.completion, 0)


UNCOUNTED = Tokens()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One whole answer, read.

    Attributes:
        turns: a turn for each choice or block.
        unread: what could not be read as words.
        tokens: as the upstream counted them.
        body: what is given out: what was decoded, under the model's name that the caller knows.
    """

    body: bytes
    turns: tuple[Turn, ...]
    unread: tuple[Unread, ...] = ()
    tokens: Tokens = UNCOUNTED
