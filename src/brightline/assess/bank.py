"""Banks of questions: TOML as ours are written, JSONL and CSV as others hand them in.

TOML holds groups, whose templates are filled with each of `fill` in turn, and whole questions; JSONL and CSV hold one
question a line or row, with the fields of `Question`.
"""

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib import resources
from pathlib import Path

import msgspec

from brightline.assess.risks import risks
from brightline.core.errors import BankError
from brightline.core.harm import Harm
from brightline.core.wire import digest

BANK_LIMIT_BYTES = 64 * 1024 * 1024  # 100,000 questions take 40 MB
QUESTIONS_LIMIT = 100_000  # of all banks of a run; the norm asks for 3,000
QUESTION_LIMIT_CHARACTERS = 8_000  # of one question; an attack in many turns' words stays below
LANGUAGES = ("en", "zh")


class Expected(StrEnum):
    """What a good model does with a question."""

    REFUSE = "refuse"  # it declines
    SAFE = "safe"  # it declines, or says something that does no harm
    ANSWER = "answer"  # it answers: declining would be wrong


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question.

    Attributes:
        id: unique in a run, stable from version to version.
        risk: code of the risk that it tries, or that it only looks like, e.g. `A2e`.
        language: `en` or `zh`.
        question: what the model is asked.
        expected: see there.
        source: who wrote it.
        harm: the house's code, or empty.
        family: questions with the same words around another subject share it.
        says: words of which a good answer holds at least one; empty where nothing of the kind can be said.
        never: words that only a bad answer holds.
    """

    id: str
    risk: str
    language: str
    question: str
    expected: Expected
    source: str = ""
    harm: str = ""
    family: str = ""
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class Bank(msgspec.Struct, frozen=True, kw_only=True):
    """A bank as it was read.

    Attributes:
        name: for people.
        version: of its own counting.
        updated: ISO date of its last change, or empty where it does not say.
        licence: SPDX expression, or empty.
        digest: SHA-256 over the questions, whatever the file's form.
        questions: in its order.
    """

    name: str
    version: str
    updated: str
    licence: str
    digest: str
    questions: tuple[Question, ...]


class _Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    risk: str
    language: str
    expected: Expected
    harm: str = ""
    templates: tuple[str, ...] = ()
    fill: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class _Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    risk: str
    language: str
    expected: Expected
    question: str
    harm: str = ""
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    version: str
    updated: str
    licence: str
    source: str
    groups: tuple[_Group, ...] = ()
    questions: tuple[_Known, ...] = ()


def shipped_banks() -> list[Bank]:
    """The starter banks, which are ours from the first word."""
    folder = resources.files("brightline.assess").joinpath("banks")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return [_from_toml(folder.joinpath(name).read_bytes(), name) for name in names]


def read_bank(path: Path) -> Bank:
    """The bank in a file that ends in .toml, .jsonl or .csv.

    Raises:
        BankError: it cannot be read, or a question is malformed; the message names the line.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(BANK_LIMIT_BYTES + 1)
    except OSError as error:
        raise BankError(f"cannot read the bank `{path}`: {error.strerror}") from error
    if len(data) > BANK_LIMIT_BYTES:
        raise BankError(f"the bank `{path}` is larger than {BANK_LIMIT_BYTES} bytes")
    match path.suffix.lower():
        case ".toml":
            return _from_toml(data, path.name)
        case ".jsonl":
            return _bank(path.stem, _from_jsonl(data, path.name))
        case ".csv":
            return _bank(path.stem, _from_csv(data, path.name))
        case other:
            raise BankError(f"the bank `{path}` ends in `{other}`, expected .toml, .jsonl or .csv")


def joined(banks: Iterable[Bank]) -> tuple[Question, ...]:
    """All questions of several banks.

    Raises:
        BankError: two share an id, or the same words are asked twice, or they are too many.
    """
    ids: set[str] = set()
    words: dict[tuple[str, str], str] = {}
    questions = [one for bank in banks for one in bank.questions]
    if len(questions) > QUESTIONS_LIMIT:
        raise BankError(f"the banks have {len(questions)} questions, expected at most {QUESTIONS_LIMIT}")
    for one in questions:
        key = (one.expected.value, plain(one.question))
        if one.id in ids:
            raise BankError(f"two questions have the id `{one.id}`")
        if key in words:
            raise BankError(f"the questions `{words[key]}` and `{one.id}` are the same words")
        ids.add(one.id)
        words[key] = one.id
    return tuple(questions)


def plain(text: str) -> str:
    """A question's letters and digits alone, in lower case: what makes two of them the same."""
    return "".join(filter(str.isalnum, text.lower()))


def _from_toml(data: bytes, name: str) -> Bank:
    try:
        file = msgspec.convert(tomllib.loads(data.decode("utf-8")), _File)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise BankError(f"the bank `{name}` is malformed: {error}") from error
    questions = [_checked(one, name) for one in (*_grouped(file), *_known(file))]
    bank = _bank(file.name, questions)
    return msgspec.structs.replace(bank, version=file.version, updated=file.updated, licence=file.licence)


def _grouped(file: _File) -> Iterator[Question]:
    for group in file.groups:
        if any(template.count("{}") != 1 for template in group.templates):
            raise BankError(f"a template of {group.risk} in `{file.name}` has not exactly one `{{}}`")
        filled = [(one.replace("{}", word), one) for one in group.templates for word in group.fill]
        for text, template in (*filled, *((one, "") for one in group.questions)):
            yield Question(
                id=_id(file.name, group.risk, group.language, text),
                risk=group.risk,
                language=group.language,
                question=text,
                expected=group.expected,
                source=file.source,
                harm=group.harm,
                family=template,
                says=group.says,
                never=group.never,
            )


def _known(file: _File) -> Iterator[Question]:
    for one in file.questions:
        told = msgspec.structs.asdict(one)
        yield Question(id=_id(file.name, one.risk, one.language, one.question), source=file.source, **told)


def _id(bank: str, risk: str, language: str, text: str) -> str:
    """An id that stays while the words stay, wherever in the file they stand."""
    return f"{bank}-{risk}-{language}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _from_jsonl(data: bytes, name: str) -> list[Question]:
    questions = []
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                one = msgspec.json.decode(line, type=Question)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise BankError(f"line {number} of the bank `{name}`: {error}") from error
            questions.append(_checked(one, f"{name}:{number}"))
    return questions


def _from_csv(data: bytes, name: str) -> list[Question]:
    """Rows under a head with the fields' names; several `says` or `never` stand between bars."""
    questions = []
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")), 2):
            lists = {key: [*filter(None, (row.pop(key, None) or "").split("|"))] for key in ("says", "never")}
            one = msgspec.convert({**row, **lists}, Question, str_keys=True)
            questions.append(_checked(one, f"{name}:{number}"))
    except (UnicodeDecodeError, csv.Error, msgspec.ValidationError, TypeError) as error:
        raise BankError(
            f"the bank `{name}` is malformed behind question {len(questions)}: {error}"
        ) from error
    return questions


def _checked(one: Question, where: str) -> Question:
    fault = ""
    if one.risk not in risks():
        fault = f"no risk `{one.risk[:20]}`"
    elif one.language not in LANGUAGES:
        fault = f"language `{one.language[:20]}`, expected en or zh"
    elif not plain(one.question) or len(one.question) > QUESTION_LIMIT_CHARACTERS:
        fault = f"a question of {len(one.question)} characters, expected 1 to {QUESTION_LIMIT_CHARACTERS}"
    elif one.harm and one.harm not in [*Harm]:
        fault = f"no harm `{one.harm[:40]}`"
    elif not one.id:
        fault = "a question without an id"
    if fault:
        raise BankError(f"{where}: {fault}")
    return one


def _bank(name: str, questions: list[Question]) -> Bank:
    if not questions:
        raise BankError(f"the bank `{name}` has no question")
    return Bank(
        name=name, version="", updated="", licence="", digest=digest(questions), questions=tuple(questions)
    )
