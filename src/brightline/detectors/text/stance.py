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
    r"(?i)\bmyths?\b|\bde-?bunk\w*|\bhoax\w*|\bnot true\b|\buntrue\b|\bnonsense\b|\brubbish\b|\bbaseless\b|\bunfounded\b|"
    r"\burban legend\b|\binaccurate\b|\bmade[- ]up\b|\bbogus\b|\bmisinformation\b|\bdisinformation\b|\bold (?:photo|video|clip|hoax|news)\b|"
    r"\b(?:is|are|was|were|'s|that's|it's)\s+(?:just |all |completely |totally |simply |obviously |clearly |actually )?(?:an? )?"
    r"(?:fake|false|fabricated|photoshopped|edited|staged|ai[- ](?:made|generated)|scam(?: page)?|satire|parody|rumou?r|lie|drill|joke|prank)\b|"
    r"\b(?:edited|doctored|photoshop\w*|added later|taken out of context|misquoted)\b|"
    r"\bfact[- ]?check\w*|\bno (?:scientific |credible |real )?(?:evidence|proof|truth|link|basis|record)\b|\bno such\b|\bnothing to do with\b|"
    r"\b(?:opposite|contrary)\b|\b(?:isn't|wasn't|not|never) (?:real|true|happened|the case)\b|\bif (?:it|this|that) were true\b|"
    r"\b(?:please |pls )?(?:stop|don't|do not|quit)\s+(?:sharing|spread\w*|forward\w*|posting|believ\w+|fall\w* for|share)\b|"
    r"\b(?:please |pls )(?:delete|take (?:it|this) down|ignore)\b|\bdon't fall for\b|"
    r"\b(?:doesn't|does not|don't|do not|won't|can't|cannot|isn't|is not|aren't|are not|wasn't|was not|hasn't|has not|haven't|have not|didn't|did not|never)\s+"
    r"(?:actually |really |going to |gonna |even |yet )?(?:cure|kill|cause|work|prevent|treat|contain|charge|bill|mean|exist|put|do anything|said|"
    r"been true|approve|announce|detox|ban|plan|close|leak|issue|confirm|change|cover|need)\w*|"
    r"\b(?:isn't|not|ain't) going to\b|\b(?:does|do) (?:absolutely )?nothing\b|\bno,\s|"
    r"\b(?:nobody|no one|none)(?:'s| was| were| has been| have been| needs| on this)\b|\bno \w+ (?:has|have|is|are|was|were) (?:been |being )\w+|\bthere(?:'s| is| are|'re| was| were) no\b|\bno (?:classroom|school|doctor|one in)\b|"
    r"\bnot (?:from|in|of) (?:the|last|this|our|here)\b|\bfrom (?:a|an|the) (?:\d{4} )?(?:film|movie|game|19\d\d|20[01]\d)\b|\blast year's\b|"
    r"\bsame photoshop\b|\bsorry to (?:ruin|disappoint|burst)\b|\b(?:has|have) been wrong\b|\b(?:going|went|been) (?:a)?round (?:since|for)\b|"
    r"\bas usual\b|\bstays open\b|\bis a grant\b|\bjust means\b|\b(?:chain|meme|post|thing|one) is (?:back|older|trending again)\b|"
    r"\bzero (?:stuck|cases|evidence)\b|\bis trying to (?:trick|scam|make)\b|\b100% (?:rice|real)\b|\bput out a statement\b|\bsimply wrong\b|"
    r"\b(?:relax|calm down),"
)
_DENIES_ZH = re.compile(
    r"辟谣|谣言|谣传|不实|与事实不符|不属实|失实|假消息|假新闻|虚假|纯属|子虚乌有|无中生有|造谣|传谣|误传|误读|以讹传讹|"
    r"(?:是|全是|都是|就是|系|为|属)(?:假|谣|旧闻|旧图|编造|杜撰|伪造|捏造|瞎编|胡说|P图|拼接|摆拍|演习|误会)|假的|捏造|瞎编|编的|胡说|胡扯|伪造|"
    r"(?:恶意)?(?:剪辑|炒作|拼接)|移花接木|张冠李戴|断章取义|P(?:出来|图|的)|并非|并不(?:是|会|能|存在|属实)|"
    r"没有?(?:任何|科学|什么)?(?:依据|根据|证据|道理)|没有?.{0,6}(?:这|此|一)(?:回)?事|没影的事|不存在|站不住脚|缺乏.{0,6}(?:支撑|依据|证据|根据)|没有(?:研究|证据)支持|"
    r"别(?:再)?(?:信|转|传|发了|被骗|抢|放血|上当)|求别|不要(?:再)?(?:相信|轻信|转发|传播|白跑|恐慌)|不必(?:恐慌|担心)|放心(?:吃|用|喝|使用|食用)|"
    r"旧(?:帖|闻|图)|老(?:谣言|视频|图)|翻炒|骗子|骗人的|(?:已被|被|已经|处以)(?:行政)?拘留|去派出所|已(?:经)?(?:道歉|被抓|被查)|从来没|从未|没有?(?:发|说|出)过|没有安排|"
    r"照常|一切正常|全部合格|正常现象|安然无恙|完好|没少|好好的|打脸|(?:又|还)(?:是这条|来了)|年年都有|"
    r"分泌的|不可逆|被.{0,6}回应|通报虚假|该.{1,8}还得|散了吧|动动脑子|怎么可能|目前没法|无法精确|安心睡觉|不是空号就是|杀不了|吸不了|"
    r"没半毛钱关系|没(?:有)?(?:什么|任何)?(?:关系|影响)|不会(?:导致|引起|造成|传播|致癌)|不是(?:农药|这样|真的)|压根没|根本没|有过渡期|没变|就五天|一直免费|"
    r"防辐射？|没被.{1,6}，|(?:官方|警方|医院|本人|官微|当事人|校方|客服|平台).{0,8}(?:澄清|否认|回应)|澄清"
)
_TAKES_BACK = re.compile(
    r"(?i)\b(?:this is |it's |it is |that's )?(?:not|no|isn't|ain't) (?:a |some )?(?:hoax|myth|joke|fake|false|nonsense|rumou?r)\b|"
    r"\bthey (?:say|said|claim|call) (?:it's|it is|this is|that's) (?:a )?(?:myth|fake|false|hoax|debunked)\b|"
    r"\bso[- ]called fact|fact[- ]?checkers? (?:lie|are paid|are lying)|\bwhy (?:don't|doesn't|is nobody|isn't)\b|"
    r"\bnobody(?:'s| is) (?:saying|talking|telling|reporting)\b|\bnobody voted\b|\b(?:they|you)(?:'re| are| do|)\s?(?:not|n't) (?:telling|want|going)\b|"
    r"\bno (?:law|exam|one) (?:stops|tells)\b|\bthere's no (?:wind|tourists|stopping)\b|\bno chemo needed\b|\bthere's no tourists\b"
)
_TAKES_BACK_ZH = re.compile(
    r"不是谣言|不是演习|并非谣言|别说是谣言|官方.{0,6}(?:辟谣|回应|否认).{0,8}(?:谁信|不信|骗)|(?:一直|还)(?:不承认|否认)|辟谣.{0,6}(?:没用|打脸|也没人信)|还不承认|还在辟谣|"
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
