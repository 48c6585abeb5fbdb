"""`text.sources`: sources that cannot exist: numbers whose check digits fail, courts, years and days that are none.

Facts of the number, so the basis is PROOF; a slip of the pen makes them too, so they accuse nobody by themselves.
Nothing is looked up outside.
"""

import calendar
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any  # re2 has no types

import msgspec
import re2
from stdnum import isbn, issn
from stdnum.cn import uscc

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Detail, Finding, Span
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.media.wellformed import well_formed

NAME = "text.sources"

SCAN_CHARACTERS = 2_000_000  # of one text; about a second
CITATIONS_LIMIT = 2_000  # of one kind that are checked
SPANS_LIMIT = 50  # places that one finding lists
QUOTED = 40
FIRST_DOI = (
    1000  # DOI prefixes are 10. and a registrant's number of four digits and more (DOI Handbook 2.2.2)
)
ARXIV_SINCE, ARXIV_FIVE_SINCE = 704, 1501  # arXiv identifiers: April 2007; five digits since January 2015
STANDARD_DIGITS = 5  # GB and GB/T numbers stand below 50,000 in 2026
PMID_MOST = 99_999_999  # PubMed stands at 41 million in 2026
CASES_SINCE = 1979  # court case numbers of this form; documents since 1949
DOCUMENTS_SINCE = 1949

# 最高人民法院《关于人民法院案件案号的若干规定》(法〔2015〕137号), Art. 3 and the table of court codes.
_COURTS = "京津冀晋蒙内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵黔云滇藏陕甘青宁新兵最知军"

_WORDS: dict[str, Words] = {
    "isbn": Words(en="a book number (ISBN) whose check digit fails", zh="校验位不成立的书号（ISBN）"),
    "issn": Words(en="a journal number (ISSN) whose check digit fails", zh="校验位不成立的刊号（ISSN）"),
    "doi": Words(en="a DOI that no registrant can have issued", zh="不可能被登记的 DOI"),
    "arxiv": Words(en="an arXiv number of a month that is none or is to come", zh="月份不存在或尚未到来的 arXiv 编号"),
    "pmid": Words(en="a PubMed number far beyond those given out", zh="远超已发放范围的 PubMed 编号"),
    "standard": Words(en="a national standard of a year to come or with too many digits", zh="年份未到或位数过多的国家标准号"),
    "court_case": Words(en="a court case number of no Chinese court, or of a year to come", zh="法院代字不存在或年份未到的案号"),
    "document": Words(en="an official document number of a year that is none", zh="年份不可能的公文字号"),
    "uscc": Words(en="a credit code of an organisation whose check digit fails", zh="校验位不成立的统一社会信用代码"),
    "day": Words(en="a day that no calendar has", zh="日历上不存在的日期"),
}  # fmt: skip


class _Kind(msgspec.Struct, frozen=True):
    """A kind of citation: where its number stands, and whether that can exist on a day."""

    name: str
    pattern: Any
    is_possible: Callable[[Any, date], bool]


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `source.impossible`, one finding for each kind.

    Raises:
        DetectorError: the text is longer, or cites more, than is checked.
    """
    text = well_formed(subject.text[:SCAN_CHARACTERS])
    today = _day(subject.context.time)
    is_complete = len(subject.text) <= SCAN_CHARACTERS
    for kind in _KINDS:
        wrong: list[Span] = []
        for count, match in enumerate(kind.pattern.finditer(text)):
            if count >= CITATIONS_LIMIT:
                is_complete = False
                break
            if not kind.is_possible(match, today):
                wrong.append(Span(*match.span(1)))
        if wrong:
            yield _finding(kind.name, wrong, text)
    if not is_complete:
        raise DetectorError(
            f"more than {SCAN_CHARACTERS} characters or {CITATIONS_LIMIT} citations of a kind: the rest was not checked"
        )


def _finding(kind: str, wrong: list[Span], text: str) -> Finding:
    quoted = text[wrong[0].start : wrong[0].end][:QUOTED]
    words = _WORDS[kind]
    return Finding(
        detector=NAME,
        claim="source.impossible",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(en=f"the text cites {words.en}: “{quoted}”", zh=f"文本引用了{words.zh}：“{quoted}”"),
        where=tuple(wrong[:SPANS_LIMIT]),
        details=(Detail("count", str(len(wrong))), Detail("kind", kind)),
    )


def _day(time: str) -> date:
    """The day of submission; the last day there is when the door gave none."""
    try:
        return date.fromisoformat(time[:10])
    except ValueError:
        return date.max


def _doi(match: Any, _today: date) -> bool:
    return bool(match.group(2) == "10" and int(match.group(3)) >= FIRST_DOI)


def _arxiv(match: Any, today: date) -> bool:
    stamp, digits = int(match.group(2)), match.group(3)
    year, month = divmod(stamp, 100)
    if not 1 <= month <= 12 or stamp < ARXIV_SINCE:
        return False
    five = stamp >= ARXIV_FIVE_SINCE
    return len(digits) == (5 if five else 4) and (2000 + year, month) <= (today.year, today.month)


def _standard(match: Any, today: date) -> bool:
    return len(match.group(2)) <= STANDARD_DIGITS and 1950 <= int(match.group(3)) <= today.year


def _case(match: Any, today: date) -> bool:
    return CASES_SINCE <= int(match.group(2)) <= today.year and match.group(3) in _COURTS


def _document(match: Any, today: date) -> bool:
    return DOCUMENTS_SINCE <= int(match.group(2)) <= today.year


def _calendar(match: Any, _today: date) -> bool:
    year = int(match.group(2) or 0)
    month, day = int(match.group(3)), int(match.group(4))
    if not 1 <= month <= 12:
        return True  # `13月` is as often thirteen months
    longest = 29 if month == 2 and not year else calendar.monthrange(year or 2024, month)[1]
    return 1 <= day <= longest


def _pattern(words: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(words, options)


_KINDS: tuple[_Kind, ...] = (
    _Kind(
        "isbn",
        _pattern(r"(?i)\bISBN(?:-1[03])?[:：\s]{0,3}((?:97[89][ -]?)?[0-9](?:[ -]?[0-9]){8}[ -]?[0-9X])\b"),
        lambda match, _: isbn.is_valid(match.group(1)),
    ),
    _Kind(
        "issn",
        _pattern(r"(?i)\be?-?ISSN(?:-L)?[:：\s]{0,3}([0-9]{4}-?[0-9]{3}[0-9X])\b"),
        lambda match, _: issn.is_valid(match.group(1)),
    ),
    _Kind("doi", _pattern(r"(?i)\b(?:doi[:：\s]{1,3}|doi\.org/)(([0-9]{1,3})\.([0-9]{1,9})/[^\s\"<>，。]{1,100})"), _doi),
    _Kind("arxiv", _pattern(r"(?i)\barXiv(?:\.org/(?:abs|pdf)/|[:：\s]{1,3})(([0-9]{4})\.([0-9]{4,6}))\b"), _arxiv),
    _Kind("pmid", _pattern(r"(?i)\bPMID[:：\s]{0,3}([0-9]{1,15})\b"), lambda match, _: 0 < int(match.group(1)) <= PMID_MOST),
    _Kind("standard", _pattern(r"\b(GB(?:/[TZ])?\s?([0-9]{1,8})(?:\.[0-9]{1,3})?\s?[-—–]\s?([0-9]{4}))\b"), _standard),
    _Kind("court_case", _pattern(r"([（(〔]([0-9]{4})[)）〕]\s?([\p{Han}])[\p{Han}]{0,2}[0-9]{0,4}(?:民|刑|行|执|知民|商)(?:初|终|再|申|监|保|特|恢|异|破|他|辖|赔)?(?:字第)?[0-9]{1,7}号)"), _case),
    _Kind("document", _pattern(r"((?:国|政|委|部|办|发|函|字|厅|局|院|法|教|银|财|卫|公)[\p{Han}]{0,6}[〔\[]([0-9]{4})[〕\]]\s?[0-9]{1,5}\s?号)"), _document),
    _Kind("uscc", _pattern(r"统一社会信用代码(?:为|是)?[:：\s]{0,3}([0-9A-Z]{18})\b"), lambda match, _: uscc.is_valid(match.group(1))),
    _Kind("day", _pattern(r"((?:([0-9]{4})年)?([0-9]{1,2})月([0-9]{1,2})[日号])"), _calendar),
)  # fmt: skip
