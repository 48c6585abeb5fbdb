"""The table `[service]` in brightline.toml: where the service listens, how long things are kept and may take."""

import ipaddress
from pathlib import Path
from typing import Literal

import msgspec

from brightline.core.addresses import is_private

MiB = 1024 * 1024
ROLES = frozenset({"submitter", "reviewer", "lead", "author", "auditor", "admin"})  # see review.people.Role


class OidcSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[service.oidc]`: people sign in to the console at their organisation's OpenID Connect provider.

    Attributes:
        issuer: its address, exactly as its tokens name it in `iss`.
        client_id: under which it knows this service.
        client_secret_file: file whose first line is the client's secret; empty for a public client (PKCE alone).
        name: how the button calls it.
        tenant: whose all who come from there are.
        scopes: that are asked for.
        groups_claim: the claim that lists a person's groups.
        roles: which groups have which roles, e.g. `moderators = ["reviewer"]`; who is in none of them may not sign in.
        algorithms: signatures that count.
    """

    issuer: str
    client_id: str
    client_secret_file: str = ""
    name: str = "OpenID Connect"
    tenant: str = "house"
    scopes: tuple[str, ...] = ("openid", "profile")
    groups_claim: str = "groups"
    roles: dict[str, tuple[str, ...]] = {}
    algorithms: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], ...
    ] = ("RS256", "PS256", "ES256", "EdDSA")


class ServiceSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """API, console and workers of `brightline serve`.

    Attributes:
        host: address to listen on; beyond loopback, put a proxy with TLS before it.
        port: 0 takes whichever is free.
        public_url: how people reach it, e.g. `https://review.example.com`; cookies are then marked secure.
        workers: whether this process also judges; `false` leaves that to `brightline work` elsewhere.
        undo_seconds: a person's decision can be taken back for so long, before it is recorded and told to anybody.
        claim_seconds: a case stays locked to whoever claimed it.
        session_seconds: a session ends after so long without a request.
        session_days: and in any case after so many days.
        lease_seconds: a worker that says nothing for so long loses what it holds to another.
        attempts: leases of one submission before it counts as dead and a person looks at it.
        upload_bytes: of one submission.
        request_seconds: that a caller who waits for its decision waits at most.
        requests_per_minute: of one person or token.
        retention_days: content is erased after so many days; legal holds apart.
        appeal_days: a decision may be contested for so long (DSA Art. 20 asks for six months).
        critical_hours: until a case of that severity should be decided; likewise the three below.
        high_hours: see above.
        medium_hours: see above.
        low_hours: see above.
        second_percent: share of cases that a second person reviews blindly.
        golden_percent: golden cases, whose right answer is known, for each hundred cases; reviewers cannot tell them.
        egress: webhooks beyond loopback may be called.
        fetch: callers may hand in a URL, which the service then fetches.
        fetch_hosts: the only hosts that are fetched from, `.example.com` for whatever lies below; none are all.
        fetch_ports: the only ports that are fetched from.
        fetch_networks: networks that are fetched from although they are not public, e.g. `10.1.0.0/16`; none is the safe choice.
        fetch_seconds: that a URL may take, with its redirects.
        hook_attempts: deliveries of one notice before it is given up until somebody replays it.
        templates: folder of notices that replace ours; empty is ours.
        oidc: people sign in at their organisation's OpenID Connect provider.
    """

    host: str = "127.0.0.1"
    port: int = 8600
    public_url: str = ""
    workers: bool = True
    undo_seconds: float = 10.0
    claim_seconds: float = 900.0
    session_seconds: float = 3600.0
    session_days: float = 7.0
    lease_seconds: float = 60.0
    attempts: int = 3
    upload_bytes: int = 256 * MiB
    request_seconds: float = 30.0
    requests_per_minute: int = 1200
    retention_days: float = 183.0  # Cybersecurity Law Art. 23(3): logs at least six months
    appeal_days: float = 183.0
    critical_hours: float = 1.0
    high_hours: float = 4.0
    medium_hours: float = 24.0
    low_hours: float = 72.0
    second_percent: float = 0.0
    golden_percent: float = 0.0
    egress: bool = False
    fetch: bool = False
    fetch_hosts: tuple[str, ...] = ()
    fetch_ports: tuple[int, ...] = (80, 443)
    fetch_networks: tuple[str, ...] = ()
    fetch_seconds: float = 20.0
    hook_attempts: int = 12
    templates: Path = Path()
    oidc: OidcSetting | None = None


_POSITIVE = (
    "claim_seconds", "session_seconds", "session_days", "lease_seconds", "attempts", "upload_bytes",
    "request_seconds", "requests_per_minute", "retention_days", "appeal_days", "critical_hours", "high_hours",
    "medium_hours", "low_hours", "hook_attempts", "fetch_seconds",
)  # fmt: skip


def fault_of_service(setting: ServiceSetting) -> str:
    """What is wrong with the table, in one line, or the empty string."""
    for name in _POSITIVE:
        if getattr(setting, name) <= 0:
            return f"`service.{name}` is {getattr(setting, name)}, expected more than 0"
    if setting.undo_seconds < 0:
        return f"`service.undo_seconds` is {setting.undo_seconds}, expected 0 or more"
    if not 0 <= setting.port <= 65535:
        return f"`service.port` is {setting.port}, expected 0 to 65535"
    for name in ("second_percent", "golden_percent"):
        if not 0 <= getattr(setting, name) <= 100:
            return f"`service.{name}` is {getattr(setting, name)}, expected 0 to 100"
    if setting.public_url and not setting.public_url.startswith(("http://", "https://")):
        return f"`service.public_url` is `{setting.public_url}`, expected it to begin with `https://`"
    return _fault_of_fetching(setting) or _fault_of_oidc(setting)


def _fault_of_oidc(setting: ServiceSetting) -> str:
    oidc = setting.oidc
    if oidc is None:
        return ""
    if not is_private(oidc.issuer):
        return f"`service.oidc.issuer` is `{oidc.issuer[:80]}`, expected https://, or this machine"
    if not oidc.client_id or not oidc.algorithms or "openid" not in oidc.scopes:
        return "`service.oidc`: `client_id` and `algorithms` may not be empty, and `scopes` has `openid`"
    if not oidc.roles:
        return "`service.oidc.roles` is empty: nobody could sign in; name a group and its roles"
    if unknown := sorted({role for roles in oidc.roles.values() for role in roles} - ROLES):
        return f"`service.oidc.roles` has `{unknown[0][:40]}`, expected one of {', '.join(sorted(ROLES))}"
    if not setting.public_url and not _is_loopback(setting.host):
        return "`service.oidc` needs `service.public_url`, so that people come back to where they began"
    return ""


def _is_loopback(host: str) -> bool:
    return host in {"127.0.0.1", "::1", "localhost"}


def _fault_of_fetching(setting: ServiceSetting) -> str:
    for port in setting.fetch_ports:
        if not 1 <= port <= 65535:
            return f"`service.fetch_ports` has {port}, expected 1 to 65535"
    for network in setting.fetch_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            return f"`service.fetch_networks` has `{network[:80]}`, expected a network such as `10.1.0.0/16`"
    return ""
