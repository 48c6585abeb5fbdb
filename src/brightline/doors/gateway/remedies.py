"""What a decision's rules allow in place of stopping: which words are taken out, what notice is given, who answers.

A remedy never makes a decision milder. What comes out of it is judged by itself, and passes only if that passes.
"""

from collections.abc import Sequence

import msgspec

from brightline.core.decision import Action, Remedy, RuleMatch
from brightline.core.errors import ExchangeError
from brightline.core.finding import Basis, Finding, Span, details
from brightline.core.words import Words
from brightline.doors.answer import OWN_RULES
from brightline.doors.gateway.judge import SOURCE, Judged
from brightline.exchange.nouns import Turn
from brightline.exchange.vault import Vault
from brightline.settings_gateway import Fail

CLAIM = "exchange.remedy"
ROUNDS = 3  # times that words are taken out and what is left is judged: a finding lists a hundred places


class Edit(msgspec.Struct, frozen=True):
    """One stretch that is to be taken out.

    Attributes:
        turn: index of its turn.
        start: first character.
        end: behind the last.
        kind: what it is, for its name.
        restore: whoever said it finds it again in the answer.
        notice: words in its place; None gives it a name.
    """

    turn: int
    start: int
    end: int
    kind: str
    restore: bool
    notice: Words | None = None


class Remedied(msgspec.Struct, frozen=True):
    """What may be done with judged words.

    Attributes:
        edits: what is to be taken out.
        notices: what is to be said with what passes.
        reroute: another model is to answer.
        remedies: by name, for the record.
    """

    edits: tuple[Edit, ...] = ()
    notices: tuple[Words, ...] = ()
    reroute: bool = False
    remedies: tuple[str, ...] = ()


NONE = Remedied()


def remedied(judged: Judged, fail: Fail, *, reroutes: bool = False) -> Remedied | None:
    """What may be done in place of stopping, or besides passing; None where the words must stop.

    Args:
        judged: the words.
        fail: whether what could not be judged passes on this route.
        reroutes: another model can be asked still.
    """
    edits: list[Edit] = []
    notices: list[Words] = []
    names: set[str] = set()
    for match in judged.decision.matches:
        if not isinstance(match.remedy, Remedy):
            if match.action >= Action.REVIEW and not (fail is Fail.OPEN and _is_gap(match)):
                return None
            continue
        found = [judged.examination.findings[index] for index in match.findings]
        mine = _edits(found, match) if match.remedy is not Remedy.SAFER_MODEL else []
        must = match.action >= Action.REVIEW
        if must and (match.error or not (mine or (match.remedy is Remedy.SAFER_MODEL and reroutes))):
            return None
        if match.remedy is Remedy.NOTICE and not mine:
            notices.append(match.message)
        edits += mine
        names.add(match.remedy.value)
    reroute = reroutes and Remedy.SAFER_MODEL.value in names
    return Remedied(tuple(edits), tuple(notices), reroute, tuple(sorted(names)))


def put_away(edits: Sequence[Edit], turns: Sequence[Turn], vault: Vault, language: str) -> bool:
    """Give everything that is to be taken out a name in the vault; False where that cannot be."""
    try:
        for one in edits:
            value = turns[one.turn].text[one.start : one.end]
            if one.notice is not None:
                vault.put(value, f"[{one.notice.in_language(language)}]")
            else:
                vault.name(one.kind, value, restore=one.restore)
    except (ExchangeError, IndexError):
        return False
    return True


def told(names: Sequence[str], values: int) -> Finding:
    """The record of remedies that were carried out."""
    said = ", ".join(names)
    return Finding(
        detector=SOURCE,
        claim=CLAIM,
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(
            f"carried out in this exchange: {said}; {values} values taken out",
            f"本次对话已采取措施：{said}；替换 {values} 处内容",
        ),
        details=details(remedies=said, values=str(values)),
    )


def _edits(found: Sequence[Finding], match: RuleMatch) -> list[Edit]:
    """A stretch for every place that findings name; none where one names no place, since then not all could be taken out."""
    is_back = match.remedy is Remedy.REDACT_AND_RESTORE
    notice = match.message if match.remedy is Remedy.NOTICE else None
    edits: list[Edit] = []
    for finding in found:
        spans = [place for place in finding.where if isinstance(place, Span)]
        if not spans or not finding.part.isdecimal():
            return []
        kind = finding.detail("type") or finding.detail("list") or finding.claim.rpartition(".")[2]
        turn, kind = int(finding.part), kind.removesuffix("_bulk")
        edits += [Edit(turn, span.start, span.end, kind, is_back, notice) for span in spans]
    return edits


def _is_gap(match: RuleMatch) -> bool:
    return match.rule.startswith(OWN_RULES) or bool(match.error)
