"""What is deployed is read by real parsers: compose's own schema, systemd's verifier, our settings; and it is hardened."""

import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from brightline.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
EXPOSURE = 1.5  # of systemd's scale from 0, which is none, to 10


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text("utf-8"))


def test_the_compose_file_is_what_its_specification_says(compose):
    vendored = resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json")
    jsonschema.validate(compose, json.loads(vendored.read_text("utf-8")))


@pytest.mark.parametrize("name", ["service", "gateway"])
def test_each_container_of_ours_is_unprivileged_and_reachable_from_this_machine_alone(compose, name):
    ours = compose["services"][name]
    assert ours["read_only"]
    assert ours["cap_drop"] == ["ALL"]
    assert ours["user"] == "65532:65532"
    assert all(port.startswith("127.0.0.1:") for port in ours["ports"])
    assert compose["networks"]["inside"]["internal"]


def test_the_settings_of_the_compose_file_load():
    settings = load_settings(DEPLOY / "compose/brightline.toml", {})
    assert settings.database.startswith("postgresql://")


def test_the_image_ends_in_one_that_has_no_shell_and_runs_as_nobody():
    text = (DEPLOY / "container/Containerfile").read_text("utf-8")
    last = text[text.rindex("FROM ") :]
    assert "RUN" not in last  # nothing is left to run it with
    assert "USER 65532:65532" in last
    assert "distroless" in text
    assert json.loads(re.findall(r"^ENTRYPOINT (.*)$", last, re.MULTILINE)[0])[0].endswith("/brightline")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_but_that_it_is_not_installed(unit, tmp_path):
    for one in UNITS:  # the program that is here stands for the one that will be there
        text = one.read_text("utf-8").replace("/opt/brightline/bin/brightline", "/bin/true")
        (tmp_path / one.name).write_text(text)
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in ran.stderr.splitlines() if unit.name in line or "brightline" in line]
    assert said == []
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_systemd_rates_each_service_as_hardly_exposed(unit):
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={int(EXPOSURE * 10)}", unit]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-200:]


@pytest.mark.skipif(shutil.which("nginx") is None, reason="this machine has no nginx")
def test_nginx_takes_its_example(tmp_path):
    for name in ("review", "models"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout",
             tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem"], check=True, capture_output=True,
        )  # fmt: skip
    text = (DEPLOY / "nginx/brightline.conf").read_text("utf-8").replace("/etc/nginx/tls", str(tmp_path))
    text = text.replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ {text} }}")
    ran = subprocess.run(
        ["nginx", "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
