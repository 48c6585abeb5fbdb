"""Keeps one process at what people have put into force: promoted policies and shadows, read from the store again and again.

Every server on a database looks there each second, so that what a second person agrees to on one holds on all of them
without a restart.
"""

import asyncio
import hashlib
import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection

from brightline.assembly import House, compile_banks
from brightline.core.errors import BrightlineError
from brightline.line import Judgement, Line
from brightline.policy.decide import Policy, policy_from_bytes
from brightline.review import bank_changes, promotions, scores, shadows
from brightline.review.bank_changes import Agreed
from brightline.review.promotions import Draft
from brightline.review.store import Store
from brightline.settings import BankSetting, Settings

if TYPE_CHECKING:
    from brightline.detectors.known.banks import Bank

LOGGER = logging.getLogger(__name__)
LOOK_S = 1.0  # between two looks at what is in force
LIVE_BANKS = "live-banks"  # in the home: banks with what people changed in them
FOLDER = "policies"  # in the home: promoted packs as files, by tenant
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Rules:
    """What decides in this process, and what decides beside it; safe for threads."""

    def __init__(self, house: House, store: Store) -> None:
        self._house, self._store = house, store
        self._lock = threading.Lock()
        self._policies: dict[str, Policy] = {}  # compiled, by digest
        self._shadows: dict[str, list[tuple[str, Policy]]] = {}
        self._bank_changes: tuple[str, ...] = ()
        self._settings = house.settings  # with the banks as they are in force
        self._applied = house.settings
        self._opened: tuple[tuple[BankSetting, ...], list[tuple[BankSetting, Bank]]] | None = None

    def refresh(self) -> None:
        """Look what is in force, and let it hold from now on.

        Raises:
            BrightlineError: a promoted policy cannot be had; what was in force here stays.
        """
        with self._lock:
            with self._store.reading() as connection:
                promoted, running = promotions.in_force(connection), shadows.running(connection)
                changes = bank_changes.agreed_ids(connection)
                sources = [
                    promotions.get_draft(connection, draft, one.tenant)
                    for one in promoted.values()
                    for draft in one.proposal.drafts
                ]
            known = self._policies
            wanted = {one.policy for one in promoted.values()} | {one.policy for one in running}
            self._policies = {digest: known.get(digest) or self._compiled(digest) for digest in wanted}
            self._house.force.replace(
                {tenant: self._policies[one.policy] for tenant, one in promoted.items()}
            )
            beside: dict[str, list[tuple[str, Policy]]] = {}
            for one in running:
                beside.setdefault(one.tenant, []).append((one.id, self._policies[one.policy]))
            self._shadows = beside
            if changes != self._bank_changes:
                self._change_banks()
                self._bank_changes = changes
        for draft in sources:
            keep_file(self._house.settings.home, draft)

    def beside(self, tenant: str, judgement: Judgement) -> Callable[[Connection, str], None]:
        """What is written down of a judgement in the transaction that completes its submission."""
        examination, decision = judgement.examination, judgement.decision
        found = scores.scores_of(examination.findings) if examination is not None else []
        others = self._shadows.get(tenant, []) if examination is not None else []
        after = [
            (shadow, policy.decide(examination).action)
            for shadow, policy in others
            if examination is not None
        ]

        def write(connection: Connection, submission: str) -> None:
            scores.write_down(connection, submission, tenant, found)
            if decision is not None:
                shadows.write_down(connection, submission, decision.action, after)

        return write

    def apply(self, line: Line) -> None:
        """Let the line know the banks in force; called between two runs of it."""
        settings = self._settings
        if settings is not self._applied:
            line.change(settings)
            self._applied = settings

    def banks(self) -> list[tuple[BankSetting, "Bank"]]:
        """The banks in force, opened.

        Raises:
            BankError: one cannot be read.
        """
        from brightline.detectors.known.banks import open_bank  # late: it brings numpy, which few pages need

        settings = self._settings
        with self._lock:
            if self._opened is None or self._opened[0] != settings.banks:
                opened = [(setting, open_bank(setting, settings.home)) for setting in settings.banks]
                self._opened = settings.banks, opened
            return self._opened[1]

    def _change_banks(self) -> None:
        """Write each bank that was changed anew, compiled, under a name that its changes give."""
        own = self._house.settings
        with self._store.reading() as connection:
            agreed = bank_changes.agreed(connection, self._store)
        banks = tuple(_laid(own, setting, agreed) for setting in own.banks)
        settings = msgspec.structs.replace(own, banks=banks)
        compile_banks(settings)
        self._settings = settings

    def _compiled(self, digest: str) -> Policy:
        own = self._house.force.own
        return own if digest == own.digest else policy_from_bytes(self._house.ledger.policy(digest))


async def keep_rules(rules: Rules) -> None:
    """Look again and again, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            await asyncio.to_thread(rules.refresh)
        except BrightlineError as error:
            LOGGER.warning("rules: %s", error)


def _laid(settings: Settings, setting: BankSetting, agreed: Sequence[Agreed]) -> BankSetting:
    """A bank with its changes laid on it: the operator's own file where there are none."""
    mine = [one for one in agreed if one.bank == setting.name]
    if not mine:
        return setting
    from brightline.detectors.known.rows import (
        HashType,
        Row,
        inspect,
        read,
        write_rows,
    )  # late: it brings numpy

    retired, added = set[str](), dict[str, Agreed]()
    for one in mine:
        added.pop(one.item, None)
        if one.deed == bank_changes.RETIRE:
            retired.add(one.item)
        else:
            added[one.item] = one
    kept = (row for row in read(inspect(setting.path)) if row.id not in retired)
    fresh = (
        Row(type=HashType(one.type), value=one.value, id=item)
        for item, change in added.items()
        for one in change.prints
    )
    folder = settings.home / LIVE_BANKS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{hashlib.sha256(setting.name.encode()).hexdigest()[:16]}-{mine[-1].id}.jsonl"
    part = path.with_suffix(f".{os.getpid()}.part")
    write_rows((*kept, *fresh), part)
    part.chmod(0o600)
    part.replace(path)
    return msgspec.structs.replace(setting, path=path)


def file_of(home: Path, draft: Draft) -> Path:
    """Where a promoted pack lies in the operator's policy folder, for `brightline policy` and for reading."""
    tenant = (
        draft.tenant if _PLAIN.fullmatch(draft.tenant) else hashlib.sha256(draft.tenant.encode()).hexdigest()
    )
    return home / FOLDER / tenant / f"{draft.pack}.yaml"


def keep_file(home: Path, draft: Draft) -> None:
    """Put a promoted pack into the folder; the database decides, so a folder that cannot be written is only logged."""
    path, data = file_of(home, draft), draft.source.encode()
    try:
        if path.exists() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        LOGGER.warning("policy folder: %s: %s", path, error.strerror)
