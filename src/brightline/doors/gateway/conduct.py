"""Callers whose prompts are blocked again and again wait for a while; it is kept in the store, so a restart forgets nothing.

Source: DSA Art. 23 (suspension after warning, for a reasonable time); the numbers are the operator's.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import BigInteger, Column, Engine, MetaData, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from brightline.core.errors import LedgerError
from brightline.doors.gateway.keys import Key
from brightline.exchange.faults import Fault
from brightline.ledger.engine import guard, writing
from brightline.settings_exchange import SuspendSetting

TALKS = 50_000  # persons whose time of talking is known at once (count)
PAUSE_S = 15 * 60.0  # without a word, after which talking begins anew
TABLES = MetaData()
_CONDUCT = Table(
    "gateway_conduct",
    TABLES,
    Column("key", String(64), primary_key=True),
    Column("day", String(10), nullable=False),
    Column("today", BigInteger, nullable=False),
    Column("in_a_row", BigInteger, nullable=False),
    Column("until", String(20), nullable=False),
)


class _Record(msgspec.Struct):
    """Of one caller: blocked prompts of a day and in a row, and until when it waits, RFC 3339 or empty."""

    day: str = ""
    today: int = 0
    in_a_row: int = 0
    until: str = ""


class Conduct:
    """What is known of callers' conduct.

    Raises:
        LedgerError: the store cannot be used.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._clock = engine, clock
        with guard():
            TABLES.create_all(engine)
        self._records = self._load()
        self._loaded = time.monotonic()
        self._talks: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def admit(self, key: Key) -> None:
        """Let a caller ask who need not wait.

        Raises:
            Fault: 403, the caller is suspended.
        """
        await self._refresh()
        known = self._records.get(key.id)
        if known is not None and known.until > _shown(self._clock()):
            raise Fault(
                403,
                "caller_suspended",
                f"this key is suspended until {known.until}: too many of its prompts were blocked",
            )

    async def note(self, key: Key, setting: SuspendSetting, *, is_blocked: bool) -> bool:
        """Count what became of a prompt; says whether the caller is suspended by it.

        Raises:
            Fault: 503, it could not be kept.
        """
        known = self._records.get(key.id)
        if not is_blocked and (known is None or not known.in_a_row):
            return False
        if not setting.minutes or not (setting.in_a_row or setting.a_day):
            return False
        now = self._clock()
        day = now.strftime("%Y-%m-%d")
        record = (
            known
            if known is not None and known.day == day
            else _Record(day=day, in_a_row=known.in_a_row if known else 0)
        )
        record.in_a_row = record.in_a_row + 1 if is_blocked else 0
        record.today += is_blocked
        is_over = is_blocked and (
            0 < setting.in_a_row <= record.in_a_row
            or (setting.a_day > 0 and record.today % setting.a_day == 0)
        )
        if is_over:
            record.until, record.in_a_row = _shown(now + timedelta(minutes=setting.minutes)), 0
        self._records[key.id] = record
        try:
            await asyncio.to_thread(self._save, key.id, record)
        except LedgerError as error:
            raise Fault(
                503, "store_unavailable", "the store of callers' conduct cannot be written"
            ) from error
        return is_over

    def talks_for(self, person: str, minutes: int) -> bool:
        """Whether a person has talked that long without a pause since the last time that this was so."""
        now = time.monotonic()
        begun, last = self._talks.pop(person, (now, now))
        if now - last > PAUSE_S:
            begun = now
        is_due = now - begun >= minutes * 60
        self._talks[person] = (now if is_due else begun, now)
        if len(self._talks) > TALKS:
            self._talks.popitem(last=False)
        return is_due

    async def _refresh(self) -> None:
        """Hear about every second of what other gateways noted."""
        if time.monotonic() - self._loaded > 1.0:
            self._loaded = time.monotonic()
            try:
                self._records = await asyncio.to_thread(self._load)
            except LedgerError:
                return  # what we know stays in force

    def _load(self) -> dict[str, _Record]:
        with guard(), self._engine.connect() as connection:
            return {row[0]: _Record(*row[1:]) for row in connection.execute(select(_CONDUCT))}

    def _save(self, key: str, record: _Record) -> None:
        make = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        values = msgspec.structs.asdict(record)
        with guard(), writing(self._engine) as connection:
            added = make(_CONDUCT).values(key=key, **values)
            connection.execute(added.on_conflict_do_update(index_elements=["key"], set_=values))


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
