"""Fact-checks: what they say, and reading them from ClaimReview, CSV and JSON lines.

Source: schema.org ClaimReview 29.2 (`claimReviewed`, `reviewRating`, `author`, `url`), as pages embed it and as feeds
carry it. Addresses are kept as text; nothing is ever fetched.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from brightline.core.errors import BankError

FILE_BYTES = 256 * 1024 * 1024  # the largest public feed of fact-checks is about 150 MB
DEPTH = 12  # of JSON that is searched for reviews; feeds nest five deep
FIELD_CHARACTERS = 2_000  # of each field that is kept
CLAIM_CHARACTERS = 4  # a shorter claim says nothing
CELL_BYTES = 1024 * 1024  # one cell of a CSV file


class Verdict(StrEnum):
    """What a fact-check's own rating comes down to."""

    FALSE = "false"
    MISLEADING = "misleading"
    TRUE = "true"
    UNPROVEN = "unproven"
    OTHER = "other"


class FactCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One claim that somebody checked.

    Attributes:
        claim: in the checker's words.
        id: unique in its bank; made from the claim where the source gives none.
        title: headline of the article.
        rating: the checker's own word for it.
        verdict: what that word comes down to.
        publisher: who checked it.
        url: where; shown, never fetched.
        date: when, as the source writes it.
        language: of the claim, a tag such as `en`.
    """

    claim: str
    id: str = ""
    title: str = ""
    rating: str = ""
    verdict: Verdict = Verdict.OTHER
    publisher: str = ""
    url: str = ""
    date: str = ""
    language: str = ""


# Looked for in this order: "not true" must not be read as "true", nor "mostly false" as anything but false.
_RATINGS: tuple[tuple[Verdict, re.Pattern[str]], ...] = (
    (
        Verdict.UNPROVEN,
        re.compile(r"(?i)unproven|unverified|unsupported|no evidence|not enough|research in progress|存疑|未证实|尚无定论|待核实|无法证实"),
    ),
    (
        Verdict.MISLEADING,
        re.compile(
            r"(?i)half|mixture|mixed|partly|partially|mislead|missing context|lacks? context|out of context|"
            r"exaggerat|cherry|distort|outdated|miscaption|misattribut|断章取义|半真半假|误导|部分|夸大|片面|有失实"
        ),
    ),
    (
        Verdict.FALSE,
        re.compile(
            r"(?i)false|fake|hoax|pants on fire|incorrect|inaccurate|wrong|untrue|not true|altered|doctored|"
            r"fabricat|scam|satire|four pinocchios|debunked|legend|谣言|假|不实|虚假|伪|错误|谣|子虚乌有"
        ),
    ),
    (Verdict.TRUE, re.compile(r"(?i)true|correct|accurate|real|legit|confirmed|属实|真实|正确|确有其事|^真$")),
)  # fmt: skip
_COLUMNS = {
    "claim": ("claim", "claimreviewed", "vclaim", "statement", "text", "谣言", "声明"),
    "id": ("id", "vclaim_id", "claim_id", "identifier"),
    "title": ("title", "headline", "name", "标题"),
    "rating": ("rating", "verdict", "label", "alternatename", "textualrating", "结论"),
    "publisher": ("publisher", "author", "source", "来源"),
    "url": ("url", "link", "reviewurl", "链接"),
    "date": ("date", "datepublished", "reviewdate", "日期"),
    "language": ("language", "lang", "inlanguage", "语言"),
}
_SCRIPT = re.compile(
    r"(?is)<script\b[^>]{0,300}application/ld\+json[^>]{0,300}>(.{1,1000000}?)</script", re.ASCII
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")


def read_fact_checks(path: Path) -> Iterator[FactCheck]:
    """Read the fact-checks of one file; its ending says the format: .json, .jsonld, .jsonl, .csv, .tsv, .html.

    JSON may be one ClaimReview, a list, an `@graph`, a feed of them, or a list of objects with a `claim`. Rows
    without a claim are left out of feeds and pages, and refused in tables.

    Raises:
        BankError: the file cannot be read, is too large, or is malformed; with its line where there is one.
    """
    readers: dict[str, Callable[[str, Path], Iterator[FactCheck]]] = {
        ".json": _from_json, ".jsonld": _from_json, ".jsonl": _from_lines, ".csv": _from_table, ".tsv": _from_table,
        ".html": _from_page, ".htm": _from_page,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BankError(f"`{path}` ends in none of {', '.join(sorted(readers))}")
    try:
        if path.stat().st_size > FILE_BYTES:
            raise BankError(f"`{path}` has {path.stat().st_size} bytes, expected at most {FILE_BYTES}")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BankError(f"`{path}`: byte {error.start} is not UTF-8") from error
    except OSError as error:
        raise BankError(f"cannot read `{path}`: {error.strerror}") from error
    yield from reader(text, path)


def verdict_of(rating: str) -> Verdict:
    """What a checker's own word comes down to.

    >>> [verdict_of(word).value for word in ("Mostly False", "Not true", "Half true", "属实", "Three snails")]
    ['false', 'false', 'misleading', 'true', 'other']
    """
    return next((verdict for verdict, words in _RATINGS if words.search(rating)), Verdict.OTHER)


def _from_json(text: str, path: Path) -> Iterator[FactCheck]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BankError(f"`{path}` is not JSON that we read: {str(error)[:200]}") from error
    yield from _search(value, 0)


def _from_lines(text: str, path: Path) -> Iterator[FactCheck]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BankError(f"`{path}:{number}`: not JSON: {str(error)[:200]}") from error
        found = list(_search(value, 0))
        if not found:
            raise BankError(f"`{path}:{number}`: neither a ClaimReview nor an object with a `claim`")
        yield from found


def _from_page(text: str, path: Path) -> Iterator[FactCheck]:
    for script in _SCRIPT.findall(text):
        yield from _from_json(script.strip(), path)


def _from_table(text: str, path: Path) -> Iterator[FactCheck]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    before = csv.field_size_limit(CELL_BYTES)  # of the whole process
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=delimiter == ",")
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        if not set(names) & set(_COLUMNS["claim"]):
            raise BankError(f"`{path}:1`: columns are `{','.join(names)[:80]}`, expected one called `claim`")
        for cells in rows:
            if not cells:
                continue
            check = _from_object(dict(zip(names, cells, strict=False)))
            if check is None:
                raise BankError(f"`{path}:{rows.line_num}`: the claim is empty")
            yield check
    except csv.Error as error:
        raise BankError(f"`{path}:{rows.line_num}`: not CSV: {error}") from error
    finally:
        csv.field_size_limit(before)


def _search(value: object, depth: int) -> Iterator[FactCheck]:
    if depth > DEPTH:
        return
    if isinstance(value, list):
        for one in value:
            yield from _search(one, depth + 1)
    elif isinstance(value, dict):
        if _is_review(value):
            check = _from_review(value)
        elif "@type" in value:
            check = None  # pages hold other objects with names and texts
        else:
            check = _from_object({str(name).lower(): one for name, one in value.items()})
        if check is not None:
            yield check
        else:
            yield from _search(list(value.values()), depth + 1)


def _is_review(value: dict[str, object]) -> bool:
    kinds = value.get("@type")
    return "ClaimReview" in (kinds if isinstance(kinds, list) else [kinds])


def _from_review(value: dict[str, object]) -> FactCheck | None:
    rating = value.get("reviewRating")
    rated = rating if isinstance(rating, dict) else {}
    said = _text(rated.get("alternateName")) or _text(rated.get("name"))
    return _checked(
        FactCheck(
            claim=_text(value.get("claimReviewed")),
            id=_text(value.get("@id")),
            title=_text(value.get("headline")) or _text(value.get("name")),
            rating=said,
            verdict=_rated(said, rated),
            publisher=_name(value.get("author")) or _name(value.get("publisher")),
            url=_text(value.get("url")),
            date=_text(value.get("datePublished")),
            language=_name(value.get("inLanguage")),
        )
    )


def _rated(said: str, rated: dict[str, object]) -> Verdict:
    """The verdict by its word, or else by its number: the lowest fifth of the scale is false, the highest true."""
    if (verdict := verdict_of(said)) is not Verdict.OTHER:
        return verdict
    try:
        value, best, worst = (
            float(str(rated[name])) for name in ("ratingValue", "bestRating", "worstRating")
        )
        share = (value - worst) / (best - worst)
    except (KeyError, ValueError, ZeroDivisionError):
        return Verdict.OTHER
    if not 0 <= share <= 1:
        return Verdict.OTHER
    return Verdict.FALSE if share <= 0.2 else Verdict.TRUE if share >= 0.8 else Verdict.MISLEADING


def _from_object(value: dict[str, object]) -> FactCheck | None:
    def first(field: str) -> str:
        return next((said for name in _COLUMNS[field] if (said := _name(value.get(name)))), "")

    rating = first("rating")
    return _checked(
        FactCheck(
            claim=first("claim"),
            id=first("id"),
            title=first("title"),
            rating=rating,
            verdict=verdict_of(rating),
            publisher=first("publisher"),
            url=first("url"),
            date=first("date"),
            language=first("language"),
        )
    )


def _checked(check: FactCheck) -> FactCheck | None:
    return check if len(check.claim) >= CLAIM_CHARACTERS else None


def _text(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    return " ".join(_CONTROL.sub(" ", value[:FIELD_CHARACTERS]).split())


def _name(value: object) -> str:
    """The text, or the name of an organisation, a language, or the first of a list of them."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("name") or value.get("alternateName") or ""
    return _text(value)
