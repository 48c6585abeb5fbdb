"""A house is backed up while it works, destroyed and restored: every row, every content, the same ledger head; on either database."""

import gzip
import hashlib
import io
import random
import shutil
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    text,
)

from brightline.assembly import existing_ledger
from brightline.core.errors import LedgerError, VerificationError
from brightline.core.subject import Context
from brightline.doors.cli.backup import files, parts
from brightline.doors.cli.main import outcome
from brightline.doors.gateway.store import KeyRow
from brightline.doors.gateway.store import Store as Gateway
from brightline.doors.service.serve import open_state
from brightline.review import content, people, submissions
from brightline.review.backup import archive
from brightline.review.backup.create import create
from brightline.review.backup.parts import one_moment, there
from brightline.review.backup.restore import rehearse, restore
from brightline.review.backup.rows import Sum, batches_of, put_batch, rows_of, tables_of
from brightline.review.people import Role
from brightline.review.store import open_store
from brightline.review.submissions import Offer
from serving import served

KINDS = ["sqlite", "postgresql"]
CONTEXT = Context(channel="api", time="2026-11-24T12:00:00Z")
BEFORE = 12  # submissions that are judged before the backup begins
BIG = random.Random(5).randbytes(2_500_000)  # three pieces of content


def offer(name: str, data: bytes) -> Offer:
    asked = hashlib.sha256(data).hexdigest()
    return Offer(tenant="house", name=name, data=data, context=CONTEXT, asked=asked, key=name)


def hand_in(store, numbers, setting):
    for number in numbers:
        words = f"You have won prize {number}! Send a gift card today."
        submissions.accept(store, [offer(f"n{number}", words.encode())], setting)


def waiting(store):
    with store.reading() as connection:
        return submissions.waiting(connection)


def until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "too slow"
        time.sleep(0.05)


def rows(settings):
    """Every row of a house, in an order of its own."""
    with one_moment(settings, parts()) as at:
        return {
            f"{part.name}/{table.name}": sorted(rows_of(at[part.name], table))
            for part in parts() if part.name in at
            for table in tables_of(at[part.name], there(at[part.name], part))
        }  # fmt: skip


def destroy(settings):
    shutil.rmtree(settings.home)
    if settings.database:
        engine = create_engine(settings.database.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            schema = connection.execute(text("SELECT current_schema()")).scalar()
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        engine.dispose()


def small(settings):
    """A house at rest with one judged text, one waiting content and a key of the gateway."""
    with open_state(settings) as state, served(state):
        people.add_person(state.store, "house", "ann", "Ann", (Role.ADMIN,), "correct horse battery")
        hand_in(state.store, [1], state.setting)
        until(lambda: not waiting(state.store))
    with open_store(settings) as store:
        submissions.accept(store, [offer("big", BIG)], settings.service)
    gateway = Gateway(settings)
    gateway.add_key(KeyRow("k1", hashlib.sha256(b"k").digest(), b"{}", ""))
    gateway.close()
    return settings


@pytest.mark.parametrize("kind", KINDS)
def test_a_house_at_work_is_backed_up_destroyed_and_restored(house, kind, tmp_path):
    settings, path = house("h", kind), tmp_path / "house.backup"
    secret, public = archive.new_identity()
    (tmp_path / "id.txt").write_text(f"# ours\n{secret}\n")
    with open_state(settings) as state, served(state):
        hand_in(state.store, range(BEFORE), state.setting)
        submissions.accept(state.store, [offer("big", BIG)], state.setting)
        until(lambda: waiting(state.store) == 0)
        stopped = threading.Event()
        writer = threading.Thread(
            target=lambda: [
                hand_in(state.store, [number], state.setting)
                for number in range(BEFORE, 10_000) if not stopped.is_set()
            ]
        )  # fmt: skip
        writer.start()
        try:
            until(lambda: waiting(state.store) > 2)
            made = create(settings, path, parts(), files(), recipients=[public], keys=True)
            until(lambda: existing_size(settings) > made.end.size)  # it went on meanwhile
        finally:
            stopped.set()
            writer.join()
    assert made.end.size >= BEFORE
    assert b"gift card" not in path.read_bytes()
    destroy(settings)

    done = restore(settings, path, parts(), files(), identities=tmp_path / "id.txt", key=made.begin.vkey)
    assert done.missing == ()
    with existing_ledger(settings) as ledger:
        head = ledger.head()
        recorded = {one.decision.subject for one in ledger.entries()}
    assert (head.size, head.root.hex()) == (made.end.size, made.end.root)
    now = rows(settings)
    told = {name: one.rows for name, one in made.end.tables.items()}
    assert {name: len(held) for name, held in now.items()} == told
    with open_store(settings) as store:
        with store.reading() as connection:
            found = submissions.page(connection, "house", count=200)
        judged = [one for one in found if one.state == "done"]
        assert len(judged) >= BEFORE
        assert all(one.entry < head.size and one.digest in recorded for one in judged)  # one moment for both
        assert b"".join(content.read(store, found[-1].content, "house")).startswith(b"You have won prize 0!")
        big = next(one for one in found if one.name == "big")
        assert b"".join(content.read(store, big.content, "house")) == BIG
    with open_state(settings) as state, served(state):  # what was waiting is judged by the restored house
        until(lambda: not waiting(state.store))
    with existing_ledger(settings) as ledger:
        assert ledger.size == head.size + len(found) - len(judged)


def existing_size(settings):
    with existing_ledger(settings, check=False) as ledger:
        return ledger.size


@pytest.mark.parametrize(("kind", "other"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_backup_is_restored_into_the_other_database_row_by_row(house, kind, other, tmp_path):
    settings, target = small(house("h", kind)), house("t", other)
    made = create(settings, tmp_path / "b", parts(), files(), recipients=[], keys=False)
    target.home.mkdir()
    for name in made.begin.checks:
        shutil.copy(settings.home / name, target.home / name)
    restore(target, tmp_path / "b", parts(), files(), identities=None, key="")
    before, after = rows(settings), rows(target)
    assert {name: held for name, held in after.items() if held or name in before} == before
    assert after["gateway/gateway_keys"]
    assert after["service/pieces"]
    with existing_ledger(target) as ledger, existing_ledger(settings) as old:
        assert ledger.head() == old.head()


@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_replaces_nothing(house, kind, tmp_path):
    settings = small(house("h", kind))
    create(settings, tmp_path / "b", parts(), files(), recipients=[], keys=False)
    before = rows(settings)
    with pytest.raises(LedgerError, match="already"):
        restore(settings, tmp_path / "b", parts(), files(), identities=None, key="")
    with pytest.raises(LedgerError, match="already"):
        create(settings, tmp_path / "b", parts(), files(), recipients=[], keys=False)
    assert rows(settings) == before


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A plain backup of a small house, its home, and an encrypted one with keys."""
    from brightline.settings import Settings

    folder = tmp_path_factory.mktemp("kept")
    settings = small(Settings(home=folder / "h", jobs=1))
    secret, public = archive.new_identity()
    (folder / "id.txt").write_text(secret)
    create(settings, folder / "plain", parts(), files(), recipients=[], keys=False)
    create(settings, folder / "sealed", parts(), files(), recipients=[public], keys=True)
    return folder


def check(path: Path, identities: Path | None = None, key: str = ""):
    return rehearse(path, parts(), files(), identities=identities, key=key, scratch=None)


def members(path):
    with tarfile.open(path) as tar:
        return [(one.name, tar.extractfile(one).read()) for one in tar]


def pack(path, found):
    with gzip.open(path, "wb") as packed, tarfile.open(mode="w|", fileobj=packed) as tar:
        for name, data in found:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_any_byte_of_any_member_that_is_changed_is_noticed(kept, tmp_path):
    found = members(kept / "plain")
    assert check(kept / "plain").end.size == 1
    for number, (name, data) in enumerate(found):
        place = random.Random(number).randrange(len(data))
        other = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        pack(tmp_path / "other", [*found[:number], (name, other), *found[number + 1 :]])
        with pytest.raises((VerificationError, LedgerError)):
            check(tmp_path / "other")


def test_a_member_left_out_doubled_or_moved_is_noticed(kept, tmp_path):
    found = members(kept / "plain")
    for number in range(len(found)):
        pack(tmp_path / "less", found[:number] + found[number + 1 :])
        with pytest.raises((VerificationError, LedgerError)):
            check(tmp_path / "less")
    pack(tmp_path / "moved", [found[0], found[2], found[1], *found[3:]])
    with pytest.raises(VerificationError):
        check(tmp_path / "moved")
    pack(tmp_path / "doubled", [*found[:2], *found[1:]])
    with pytest.raises((VerificationError, LedgerError)):
        check(tmp_path / "doubled")


@pytest.mark.parametrize("name", ["plain", "sealed"])
def test_a_backup_that_is_cut_off_anywhere_is_no_backup(kept, name, tmp_path):
    data = (kept / name).read_bytes()
    for share in (0.0, 0.001, 0.2, 0.6, 0.9, 0.999):
        (tmp_path / "cut").write_bytes(data[: int(len(data) * share)])
        with pytest.raises((VerificationError, LedgerError)):
            check(tmp_path / "cut", kept / "id.txt")


def test_a_sealed_backup_opens_for_its_identity_alone_and_shows_every_change(kept, tmp_path):
    assert check(kept / "sealed", kept / "id.txt").end.files == ("ledger.key", "service.key")
    with pytest.raises(LedgerError, match="--identity"):
        check(kept / "sealed")
    (tmp_path / "id.txt").write_text(archive.new_identity()[0])
    with pytest.raises(VerificationError, match="does not open"):
        check(kept / "sealed", tmp_path / "id.txt")
    data = bytearray((kept / "sealed").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "changed").write_bytes(data)
    with pytest.raises(VerificationError):
        check(tmp_path / "changed", kept / "id.txt")


def test_a_backup_of_another_ledger_is_refused(kept):
    other = "brightline.local/ledger+00000000+ARojO4bTPZkeLZZBRbvmF87N5ASFOLmggnRY6ZUSK3rX"
    with pytest.raises(LedgerError):
        check(kept / "plain", key=other)
    vkey = check(kept / "plain").begin.vkey
    assert check(kept / "plain", key=vkey).begin.vkey == vkey


def test_without_its_keys_nothing_is_restored_and_another_key_is_refused(kept, tmp_path):
    from brightline.settings import Settings

    target = Settings(home=tmp_path / "t", jobs=1)
    with pytest.raises(LedgerError, match="holds no keys"):
        restore(target, kept / "plain", parts(), files(), identities=None, key="")
    shutil.copy(kept / "h/ledger.key", target.home)
    (target.home / "service.key").write_bytes(bytes(32))
    with pytest.raises(LedgerError, match="not the key"):
        restore(target, kept / "plain", parts(), files(), identities=None, key="")
    assert sorted(one.name for one in target.home.iterdir()) == ["ledger.key", "service.key"]


def test_keys_are_never_written_into_a_readable_file(kept, tmp_path):
    from brightline.settings import Settings

    with pytest.raises(LedgerError, match="--to"):
        create(Settings(home=kept / "h"), tmp_path / "b", parts(), files(), recipients=[], keys=True)
    secret = (kept / "h/service.key").read_bytes()
    assert all(secret not in data for _, data in members(kept / "plain"))
    assert not (tmp_path / "b").exists()


def test_a_small_file_that_unpacks_to_much_is_refused_in_little_memory(tmp_path):
    class Zeros(io.RawIOBase):
        def read(self, size=-1):
            return bytes(size)

    with gzip.open(tmp_path / "bomb", "wb") as packed, tarfile.open(mode="w|", fileobj=packed) as tar:
        member = tarfile.TarInfo("begin.json")
        member.size = 600 * 1024 * 1024
        tar.addfile(member, Zeros())
    with pytest.raises(VerificationError, match="none that we write"):
        check(tmp_path / "bomb")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_backup_or_one_clear_refusal(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "b"
    for head in (b"", archive.AGE, archive.GZIP):
        path.write_bytes(head + data)
        with pytest.raises((LedgerError, VerificationError)):
            check(path)


VALUES = st.tuples(
    st.integers(-(2**63), 2**63 - 1), st.binary(max_size=60) | st.none(),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30), st.floats(allow_nan=False),
)  # fmt: skip


@given(st.lists(VALUES, max_size=20))
def test_rows_of_any_values_come_back_as_they_were(found):
    table = Table(
        "t", MetaData(), Column("n", Integer, nullable=False), Column("b", LargeBinary), Column("s", String, nullable=False),
        Column("f", Float, nullable=False),
    )  # fmt: skip
    first, second = create_engine("sqlite://"), create_engine("sqlite://")
    with first.connect() as one, second.connect() as two:
        table.create(one)
        table.create(two)
        if found:
            one.execute(insert(table), [dict(zip("nbsf", row, strict=True)) for row in found])
        told, taken = Sum(), Sum()
        for data in batches_of(one, table, told):
            put_batch(two, table, data, taken)
        assert told == taken
        assert sorted(rows_of(one, table)) == sorted(rows_of(two, table))
    first.dispose()
    second.dispose()


def test_the_commands_tell_what_they_did_in_both_languages(kept, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("BRIGHTLINE_HOME", str(kept / "h"))
    assert outcome(["backup", "identity", str(tmp_path / "id")]) == 0
    public = capfd.readouterr().out.splitlines()[0]
    assert (tmp_path / "id").stat().st_mode & 0o777 == 0o600
    assert outcome(["backup", "identity", str(tmp_path / "id")]) == 2
    assert outcome(["backup", "create", str(tmp_path / "b"), "--to", public, "--keys"]) == 0
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    assert outcome(["backup", "create", str(tmp_path / "c"), "--to", "age1nothing"]) == 2
    assert outcome(["backup", "verify", str(tmp_path / "b"), "--identity", str(tmp_path / "id")]) == 0
    assert "verified: signed by" in capfd.readouterr().out
    monkeypatch.setenv("BRIGHTLINE_HOME", str(tmp_path / "t"))
    assert (
        outcome(
            ["backup", "restore", str(tmp_path / "b"), "--identity", str(tmp_path / "id"), "--language", "zh"]
        )
        == 0
    )
    assert "账本 1 条记录" in capfd.readouterr().out
    assert outcome(["ledger", "verify"]) == 0
    cut = tmp_path / "cut"
    cut.write_bytes((tmp_path / "b").read_bytes()[:-10])
    assert (
        outcome(["backup", "verify", str(cut), "--identity", str(tmp_path / "id"), "--language", "zh"]) == 1
    )
    assert "篡改" in capfd.readouterr().out


@pytest.mark.skipif(shutil.which("tar") is None, reason="no tar on this machine")
def test_standard_tools_read_a_backup(kept):
    ran = subprocess.run(["tar", "tzf", kept / "plain"], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[0] == "begin.json"
    assert ran.stdout.splitlines()[-1] == "end.note"
