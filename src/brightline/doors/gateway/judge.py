"""The line inside the gateway: words -> examination -> decision, in this process, with detectors that the house trusts.

No workers: a prompt is a text, and the detectors that look at it here are ours, linear in its length, and held to a
time. What they found in a turn is kept for a while, since a conversation is sent again with every new turn.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from copy import copy
from time import monotonic

import msgspec

from brightline.core.alarm import StepTimeout, time_limit
from brightline.core.decision import Action, Decision
from brightline.core.errors import SettingsError
from brightline.core.finding import Examination, Finding
from brightline.core.subject import Blob, Context, Gap, GapKind, Header, Kind, Role, Subject
from brightline.core.wire import canonical, digest
from brightline.core.words import Words
from brightline.detectors.exchange.automaton import Automaton
from brightline.detectors.exchange.listed import NAME as LISTED
from brightline.detectors.exchange.listed import patterns_of
from brightline.detectors.exchange.secrets import FORMS
from brightline.detectors.exchange.secrets import NAME as SECRET
from brightline.doors.answer import caught_by
from brightline.examine.catalogue import catalogue, digest_of, fits
from brightline.examine.run import Loaded, Step, assemble, load_all, opening_gaps, plan, run_step
from brightline.exchange.guard import Stop
from brightline.exchange.nouns import Turn, Unread
from brightline.intake.links import addresses
from brightline.policy.decide import Policy
from brightline.settings import Settings
from brightline.settings_gateway import Fail

SOURCE = "gateway"
REMEMBERED = 4_096  # turns whose findings are kept, by digest; no words are kept (count)
BLOCKED = "content_filter"
HELD = "held_for_review"
_HELD = Words("held: a part of this could not be judged", "内容有部分无法检测，已暂缓放行")


class Judged(msgspec.Struct, frozen=True):
    """What became of some words.

    Attributes:
        examination: findings and gaps.
        decision: of the policy.
        stop: why they may not pass, or None.
    """

    examination: Examination
    decision: Decision
    stop: Stop | None


class About(msgspec.Struct, frozen=True):
    """What detectors may know of an exchange beside the words that they look at; it stands in no record.

    Attributes:
        headers: of each turn, e.g. the system prompt that an answer must not give away.
        key: digest of them.
    """

    headers: tuple[Header, ...] = ()
    key: str = ""


NOTHING = About()


def about(**facts: str) -> About:
    """The facts that are not empty, `_` in their names as `-`."""
    headers = tuple(Header(name.replace("_", "-"), value) for name, value in sorted(facts.items()) if value)
    return About(headers, digest(headers)) if headers else NOTHING


class Lane:
    """The detectors that look at prompts, or at answers."""

    def __init__(self, names: Sequence[str], settings: Settings) -> None:
        """Load detectors by name; one that cannot be loaded leaves a gap wherever it fits.

        Raises:
            SettingsError: no detector has that name.
        """
        known = {entry.name: entry for entry in catalogue()}
        unknown = sorted({*names} - {*known})
        if unknown:
            raise SettingsError(f"no detector named `{unknown[0]}`; `brightline detectors` lists them")
        entries = [known[name] for name in names]
        seconds = settings.gateway.limits.judge_seconds
        limits = msgspec.structs.replace(settings.limits, detector_seconds=seconds, subject_seconds=seconds)
        self._settings = msgspec.structs.replace(settings, limits=limits)
        self._detectors: tuple[Loaded, ...] = load_all(entries, settings)
        self._seen: OrderedDict[tuple[str, str, str], tuple[Finding, ...]] = OrderedDict()
        self.digest = digest_of(entries, settings)

    def examine(
        self, subject: Subject, more: Iterable[Finding | Gap] = (), about: About = NOTHING
    ) -> Examination:
        """Findings and gaps of a subject whose parts are turns."""
        deadline = monotonic() + self._settings.limits.subject_seconds
        made: list[Finding | Gap] = [*opening_gaps(subject, self._detectors), *more]
        for index, part in enumerate(subject.parts):
            made += self._of_turn(part, str(index), deadline, about)
        bare = (
            plan(msgspec.structs.replace(subject, parts=()), self._detectors)
            if len(subject.parts) > 1
            else []
        )
        for number, step in enumerate(bare):
            whole = Step(step.part, subject, step.loaded)
            made += run_step(whole, number, self._settings, deadline)
        return assemble(subject, made, self.digest)

    def is_silent(self, words: str, context: Context, about: About) -> bool:
        """Whether no detector says anything of some words of an answer, and none failed."""
        turn = _turn(Turn("assistant", words), 0, context, about)
        found = self._seen.get((context.tenant, turn.digest, about.key))
        if found is not None:
            return not found
        try:
            with time_limit(self._settings.limits.subject_seconds):
                for one in self._detectors:
                    if fits(one.entry, turn) and (one.detect is None or any(True for _ in one.detect(turn))):
                        return False
        except (StepTimeout, Exception):  # who looks again says which detector it was, and leaves a gap
            return False
        return True

    def _of_turn(self, turn: Subject, part: str, deadline: float, about: About) -> list[Finding | Gap]:
        key = (turn.context.tenant, turn.digest, about.key)
        known = self._seen.get(key)
        if known is not None:
            self._seen.move_to_end(key)
            return [msgspec.structs.replace(finding, part=part) for finding in known]
        made: list[Finding | Gap] = []
        for number, step in enumerate(plan(turn, self._detectors)):
            if monotonic() >= deadline:
                made.append(_late(self._settings.limits.subject_seconds))
                break
            made += run_step(step, number, self._settings, deadline)
        found = tuple(one for one in made if isinstance(one, Finding))
        if len(found) == len(made):  # what could not be judged is tried again
            self._seen[key] = found
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return [msgspec.structs.replace(one, part=part) for one in made]


class Judge:
    """Both lanes and the policy."""

    def __init__(self, settings: Settings, policy: Policy) -> None:
        """Load all.

        Raises:
            BrightlineError: a detector or what it needs cannot be had.
        """
        self._policy = policy
        self.prompts = Lane(settings.gateway.prompt_detectors, settings)
        self.answers = Lane(settings.gateway.answer_detectors, settings)
        self.machine = _machine(settings)
        self._quiet: dict[Context, bool] = {}

    def under(self, policy: Policy) -> "Judge":
        """The same detectors under another policy."""
        other = copy(self)
        other._policy, other._quiet = policy, {}  # noqa: SLF001 - a copy of ourselves
        return other

    def passes_in_silence(self, words: str, context: Context, about: About) -> bool:
        """Whether words of an answer pass because nobody says anything of them; the policy is asked only once for it."""
        if not self.answers.is_silent(words, context, about):
            return False
        where = msgspec.structs.replace(context, time=f"{context.time[:16]}:00Z", parent="")
        known = self._quiet.get(where)
        if known is None:
            turns = (Turn("assistant", "-"),)
            nothing = msgspec.structs.replace(
                self.answers.examine(_subject(b"-", turns, context, NOTHING)), findings=(), gaps=()
            )
            if len(self._quiet) >= REMEMBERED:
                self._quiet.clear()
            known = self._quiet[where] = self._policy.decide(nothing).action < Action.REVIEW
        return known

    def decide(self, examination: Examination) -> Decision:
        """What the policy says of an examination."""
        return self._policy.decide(examination)

    def judge(
        self,
        lane: Lane,
        data: bytes,
        turns: Sequence[Turn],
        unread: Sequence[Unread],
        context: Context,
        fail: Fail,
        more: Iterable[Finding | Gap] = (),
        media: Sequence[Examination] = (),
        about: About = NOTHING,
    ) -> Judged:
        """Judge what was said.

        Args:
            lane: `prompts` or `answers`.
            data: the bytes it came in, which the record knows it by.
            turns: all words in it.
            unread: what is no words.
            context: of the request.
            fail: whether it passes when only gaps speak against it.
            more: findings and gaps that the door itself adds.
            media: of pictures and sounds in it, which workers examined; they become its last parts.
            about: what detectors may know beside.
        """
        gaps = [_unread(one) for one in unread]
        subject = _subject(data, turns, context, about)
        examination = grafted(lane.examine(subject, [*gaps, *more], about), media)
        decision = self._policy.decide(examination)
        return Judged(examination, decision, _stop(decision, fail))


def grafted(examination: Examination, media: Sequence[Examination]) -> Examination:
    """An examination with others as further parts of it: their facts, findings and gaps, in canonical order."""
    if not media:
        return examination
    facts = examination.facts
    findings, gaps = [*examination.findings], [*examination.gaps]
    for number, one in enumerate(media, len(facts.parts)):
        findings += [msgspec.structs.replace(item, part=_below(number, item.part)) for item in one.findings]
        gaps += [msgspec.structs.replace(item, part=_below(number, item.part)) for item in one.gaps]
    return msgspec.structs.replace(
        examination,
        facts=msgspec.structs.replace(
            facts,
            kind=Kind.CHAT,
            parts=(
                *facts.parts,
                *(msgspec.structs.replace(one.facts, role=Role.ATTACHMENT) for one in media),
            ),
        ),
        findings=tuple(sorted(findings, key=lambda one: (one.part, one.detector, one.claim, canonical(one)))),
        gaps=tuple(sorted(gaps, key=lambda one: (one.part, one.source, canonical(one)))),
        detectors=digest([examination.detectors, *sorted({one.detectors for one in media})]),
    )


def _below(number: int, part: str) -> str:
    return f"{number}/{part}" if part else str(number)


def _machine(settings: Settings) -> Automaton:
    """What a stream must not release the beginning of: listed words, and secrets where they are looked for.

    Raises:
        DetectorError: a listed pattern cannot be read.
    """
    names = settings.gateway.answer_detectors
    patterns = patterns_of(settings) if LISTED in names else []
    return Automaton([*patterns, *(form.pattern for form in FORMS if SECRET in names)])


def _stop(decision: Decision, fail: Fail) -> Stop | None:
    """Why a decision lets nothing pass, or None; what only gaps ask for passes where the route fails open."""
    if decision.action < Action.REVIEW:
        return None
    if caught_by(decision) < Action.REVIEW:
        return None if fail is Fail.OPEN else Stop(HELD, _HELD)
    code = BLOCKED if decision.action is Action.BLOCK else HELD
    strictest = next(match for match in decision.matches if match.action is decision.action)
    return Stop(code, strictest.message)


def _subject(data: bytes, turns: Sequence[Turn], context: Context, about: About) -> Subject:
    return Subject(
        digest=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        kind=Kind.CHAT if turns else Kind.EMPTY,
        context=context,
        parts=tuple(_turn(turn, number, context, about) for number, turn in enumerate(turns)),
        blob=Blob(data),
    )


def _turn(turn: Turn, number: int, context: Context, about: About) -> Subject:
    data = turn.text.encode("utf-8", "replace")
    return Subject(
        digest=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        kind=Kind.TURN,
        context=context,
        name=f"turn {number + 1} {turn.role}",
        role=Role.TURN,
        text=turn.text,
        headers=(Header("account", turn.role), *about.headers),
        links=tuple(addresses(turn.text)),
        blob=Blob(data),
    )


def _unread(one: Unread) -> Gap:
    return Gap(
        source=SOURCE,
        kind=GapKind.UNSUPPORTED,
        why=Words(f"a part of kind `{one.what}` is not judged here", f"此处尚不检测 `{one.what}` 类型的内容"),
        part=str(one.turn) if one.turn >= 0 else "",
    )


def _late(seconds: float) -> Gap:
    return Gap(
        source=SOURCE,
        kind=GapKind.TIMEOUT,
        why=Words(f"not judged: all {seconds:g} s were used up", f"未检测：{seconds:g} 秒时限已用尽"),
    )
