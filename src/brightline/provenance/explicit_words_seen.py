"""What words that stand in a picture say of its origin, as an OCR reads them: with `l` for `I` and missing spaces."""

from enum import StrEnum

import msgspec
import re2

from brightline.provenance.explicit import find_marks

_CONFUSED = re2.compile(
    r"(?i)(^|[^a-z0-9])[AＡ4][ .]?[lI1|ｌＩ!iL](生成|合成|辅助|技术|制作|[\s\-—–_.:：·]|$)"
)
_LOST_SPACE = re2.compile(
    r"(?i)\b(ai|artificial intelligence)[\s\-—–_.]*(generated|synthesi[sz]ed|created|produced|made)"
)
_BY = re2.compile(
    r"(?i)\b(generated|synthesi[sz]ed|created|produced|made|written)\s*(by|with|using)\s*(an\s*)?(ai|artificial\s*intelligence)\b"
)
_CHINESE = re2.compile(
    r"(?:(?:AI|[A-Za-z]{2,12})[ ]?)?[\x{3000}-\x{9fff}\x{ff00}-\x{ffef}]+(?:[ ]?AI[ ]?[\x{3000}-\x{9fff}\x{ff00}-\x{ffef}]+)*"
)
_PRODUCT = re2.compile(
    r"^[\x{4e00}-\x{9fff}A-Za-z]{1,8}?[ ]?(?:AI|人工智能)(?:辅助)?(?:生成|合成)$"
)  # `豆包AI生成`
_NEGATED = re2.compile(r"(?i)[非不未没無无勿禁别]|\b(?:not|never|no|without)\b")
_ICON = re2.compile(r"^[\[(（【]?\s*AI\s*[\])）】]?$")
_PARTIAL = re2.compile(
    r"^(?:本?(?:内容|图片|视频|作品))?(?:由)?(?:人工智能|AI)(?:作品|创作|绘画|绘制|制作|图片|视频|配音|演绎)$"
)
LINE_LIMIT = 40  # characters of the longest line that can be a mark; longer ones are a text about something


class Saying(StrEnum):
    """What a line says: both elements, in 中文 or English; an icon; one element only; or nothing of origin."""

    ZH = "zh"
    EN = "en"
    ICON = "icon"
    PARTIAL = "partial"
    NOTHING = "nothing"


class Said(msgspec.Struct, frozen=True):
    """A line as it was read, mended, and what it says."""

    text: str
    saying: Saying


def said(line: str) -> Said:
    """What one line says of the origin of the picture it stands in.

    >>> said("Al生成 AI-generated").saying, said("AI").saying, said("AI绘画").saying
    (<Saying.ZH: 'zh'>, <Saying.ICON: 'icon'>, <Saying.PARTIAL: 'partial'>)
    >>> said("AI生成内容的治理").saying
    <Saying.NOTHING: 'nothing'>
    """
    text = _mended(line)
    return Said(text, _saying(text))


def _mended(line: str) -> str:
    text = line.strip()
    for _ in range(2):  # neighbours share a character, which one pass spends
        text = _CONFUSED.sub(r"\1AI\2", text)
    return str(_BY.sub(r"\1 \2 \3AI", _LOST_SPACE.sub(r"\1-\2", text)))


def _saying(text: str) -> Saying:
    if _ICON.search(text):
        return Saying.ICON
    if len(text) > LINE_LIMIT:
        return Saying.NOTHING
    if _NEGATED.search(text):
        return Saying.NOTHING
    chinese = [text, *_CHINESE.findall(text)]
    if any(mark.language == "zh" for piece in chinese for mark in find_marks(piece)):
        return Saying.ZH
    if any(_PRODUCT.search(piece.strip()) for piece in chinese):
        return Saying.ZH
    if find_marks(text) or find_marks(_CHINESE.sub(" ", text).strip()):
        return Saying.EN
    return Saying.PARTIAL if _PARTIAL.search(text) else Saying.NOTHING
