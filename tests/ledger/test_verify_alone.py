"""The stand-alone verifier over exported folders: clean ones pass, and whatever is touched is named."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ledger_parts import ORIGIN, make_item, make_items, open_ledger

from brightline.core.errors import LedgerError, VerificationError
from brightline.ledger import verify
from brightline.ledger.export import export
from brightline.ledger.keys import new_key, vkey
from brightline.ledger.ledger import Ledger
from brightline.ledger.note import Algorithm, cosign, parse_note

WITNESS = new_key("witness.example.com", Algorithm.COSIGNATURE)


class Exported:
    """A log of 300 entries exported at 3, 260 and 300, cosigned, with proofs and an older checkpoint."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "log"
        self.old = folder / "old-checkpoint"
        self.proof = folder / "entry.tlog-proof"
        with open_ledger(folder) as ledger:
            for size in (3, 260, 300):
                ledger.record(make_items(ledger.size, size))
                line = cosign(parse_note(ledger.checkpoint()).text, WITNESS, 1_700_000_000)
                ledger.add_cosignatures(str(line), [vkey(WITNESS)])
                export(ledger, self.folder)
            self.old.write_text(ledger.checkpoint(260))
            self.proof.write_text(ledger.prove(259))
            self.key = ledger.vkey
        self.arguments = [str(self.folder), "--key", self.key, "--witness", vkey(WITNESS)]
        self.arguments += ["--old", str(self.old), "--proof", str(self.proof)]

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return Exported(tmp_path_factory.mktemp("exported"))


@pytest.fixture
def copy(exported: Exported, tmp_path: Path) -> Path:
    """A folder of its own to spoil."""
    return Path(shutil.copytree(exported.folder, tmp_path / "copy"))


def faults(folder: Path, exported: Exported, old: Path | None = None) -> list[str]:
    return verify.verify(folder, exported.key, [vkey(WITNESS)], [old] if old else [], []).faults


def test_it_runs_alone_with_only_the_standard_library_and_cryptography(
    exported: Exported, tmp_path: Path
) -> None:
    alone = shutil.copy(verify.__file__, tmp_path / "verify.py")
    done = subprocess.run(
        [sys.executable, "-I", alone, *exported.arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "verified: the log of 300 continues that of 260"
    assert done.stdout.splitlines()[1].startswith(f"verified: {ORIGIN}: 300 entries, root ")
    assert "entry 259 is in log.example.com/decisions of size 300" in done.stdout
    source = Path(alone).read_text()
    assert "brightline." not in source.replace("``", "")


def test_a_clean_export_verifies_and_says_so(exported: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main(exported.arguments) == 0
    assert verify.main(["--key", exported.key, "--proof", str(exported.proof)]) == 0
    assert capsys.readouterr().err == ""


def test_an_empty_log_verifies(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        export(ledger, tmp_path / "log")
        assert verify.main([str(tmp_path / "log"), "--key", ledger.vkey]) == 0


def test_one_flipped_bit_anywhere_in_any_file_is_caught(exported: Exported) -> None:
    """Every byte of small files, and 400 random ones of the entry bundles."""
    chosen = random.Random(45438)
    for path in exported.files():
        good = path.read_bytes()
        places = range(len(good)) if len(good) < 500 else sorted(chosen.sample(range(len(good)), 60))
        for at in places:
            bad = good[:at] + bytes([good[at] ^ (1 << chosen.randrange(8))]) + good[at + 1 :]
            path.write_bytes(bad)
            found = faults(exported.folder, exported)
            path.write_bytes(good)
            assert found, f"{path} byte {at}"
            assert len(found) <= 3
    assert faults(exported.folder, exported) == []


def test_the_fault_names_the_entry(copy: Path, exported: Exported) -> None:
    path = copy / "tile/entries/000"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    assert faults(copy, exported)[0] == "tile/0/000: its hash of entry 0 does not fit"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("tile/entries/000", lambda data: data[:-1], "ends inside entry 255"),
        ("tile/entries/000", lambda data: data + b"\x00\x00", "257 entries, expected 256"),
        ("tile/entries/000", lambda _: b"x" * (verify.BUNDLE_LIMIT_BYTES + 1), "larger than"),
        ("tile/entries/001.p/44", lambda data: data + b"\x00\x01x", "45 entries, expected 44"),
        ("tile/0/000", lambda data: data[:-1], "8191 bytes, expected 8192"),
        ("tile/1/000.p/1", lambda data: data + data, "64 bytes, expected 32"),
        ("checkpoint", lambda data: data.replace(b"300", b"299"), "does not hold"),
        ("checkpoint", lambda data: b"\xff" + data, "not UTF-8"),
        ("checkpoint", lambda data: b"\t" + data, "control characters"),
        ("checkpoint", lambda _: b"nothing", "no signed checkpoint"),
        ("checkpoint", lambda data: data.split(b"\n\n")[0] + b"\n\nx y\n", "malformed signature"),
    ],
)
def test_spoiled_files_are_named(
    copy: Path, exported: Exported, name: str, change: object, said: str
) -> None:
    path = copy / name
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]  # parametrised
    found = faults(copy, exported)
    assert any(said in line and name in line for line in found), found


def test_missing_and_foreign_files_are_named(copy: Path, exported: Exported) -> None:
    (copy / "tile/1/000.p/1").unlink()
    (copy / "tile/0/007").write_bytes(b"x")
    (copy / "tile/note.txt").write_text("x")
    (copy / "tile/entries/.000.part").write_text("an export was cut short here")
    found = faults(copy, exported)
    assert found[0] == "tile/1/000.p/1: missing"
    assert sorted(found[1:]) == [
        "tile/0/007: beyond the checkpoint of size 300",
        "tile/note.txt: not a file of a log",
    ]
    (copy / "tile/entries/000").unlink()
    (copy / "tile/0/000").unlink()
    assert "nothing after it can be checked" in faults(copy, exported)[1]


def test_an_older_partial_tile_must_be_a_prefix_of_what_followed(copy: Path, exported: Exported) -> None:
    assert (copy / "tile/0/001.p/4").exists()
    (copy / "tile/0/001.p/4").write_bytes(bytes(128))
    (copy / "tile/entries/001.p/4").write_bytes(b"\x00\x09")
    assert faults(copy, exported) == [
        "tile/0/001.p/4: differs from the wider tile that followed it",
        "tile/entries/001.p/4: differs from the wider tile that followed it",
    ] or sorted(faults(copy, exported)) == sorted(
        [f"tile/{kind}/001.p/4: differs from the wider tile that followed it" for kind in ("0", "entries")]
    )


def test_rewritten_history_is_caught_by_an_older_checkpoint(tmp_path: Path) -> None:
    """The operator himself, with the key, makes another log: only somebody's older checkpoint can tell."""
    with open_ledger(tmp_path) as ledger:
        ledger.record(make_items(0, 280))
        (tmp_path / "old").write_text(ledger.checkpoint())
    (tmp_path / "ledger.sqlite").unlink()
    with open_ledger(tmp_path) as forged:
        forged.record([*make_items(0, 100), make_item(100, "forged"), *make_items(101, 300)])
        export(forged, tmp_path / "log")
        clean = verify.verify(tmp_path / "log", forged.vkey, [], [], [])
        report = verify.verify(tmp_path / "log", forged.vkey, [], [tmp_path / "old"], [])
    assert clean.code == 0
    assert report.code == 1
    assert "history was rewritten" in report.faults[0]


def test_a_log_that_lost_entries_is_caught_by_an_older_checkpoint(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record(make_items(0, 5))
        export(ledger, tmp_path / "log")
        ledger.record(make_items(5, 9))
        (tmp_path / "newer").write_text(ledger.checkpoint())
        report = verify.verify(tmp_path / "log", ledger.vkey, [], [tmp_path / "newer"], [])
    assert "entries were taken away" in report.faults[0]


def test_the_tree_is_checked_above_65536_entries_too(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        items = make_items(0, 256)
        for _ in range(258):
            ledger.record(items)
        (tmp_path / "old").write_text(ledger.checkpoint(65_536))
        export(ledger, tmp_path / "log")
        report = verify.verify(tmp_path / "log", ledger.vkey, [], [tmp_path / "old"], [])
        assert (report.code, report.faults) == (0, [])
        for name in ("tile/2/000.p/1", "tile/1/001.p/2", "tile/1/000"):
            path = tmp_path / "log" / name
            good = path.read_bytes()
            path.write_bytes(bytes([good[0] ^ 1]) + good[1:])
            assert verify.verify(tmp_path / "log", ledger.vkey, [], [], []).code == 1
            path.write_bytes(good)
        stored = tmp_path / "log/tile/0"
        for path in stored.rglob("*"):
            if path.is_file():
                path.write_bytes(bytes(path.stat().st_size))
        assert len(verify.verify(tmp_path / "log", ledger.vkey, [], [], []).faults) <= verify.FAULTS_LIMIT + 5


def test_what_cannot_be_read_is_not_called_clean(
    exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify.main([str(tmp_path), "--key", exported.key]) == 2
    assert verify.main([str(exported.folder), "--key", "no key"]) == 2
    assert verify.main([str(exported.folder), "--key", exported.key.replace("+", "+00", 1)]) == 2
    assert verify.main([str(exported.folder), "--key", vkey(WITNESS)]) == 2
    assert verify.main([str(exported.folder), "--key", exported.key, "--old", str(tmp_path / "none")]) == 2
    assert verify.main(["--key", exported.key, "--proof", str(tmp_path / "none")]) == 2
    err = capsys.readouterr().err
    assert err.count("cannot tell: ") == len(err.splitlines()) == 6
    for wrong in (["--key", exported.key], ["--key", exported.key, "--old", "x", "--proof", "y"]):
        with pytest.raises(SystemExit) as caught:
            verify.main(wrong)
        assert caught.value.code == 2


def test_a_missing_witness_and_a_strangers_log_are_faults(exported: Exported) -> None:
    other = new_key("witness.example.com", Algorithm.COSIGNATURE)
    assert verify.main([str(exported.folder), "--key", exported.key, "--witness", vkey(other)]) == 1
    stranger = new_key(ORIGIN)
    assert verify.main([str(exported.folder), "--key", vkey(stranger)]) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("index 259", "index 258"),
        lambda text: text.replace("index 259", "index 999"),
        lambda text: text.replace("index 259", "index x"),
        lambda text: text.replace("@v1", "@v2"),
        lambda text: text.replace("extra ey", "extra eX"),
        lambda text: text.replace("\n\n", "\n" + "A" * 43 + "=\n\n", 1),
        lambda text: text.replace("\n300\n", "\n301\n"),
    ],
)
def test_a_touched_proof_is_refused(exported: Exported, tmp_path: Path, change: object) -> None:
    path = tmp_path / "x.tlog-proof"
    path.write_text(change(exported.proof.read_text()))  # type: ignore[operator]  # parametrised
    assert verify.main(["--key", exported.key, "--proof", str(path)]) == 1


def test_an_export_goes_on_where_it_stopped_and_keeps_only_what_is_needed(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.record(make_items(0, 250))
        first = export(ledger, tmp_path / "log")
        again = export(ledger, tmp_path / "log")
        ledger.record(make_items(250, 600))
        second = export(ledger, tmp_path / "log")
        assert (first.size, first.before, again.files) == (250, 0, 0)
        assert (second.size, second.before, second.files) == (600, 250, 7)
        assert not (tmp_path / "log/tile/0/000.p").exists()
        assert verify.verify(tmp_path / "log", ledger.vkey, [], [], []).code == 0


def test_an_export_refuses_a_folder_of_another_log(tmp_path: Path) -> None:
    def make(name: str, *numbers: int) -> Ledger:
        (tmp_path / name).mkdir()
        if name != "a":
            shutil.copy(tmp_path / "a/ledger.key", tmp_path / name / "ledger.key")
        opened = open_ledger(tmp_path / name)
        opened.record([make_item(number) for number in numbers])
        return opened

    with make("a", 1, 2) as first, make("b", 1, 3) as second, make("c", 1) as third:
        export(first, tmp_path / "log")
        with pytest.raises(VerificationError, match="another history"):
            export(second, tmp_path / "log")
        with pytest.raises(VerificationError, match="the ledger only 1"):
            export(third, tmp_path / "log")
        (tmp_path / "log/checkpoint").write_bytes(b"\xff")
        with pytest.raises(VerificationError, match="not a checkpoint of this log"):
            export(first, tmp_path / "log")
        (tmp_path / "file").write_text("")
        with pytest.raises(LedgerError, match="ledger store: "):
            export(first, tmp_path / "file")


def test_a_file_that_may_not_be_read_leaves_it_open(copy: Path, exported: Exported) -> None:
    (copy / "tile/0/000").unlink()
    (copy / "tile/0/000").mkdir()
    report = verify.verify(copy, exported.key, [], [], [])
    assert (report.code, len(report.unknown)) == (2, 1)
    assert os.strerror(21) in report.unknown[0]


def test_a_key_that_is_no_text_is_told_and_no_traceback(exported: Exported) -> None:
    report = verify.verify(exported.folder, "log\udc95" + exported.key, [], [], [])
    assert (report.code, len(report.unknown)) == (2, 1)
