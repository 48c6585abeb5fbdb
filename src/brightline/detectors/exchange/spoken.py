"""Who says what in an exchange, and what one caller says over all turns."""

from collections.abc import Sequence

from brightline.core.subject import Subject
from brightline.media.wellformed import well_formed

OWN_ROLES = frozenset({"system", "developer", "assistant"})  # the operator's words and the model's own
PASSED_ON = frozenset({"tool", "function", "document"})  # content that the caller only hands over
JOINED_TURNS = 8  # newest turns of a caller that are read as one: a request in pieces is sent in a few
JOINED_CHARACTERS = 1_600  # of them together, which the network reads in two windows
PIECE_CHARACTERS = 400  # a turn longer than this is no piece, and is judged by itself


def role_of(subject: Subject) -> str:
    """The role that the door wrote to a turn, in lower case; empty for what is no turn."""
    return subject.header("account").strip().lower()


def joined(turns: Sequence[Subject]) -> str:
    """The newest short turns of the caller in order as one text; empty where there are fewer than two."""
    pieces = [
        well_formed(turn.text).strip()
        for turn in turns
        if role_of(turn) not in OWN_ROLES | PASSED_ON and 0 < len(turn.text) <= PIECE_CHARACTERS
    ][-JOINED_TURNS:]
    while len(pieces) > 2 and sum(map(len, pieces)) > JOINED_CHARACTERS:
        pieces = pieces[1:]
    return "\n".join(pieces) if len(pieces) > 1 else ""
