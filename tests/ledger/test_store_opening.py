"""Opening: keys, URLs, files and migrations; each wrong thing gives one line that says what to do."""

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ledger_parts import ORIGIN, make_item, make_items, open_ledger
from sqlalchemy import create_engine

from brightline.core.errors import LedgerError
from brightline.ledger import tables
from brightline.ledger.engine import MIGRATIONS
from brightline.ledger.keys import load_or_create_key, new_key, vkey
from brightline.ledger.ledger import Ledger
from brightline.ledger.note import Algorithm


def test_the_first_use_makes_a_key_and_a_store_that_only_the_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "home"
    with open_ledger(folder, f"sqlite:///{folder}/ledger.sqlite") as ledger:
        ledger.record([make_item(1)])
        first = ledger.vkey
        for path in folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert sorted(path.name for path in folder.iterdir()) == ["ledger.key", "ledger.sqlite"]
    with open_ledger(folder, f"sqlite:///{folder}/ledger.sqlite") as ledger:
        assert (ledger.vkey, ledger.size) == (first, 1)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    load_or_create_key(path, ORIGIN)
    path.chmod(mode)
    with pytest.raises(LedgerError, match=f"mode {mode:04o} lets others read it.*chmod 600"):
        load_or_create_key(path, ORIGIN)


def test_a_key_of_another_log_or_kind_or_none_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_or_create_key(path, ORIGIN)
    with pytest.raises(LedgerError, match="holds the key of"):
        load_or_create_key(path, "other.example.com")
    path.write_text(new_key(ORIGIN, Algorithm.COSIGNATURE).skey)
    with pytest.raises(LedgerError, match="holds the key of"):
        load_or_create_key(path, ORIGIN)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LedgerError, match="key file"):
        load_or_create_key(path, ORIGIN)
    path.write_text("nonsense")
    with pytest.raises(LedgerError, match="no signer key"):
        load_or_create_key(path, ORIGIN)
    with pytest.raises(LedgerError, match="cannot use key file"):
        load_or_create_key(tmp_path, ORIGIN)
    with pytest.raises(LedgerError, match="cannot use key file"):
        load_or_create_key(path / "below a file", ORIGIN)
    with pytest.raises(LedgerError, match="not usable"):
        load_or_create_key(tmp_path / "bad", "bad name")
    assert not (tmp_path / "bad").exists()


def test_whoever_makes_the_key_first_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    first = vkey(load_or_create_key(path, ORIGIN))
    monkeypatch.setattr(Path, "exists", lambda _: False)  # what a process sees that comes at the same moment
    assert vkey(load_or_create_key(path, ORIGIN)) == first
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "malformed"),
        ("sqlite://", "not durable"),
        ("sqlite:///:memory:", "not durable"),
        ("sqlite:///file:x?mode=memory&uri=true", "not durable"),
        ("mysql://host/name", "no ledger on `mysql`"),
        ("sqlite:////proc/nowhere/ledger.sqlite", "ledger store: "),
        ("postgresql://nobody@127.0.0.1:1/none", "ledger store: connection failed"),
    ],
)
def test_a_database_that_cannot_serve_is_refused_in_one_line(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(LedgerError) as caught:
        open_ledger(tmp_path, url)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(LedgerError, match="file is not a database"):
        open_ledger(tmp_path)


def test_migrations_make_the_tables_that_the_code_reads(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert context.get_current_revision() == tables.REVISION
        differences = [
            one
            for one in compare_metadata(context, tables.metadata)
            if not (one[0] == "remove_table" and one[1].name == "alembic_version")
        ]
        assert differences == []


def test_the_newest_migration_is_the_one_that_the_code_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == tables.REVISION


def test_a_store_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    open_ledger(tmp_path).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'v9999'")
    engine.dispose()
    with pytest.raises(LedgerError, match=r"store is at revision `v9999`.*newer release"):
        open_ledger(tmp_path)


def test_sqlite_is_told_to_be_durable(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, ledger.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        ledger.record(make_items(0, 1))
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}
