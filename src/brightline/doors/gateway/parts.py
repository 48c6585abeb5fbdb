"""What a gateway's settings become: loaded before the event loop runs, and again, beside it, at a reload."""

from dataclasses import dataclass

from brightline.assembly import policy_in_force
from brightline.core.errors import SettingsError
from brightline.doors.gateway.judge import Judge
from brightline.doors.gateway.judges import Judges
from brightline.doors.gateway.people import People
from brightline.ledger.ledger import Ledger
from brightline.policy.decide import Policy, policy_bytes
from brightline.settings import Settings
from brightline.settings_gateway import GuardSetting, UpstreamSetting, read_key

# What a running gateway cannot change: where it listens, what it writes to, and what its connections were made with.
FIXED = ("home", "database", "origin")
FIXED_GATEWAY = ("host", "port", "guards", "shared_limits", "contents", "telemetry")
FIXED_BOUNDS = ("header_bytes", "header_seconds", "connections", "ledger_queue", "drain_seconds")


@dataclass(frozen=True)
class Parts:
    """All that needs files and time to load.

    Attributes:
        settings: what they were loaded from.
        upstream_keys: by the upstream's name.
        guard_keys: in the order of the guard models.
        people: whose tokens count.
        judges: None where guards are off.
    """

    settings: Settings
    upstream_keys: dict[str, str]
    guard_keys: tuple[str, ...]
    people: People
    judges: Judges | None


def load_parts(settings: Settings, ledger: Ledger | None) -> Parts:
    """Load everything that the settings name; the ledger keeps the policies.

    Raises:
        BrightlineError: something of it cannot be had.
    """
    setting = settings.gateway
    return Parts(
        settings=settings,
        upstream_keys={one.name: _key(one) for one in setting.upstreams},
        guard_keys=tuple(_key(one) for one in setting.guard_models),
        people=People(setting.issuers),
        judges=_judges(settings, ledger) if ledger is not None else None,
    )


def refuse_fixed(before: Settings, after: Settings) -> None:
    """Check that nothing differs that a running gateway cannot change.

    Raises:
        SettingsError: it names what does.
    """
    old, new = before.gateway, after.gateway
    changed = [name for name in FIXED if getattr(before, name) != getattr(after, name)]
    changed += [f"gateway.{name}" for name in FIXED_GATEWAY if getattr(old, name) != getattr(new, name)]
    changed += [
        f"gateway.limits.{name}"
        for name in FIXED_BOUNDS
        if getattr(old.limits, name) != getattr(new.limits, name)
    ]
    if not new.upstreams:
        raise SettingsError("no upstream to ask: name at least one in `[[gateway.upstreams]]`")
    if changed:
        raise SettingsError(f"`{changed[0]}` changes only with a restart; nothing was changed")


def _judges(settings: Settings, ledger: Ledger) -> Judges:
    def save(policy: Policy) -> None:
        ledger.save_policy(policy.digest, policy_bytes(policy))

    policy = policy_in_force(settings)
    save(policy)
    judges = Judges(settings.policies, Judge(settings, policy), save)
    judges.prepare({one.policies for one in settings.gateway.issuers})
    return judges


def _key(one: UpstreamSetting | GuardSetting) -> str:
    try:
        return read_key(one)
    except OSError as error:
        raise SettingsError(f"cannot read the key file `{error.filename}`: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(str(error)) from error
