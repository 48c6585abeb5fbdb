"""Settings: order of precedence, unknown keys, limits."""

import pytest

from brightline.core.errors import SettingsError
from brightline.settings import Limits, Settings, default_file, load_settings, worker_count


def test_defaults_need_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a folder without a file, wherever the tests are run
    assert default_file() is None
    settings = load_settings(None, {})
    assert settings.policies == Settings().policies
    assert settings.home.is_absolute()


def test_flag_beats_environment_beats_file(tmp_path):
    file = tmp_path / "brightline.toml"
    file.write_text('language = "zh"\njobs = 3\norigin = "example.com/a"\n[limits]\npages = 7\n')
    environ = {
        "BRIGHTLINE_JOBS": "4",
        "BRIGHTLINE_LIMITS_DEPTH": "2",
        "BRIGHTLINE_POLICIES": "house/default, cn/labelling",
    }
    settings = load_settings(file, environ, {"jobs": 5, "tenant": None})
    assert (settings.language, settings.jobs, settings.origin) == ("zh", 5, "example.com/a")
    assert (settings.limits.pages, settings.limits.depth) == (7, 2)
    assert settings.policies == ("house/default", "cn/labelling")
    assert load_settings(file, environ).jobs == 4
    assert worker_count(settings) == 5
    assert worker_count(Settings()) >= 1


def test_bank_paths_are_relative_to_the_file(tmp_path):
    file = tmp_path / "brightline.toml"
    file.write_text('[[banks]]\nname = "scams"\npath = "banks/scams.csv"\nharm = "fraud_ai"\n')
    assert load_settings(file, {}).banks[0].path == tmp_path / "banks/scams.csv"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("polices = []", "polices"),
        ("policies = []", "without a rule"),
        ("[limits]\npixles = 1", "pixles"),
        ("[limits]\npixels = 0", "expected more than 0"),
        ("jobs = -1", "expected 0 or more"),
        ('language = "fr"', "expected `en` or `zh`"),
        ("jobs = ", "is not TOML"),
        ('jobs = "many"', "jobs"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path, text, says):
    file = tmp_path / "brightline.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings(file, {})
    assert "\n" not in str(caught.value)


def test_an_unknown_variable_is_an_error():
    with pytest.raises(SettingsError, match="langauge"):
        load_settings(None, {"BRIGHTLINE_LANGAUGE": "zh"})


def test_unreadable_and_oversized_files_are_errors(tmp_path):
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings(tmp_path / "missing.toml", {})
    big = tmp_path / "big.toml"
    big.write_text("#" * (1024 * 1024 + 1))
    with pytest.raises(SettingsError, match="larger than 64 KiB"):
        load_settings(big, {})


def test_limits_fit_together():
    limits = Limits()
    assert limits.detector_seconds < limits.subject_seconds < 10
    assert limits.memory_bytes <= limits.worker_memory_bytes


def test_an_unknown_key_names_the_file_that_has_it(tmp_path):
    file = tmp_path / "brightline.toml"
    file.write_text("colour = 1\n")
    with pytest.raises(SettingsError, match=r"brightline\.toml.*colour"):
        load_settings(file, {})
