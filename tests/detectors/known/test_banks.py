import hashlib
import io
import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from brightline.core.errors import BankError
from brightline.core.harm import Harm
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.known.banks import bank_from_subjects, compile_rows, open_bank
from brightline.detectors.known.rows import HashType, Row, inspect, read, write_rows
from brightline.settings import BankSetting

TEXT = "your parcel waits for a small customs fee"
TLSH = "T118F09524E6514D7D1F175ADC904E44DF554FCDE302C5002517F186D1C510294440ED1D"


def setting(path, **more) -> BankSetting:
    return BankSetting(name="bank", path=path, harm="fraud_ai", **more)


def rows(path):
    return list(read(inspect(path)))


def write(path, content: str):
    path.write_bytes(content.encode())
    return path


def test_csv_rows_of_all_five_types(tmp_path):
    content = f'type,value,id,note\nsha256,{"A" * 64},one,\npdq,{"0f" * 32},two,seen in May\ntlsh,{TLSH[2:].lower()},,\ntext,"{TEXT},\nnow",four,\nvideo,{"0" * 72},five,\n'
    found = rows(write(tmp_path / "bank.csv", content))
    assert [row.type for row in found] == list(HashType)
    assert found[0] == Row(type=HashType.SHA256, value="a" * 64, id="one")
    assert found[2] == Row(type=HashType.TLSH, value=TLSH, id="4")
    assert found[3].value == f"{TEXT},\nnow"


def test_jsonl_pdq_lists_and_plain_texts(tmp_path):
    lines = "\n".join(
        [
            json.dumps({"type": "pdq", "value": "ab" * 32, "id": "一"}),
            "",
            json.dumps({"type": "text", "value": TEXT}),
        ]
    )
    assert [row.id for row in rows(write(tmp_path / "bank.jsonl", lines))] == ["一", "3"]
    listed = rows(write(tmp_path / "bank.pdq", f"# comment\n{'AB' * 32}\n{'cd' * 32},second\n"))
    assert [(row.value, row.id) for row in listed] == [("ab" * 32, "2"), ("cd" * 32, "second")]
    texts = rows(write(tmp_path / "bank.txt", f"\ufeff{TEXT}\r\n\r\n尊敬的客户您的积分即将过期\r\n"))
    assert [row.value for row in texts] == [TEXT, "尊敬的客户您的积分即将过期"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("b.csv", "", r"b\.csv:0: columns are ``"),
        ("b.csv", "kind,value\n", r"b\.csv:1: columns are `kind,value`"),
        ("b.csv", "type,value,type\n", "b.csv:1: columns"),
        ("b.csv", "type,value\nsha256,12\n", r"b\.csv:2: `12` is no sha256: expected 64 hex digits"),
        ("b.csv", f"type,value\nmd5,{'0' * 64}\n", r"b\.csv:2: type is `md5`"),
        ("b.csv", f"type,value\npdq,{'0' * 64},x\n", r"b\.csv:2: 3 cells, expected 2"),
        ("b.csv", 'type,value\ntext,"open\n', "not CSV"),
        ("b.csv", f"type,value,id\npdq,{'0' * 64},{'i' * 201}\n", "id is longer than 200"),
        ("b.jsonl", '{"type":"pdq"}\n', r"b\.jsonl:1: object missing required field `value`"),
        ("b.jsonl", '{"type":"pdq","value":"%s","extra":1}\n' % ("0" * 64), "unknown field `extra`"),
        ("b.jsonl", "\n{oops}\n", r"b\.jsonl:2: "),
        ("b.jsonl", '{"type":"pdq","value":"%s","id":"a\\nb"}\n' % ("0" * 64), "control characters"),
        ("b.pdq", "0" * 63 + "\n", r"b\.pdq:1: .* is no pdq"),
        ("b.pdq", "0" * 63 + "g\n", "is no pdq"),
        ("b.txt", "a perfectly fine known text\nhello\n", r"b\.txt:2: the text has fewer than 4 words"),
        ("b.xlsx", "", "ends in none of .csv, .jsonl, .pdq, .txt"),
        ("b.csv", f"type,value\ntlsh,{'0' * 69}Z\n", "is no TLSH"),
    ],
)
def test_malformed_banks_are_refused_with_their_line(tmp_path, name, content, words):
    with pytest.raises(BankError, match=words):
        rows(write(tmp_path / name, content))


def test_bytes_that_are_no_utf8_and_endless_lines_are_refused(tmp_path):
    (tmp_path / "bank.txt").write_bytes("短信诈骗话术样本".encode("gb18030"))
    with pytest.raises(BankError, match=r"bank\.txt:1: byte 1 is not UTF-8"):
        rows(tmp_path / "bank.txt")
    (tmp_path / "bank.txt").write_bytes(b"word " * 100_000)
    with pytest.raises(BankError, match="longer than 262144 bytes"):
        rows(tmp_path / "bank.txt")
    with pytest.raises(BankError, match="cannot read bank"):
        rows(tmp_path / "missing.txt")


def test_a_seal_is_checked(tmp_path):
    known = [Row(type=HashType.PDQ, value="0f" * 32, id="one"), Row(type=HashType.TEXT, value=TEXT, id="two")]
    assert write_rows(known, tmp_path / "bank.jsonl") == 2
    assert inspect(tmp_path / "bank.jsonl").sealed
    assert rows(tmp_path / "bank.jsonl") == known
    whole = (tmp_path / "bank.jsonl").read_bytes()
    (tmp_path / "bank.jsonl").write_bytes(whole[:-1])
    with pytest.raises(BankError, match="cut short or changed"):
        inspect(tmp_path / "bank.jsonl")


def test_a_bank_that_changes_while_it_is_read_is_refused(tmp_path):
    file = inspect(write(tmp_path / "bank.txt", TEXT))
    write(tmp_path / "bank.txt", TEXT + " today")
    with pytest.raises(BankError, match="changed while it was read"):
        list(read(file))


@settings(deadline=None)
@given(
    st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40),
    st.binary(min_size=32, max_size=32),
)
def test_digests_are_found_exactly_when_they_are_there(digests, stranger):
    known = compile_rows(Row(type=HashType.SHA256, value=one.hex(), id=one.hex()) for one in digests)
    for one in digests:
        assert known.name(HashType.SHA256, known.sha256_row(one)) == one.hex()
    assert (known.sha256_row(stranger) >= 0) == (stranger in digests)


def test_digests_that_end_in_zeros_are_told_apart():
    digests = [bytes(32), b"\1" + bytes(31), b"\1\1" + bytes(30), bytes(31) + b"\1"]
    known = compile_rows(Row(type=HashType.SHA256, value=one.hex(), id=one.hex()) for one in digests)
    assert all(known.name(HashType.SHA256, known.sha256_row(one)) == one.hex() for one in digests)


def test_repeated_hashes_are_kept_once_under_the_first_id():
    known = compile_rows(
        Row(type=HashType.PDQ, value="0f" * 32, id=f"item {number}") for number in range(1000)
    )
    assert len(known.pdq) == 1
    assert known.name(HashType.PDQ, 0) == "item 0"


def test_a_compiled_bank_is_kept_and_an_edited_one_compiled_anew(tmp_path):
    home = tmp_path / "home"
    path = write(tmp_path / "bank.csv", f"type,value,id\npdq,{'0f' * 32},first\ntext,{TEXT},second\n")
    first = open_bank(setting(path), home)
    assert first.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    folders = list((home / "banks").iterdir())
    assert [folder.name for folder in folders] == [f"{first.digest}.2"]
    stamp = (folders[0] / "hashes.npy").stat().st_mtime_ns
    again = open_bank(setting(path), home)
    assert (folders[0] / "hashes.npy").stat().st_mtime_ns == stamp
    assert again.known.name(HashType.PDQ, 0) == "first"
    write(path, path.read_text() + f"pdq,{'ff' * 32},third\n")
    assert len(open_bank(setting(path), home).known.pdq) == 2
    assert len(list((home / "banks").iterdir())) == 2


@pytest.mark.parametrize("name", ["bank.json", "hashes.npy", "tlsh.npy", "text_keys.npy", "letters.npy"])
def test_a_damaged_compiled_bank_is_compiled_again(tmp_path, name):
    path = write(tmp_path / "bank.csv", f"type,value\npdq,{'0f' * 32}\ntext,{TEXT}\ntlsh,{TLSH}\n")
    open_bank(setting(path), tmp_path)
    folder = next((tmp_path / "banks").iterdir())
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    assert len(open_bank(setting(path), tmp_path).known.pdq) == 1
    assert (folder / name).read_bytes() == whole
    (folder / name).unlink()
    assert len(open_bank(setting(path), tmp_path).known.text) == 1


def test_without_a_place_to_keep_it_a_bank_stays_in_memory(tmp_path):
    path = write(tmp_path / "bank.pdq", "0f" * 32 + "\n")
    (tmp_path / "home").write_text("a file where the folder would be")
    assert len(open_bank(setting(path), tmp_path / "home").known.pdq) == 1
    assert len(open_bank(setting(path), None).known.pdq) == 1


def test_an_accusing_bank_names_its_harm(tmp_path):
    path = write(tmp_path / "bank.pdq", "0f" * 32 + "\n")
    assert open_bank(setting(path), None).harm is Harm.FRAUD_AI
    assert open_bank(BankSetting(name="ours", path=path, allow=True), None).harm is None
    for harm in ("", "nonsense"):
        with pytest.raises(BankError, match="set `harm` to one of"):
            open_bank(BankSetting(name="bank", path=path, harm=harm), None)


def test_example_files_become_rows_that_know_them(tmp_path):
    rng = np.random.default_rng(2)
    picture = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize(
        (200, 200), Image.Resampling.BICUBIC
    )
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    data, words = (
        stream.getvalue(),
        (TEXT + ", so pay it today or it goes back to the sender at your cost. ").encode(),
    )
    subjects = [
        Subject(
            digest=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            kind=kind,
            context=Context(time="2026-11-23T12:00:00Z"),
            name=name,
            text=text,
            blob=Blob(content),
        )
        for content, kind, name, text in [
            (data, Kind.PNG, "a.png", ""),
            (words, Kind.TEXT, "b.txt", words.decode()),
            (b"\x89PNG broken", Kind.PNG, "c.png", ""),
        ]
    ]
    found = list(bank_from_subjects(subjects))
    assert [(row.type, row.id) for row in found] == [
        (HashType.SHA256, "a.png"),
        (HashType.PDQ, "a.png"),
        (HashType.SHA256, "b.txt"),
        (HashType.TLSH, "b.txt"),
        (HashType.TEXT, "b.txt"),
        (HashType.SHA256, "c.png"),
    ]
    write_rows(found, tmp_path / "bank.jsonl")
    assert [msg.value for msg in rows(tmp_path / "bank.jsonl")][:2] == [row.value for row in found][:2]
    shutil.rmtree(tmp_path)
