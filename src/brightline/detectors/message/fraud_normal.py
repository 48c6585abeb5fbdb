"""Messages as fraud models read them: one plain spelling, whatever was done to hide the words.

Homoglyphs, zero-width characters, leetspeak, spaced letters, emoji, HTML, pinyin, homophones, split characters (拆字)
and traditional characters all come down to the spelling that the model was trained on.
"""

import html
import re
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
import re2

TEXT_LIMIT = 8_000  # characters that are judged: lures say what they want within the first page
HAN_LEAST = 2  # Han characters from which on a text counts as Chinese ...
HAN_SHARE = 0.1  # ... if they are this share of its letters
JOIN_LEAST = 4  # single letters in a row, `v e r i f y`, that are a word taken apart
URL, MAIL, SHORT, LONG = (
    "\ue000",
    "\ue001",
    "0",
    "9",
)  # what stands for links, addresses, short and long numbers

_HERE = Path(__file__).parent
_URL = re.compile(
    r"(?:https?|hxxps?)\s?:\s?/{1,2}[^\s<>\"'，。；、）】\u4e00-\u9fff]{1,2000}"
    r"|www\.[^\s<>\"'，。；、）】\u4e00-\u9fff]{3,2000}"
    r"|(?<![\w@.])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|net|org|cn|cc|top|xyz|vip|info|shop|site|online|io|me|app|link|club|"
    r"icu|co|uk|us|de|example|test|invalid)(?:/[^\s<>\"'，。；、）】\u4e00-\u9fff]{0,2000}|(?![\w.@]))",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,2000}|!--.{0,2000}?--|![^<>]{0,200})>", re.DOTALL)
_UNSEEN = re.compile(
    r"<(style|script|title|head)\b[^<>]{0,500}>.{0,20000}?</\1\s{0,5}>"
    r"|<(span|div|p|font|td|i|b)\b[^<>]{0,500}(?:display\s{0,3}:\s{0,3}none|font-size\s{0,3}:\s{0,3}0(?:px|pt|em)?\s{0,3}[;\"']"
    r"|visibility\s{0,3}:\s{0,3}hidden)[^<>]{0,500}>[^<>]{0,2000}</\2\s{0,5}>",
    re.IGNORECASE | re.DOTALL,
)
_CSS = re.compile(r"(?:@media[^{}]{0,200}\{)?[^{}\n]{0,200}\{[^{}]{0,2000}:[^{}]{0,2000}\}\s{0,9}\}?")
_REPLY = re.compile(r"^(?:\s{0,9}(?:re|fwd?|aw|回复|转发|答复)\s{0,3}[:：]){1,9}", re.IGNORECASE)
_QUOTED = re.compile(r"^\s{0,9}[>|].{0,2000}$", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:[.,:/ -]?\d+)*")
_SPACED = re.compile(
    r"(?<![^\W_])[a-z](?:([ .*_|~\-·•,/\\+=#'])[a-z0134578@$!])(?:\1[a-z0134578@$!]){1,40}(?![^\W_])",
    re.IGNORECASE,
)
_WIDE_GAPS = re.compile(
    r"(?<![^\W_])(?:[a-z0134578@$!] ){2,40}[a-z0134578@$!](?![^\W_])(?: {2,5}(?:[a-z0134578@$!] ){1,40}[a-z0134578@$!](?![^\W_]))*",
    re.IGNORECASE,
)
_WEDGED = re.compile(r"(?<=[a-z])[*_|~·•^`\\+=#](?=[a-z])", re.IGNORECASE)
_LEET_WORD = re.compile(
    r"(?<![\w$@!])(?=[^\s]{0,40}[a-z])(?=[^\s]{0,40}[013457@$!|])[a-z013457@$!|]{3,40}(?![\w@$])",
    re.IGNORECASE,
)
_LEET = str.maketrans("013457@$!|", "oieastasii")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_LETTER = re.compile(r"[^\W\d_]")
_NOT_ENGLISH = re.compile(r"[^a-z0-9!?$%\ue000\ue001]+")
_NOT_CHINESE = re.compile(r"[^a-z0-9\u3400-\u9fff\ue000\ue001]+")
_HAN_GAP = re.compile(r"(?<=[^a-z]) | (?=[^a-z])")

# Letters of other scripts that look like Latin ones (UTS 39, the Cyrillic, Greek and Armenian ones seen in lures),
# small capitals and signs. Mathematical, circled and fullwidth letters fall to NFKC.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝкмнтвьгпилдяАВЕКМНОРСТУХІЈЅԌοανερτυχικημωβγδΑΒΕΖΗΙΚΜΝΟΡΤΥΧᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᏒᏚᎢᏙᏃօսոհցզ"
    "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢıɑɡƖØøɩʟ",
    "aeopcyxijshdqwkmhtbbrnnnarABEKMHOPCTYXIJSGoavepruxiknmwbydABEZHIKMNOPTYXABCDEHJKLMPRSTVZounhgq"
    "ABCDEFGHIJKLMNOPRSTUVWYZiaglOoil",
)
_SIGNS = str.maketrans(
    {"€": "$", "£": "$", "¥": "$", "￥": "$", "₦": "$", "₹": "$", "₿": "$", "’": "'", "‘": "'"}
)
# Emoji that stand for words in Chinese lures; all others are dropped.
_EMOJI_WORDS = {"🐧": "qq", "💰": "钱", "🧧": "红包", "✈": "飞机", "🛩": "飞机", "📞": "电话", "📱": "手机", "💳": "卡", "🏦": "银行"}  # fmt: skip


# Wedged between two characters, `转💰账`, they only part a word.
_EMOJI_SIGN = re.compile("🐧|(?<![一-鿿])[💰🧧✈🛩📞📱💳🏦]|[💰🧧✈🛩📞📱💳🏦](?![一-鿿])")


class Plain(msgspec.Struct, frozen=True):
    """A text in its plain spelling.

    Attributes:
        text: lower case; for Chinese without spaces and punctuation, for English words parted by single spaces.
        is_chinese: which of the two models reads it.
    """

    text: str
    is_chinese: bool


def plain(text: str) -> Plain:
    """The plain spelling of a message, of at most the first 8,000 characters.

    >>> plain("Vеrіfy y0ur acc0unt at https://bank.example/x n-o-w").text.replace(URL, "<url>")
    'verify your account at <url> now'
    >>> plain("加 薇❤信，轉 zhang 到 亻言").text
    '加微信转账到信'
    """
    words = visible(text[:TEXT_LIMIT])
    has_han = not words.isascii() and _is_chinese(words)
    return Plain(_chinese(words), True) if has_han else Plain(_english(words), False)


def visible(text: str) -> str:
    """The words a reader would see: markup, style sheets, hidden elements and invisible characters taken out."""
    if "<" in text and ">" in text:
        text = _TAG.sub(_gap, _UNSEEN.sub(" ", text))
    if "{" in text:
        text = _CSS.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _bare(text)
    return text


def _gap(match: re.Match[str]) -> str:
    """Tags of inline elements part no word: `ver<b></b>ify`."""
    return (
        ""
        if re.match(r"</?(?:b|i|u|a|em|strong|span|font|wbr|small|sub|sup|!)\b|<!", match[0], re.IGNORECASE)
        else " "
    )


def _bare(text: str) -> str:
    if any(sign in text for sign in _EMOJI_WORDS) and _HAN.search(text):
        text = _EMOJI_SIGN.sub(lambda match: _EMOJI_WORDS[match[0]], text)
    kept = _unmarked(unicodedata.normalize("NFKC", text))
    return kept.translate(_SIGNS)


def _unmarked(text: str) -> str:
    """Without zero-width characters, combining marks (zalgo, accents) and pictures."""
    if _ODD.search(text) is None:
        return text
    category = unicodedata.category
    apart = unicodedata.normalize("NFD", text) if _has_accents(text) else text
    return "".join(
        character
        for character in apart
        if character < "\x80" or "\u3400" <= character <= "\u9fff" or category(character) not in _DROPPED
    )


_DROPPED = frozenset({"Cf", "Mn", "Me", "So", "Cs", "Cn", "Co", "Sk"})


_ODD = re.compile(r"[^\x00-\x7f\u3001-\u301f\u3400-\u9fff]")  # neither ASCII nor Chinese


def _has_accents(text: str) -> bool:
    return any("\x7f" < character < "\u0370" or "\u1e00" <= character < "\u2000" for character in text)


def _is_chinese(text: str) -> bool:
    han = len(_HAN.findall(text))
    if han < HAN_LEAST:
        return False
    return han >= HAN_SHARE * len(text) or han >= HAN_SHARE * len(_LETTER.findall(text))


def _addresses(text: str) -> str:
    if "." in text or "://" in text:
        text = _URL.sub(f" {URL} ", text)
    return _MAIL.sub(f" {MAIL} ", text) if "@" in text else text


def _number(match: re.Match[str]) -> str:
    return f" {SHORT} " if sum(map(str.isdigit, match[0])) < 5 else f" {LONG} "  # a sum, or an account


def _english(text: str) -> str:
    text = _REPLY.sub("", text)
    if "\n>" in text or "\n|" in text:
        text = _QUOTED.sub("", text)
    if not text.isascii():
        text = text.translate(_LOOKALIKES)
    text = _addresses(text)
    text = _together(text).lower().replace("'", "")
    text = _LEET_WORD.sub(_unleet, text)
    return _NOT_ENGLISH.sub(" ", _NUMBER.sub(_number, text)).strip()


def _together(text: str) -> str:
    """Join letters that were set apart, `f r e e`, `v.e.r.i.f.y`, and words with signs wedged in, `pass*word`."""
    text = _SPACED.sub(_joined, text)
    return _WEDGED.sub("", text)


def _joined(match: re.Match[str]) -> str:
    letters = match[0].replace(match[1], "")
    return letters if len(letters) >= JOIN_LEAST else match[0]


def _unleet(match: re.Match[str]) -> str:
    """`y0ur` becomes `your`; `covid19`, `20th` and `5g` stay, because digits at an end are numbers.

    Where most letters are digits or stand at an end, as in `7h15` and `m057`, a word of the language settles it.
    """
    word = match[0].rstrip("!|")
    spelled = word.translate(_LEET)
    if spelled in _words():
        return spelled
    core = word.strip("013457!|")
    edge = word[: len(word) - len(word.lstrip("013457!|"))] if not word[0].isalpha() else ""
    letters = sum(map(str.isalpha, word))
    if core.isalpha() and (len(edge) != 1 or letters < 3):  # `4ccount`, but not `3pm`
        return match[0]
    return spelled if letters * 2 >= len(word) else match[0]


def _chinese(text: str) -> str:
    text = text.translate(_traditional()).lower()
    if not text.isascii() and _OTHER_SCRIPTS.search(text):
        text = text.translate(_LOOKALIKES)
    text = _NUMBER.sub(_number, _addresses(text))
    text = _NOT_CHINESE.sub(" ", text)
    text = _HAN_GAP.sub("", f" {text} ").strip()
    return _respelled(_unsplit(text))


_OTHER_SCRIPTS = re.compile(r"[\u0370-\u058f\u13a0-\u13ff]")


def _unsplit(text: str) -> str:
    """`亻言` becomes `信`, `君羊` becomes `群`."""
    table = _splits()
    if not table.hints.search(text):
        return text
    parts, place, last = [], 0, len(text) - 1
    while place <= last:
        joined = table.pairs.get(text[place : place + 2])
        parts.append(joined or text[place])
        place += 2 if joined else 1
    return "".join(parts)


def _respelled(text: str) -> str:
    """Pinyin and homophones of lure words as the words themselves."""
    table = _spellings()
    if _LATIN.search(text) and table.latin_hints.search(text):
        text = table.with_latin.sub(lambda match: table.words[match[0]], text)
    if table.hints.search(text):
        text = table.homophones.sub(lambda match: table.words[match[0]], text)
    return text


_LATIN = re.compile(r"[a-z]")


class _Splits(msgspec.Struct, frozen=True):
    hints: re2._Regexp  # any of the pairs, in an automaton that is quick to say no
    pairs: dict[str, str]


class _Spellings(msgspec.Struct, frozen=True):
    with_latin: re.Pattern[str]
    homophones: re.Pattern[str]
    latin_hints: re2._Regexp  # both again, as automata that are quick to say no
    hints: re2._Regexp
    words: dict[str, str]


@cache
def _words() -> frozenset[str]:
    """Whole words of the English vocabulary that ships for the claims; 10 ms, at the first word in disguise."""
    lines = (files("brightline.weights") / "wordpiece_en.txt").read_text("utf-8").split("\n")
    return frozenset(line for line in lines if line.isalpha() and len(line) > 3)


@cache
def _traditional() -> dict[int, str]:
    return {ord(line[0]): line[1] for line in _lines("fraud_traditional.txt")}


@cache
def _splits() -> _Splits:
    pairs = {line[:2]: line[2] for line in _lines("fraud_split.txt")}
    return _Splits(re2.compile("|".join(pairs)), pairs)


@cache
def _spellings() -> _Spellings:
    words: dict[str, str] = {}
    for line in _lines("fraud_pinyin.txt"):
        word, *syllables = line.split(" ")
        if len(syllables) > 1:
            words |= dict.fromkeys(_mixtures(word, syllables), word)
    for line in _lines("fraud_homophones.txt"):
        wrong, right = line.split(" ")
        words[wrong] = right
    longest = sorted(words, key=lambda one: (-len(one), one))
    # Latin letters count only where no others stand beside them.
    latin = [
        "(?<![a-z])" * one[0].isascii() + re.escape(one) + "(?![a-z])" * one[-1].isascii()
        for one in longest
        if _LATIN.search(one)
    ]
    others = "|".join(one for one in longest if not _LATIN.search(one))
    hinted = re2.compile("|".join(re2.escape(one) for one in longest if _LATIN.search(one)))
    return _Spellings(re.compile("|".join(latin)), re.compile(others), hinted, re2.compile(others), words)


def _mixtures(word: str, syllables: list[str]) -> list[str]:
    """Every spelling of a word with at least one character in pinyin."""
    found = [""]
    for character, syllable in zip(word, syllables, strict=True):
        found = [before + one for before in found for one in (character, syllable)]
    return [
        one for one in found if one != word and (len(one) > 4 or not one.isascii())
    ]  # `kefu` is not `ke fu`


def _lines(name: str) -> list[str]:
    return (_HERE / name).read_text("utf-8").split("\n")[:-1]
