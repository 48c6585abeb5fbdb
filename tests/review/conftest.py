"""Stores of the service on each backend: an SQLite file, and a real PostgreSQL server started for the tests."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from brightline.review.store import Store, open_store
from brightline.settings import Settings

NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a fresh house on each backend."""
    if request.param == "sqlite":
        return Settings(home=tmp_path)
    server = request.getfixturevalue("postgres")
    schema = f"service{next(NUMBERS)}"  # a schema is made much faster than a database
    server.psql(f"CREATE SCHEMA {schema}")
    plain = str(server.get_uri())
    return Settings(
        home=tmp_path, database=f"{plain}{'&' if '?' in plain else '?'}options=-csearch_path%3D{schema}"
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An empty store on each backend."""
    with open_store(settings) as opened:
        yield opened
