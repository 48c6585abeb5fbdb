"""Prompts and answers that a policy says are to be kept: encrypted, by day, until their time is over or a hold ends.

What is kept of a day is encrypted under a key of that day and tenant, which lies in a file of its own, itself under the
operator's key. When the time is over that file is destroyed: then nobody can read the rows again, nor any copy of the
database in a backup. A row on legal hold is encrypted anew under the key of holds, and outlives its day.

Source: NIST SP 800-88r1, 2.6 (cryptographic erase); NIST SP 800-38D (AES-GCM, 96-bit random nonces).
"""

import logging
import os
import queue
import re
import secrets
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from brightline.core.errors import LedgerError, SettingsError
from brightline.core.receipt import Receipt
from brightline.doors.gateway.judge import Judged
from brightline.doors.gateway.store import ContentRow, Store
from brightline.settings import Settings
from brightline.settings_gateway import ContentSetting

QUEUE = 256  # contents that wait to be written; each is at most a body's limit (count)
HOLD = "hold"
KEYS_FOLDER = "contents"
KEY_FILE = "contents.key"
KEY_BYTES = 32
NONCE_BYTES = 12
LOGGER = logging.getLogger("brightline.gateway.errors")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}|hold").fullmatch


class Content(msgspec.Struct, frozen=True):
    """What was kept.

    Attributes:
        index: of its entry in the ledger.
        tenant: whose.
        time: RFC 3339, when it was decided.
        until: first day on which it is no longer kept, or `hold`.
        data: the bytes; None when their key is destroyed.
    """

    index: int
    tenant: str
    time: str
    until: str
    data: bytes | None


class Contents:
    """The store of contents; writes beside the event loop."""

    def __init__(self, settings: Settings, store: Store) -> None:
        """Open it; where no rule asks for it, nothing is made and nothing kept.

        Raises:
            SettingsError: the key cannot be read or made.
        """
        self._setting, self._store = settings.gateway.contents, store
        self._rules = frozenset(self._setting.rules)
        self._keys = DayKeys(settings) if self._rules else None
        self._waiting: queue.Queue[tuple[Receipt, Judged, bytes] | None] = queue.Queue(QUEUE)
        self._thread: threading.Thread | None = None

    def keep(self, receipt: Receipt, judged: Judged, data: bytes) -> None:
        """Keep what was judged, if a rule that matched says so; a failure is logged and stops nobody."""
        if not self._rules or not any(match.rule in self._rules for match in judged.decision.matches):
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="contents", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait((receipt, judged, data))
        except queue.Full:
            LOGGER.error("contents: too many wait; entry %d is not kept", receipt.index)  # noqa: TRY400 - a full queue needs no trace

    def close(self) -> None:
        """Write what waits, and end."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()

    def expire(self) -> int:
        """Destroy the keys of days whose time is over, and their rows; says how many rows."""
        return expire(self._store, self._setting, self._keys, today()) if self._keys is not None else 0

    def _run(self) -> None:
        while (one := self._waiting.get()) is not None:
            receipt, judged, data = one
            try:
                self._write(receipt, judged, data)
            except (LedgerError, SettingsError, OSError) as error:
                LOGGER.error("contents: entry %d is not kept: %s", receipt.index, error)  # noqa: TRY400 - no trace of bytes

    def _write(self, receipt: Receipt, judged: Judged, data: bytes) -> None:
        assert self._keys is not None
        context = judged.examination.context
        day = context.time[:10]
        sealed = seal(self._keys.key(day), data, _bound(receipt.index, context.tenant))
        self._store.add_content(ContentRow(receipt.index, context.tenant, context.time, day, sealed))


class DayKeys:
    """The keys of days, each in a file under the operator's key; other tenants' rows are told apart by what is bound in."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.home / KEYS_FOLDER
        named = settings.gateway.contents.key_file
        self._main = AESGCM(_main_key(Path(named).expanduser() if named else settings.home / KEY_FILE))
        self._known: dict[str, bytes] = {}

    def key(self, day: str) -> bytes:
        """The key of a day, or of holds; made when there is none.

        Raises:
            SettingsError: its file cannot be read, or is not under the operator's key.
        """
        if day not in self._known:
            self._known[day] = self._read(day) or self._make(day)
        return self._known[day]

    def there(self, day: str) -> bytes | None:
        """The key of a day, None when it was destroyed."""
        return self._known.get(day) or self._read(day)

    def days(self) -> list[str]:
        """Days whose keys are there, oldest first."""
        return sorted(path.stem for path in self._folder.glob("*.key") if path.stem != HOLD)

    def destroy(self, day: str) -> None:
        """Write over a key and take it away."""
        self._known.pop(day, None)
        path = self._path(day)
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()

    def _path(self, day: str) -> Path:
        if _DAY(day) is None:
            raise SettingsError(f"`{day[:20]}` is no day")
        return self._folder / f"{day}.key"

    def _read(self, day: str) -> bytes | None:
        try:
            data = self._path(day).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsError(f"cannot read `{self._path(day)}`: {error.strerror}") from error
        try:
            return self._main.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], day.encode())
        except (InvalidTag, ValueError) as error:
            raise SettingsError(f"`{self._path(day)}` is not under the key of contents") from error

    def _make(self, day: str) -> bytes:
        key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sealed = nonce + self._main.encrypt(nonce, key, day.encode())
        fresh = self._folder / f".{day}.{secrets.token_hex(4)}"
        _write_alone(fresh, sealed)
        try:
            os.link(fresh, self._path(day))  # another gateway may have been quicker: its key counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        made = self._read(day)
        assert made is not None
        return made


def seal(key: bytes, data: bytes, bound: bytes) -> bytes:
    """Bytes encrypted; `bound` must be said again to open them."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, bound)


def open_content(store: Store, settings: Settings, index: int) -> Content | None:
    """What was kept of an entry; None where nothing was.

    Raises:
        LedgerError: the store cannot be read, or the row was changed.
    """
    row = store.content(index)
    if row is None:
        return None
    key = DayKeys(settings).there(row.day)
    until = row.day if row.day == HOLD else _until(row.day, settings.gateway.contents.days)
    if key is None:
        return Content(row.index, row.tenant, row.time, until, None)
    try:
        data = AESGCM(key).decrypt(
            row.data[:NONCE_BYTES], row.data[NONCE_BYTES:], _bound(row.index, row.tenant)
        )
    except (InvalidTag, ValueError) as error:
        raise LedgerError(f"the content of entry {index} was changed, or is under another key") from error
    return Content(row.index, row.tenant, row.time, until, data)


def hold(store: Store, settings: Settings, index: int) -> Content | None:
    """Put an entry's content on legal hold; None where nothing is kept of it.

    Raises:
        LedgerError: as `open_content`.
    """
    content = open_content(store, settings, index)
    if content is None or content.data is None:
        return None
    _move(store, settings, content, HOLD)
    return msgspec.structs.replace(content, until=HOLD)


def release(store: Store, settings: Settings, index: int) -> Content | None:
    """End a hold: the content is kept to the end of its own time, and erased at once where that is over.

    Raises:
        LedgerError: as `open_content`.
    """
    content = open_content(store, settings, index)
    if content is None or content.data is None or content.until != HOLD:
        return None
    day, days = content.time[:10], settings.gateway.contents.days
    if _until(day, days) <= today():
        store.end_content(index)
    else:
        _move(store, settings, content, day)
    return msgspec.structs.replace(content, until=_until(day, days))


def expire(store: Store, setting: ContentSetting, keys: DayKeys, now: str) -> int:
    """Destroy the keys of days whose time is over on day `now`, then their rows; says how many rows."""
    over = [day for day in keys.days() if _until(day, setting.days) <= now]
    for day in over:
        keys.destroy(day)
    return sum(store.end_day(day) for day in over)


def _move(store: Store, settings: Settings, content: Content, day: str) -> None:
    assert content.data is not None
    sealed = seal(DayKeys(settings).key(day), content.data, _bound(content.index, content.tenant))
    store.move_content(content.index, day, sealed)


def _bound(index: int, tenant: str) -> bytes:
    return f"{index}\n{tenant}".encode()


def _until(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def today() -> str:
    """The day, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _main_key(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _write_alone(path, secrets.token_bytes(KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read `{path}`: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"`{path}` has {len(key)} bytes, expected {KEY_BYTES}: put it back from your backup"
        )
    return key


def _write_alone(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
