"""What comes back for one question, and who fetches it: the runner knows endpoints only by this."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

import msgspec

from brightline.assess.bank import Question


class Came(StrEnum):
    """What became of one question."""

    ANSWERED = "answered"  # words came
    REFUSED = "refused"  # the service said in its protocol that it declines: a filter, or a field of its own
    FAILED = "failed"  # no answer that could be read: whatever the reason, nothing is known of the model


class Reply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reply.

    Attributes:
        came: see there.
        text: the model's words; empty for the others.
        error: why it failed, a short code such as `timeout`, `http_500`, `not_json`.
        again: asking again may help.
        wait_s: seconds that the service asks us to wait, 0 where it does not say.
        seconds: from question to answer.
        tokens: that the service counted, question and answer; 0 where it does not say.
    """

    came: Came
    text: str = ""
    error: str = ""
    again: bool = False
    wait_s: float = 0.0
    seconds: float = 0.0
    tokens: int = 0


Ask = Callable[[Question], Awaitable[Reply]]
