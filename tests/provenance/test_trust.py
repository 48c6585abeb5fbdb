"""A trust list is verified before it is believed."""

from pathlib import Path

import pytest

import signing
from brightline.core.errors import DetectorError
from brightline.provenance.trust import SHIPPED_PACKS, load_trust_pack


def test_every_shipped_pack_verifies_and_says_where_it_is_from() -> None:
    for folder in SHIPPED_PACKS.iterdir():
        pack = load_trust_pack(folder)
        assert folder.name == pack.date.isoformat()
        assert pack.source
        assert pack.anchors.count("BEGIN CERTIFICATE") == 30
        assert pack.time_anchors.count("BEGIN CERTIFICATE") == 22
        assert "1.3.6.1.4.1.62558.2.1" in pack.allowed_uses


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    folder = signing.trust_pack(tmp_path)
    (folder / "anchors.pem").write_text((folder / "anchors.pem").read_text() + "\n")
    with pytest.raises(DetectorError, match=r"anchors\.pem` has digest"):
        load_trust_pack(folder)


@pytest.mark.parametrize("name", ["../anchors.pem", "/etc/hostname", "a/b.pem"])
def test_a_pack_names_only_files_of_its_own_folder(tmp_path: Path, name: str) -> None:
    folder = signing.trust_pack(tmp_path)
    record = (folder / "pack.toml").read_text().replace('name = "anchors.pem"', f'name = "{name}"')
    (folder / "pack.toml").write_text(record)
    with pytest.raises(DetectorError, match="expected a file of its own folder"):
        load_trust_pack(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("date = ", "day = ", "malformed"),
        ("standing = ", "standing == ", "malformed"),
        ('standing = "house"', 'standing = "hearsay"', "malformed"),
        (f'"{signing.NOW.date()}"', '"yesterday"', "expected YYYY-MM-DD"),
        ('"anchors.pem"', '"missing.pem"', "cannot read"),
    ],
)
def test_a_malformed_pack_is_refused_in_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = signing.trust_pack(tmp_path)
    record = (folder / "pack.toml").read_text()
    assert old in record
    (folder / "pack.toml").write_text(record.replace(old, new))
    with pytest.raises(DetectorError, match=message):
        load_trust_pack(folder)


def test_a_certificate_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    broken = signing.authority().anchor_pem.replace("MII", "AAA", 1)
    with pytest.raises(DetectorError, match="cannot be read"):
        load_trust_pack(signing.trust_pack(tmp_path, anchors=broken))


def test_a_pack_is_stale_after_half_a_year(tmp_path: Path) -> None:
    pack = load_trust_pack(signing.trust_pack(tmp_path, date="2026-01-01"))
    assert not pack.is_stale("2026-06-30T00:00:00Z")
    assert pack.is_stale("2026-07-01T00:00:00Z")
