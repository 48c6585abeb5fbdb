"""Waivers: somebody answers, until a day, for letting one rule pass on exactly these bytes.

    waivers:
      - id: W-12
        digest: 3f5a...        # of the file, or of the whole target; other bytes are not waived
        rule: house/models#pickle-calls
        owner: lin
        reason: the loader is pinned and runs in a sandbox until the vendor re-exports
        created: 2026-11-20
        expires: 2026-12-20
        approval: {person: okafor, day: 2026-11-21, signature: ...}

A waiver is shown wherever its result is, and the result never turns into a pass. One that has expired, that nobody
else approved, or that fits nothing is a failure of its own, so that the list cannot rot.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import yaml

from brightline.core.decision import Ground, Severity, Standing
from brightline.core.errors import GovernanceError
from brightline.core.wire import canonical
from brightline.core.words import Words
from brightline.governance.checks import CheckResult, Status, Target
from brightline.governance.dsse import decoded, pae
from brightline.governance.keys import PublicKey, Signer, holds, load_public

WAIVERS_LIMIT = 1_000  # in one file; more exceptions than that are no exceptions
FILE_LIMIT_BYTES = 4 * 1024 * 1024  # of a file of waivers or approvers, which people write
LONGEST_DAYS = 366  # from creation to expiry: nobody answers for longer without looking again
PAYLOAD_TYPE = "application/vnd.brightline.waiver+json"
_GROUND = Ground(law="House rules", article="waivers", standing=Standing.HOUSE, as_of="2026-11-24")


class Approval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A second person's word.

    Attributes:
        person: who.
        day: ISO date.
        signature: Base64 over the waiver without it, by that person's key; empty where names alone are kept.
    """

    person: str
    day: str
    signature: str = ""


class Waiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One exception; see the module's text.

    Attributes:
        id: how outputs call it.
        digest: 64 hex digits, of a file or a target.
        rule: exactly one rule.
        owner: who answers for it.
        reason: why it may be.
        created: ISO date.
        expires: ISO date, the last day on which it holds.
        approval: by somebody else.
    """

    id: str
    digest: str
    rule: str
    owner: str
    reason: str
    created: str
    expires: str
    approval: Approval | None = None


class Waived(msgspec.Struct, frozen=True, kw_only=True):
    """Results after waivers.

    Attributes:
        results: as before, with waived ones marked, and a failure for each waiver that does not hold.
        used: ids of the waivers that fitted something.
    """

    results: tuple[CheckResult, ...]
    used: frozenset[str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waivers: tuple[Waiver, ...]


def read_waivers(file: Path) -> tuple[Waiver, ...]:
    """The waivers in a YAML or JSON file.

    Raises:
        GovernanceError: it cannot be read, is malformed, or names one id twice.
    """
    try:
        found = msgspec.convert(_yaml(file), _File).waivers
    except msgspec.ValidationError as error:
        raise GovernanceError(f"`{file}` is no list of waivers: {error}") from error
    if len(found) > WAIVERS_LIMIT:
        raise GovernanceError(f"`{file}` has {len(found)} waivers, expected at most {WAIVERS_LIMIT}")
    names = [one.id for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise GovernanceError(f"`{file}` has the waiver `{twice[0]}` twice")
    return found


def read_approvers(file: Path) -> dict[str, PublicKey]:
    """Who may approve: `approvers: {name: public.pem}`, paths from the file's own folder.

    Raises:
        GovernanceError: it cannot be read or a key in it cannot.
    """
    table = _yaml(file)
    people = table.get("approvers")
    if not isinstance(people, dict) or not all(isinstance(one, str) for one in [*people, *people.values()]):
        raise GovernanceError(f"`{file}` is no list of approvers: expected `approvers: {{name: key.pem}}`")
    return {name: load_public(file.parent / key) for name, key in people.items()}


def approve(waiver: Waiver, person: str, day: date, signer: Signer | None = None) -> Waiver:
    """The waiver with a second person's approval, signed where there is a key.

    Raises:
        GovernanceError: that person owns it.
    """
    if person.strip().casefold() == waiver.owner.strip().casefold():
        raise GovernanceError(f"`{person}` owns the waiver `{waiver.id}`: somebody else has to approve it")
    bare = msgspec.structs.replace(waiver, approval=Approval(person=person, day=day.isoformat()))
    if signer is None:
        return bare
    signature = base64.b64encode(signer.sign(_signed(bare))).decode()
    approval = Approval(person=person, day=day.isoformat(), signature=signature)
    return msgspec.structs.replace(waiver, approval=approval)


def faults(waiver: Waiver, today: str, approvers: Mapping[str, PublicKey] | None) -> Iterator[Words]:
    """Everything because of which a waiver does not hold; none for one that does.

    Args:
        waiver: to look at.
        today: ISO date.
        approvers: whose signature counts; None takes a name for an approval.
    """
    yield from _incomplete(waiver)
    yield from _times(waiver, today)
    yield from _approval(waiver, approvers)


def apply_waivers(
    results: Sequence[CheckResult],
    waivers: Sequence[Waiver],
    targets: Sequence[Target],
    today: str,
    approvers: Mapping[str, PublicKey] | None = None,
) -> Waived:
    """Mark what is waived, and add a failure for each waiver that does not hold or fits nothing.

    Args:
        results: of all targets.
        waivers: as read.
        targets: what was looked at; the first one's digest stands for failures of the list itself.
        today: ISO date.
        approvers: see `faults`.
    """
    broken = {one.id: [*faults(one, today, approvers)] for one in waivers}
    good = {(one.digest, one.rule): one.id for one in waivers if not broken[one.id]}
    whole = {target.digest for target in targets}
    marked, used = [], set[str]()
    for result in results:
        name = good.get((result.digest, result.rule)) if _is_bad(result) else None
        if name is None:
            marked.append(result)
            continue
        used.add(name)
        marked.append(msgspec.structs.replace(result, status=Status.WAIVED, waiver=name))
    digest = targets[0].digest if targets else ""
    for waiver in waivers:
        if broken[waiver.id]:
            marked.append(_failure(waiver, "broken", broken[waiver.id][0], digest))
        elif waiver.id not in used:
            marked.append(_failure(waiver, "unmatched", _unmatched(waiver, results, whole), digest))
    return Waived(results=tuple(marked), used=frozenset(used))


def _is_bad(result: CheckResult) -> bool:
    return result.status in {Status.FAIL, Status.UNDECIDED, Status.WARN}


def _incomplete(waiver: Waiver) -> Iterator[Words]:
    for name in ("id", "rule", "owner", "reason"):
        if not getattr(waiver, name).strip():
            yield Words(f"it names no {name}", f"未填写 {name}")
    if len(waiver.digest) != 64 or waiver.digest.strip("0123456789abcdef"):
        yield Words("it is bound to no digest of 64 hex digits", "未绑定 64 位十六进制摘要")


def _times(waiver: Waiver, today: str) -> Iterator[Words]:
    created, expires = _day(waiver.created), _day(waiver.expires)
    if created is None or expires is None:
        yield Words("its days are not ISO dates", "日期不是 ISO 格式")
        return
    if (expires - created).days > LONGEST_DAYS:
        yield Words(f"it runs for more than {LONGEST_DAYS} days", f"有效期超过 {LONGEST_DAYS} 天")
    if waiver.created > today:
        yield Words(f"it begins on {waiver.created}", f"自 {waiver.created} 起才生效")
    if waiver.expires < today:
        yield Words(f"it expired on {waiver.expires}", f"已于 {waiver.expires} 到期")


def _approval(waiver: Waiver, approvers: Mapping[str, PublicKey] | None) -> Iterator[Words]:
    approval = waiver.approval
    if approval is None or not approval.person.strip():
        yield Words("nobody has approved it", "无人批准")
        return
    if approval.person.strip().casefold() == waiver.owner.strip().casefold():
        yield Words("its owner approved it; a second person has to", "由责任人自行批准；须由另一人批准")
    if approvers is None:
        return
    key = approvers.get(approval.person)
    if key is None:
        yield Words(
            f"`{approval.person}` is not among the approvers", f"`{approval.person}` 不在批准人名单中"
        )
    elif not _is_signed(waiver, approval, key):
        yield Words(
            f"the signature of `{approval.person}` does not hold: it was changed after it was approved",
            f"`{approval.person}` 的签名不成立：批准后有改动",
        )


def _is_signed(waiver: Waiver, approval: Approval, key: PublicKey) -> bool:
    bare = msgspec.structs.replace(waiver, approval=msgspec.structs.replace(approval, signature=""))
    try:
        return holds(key, decoded(approval.signature), _signed(bare))
    except GovernanceError:
        return False


def _signed(waiver: Waiver) -> bytes:
    return pae(PAYLOAD_TYPE, canonical(waiver))


def _failure(waiver: Waiver, kind: str, why: Words, digest: str) -> CheckResult:
    name = waiver.id[:80] or "?"
    return CheckResult(
        check="waivers",
        rule=f"waivers#{kind}",
        status=Status.FAIL,
        title=Words(f"waiver {name} does not hold", f"豁免 {name} 不成立"),
        why=Words(f"waiver `{name}` ({waiver.rule}): {why.en}", f"豁免 `{name}`（{waiver.rule}）：{why.zh}"),
        severity=Severity.MEDIUM,
        digest=digest,
        grounds=(_GROUND,),
    )


def _unmatched(waiver: Waiver, results: Sequence[CheckResult], whole: set[str]) -> Words:
    known = whole | {one.digest for one in results}
    if waiver.digest not in known:
        return Words(
            "it is bound to other bytes than those that are here; look again, then renew or delete it",
            "所绑定的字节与当前不同；请重新核查后续期或删除",
        )
    return Words("nothing fails that it would let pass; delete it", "没有可豁免的不合格项；请删除")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _yaml(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > FILE_LIMIT_BYTES:
            raise GovernanceError(f"`{file}` is larger than {FILE_LIMIT_BYTES} bytes")
        found = yaml.load(file.read_text("utf-8"), Loader=_Plain)  # noqa: S506 - a safe loader, see there
    except OSError as error:
        raise GovernanceError(f"cannot read `{file}`: {(error.strerror or '').lower()}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise GovernanceError(f"`{file}` is no YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(found, dict):
        raise GovernanceError(f"`{file}` is no table in YAML")
    return found


class _Plain(yaml.SafeLoader):
    """Every scalar stays text, so that a date is what was written; nothing is aliased."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


_Plain.yaml_implicit_resolvers = {}
