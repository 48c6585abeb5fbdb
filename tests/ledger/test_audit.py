"""Any change in any row of the store is caught, by opening or by the audit, on SQLite and PostgreSQL alike."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ledger_parts import POLICY, POLICY_DATA, job_key, make_item, make_items, open_ledger
from sqlalchemy import Table, create_engine, delete, insert, select, text, update

from brightline.core.errors import LedgerError, VerificationError
from brightline.ledger import tables
from brightline.ledger.audit import FAULTS_LIMIT, verify_store
from brightline.ledger.engine import open_engine
from brightline.ledger.export import export
from brightline.ledger.keys import new_key, vkey
from brightline.ledger.ledger import Ledger
from brightline.ledger.note import Algorithm, cosign, parse_note
from brightline.ledger.replay import replay

WITNESS = new_key("witness.example.com", Algorithm.COSIGNATURE)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Two batches, a long decision, a policy, a cosignature."""
    ledger.save_policy(POLICY, POLICY_DATA)
    ledger.record(make_items(0, 300), [job_key(number) for number in range(300)])
    ledger.record([make_item(300, rules=400), make_item(301)])
    line = cosign(parse_note(ledger.checkpoint()).text, WITNESS, 1_700_000_000)
    ledger.add_cosignatures(str(line), [vkey(WITNESS)])
    assert verify_store(ledger).faults == ()
    return ledger


def flip(value: Any, chosen: random.Random) -> Any:
    """One bit of a value, or one digit of a number, changed."""
    if isinstance(value, int):
        return value + 1
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    at = chosen.randrange(len(raw))
    raw[at] ^= 1 << chosen.randrange(5 if isinstance(value, str) else 8)
    return bytes(raw) if isinstance(value, bytes) else raw.decode("utf-8", "replace").replace("\x00", "x")


def caught(ledger: Ledger, reopen: Callable[[], Ledger]) -> list[str]:
    """What the audit says, or the error of an open that refuses."""
    try:
        faults = list(verify_store(ledger).faults)
        reopen().close()
    except LedgerError as error:
        faults = [str(error)]
    return faults


def edit(ledger: Ledger, table: Table, row: dict[str, Any], name: str, value: Any) -> None:
    """Change one value as somebody with the database's password can: past foreign keys."""
    engine = create_engine(ledger.engine.url)  # SQLite checks no foreign keys unless it is told to
    here = [column == row[column.name] for column in table.primary_key.columns]
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role TO replica"))
        connection.execute(update(table).where(*here).values({name: value}))
    engine.dispose()


COLUMNS = [
    pytest.param(table, column.name, id=f"{table.name}.{column.name}")
    for table in tables.metadata.sorted_tables
    for column in table.columns
]


@pytest.mark.parametrize(("table", "name"), COLUMNS)
def test_a_changed_value_in_any_column_of_any_table_is_caught(
    filled: Ledger, reopen: Callable[[], Ledger], table: Table, name: str
) -> None:
    chosen = random.Random(name)
    with filled.engine.connect() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(table))]
    for row in chosen.sample(rows, min(3, len(rows))):
        value = flip(row[name], chosen)
        edit(filled, table, row, name, value)
        assert caught(filled, reopen), f"{row[name]!r:.60} -> {value!r:.60}"
        edit(filled, table, {**row, name: value}, name, row[name])
        assert caught(filled, reopen) == []


@pytest.mark.parametrize(
    "table", [tables.chunks, tables.nodes, tables.examinations, tables.lookups, tables.log]
)
def test_a_missing_row_is_caught(filled: Ledger, reopen: Callable[[], Ledger], table: Table) -> None:
    with filled.engine.begin() as connection:
        row = connection.execute(select(table)).first()
        assert row is not None
        here = [column == row._mapping[column.name] for column in table.primary_key.columns]
        connection.execute(delete(table).where(*here))
    assert verify_store(filled).faults


def test_a_row_too_many_is_caught(filled: Ledger) -> None:
    with filled.engine.begin() as connection:
        connection.execute(insert(tables.nodes).values(level=3, number=0, hash=bytes(32)))
        connection.execute(insert(tables.examinations).values(start=302, width=1, data=b"\x00\x00\x00\x01x"))
        connection.execute(insert(tables.checkpoints).values(size=999, root=bytes(32), note="x"))
        connection.execute(insert(tables.checkpoints).values(size=7, root=bytes(32), note="x"))
        connection.execute(insert(tables.lookups).values(what=1, prefix=5, position=0))
    faults = verify_store(filled).faults
    assert len(faults) == 5
    assert any("ends inside a batch" in line for line in faults)
    assert any("goes beyond" in line for line in faults)


def test_a_changed_entry_is_named_and_never_read_as_true(filled: Ledger) -> None:
    with filled.engine.begin() as connection:
        row = connection.execute(select(tables.chunks).limit(1)).one()
        data = row.bundle.replace(b'"review"', b'"allow "', 1)
        connection.execute(update(tables.chunks).where(tables.chunks.c.start == 0).values(bundle=data))
    assert "entry 0" in verify_store(filled).faults[0]
    for reading in (
        lambda: filled.entry(5),
        lambda: filled.decision(5),
        lambda: list(filled.entries()),
        lambda: filled.known([job_key(3)]),
        lambda: filled.prove(0),
    ):
        with pytest.raises(VerificationError, match="changed in the store"):
            reading()


def test_changed_evidence_is_never_read_as_true(filled: Ledger) -> None:
    whole = filled.entry(300).whole
    with filled.engine.begin() as connection:
        connection.execute(update(tables.texts).values(data=b"other"))
        connection.execute(update(tables.examinations).values(data=b"\x00\x00\x00\x02{}"))
    for reading in (
        lambda: filled.policy(POLICY),
        lambda: filled.decision(300),
        lambda: filled.examination(filled.entry(0).examination),
        lambda: list(filled.entries()),
        lambda: replay(filled, 0, lambda _: lambda _: make_item(1)[1]),
    ):
        with pytest.raises(VerificationError):
            reading()
    with filled.engine.begin() as connection:
        connection.execute(delete(tables.texts).where(tables.texts.c.digest == bytes.fromhex(whole)))
    with pytest.raises(VerificationError, match="missing in the store"):
        filled.decision(300)
    faults = verify_store(filled).faults
    assert any("decision of entry 300 is missing" in line for line in faults)


def test_a_torn_store_does_not_open_but_can_be_audited(
    filled: Ledger, reopen: Callable[[], Ledger], url: str, tmp_path: Path
) -> None:
    with filled.engine.begin() as connection:
        connection.execute(delete(tables.cosignatures))
        connection.execute(delete(tables.checkpoints).where(tables.checkpoints.c.size == 302))
    with pytest.raises(VerificationError, match="torn: 302 entries, its last checkpoint covers 300"):
        reopen()
    with pytest.raises(VerificationError, match="torn"):
        filled.record([make_item(1)])
    with open_ledger(tmp_path, url, check=False) as opened:
        assert verify_store(opened).faults == ("entries from 300 on are under no checkpoint",)
        with pytest.raises(LedgerError, match="no checkpoint covers entry 301"):
            opened.receipt(301)


def test_an_edge_that_was_changed_does_not_open(filled: Ledger, reopen: Callable[[], Ledger]) -> None:
    with filled.engine.begin() as connection:
        connection.execute(update(tables.nodes).values(hash=bytes(32)))
    with pytest.raises(VerificationError, match="do not give the root"):
        reopen()
    with filled.engine.begin() as connection:
        connection.execute(delete(tables.nodes))
    with pytest.raises(VerificationError, match="store lacks hashes 0 to 0 of tile level 1"):
        reopen()
    with filled.engine.begin() as connection:
        connection.execute(delete(tables.chunks).where(tables.chunks.c.start == 256))
    with pytest.raises(VerificationError):
        list(filled.entries(255))
    with pytest.raises(VerificationError):
        filled.root(300)


def test_an_audit_of_a_wholly_broken_store_stays_short(ledger: Ledger) -> None:
    ledger.record(make_items(0, 256 * 5))
    with ledger.engine.begin() as connection:
        connection.execute(update(tables.chunks).values(leaves=bytes(32 * 256)))
    assert len(verify_store(ledger).faults) <= FAULTS_LIMIT + 1


def test_a_store_of_another_log_or_key_is_refused(filled: Ledger, url: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="holds another log"):
        Ledger.open(url=url, key_file=tmp_path / "other.key", origin="other.example.com").close()
    with pytest.raises(LedgerError, match="was signed by"):
        Ledger.open(url=url, key_file=tmp_path / "new.key", origin=filled.origin).close()


def test_entries_of_a_later_version_are_not_guessed_at(filled: Ledger) -> None:
    engine = open_engine(str(filled.engine.url.render_as_string(hide_password=False)))
    with engine.begin() as connection:
        row = connection.execute(select(tables.chunks).where(tables.chunks.c.start == 300)).one()
        data = row.bundle.replace(b'"version":1', b'"version":2')
        connection.execute(update(tables.chunks).where(tables.chunks.c.start == 300).values(bundle=data))
    engine.dispose()
    assert "entry of version 2, expected 1" in verify_store(filled).faults[-1]


@pytest.mark.parametrize(
    ("name", "cut", "said"),
    [
        ("bundle", slice(0, -1), "ends inside entry"),
        ("bundle", slice(0, 0), "0 entries from 0 on, the row says 256"),
        ("leaves", slice(0, -1), "leaf hashes from 0 on are missing"),
        ("leaves", slice(0, -32), "leaf hashes from 0 on are missing"),
    ],
)
def test_a_cut_row_is_named(filled: Ledger, name: str, cut: slice, said: str) -> None:
    with filled.engine.begin() as connection:
        row = connection.execute(select(tables.chunks).where(tables.chunks.c.start == 0)).one()
        changed = {name: row._mapping[name][cut]}
        connection.execute(update(tables.chunks).where(tables.chunks.c.start == 0).values(**changed))
    assert any(said in line for line in verify_store(filled).faults)
    with pytest.raises(VerificationError):
        filled.entry(200)


def test_an_export_of_a_store_that_lost_entries_fails(filled: Ledger, tmp_path: Path) -> None:
    with filled.engine.begin() as connection:
        connection.execute(delete(tables.chunks).where(tables.chunks.c.start == 256))
    with pytest.raises(VerificationError, match="store holds 2 of the 46 entries from 256 on"):
        export(filled, tmp_path / "log")
    assert not (tmp_path / "log/checkpoint").exists()


def test_an_examination_over_the_limit_is_refused(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    # The real limit would take 256 MiB, more than once, to pass.
    monkeypatch.setattr("brightline.ledger.entry.EXAMINATION_LIMIT_BYTES", 1000)
    with pytest.raises(LedgerError, match="expected at most 1000"):
        ledger.record([make_item(1, "x" * 1000)])
