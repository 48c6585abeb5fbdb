"""What is done with the register of protected persons goes into the ledger before anybody hears the outcome."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from brightline.assembly import open_ledger, policy_in_force
from brightline.core.finding import Basis, Detail, Examination, Finding
from brightline.core.receipt import Receipt
from brightline.core.subject import Audience, Context, Facts, Kind
from brightline.core.words import Words
from brightline.examine.catalogue import catalogue, digest_of
from brightline.policy.decide import policy_bytes
from brightline.settings import Settings

CLAIM = "person.register"
NOTHING = hashlib.sha256(b"").hexdigest()
_DONE = {
    "add": Words("a person was added to the register", "已将一人加入登记册"),
    "withdraw": Words("a person was removed from the register", "已将一人从登记册中删除"),
    "expire": Words("persons whose consent had run out were removed", "已删除同意期限届满的人员"),
    "list": Words("the register was listed", "已列出登记册"),
    "check": Words("a picture or recording was compared with the register", "已将一份图片或录音与登记册比对"),
}


def record_access(
    settings: Settings, action: str, facts: Facts, register: str, details: Mapping[str, str]
) -> Receipt:
    """Record one use of the register: digests and counts, no name, no template.

    Args:
        settings: whose ledger.
        action: `add`, `withdraw`, `expire`, `list` or `check`.
        facts: what was looked at or written, without its name.
        register: digest of the register that was used, or as it will be; empty where there is none.
        details: further facts, of records by their random ids only.

    Raises:
        LedgerError: it could not be made durable; the caller then gives nothing out and changes nothing.
    """
    named = {"action": action, "register": register, **details}
    examination = Examination(
        facts=facts,
        context=Context(
            channel="protect",
            audience=Audience.INTERNAL,
            time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        findings=(
            Finding(
                detector="protect",
                claim=CLAIM,
                basis=Basis.PROOF,
                probability=1.0,
                why=_DONE[action],
                details=tuple(Detail(name, value) for name, value in sorted(named.items())),
            ),
        ),
        gaps=(),
        detectors=digest_of(catalogue(), settings),
    )
    policy = policy_in_force(settings)
    with open_ledger(settings) as ledger:
        ledger.save_policy(policy.digest, policy_bytes(policy))
        return ledger.record([(examination, policy.decide(examination))])[0]


def register_facts(digest: str, size_bytes: int) -> Facts:
    """The register itself as what was looked at."""
    return Facts(digest=digest or NOTHING, size_bytes=size_bytes, kind=Kind.UNKNOWN)
