"""What people do goes into the ledger: their decisions before they take effect, their reading before they see content.

A person's decision is an entry like any other: the finding says who decided what of which entry, and the pack `house/review`
turns it into the action, so that it replays.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from brightline.core.decision import Action
from brightline.core.finding import Basis, Examination, Finding, details
from brightline.core.receipt import Receipt
from brightline.core.subject import Audience, Context, Facts, Kind
from brightline.core.words import Words
from brightline.doors.service.state import State
from brightline.examine.catalogue import catalogue, digest_of
from brightline.review.appeals import Appeal, Outcome
from brightline.review.cases import Case, Ruling
from brightline.review.people import Person
from brightline.review.submissions import Submission

NOTHING = hashlib.sha256(b"").hexdigest()
DECIDED = "review.decided"
DONE = "review.done"


def decided(state: State, case: Case, submission: Submission, ruling: Ruling) -> tuple[Examination, str]:
    """The entry of a person's decision, and its job key: recording it twice is recording it once."""
    facts = {
        "action": ruling.action.value, "asked": case.asked, "case": case.id, "entry": str(submission.entry or ""),
        "leaf": submission.leaf, "note": _hashed(ruling.note), "person": case.decided_by or "", "reason": ruling.reason,
    }  # fmt: skip
    why = Words(
        f"a person decided `{ruling.action.value}` where the policy asked for `{case.asked}`",
        f"人工决定为“{_ZH[ruling.action]}”，策略原请求为“{_ZH.get(_action(case.asked), case.asked)}”",  # Chinese quotes
    )
    examination = _examination(state, submission, DECIDED, why, facts)
    key = hashlib.sha256(f"case {case.id} {case.decided_ms}".encode()).hexdigest()
    return examination, key


def golden(state: State, case: Case, submission: Submission, ruling: Ruling) -> tuple[Examination, str]:
    """The entry of an answer to a golden item, and its job key: a deed of a person, no decision about the subject."""
    why = Words("a person answered a golden item", "人员回答了一个已知答案的样题")
    facts = {
        "deed": "golden.answer", "person": case.decided_by or "", "case": case.id, "answer": ruling.action.value,
        "known": case.golden,
    }  # fmt: skip
    examination = _examination(state, submission, DONE, why, facts)
    return examination, hashlib.sha256(f"golden {case.id} {case.decided_ms}".encode()).hexdigest()


def contested(state: State, appeal: Appeal, submission: Submission) -> tuple[Examination, str]:
    """The entry of an appeal's outcome, and its job key; an appeal that is upheld lets its subject pass."""
    facts = {
        "action": Action.ALLOW.value if appeal.outcome == Outcome.UPHELD else submission.action,
        "appeal": appeal.id, "asked": submission.action, "entry": str(submission.entry or ""),
        "leaf": submission.leaf, "note": _hashed(appeal.notice), "outcome": appeal.outcome,
        "person": appeal.reviewer or "",
    }  # fmt: skip
    why = Words(
        f"an appeal was {appeal.outcome}", "申诉成立" if appeal.outcome == Outcome.UPHELD else "申诉被驳回"
    )
    examination = _examination(state, submission, DECIDED, why, facts)
    return examination, hashlib.sha256(f"appeal {appeal.id}".encode()).hexdigest()


def write(state: State, examination: Examination, key: str = "") -> Receipt:
    """Record an entry; durable when it returns.

    Raises:
        LedgerError: it could not be made durable.
    """
    policy = state.review_policy
    return state.house.ledger.record([(examination, policy.decide(examination))], [key])[0]


def done(
    state: State, person: Person, deed: str, submission: Submission | None, facts: Mapping[str, str]
) -> Receipt:
    """Record that a person did something that others must be able to check, such as reading content.

    Raises:
        LedgerError: it could not be made durable; the caller then gives nothing out.
    """
    why = Words(f"a person did `{deed}`", f"人员执行了 `{deed}`")
    told = {"deed": deed, "person": person.id, **facts}
    return write(state, _examination(state, submission, DONE, why, told, person.tenant))


def done_once(state: State, person: Person, deed: str, facts: Mapping[str, str], key: str) -> Receipt:
    """The same under a key: recorded twice it is recorded once.

    Raises:
        LedgerError: it could not be made durable; the caller then changes nothing.
    """
    why = Words(f"a person did `{deed}`", f"人员执行了 `{deed}`")
    told = {"deed": deed, "person": person.id, **facts}
    examination = _examination(state, None, DONE, why, told, person.tenant)
    return write(state, examination, hashlib.sha256(key.encode()).hexdigest())


def _examination(
    state: State,
    submission: Submission | None,
    claim: str,
    why: Words,
    facts: Mapping[str, str],
    tenant: str = "",
) -> Examination:
    digest = submission.digest if submission is not None and submission.digest else NOTHING
    kind = Kind(submission.kind) if submission is not None and submission.kind else Kind.UNKNOWN
    return Examination(
        facts=Facts(digest=digest, size_bytes=0, kind=kind),
        context=Context(
            channel="review",
            tenant=submission.tenant if submission is not None else tenant,
            audience=Audience.INTERNAL,
            time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        findings=(
            Finding(
                detector="review",
                claim=claim,
                basis=Basis.PROOF,
                probability=1.0,
                why=why,
                details=details(**facts),
            ),
        ),
        gaps=(),
        detectors=digest_of(catalogue(), state.house.settings),
    )


_ZH = {Action.ALLOW: "放行", Action.LABEL: "标识", Action.REVIEW: "复核", Action.BLOCK: "阻断"}


def _action(name: str) -> Action:
    return Action(name) if name else Action.REVIEW


def _hashed(note: str) -> str:
    """A note's digest: what a person wrote may name others, and the ledger keeps no content."""
    return hashlib.sha256(note.encode()).hexdigest() if note else ""
