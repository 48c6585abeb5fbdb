"""Detectors that installed packages add: found by their entry point, named when they are broken."""

from pathlib import Path

import pytest

from brightline.core.errors import DetectorError
from brightline.examine.catalogue import CATALOGUE, catalogue, digest_of
from brightline.settings import Settings

GOOD = """
from brightline.core.subject import Media
from brightline.examine.catalogue import Entry
ENTRY = Entry("acme.words", "acme_words_detector", media=(Media.TEXT,))
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def put(module: str, source: str, value: str) -> Path:
        (tmp_path / f"{module}.py").write_text(source)
        about = tmp_path / f"{module}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[brightline.detectors]\nacme.words = {value}\n")
        monkeypatch.syspath_prepend(tmp_path)  # where installed packages are looked for
        return tmp_path

    return put


def test_an_added_detector_is_in_the_catalogue_and_its_own_files_in_the_digest(install):
    folder = install("acme_words", GOOD, "acme_words:ENTRY")
    (folder / "acme_words_detector.py").write_text("NAME = 'acme.words'\n")
    entries = catalogue()
    assert len(entries) == len(CATALOGUE) + 1
    before = digest_of(entries, Settings())
    (folder / "neighbour.py").write_text("nothing of ours")
    assert digest_of(entries, Settings()) == before
    (folder / "acme_words_detector.py").write_text("NAME = 'acme.words'  # changed\n")
    assert digest_of(entries, Settings()) != before


@pytest.mark.parametrize(
    ("source", "said"),
    [("raise RuntimeError('boom')", "RuntimeError: boom"), ("x = (", "SyntaxError"), ("ENTRY = 3", "is int")],
)
def test_a_broken_plug_in_is_named(install, source, said):
    name = f"acme_broken_{len(source)}"
    install(name, source, f"{name}:ENTRY")
    with pytest.raises(DetectorError, match=rf"plug-in `acme.words`.*{said}"):
        catalogue()
