"""Whether a text is one that the fraud models can judge: Chinese or English, and long enough to say something."""

from brightline.detectors.message.fraud_normal import Plain

WORDS_LEAST = 4  # English words
CHARACTERS_LEAST = 6  # Chinese characters
SAMPLE_WORDS = 300
FOREIGN_FROM = 12  # words from which on a text must show English words
ENGLISH_SHARE = 0.08  # of the words below; English has 0.3 and more, Romance and Germanic languages 0.02

# Words that English can hardly do without, and that other languages in Latin letters seldom have.
_ENGLISH = frozenset(
    """
    the to of and is you your for this that with on are be have it we our not will if or by from at i my me can
    please has was all an as do but so no up out get just what how now new they he she his her there when who dont
    im ur u pls thanks thank hello hi dear call click send account need want would could about more any free
    """.split()  # noqa: SIM905 - a word list reads better as text
)


def is_judged(text: Plain) -> bool:
    """Whether the model was made for such a text.

    >>> is_judged(Plain("sehr geehrter kunde ihr konto wurde gesperrt bitte klicken sie jetzt hier um es", False))
    False
    """
    if text.is_chinese:
        return len(text.text) >= CHARACTERS_LEAST
    words = text.text.split(" ", SAMPLE_WORDS)[:SAMPLE_WORDS]
    letters = [word for word in words if word.isalpha()]
    if len(letters) < WORDS_LEAST:
        return False
    known = sum(word in _ENGLISH for word in letters)
    return len(letters) < FOREIGN_FROM or known >= ENGLISH_SHARE * len(letters)
