"""What all requests of one gateway share."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from brightline.core.receipt import Receipt
from brightline.core.subject import Context
from brightline.doors.gateway.client import Client
from brightline.doors.gateway.judge import Judge
from brightline.doors.gateway.keys import Key, Keyring
from brightline.doors.gateway.metrics import Metrics
from brightline.doors.gateway.quota import Quota
from brightline.doors.gateway.recorder import Recorder
from brightline.doors.gateway.upstreams import Pool
from brightline.settings import Settings
from brightline.settings_gateway import GatewaySetting


@dataclass(kw_only=True)
class State:
    """The parts, put together by `serve.py`.

    Attributes:
        settings: as they were read.
        judge: None where guards are off.
        recorder: None where guards are off.
        is_draining: no new requests are taken.
        in_flight: requests under way.
    """

    settings: Settings
    keys: Keyring
    quota: Quota
    pool: Pool
    client: Client
    judge: Judge | None = None
    recorder: Recorder | None = None
    metrics: Metrics = field(default_factory=Metrics)
    is_draining: bool = False
    in_flight: int = 0

    @property
    def gateway(self) -> GatewaySetting:
        """The gateway's tables."""
        return self.settings.gateway


def context_of(key: Key, parent: str = "") -> Context:
    """Where words of a key's request come from and go to."""
    return Context(
        channel="gateway", actor=key.id, tenant=key.tenant, audience=key.audience, time=now(), parent=parent
    )


def now() -> str:
    """RFC 3339 UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def receipt_header(receipt: Receipt) -> tuple[bytes, bytes]:
    """`X-Brightline-Receipt: 12; leaf=...`: what `brightline ledger prove` and `explain` take."""
    return b"x-brightline-receipt", shown(receipt).encode()


def shown(receipt: Receipt) -> str:
    """A receipt as headers and comments show it."""
    return f"{receipt.index}; leaf={receipt.leaf}; size={receipt.size}; root={receipt.root}"
