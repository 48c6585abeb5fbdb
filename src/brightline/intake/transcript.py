"""Chat transcripts as people export them: `2026-11-23 12:00 Name: text`, WhatsApp, WeChat."""

import re

from brightline.core.subject import Header, Kind, Link, Role
from brightline.intake.draft import Draft, Part
from brightline.intake.links import addresses

SHARE = 0.5  # of the non-empty lines that must open a turn; the others continue one
LEAST_TURNS = 2
NAME_CHARACTERS = 60  # of a speaker

_DATE = r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})"
_TIME = r"(?:上午|下午|晚上)?\s?\d{1,2}:\d{2}(?::\d{2})?(?:\s?[APap]\.?[Mm]\.?)?"
_STAMP = rf"\[?(?P<time>{_DATE}[,，]?\s?{_TIME}|{_TIME})\]?"
# Each part is bounded, so a line costs at most a constant.
_ONE_LINE = re.compile(
    rf"\s{{0,3}}\u200e?{_STAMP}\s{{0,3}}[-–]?\s{{0,3}}(?P<name>[^:：\n]{{1,{NAME_CHARACTERS}}})[:：]\s?(?P<text>.*)"
)
_NAME_FIRST = re.compile(
    rf"(?P<name>[^\n\d][^\n]{{0,{NAME_CHARACTERS}}}?)\s{{1,4}}(?P<time>{_DATE}\s{{1,2}}{_TIME})\s*(?P<text>)$"
)
_ROLE = re.compile(
    r"(?P<time>)(?P<name>(?i:user|assistant|system|human|ai|bot|用户|助手|客服|系统))\s?[:：]\s?(?P<text>.*)"
)


def read_transcript(text: str, draft: Draft) -> bool:
    """Turn a text into a CHAT with one TURN a message, if it is a transcript; else leave the draft alone."""
    for pattern in (_ONE_LINE, _NAME_FIRST, _ROLE):
        if _opens_with(text, pattern):
            draft.kind = Kind.CHAT
            _add_turns(text, pattern, draft)
            return True
    return False


def is_transcript(text: str) -> bool:
    """Whether enough lines open a turn."""
    return any(_opens_with(text, pattern) for pattern in (_ONE_LINE, _NAME_FIRST, _ROLE))


def _opens_with(text: str, pattern: re.Pattern[str]) -> bool:
    lines = [line for line in text[: 64 * 1024].splitlines() if line.strip()]
    opening = sum(1 for line in lines if pattern.match(line[:2_000]))
    share = SHARE if pattern is not _NAME_FIRST else 0.25  # the words stand on their own lines
    return opening >= LEAST_TURNS and opening >= share * len(lines)


def _add_turns(text: str, pattern: re.Pattern[str], draft: Draft) -> None:
    name, time, words = "", "", []
    for line in text.splitlines():
        match = pattern.match(line)
        if match is None:
            words.append(line)
            continue
        _add(draft, name, time, words)
        name, time, words = match["name"].strip(), match["time"].strip(), [match["text"]]
    _add(draft, name, time, words)


def _add(draft: Draft, name: str, time: str, words: list[str]) -> None:
    text = "\n".join(words).strip()
    if text:
        draft.part(turn(text, account=name, time=time, number=len(draft.parts)))


def turn(
    text: str,
    *,
    account: str,
    time: str,
    number: int,
    role: Role = Role.TURN,
    links: tuple[Link, ...] = (),
    more: tuple[Header, ...] = (),
) -> Part:
    """One message as a part: a TURN of a chat or a POST of a feed; its bytes are its words in UTF-8."""
    named = (("account", account), ("time", time))
    return Part(
        data=text.encode("utf-8", "replace"),
        name=f"{role.value} {number + 1}",
        role=role,
        kind=Kind.TURN if role is Role.TURN else Kind.POST,
        text=text,
        headers=(*(Header(name, value) for name, value in named if value), *more),
        links=(*links, *addresses(text)),
    )
