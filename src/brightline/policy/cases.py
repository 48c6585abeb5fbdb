"""Worked cases: from the few facts that a lawyer writes to a whole examination."""

import re

from brightline.core.decision import Action, AigcStatus
from brightline.core.finding import Basis, Detail, Examination, Finding
from brightline.core.harm import Harm
from brightline.core.subject import (
    Audience,
    Context,
    Declaration,
    Facts,
    Gap,
    GapKind,
    Kind,
    Role,
)
from brightline.core.words import Words
from brightline.policy.document import Table, Value
from brightline.policy.pack import Case
from brightline.policy.reader import Reader

MAX_CASES = 100  # of one rule
DEFAULT_TIME = "2026-11-23T00:00:00Z"  # of a case that gives none
NO_DIGEST = "0" * 64  # a worked case has no bytes
_WHY = Words(en="worked case", zh="示例")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})")
_SIZE_LIMIT = 2**62  # bytes or characters that a case may claim
_PARTS_LIMIT = 1_000


def read_cases(reader: Reader, value: Value | None) -> tuple[Case, ...]:
    """The cases of one rule; at least one that matches and one that does not."""
    items = reader.items(value, "`cases`")
    if value is None:
        return ()
    if len(items) > MAX_CASES:
        reader.wrong(value, f"{len(items)} cases, at most {MAX_CASES} of one rule")
        return ()
    cases = tuple(_case(reader, item) for item in items)
    if {case.matches for case in cases} != {True, False}:
        reader.wrong(value, "a rule needs at least one case that matches and one that does not")
    names = [case.name for case in cases]
    for item, name in zip(items, names, strict=True):
        if names.count(name) > 1:
            reader.wrong(item, f"two cases are named `{name[:60]}`")
    return cases


def _case(reader: Reader, value: Value) -> Case:
    known = ("name", "subject", "context", "findings", "gaps", "expect")
    entries = _entries(reader, value, "a case", known, ("name", "expect"))
    expect = entries.get("expect")
    wanted = (
        {}
        if expect is None
        else _entries(reader, expect, "`expect`", ("matches", "action", "aigc"), ("matches",))
    )
    return Case(
        name=reader.text(entries.get("name"), "`name`"),
        examination=Examination(
            facts=_facts(reader, entries.get("subject")),
            context=_context(reader, entries.get("context")),
            findings=tuple(
                _finding(reader, item) for item in reader.items(entries.get("findings"), "`findings`")
            ),
            gaps=tuple(_gap(reader, item) for item in reader.items(entries.get("gaps"), "`gaps`")),
            detectors=NO_DIGEST,
        ),
        matches=reader.truth(wanted.get("matches"), "`matches`"),
        action=reader.member(wanted.get("action"), Action, "`action`"),
        aigc=reader.member(wanted.get("aigc"), AigcStatus, "`aigc`"),
    )


def _facts(reader: Reader, value: Value | None) -> Facts:
    known = ("digest", "kind", "size_bytes", "name", "role", "characters", "parts")
    entries = {} if value is None else _entries(reader, value, "`subject`", known)
    parts = reader.whole(entries.get("parts"), "`parts`", _PARTS_LIMIT)
    part = Facts(digest=NO_DIGEST, size_bytes=0, kind=Kind.UNKNOWN)
    return Facts(
        digest=reader.text(entries.get("digest"), "`digest`") or NO_DIGEST,
        size_bytes=reader.whole(entries.get("size_bytes"), "`size_bytes`", _SIZE_LIMIT),
        kind=reader.member(entries.get("kind"), Kind, "`kind`") or Kind.TEXT,
        name=reader.free_text(entries.get("name"), "`name`"),
        role=reader.member(entries.get("role"), Role, "`role`") or Role.ROOT,
        characters=reader.whole(entries.get("characters"), "`characters`", _SIZE_LIMIT),
        parts=(part,) * parts,
    )


def _context(reader: Reader, value: Value | None) -> Context:
    known = ("channel", "actor", "tenant", "audience", "declared", "time", "parent")
    entries = {} if value is None else _entries(reader, value, "`context`", known)
    like = "an RFC 3339 time such as `2026-11-23T00:00:00Z`"
    return Context(
        channel=reader.free_text(entries.get("channel"), "`channel`") or "cli",
        actor=reader.free_text(entries.get("actor"), "`actor`"),
        tenant=reader.free_text(entries.get("tenant"), "`tenant`"),
        audience=reader.member(entries.get("audience"), Audience, "`audience`") or Audience.PUBLIC,
        declared=reader.member(entries.get("declared"), Declaration, "`declared`") or Declaration.NONE,
        time=reader.text(entries.get("time"), "`time`", _TIME, like) or DEFAULT_TIME,
        parent=reader.free_text(entries.get("parent"), "`parent`"),
    )


def _finding(reader: Reader, value: Value) -> Finding:
    known = ("claim", "basis", "probability", "details", "detector", "harm", "part")
    entries = _entries(reader, value, "a finding", known, ("claim",))
    probability = reader.share(entries.get("probability"), "`probability`")
    return Finding(
        detector=reader.text(entries.get("detector"), "`detector`") or "case",
        claim=reader.text(entries.get("claim"), "`claim`"),
        basis=reader.member(entries.get("basis"), Basis, "`basis`") or Basis.PROOF,
        probability=1.0 if probability is None else probability,
        harm=reader.member(entries.get("harm"), Harm, "`harm`"),
        why=_WHY,
        details=_details(reader, entries.get("details")),
        part=reader.free_text(entries.get("part"), "`part`"),
    )


def _details(reader: Reader, value: Value | None) -> tuple[Detail, ...]:
    if value is None:
        return ()
    if not isinstance(value, Table):
        reader.table(value, "`details`", ())
        return ()
    return tuple(
        Detail(name, reader.free_text(item, f"`details.{name[:60]}`"))
        for name, (_, item) in sorted(value.entries.items())
    )


def _gap(reader: Reader, value: Value) -> Gap:
    entries = _entries(reader, value, "a gap", ("source", "kind", "part"))
    return Gap(
        source=reader.text(entries.get("source"), "`source`") or "intake",
        kind=reader.member(entries.get("kind"), GapKind, "`kind`") or GapKind.FAILED,
        why=_WHY,
        part=reader.free_text(entries.get("part"), "`part`"),
    )


def _entries(
    reader: Reader, value: Value, what: str, known: tuple[str, ...], required: tuple[str, ...] = ()
) -> dict[str, Value]:
    table = reader.table(value, what, known, required)
    return {name: item for name, (_, item) in table.entries.items()}
