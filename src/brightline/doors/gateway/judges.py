"""Judges by policy: the house's, and for keys with packs of their own the house's with those laid over it."""

import threading
from collections.abc import Callable

from brightline.doors.gateway.judge import Judge
from brightline.policy.decide import Policy, compile_policy
from brightline.policy.packs import load_packs

COMBINATIONS = 256  # of packs that keys name together; each is compiled once (count)


class Judges:
    """The judges of one gateway; all share their detectors."""

    def __init__(self, house: tuple[str, ...], judge: Judge, save: Callable[[Policy], None]) -> None:
        """Begin with the house's judge.

        Args:
            house: packs that the settings name.
            judge: who judges by them.
            save: keeps a policy in the ledger, so that its decisions can be replayed.
        """
        self._house, self._save = house, save
        self._judges: dict[tuple[str, ...], Judge] = {(): judge}
        self._lock = threading.Lock()

    def of(self, packs: tuple[str, ...]) -> Judge:
        """Who judges by the house's packs and these; compiled when they are first asked for.

        Raises:
            PolicyError: one of them cannot be had, does more than tighten, or they are too many.
            LedgerError: the policy cannot be kept.
        """
        judge = self._judges.get(packs)
        return judge if judge is not None else self._compiled(packs)

    def prepare(self, packs: set[tuple[str, ...]]) -> None:
        """Compile what will be asked for.

        Raises:
            PolicyError, LedgerError: as `of`.
        """
        for one in sorted(packs):
            self.of(one)

    def _compiled(self, packs: tuple[str, ...]) -> Judge:
        with self._lock:
            if packs not in self._judges:
                if len(self._judges) >= COMBINATIONS:
                    self._judges = {(): self._judges[()]}
                names = dict.fromkeys((*self._house, *packs))
                policy = compile_policy(load_packs([*names]))
                self._save(policy)
                self._judges = {**self._judges, packs: self._judges[()].under(policy)}
            return self._judges[packs]
