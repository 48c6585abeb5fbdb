"""Plain text: the words as they stand, web addresses in them, and chat transcripts."""

from brightline.core.subject import Blob
from brightline.intake.draft import Draft
from brightline.intake.links import link_words
from brightline.intake.transcript import read_transcript


def read(blob: Blob, draft: Draft) -> None:
    """Read a text; one that is a chat transcript becomes a CHAT with its turns as parts."""
    text = draft.decoded(blob)
    if not read_transcript(text, draft):
        draft.say(text)
        link_words(draft, text, 0)
