"""Ledgers on each backend: an SQLite file, and a real PostgreSQL server started for the tests."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ledger_parts import open_ledger

from brightline.ledger.ledger import Ledger

NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database on each backend."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    server = request.getfixturevalue("postgres")
    schema = f"ledger{next(NUMBERS)}"  # a schema is made much faster than a database
    server.psql(f"CREATE SCHEMA {schema}")
    plain = str(server.get_uri())
    return f"{plain}{'&' if '?' in plain else '?'}options=-csearch_path%3D{schema}"


@pytest.fixture
def ledger(url: str, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger on each backend."""
    with open_ledger(tmp_path, url) as opened:
        yield opened


@pytest.fixture
def reopen(url: str, tmp_path: Path) -> Callable[[], Ledger]:
    """Opens the same ledger once more."""
    return lambda: open_ledger(tmp_path, url)
