"""Words for marks, their fates and their causes, as people read them in both languages."""

from brightline.core.words import Words
from brightline.doors.mark_answer import Ending
from brightline.marking.causes import Cause
from brightline.marking.compare import LAYER_WORDS, Fate
from brightline.marking.found import FoundMark, Layer

ENDINGS = {
    Ending.MARKED: Words("marked", "已标识"),
    Ending.UNCHANGED: Words("unchanged", "无需改动"),
    Ending.REFUSED: Words("refused", "拒绝写入"),
    Ending.FAILED: Words("failed", "失败"),
}
FATES = {
    Fate.KEPT: Words("kept", "保留"),
    Fate.EXTENDED: Words("extended", "已补充"),
    Fate.CHANGED: Words("changed", "被改动"),
    Fate.LOST: Words("lost", "丢失"),
    Fate.ADDED: Words("added", "新增"),
    Fate.UNREAD: Words("could not be read", "无法读取"),
}
_LABELS = {
    "1": Words("is AI-generated", "属于生成合成内容"),
    "2": Words("may be AI-generated", "可能为生成合成内容"),
    "3": Words("is suspected to be AI-generated", "疑似生成合成内容"),
}


def layer_words(layer: Layer) -> Words:
    """A sort of mark."""
    return LAYER_WORDS[layer]


def cause_words(cause: Cause) -> Words:
    """Why a mark was most likely lost."""
    return Words(f"most likely: {cause.words.en}", f"最可能的原因：{cause.words.zh}")


def mark_words(mark: FoundMark) -> Words:
    """One mark in a line: what it states, by whom, where."""
    layer, where = LAYER_WORDS[mark.layer], f" [{mark.place}]" if mark.place else ""
    if mark.layer is Layer.IMPLICIT:
        label = _LABELS.get(mark.fact("Label"), Words("label unreadable", "标识取值无法识别"))
        by = mark.fact("ContentProducer") or mark.fact("ContentPropagator")
        return Words(
            f"{layer.en}: {label.en}, {by}, {mark.name}{where}",
            f"{layer.zh}：{label.zh}，{by}，{mark.name}{where}",
        )
    if mark.layer is Layer.C2PA:
        axes = ", ".join(
            f"{name} {mark.fact(name)}"
            for name in ("integrity", "signature", "trust", "time")
            if mark.fact(name)
        )
        return Words(f"{layer.en}: {axes}", f"{layer.zh}：{axes}")
    if mark.fact("compliance") == "noncompliant":
        return Words(
            f"{layer.en}: {mark.name}{where}, which breaks GB 45438-2025; `brightline scan` says how",
            f"{layer.zh}：{mark.name}{where}，不符合 GB 45438-2025；详见 `brightline scan`",
        )
    return Words(f"{layer.en}: {mark.name}{where}", f"{layer.zh}：{mark.name}{where}")
