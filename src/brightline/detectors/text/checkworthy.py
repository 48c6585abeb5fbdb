"""Sentences that state something which can be checked: figures, causes, deeds of institutions, warnings of harm.

Rules over one sentence at a time; opinions, questions, greetings and talk about oneself weigh against. What is found
is looked up among fact-checks, and shown to whoever reviews; it accuses nobody.
"""

import re
from collections.abc import Iterator

import msgspec

from brightline.core.finding import Span

SENTENCE_CHARACTERS = 400  # a longer "sentence" is cut there
SENTENCES_LIMIT = 2_000  # of one text that are weighed
WORTH = 0.35  # the least weight of a sentence worth checking: one strong sign, or two weak ones

_END = re.compile(r"[.!?]+[\"'”’)]*(?=\s|$)|[。！？!?；;]+[”’」』）)]*|\n+")
_NOT_AN_END = re.compile(
    r"(?i)(?:\b(?:mr|mrs|ms|dr|st|vs|no|e\.g|i\.e|etc|u\.s|prof|gen|sen|rep)|\b[A-Z]|\d)$"
)


class Worthy(msgspec.Struct, frozen=True):
    """A sentence, its weight in [0, 1], and what spoke for it."""

    span: Span
    weight: float
    reasons: tuple[str, ...]


# name: (weight, pattern); weights are set by hand and add up, see the card for what they are worth.
_SIGNS: dict[str, tuple[float, re.Pattern[str]]] = {
    "figure": (
        0.25,
        re.compile(
            r"(?i)\d[\d,.]*\s?(?:%|percent|per cent|million|billion|thousand|times|people|deaths|cases|degrees|days|years?|dollars|[$€£¥])|"
            r"[$€£¥]\s?\d|\d+(?:\.\d+)?(?:%|倍|万|亿|元|人|例|名|岁|天|年|次|级|吨|公里)|百分之|\b(?:thousands|millions|half|most|every|all)\b|几百|上百|上千|数十|全部|所有"
        ),
    ),
    "cause": (
        0.35,
        re.compile(
            r"(?i)\b(?:caus|cure|kill|prevent|treat|protect|destroy|lead|spread|contain|poison|trigger|boost|reduc|increas|detox)\w*\b|"
            r"\b(?:gives? you|linked to|leads? to|made (?:of|with)|results? in|because of|due to)\b|"
            r"导致|引起|引发|造成|致癌|治愈|治好|根治|预防|杀死|抗癌|含有|有毒|中毒|致死|降低|提高|传播|感染|添加|可以治|能治|防辐射"
        ),
    ),
    "deed": (
        0.35,
        re.compile(
            r"(?i)\b(?:bann?|approv|arrest|announc|releas|confirm|admit|declar|discover|vot|sign|pass|seiz|charg|su|order|fir|shut|clos|launch|"
            r"abolish|cancel|raise?|pay|detain|kidnap|dump|leak|escap|explod|collaps|burst)(?:s|ed|es|d|ned|ning|ing|n)?\b|"
            r"取消|禁止|宣布|通报|逮捕|抓获|判决|出台|实施|征收|发放|倒闭|破产|泄露|泄题|封城|停水|停电|爆炸|决堤|坍塌|拐走|抱走|失踪|死亡|遇难|身亡|猝死|扣分|没收|冻结|延长|上调|下调|恢复|将于|将被"
        ),
    ),
    "authority": (
        0.2,
        re.compile(
            r"(?i)\b(?:government|police|scientists?|doctors?|experts?|hospital|university|study|studies|researchers?|minist\w+|officials?|"
            r"court|judge|law|president|army|bank|nasa|who|eu|cdc|fda|un)\b|"
            r"政府|警方|公安|专家|医生|教授|医院|大学|研究|教育部|央行|银行|法院|国家|卫健委|疾控|文件|新规|交警|地震局|气象局|市场监管|记者|媒体|官方|内部消息"
        ),
    ),
    "danger": (
        0.2,
        re.compile(
            r"(?i)\b(?:cancer|virus|vaccin\w*|outbreak|earthquake|flood|tsunami|radiation|toxic|infect\w*|death|dead|die[sd]?|disease|attack|"
            r"abduct\w*|trafficking|war|fraud|radioactive)\b|"
            r"癌|病毒|疫苗|疫情|地震|洪水|海啸|辐射|毒|死|病|人贩子|绑架|拐卖|核污|艾滋|恐怖"
        ),
    ),
    "time": (0.1, re.compile(r"(?i)\b(?:tonight|tomorrow|yesterday|today|next (?:year|month|week)|from (?:january|monday)|(?:19|20)\d\d)\b|今晚|明天|昨天|昨晚|今天|明年|下月|下周|即日起|月底|凌晨")),
}  # fmt: skip
_AGAINST: tuple[tuple[float, re.Pattern[str]], ...] = (
    (0.35, re.compile(r"[?？]\s*[\"'”’)]*$")),
    (
        0.25,
        re.compile(
            r"(?i)\b(?:i (?:think|feel|love|like|guess|hope|want|wish|am|was|had|have|will|'ll|would)|i'm|i've|i'd|my opinion|imo|lol|haha\w*)\b|"
            r"我(?:觉得|想|希望|喜欢|爱|要|们|也)|感觉|哈哈|嘻嘻|呵呵|加油|晚安|早安|谢谢|祝"
        ),
    ),
    (
        0.2,
        re.compile(
            r"(?i)\b(?:hi|hey|hello|thanks|thank you|please|see you|ok|okay|good (?:morning|night)|happy birthday|delicious|amazing|friendly)\b|你好|您好|亲|咱们|好吃|漂亮|可爱"
        ),
    ),
)  # fmt: skip


def sentences(text: str) -> Iterator[Span]:
    """Spans of the sentences of a text, without the white space around them."""
    begin, count = 0, 0
    for match in _END.finditer(text):
        if match.group()[0] == "." and _NOT_AN_END.search(
            text[max(begin, match.start() - 5) : match.start()]
        ):
            continue
        for span in _trimmed(text, begin, match.end()):
            yield span
            count += 1
        if count >= SENTENCES_LIMIT:
            return
        begin = match.end()
    yield from _trimmed(text, begin, len(text))


def worth(sentence: str) -> tuple[float, tuple[str, ...]]:
    """How much a sentence is worth checking, 0 to 1, and what speaks for it."""
    reasons = tuple(name for name, (_, sign) in _SIGNS.items() if sign.search(sentence))
    weight = sum(_SIGNS[name][0] for name in reasons)
    weight -= sum(less for less, sign in _AGAINST if sign.search(sentence))
    if len(sentence) < 8:
        weight -= 0.3  # too short to state anything
    return round(min(1.0, max(0.0, weight)), 3), reasons


def worthy(text: str) -> list[Worthy]:
    """Sentences worth checking, in the order of the text."""
    found = []
    for span in sentences(text):
        weight, reasons = worth(text[span.start : span.end])
        if weight >= WORTH:
            found.append(Worthy(span, weight, reasons))
    return found


def _trimmed(text: str, begin: int, end: int) -> Iterator[Span]:
    while begin < end and text[begin].isspace():
        begin += 1
    while end > begin and text[end - 1].isspace():
        end -= 1
    for start in range(begin, end, SENTENCE_CHARACTERS):
        yield Span(start, min(start + SENTENCE_CHARACTERS, end))
