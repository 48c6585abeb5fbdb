"""The page of limits says what the code holds to, and leaves out no constant that is named a limit."""

import importlib
import re
from pathlib import Path

import pytest

from brightline.settings import Limits

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "limits.md"
SOURCE = ROOT / "src" / "brightline"
ROW = re.compile(r"^\| `([a-z0-9_/]+\.py)` `(\w+)` \| ([\d.,]+)( KiB| MiB)? \| ", re.MULTILINE)
NAMED = re.compile(
    r"^(_?(?:MAX_\w+|\w+_LIMIT(?:_BYTES|_MB|_CHARACTERS)?|\w*LIMIT)) *(?::[^=]+)?= *\(?\s*[\d(A-Z]",
    re.MULTILINE,
)
# They shorten what a finding quotes or lists, tune how bytes are told apart, or belong to a format or the language.
NO_LIMIT = re.compile(
    r"_?(QUOTE|SPANS|PAYLOAD|PLACE|MARK|DEFECT|UNKNOWN|SOURCE_TYPE|DIFFERENCES|FOUND|PROBABILITY|REASONS|CLAUSES|FOLDS)_LIMIT|MAX_OFFSET"
    r"|FLAC_\w+|TIMESTAMP_LIMIT|WORD_LIMIT_CHARACTERS|_SIZE_LIMIT"
)
UNITS = {"": 1, " KiB": 1024, " MiB": 1024 * 1024}


def rows():
    return ROW.findall(PAGE.read_text("utf-8"))


def held(file: str, name: str) -> float:
    if file == "settings.py" and name.islower():
        return getattr(Limits(), name)
    return getattr(importlib.import_module(f"brightline.{file.removesuffix('.py').replace('/', '.')}"), name)


@pytest.mark.parametrize(("file", "name", "number", "unit"), rows())
def test_the_page_has_the_value_of_the_code(file, name, number, unit):
    assert float(number.replace(",", "")) * UNITS[unit] == held(file, name)


def test_every_limit_that_can_be_set_is_on_the_page():
    assert {name for file, name, _, _ in rows() if file == "settings.py"} >= set(Limits.__struct_fields__)


def test_every_table_row_is_read():
    text = PAGE.read_text("utf-8")
    assert len(rows()) == len(re.findall(r"^\| `", text, re.MULTILINE)) > 100


def test_every_constant_that_is_named_a_limit_is_on_the_page():
    told = {(file, name) for file, name, _, _ in rows()}
    missing = [
        (str(path.relative_to(SOURCE)), name)
        for path in sorted(SOURCE.rglob("*.py"))
        for name in NAMED.findall(path.read_text("utf-8"))
        if not NO_LIMIT.fullmatch(name) and (str(path.relative_to(SOURCE)), name) not in told
    ]
    assert missing == []
