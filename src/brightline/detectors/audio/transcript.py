"""`speech.transcript`: what is said in sound and video, by whom, and what the lanes for text say of it.

A scam call is words: they go through the lanes for fraud, links, rumours and known claims as if they had been sent, and
what a lane says of the words is said here of the seconds in which they fall. Off unless `transcribe_speech` is set.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from brightline.core.alarm import StepTimeout, seconds_left
from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Detail, Finding, Seconds, Span, details
from brightline.core.signatures import Detect
from brightline.core.subject import EMPTY_BLOB, Kind, Role, Subject
from brightline.core.words import Words
from brightline.detectors.audio.heard import Ear, Segment
from brightline.detectors.audio.pieces import Cutter, Piece
from brightline.detectors.audio.turns import NAMES, Window, speaker_between, speakers_of, windows_of
from brightline.detectors.message import fraud, links
from brightline.detectors.text import claims, rumour
from brightline.media.audio import audio_blocks, opened, stated_seconds
from brightline.media.recogniser import opened as open_recogniser
from brightline.settings import Limits, Settings

NAME = "speech.transcript"

CHARACTERS_LIMIT = 400_000  # of one transcript: 4 MB as objects; ten hours of talk
STRETCHES_SHOWN = 40  # places of one finding
QUOTE_LIMIT = 80  # characters of content that a reason quotes
MISHEARD = 0.5  # an address that was heard may have a wrong letter: an estimate of this at most
PIECE_COSTS_S = 1.6  # wall clock that one piece takes on a slow core, until its own are known
LANES_COST_S = 0.4  # kept for the lanes at the end
TOLD_EACH_S = 60.0  # of sound: how often progress is told
_log = logging.getLogger(__name__)


class Turn(msgspec.Struct, frozen=True):
    """What one speaker says until another does.

    Attributes:
        speaker: 0 is the first who was heard.
        text: all of it.
        start_s: seconds of the recording.
        end_s: likewise.
    """

    speaker: int
    text: str
    start_s: float
    end_s: float


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What was written down of a recording.

    Attributes:
        segments: sentences in order.
        speakers: how many were told apart.
        heard_s: seconds of sound that were listened to.
        total_s: length that the container states; 0.0 unknown.
    """

    segments: tuple[Segment, ...]
    speakers: int
    heard_s: float
    total_s: float

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Sentences of one speaker in a row are one turn."""
        made: list[Turn] = []
        for one in self.segments:
            if made and made[-1].speaker == one.speaker:
                last = made.pop()
                made.append(Turn(one.speaker, f"{last.text}\n{one.text}", last.start_s, one.end_s))
            else:
                made.append(Turn(one.speaker, one.text, one.start_s, one.end_s))
        return tuple(made)


def prepare(settings: Settings) -> Detect:
    """Make recogniser and lanes ready; while it is switched off it looks at nothing.

    Raises:
        BankError: a bank is malformed, too large or unreadable.
        DetectorError: transcripts are asked for and the extra `speech` is not installed, or a lane cannot be made ready.
    """
    if not settings.transcribe_speech:
        return _look_at_nothing
    open_recogniser()  # before the worker's memory is counted
    lanes = (fraud.prepare(settings), links.detect, rumour.prepare(settings), claims.prepare(settings))

    def detect(subject: Subject) -> Iterator[Finding]:
        return look(subject, lanes, settings.limits)

    return detect


def look(subject: Subject, lanes: Sequence[Detect], limits: Limits) -> Iterator[Finding]:
    """Claims `speech.transcript`, and those of the lanes with seconds for places.

    Raises:
        DetectorError: the sound breaks off or a network cannot run; what was heard before has been judged.
        StepTimeout: likewise, where the time ran out.
    """
    with opened(subject) as container:
        total_s = stated_seconds(container)
        if not container.streams.audio:
            return
    scribe = Scribe(subject, limits, total_s)
    stopped: BaseException | None = None
    try:
        scribe.write()
    except (DetectorError, StepTimeout) as reason:
        stopped = reason
    transcript = scribe.transcript()
    yield _told(transcript)
    if transcript.segments:
        yield from judged(subject, transcript, lanes)
    if stopped is not None:
        raise stopped


class Scribe:
    """Writes down one recording, and keeps what it has, whatever ends it."""

    def __init__(self, subject: Subject, limits: Limits, total_s: float) -> None:
        self._subject, self._limits, self._total_s = subject, limits, total_s
        self._ear, self._cutter = Ear(), Cutter()
        self._segments: list[Segment] = []
        self._windows: list[Window] = []
        self._characters = 0
        self._done_s = 0.0  # of the recording
        self._cost_s = PIECE_COSTS_S
        self._told_s = 0.0

    def write(self) -> None:
        """Write down the whole recording.

        Raises:
            DetectorError: the sound breaks off, a network cannot run, or time or room ran out.
            StepTimeout: time ran out inside a step.
        """
        limit_s = self._limits.media_seconds
        wall_s = self._limits.detector_seconds
        for block in audio_blocks(self._subject, seconds=limit_s, wall_s=wall_s):
            for piece in self._cutter.hear(block):
                self._take(piece)
        for piece in self._cutter.end():
            self._take(piece)
        self._done_s = self._cutter.heard_s

    def transcript(self) -> Transcript:
        """What was written down up to now."""
        voiced = speakers_of(self._windows)
        segments = tuple(
            msgspec.structs.replace(one, speaker=speaker_between(voiced, one.start_s, one.end_s))
            for one in self._segments
        )
        return Transcript(
            segments=segments,
            speakers=len({one.speaker for one in segments}),
            heard_s=self._done_s,
            total_s=self._total_s,
        )

    def _take(self, piece: Piece) -> None:
        if seconds_left() < self._cost_s * 1.3 + LANES_COST_S:
            raise DetectorError(
                f"written down up to {self._done_s:.0f} s of {max(self._total_s, self._cutter.heard_s):.0f} s: "
                "the time is used up; raise `limits.detector_seconds`"
            )
        began = time.monotonic()
        found = self._ear.read(piece)
        self._windows += windows_of(piece)
        self._cost_s = max(0.5 * self._cost_s, time.monotonic() - began)
        self._segments += found
        self._characters += sum(len(one.text) for one in found)
        self._done_s = piece.stretches[-1].end_s
        self._tell()
        if self._characters > CHARACTERS_LIMIT:
            raise DetectorError(
                f"more than {CHARACTERS_LIMIT} characters are said; the rest is not written down"
            )

    def _tell(self) -> None:
        if self._done_s - self._told_s >= TOLD_EACH_S:
            self._told_s = self._done_s
            _log.info(
                "speech.progress subject=%s done_s=%.0f of_s=%.0f",
                self._subject.digest,
                self._done_s,
                self._total_s,
            )


def judged(subject: Subject, transcript: Transcript, lanes: Sequence[Detect]) -> Iterator[Finding]:
    """What the lanes say of the words, and the one for fraud of the conversation, with seconds for places.

    Args:
        subject: whose sound it is.
        transcript: with at least one segment.
        lanes: detectors of text, the one for fraud first.
    """
    text, spans = _laid_out(transcript.segments)
    said = _as_text(subject, text)
    for lane in lanes:
        for finding in lane(said):
            yield _placed(finding, transcript.segments, spans)
    turns = transcript.turns
    if transcript.speakers > 1:
        parts = tuple(
            msgspec.structs.replace(_as_text(subject, turn.text), kind=Kind.TURN, role=Role.TURN)
            for turn in turns
        )
        for finding in lanes[0](msgspec.structs.replace(said, kind=Kind.CHAT, text="", parts=parts)):
            yield _of_turns(finding, turns)


def _look_at_nothing(subject: Subject) -> Iterator[Finding]:  # noqa: ARG001 - a detector's signature
    return iter(())


def _as_text(subject: Subject, text: str) -> Subject:
    return msgspec.structs.replace(
        subject, kind=Kind.TEXT, text=text, headers=(), links=(), parts=(), gaps=(), blob=EMPTY_BLOB
    )


def _laid_out(segments: Sequence[Segment]) -> tuple[str, list[Span]]:
    spans, start = [], 0
    for one in segments:
        spans.append(Span(start, start + len(one.text)))
        start += len(one.text) + 1
    return "\n".join(one.text for one in segments), spans


def _placed(finding: Finding, segments: Sequence[Segment], spans: Sequence[Span]) -> Finding:
    """A lane's finding with the seconds in which its words fall."""
    places: list[Seconds] = []
    for place in finding.where:
        if isinstance(place, Span):
            met = [
                one
                for one, span in zip(segments, spans, strict=True)
                if span.start < place.end and place.start < span.end
            ]
            if met:
                places.append(Seconds(met[0].start_s, met[-1].end_s))
    changed = _heard(
        finding, tuple(places) if finding.detail("contribution") else tuple(dict.fromkeys(places))
    )
    if not finding.claim.startswith("link."):
        return changed
    return msgspec.structs.replace(
        changed, basis=Basis.ESTIMATE, probability=min(MISHEARD, finding.probability)
    )


def _of_turns(finding: Finding, turns: Sequence[Turn]) -> Finding:
    """A finding about the conversation, from the turn that it names to the end."""
    turn = int(finding.detail("turn") or 1)
    return _heard(finding, (Seconds(turns[turn - 1].start_s, turns[-1].end_s),))


def _heard(finding: Finding, where: tuple[Seconds, ...]) -> Finding:
    return msgspec.structs.replace(
        finding,
        detector=NAME,
        where=where[:STRETCHES_SHOWN],
        details=tuple(sorted((*finding.details, Detail("lane", finding.detector)), key=lambda one: one.name)),
        why=Words(en=f"in what is said: {finding.why.en}", zh=f"语音内容：{finding.why.zh}"),
    )


def _told(transcript: Transcript) -> Finding:
    """That speech was written down, how sure and in which language; or that no words were heard."""
    segments = transcript.segments
    if not segments:
        return Finding(
            detector=NAME,
            claim=NAME,
            basis=Basis.ESTIMATE,
            probability=0.0,
            why=Words(en="no words were heard", zh="未听到可辨识的话语"),
            details=details(heard_s=f"{transcript.heard_s:.1f}", verdict="no_words"),
        )
    spoken = sum(one.end_s - one.start_s for one in segments)
    sure = sum(one.confidence * (one.end_s - one.start_s) for one in segments) / max(spoken, 1e-9)
    languages = Counter[str]()
    for one in segments:
        languages[one.language] += round(100 * (one.end_s - one.start_s))
    shown = " ".join(" ".join(one.text for one in segments[:8]).split())[:QUOTE_LIMIT]
    names = ", ".join(NAMES[: transcript.speakers])
    return Finding(
        detector=NAME,
        claim=NAME,
        basis=Basis.ESTIMATE,
        probability=round(min(sure, 0.99), 4),
        why=Words(
            en=f"speech was written down ({spoken:.0f} s, {transcript.speakers} told apart: {names}); it begins “{shown}”",
            zh=f"语音已转写（{spoken:.0f} 秒，区分出 {transcript.speakers} 名说话人：{names}），开头为“{shown}”",
        ),
        where=tuple(Seconds(turn.start_s, turn.end_s) for turn in transcript.turns[:STRETCHES_SHOWN]),
        details=details(
            characters=str(sum(len(one.text) for one in segments)),
            heard_s=f"{transcript.heard_s:.1f}",
            language=languages.most_common(1)[0][0],
            segments=" ".join(
                f"{one.start_s:.1f}-{one.end_s:.1f}:{NAMES[one.speaker]}:{one.confidence:.2f}"
                for one in segments[:STRETCHES_SHOWN]
            ),
            speakers=str(transcript.speakers),
            turns=str(len(transcript.turns)),
            verdict="words",
        ),
    )
