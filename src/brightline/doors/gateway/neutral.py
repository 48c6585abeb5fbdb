"""One exchange's remedies: words are taken out of prompts and answers, put back for the caller, and said beside them."""

from collections.abc import Awaitable, Callable

import msgspec

from brightline.core.errors import ExchangeError
from brightline.core.finding import Finding
from brightline.core.words import Words
from brightline.doors.gateway.judge import Judged
from brightline.doors.gateway.remedies import ROUNDS, Edit, Remedied, put_away, remedied, told
from brightline.exchange.answers import read_answer
from brightline.exchange.guard import Cut, Verdict
from brightline.exchange.nouns import Answer, Call, Turn
from brightline.exchange.vault import Vault
from brightline.settings_gateway import Fail

Again = Callable[[Call, bytes], Awaitable[Judged]]
AgainAnswer = Callable[[Answer], Awaitable[Judged]]
Reread = Callable[[bytes], Call]


class Neutral:
    """What was and is to be done in one exchange.

    Attributes:
        vault: values that were taken out.
        names: remedies that were carried out.
        notices: what is to be said with the answer.
    """

    def __init__(self, fail: Fail, language: str, safer_model: str) -> None:
        self._fail, self._language, self._safer_model = fail, language, safer_model
        self.vault = Vault()
        self.names: set[str] = set()
        self.notices: list[Words] = []

    async def prompt(
        self, call: Call, judged: Judged, again: Again, reread: Reread
    ) -> tuple[Call, Judged, bool]:
        """Carry out the remedies of a prompt.

        Args:
            call: what was asked.
            judged: what was said of it.
            again: judges and records another call.
            reread: reads a body.

        Returns:
            the call that may be forwarded, the last judgement, and whether it passes.
        """
        remedy = remedied(judged, self._fail, reroutes=bool(self._safer_model))
        self.vault = (
            Vault("\n".join(turn.text for turn in call.turns))
            if remedy is not None and remedy.edits
            else self.vault
        )
        for _ in range(ROUNDS):
            if (
                remedy is None
                or not remedy.edits
                or not put_away(remedy.edits, call.turns, self.vault, self._language)
            ):
                break
            self._note(remedy)
            try:
                data = msgspec.json.encode(self.vault.hidden_body(call.body))
                call = reread(data)
            except ExchangeError:
                break
            judged = await again(call, data)
            remedy = remedied(judged, self._fail, reroutes=bool(self._safer_model))
        if remedy is not None and not remedy.edits and (judged.stop is None or remedy.reroute):
            self._note(remedy)
            if remedy.reroute:
                call = msgspec.structs.replace(call, model=self._safer_model)
            return call, judged, True
        return call, judged, judged.stop is None

    async def answer(
        self, call: Call, answer: Answer, judged: Judged, again: AgainAnswer
    ) -> tuple[Answer, Judged, bool]:
        """Carry out the remedies of a whole answer; gives it, the last judgement, and whether it passes."""
        remedy = remedied(judged, self._fail)
        for _ in range(ROUNDS):
            if (
                remedy is None
                or not remedy.edits
                or not put_away(remedy.edits, answer.turns, self.vault, self._language)
            ):
                break
            self._note(remedy)
            try:
                body = msgspec.json.encode(self.vault.hidden_body(msgspec.json.decode(answer.body)))
                answer = read_answer(call.protocol, body, call.model)
            except (ExchangeError, msgspec.DecodeError):
                break
            judged = await again(answer)
            remedy = remedied(judged, self._fail)
        if judged.stop is None and remedy is not None:
            self._note(remedy)
        return answer, judged, judged.stop is None

    def window(self, words: str, judged: Judged, again: Callable[[str], Judged]) -> Verdict:
        """What becomes of a stretch of an answer that was judged: it stops, or goes out without some of it."""
        remedy = remedied(judged, self._fail)
        if remedy is None:
            return judged.stop
        if not remedy.edits:
            if judged.stop is None:
                self._note(remedy)
            return judged.stop
        if not put_away(remedy.edits, (Turn("assistant", words),), self.vault, self._language):
            return judged.stop
        cuts = cuts_of(remedy.edits, words, self.vault)
        left = again(without(words, cuts))
        if left.stop is not None:
            return left.stop
        self._note(remedy)
        return cuts

    def told(self) -> tuple[Finding, ...]:
        """The record of what was carried out, if anything was."""
        return (told(sorted(self.names), self.vault.count),) if self.names else ()

    def said(self) -> str:
        """Notices, to stand behind an answer."""
        return "".join(f"\n\n[{one.in_language(self._language)}]" for one in self.notices)

    def _note(self, remedy: Remedied) -> None:
        self.names |= {*remedy.remedies}
        self.notices += [one for one in remedy.notices if one not in self.notices]


def cuts_of(edits: tuple[Edit, ...], words: str, vault: Vault) -> tuple[Cut, ...]:
    """Cuts with what stands in the vault for each value; those that overlap as one."""
    cuts: list[Cut] = []
    for one in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if cuts and one.start < cuts[-1].end:
            cuts[-1] = Cut(cuts[-1].start, max(cuts[-1].end, one.end), cuts[-1].words)
        else:
            cuts.append(Cut(one.start, one.end, vault.hide(words[one.start : one.end])))
    return tuple(cuts)


def without(words: str, cuts: tuple[Cut, ...]) -> str:
    """Words after the cuts."""
    for cut in reversed(cuts):
        words = words[: cut.start] + cut.words + words[cut.end :]
    return words
