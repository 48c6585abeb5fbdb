"""Empty databases for houses that are backed up, restored, upgraded: SQLite files, and a schema each of a real PostgreSQL."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from brightline.settings import Settings
from brightline.settings_service import ServiceSetting

NUMBERS = itertools.count()
SERVICE = ServiceSetting(undo_seconds=0.0, requests_per_minute=100_000)


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, str], Settings]:
    """Settings of a fresh house: its folder's name, and `sqlite` or `postgresql`."""

    def make(name: str, kind: str) -> Settings:
        database = ""
        if kind == "postgresql":
            server = request.getfixturevalue("postgres")
            schema = f"deploy{next(NUMBERS)}"
            server.psql(f"CREATE SCHEMA {schema}")
            plain = str(server.get_uri())
            database = f"{plain}{'&' if '?' in plain else '?'}options=-csearch_path%3D{schema}"
        return Settings(home=tmp_path / name, database=database, jobs=1, service=SERVICE)

    return make
