"""Which field of a row is the text, the label, the answer and the source: by usual names, then by what stands in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from brightline.core.errors import DetectorError
from brightline.detectors.dataset.nouns import Columns, Row

_NAMES: dict[str, tuple[str, ...]] = {
    "text": ("text", "prompt", "instruction", "question", "content", "messages", "conversations", "sentence", "message",
             "body", "query", "document", "review", "comment", "title", "文本", "内容", "问题", "正文", "提示", "评论"),
    "label": ("label", "labels", "class", "category", "sentiment", "truth", "target_class", "y", "标签", "类别"),
    "response": ("response", "output", "answer", "completion", "chosen", "target", "reply", "回答", "答案", "输出"),
    "source": ("source", "src", "origin", "url", "dataset", "domain", "subset", "来源", "出处"),
}  # fmt: skip
_ASKED_WITH = "input"  # of instruction data: stands beside `instruction`
_OWN = ("assistant", "gpt", "bot", "model")
Record = Mapping[str, Any]


def columns_of(records: Sequence[Record], wished: Columns) -> Columns:
    """The columns of some first records; what the caller wishes goes before.

    Raises:
        DetectorError: a column that was asked for is not there, or no column holds text.
    """
    names = dict.fromkeys(name for record in records for name in record)
    chosen: dict[str, str] = {}
    lower = {name.lower().strip(): name for name in reversed(names)}
    for part, usual in _NAMES.items():
        asked = getattr(wished, part)
        if asked and asked not in names:
            raise DetectorError(f"no column `{asked}`; there are: {', '.join(map(str, names))[:300]}")
        chosen[part] = asked or next(
            (lower[name] for name in usual if name in lower and lower[name] not in chosen.values()), ""
        )
    chosen["text"] = chosen["text"] or _longest(records, [n for n in names if n not in chosen.values()])
    if not chosen["text"]:
        raise DetectorError(f"no column of text among: {', '.join(map(str, names))[:300]}; name it")
    return Columns(**chosen)


def row_of(record: Record, columns: Columns) -> Row:
    """The record as the audit reads it; chats are taken apart into what is asked and what is answered last."""
    text, answer = _asked(record.get(columns.text))
    if columns.text == "instruction" and (beside := record.get(_ASKED_WITH)):
        text = f"{text}\n{_plain(beside)}"
    return Row(
        text,
        _plain(record.get(columns.label)) if columns.label else "",
        _plain(record.get(columns.response)) if columns.response else answer,
        _plain(record.get(columns.source)) if columns.source else "",
    )


def _asked(value: object) -> tuple[str, str]:
    """The words of a field; of a list of turns those of the caller, and the model's last ones."""
    if not isinstance(value, list):
        return _plain(value), ""
    asked, answered = [], ""
    for turn in value:
        if not isinstance(turn, Mapping):
            asked.append(_plain(turn))
            continue
        said = _plain(turn.get("content", turn.get("value")))
        if turn.get("role", turn.get("from")) in _OWN:
            answered = said
        else:
            asked.append(said)
    return "\n".join(asked), answered


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return "\n".join(map(_plain, value))
    if isinstance(value, Mapping):
        return "\n".join(map(_plain, value.values()))
    return str(value)


def _longest(records: Sequence[Record], names: Sequence[str]) -> str:
    """The column whose strings are the longest together."""
    sizes = {
        name: sum(len(value) for record in records if isinstance(value := record.get(name), (str, list)))
        for name in names
    }
    best = max(names, key=lambda name: sizes[name], default="")
    return best if best and sizes[best] else ""
