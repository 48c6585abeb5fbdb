"""Plain text: the words as they stand, web addresses in them, and chat transcripts."""

import re
import sys

from brightline.core.subject import Blob, GapKind
from brightline.intake.draft import Draft
from brightline.intake.links import link_words
from brightline.intake.transcript import read_transcript

_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
_ARMOUR = "-----BEGIN PGP MESSAGE-----"


def read(blob: Blob, draft: Draft) -> None:
    """Read a text; one that is a chat transcript becomes a CHAT with its turns as parts."""
    text = unescaped(draft.decoded(blob))
    note_encrypted(text, draft)
    if not read_transcript(text, draft):
        draft.say(text)
        link_words(draft, text, 0)


def unescaped(text: str) -> str:
    """XML as it stands, but with the characters that its numeric references spell (XML 1.0, 4.1).

    >>> unescaped("<?xml version='1.0'?><a>&#x4f60;&#22909; &lt;</a>"), unescaped("a &#65; in prose")
    ("<?xml version='1.0'?><a>你好 &lt;</a>", 'a &#65; in prose')
    """
    return _REFERENCE.sub(_spelt, text) if "&#" in text and text.lstrip()[:5] in {"<?xml", "<svg "} else text


def _spelt(match: re.Match[str]) -> str:
    point = int(match[1], 16) if match[1] else int(match[2])
    return chr(point) if point <= sys.maxunicode and not 0xD800 <= point < 0xE000 else match.group()


def note_encrypted(text: str, draft: Draft) -> None:
    """A gap where the words are an OpenPGP message (RFC 9580, 6.2): letters, but nobody can read them."""
    if text.lstrip()[: len(_ARMOUR)] == _ARMOUR:
        draft.gap_once(GapKind.ENCRYPTED, "encrypted with OpenPGP; not read", "内容经 OpenPGP 加密，未读取")
