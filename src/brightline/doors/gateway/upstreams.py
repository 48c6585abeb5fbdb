"""The upstreams: which of them answers a request, and what is known of their health.

A request goes to the upstreams that serve its model, those of the lowest tier first, in an order drawn by weight. One
that fails before the first byte of its answer gives way to the next; after that nothing is asked again.
"""

import random
import time
from collections.abc import Mapping, Sequence

from brightline.exchange.faults import Fault
from brightline.exchange.nouns import Protocol
from brightline.settings_gateway import GatewayLimits, UpstreamKind, UpstreamSetting


class Upstream:
    """One upstream and its breaker.

    The breaker opens after some failures in a row; then, after a rest, one request at a time may try.

    Attributes:
        setting: what the operator wrote.
        is_healthy: its last answer to a question for its models was one; True where none is asked.
        failures_total: since the start.
    """

    def __init__(self, setting: UpstreamSetting, key: str, limits: GatewayLimits) -> None:
        self.setting = setting
        self.is_healthy = True
        self._limits = limits
        self._failures = 0
        self._open_until = 0.0
        self._is_tried = False
        self.failures_total = 0
        self._made_of = (setting, key, limits)
        self.headers = _headers(setting.kind, key)

    @property
    def rests_for_s(self) -> float:
        """Seconds until it may be tried again; 0 while it is in use."""
        if self._failures < self._limits.failures:
            return 0.0
        return max(0.0, self._open_until - time.monotonic())

    def take(self) -> bool:
        """Whether it may be asked now."""
        if self._failures < self._limits.failures:
            return True
        if self.rests_for_s or self._is_tried:
            return False
        self._is_tried = True
        return True

    def succeeded(self) -> None:
        """It began an answer."""
        self._failures = 0
        self._is_tried = False

    def failed(self) -> None:
        """It did not."""
        self.failures_total += 1
        self._failures += 1
        self._is_tried = False
        if self._failures >= self._limits.failures:
            self._open_until = time.monotonic() + self._limits.rest_seconds

    def gave_no_answer(self) -> None:
        """The caller hung up before it could answer: nothing was learnt."""
        self._is_tried = False

    def is_same_as(self, other: "Upstream") -> bool:
        """Whether nothing that was set of it differs."""
        return self._made_of == other._made_of  # noqa: SLF001 - one of ours

    def serves(self, protocol: Protocol) -> bool:
        """Whether it speaks a protocol."""
        return (self.setting.kind is UpstreamKind.ANTHROPIC) == (protocol is Protocol.MESSAGES)

    def url(self, path: str, model: str) -> str:
        """Where to ask.

        Args:
            path: of the route behind `/v1`, e.g. `/chat/completions`.
            model: as this upstream calls it.
        """
        base = self.setting.base_url.rstrip("/")
        if self.setting.kind is UpstreamKind.AZURE:
            return f"{base}/openai/deployments/{model}{path}?api-version={self.setting.api_version}"
        return f"{base}{path}"


class Pool:
    """All upstreams."""

    def __init__(
        self,
        settings: Sequence[UpstreamSetting],
        keys: Mapping[str, str],
        limits: GatewayLimits,
        before: "Pool | None" = None,
    ) -> None:
        """Name them; what is known of the health of those that stay as they were is kept."""
        old_ones: tuple[Upstream, ...] = before.upstreams if before is not None else ()
        known = {one.setting.name: one for one in old_ones}
        fresh = [Upstream(one, keys[one.name], limits) for one in settings]
        self.upstreams: tuple[Upstream, ...] = tuple(
            old if (old := known.get(one.setting.name)) is not None and old.is_same_as(one) else one
            for one in fresh
        )
        self.kinds = {one.setting.name: one.setting.kind for one in self.upstreams}
        self._attempts = limits.attempts
        self._random = random.Random()  # noqa: S311 - spreads load and guards nothing

    def models(self) -> list[str]:
        """The names that callers may ask for, sorted."""
        return sorted({name for one in self.upstreams for name in one.setting.models})

    def candidates(self, protocol: Protocol, model: str) -> list[Upstream]:
        """Whom to ask, in order; each is to be taken before it is asked.

        Raises:
            Fault: 404, nobody serves that model on that route; 503, all who do are resting.
        """
        serving = [one for one in self.upstreams if model in one.setting.models and one.serves(protocol)]
        if not serving:
            raise no_model(model)
        rested = [one for one in serving if not one.rests_for_s]
        if not rested:
            wait = min(one.rests_for_s for one in serving)
            raise Fault(
                503,
                "upstream_unavailable",
                "no upstream of this model answers now",
                retry_after_s=int(wait) + 1,
            )
        if len(rested) > 1:
            drawn = {one: self._random.random() ** (1 / one.setting.weight) for one in rested}
            rested.sort(key=lambda one: (not one.is_healthy, one.setting.tier, -drawn[one]))
        return rested[: self._attempts]


def no_model(model: str) -> Fault:
    """The fault for a model that is not there, or not for this key: which of both is not told."""
    return Fault(404, "model_not_found", f"no model `{model[:100]}`, or not for this key", param="model")


def _headers(kind: UpstreamKind, key: str) -> dict[str, str]:
    own: dict[str, str] = {}
    fixed = {"accept-encoding": "identity"}  # what is judged is read as it is
    match kind:
        case UpstreamKind.OPENAI:
            if key:
                own = {"authorization": f"Bearer {key}"}
        case UpstreamKind.AZURE:
            own = {"api-key": key}
        case UpstreamKind.ANTHROPIC:
            own = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return fixed | own
