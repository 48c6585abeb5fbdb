"""Which policy is in force for whom, at this moment: the settings' own, or one that a tenant has promoted since."""

import threading
from collections.abc import Mapping

from brightline.policy.decide import Policy


class Force:
    """Shared by the line and the pages; a change holds for whatever is decided from then on. Safe for threads.

    Attributes:
        own: the policy of the settings.
    """

    def __init__(self, own: Policy) -> None:
        self.own = own
        self._lock = threading.Lock()
        self._promoted: dict[str, Policy] = {}

    def of(self, tenant: str) -> Policy:
        """The policy that decides for a tenant."""
        with self._lock:
            return self._promoted.get(tenant, self.own)

    def replace(self, promoted: Mapping[str, Policy]) -> None:
        """From now on these tenants have these policies, and all others the settings' own."""
        with self._lock:
            self._promoted = dict(promoted)
