"""What the report's templates show of one judgement: plain values, ready to be escaped and written."""

import base64
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from brightline.core.decision import Action, RuleMatch
from brightline.core.finding import Box, Finding, Heat, Place, Seconds, Span
from brightline.core.heat_words import heat_words
from brightline.core.preview import Preview
from brightline.core.receipt import Receipt
from brightline.core.subject import Gap
from brightline.core.words import Words
from brightline.doors.leading import leading_of
from brightline.doors.places import part_names, place_words
from brightline.doors.report.timeline import TimelineView, timelines
from brightline.doors.words import ACTIONS, BASES, NOT_JUDGED
from brightline.examine.messages import PartPreview
from brightline.line import Judgement
from brightline.policy.harms import harm_words

TAGS = 0xE0000  # where Unicode's tag characters begin
WAVE_WIDTH = 400  # units of the waveform's drawing
STRETCHES_MOST = 200  # that are drawn over one sound
CUT_S = 0.5  # a drawing that lacks less than this shows the whole


class Segment(msgspec.Struct, frozen=True):
    """A run of text that is shown alike."""

    text: str
    marked: bool = False
    unseen: bool = False


class RuleView(msgspec.Struct, frozen=True):
    """One rule that asked for an action."""

    rule: str
    action: Action
    action_words: Words
    message: Words
    grounds: tuple[object, ...]
    error: str


class FindingView(msgspec.Struct, frozen=True):
    """One finding, in words."""

    why: Words
    percent: str
    basis_words: Words
    harm_words: Words | None
    detector: str
    claim: str
    places: Words  # parts and places, of all findings that say the same
    count: int
    weighty: bool  # it warns of a harm or made a rule hold; the others are only noted


class GapView(msgspec.Struct, frozen=True):
    """One gap, in words."""

    why: Words
    source: str
    kind: str
    part_name: str


class HeatView(msgspec.Struct, frozen=True):
    """One heat map over a picture, and what it shows."""

    picture: str
    words: Words


class PartView(msgspec.Struct, frozen=True):
    """What one part looks or sounds like, with the places that findings point at."""

    part_name: str
    alt: str
    picture: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    heats: tuple[HeatView, ...]
    timelines: tuple[TimelineView, ...]
    wave: str
    spectrogram: str
    sound_words: Words  # what waveform and spectrogram show
    stretches: tuple[tuple[float, float], ...]
    excerpts: tuple[tuple[Segment, ...], ...]
    characters: int
    cut: bool  # the text is longer than what is shown


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """One judgement as an article of the page."""

    name: str
    action: str
    action_words: Words
    headline: Words | None = None
    error: str = ""
    harms: tuple[str, ...] = ()
    kind: str = ""
    digest: str = ""
    size: int = 0
    icon: str = ""
    rules: tuple[RuleView, ...] = ()
    findings: tuple[FindingView, ...] = ()
    noted: tuple[FindingView, ...] = ()
    gaps: tuple[GapView, ...] = ()
    views: tuple[PartView, ...] = ()
    receipt: Receipt | None = None
    policy: str = ""
    detectors: str = ""


def item_view(judgement: Judgement) -> ItemView:
    """Everything that the page says of one judgement."""
    examination, decision = judgement.examination, judgement.decision
    name = judgement.job.name
    if examination is None or decision is None:
        return ItemView(name=name, action="unread", action_words=NOT_JUDGED, error=judgement.error)
    names = dict(part_names(examination.facts))
    pictures = [one for one in judgement.previews if one.preview.picture]
    witnesses = {index for match in decision.matches for index in match.findings}
    findings = _grouped(examination.findings, witnesses, names)
    return ItemView(
        name=name,
        action=decision.action,
        action_words=ACTIONS[decision.action],
        headline=_headline(judgement),
        harms=tuple(sorted({one.harm for one in examination.findings if one.harm})),
        kind=examination.facts.kind,
        digest=examination.facts.digest,
        size=examination.facts.size_bytes,
        icon=_base64(pictures[0].preview.picture) if pictures else "",
        rules=tuple(_rule_view(match) for match in decision.matches),
        findings=tuple(one for one in findings if one.weighty),
        noted=tuple(one for one in findings if not one.weighty),
        gaps=tuple(_gap_view(gap, names) for gap in examination.gaps),
        views=tuple(
            _part_view(one, names, examination.findings) for one in _shown(judgement, examination.findings)
        ),
        receipt=judgement.receipt,
        policy=decision.policy,
        detectors=decision.detectors,
    )


def _shown(judgement: Judgement, findings: Sequence[Finding]) -> tuple[PartPreview, ...]:
    """Previews, and an empty one for a part whose course can be drawn though nothing of it was in time."""
    drawn = {one.part for one in judgement.previews}
    missing = {finding.part for finding in findings if finding.detail("timeline")} - drawn
    return (*judgement.previews, *(PartPreview(part, Preview()) for part in sorted(missing)))


def _headline(judgement: Judgement) -> Words | None:
    assert judgement.examination is not None
    assert judgement.decision is not None
    finding = leading_of(judgement.decision, judgement.examination)
    if finding is not None:
        return finding.why
    gap = next(iter(judgement.examination.gaps), None)
    return gap.why if gap is not None else None


def _rule_view(match: RuleMatch) -> RuleView:
    return RuleView(
        rule=match.rule,
        action=match.action,
        action_words=ACTIONS[match.action],
        message=match.message,
        grounds=match.grounds,
        error=match.error,
    )


def _grouped(findings: Sequence[Finding], witnesses: set[int], names: dict[str, str]) -> list[FindingView]:
    """Findings that say the same of several parts become one; the weighty and the sure come first."""
    groups: dict[tuple[str, str, Words, float], list[int]] = {}
    for index, one in enumerate(findings):
        groups.setdefault((one.detector, one.claim, one.why, one.probability), []).append(index)
    views = [
        _finding_view([findings[index] for index in group], names, witness=not witnesses.isdisjoint(group))
        for group in groups.values()
    ]
    return sorted(views, key=lambda one: (not one.weighty, -float(one.percent)))


def _finding_view(alike: Sequence[Finding], names: dict[str, str], *, witness: bool) -> FindingView:
    first = alike[0]
    return FindingView(
        why=first.why,
        percent=f"{100 * first.probability:.0f}",
        basis_words=BASES[first.basis],
        harm_words=harm_words(first.harm) if first.harm else None,
        detector=first.detector,
        claim=first.claim,
        places=Words(_places(alike, names, "en"), _places(alike, names, "zh")),
        count=len(alike),
        weighty=witness or first.harm is not None,
    )


def _places(alike: Sequence[Finding], names: dict[str, str], language: str) -> str:
    told = []
    for finding in alike[:6]:
        where = ", ".join(place_words(place).in_language(language) for place in finding.where[:6])
        told.append(" ".join(one for one in (names.get(finding.part, finding.part), where) if one))
    return "; ".join(one for one in told if one)


def _gap_view(gap: Gap, names: dict[str, str]) -> GapView:
    return GapView(why=gap.why, source=gap.source, kind=gap.kind, part_name=names.get(gap.part, gap.part))


def _part_view(one: PartPreview, names: dict[str, str], findings: Sequence[Finding]) -> PartView:
    shown = one.preview
    places = [place for finding in findings if finding.part == one.part for place in finding.where]
    spans = [place for place in places if isinstance(place, Span)]
    scale = WAVE_WIDTH / shown.drawn_s if shown.drawn_s else 0.0
    stretches = _drawn(places, shown.drawn_s)
    return PartView(
        part_name=names.get(one.part, one.part),
        alt=names.get(one.part, ""),
        picture=_base64(shown.picture),
        width=shown.width,
        height=shown.height,
        boxes=tuple(place for place in places if isinstance(place, Box)),
        heats=tuple(_heat_views(one.part, findings)),
        timelines=tuple(timelines(one.part, findings, shown.seconds)),
        wave=_wave(shown.waveform),
        spectrogram=_base64(shown.spectrogram),
        sound_words=_sound_words(shown, stretches),
        stretches=tuple((one.start * scale, (one.end - one.start) * scale) for one in stretches),
        excerpts=tuple(tuple(_segments(one.text, one.start, spans)) for one in shown.excerpts),
        characters=shown.characters,
        cut=sum(len(one.text) for one in shown.excerpts) < shown.characters,
    )


def _heat_views(part: str, findings: Sequence[Finding]) -> Iterator[HeatView]:
    for finding in findings:
        for place in finding.where:
            if finding.part == part and isinstance(place, Heat):
                most = heat_words(place)
                words = Words(
                    en=f"Heat map of `{finding.detector}`: the deeper the colour, the more a place speaks for it; {most.en}.",
                    zh=f"`{finding.detector}` 热力图：颜色越深，该处越支持此判断；{most.zh}。",
                )
                from brightline.media.heat import heat_png  # late: numpy, for the few parts that have one

                yield HeatView(_base64(heat_png(place)), words)


def _drawn(places: Sequence[Place], drawn_s: float) -> tuple[Seconds, ...]:
    """Stretches within the seconds that are drawn, cut at their end, each once."""
    stretches = {place for place in places if isinstance(place, Seconds) and place.start < drawn_s}
    ordered = sorted(stretches, key=lambda one: (one.start, one.end))
    return tuple(Seconds(one.start, min(one.end, drawn_s)) for one in ordered[:STRETCHES_MOST])


def _sound_words(shown: Preview, stretches: Sequence[Seconds]) -> Words:
    """What waveform and spectrogram show, for their captions and for whoever cannot see them."""
    whole = max(shown.seconds, shown.drawn_s)
    cut = whole - shown.drawn_s > CUT_S
    length = Words(
        f"the first {shown.drawn_s:.1f} of {whole:.1f} s" if cut else f"{whole:.1f} s",
        f"全长 {whole:.1f} 秒中的前 {shown.drawn_s:.1f} 秒" if cut else f"全长 {whole:.1f} 秒",
    )
    if not stretches:
        return Words(f"Sound: {length.en}.", f"声音：{length.zh}。")
    told = ", ".join(f"{one.start:.1f}-{one.end:.1f}" for one in stretches[:6])
    more = Words(", and more", "等") if len(stretches) > len(stretches[:6]) else Words("", "")
    return Words(
        f"Sound: {length.en}; findings point at the coloured seconds {told}{more.en}.",
        f"声音：{length.zh}；着色处为各项发现所指的秒段 {told}{more.zh}。",
    )


def _wave(peaks: Sequence[float]) -> str:
    """An SVG path that fills the band between the peaks and their mirror image."""
    if not peaks:
        return ""
    step = WAVE_WIDTH / len(peaks)
    upper = [f"{index * step:.1f},{50 - 48 * peak:.1f}" for index, peak in enumerate(peaks)]
    lower = [f"{index * step:.1f},{50 + 48 * peak:.1f}" for index, peak in reversed([*enumerate(peaks)])]
    return f"M{'L'.join(upper + lower)}Z"


def _segments(text: str, start: int, spans: Sequence[Span]) -> Iterator[Segment]:
    """Cut a text at the edges of spans, and make characters visible that no reader would see."""
    marked = bytearray(len(text))
    for span in spans:
        first, last = max(0, span.start - start), min(len(text), span.end - start)
        if first < last:
            marked[first:last] = b"\1" * (last - first)
    for (kind, mark), run in groupby(range(len(text)), key=lambda index: (_sort(text[index]), marked[index])):
        letters = [text[index] for index in run]
        match kind:
            case "seen":
                yield Segment("".join(letters), marked=bool(mark))
            case "tag":  # Unicode tag characters spell ASCII that only programs read
                yield Segment("".join(chr(ord(letter) - TAGS) for letter in letters), unseen=True)
            case _:
                yield from (Segment(f"U+{ord(letter):04X}", unseen=True) for letter in letters)


def _sort(letter: str) -> str:
    if TAGS + 0x20 <= ord(letter) < TAGS + 0x7F:
        return "tag"
    return "unseen" if _is_unseen(letter) else "seen"


def _is_unseen(letter: str) -> bool:
    return letter not in "\n\t\r" and unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cn", "Cs"}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
