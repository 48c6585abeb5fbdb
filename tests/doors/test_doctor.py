"""The doctor sees what is wrong with a machine, says what to do, and changes nothing."""

import datetime as dt
import json
import os
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from sqlalchemy import create_engine, text

from brightline.assembly import open_ledger
from brightline.doors import doctor
from brightline.doors.cli.main import outcome
from brightline.settings import BankSetting, MarkSetting, Settings
from brightline.settings_gateway import GatewaySetting, UpstreamSetting
from brightline.settings_service import ServiceSetting


def seen(settings, name):
    return list(doctor.EXAMINATIONS[name](settings))


def states(settings, name):
    return [one.state for one in seen(settings, name)]


@pytest.fixture
def home(tmp_path):
    settings = Settings(home=tmp_path / "home", jobs=1)
    with open_ledger(settings):
        pass
    return settings


def test_a_machine_that_is_fit(home, capsys):
    before = sorted(
        (path, path.stat().st_mtime_ns) for path in home.home.rglob("*") if path.suffix != ".sqlite-shm"
    )
    assert outcome(["doctor", "--home", str(home.home), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["name"] for row in rows} >= set(doctor.EXAMINATIONS)
    assert not [row for row in rows if row["state"] == "fault"]
    after = sorted(
        (path, path.stat().st_mtime_ns) for path in home.home.rglob("*") if path.suffix != ".sqlite-shm"
    )
    assert before == after
    assert outcome(["doctor", "--home", str(home.home), "--language", "zh"]) == 0
    assert "检测器" in capsys.readouterr().out


def test_nothing_is_begun_where_nothing_is(tmp_path):
    settings = Settings(home=tmp_path / "none", jobs=1)
    assert not [one for one in doctor.examined(settings) if one.state == "fault"]
    assert not (tmp_path / "none").exists()


def test_keys_that_others_may_read(home):
    (home.home / "ledger.key").chmod(0o644)
    (fault,) = seen(home, "files")
    assert fault.state == "fault"
    assert "ledger.key" in fault.said.en
    assert fault.deed.zh


def test_a_clock_that_is_behind_what_has_happened(home):
    ahead = time.time() + 86_400
    os.utime(home.home / "ledger.sqlite", (ahead, ahead))
    assert states(home, "clock") == ["fault"]


def test_a_ledger_of_a_newer_release_is_a_fault(home):
    engine = create_engine(f"sqlite:///{home.home / 'ledger.sqlite'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'unknown'"))
    engine.dispose()
    rows = [one for one in doctor.examined(home) if one.name in {"database", "ledger"}]
    assert {one.state for one in rows} & {"fault", "warning"}
    assert any(one.state == "fault" for one in rows if one.name == "ledger")


def test_a_lost_key_is_a_fault(home):
    (home.home / "ledger.key").unlink()
    assert [one.state for one in doctor.examined(home) if one.name == "ledger"] == ["fault"]


def test_detectors_that_do_not_load_are_named(home, tmp_path):
    broken = BankSetting(name="frauds", path=tmp_path / "missing.jsonl", harm="fraud_ai")
    (fault,) = seen(Settings(home=home.home, banks=(broken,)), "detectors")
    assert fault.state == "fault"
    assert "frauds" in fault.said.en or "missing.jsonl" in fault.said.en


def test_every_way_out_is_named():
    settings = Settings(
        database="postgresql://db.example.org/b", mark=MarkSetting(timestamps="http://tsa.example.org/"), service=ServiceSetting(egress=True, fetch=True),
        gateway=GatewaySetting(upstreams=(UpstreamSetting(name="far", base_url="https://llm.example.org/v1"), UpstreamSetting(name="near", base_url="http://127.0.0.1:8000/v1"))),
    )  # fmt: skip
    (told,) = [one for one in seen(settings, "egress") if one.state == "note"]
    for way in ("db.example.org", "tsa.example.org", "llm.example.org", "service.egress", "service.fetch"):
        assert way in told.said.en
    assert "near" not in told.said.en
    assert states(Settings(), "egress")[0] == "good"


def test_a_proxy_of_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy.example.org")
    warning = seen(Settings(), "egress")[-1]
    assert warning.state == "warning"
    assert "HTTPS_PROXY" in warning.said.en
    assert "secret" not in str(warning)


@pytest.mark.parametrize(("days", "state"), [(-1, "fault"), (10, "warning"), (300, "good")])
def test_certificates_that_end(tmp_path, days, state):
    key, now = Ed25519PrivateKey.generate(), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=30)).not_valid_after(now + dt.timedelta(days=days, hours=1)).sign(key, None)
    )  # fmt: skip
    file = tmp_path / "chain.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    assert states(Settings(mark=MarkSetting(signer_chain=str(file))), "trust list")[-1] == state


def test_an_examination_that_fails_is_a_fault_and_never_passed_over(monkeypatch):
    def failing(_):
        raise OSError("the disk is gone")

    monkeypatch.setattr(doctor, "EXAMINATIONS", {"disk": failing})
    (fault,) = doctor.examined(Settings())
    assert (fault.state, fault.said.en) == ("fault", "the disk is gone")
