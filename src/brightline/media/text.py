"""Bytes to text, and text to sentences and words, in Chinese and English.

The encoding is decided from the bytes: byte-order mark, then strict UTF-8, then whichever of GB18030, Big5, UTF-16
and Windows-1252 reads most like language. Nothing is normalised: hidden characters matter.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator

import msgspec

SAMPLE_BYTES = 64 * 1024  # enough for statistics; longer texts don't change the answer
WORD_LIMIT_CHARACTERS = 64  # a longer run without spaces is no word
GUESS_BYTES = 8 * 1024  # each candidate encoding is tried on; language shows in a page
CONTROL_SHARE = 0.01  # more control characters than that, and it is no text
LANGUAGE_SCORE = 0.55  # share of plausible characters below which a guess is refused
HAN_MIN = 16  # Han characters from which on their frequency tells
FREQUENT_SHARE = (
    0.05  # of the most frequent characters: running Chinese has ten times as many, tables of names twice
)
REPLACEMENT = "\ufffd"
_PLAIN_CONTROLS = frozenset(
    "\t\n\r\f\v\x1b\x13\x14\x15"
)  # the last three mark fields in words copied from Word

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_GUESSES = ("gb18030", "big5", "utf-16-le", "utf-16-be", "cp1252")

# The 300 or so most frequent characters of modern Chinese, simplified and traditional: they make up more than half
# of any running text, and almost none of a text read in the wrong encoding.
_FREQUENT = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所"
    "然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长"
    "把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身"
    "果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活"
    "更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展"
    "請這們個來為國說時會對後過還進樣開從與長機關點業將兩問應體見產話給門聲員論處義認條氣題變總電數報結務場計許統區"
    "您请点击账户银行号码验证登录链接客服红包转账密码免费"
)


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """A text and how it was read.

    Attributes:
        text: the characters, byte-order mark removed, otherwise untouched.
        encoding: Python's name of the encoding; empty when no encoding fits and the bytes are no text.
        replaced: characters that stand for bytes that could not be decoded (count).
    """

    text: str
    encoding: str
    replaced: int = 0

    @property
    def damage(self) -> float:
        """Share of characters that could not be decoded, 0 to 1."""
        return self.replaced / len(self.text) if self.text else 0.0


class Piece(msgspec.Struct, frozen=True):
    """Characters [start, end) of a text."""

    start: int
    end: int


# An accented letter inside a Latin word (`Grüße`), and what GB18030 makes of one (`Gr毀e`).
_WORD_ACCENT = re.compile(
    r"(?<=[A-Za-zÀ-ÿ])[ß-öø-ÿ](?=[a-zß-öø-ÿ])|(?<=[a-z])[ß-öø-ÿ]\b|\b[À-ÖØ-öø-ÿ](?=[a-z])"
)
_WORD_ACCENT_GAIN = 0.6
_WEDGED = re.compile(r"(?<=[a-z])[\u3400-\u9fff](?=[a-z])")


def decode(data: bytes, *, hint: str = "", whole: bool = True) -> Decoded:
    """The text in `data`, its encoding decided from the bytes.

    Args:
        data: the bytes.
        hint: an encoding that the container declares; taken if it decodes without damage, else a guess like others.
        whole: False when `data` was cut off at a limit, so that a broken last character is no damage.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _read(data[len(mark) :], encoding, whole=whole)
    declared = known_encoding(hint)
    if declared:
        decoded = _read(data, declared, whole=whole)
        if not decoded.replaced and looks_textual(decoded.text[:SAMPLE_BYTES]):
            return decoded
    return _read(data, declared if _is_close(data, declared) else sniff_encoding(data), whole=whole)


def sniff_encoding(data: bytes) -> str:
    """Python's name of the encoding that `data` is most likely written in, or `""` when it is no text.

    >>> sniff_encoding("您好，请点击链接".encode("gb18030")), sniff_encoding(bytes(100))
    ('gb18030', '')
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:SAMPLE_BYTES]
    cut = len(data) > len(sample)
    utf8 = _read(sample, "utf-8", whole=not cut)
    if not utf8.replaced and looks_textual(utf8.text):
        return "utf-8"
    cut = cut or len(sample) > GUESS_BYTES
    sample = sample[:GUESS_BYTES]
    # A clean reading in another encoding wins a tie.
    best, score = "utf-8", _language(_read(sample, "utf-8", whole=not cut)) - 0.02
    for encoding in _GUESSES:
        guess = _read(sample[: len(sample) & ~1] if "16" in encoding else sample, encoding, whole=not cut)
        if (found := _language(guess)) > score:
            best, score = encoding, found
    return best if score >= LANGUAGE_SCORE else ""


def looks_textual(text: str) -> bool:
    """Whether these characters are text rather than binary data that happens to decode."""
    if "\x00" in text[:SAMPLE_BYTES]:
        return text.count("\x00") <= len(text) * 0.001  # a stray NUL is dirt, more is a binary format
    controls = sum(1 for c in text if c < " " and c not in _PLAIN_CONTROLS)
    return controls <= max(1, len(text) * CONTROL_SHARE)


def known_encoding(name: str) -> str:
    """The Python encoding that a charset label means, superset preferred, or `""` if there is none.

    >>> known_encoding("GB2312"), known_encoding("no-such")
    ('gb18030', '')
    """
    label = name.strip().strip("\"'").lower()[:40]
    if label in {"gb2312", "gbk", "gb_2312-80", "x-gbk", "hz-gb-2312", "cp936"}:
        return "gb18030"
    if label in {"iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"}:
        return "cp1252"
    try:
        found = codecs.lookup(label)
    except (LookupError, ValueError):
        return ""
    return found.name if found._is_text_encoding and not label.startswith("idna") else ""  # noqa: SLF001 # the only way to tell `rot13` and `zip` from charsets


_SENTENCE_END = re.compile(r"[。！？!?…]+[”’」』）)\"']*|\.(?=\s|$)[”\"')]*|\n")
_WORD = re.compile(
    r"[^\W\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def sentences(text: str) -> Iterator[Piece]:
    """The sentences of a text, without surrounding white space, in order.

    >>> text = "你好。Hello there. Bye"
    >>> [text[piece.start:piece.end] for piece in sentences(text)]
    ['你好。', 'Hello there.', 'Bye']
    """
    start = 0
    for match in _SENTENCE_END.finditer(text):
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def words(text: str) -> Iterator[Piece]:
    """The words of a text: runs of letters and digits, and each Han character by itself.

    >>> text = "买2个apples"
    >>> [text[piece.start:piece.end] for piece in words(text)]
    ['买', '2', '个', 'apples']
    """
    for match in _WORD.finditer(text):
        for start in range(match.start(), match.end(), WORD_LIMIT_CHARACTERS):
            yield Piece(start, min(start + WORD_LIMIT_CHARACTERS, match.end()))


def _trimmed(text: str, start: int, end: int) -> Iterator[Piece]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Piece(start, end)


def _read(data: bytes, encoding: str, *, whole: bool) -> Decoded:
    if not encoding:
        return Decoded(text="", encoding="")
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        return Decoded(text=decoder.decode(data, final=whole), encoding=encoding)
    except (UnicodeError, ValueError):
        decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = decoder.decode(data, final=whole)
    return Decoded(text=text, encoding=encoding, replaced=text.count(REPLACEMENT))


def _is_close(data: bytes, encoding: str) -> bool:
    """A declared encoding that reads nearly everything beats a guess."""
    if not encoding:
        return False
    sample = _read(data[:SAMPLE_BYTES], encoding, whole=False)
    return sample.damage < 0.02 and looks_textual(sample.text)


def _language(decoded: Decoded) -> float:
    """How much a reading looks like language: share of plausible characters less the damage, at most 1."""
    text = decoded.text
    if not text or not looks_textual(text):
        return 0.0
    if _is_mojibake(text):
        return 0.0
    plausible = sum(map(_plausibility, text)) + _WORD_ACCENT_GAIN * len(_WORD_ACCENT.findall(text))
    plausible -= len(_WEDGED.findall(text))
    return plausible / len(text) - 4 * decoded.damage


def _is_mojibake(text: str) -> bool:
    """Han characters, but hardly one that Chinese cannot do without: another language's bytes."""
    han = [character for character in text if "\u4e00" <= character <= "\u9fff"]
    return len(han) >= HAN_MIN and sum(map(_FREQUENT.__contains__, han)) < FREQUENT_SHARE * len(han)


def _plausibility(character: str) -> float:
    if character in _FREQUENT or character in "，。！？、；：“”《》（）\u3000":
        return 1.2
    if character.isascii():
        return 1.0 if character.isalnum() or character.isspace() else 0.8
    if "\u4e00" <= character <= "\u9fff":
        return 0.5
    return 0.4 if unicodedata.category(character)[0] in "LNP" else -0.5
