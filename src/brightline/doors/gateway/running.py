"""The file by which `brightline gateway reload` finds a running gateway, and hears what became of its wish."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from brightline.core.errors import SettingsError

PATTERN = "gateway-*.pid"
WAIT_S = 60.0  # for a gateway to load what it was told to
LOOK_S = 0.1


class Running(msgspec.Struct, frozen=True):
    """What a gateway tells of itself.

    Attributes:
        pid: of its process.
        port: where it listens.
        reloads: how often it was told to read its settings anew.
        error: why the last time failed; empty when it did not.
    """

    pid: int
    port: int
    reloads: int = 0
    error: str = ""


class Notice:
    """The file, held by a lock as long as the gateway runs; a lock outlives nobody."""

    def __init__(self, home: Path, port: int) -> None:
        """Write it.

        Raises:
            OSError: it cannot be written.
        """
        self._path = home / f"gateway-{port}.pid"
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._told = Running(os.getpid(), port)
        self._write()

    def reloaded(self, error: str = "") -> None:
        """Tell that the settings were read anew, or why not."""
        self._told = msgspec.structs.replace(self._told, reloads=self._told.reloads + 1, error=error[:500])
        self._write()

    def close(self) -> None:
        """Take it away."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self) -> None:
        data = msgspec.json.encode(self._told)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, data, 0)


def running(home: Path) -> Iterator[tuple[Path, Running]]:
    """Gateways of a home that run now."""
    for path in sorted(home.glob(PATTERN)):
        told = _read(path)
        if told is not None:
            yield path, told


def reload_all(home: Path) -> list[Running]:
    """Tell all gateways of a home to read their settings anew; gives what each told.

    Raises:
        SettingsError: none runs, or one does not answer.
    """
    found = [*running(home)]
    if not found:
        raise SettingsError(f"no gateway runs with home `{home}`")
    for _, told in found:
        os.kill(told.pid, signal.SIGHUP)
    end = time.monotonic() + WAIT_S
    return [_await(path, told, end) for path, told in found]


def _await(path: Path, before: Running, end: float) -> Running:
    while time.monotonic() < end:
        told = _read(path)
        if told is not None and told.reloads > before.reloads:
            return told
        time.sleep(LOOK_S)
    raise SettingsError(f"the gateway on port {before.port} did not answer within {WAIT_S:g} s; see its log")


def _read(path: Path) -> Running | None:
    """What a file tells, None where nobody holds it."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return msgspec.json.decode(file.read(4096), type=Running)
    except (OSError, msgspec.DecodeError):
        return None
    return None
