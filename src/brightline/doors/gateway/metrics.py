"""Counts and times of the gateway, as Prometheus reads them; no tenant's name and no content is in them.

Source: Prometheus text exposition format 0.0.4.
"""

from collections.abc import Mapping
from itertools import accumulate

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
HELP = {
    "requests_total": "Requests by route, status and action.",
    "request_seconds": "Seconds from a request's head to its answer's end.",
    "first_byte_seconds": "Seconds from a request's head to the first byte of a stream.",
    "cost_total": "What tokens cost, by the settings' prices, in their currency.",
    "upstream_failures_total": "Requests that an upstream failed.",
    "shared_limits_up": "1 while the server of shared limits answers; without it each gateway keeps its own.",
    "reloads_total": "Times that the settings were read anew, by outcome.",
    "tokens_total": "Tokens of prompts and completions, counted by upstreams or estimated.",
    "in_flight": "Requests under way.",
    "ledger_entries_total": "Decisions made durable.",
    "ledger_writes_total": "Durable writes, each of one or more decisions.",
    "upstream_up": "1 where an upstream answers and is not resting.",
}
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """What is counted, in memory."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[Labels, float]] = {}
        self._times: dict[str, dict[Labels, list[int]]] = {}
        self._sums: dict[tuple[str, Labels], float] = {}

    def count(self, name: str, labels: Labels, more: float = 1) -> None:
        """Add to a counter."""
        row = self._counts.setdefault(name, {})
        row[labels] = row.get(labels, 0) + more

    def observe(self, name: str, labels: Labels, seconds: float) -> None:
        """Add one to a histogram of seconds."""
        row = self._times.setdefault(name, {}).setdefault(labels, [0] * (len(BUCKETS_S) + 1))
        place = next((number for number, edge in enumerate(BUCKETS_S) if seconds <= edge), len(BUCKETS_S))
        row[place] += 1
        self._sums[name, labels] = self._sums.get((name, labels), 0.0) + seconds

    def text(self, now: Mapping[str, Mapping[Labels, float]]) -> bytes:
        """The page; `now` holds values that are as they are at this moment."""
        lines: list[str] = []
        for name, rows in {**self._counts, **now}.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += _head(name, kind)
            lines += [
                f"brightline_gateway_{name}{_labels(labels)} {value:g}" for labels, value in rows.items()
            ]
        for name, times in self._times.items():
            lines += _head(name, "histogram")
            for labels, buckets in times.items():
                lines += self._histogram(name, labels, buckets)
        return ("\n".join(lines) + "\n").encode()

    def _histogram(self, name: str, labels: Labels, buckets: list[int]) -> list[str]:
        full = f"brightline_gateway_{name}"
        totals = [*accumulate(buckets)]
        edges = [*(f"{edge:g}" for edge in BUCKETS_S), "+Inf"]
        lines = [
            f"{full}_bucket{_labels((*labels, ('le', edge)))} {total}"
            for edge, total in zip(edges, totals, strict=True)
        ]
        return [
            *lines,
            f"{full}_sum{_labels(labels)} {self._sums[name, labels]:g}",
            f"{full}_count{_labels(labels)} {totals[-1]}",
        ]


def _head(name: str, kind: str) -> list[str]:
    return [f"# HELP brightline_gateway_{name} {HELP[name]}", f"# TYPE brightline_gateway_{name} {kind}"]


def _labels(labels: Labels) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
