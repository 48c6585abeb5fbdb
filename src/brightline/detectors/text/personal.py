"""`text.personal`: identifiers of persons in China, the EU and the US, and contact data in bulk.

Values are never quoted whole: words show the first two and the last two characters.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any  # re2 has no types

import msgspec
import re2

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Detail, Finding, Span
from brightline.core.harm import Harm
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.text.identifiers import IDENTIFIERS, Identifier
from brightline.media.wellformed import well_formed

NAME = "text.personal"

NEAR = 40  # characters before or after an identifier in which a word names it
CANDIDATES_LIMIT = 20_000  # strings of one shape that are checked; more is a table, and leaves a gap
SPANS_LIMIT = 100  # places that one finding lists
BULK_MIN = 10  # different mail addresses or phone numbers: fewer are a signature or an imprint
SET_MEMORY_BYTES = 64 << 20  # for the automaton of all patterns together

# Precision at equal priors, conservative bound, held by source: see `personal.card.toml`, [calibration].
PROBABILITY: dict[str, float] = {"named": 0.99, "shape": 0.95, "bulk": 0.5}

_OTHER_NUMBERS = re2.compile(
    r"(?i)isbn|issn|imei|order|tracking|serial|invoice|ticket|version|model|part no|sku|ean|barcode|"
    r"订单|单号|流水|编号|条码|型号|序列号|批号|运单"
)
_FULLWIDTH = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0D: "-", 0xFF38: "X"}
_FULLWIDTH_DIGIT = re2.compile(r"[\x{FF10}-\x{FF19}]")
_DIGITS = re2.compile(r"[0-9][0-9A-Za-z .\-/+]{4}")
_MAIL = re2.compile(r"[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.){1,4}[A-Za-z]{2,24}")
_PHONE = re2.compile(
    r"\b1[3-9][0-9](?:[ \-]?[0-9]{4}){2}\b|\+[1-9][0-9]{0,2}[ \-.]?(?:\(?[0-9]{1,4}\)?[ \-.]?){2,4}[0-9]{2,4}\b"
)
_GLUE_BEFORE = "._-/=#%&+:@\\$€£¥~"
_GLUE_AFTER = "._-/=%@\\"

_TYPES: dict[str, Words] = {
    "resident_id": Words(en="a resident identity number", zh="居民身份证号码"),
    "bank_card": Words(en="a bank card number", zh="银行卡号"),
    "passport": Words(en="a passport number", zh="护照号码"),
    "social_security_number": Words(en="a social security number", zh="社会保障号码"),
    "taxpayer_id": Words(en="a taxpayer number", zh="个人纳税人号码"),
    "payment_card": Words(en="a payment card number", zh="支付卡号"),
    "iban": Words(en="an international bank account number", zh="国际银行账户号码"),
    "tax_id": Words(en="a personal tax number", zh="个人税号"),
    "tax_code": Words(en="a personal tax code", zh="个人税号"),
    "national_id": Words(en="a national identity number", zh="国民身份号码"),
    "citizen_number": Words(en="a citizen number", zh="公民号码"),
    "national_number": Words(en="a national register number", zh="国民登记号码"),
    "personal_number": Words(en="a personal number", zh="个人号码"),
    "personal_code": Words(en="a personal code", zh="个人代码"),
    "birth_number": Words(en="a birth number", zh="出生号码"),
    "email_bulk": Words(en="mail addresses in bulk", zh="批量电子邮箱地址"),
    "phone_bulk": Words(en="phone numbers in bulk", zh="批量电话号码"),
}


class _Found(msgspec.Struct):
    """What was found of one type and country; grows while the text is read."""

    strength: str
    spans: list[Span]
    sample: str


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `personal.id`, one finding for each type and country.

    Raises:
        DetectorError: the text holds more strings of one shape than are checked.
    """
    text = well_formed(subject.text)
    if _FULLWIDTH_DIGIT.search(text) is not None:
        text = text.translate(_FULLWIDTH)  # one for one: offsets stay
    is_complete = True
    found: dict[tuple[str, str], _Found] = {}
    if _DIGITS.search(text) is not None:
        for identifier in _present(text):
            is_complete &= _gather(text, identifier, found)
    for (kind, country), group in sorted(found.items()):
        yield _finding(kind, country, group)
    yield from _bulk(text, "email_bulk", _MAIL, "@")
    yield from _bulk(text, "phone_bulk", _PHONE, "1")
    if not is_complete:
        raise DetectorError(f"more than {CANDIDATES_LIMIT} candidates of one shape: the rest was not checked")


def _present(text: str) -> list[Identifier]:
    """Identifiers whose shape is in the text, and whose word is too where they need one: two passes for all."""
    data = text.encode("utf-8")
    shapes, words = _sets()
    present = shapes.Match(data)
    if not present:
        return []
    named = set(words.Match(data) or ())
    return [
        IDENTIFIERS[place]
        for place in sorted(present)
        if place in named or not IDENTIFIERS[place].needs_words
    ]


@cache
def _sets() -> tuple[Any, Any]:
    options = re2.Options()
    options.max_mem = SET_MEMORY_BYTES
    options.log_errors = False
    shapes, words = re2.Set.SearchSet(options), re2.Set.SearchSet(options)
    for identifier in IDENTIFIERS:
        shapes.Add(rf"\b(?:{identifier.pattern})\b")
        words.Add(rf"(?i)(?:{identifier.words})")
    shapes.Compile()
    words.Compile()
    return shapes, words


@cache
def _patterns(identifier_index: int) -> tuple[Any, Any]:
    identifier = IDENTIFIERS[identifier_index]
    return re2.compile(rf"\b(?:{identifier.pattern})\b"), re2.compile(rf"(?i)(?:{identifier.words})")


def _gather(text: str, identifier: Identifier, found: dict[tuple[str, str], _Found]) -> bool:
    """Add what holds of one identifier; False when there are more candidates than are checked."""
    pattern, words = _patterns(IDENTIFIERS.index(identifier))
    for number, match in enumerate(pattern.finditer(text)):
        if number >= CANDIDATES_LIMIT:
            return False
        start, end = match.span()
        value = match.group()
        if _is_glued(text, start, end):
            continue
        strength = _strength(text, start, end, words, identifier)
        if strength and identifier.check(value.replace(" ", "")):
            _add(found, (identifier.type, identifier.country), strength, Span(start, end), value)
    return True


def _strength(text: str, start: int, end: int, words: Any, identifier: Identifier) -> str:
    """`named` next to a word for it, `shape` where the check digits must do; empty where they can't."""
    before = text[max(0, start - NEAR) : start]
    if words.search(before) is not None or words.search(text[end : end + NEAR]) is not None:
        return "named"
    if identifier.needs_words or _OTHER_NUMBERS.search(before) is not None:
        return ""
    return "shape"


def _is_glued(text: str, start: int, end: int) -> bool:
    """Part of a longer code, amount or address: a sign on its left, or one on its right that goes on with digits."""
    before, after = text[max(0, start - 2) : start], text[end : end + 1]
    if before[-1:] == ":" and not before[:1].isdigit():
        before = ""  # `SSN:536-...`, but not a time of day
    if before and before[-1] in _GLUE_BEFORE:
        return True
    return bool(after) and after in _GLUE_AFTER and text[end + 1 : end + 2].isalnum()


def _add(
    found: dict[tuple[str, str], _Found], key: tuple[str, str], strength: str, span: Span, value: str
) -> None:
    group = found.setdefault(key, _Found(strength, [], value))
    group.spans.append(span)
    if strength == "named" and group.strength != "named":
        group.strength, group.sample = strength, value


def _bulk(text: str, kind: str, pattern: Any, hint: str) -> Iterator[Finding]:
    """Contact data counts only in bulk: who lists ten different ones hands on a list."""
    if text.count(hint) < BULK_MIN:
        return
    spans: dict[str, Span] = {}
    for match in pattern.finditer(text):
        spans.setdefault(match.group().lower(), Span(*match.span()))
        if len(spans) >= CANDIDATES_LIMIT:
            break
    if len(spans) >= BULK_MIN:
        yield _finding(kind, "", _Found("bulk", list(spans.values()), next(iter(spans))))


def _finding(kind: str, country: str, group: _Found) -> Finding:
    words = _TYPES[kind]
    shown = masked(group.sample)
    spans = sorted({(span.start, span.end) for span in group.spans})
    place_en, place_zh = (f" ({country})", f"（{country}）") if country else ("", "")
    facts = {"count": str(len(spans)), "country": country, "strength": group.strength, "type": kind}
    return Finding(
        detector=NAME,
        claim="personal.id",
        basis=Basis.ESTIMATE,
        probability=PROBABILITY[group.strength],
        harm=Harm.PERSONAL_DATA,
        why=Words(
            en=f"the text holds {words.en}{place_en}: {shown}{f', {len(spans)} in all' if len(spans) > 1 else ''}",
            zh=f"文本含有{words.zh}{place_zh}：{shown}{f'，共 {len(spans)} 处' if len(spans) > 1 else ''}",
        ),
        where=tuple(Span(start, end) for start, end in spans[:SPANS_LIMIT]),
        details=tuple(Detail(name, value) for name, value in sorted(facts.items()) if value),
    )


def masked(value: str) -> str:
    """The first two and the last two characters, dots between.

    >>> masked("110105194912310021")
    '11…21'
    """
    return f"{value[:2]}…{value[-2:]}" if len(value) > 4 else "…"
