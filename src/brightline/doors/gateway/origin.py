"""What answers carry of their origin: a label in the text, the notice for interfaces, a disclosure, a reminder, marks in files."""

import base64
import binascii
import tempfile
from pathlib import Path

import msgspec

from brightline.core.errors import BrightlineError
from brightline.core.subject import Audience
from brightline.core.words import Words
from brightline.doors.gateway.caller import Headers
from brightline.doors.gateway.conduct import Conduct
from brightline.doors.gateway.keys import Key
from brightline.exchange.guard import Stop
from brightline.exchange.nouns import Call, Json, Protocol
from brightline.marking.explicit.style import Language, Style, text_words
from brightline.marking.order import Numbering, Order
from brightline.marking.plan import Regime, Statement
from brightline.marking.write import mark_file
from brightline.settings import Settings
from brightline.settings_exchange import LabelPlace, MarksSetting

NOTICE: Headers = [(b"x-brightline-notice", b"AI-generated")]
DISCLOSURE = Words("You are talking with an AI system.", "您正在与人工智能系统对话。")
REMINDER = Words(
    "A reminder: you are talking with an AI, not a person. You have been here for a while; take a break.",
    "提醒：与您对话的是人工智能，而非真人。您已连续使用较长时间，请注意休息。",
)
NOT_MARKED = Stop(
    "held_for_review",
    Words("a file in the answer could not be marked as AI-generated", "回答中的文件未能添加生成合成标识"),
)
_SAYING = {Protocol.CHAT, Protocol.COMPLETIONS, Protocol.RESPONSES, Protocol.MESSAGES}
_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".wav", b"ID3": ".mp3", b"\xff\xfb": ".mp3", b"\xff\xf3": ".mp3",
             b"OggS": ".ogg", b"fLaC": ".flac"}  # fmt: skip


class Said(msgspec.Struct, frozen=True):
    """Words around an answer, and the headers that go with it."""

    first: str = ""
    last: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()


def words_around(marks: MarksSetting, call: Call, key: Key, conduct: Conduct, language: str) -> Said:
    """What is said around the answer to a call; nothing where answers are for people of the house."""
    if key.audience is not Audience.PUBLIC:
        return Said()
    first, last = "", ""
    if call.protocol in _SAYING:
        is_new = not any(turn.role == "assistant" for turn in call.turns)
        if marks.disclosure and is_new:
            first = f"{DISCLOSURE.in_language(language)}\n\n"
        if marks.reminder_minutes and conduct.talks_for(_person(call, key), marks.reminder_minutes):
            first += f"{REMINDER.in_language(language)}\n\n"
        label = text_words(
            Style(language=Language.ZH if language.lower().startswith("zh") else Language.BOTH)
        )
        first = f"{label}\n\n{first}" if marks.text is LabelPlace.START else first
        last = f"\n\n{label}" if marks.text is LabelPlace.END else ""
    return Said(first, last, tuple(NOTICE))


def marked_files(settings: Settings, body: bytes, kind: str) -> bytes | None:
    """An answer's pictures and sounds with the marks of the provider in the settings; None where one cannot be marked.

    Args:
        settings: `mark` names the provider.
        body: JSON with base64, or the file itself.
        kind: its content type.
    """
    if kind != "application/json":
        return _marked(settings, body)
    answer = msgspec.json.decode(body)
    rows = answer.get("data") if isinstance(answer, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and not _marked_row(settings, row):
            return None
    return msgspec.json.encode(answer)


def _marked_row(settings: Settings, row: dict[str, Json]) -> bool:
    held = row.get("b64_json")
    if not isinstance(held, str):
        return "url" not in row  # a file elsewhere is out of our hands
    try:
        done = _marked(settings, base64.b64decode(held, validate=True))
    except binascii.Error:
        return False
    if done is None:
        return False
    row["b64_json"] = base64.b64encode(done).decode()
    return True


def _marked(settings: Settings, data: bytes) -> bytes | None:
    suffix = next(
        (one for head, one in _SUFFIXES.items() if data.startswith(head)),
        ".webp" if data[8:12] == b"WEBP" else "",
    )
    if data[8:12] == b"WEBP":
        suffix = ".webp"
    order = Order(
        statement=Statement.GENERATED,
        regimes=(Regime.CN,),
        producer=settings.mark.producer,
        numbering=Numbering.CONTENT,
        system=settings.mark.system,
        explicit=True,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="brightline-") as folder:
            source, target = Path(folder) / f"answer{suffix}", Path(folder) / f"marked{suffix}"
            source.write_bytes(data)
            outcome = mark_file(source, target, order, settings)
            return target.read_bytes() if outcome.is_complete and target.exists() else None
    except (BrightlineError, OSError):
        return None


def _person(call: Call, key: Key) -> str:
    """Who talks: the key, and the person that the application names."""
    named = call.body.get("user") or call.body.get("safety_identifier") or ""
    return f"{key.id}\n{named if isinstance(named, str) else ''}"[:300]
