"""Words to the numbers that a BERT model reads: lower case, no accents, the longest pieces first.

Source: [devlin2019] and its reference tokeniser; the vocabulary `weights/wordpiece_en.txt` is that of
bert-base-uncased (Apache-2.0), one piece a line.
"""

import unicodedata
from functools import cache
from importlib.resources import files

WORD_CHARACTERS = 100  # a longer "word" is unknown, as in the reference
_BEGIN, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_CJK = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


def pieces(text: str, most: int) -> list[int]:
    """Numbers of the pieces of a text, with begin and end, at most `most` of them.

    >>> pieces("Lemon water!", 8)
    [101, 14380, 2300, 999, 102]
    """
    vocabulary = _vocabulary()
    numbers = [vocabulary[_BEGIN]]
    for word in _words(text):
        numbers += _split(word, vocabulary)
        if len(numbers) >= most:
            break
    return [*numbers[: most - 1], vocabulary[_END]]


@cache
def _vocabulary() -> dict[str, int]:
    lines = (files("brightline.weights") / "wordpiece_en.txt").read_text("utf-8").split("\n")
    return {piece: number for number, piece in enumerate(lines[:-1])}


def _words(text: str) -> list[str]:
    letters: list[str] = []
    for letter in unicodedata.normalize("NFD", text.lower()):
        kind = unicodedata.category(letter)
        if kind == "Mn" or letter in "\x00�" or (kind[0] == "C" and letter not in "\t\n\r"):
            continue
        if _stands_alone(letter, kind):
            letters += (" ", letter, " ")
        else:
            letters.append(" " if letter.isspace() else letter)
    return "".join(letters).split()


def _stands_alone(letter: str, kind: str) -> bool:
    code = ord(letter)
    if code < 128:
        return not (letter.isalnum() or letter.isspace())
    return kind[0] == "P" or any(first <= code <= last for first, last in _CJK)


def _split(word: str, vocabulary: dict[str, int]) -> list[int]:
    if len(word) > WORD_CHARACTERS:
        return [vocabulary[_UNKNOWN]]
    numbers: list[int] = []
    start = 0
    while start < len(word):
        lead = "##" if start else ""
        for end in range(len(word), start, -1):
            number = vocabulary.get(lead + word[start:end])
            if number is not None:
                break
        else:
            return [vocabulary[_UNKNOWN]]
        numbers.append(number)
        start = end
    return numbers
