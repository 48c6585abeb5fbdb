"""Whether a text passes a claim on or denies it: cues of denial, in English and 中文, and what takes them back.

Rules, so that whoever is flagged can read why. Irony, and denial without any of these words, is read as passing on.
"""

import re
from enum import StrEnum

import msgspec

from brightline.core.finding import Span

STANCE_CHARACTERS = 4_000  # of one text that are read


class Stance(StrEnum):
    """What a text does with a claim that it speaks of."""

    ASSERTS = "asserts"
    DENIES = "denies"
    ASKS = "asks"


class Reading(msgspec.Struct, frozen=True):
    """A stance, and the words that say so."""

    stance: Stance
    cues: tuple[Span, ...] = ()


_DENIES = re.compile(
    r"(?i)\bmyths?\b|\bde-?bunk\w*|\bhoax\w*|\bnot true\b|\buntrue\b|\bnonsense\b|\bbaseless\b|\bunfounded\b|"
    r"\b(?:is|are|was|were|'s|that's|it's)\s+(?:just\s+|all\s+|completely\s+|totally\s+|simply\s+)?(?:a\s+)?"
    r"(?:fake|false|bogus|fabricated|photoshopped|misinformation|disinformation|a rumou?r)\b|"
    r"\bfact[- ]?check\w*|\bno (?:scientific )?(?:evidence|proof|truth)\b|\bno such (?:thing|vitamin|law|rule|plan)\b|"
    r"\b(?:please |pls )?(?:stop|don't|do not|quit)\s+(?:sharing|spreading|forwarding|posting|believ\w+|fall\w* for)\b|"
    r"\b(?:doesn't|does not|don't|won't|can't|cannot|isn't|is not|aren't|are not|wasn't|was not|never)\s+"
    r"(?:actually |really |going to |gonna )?(?:cure|kill|cause|work|prevent|treat|contain|charge|bill|mean|exist|put|happen\w*|"
    r"do anything|be moon|said|been true)\w*|"
    r"\b(?:isn't|not|ain't) going to\b|\bdoes absolutely nothing\b|\bthere(?:'s| is| are|'re) no\b|\bno,\s|"
    r"\bnobody(?:'s| is| needs| on this planet)\b|\bsame photoshop\b|\bphotoshop(?:ped)?\b|\bsorry to ruin\b|"
    r"\bhas been wrong\b|\b(?:voice note|message|post|screenshot|photo|video|claim|rumou?r)\b[^.!?]{0,60}\bis (?:fake|false)\b|"
    r"\bas usual\b|\bare fine\b|\bis a grant\b|\bjust means\b|\b(?:chain|meme|post) is (?:back|older)\b|"
    r"\bnone (?:have|has) been\b|\bno \w+ (?:have|has) been\b|\bzero (?:stuck|cases|evidence)\b|\bis trying to (?:trick|scam|make)\b|"
    r"\bis last year's\b|\bnot in the\b[^.!?]{0,20}$|\b100% (?:rice|real)\b|\bno classroom\b"
)
_DENIES_ZH = re.compile(
    r"辟谣|谣言|不实|是假的|假消息|假新闻|虚假|纯属|子虚乌有|无中生有|造谣|传谣|不信谣|误传|误读|并非|并不(?:是|会|能|存在|属实)|"
    r"没有(?:任何|科学)?(?:依据|根据|证据)|没有(?:这|此)(?:回)?事|没这(?:回)?事|没影的事|不存在|别(?:再)?(?:信|转|传|被骗|抢|放血)|"
    r"不要(?:再)?(?:相信|轻信|转发|传播|以讹传讹|白跑)|拜托别|旧(?:帖|闻|图)|翻炒|假的[。！!，,]?$|，假的|P(?:出来|图|的)|"
    r"骗子|骗人的|(?:已被|被|已经)?(?:行政)?拘留|已经去派出所|从来没(?:有)?(?:说|发|出)|从未|没有?发过|没有安排|一直免费|一切正常|"
    r"正常现象|分泌的|不是农药|不可逆|打赢了假|被.{0,6}回应|通报虚假|该.{1,8}还得|散了吧|动动脑子|吸不了|怎么可能|防辐射？|"
    r"目前没法|无法精确|安心睡觉|不是空号就是|(?:是|系|为)(?:旧|假|谣|拼接|误差|编的|编造|杜撰)|编的|杀不了|没半毛钱关系|没什么关系|"
    r"没关系|不会(?:导致|引起|造成|传播|致癌)|完好|没少|又来了|就五天|有过渡期|没变"
)
_TAKES_BACK = re.compile(
    r"(?i)\b(?:this is |it's |it is |that's )?(?:not|no|isn't|ain't) (?:a |some )?(?:hoax|myth|joke|fake|false|nonsense|rumou?r)\b|"
    r"\bthey (?:say|said|claim|call) (?:it's|it is|this is|that's) (?:a )?(?:myth|fake|false|hoax|debunked)\b|"
    r"\bso[- ]called fact|fact[- ]?checkers? (?:lie|are paid|are lying)|\bwhy (?:don't|doesn't|is nobody|isn't)\b|"
    r"\bnobody(?:'s| is) (?:saying|talking|telling|reporting)\b|\bnobody voted\b|\b(?:they|you)(?:'re| are| do|)\s?(?:not|n't) (?:telling|want|going)\b|"
    r"\bno (?:law|exam|one) (?:stops|tells)\b|\bthere's no (?:wind|tourists|stopping)\b|\bno chemo needed\b|\bthere's no tourists\b"
)
_TAKES_BACK_ZH = re.compile(
    r"不是谣言|并非谣言|别说是谣言|官方.{0,6}辟谣.{0,8}(?:谁信|不信|打脸|骗)|辟谣.{0,6}(?:没用|打脸|也没人信)|还不承认|还在辟谣|"
    r"遇难人数是假的|数字是假的|被骗了|骗子(?:捡|用|冒充|利用|专|拿)|假发票"
)
_ASKS = re.compile(
    r"(?i)\b(?:is (?:it|this|that) true|true or false|can anyone confirm|does anyone know if|anyone know if|is this real|really\?)|"
    r"是真的(?:吗|嘛|么|？)|真的假的|真假[？?]|是不是真的|求证|求辟谣|有人知道.{0,12}[吗？?]"
)


def stance_of(text: str) -> Reading:
    """Read the stance of a text.

    >>> stance_of("Please don't share this, it is a hoax").stance.value
    'denies'
    >>> stance_of("网传视频系旧闻，警方已辟谣").stance.value
    'denies'
    >>> stance_of("This is not a hoax, share it now").stance.value
    'asserts'
    """
    text = text[:STANCE_CHARACTERS].replace("’", "'")
    back = [match.span() for cue in (_TAKES_BACK, _TAKES_BACK_ZH) for match in cue.finditer(text)]
    denials = [
        match.span()
        for cue in (_DENIES, _DENIES_ZH)
        for match in cue.finditer(text)
        if not any(begin < match.end() and match.start() < end for begin, end in back)
    ]
    if denials:
        return Reading(Stance.DENIES, tuple(Span(*span) for span in sorted(denials)))
    if asked := [match.span() for match in _ASKS.finditer(text)]:
        return Reading(Stance.ASKS, tuple(Span(*span) for span in asked))
    return Reading(Stance.ASSERTS)
