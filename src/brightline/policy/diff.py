"""What differs between two versions of a pack: rule by rule, and line by line of their text."""

import difflib
from collections.abc import Iterator

import msgspec

from brightline.core.wire import canonical
from brightline.policy.pack import Pack, Raise, Rule

CONTEXT_LINES = 3  # around a change of the text
LINES_SHOWN = 2_000  # of one difference; a pack has less
_HEAD = ("version", "title", "jurisdiction", "about", "utc_offset", "tightens", "requires")


class FieldChange(msgspec.Struct, frozen=True):
    """One field before and after, as JSON; empty where it was not there."""

    field: str
    before: str
    after: str


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one rule, or of one raise of an overlay.

    Attributes:
        rule: its id; of a raise `raise NAME`; empty for the pack's own fields.
        kind: added, removed or changed.
        effect: stricter, softer, or empty where neither can be said from action and severity alone.
        fields: what changed; of an added rule all that it says.
    """

    rule: str
    kind: str
    effect: str
    fields: tuple[FieldChange, ...]


class TextLine(msgspec.Struct, frozen=True):
    """A line of a text difference: `+` added, `-` removed, ` ` there before and after, `@` where a stretch begins."""

    kind: str
    text: str


class PackDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions.

    Attributes:
        rules: what changed, in the order of the later version, removed ones last.
        unchanged: how many rules are as they were.
        text: the texts' difference.
        unshown: lines of it that are left out.
    """

    rules: tuple[RuleChange, ...]
    unchanged: int
    text: tuple[TextLine, ...]
    unshown: int


def diff_packs(before: Pack | None, after: Pack | None, old_text: str, new_text: str) -> PackDiff:
    """The difference of two versions; None is a pack that was not there, or is no longer.

    Args:
        before: the earlier version.
        after: the later one.
        old_text: the earlier source.
        new_text: the later one.
    """
    old, new = _parts(before), _parts(after)
    changes = [_change(name, old.get(name), new.get(name)) for name in {**new, **old}]
    lines = list(_lines(old_text, new_text))
    return PackDiff(
        rules=tuple(change for change in changes if change is not None),
        unchanged=sum(change is None for change, name in zip(changes, {**new, **old}, strict=True) if name),
        text=tuple(lines[:LINES_SHOWN]),
        unshown=max(0, len(lines) - LINES_SHOWN),
    )


def _parts(pack: Pack | None) -> dict[str, dict[str, str]]:
    """Everything that is compared, by the name it goes by: the pack's own fields under the empty one."""
    if pack is None:
        return {}
    parts = {"": {field: _json(getattr(pack, field)) for field in _HEAD}}
    parts |= {rule.id: _fields(rule) for rule in pack.rules}
    return parts | {f"raise {change.rule}": _fields(change) for change in pack.raises}


def _fields(one: Rule | Raise) -> dict[str, str]:
    read: dict[str, object] = msgspec.to_builtins(one)
    return {
        field: value if isinstance(value, str) else _json(value)
        for field, value in read.items()
        if field not in {"id", "rule", "cases"} and value not in (None, "", [], {})
    } | ({"cases": f"{len(one.cases)}: {_digest(one)}"} if isinstance(one, Rule) and one.cases else {})


def _digest(rule: Rule) -> str:
    return ", ".join(case.name for case in rule.cases)


def _change(name: str, before: dict[str, str] | None, after: dict[str, str] | None) -> RuleChange | None:
    old, new = before or {}, after or {}
    fields = tuple(
        FieldChange(field, old.get(field, ""), new.get(field, ""))
        for field in {**old, **new}
        if old.get(field, "") != new.get(field, "")
    )
    if not fields:
        return None
    kind = "added" if before is None else "removed" if after is None else "changed"
    return RuleChange(rule=name, kind=kind, effect=_effect(kind, name, old, new), fields=fields)


_LEVELS = ("label", "review", "block")
_SEVERITIES = ("low", "medium", "high", "critical")


def _effect(kind: str, name: str, old: dict[str, str], new: dict[str, str]) -> str:
    if not name or kind != "changed":
        return "" if not name else "stricter" if kind == "added" else "softer"
    moves = {
        _move(levels, old.get(field, ""), new.get(field, ""))
        for field, levels in (("action", _LEVELS), ("severity", _SEVERITIES))
    } - {0}
    if old.get("when") != new.get("when") or old.get("effective") != new.get("effective") or len(moves) != 1:
        return ""
    return "stricter" if moves == {1} else "softer"


def _move(levels: tuple[str, ...], before: str, after: str) -> int:
    if before not in levels or after not in levels:
        return 0
    one, two = levels.index(before), levels.index(after)
    return (two > one) - (two < one)


def _lines(before: str, after: str) -> Iterator[TextLine]:
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=CONTEXT_LINES)
    for number, line in enumerate(found):
        if number >= 2:  # the first two name files
            yield TextLine(line[0], line if line[0] == "@" else line[1:])


def _json(value: object) -> str:
    return canonical(value).decode()
