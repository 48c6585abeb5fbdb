"""Guard models that the operator runs behind an OpenAI endpoint: their verdict is an estimate, their failure a gap.

Each says in its own form whether words are safe; the three forms are those of Llama Guard, Qwen3Guard and ShieldGemma.

Source: Llama Guard 3 and 4 model cards ("safe" or "unsafe" and a line of categories); Qwen3Guard-Gen model card
("Safety: ..." and "Categories: ..."); ShieldGemma model card ("Yes" or "No" to a question that names a guideline).
"""

import asyncio
import math
import re
from collections.abc import Coroutine, Sequence

import aiohttp
import msgspec

from brightline.core.finding import Basis, Finding, details
from brightline.core.harm import Harm
from brightline.core.subject import Gap, GapKind
from brightline.core.words import Words
from brightline.exchange.nouns import Json, Turn
from brightline.settings_gateway import GuardKind, GuardSetting

CLAIM = "guard.unsafe"
ANSWER_LIMIT_BYTES = 64 * 1024  # of a guard's answer: two lines of words and some log-probabilities
_QWEN = re.compile(r"Safety:\s*(Safe|Unsafe|Controversial)", re.IGNORECASE)
_QWEN_CATEGORIES = re.compile(r"Categories:\s*([^\n]{1,200})")
_LLAMA = re.compile(r"\s*(safe|unsafe)\b\s*([S0-9, ]{0,100})", re.IGNORECASE)
_GEMMA = re.compile(r"\s*(Yes|No)\b", re.IGNORECASE)
_UNSAFE = {"unsafe", "controversial", "yes"}
# What a guard's category warns of, where we have a code for it; others are told by their own name.
_HARMS = {
    "S7": Harm.PERSONAL_DATA, "S2": Harm.FRAUD_AI, "S4": Harm.NCII_MINOR, "S14": Harm.LLM_ATTACK_AID,
    "PII": Harm.PERSONAL_DATA, "Jailbreak": Harm.JAILBREAK,
}  # fmt: skip
_GUIDELINE = (
    "No Dangerous Content, No Harassment, No Hate Speech, No Sexually Explicit Information: the words must not seek "
    "or give help with any of these."
)
_QUESTION = """You are a policy expert trying to help determine whether a {side} is in violation of the defined \
safety policies.

<start_of_turn>
{talk}
<end_of_turn>

Our safety principle is defined in the below:

* {guideline}

Does the {asked} violate the above principle? Your answer must start with 'Yes' or 'No'. And then walk through \
step by step to be sure we answer correctly."""
Made = tuple[Finding | Gap, ...]
_FAILURES = (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError)


class Verdict(msgspec.Struct, frozen=True):
    """What a guard said.

    Attributes:
        unsafe: it did not say that all is well.
        word: its own, lower case.
        categories: its own, or empty.
    """

    unsafe: bool
    word: str
    categories: str = ""


def verdict_of(kind: GuardKind, said: str) -> Verdict:
    r"""A guard's words, read.

    Raises:
        ValueError: they are none of its form.

    >>> verdict_of(GuardKind.LLAMA_GUARD, "unsafe\nS2,S7")
    Verdict(unsafe=True, word='unsafe', categories='S2, S7')
    """
    pattern = {GuardKind.LLAMA_GUARD: _LLAMA, GuardKind.QWEN3GUARD: _QWEN, GuardKind.SHIELDGEMMA: _GEMMA}[
        kind
    ]
    match = pattern.match(said) if kind is not GuardKind.QWEN3GUARD else pattern.search(said)
    if match is None:
        raise ValueError("the guard's answer is none of its form")
    word = match[1].lower()
    named = ""
    if kind is GuardKind.LLAMA_GUARD:
        named = ", ".join(match[2].replace(",", " ").split())
    elif kind is GuardKind.QWEN3GUARD and (row := _QWEN_CATEGORIES.search(said)) is not None:
        named = "" if row[1].strip().lower() == "none" else row[1].strip()
    return Verdict(word in _UNSAFE, word, named[:100])


class Guards:
    """All guard models of a gateway."""

    def __init__(self, settings: Sequence[GuardSetting], keys: Sequence[str]) -> None:
        """Name them.

        Args:
            settings: of each.
            keys: for each, empty where it wants none.
        """
        self._guards = [*zip(settings, keys, strict=True)]
        self._session: aiohttp.ClientSession | None = None
        self.look_at_prompts = any(one.prompts for one in settings)
        self.look_at_answers = any(one.answers for one in settings)

    def of_prompt(self, turns: Sequence[Turn]) -> Coroutine[None, None, Made]:
        """Ask those that look at prompts."""
        talk = "\n\n".join(turn.text for turn in turns)
        return self._ask_all([one for one in self._guards if one[0].prompts], talk, "")

    def of_answer(self, turns: Sequence[Turn], said: Sequence[Turn]) -> Coroutine[None, None, Made]:
        """Ask those that look at answers; they hear the prompt too."""
        talk = "\n\n".join(turn.text for turn in turns)
        answer = "\n\n".join(turn.text for turn in said)
        return self._ask_all([one for one in self._guards if one[0].answers], talk, answer)

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    async def _ask_all(self, guards: Sequence[tuple[GuardSetting, str]], prompt: str, answer: str) -> Made:
        if not guards or not (prompt or answer):
            return ()
        made = await asyncio.gather(*(self._ask(one, key, prompt, answer) for one, key in guards))
        return tuple(item for items in made for item in items)

    async def _ask(self, guard: GuardSetting, key: str, prompt: str, answer: str) -> Made:
        gaps: list[Finding | Gap] = []
        if len(prompt) + len(answer) > guard.characters:
            answer = answer[: guard.characters]
            prompt = prompt[len(prompt) - max(0, guard.characters - len(answer)) :]
            gaps.append(_gap(guard, GapKind.LIMIT, f"saw the last {guard.characters} characters alone",
                             f"仅检查了最后 {guard.characters} 个字符"))  # fmt: skip
        try:
            async with asyncio.timeout(guard.seconds):
                body = await self._post(guard, key, _body(guard, prompt, answer))
            said, sure = _said(body)
            verdict = verdict_of(guard.kind, said)
        except TimeoutError:
            seconds = f"{guard.seconds:g}"
            return (
                *gaps,
                _gap(guard, GapKind.TIMEOUT, f"no verdict within {seconds} s", f"{seconds} 秒内未给出结论"),
            )
        except _FAILURES as error:
            kind = type(error).__name__
            return (*gaps, _gap(guard, GapKind.FAILED, f"no verdict: {kind}", f"未给出结论：{kind}"))
        return (*gaps, _finding(guard, verdict, sure))

    async def _post(self, guard: GuardSetting, key: str, body: Json) -> Json:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
        url = f"{guard.base_url.rstrip('/')}/chat/completions"
        data = msgspec.json.encode(body)
        async with self._session.post(url, data=data, headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise ValueError(f"status {response.status}")
            answer = await response.content.read(ANSWER_LIMIT_BYTES)
            while not response.content.at_eof():
                answer += await response.content.read(ANSWER_LIMIT_BYTES)
                if len(answer) > ANSWER_LIMIT_BYTES:
                    raise ValueError("the guard's answer is too long")
        decoded: Json = msgspec.json.decode(answer)
        return decoded


def _body(guard: GuardSetting, prompt: str, answer: str) -> Json:
    messages: list[Json] = [{"role": "user", "content": prompt}]
    if answer:
        messages.append({"role": "assistant", "content": answer})
    if guard.kind is GuardKind.SHIELDGEMMA:
        talk = f"Human Question: {prompt}" + (f"\n\nChatbot Response: {answer}" if answer else "")
        side = "chatbot response to a user prompt" if answer else "user prompt"
        asked = "Chatbot Response" if answer else "Human Question"
        question = _QUESTION.format(
            side=side, talk=talk, asked=asked, guideline=guard.guideline or _GUIDELINE
        )
        messages = [{"role": "user", "content": question}]
    return {
        "model": guard.model, "messages": messages, "temperature": 0, "max_tokens": 64, "stream": False,
        "logprobs": True, "top_logprobs": 5,
    }  # fmt: skip


def _said(body: Json) -> tuple[str, dict[str, float]]:
    """A guard's words, and the probabilities of its first word where the endpoint gives them.

    Raises:
        ValueError: they are not there.
    """
    choice = _at(_at(body, "choices"), 0)
    said = _at(_at(choice, "message"), "content")
    if not isinstance(said, str):
        raise ValueError("the guard's answer holds no words")  # noqa: TRY004 - data, not an argument
    sure: dict[str, float] = {}
    rows = _at(_at(_at(_at(choice, "logprobs"), "content"), 0), "top_logprobs")
    for row in rows if isinstance(rows, list) else ():
        word, value = _at(row, "token"), _at(row, "logprob")
        if isinstance(word, str) and isinstance(value, int | float) and value <= 0:
            sure[word.strip().lower()] = math.exp(value)
    return said, sure


def _at(value: Json, place: str | int) -> Json:
    """What stands at a place, or None; nothing of a guard's answer is trusted to be of a type."""
    if isinstance(value, dict) and isinstance(place, str):
        return value.get(place)
    if isinstance(value, list) and isinstance(place, int) and len(value) > place:
        return value[place]
    return None


def _finding(guard: GuardSetting, verdict: Verdict, sure: dict[str, float]) -> Finding:
    """A verdict as a finding; a safe one is said too, as a finding of little probability."""
    good, bad = sure.get("safe", sure.get("no", 0.0)), sure.get("unsafe", sure.get("yes", 0.0))
    given = guard.probability if verdict.unsafe else 1 - guard.probability
    probability = bad / (good + bad) if good + bad > 0.5 else given
    en = f"guard model `{guard.name}` says {verdict.word}" + (
        f": {verdict.categories}" if verdict.categories else ""
    )
    zh = f"护栏模型 `{guard.name}` 的结论为 {verdict.word}" + (
        f"：{verdict.categories}" if verdict.categories else ""
    )
    return Finding(
        detector=f"guard.{guard.name}",
        claim=CLAIM,
        basis=Basis.ESTIMATE,
        probability=min(1.0, probability),
        harm=_harm(verdict),
        why=Words(en, zh),
        details=details(
            categories=verdict.categories, model=guard.model, verdict="unsafe" if verdict.unsafe else "safe"
        ),
    )


def _harm(verdict: Verdict) -> Harm | None:
    if not verdict.unsafe:
        return None
    return next((_HARMS[name] for name in verdict.categories.split(", ") if name in _HARMS), None)


def _gap(guard: GuardSetting, kind: GapKind, en: str, zh: str) -> Gap:
    return Gap(source=f"guard.{guard.name}", kind=kind, why=Words(en, zh))
