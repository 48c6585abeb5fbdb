"""What all requests of one gateway share."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from brightline.core.errors import PolicyError
from brightline.core.receipt import Receipt
from brightline.core.subject import Context
from brightline.doors.gateway.client import Client
from brightline.doors.gateway.conduct import Conduct
from brightline.doors.gateway.contents import Contents
from brightline.doors.gateway.further import Further
from brightline.doors.gateway.judge import Judge, Judged
from brightline.doors.gateway.judges import Judges
from brightline.doors.gateway.keys import Key, Keyring
from brightline.doors.gateway.logs import RequestLog
from brightline.doors.gateway.metrics import Metrics
from brightline.doors.gateway.people import People
from brightline.doors.gateway.quota import Quota
from brightline.doors.gateway.recorder import Recorder
from brightline.doors.gateway.shared import Shared
from brightline.doors.gateway.telemetry import Silent, Telemetry
from brightline.doors.gateway.upstreams import Pool
from brightline.exchange.faults import Fault
from brightline.exchange.nouns import Tokens
from brightline.settings import Settings
from brightline.settings_gateway import GatewaySetting, cost_nano


@dataclass
class Load:
    """How much is under way; it outlives a reload.

    Attributes:
        requests: under way.
        is_draining: no new ones are taken.
    """

    requests: int = 0
    is_draining: bool = False


@dataclass(kw_only=True)
class State:
    """The parts, put together by `serve.py`. A reload makes another one; a request keeps the one that it began with.

    Attributes:
        settings: as they were read.
        further: what looks at an exchange beside the detectors in this process.
        judges: None where guards are off.
        recorder: None where guards are off.
        contents: keeps what a rule says is to be kept.
        conduct: callers that have to wait.
        shared: limits a minute that several gateways share; None where each keeps its own.
        telemetry: hears of every exchange.
        load: how much is under way in all states.
        in_flight: requests under way in this state.
        is_retired: a reload put another one in its place.
    """

    settings: Settings
    keys: Keyring
    quota: Quota
    pool: Pool
    client: Client
    people: People
    further: Further
    contents: Contents
    conduct: Conduct
    judges: Judges | None = None
    recorder: Recorder | None = None
    metrics: Metrics = field(default_factory=Metrics)
    shared: Shared | None = None
    telemetry: Telemetry = field(default_factory=Silent)
    load: Load = field(default_factory=Load)
    in_flight: int = 0
    is_retired: bool = False

    @property
    def gateway(self) -> GatewaySetting:
        """The gateway's tables."""
        return self.settings.gateway

    def judge_of(self, key: Key) -> Judge | None:
        """Who judges a key's requests, by the house's policy and the key's own; None where guards are off.

        Raises:
            Fault: 503, a policy of the key cannot be had; nothing is judged by less than was asked for.
        """
        if self.judges is None:
            return None
        try:
            return self.judges.of(key.policies)
        except PolicyError as error:
            raise Fault(503, "policy_unavailable", "a policy of this key cannot be read") from error

    def keep_when(self, recording: "asyncio.Future[Receipt]", judged: Judged, data: bytes) -> None:
        """Keep a content once its entry is durable, if a rule says that it is to be kept."""
        if self.gateway.contents.rules:
            recording.add_done_callback(
                lambda done: (
                    None
                    if done.cancelled() or done.exception() is not None
                    else self.contents.keep(done.result(), judged, data)
                )
            )

    def spend(self, key: Key, log: RequestLog, used: Tokens) -> None:
        """Count what a request used: in its line, in the key's budgets and in the metrics."""
        nano = cost_nano(self.gateway.prices, log.model, used.prompt, used.completion)
        log.tokens, log.prompt_tokens, log.completion_tokens = used.total, used.prompt, used.completion
        log.cost = nano / 1e9
        self.quota.spend(key, used.total, nano)
        if self.shared is not None:
            self.shared.spend(key, used.total)
        self.metrics.count("tokens_total", (("route", log.route),), used.total)
        if nano:
            self.metrics.count("cost_total", (("route", log.route),), nano / 1e9)


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
