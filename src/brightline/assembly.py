"""Settings become a Line: the only file that knows every concrete part."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from brightline.core.errors import LedgerError
from brightline.core.receipt import Receipt
from brightline.examine.catalogue import catalogue
from brightline.examine.pool import Pool
from brightline.ledger.ledger import Ledger
from brightline.line import Keyed, Known, Line
from brightline.policy.decide import Policy, compile_policy, policy_bytes
from brightline.policy.force import Force
from brightline.policy.packs import load_packs
from brightline.settings import Settings

KEY_FILE = "ledger.key"
STORE_FILE = "ledger.sqlite"


@dataclass(frozen=True)
class House:
    """All that a door needs."""

    settings: Settings
    line: Line
    ledger: Ledger
    force: Force

    @property
    def policy(self) -> Policy:
        """The policy of the settings, in force for every tenant that has promoted none."""
        return self.force.own


@contextmanager
def assemble(settings: Settings) -> Iterator[House]:
    """Open the ledger, load the policy, start the workers; end them in turn.

    Raises:
        BrightlineError: one of the parts cannot be had; the message says which.
    """
    pool = Pool(settings, catalogue())  # first: its processes warm up while we load the rest
    compile_banks(settings)
    policy = policy_in_force(settings)
    force = Force(policy)
    with open_ledger(settings) as ledger, pool:
        ledger.save_policy(policy.digest, policy_bytes(policy))

        def record(batch: Sequence[Keyed]) -> Sequence[Receipt]:
            return ledger.record(
                [(one.examination, one.decision) for one in batch], [one.key for one in batch]
            )

        def known(keys: Sequence[str]) -> Mapping[str, Known]:
            return {
                key: Known(one.examination, one.decision, one.receipt)
                for key, one in ledger.known(keys).items()
            }

        line = Line(
            pool=pool,
            policy_of=lambda context: force.of(context.tenant),
            limit_bytes=settings.limits.subject_bytes,
            record=record,
            known=known,
        )
        yield House(settings, line, ledger, force)


def compile_banks(settings: Settings) -> None:
    """Compile each bank once, so that a malformed line is told before work begins and workers only map the result."""
    if settings.banks:
        from brightline.detectors.known.banks import (
            open_bank,  # late: it brings numpy, which nothing else here needs
        )

        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        for bank in settings.banks:
            open_bank(bank, settings.home)


def policy_in_force(settings: Settings) -> Policy:
    """The packs that the settings name, compiled.

    Raises:
        PolicyError: a pack is missing or wrong.
    """
    return compile_policy(load_packs(settings.policies))


def open_ledger(settings: Settings, *, check: bool = True) -> Ledger:
    """The ledger that the settings name; begun if there is none.

    Raises:
        LedgerError: its folder, store or key cannot be used.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LedgerError(f"cannot make `{settings.home}`: {error.strerror}; set `home` or --home") from error
    store, key = settings.home / STORE_FILE, settings.home / KEY_FILE
    if (
        not settings.database and store.exists() and not key.exists()
    ):  # a new key would not fit the old entries
        raise LedgerError(
            f"the ledger `{store}` is here, its key `{key}` is not: put it back from your backup"
        )
    url = settings.database or f"sqlite:///{store.absolute()}"
    return Ledger.open(url=url, key_file=key, origin=settings.origin, check=check)


def existing_ledger(settings: Settings, *, check: bool = True) -> Ledger:
    """The ledger that the settings name, which must be there: asking about one must not begin one.

    Raises:
        LedgerError: there is none, or it cannot be used.
    """
    if not settings.database and not (settings.home / STORE_FILE).is_file():
        raise LedgerError(f"no ledger in `{settings.home}`: scan something first, or set --home")
    return open_ledger(settings, check=check)
