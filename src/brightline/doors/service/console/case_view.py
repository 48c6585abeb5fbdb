"""What a case's page shows: its content part by part, what was found, which rules asked for what, and what happened."""

from collections.abc import Iterator

import msgspec

from brightline.core.decision import Action
from brightline.core.finding import Examination, Finding
from brightline.core.preview import Preview
from brightline.core.subject import Facts, Kind, Media
from brightline.core.words import Words
from brightline.doors.places import part_names
from brightline.doors.report.view import ItemView, PartView, item_view
from brightline.doors.service.api_submissions import judgement_of
from brightline.doors.service.console.looker import Look, PartText
from brightline.doors.service.console.media import media_type
from brightline.doors.service.state import State
from brightline.examine.messages import PartPreview
from brightline.line import Job, Judgement
from brightline.policy.decide import policy_from_bytes
from brightline.policy.explain import RuleTrace, explain
from brightline.review.submissions import Submission

PROVENANCE = ("origin.", "aigc.", "mark.")  # claims about where a subject comes from
_NOTHING = PartText(part="")


class PartShown(msgspec.Struct, frozen=True, kw_only=True):
    """One part: what it looks like, and what it says of itself."""

    path: str
    name: str
    kind: str
    media: str
    view: PartView
    headers: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    is_turn: bool


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a submission that the page shows."""

    item: ItemView | None  # None where nothing was judged
    parts: tuple[PartShown, ...]
    tree: tuple["Leaf", ...]
    origins: tuple[Finding, ...]
    traces: tuple[RuleTrace, ...]  # of rules that asked for something
    player: str  # `audio`, `video` or `image` where the bytes themselves may be shown
    parent: str
    error: str


class Leaf(msgspec.Struct, frozen=True):
    """One part in the list of parts."""

    depth: int
    name: str
    kind: str
    size_bytes: int
    words: Words


def case_view(state: State, submission: Submission, look: Look | None) -> CaseView:
    """Put it together.

    Args:
        state: of the service.
        submission: of the case.
        look: its content opened; None for who may not read content.
    """
    if submission.entry is None:
        judgement = Judgement(
            job=Job(name=submission.name, context=submission.context), error=submission.fault
        )
        return _view(submission, judgement, look, None)
    judgement = judgement_of(state, submission)
    shown = _view(submission, judgement, look, judgement.examination)
    return msgspec.structs.replace(shown, traces=tuple(_traces(state, judgement)))


def _traces(state: State, judgement: Judgement) -> Iterator[RuleTrace]:
    """Why each rule held that asked for something, clause by clause, by the policy that was in force then."""
    examination, decision = judgement.examination, judgement.decision
    if examination is None or decision is None:
        return
    policy = state.house.policy
    if policy.digest != decision.policy:
        policy = policy_from_bytes(state.house.ledger.policy(decision.policy))
    yield from (trace for trace in explain(policy, examination) if trace.asked is not Action.ALLOW)


def _view(
    submission: Submission, judgement: Judgement, look: Look | None, examination: Examination | None
) -> CaseView:
    previews = tuple(_previews(look)) if look is not None else ()
    shown = msgspec.structs.replace(judgement, previews=previews)
    facts = (
        examination.facts if examination is not None else Facts(digest="", size_bytes=0, kind=Kind.UNKNOWN)
    )
    item = item_view(shown)
    found = examination.findings if examination is not None else ()
    return CaseView(
        item=item if examination is not None else None,
        parts=tuple(_parts(look, previews, item, facts)) if look is not None else (),
        tree=tuple(_tree(facts)),
        origins=tuple(one for one in found if one.claim.startswith(PROVENANCE)),
        traces=(),
        player=_player(submission),
        parent=submission.context.parent,
        error=judgement.error or (look.error if look is not None else ""),
    )


def _previews(look: Look) -> Iterator[PartPreview]:
    """Previews with as much text as the page shows, in the order of the parts."""
    drawn = {one.part: one.preview for one in look.previews}
    for part in sorted({*drawn, *look.texts}, key=_place):
        said = look.texts.get(part, _NOTHING)
        preview = drawn.get(part, Preview())
        yield PartPreview(
            part, msgspec.structs.replace(preview, excerpts=said.excerpts, characters=said.characters)
        )


def _parts(
    look: Look, previews: tuple[PartPreview, ...], item: ItemView, facts: Facts
) -> Iterator[PartShown]:
    names, kinds = dict(part_names(facts)), dict(_kinds(facts))
    for one, view in zip(previews, item.views, strict=False):  # views of parts with a course alone come after
        said = look.texts.get(one.part, _NOTHING)
        kind = kinds.get(one.part, Kind.UNKNOWN)
        yield PartShown(
            path=one.part,
            name=names.get(one.part, one.part),
            kind=kind.value,
            media=kind.media.value,
            view=view,
            headers=said.headers,
            links=said.links,
            is_turn=kind in {Kind.TURN, Kind.POST},
        )


def _place(part: str) -> tuple[int, ...]:
    return tuple(int(number) if number.isdecimal() else 0 for number in part.split("/") if number)


def _kinds(facts: Facts, part: str = "") -> Iterator[tuple[str, Kind]]:
    yield part, facts.kind
    for index, child in enumerate(facts.parts):
        yield from _kinds(child, f"{part}/{index}" if part else str(index))


def _tree(facts: Facts, depth: int = 0) -> Iterator[Leaf]:
    for child in facts.parts:
        size = Words(f"{child.size_bytes} bytes", f"{child.size_bytes} 字节")
        yield Leaf(depth, child.name, child.kind.value, child.size_bytes, size)
        yield from _tree(child, depth + 1)


def _player(submission: Submission) -> str:
    """What plays or shows the bytes themselves; empty where no browser should open them."""
    if not media_type(submission.kind):
        return ""
    media = Kind(submission.kind).media
    return media.value if media in {Media.IMAGE, Media.AUDIO, Media.VIDEO} else ""
