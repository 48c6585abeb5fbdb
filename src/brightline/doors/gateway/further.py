"""What looks at an exchange beside the detectors in this process: workers at pictures and sounds, guard models at words."""

import asyncio
from collections.abc import Awaitable, Sequence

import msgspec

from brightline.core.finding import Examination, Finding
from brightline.core.subject import Context, Gap, GapKind
from brightline.core.words import Words
from brightline.doors.gateway.guards import Guards
from brightline.doors.gateway.media import Medium, left_unread, media_of_answer, media_of_call
from brightline.doors.gateway.workers import Busy, Workers
from brightline.exchange.multipart import Form
from brightline.exchange.nouns import Answer, Call, Protocol, Turn, Unread
from brightline.settings_gateway import GatewaySetting

MEDIA = "gateway.media"
_WITH_MEDIA = {Protocol.IMAGES, Protocol.AUDIO}


class Looked(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        unread: what nobody could look at.
        made: findings of guard models, and gaps.
        media: examinations of pictures and sounds.
    """

    unread: tuple[Unread, ...] = ()
    made: tuple[Finding | Gap, ...] = ()
    media: tuple[Examination, ...] = ()


class Further:
    """Both of them; costs nothing where there are neither pictures, sounds nor guard models."""

    def __init__(self, setting: GatewaySetting, guards: Guards, workers: Workers | None) -> None:
        self._limits, self._guards, self._workers = setting.limits, guards, workers

    @property
    def holds_streams(self) -> bool:
        """Whether answers must be there whole before anything of them goes out."""
        return self._guards.look_at_answers

    async def of_call(self, call: Call, form: Form | None, context: Context) -> Looked:
        """Look at a prompt."""
        if not call.unread and not self._guards.look_at_prompts:
            return Looked()
        media: list[Medium] = []
        unread = call.unread
        if unread and self._workers is not None:
            media = await asyncio.to_thread(media_of_call, call, form)
            unread = left_unread(unread, media, call)
        return await self._look(unread, media, self._guards.of_prompt(call.turns), context)

    async def of_answer(self, call: Call, answer: Answer, kind: str, context: Context) -> Looked:
        """Look at a whole answer whose content type is `kind`."""
        if not answer.unread and not self._guards.look_at_answers:
            return Looked()
        media: list[Medium] = []
        unread = answer.unread
        if unread and self._workers is not None:
            media = await asyncio.to_thread(media_of_answer, call, answer, kind)
            many = call.protocol in _WITH_MEDIA
            unread = () if media and many else left_unread(unread, media)
        return await self._look(unread, media, self._guards.of_answer(call.turns, answer.turns), context)

    async def of_stream(self, call: Call, said: Sequence[Turn]) -> tuple[Finding | Gap, ...]:
        """Have guard models look at what a stream said."""
        return await self._guards.of_answer(call.turns, said)

    async def close(self) -> None:
        """End both."""
        await self._guards.close()
        if self._workers is not None:
            await asyncio.to_thread(self._workers.close)

    async def _look(
        self,
        unread: tuple[Unread, ...],
        media: Sequence[Medium],
        guarding: Awaitable[tuple[Finding | Gap, ...]],
        context: Context,
    ) -> Looked:
        looking = asyncio.gather(*(self._examined(one, context) for one in media))
        said, examined = await asyncio.gather(guarding, looking)
        seen = tuple(one for one in examined if isinstance(one, Examination))
        gaps = tuple(one for one in examined if isinstance(one, Gap))
        return Looked(unread, (*said, *gaps), seen)

    async def _examined(self, medium: Medium, context: Context) -> Examination | Gap:
        assert self._workers is not None
        seconds = self._limits.media_seconds
        part = str(medium.turn) if medium.turn >= 0 else ""
        try:
            async with asyncio.timeout(seconds):
                found = await self._workers.examine(medium.data, medium.what, context)
        except TimeoutError:
            why = Words(f"not looked at within {seconds:g} s", f"未能在 {seconds:g} 秒内完成检测")
            return Gap(source=MEDIA, kind=GapKind.TIMEOUT, why=why, part=part)
        except Busy:
            why = Words("too many pictures and sounds wait to be looked at", "待检测的图片与音频过多")
            return Gap(source=MEDIA, kind=GapKind.LIMIT, why=why, part=part)
        if found is None:
            why = Words("no process could look at it", "检测进程不可用")
            return Gap(source=MEDIA, kind=GapKind.FAILED, why=why, part=part)
        return found
