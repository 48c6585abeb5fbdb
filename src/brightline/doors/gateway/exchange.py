"""One exchange: the prompt is judged, an upstream asked, the answer judged, and both recorded before it is given.

1. The body is read into a call. 2. Its words are judged; what may not pass is recorded and refused. 3. The record of
the prompt is written while the upstream is asked. 4. The answer is judged, recorded, and only then given.
"""

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from brightline.core.decision import Action
from brightline.core.errors import ExchangeError
from brightline.core.finding import Examination, Finding
from brightline.core.receipt import Receipt
from brightline.core.subject import Gap, GapKind
from brightline.core.words import Words
from brightline.doors.gateway.caller import JSON, Caller, Headers
from brightline.doors.gateway.client import Body, Reply
from brightline.doors.gateway.judge import NOTHING, SOURCE, About, Judge, Judged, about
from brightline.doors.gateway.keys import Key
from brightline.doors.gateway.logs import RequestLog
from brightline.doors.gateway.neutral import Neutral
from brightline.doors.gateway.origin import NOT_MARKED, Said, marked_files, words_around
from brightline.doors.gateway.recorder import Recorder, receipt_of
from brightline.doors.gateway.relay import Plan, Relay
from brightline.doors.gateway.routes import Route
from brightline.doors.gateway.state import State, context_of, receipt_header
from brightline.doors.gateway.upstreams import no_model
from brightline.exchange.additions import with_words
from brightline.exchange.answers import read_answer, refused_answer, tokens_in
from brightline.exchange.faults import Fault
from brightline.exchange.guard import Stop
from brightline.exchange.multipart import Form, call_of_form, read_form, write_form
from brightline.exchange.nouns import Answer, Call, Protocol, Tokens, Turn, Unread
from brightline.exchange.requests import read_call
from brightline.settings_exchange import Hold

LONG_CHARACTERS = (
    64 * 1024
)  # texts above are judged beside the event loop, so that others go on (about 10 ms)
RECORDED = frozenset(
    {400, 408, 413, 502, 504}
)  # faults of content or upstream; those of keys and limits are no content
_BYTES_A_TOKEN = 4  # of English; where an upstream counts nothing


class Exchange:
    """One request to a model."""

    def __init__(self, state: State, caller: Caller, key: Key, route: Route, log: RequestLog) -> None:
        self._state, self._caller, self._key, self._route, self._log = state, caller, key, route, log
        self._fail = route.fail(state.gateway.routes)
        self._data = b""
        self._form: Form | None = None
        self._receipts: list[Receipt] = []
        safer = state.settings.exchange.safer_model
        known = safer if safer in state.pool.models() else ""
        self._neutral = Neutral(self._fail, self._language, known)
        self._said = Said()

    @property
    def _language(self) -> str:
        return self._caller.header(b"accept-language") or self._state.settings.language

    @property
    def headers(self) -> Headers:
        """What an answer's head tells of the record."""
        action = [(b"x-brightline-action", self._log.action.encode())] if self._log.action else []
        done = ", ".join(sorted(self._neutral.names)).encode()
        remedies = [(b"x-brightline-remedy", done)] if done else []
        return [
            *action,
            *remedies,
            *self._said.headers,
            *(receipt_header(one) for one in self._receipts[-1:]),
        ]

    async def run(self) -> None:
        """Serve it.

        Raises:
            Fault: it ends in an error, which is recorded.
            Gone: the caller hung up.
        """
        try:
            await self._run()
        except Fault as fault:
            if fault.status in RECORDED:
                await self._record_fault(fault)
            raise

    async def _run(self) -> None:
        call = await self._read()
        judge, recorder = self._state.judge_of(self._key), self._state.recorder
        if judge is None or recorder is None:
            await self._pass(call)
            return
        await self._state.conduct.admit(self._key)
        seen = await self._state.further.of_call(call, self._form, context_of(self._key))
        prompt = await self._judge(
            judge, call.turns, seen.unread, self._data, more=seen.made, media=seen.media
        )
        recording = recorder.begin(prompt)
        self._state.keep_when(recording, prompt, self._data)
        call, passes = await self._remedied(call, prompt, recording, judge, recorder)
        suspend = self._state.settings.exchange.suspend
        is_blocked = not passes and prompt.decision.action is Action.BLOCK
        is_suspended = await self._state.conduct.note(self._key, suspend, is_blocked=is_blocked)
        if is_suspended:
            self._state.metrics.count("suspensions_total", (("route", self._route.protocol.value),))
        if prompt.stop is not None and not passes:
            self._keep(await receipt_of(recording))
            raise self._refused(prompt.stop)
        self._said = words_around(
            self._state.settings.exchange.marks, call, self._key, self._state.conduct, self._language
        )
        with self._caller.while_there():
            reply = await self._state.client.ask(call, self._route.upstream, self._body(call))
        async with reply:
            self._log.upstream = reply.upstream.setting.name
            if call.stream:
                await self._stream(call, reply, recording, judge, recorder)
            else:
                await self._whole(call, reply, recording, judge, recorder)

    async def _remedied(
        self,
        call: Call,
        prompt: Judged,
        recording: "asyncio.Future[Receipt]",
        judge: Judge,
        recorder: Recorder,
    ) -> tuple[Call, bool]:
        """Carry out what the policy allows in place of stopping; each further judgement is recorded before it counts."""
        if self._form is not None:
            return call, prompt.stop is None

        async def again(other: Call, data: bytes) -> Judged:
            self._keep(await receipt_of(recording))
            context = context_of(self._key, prompt.examination.facts.digest)
            judged = judge.judge(judge.prompts, data, other.turns, other.unread, context, self._fail)
            self._keep(await recorder.record(judged))
            return judged

        extra = frozenset(self._state.gateway.extra_fields)

        def reread(data: bytes) -> Call:
            return read_call(call.protocol, data, extra)

        call, _, passes = await self._neutral.prompt(call, prompt, again, reread)
        self._log.model = call.model
        return call, passes

    async def _read(self) -> Call:
        limits = self._state.gateway.limits
        limit = limits.media_bytes if self._route.is_media else limits.body_bytes
        self._data = await self._caller.body(limit)
        if self._route.is_form:
            self._form = read_form(self._caller.header(b"content-type"), self._data)
            call = call_of_form(self._route.protocol, self._form)
        else:
            call = read_call(self._route.protocol, self._data, frozenset(self._state.gateway.extra_fields))
        if call.stream and self._route.is_media:
            raise Fault(400, "unsupported_value", "streams of this route are not served", param="stream")
        if not self._key.may_ask(call.model) or call.model not in self._state.pool.models():
            raise no_model(call.model)
        self._log.model, self._log.stream = call.model, call.stream
        return call

    def _body(self, call: Call) -> Body:
        form = self._form
        kind = self._caller.header(b"content-type")

        def made(model: str) -> tuple[bytes, str]:
            if form is not None:
                return write_form(form, model), kind
            return msgspec.json.encode({**call.body, "model": model}), "application/json"

        return made

    async def _judge(
        self,
        judge: Judge,
        turns: Sequence[Turn],
        unread: Sequence[Unread],
        data: bytes,
        *,
        prompt: str = "",
        more: Iterable[Finding | Gap] = (),
        media: Sequence[Examination] = (),
        about: About = NOTHING,
    ) -> Judged:
        lane = judge.answers if prompt else judge.prompts
        arguments = (lane, data, turns, unread, context_of(self._key, prompt), self._fail, more, media, about)
        if sum(len(turn.text) for turn in turns) > LONG_CHARACTERS:
            judged = await asyncio.to_thread(judge.judge, *arguments)
        else:
            judged = judge.judge(*arguments)
        if not prompt:
            self._log.prompt = judged.examination.facts.digest
        self._note(judged)
        return judged

    async def _whole(
        self,
        call: Call,
        reply: Reply,
        recording: "asyncio.Future[Receipt]",
        judge: Judge,
        recorder: Recorder,
    ) -> None:
        limits = self._state.gateway.limits
        limit = limits.media_answer_bytes if self._route.is_media else limits.answer_bytes
        with self._caller.while_there():
            data = await reply.whole(limit)
        answer = _answer(call, reply, data)
        self._spend(answer.tokens, len(data))
        if not answer.turns and not answer.unread:  # numbers: there is nothing to read in an embedding
            self._keep(await receipt_of(recording))
        else:
            context = context_of(self._key, self._log.prompt)
            seen = await self._state.further.of_answer(call, answer, reply.kind, context)
            judged = await self._judge(
                judge,
                answer.turns,
                seen.unread,
                data,
                prompt=self._log.prompt,
                more=[*seen.made, *self._neutral.told()],
                media=seen.media,
                about=self._about(call),
            )
            done = recorder.begin(judged)
            self._state.keep_when(done, judged, data)
            self._keep(await receipt_of(recording))
            self._keep(await receipt_of(done))
            answer, left, passes = await self._answer_remedied(call, answer, judged, judge, recorder)
            if not passes:
                stop = left.stop or judged.stop or NOT_MARKED
                self._log.code = stop.code
                await self._refuse_answer(call, stop)
                return
        await self._give(call, answer, reply.kind)

    async def _give(self, call: Call, answer: Answer, kind: str) -> None:
        """Give an answer that passed, with what it carries of its origin."""
        body: bytes | None = self._neutral.vault.restored_body(answer.body) if answer.turns else answer.body
        if answer.turns and body is not None:
            body = with_words(call.protocol, body, self._said.first, self._said.last + self._neutral.said())
        if (
            self._route.is_media
            and self._said.headers
            and self._state.settings.exchange.marks.files
            and answer.unread
        ):
            body = await asyncio.to_thread(marked_files, self._state.settings, answer.body, kind)
        if body is None:
            self._log.code = NOT_MARKED.code
            raise self._refused(NOT_MARKED)
        await self._caller.answer(200, body, self.headers, kind.encode("latin-1", "replace") or JSON)
        self._log.status = 200

    async def _answer_remedied(
        self, call: Call, answer: Answer, judged: Judged, judge: Judge, recorder: Recorder
    ) -> tuple[Answer, Judged, bool]:
        """Carry out what the policy allows in place of stopping an answer."""
        if self._route.is_media or not answer.turns:
            return answer, judged, judged.stop is None

        async def again(other: Answer) -> Judged:
            context = context_of(self._key, judged.examination.facts.digest)
            left = judge.judge(
                judge.answers, other.body, other.turns, other.unread, context, self._fail, self._neutral.told(),
                about=self._about(call),
            )  # fmt: skip
            self._keep(await recorder.record(left))
            return left

        return await self._neutral.answer(call, answer, judged, again)

    def _about(self, call: Call, *, whole: bool = True) -> About:
        """What detectors may know beside an answer; of a window not what only the whole can show."""
        system = "\n".join(turn.text for turn in call.turns if turn.role in {"system", "developer"})
        documents = sum(turn.role == "tool" for turn in call.turns) or int(
            any(name in self._data for name in (b'"tool_result"', b'"search_result"', b'"documents"'))
        )
        asks = whole and self._state.settings.exchange.marks.sources and documents
        return about(system_prompt=system, documents=str(documents) if asks else "")

    async def _refuse_answer(self, call: Call, stop: Stop) -> None:
        if self._route.is_media:
            raise self._refused(stop)
        words = self._words(stop.words)
        body = refused_answer(call.protocol, call.model, self._caller.request, words)
        await self._caller.answer(200, body, self.headers)
        self._log.status = 200

    async def _stream(
        self,
        call: Call,
        reply: Reply,
        recording: "asyncio.Future[Receipt]",
        judge: Judge,
        recorder: Recorder,
    ) -> None:
        if reply.kind != "text/event-stream":
            raise Fault(502, "upstream_malformed", "the upstream answers a stream with something else")
        self._keep(await receipt_of(recording))
        context = context_of(self._key, self._log.prompt)
        further = self._state.further
        each, whole = self._about(call, whole=False), self._about(call)
        plan = Plan(
            neutral=self._neutral,
            further=further,
            about=each,
            about_whole=each if each == whole else whole,
            holds=further.holds_streams or self._state.settings.exchange.hold is Hold.ANSWER,
            first=self._said.first,
            last=self._said.last,
        )
        limits = self._state.gateway.limits
        relay = Relay(call, self._caller, limits, judge, recorder, context, self._fail, plan)
        try:
            await relay.run(reply, self.headers)
        finally:
            self._log.status = 200 if self._caller.is_started else 0
            self._spend(relay.tokens, relay.characters)
            for judged in relay.judged:
                self._note(judged)
                self._log.code = judged.stop.code if judged.stop is not None else self._log.code
            for judged, receipt in zip(relay.judged, relay.receipts, strict=False):
                self._keep(receipt)
                self._state.contents.keep(receipt, judged, relay.said)

    async def _pass(self, call: Call) -> None:
        """Guards are off: bytes go through as they come."""
        with self._caller.while_there():
            reply = await self._state.client.ask(call, self._route.upstream, self._body(call))
        async with reply:
            self._log.upstream = reply.upstream.setting.name
            kind = reply.kind.encode("latin-1", "replace") or JSON
            if not call.stream:
                with self._caller.while_there():
                    data = await reply.whole(self._state.gateway.limits.media_answer_bytes)
                self._spend(tokens_in(data), len(data))
                await self._caller.answer(200, data, [], kind)
                self._log.status = 200
                return
            await self._caller.start(200, [], kind)
            self._log.status = 200
            events = 0
            async for chunk in reply.chunks():
                events += chunk.count(b"data:")  # about one a token
                await self._caller.write(chunk)
            self._spend(Tokens(-1, events), 0)
            await self._caller.finish()

    async def _record_fault(self, fault: Fault) -> None:
        """Keep in the ledger that this request ended in an error, and why; what it held is not known."""
        judge, recorder = self._state.judge_of(self._key), self._state.recorder
        if judge is None or recorder is None or self._log.code:
            return
        self._log.code = fault.code
        gap = Gap(
            source=SOURCE,
            kind=_GAPS.get(fault.status, GapKind.MALFORMED),
            why=Words(
                f"ended with status {fault.status}, {fault.code}",
                f"以状态 {fault.status}（{fault.code}）结束",
            ),
        )
        data, prompt = (b"", self._log.prompt) if self._log.prompt else (self._data, "")
        judged = await self._judge(judge, (), (), data, prompt=prompt, more=[gap])
        self._keep(await recorder.record(judged))

    def _refused(self, stop: Stop) -> Fault:
        """The error for words that may not pass; the status is the one that Azure's content filter gives."""
        self._log.code = stop.code
        return Fault(400, stop.code, self._words(stop.words))

    def _keep(self, receipt: Receipt) -> None:
        self._receipts.append(receipt)
        self._log.receipts.append(receipt.index)

    def _note(self, judged: Judged) -> None:
        action = judged.decision.action
        if not self._log.action or _RANK[action.value] > _RANK[self._log.action]:
            self._log.action = action.value

    def _spend(self, counted: Tokens, size_bytes: int) -> None:
        """Count what was used; `size_bytes` of the answer stand in where the upstream counted nothing."""
        prompt = counted.prompt if counted.prompt >= 0 else len(self._data) // _BYTES_A_TOKEN
        completion = counted.completion if counted.completion >= 0 else size_bytes // _BYTES_A_TOKEN
        self._state.spend(self._key, self._log, Tokens(prompt, completion))

    def _words(self, words: Words) -> str:
        return words.in_language(self._language)


_RANK = {"": 0, "allow": 1, "label": 2, "review": 3, "block": 4}
_GAPS = {408: GapKind.TIMEOUT, 413: GapKind.LIMIT, 502: GapKind.FAILED, 504: GapKind.TIMEOUT}


def _answer(call: Call, reply: Reply, data: bytes) -> Answer:
    """An upstream's answer, read.

    Raises:
        Fault: 502, it is none of the protocol.
    """
    try:
        if reply.kind == "application/json" or call.protocol not in {Protocol.IMAGES, Protocol.AUDIO}:
            return read_answer(call.protocol, data, call.model)
        if reply.kind.startswith("text/"):
            return Answer(body=data, turns=(Turn("assistant", data.decode("utf-8")),))
    except (ExchangeError, UnicodeDecodeError) as error:
        raise Fault(502, "upstream_malformed", "the upstream's answer is none of the protocol") from error
    return Answer(body=data, turns=(), unread=(Unread(-1, reply.kind[:40] or "bytes"),))
