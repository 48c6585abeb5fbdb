"""A pack's YAML becomes a `Pack`, or one error that shows everything that is wrong with it."""

import re
from pathlib import Path

import msgspec

from brightline.core.decision import Action, AigcStatus, Ground, Remedy, Severity, Standing
from brightline.core.errors import PolicyError
from brightline.core.subject import Kind, Media
from brightline.policy.cases import read_cases
from brightline.policy.claims import unknown_claims
from brightline.policy.document import DocumentError, Table, Text, Value, read_document
from brightline.policy.effective import utc_offset_of
from brightline.policy.language.errors import ExpressionError
from brightline.policy.language.expression import condition
from brightline.policy.offsets import offsets
from brightline.policy.pack import Effective, Pack, Raise, Requirement, Rule, rests_on_memory
from brightline.policy.reader import Reader
from brightline.policy.source import Problem, Source, refusal

MAX_BYTES = 512 * 1024  # of one pack; a lawyer reads it
MAX_RULES = 500  # in one pack
_PACK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}/[a-z0-9][a-z0-9-]{0,60}")
_RULE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,80}")
_RULE_NAME = re.compile(_PACK_ID.pattern + "#" + _RULE_ID.pattern)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}")
_JURISDICTION = re.compile(r"[A-Z][A-Z0-9-]{1,15}")
_DETECTOR = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_TOP = ("pack", "version", "title", "jurisdiction", "about")
_OPTIONAL = ("utc_offset", "tightens", "requires", "rules", "raise")
_RULE = ("id", "when", "action", "severity", "grounds", "message", "cases")


class Loaded(msgspec.Struct, frozen=True):
    """What came out of a pack's file: the pack, unless something is wrong with it."""

    source: Source
    pack: Pack | None
    problems: tuple[Problem, ...]


def load_pack(path: Path) -> Pack:
    """The pack in a file.

    Raises:
        PolicyError: the file cannot be read, or something in it is wrong; the message shows each place.
    """
    loaded = read_pack(path)
    if loaded.pack is None:
        raise refusal(loaded.problems)
    return loaded.pack


def read_pack(path: Path, claims: frozenset[str] | None = None) -> Loaded:
    """The pack in a file, with all problems; given the known claims, rules that ask for others get a warning.

    Raises:
        PolicyError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyError(f"cannot read pack `{path}`: {error.strerror}") from error
    return parse_pack(data, str(path), claims)


def parse_pack(data: bytes, name: str, claims: frozenset[str] | None = None) -> Loaded:
    """The pack in a file's bytes, with all problems; `name` is what messages call the file."""
    if len(data) > MAX_BYTES:
        return _unreadable(Source(name, ""), f"larger than {MAX_BYTES // 1024} KiB, which no pack is", 0)
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return _unreadable(Source(name, ""), f"byte {error.start} is not UTF-8", 0)
    source = Source(name, text)
    try:
        document = read_document(text)
    except DocumentError as error:
        return _unreadable(source, error.message, error.start)
    reader = Reader(source)
    pack = _Loader(reader, claims).pack(document)
    problems = sorted(reader.problems, key=lambda problem: (problem.line, problem.column))
    refused = any(not problem.warning for problem in problems)
    return Loaded(source, None if refused else pack, tuple(problems))


def _unreadable(source: Source, message: str, start: int) -> Loaded:
    return Loaded(source, None, (source.problem(message, start, start + 1),))


class _Loader:
    def __init__(self, reader: Reader, claims: frozenset[str] | None) -> None:
        self._reader = reader
        self._claims = claims

    def pack(self, document: Value) -> Pack:
        reader = self._reader
        table = reader.table(document, "the pack", (*_TOP, *_OPTIONAL), _TOP)
        top = _values(table)
        pack = Pack(
            id=reader.text(top.get("pack"), "`pack`", _PACK_ID, "an id such as `cn/labelling`"),
            version=reader.text(top.get("version"), "`version`", _VERSION, "numbers such as `2026.11.1`"),
            title=reader.words(top.get("title"), "`title`"),
            jurisdiction=reader.text(
                top.get("jurisdiction"), "`jurisdiction`", _JURISDICTION, "a code such as `CN`"
            ),
            about=reader.words(top.get("about"), "`about`"),
            utc_offset=self._utc_offset(top.get("utc_offset")),
            tightens=reader.text(top.get("tightens"), "`tightens`", _PACK_ID, "an id such as `cn/labelling`"),
            requires=tuple(
                self._requirement(item) for item in reader.items(top.get("requires"), "`requires`")
            ),
            rules=self._rules(top.get("rules")),
            raises=tuple(self._raise(item) for item in reader.items(top.get("raise"), "`raise`")),
        )
        if table.entries and not pack.rules and not pack.raises:
            reader.wrong(table, "the pack has no rules: everything would pass; write at least one")
        if pack.raises and not pack.tightens:
            reader.wrong(top["raise"], "`raise` needs `tightens`: the id of the pack whose rules it tightens")
        return pack

    def _utc_offset(self, value: Value | None) -> int:
        text = self._reader.text(value, "`utc_offset`")
        minutes = utc_offset_of(text) if text else 0
        if value is not None and minutes is None:
            self._reader.wrong(
                value, f"`utc_offset` is `{text[:60]}`, expected an offset such as `+08:00`, or `Z`"
            )
        return minutes or 0

    def _requirement(self, value: Value) -> Requirement:
        reader = self._reader
        entries = _values(reader.table(value, "a requirement", ("detector", "media", "kinds"), ("detector",)))
        media = (
            reader.member(item, Media, "`media`") for item in reader.items(entries.get("media"), "`media`")
        )
        kinds = (
            reader.member(item, Kind, "`kinds`") for item in reader.items(entries.get("kinds"), "`kinds`")
        )
        return Requirement(
            detector=reader.text(
                entries.get("detector"), "`detector`", _DETECTOR, "a name such as `text.unicode`"
            ),
            media=tuple(family for family in media if family is not None),
            kinds=tuple(kind for kind in kinds if kind is not None),
        )

    def _rules(self, value: Value | None) -> tuple[Rule, ...]:
        items = self._reader.items(value, "`rules`")
        if value is not None and len(items) > MAX_RULES:
            self._reader.wrong(value, f"{len(items)} rules, at most {MAX_RULES} in one pack")
            items = ()
        seen: set[str] = set()
        return tuple(self._rule(item, seen) for item in items)

    def _rule(self, value: Value, seen: set[str]) -> Rule:
        reader = self._reader
        table = reader.table(value, "a rule", (*_RULE, "aigc", "effective", "remedy"), _RULE)
        entries = _values(table)
        rule = Rule(
            id=reader.text(entries.get("id"), "`id`", _RULE_ID, "lower-case words such as `mark-missing`"),
            when=self._when(entries.get("when")),
            action=reader.member(entries.get("action"), Action, "`action`", (Action.ALLOW,)) or Action.BLOCK,
            severity=reader.member(entries.get("severity"), Severity, "`severity`") or Severity.CRITICAL,
            grounds=self._grounds(entries.get("grounds")),
            message=reader.words(entries.get("message"), "`message`"),
            aigc=reader.member(entries.get("aigc"), AigcStatus, "`aigc`", (AigcStatus.NONE,))
            or AigcStatus.NONE,
            effective=self._effective(entries.get("effective")),
            cases=read_cases(reader, entries.get("cases")),
            remedy=reader.member(entries.get("remedy"), Remedy, "`remedy`") or msgspec.UNSET,
        )
        if rule.id and rule.id in seen:
            reader.wrong(entries["id"], f"a rule named `{rule.id}` is already there")
        seen.add(rule.id)
        self._memory(entries, rule)
        return rule

    def _when(self, value: Value | None) -> str:
        text = self._reader.text(value, "`when`")
        if isinstance(value, Text) and text:
            try:
                tree = condition(text).checked.tree
            except ExpressionError as error:
                self._inside(value, error.message, error.start, error.end)
            else:
                for unknown in unknown_claims(tree, self._claims) if self._claims is not None else ():
                    self._inside(value, unknown.message, unknown.start, unknown.end, warning=True)
        return text

    def _inside(self, value: Text, message: str, start: int, end: int, *, warning: bool = False) -> None:
        """Note a problem at characters [start, end) of a value, wherever YAML has put them in the file."""
        places = offsets(self._reader.source.text, value.start, value.end, value.value)
        first, last = places[min(start, len(value.value))], places[min(end, len(value.value)) - 1]
        self._reader.place(message, first, max(first, last) + 1, warning=warning)

    def _grounds(self, value: Value | None) -> tuple[Ground, ...]:
        items = self._reader.items(value, "`grounds`")
        if value is not None and not items:
            self._reader.wrong(value, "`grounds` is empty; name the article, or the house rule, it rests on")
        return tuple(self._ground(item) for item in items)

    def _ground(self, value: Value) -> Ground:
        reader = self._reader
        needed = ("law", "article", "standing")
        entries = _values(reader.table(value, "a ground", (*needed, "as_of"), needed))
        return Ground(
            law=reader.text(entries.get("law"), "`law`"),
            article=reader.text(entries.get("article"), "`article`"),
            standing=reader.member(entries.get("standing"), Standing, "`standing`") or Standing.SEEN,
            as_of=reader.moment(entries.get("as_of"), "`as_of`"),
        )

    def _memory(self, entries: dict[str, Value], rule: Rule) -> None:
        if rule.action is Action.BLOCK and rests_on_memory(rule.grounds) and "action" in entries:
            message = "a rule whose every ground is from memory may label or review, not block"
            self._reader.wrong(entries["action"], message)

    def _effective(self, value: Value | None) -> Effective:
        if value is None:
            return Effective()
        reader = self._reader
        entries = _values(reader.table(value, "`effective`", ("from", "until")))
        effective = Effective(
            since=reader.moment(entries.get("from"), "`from`"),
            until=reader.moment(entries.get("until"), "`until`"),
        )
        if effective.since and effective.until and effective.since >= effective.until:
            reader.wrong(value, "`until` must come after `from`")
        return effective

    def _raise(self, value: Value) -> Raise:
        reader = self._reader
        known = ("rule", "action", "severity", "effective", "grounds")
        entries = _values(reader.table(value, "a raise", known, ("rule",)))
        effective = entries.get("effective")
        grounds = entries.get("grounds")
        return Raise(
            rule=reader.text(
                entries.get("rule"), "`rule`", _RULE_NAME, "a full name such as `cn/labelling#suspected`"
            ),
            action=reader.member(entries.get("action"), Action, "`action`", (Action.ALLOW,)),
            severity=reader.member(entries.get("severity"), Severity, "`severity`"),
            effective=self._effective(effective) if effective is not None else None,
            grounds=self._grounds(grounds) if grounds is not None else (),
        )


def _values(table: Table) -> dict[str, Value]:
    return {name: value for name, (_, value) in table.entries.items()}
