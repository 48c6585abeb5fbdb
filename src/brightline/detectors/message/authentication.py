"""Read what the receiving server wrote about a mail's sender: Authentication-Results.

Source: RFC 8601 (the field and its trust), RFC 7489 (DMARC), RFC 8617 (ARC). Anyone can write such a field into a
mail, so only the topmost counts, and its passes count only when the server that it names handed the mail over.
"""

from enum import StrEnum

import msgspec
import re2

from brightline.core.subject import Header
from brightline.detectors.message.addresses import registrable

FIELD_LIMIT = 8_192  # characters of a header field that are read
RECEIVED_LIMIT = 16  # hops above or next below the field that may vouch for it

_METHOD = re2.compile(r"(?i)(?:^|[;\s])(spf|dkim|dmarc|arc)\s*=\s*([a-z]+)")
_COMMENT = re2.compile(r"\([^()]*\)")
_BY = re2.compile(r"(?i)\bby\s+([a-z0-9.\-]{1,253})")
_SERVER = re2.compile(r"(?i)^\s*([a-z0-9][a-z0-9.\-]*\.[a-z0-9.\-]+)(?:/[0-9]+|\s+[0-9]+)?\s*(?:;|$)")
_FAILS = frozenset({"fail", "softfail", "permerror"})


class Outcome(StrEnum):
    """What the results say together."""

    PASS = "pass"  # noqa: S105  # not a password
    FAIL = "fail"
    PARTIAL = "partial"  # neither DMARC nor an aligned set of passes
    UNVERIFIED = "unverified"  # it says pass, but nothing shows that our server wrote it
    NOT_FOUND = "not_found"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Results of the topmost field; empty where a method is not reported."""

    outcome: Outcome
    server: str = ""
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    has_arc: bool = False
    others: int = 0  # further Authentication-Results fields, which don't count


def read_results(headers: tuple[Header, ...]) -> Results:
    """Results of the topmost Authentication-Results field among the headers, in their order."""
    has_arc = any(header.name.startswith("arc-") for header in headers)
    places = [place for place, header in enumerate(headers) if header.name == "authentication-results"]
    if not places:
        return Results(outcome=Outcome.NOT_FOUND, has_arc=has_arc)
    field = _uncommented(headers[places[0]].value[:FIELD_LIMIT])
    methods: dict[str, list[str]] = {}
    for match in _METHOD.finditer(field):
        methods.setdefault(match.group(1).lower(), []).append(match.group(2).lower())
    server = _SERVER.search(field)
    name = server.group(1).lower().rstrip(".") if server is not None else ""
    spf, dkim, dmarc = (_best(methods.get(method, [])) for method in ("spf", "dkim", "dmarc"))
    return Results(
        outcome=_outcome(spf, dkim, dmarc, is_trusted=_is_ours(name, headers, places[0])),
        server=name,
        spf=spf,
        dkim=dkim,
        dmarc=dmarc,
        has_arc=has_arc or "arc" in methods,
        others=len(places) - 1,
    )


def _outcome(spf: str, dkim: str, dmarc: str, *, is_trusted: bool) -> Outcome:
    if dmarc in _FAILS or (not dmarc and (spf in _FAILS or dkim in _FAILS) and "pass" not in (spf, dkim)):
        return Outcome.FAIL
    if dmarc == "pass":
        return Outcome.PASS if is_trusted else Outcome.UNVERIFIED
    return Outcome.PARTIAL


def _best(values: list[str]) -> str:
    """A mail may carry several signatures: one that passes is enough (RFC 8601, 2.3)."""
    if "pass" in values:
        return "pass"
    return next((value for value in values if value in _FAILS), values[0] if values else "")


def _is_ours(server: str, headers: tuple[Header, ...], place: int) -> bool:
    """Whether a hop above the field, or the first below it, was received by the server that it names.

    Some services name no server; their field counts when no foreign hop stands above it.
    """
    above = [header for header in headers[:place] if header.name == "received"][-RECEIVED_LIMIT:]
    below = next((header for header in headers[place:] if header.name == "received"), None)
    if not server:
        return not above
    hops = [*above, *([below] if below is not None else [])]
    return any(_received_by(hop.value) == registrable(server) for hop in hops)


def _received_by(value: str) -> str:
    match = _BY.search(value[:FIELD_LIMIT])
    return registrable(match.group(1).lower().rstrip(".")) if match is not None else ""


def _uncommented(field: str) -> str:
    """Without comments, which nest to a depth that no honest server uses."""
    for _ in range(4):
        field, before = _COMMENT.sub(" ", field), field
        if field == before:
            break
    return field
