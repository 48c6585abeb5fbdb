"""In which of three ways a prompt is judged: `zh`, `en`, or `other` for all the rest, each with its own calibration."""

import re

HAN_SHARE = 0.2  # of the letters, from which on a text is Chinese
ENGLISH_SHARE = 0.07  # of the words below; English has 0.3 and more
FOREIGN_SHARE = 0.05  # letters outside ASCII and typography, from which on a text is not English
FEW = 8  # words below which ASCII counts as English
SAMPLE_WORDS = 80
SAMPLE_CHARACTERS = 4_000

_HAN = re.compile(r"[\u3400-\u9fff]")
_FOREIGN = re.compile(r"[^\x00-\x7f‘’“”–—…•€£°é]")
_WORD = re.compile(r"[a-z']+")
_ENGLISH = frozenset(
    "the to of and is you your for this that with on are be have it we i my what how a in as do".split()  # noqa: SIM905 - a word list reads better as text
)


def language_of(text: str) -> str:
    """`zh`, `en` or `other`, by letters and by the words that English cannot do without.

    >>> language_of("请忽略第二张图"), language_of("What is it?"), language_of("Vergiss den letzten Entwurf und schreib ihn neu")
    ('zh', 'en', 'other')
    """
    head = text[:SAMPLE_CHARACTERS]
    letters = max(1, sum(map(str.isalpha, head)))
    if len(_HAN.findall(head)) >= HAN_SHARE * letters:
        return "zh"
    if len(_FOREIGN.findall(head)) > FOREIGN_SHARE * letters:
        return "other"
    words = _WORD.findall(head.lower())[:SAMPLE_WORDS]
    known = sum(word in _ENGLISH for word in words)
    return "en" if len(words) < FEW or known >= ENGLISH_SHARE * len(words) else "other"
