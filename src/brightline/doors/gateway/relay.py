"""A guarded stream from an upstream to a caller: judged window by window, recorded before its last event goes out."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from brightline.core.errors import ExchangeError
from brightline.core.finding import Basis, Detail, Finding
from brightline.core.receipt import Receipt
from brightline.core.subject import Context, Gap, GapKind
from brightline.core.words import Words
from brightline.doors.gateway.caller import EVENTS, Caller, Headers
from brightline.doors.gateway.client import Reply
from brightline.doors.gateway.further import Further
from brightline.doors.gateway.judge import NOTHING, SOURCE, About, Judge, Judged
from brightline.doors.gateway.neutral import Neutral
from brightline.doors.gateway.recorder import Recorder
from brightline.doors.gateway.state import shown
from brightline.exchange.faults import Fault
from brightline.exchange.guard import Guard, Stop, Verdict, WindowGuard
from brightline.exchange.nouns import Call, Protocol, Tokens, Turn
from brightline.exchange.stream import GuardedStream, Reader
from brightline.exchange.stream_chat import ChatReader
from brightline.exchange.stream_messages import MessagesReader
from brightline.exchange.stream_responses import ResponsesReader
from brightline.settings_gateway import Fail, GatewayLimits

RELEASED = "exchange.released"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a stream is to be, beside judged.

    Attributes:
        neutral: remedies of the exchange.
        further: guard models.
        about: what detectors may know of each window.
        about_whole: and of the whole.
        holds: nothing goes out before the whole is judged.
        first: words before each choice.
        last: words behind it.
    """

    neutral: Neutral
    further: Further
    about: About = NOTHING
    about_whole: About = NOTHING
    holds: bool = False
    first: str = ""
    last: str = ""


class Relay:
    """One stream.

    Attributes:
        judged: what was recorded of it.
        receipts: of these records.
    """

    def __init__(
        self,
        call: Call,
        caller: Caller,
        limits: GatewayLimits,
        judge: Judge,
        recorder: Recorder,
        context: Context,
        fail: Fail,
        plan: Plan,
    ) -> None:
        self._call, self._caller, self._judge, self._recorder = call, caller, judge, recorder
        self._context, self._fail, self._limits, self._plan = context, fail, limits, plan
        self._stream = GuardedStream(
            _reader(call, caller.request),
            self._guard,
            self._look_whole,
            limit_characters=limits.answer_bytes // 4,
            vault=plan.neutral.vault,
            first=plan.first,
            last=lambda: plan.last + plan.neutral.said(),
            always=plan.about_whole is not plan.about,
        )
        self._waiting: list[bytes] = []  # what goes out only when the whole was judged
        self._stopped_by: Judged | None = None
        self._remedied: Judged | None = None
        self._sent = hashlib.sha256()
        self._sent_bytes = 0
        self.judged: list[Judged] = []
        self.receipts: list[Receipt] = []

    @property
    def tokens(self) -> Tokens:
        """Tokens that the upstream counted."""
        return self._stream.tokens

    @property
    def said(self) -> bytes:
        """All words of the upstream, as they are recorded."""
        return "\n".join(turn.text for turn in self._stream.turns).encode("utf-8", "replace")

    @property
    def characters(self) -> int:
        """Characters that the upstream said."""
        return sum(len(turn.text) for turn in self._stream.turns)

    async def run(self, reply: Reply, headers: Headers) -> None:
        """Carry it through.

        Raises:
            Fault: the upstream failed; recorded.
            Gone: the caller hung up; recorded.
        """
        try:
            await self._carry(reply, headers)
            end = self._stream.end()
        except ExchangeError as error:
            fault = error if isinstance(error, Fault) else Fault(502, "upstream_malformed", str(error))
            await self._record(_gap(f"the answer broke off: {fault.code}", f"回答中断：{fault.code}"))
            raise fault from error
        except (
            BaseException
        ):  # hung up, or we are ended: what went out by then is recorded, and then it goes on
            await self._record(_gap("the caller hung up before the answer's end", "调用方在回答结束前断开"))
            raise
        receipt = await self._record()
        if self._stream.stopped is not None:
            end = self._stream.end()  # the whole was stopped, though each window passed
        elif self._waiting:
            await self._write(b"".join(self._waiting), headers)
        if not self._caller.is_started:
            await self._caller.start(200, headers, EVENTS)
        await self._caller.write(f": x-brightline-receipt {shown(receipt)}\n\n".encode() + end)
        await self._caller.finish()

    async def _carry(self, reply: Reply, headers: Headers) -> None:
        with self._caller.while_there():
            async for chunk in reply.chunks():
                out = self._stream.feed(chunk)
                if out and self._plan.holds:
                    self._waiting.append(out)
                elif out:
                    await self._write(out, headers)
                if self._stream.stopped is not None or self._stream.is_done:
                    return

    async def _write(self, out: bytes, headers: Headers) -> None:
        if not self._caller.is_started:
            await self._caller.start(200, headers, EVENTS)
        await self._caller.write(out)
        self._sent.update(out)
        self._sent_bytes += len(out)

    def _guard(self, whole: bool) -> Guard:
        limits = self._limits
        return WindowGuard(
            self._look,
            window=limits.window_characters,
            hold=limits.hold_characters,
            whole=whole or self._plan.holds,
            machine=self._judge.machine,
        )

    def _look(self, words: str) -> Verdict:
        """What becomes of a window."""
        return self._seen(words, self._plan.about)

    def _look_whole(self, words: str) -> Verdict:
        """What becomes of a channel that has ended, or of an event."""
        return self._seen(words, self._plan.about_whole)

    def _seen(self, words: str, about: About) -> Verdict:
        if self._judge.passes_in_silence(words, self._context, about):
            return None
        judged = self._one(words, about)
        verdict = self._plan.neutral.window(words, judged, lambda left: self._one(left, about))
        if isinstance(verdict, Stop):
            self._stopped_by = judged
        elif verdict:
            self._remedied = self._remedied or judged
        return verdict

    def _one(self, words: str, about: About) -> Judged:
        return self._judged(words.encode("utf-8", "replace"), (Turn("assistant", words),), (), about)

    def _judged(
        self, data: bytes, turns: tuple[Turn, ...], more: Iterable[Finding | Gap], about: About
    ) -> Judged:
        return self._judge.judge(
            self._judge.answers, data, turns, (), self._context, self._fail, more, about=about
        )

    async def _record(self, gap: Gap | None = None) -> Receipt:
        """Record the whole, or the words that stopped it, with how much of the answer went out.

        Raises:
            Fault: 503, it could not be made durable.
        """
        turns = self._stream.turns
        if self._remedied is not None and self._remedied is not self._stopped_by:
            self.judged.append(self._remedied)
            self.receipts.append(await self._recorder.record(self._remedied))
        if self._stopped_by is not None:
            judged = self._again(self._stopped_by)
        else:
            data = "\n".join(turn.text for turn in turns).encode("utf-8", "replace")
            more: list[Finding | Gap] = [self._released(), *self._plan.neutral.told()]
            more += [gap] if gap is not None else await self._plan.further.of_stream(self._call, turns)
            judged = self._judged(data, turns, more, self._plan.about_whole)
            if judged.stop is not None:
                self._stream.stop(judged.stop)
        self.judged.append(judged)
        receipt = await self._recorder.record(judged)
        self.receipts.append(receipt)
        return receipt

    def _again(self, judged: Judged) -> Judged:
        """The same examination with one finding more: how much went out before."""
        examination = judged.examination
        findings = sorted(
            [*examination.findings, self._released(), *self._plan.neutral.told()],
            key=lambda one: (one.part, one.detector, one.claim),
        )
        grown = msgspec.structs.replace(examination, findings=tuple(findings))
        return msgspec.structs.replace(judged, examination=grown, decision=self._judge.decide(grown))

    def _released(self) -> Finding:
        return Finding(
            detector=SOURCE,
            claim=RELEASED,
            basis=Basis.PROOF,
            probability=1.0,
            why=Words(
                f"{self._stream.released} characters of the answer went out",
                f"已放出回答的 {self._stream.released} 个字符",
            ),
            details=(
                Detail("bytes", str(self._sent_bytes)),
                Detail("characters", str(self._stream.released)),
                Detail("sha256", self._sent.hexdigest()),
            ),
        )


def _reader(call: Call, request: str) -> Reader:
    match call.protocol:
        case Protocol.MESSAGES:
            return MessagesReader(call.model, request)
        case Protocol.RESPONSES:
            return ResponsesReader(call.model, request)
        case protocol:
            return ChatReader(protocol, call.model, request)


def _gap(en: str, zh: str) -> Gap:
    return Gap(source=SOURCE, kind=GapKind.FAILED, why=Words(en, zh))
