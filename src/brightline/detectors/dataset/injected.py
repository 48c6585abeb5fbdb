"""Orders to a model that reads or learns from a row: set phrases outright, words that hint at them by the linear voice.

A row is first searched for cues, which most rows lack; only rows with one cost more than a microsecond.
"""

from typing import Any  # re2 has no types

import re2

from brightline.core.words import Words
from brightline.detectors.exchange.model import judge
from brightline.media.wellformed import well_formed

SURE = 0.97  # of the linear voice on one window, for a row that has only a hint
WINDOW = 400  # characters around a hint that the voice reads
_BEFORE = 120
_QUOTED = 80

_THAT = r"(?:all |any |of |the |your |these |those |my |every |other )*"
_EARLIER = r"(?:previous|prior|above|earlier|preceding|foregoing|existing|original|former|initial)"
_WORDS = r"(?:instructions?|prompts?|directives?|rules?|guidelines?|commands?|context|orders|messages?|constraints?)"
_LEAVE = (
    r"(?:ignore|disregard|forget|override|bypass|skip|discard|pay no attention to|do not follow|don't follow)"
)
_SET = (
    rf"\b{_LEAVE} {_THAT}{_EARLIER} (?:\w+ )?{_WORDS}",
    rf"\b{_LEAVE} (?:everything|anything|what|whatever|all) (?:above|before|that came before|you (?:were|have been) told|i said)",
    rf"\b{_LEAVE} {_THAT}(?:system|safety|developer) {_WORDS}",
    r"\b(?:reveal|print|repeat|output|leak|show|send) (?:\w+ ){0,4}system (?:prompt|message|instructions)",
    r"\byou are now (?:in )?(?:dan\b|developer mode|jailbroken|an? unrestricted|free (?:of|from))",
    r"\b(?:new|updated|real) (?:system )?instructions? ?:",
    r"(?:begin|start|end) (?:of )?system (?:prompt|override|message)|\bsystem override\b",
    r"\b(?:note|attention|message|instructions?) (?:to|for) (?:the |any |all )?(?:ai|llm|language model|assistant|chatbot|crawler)s?\b",
    r"\bif you are an? (?:ai|llm|language model|assistant|chatbot)\b",
    r"\b(?:when|whenever|if) (?:asked|anyone asks|a user asks|the user asks|users ask)[^.]{0,80}\b(?:always|never|only) (?:answer|reply|respond|say|recommend|mention)",
    r"\bdo not (?:tell|inform|mention (?:this|it) to|reveal (?:this|it) to) the user",
    r"<\|(?:im_start|im_end|system|endoftext|start_header_id)\|>|\[/?inst\]|<</?sys>>|###\s*(?:system|instruction)\s*:",
    r"(?:忽略|无视|忘记|忘掉|不要理会|抛弃|跳过|绕过|不必遵守|不要遵守)(?:掉)?(?:你|您)?(?:的)?(?:所有|全部|一切|任何)?(?:在)?(?:之前|以上|上面|上述|前面|此前|先前|原有|原来|系统|安全)(?:的)?(?:所有|全部|一切|任何)?(?:的)?(?:指令|指示|提示|提示词|规则|要求|设定|内容|限制|命令|约束)",
    r"(?:输出|透露|打印|重复|泄露|告诉我|显示|发送)(?:你|您)?(?:的)?(?:完整|全部)?(?:的)?系统(?:提示|指令|设定)",
    r"(?:你|您)现在(?:是|进入)(?:一个)?(?:不受限制|没有限制|开发者模式|越狱)",
    r"(?:如果|若)(?:你|您)是(?:一个|一款)?(?:人工智能|ai|大模型|语言模型|助手|机器人)",
    r"(?:致|给)(?:所有)?(?:阅读|读到|处理|抓取)[^。]{0,12}的?(?:人工智能|ai|大模型|语言模型|助手)",
    r"(?:凡是|只要|每当|当)[^。]{0,16}(?:问|提)(?:到|起|及)[^。]{0,24}(?:一律|务必|必须|都要|只能)(?:回答|推荐|回复|说|提到)",
    r"不要(?:告诉|告知|提醒|让)用户|(?:别|不要)向用户(?:说明|透露|提及)",
)
_HINTS = (
    r"\binstructions?\b|\bsystem prompt|\bjailbreak|\bas an ai\b|\blanguage model|\byour (?:rules|guidelines|programming|developers?)\b",
    r"\bpretend (?:to be|you)|\bact as\b|\brole ?play|\bfrom now on\b|\bunfiltered\b|\bno restrictions\b|\bobey\b",
    r"指令|提示词|从现在(?:开始|起)|扮演|没有(?:任何)?限制|不受(?:任何)?限制|系统消息|开发者模式|越狱|语言模型",
)
_HIDDEN = r"[\x{200B}\x{200C}\x{2060}\x{FEFF}\x{E0000}-\x{E007F}]"
_LEVEL = str.maketrans(dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD), ""))
TAGS_LEAST = 8  # invisible tag characters in a row: no writer makes them by mistake


def _compiled(parts: tuple[str, ...]) -> Any:
    return re2.compile("(?i)" + "|".join(f"(?:{part})" for part in parts))


_SET_PHRASES, _HINT, _INVISIBLE = _compiled(_SET), _compiled(_HINTS), re2.compile(_HIDDEN)
_TAGS = re2.compile(rf"[\x{{E0020}}-\x{{E007E}}]{{{TAGS_LEAST},}}")


class Order(tuple[float, str, Words]):
    """Probability, the words, and why."""

    __slots__ = ()


def order_in(text: str) -> Order | None:
    """The order to a model that a text holds, with its probability, its words, and why; None where there is none."""
    shown = well_formed(text)
    if not shown.isascii():
        if _TAGS.search(shown) is not None:
            return Order(
                (
                    0.99,
                    "",
                    Words("invisible tag characters spell something out", "不可见的标签字符拼写出内容"),
                )
            )
        if _INVISIBLE.search(shown) is not None:
            shown = shown.translate(_LEVEL)
    found = _SET_PHRASES.search(shown)
    if found is not None:
        quote = found.group()[:_QUOTED]
        return Order(
            (
                0.98,
                quote,
                Words(f"an order to the model that reads it: “{quote}”", f"含有对模型下达的指令：“{quote}”"),
            )
        )
    hint = _HINT.search(shown)
    if hint is None:
        return None
    start = max(0, hint.start() - _BEFORE)
    window = shown[start : start + WINDOW]
    probability = judge(window, sense=False).attack
    if probability < SURE:
        return None
    quote = shown[hint.start() : hint.start() + _QUOTED]
    percent = round(100 * probability)
    return Order(
        (
            probability,
            quote,
            Words(
                f"reads like an attempt to take over a model ({percent} % at even odds): “{quote}”",
                f"疑似试图操控模型的指令（先验各半时 {percent}%）：“{quote}”",
            ),
        )
    )
