"""`provenance.watermark_image`: the operator's own watermark in a picture.

Basis DECLARED: whoever holds the key said so when the picture was made. Absence says nothing and is no finding.
"""

from collections.abc import Iterator
from functools import partial

from brightline.core.finding import Box, Finding
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.media.image import size, thumbnail
from brightline.provenance.watermark_own import own_keys, own_mark
from brightline.settings import Limits, Settings
from brightline.watermark.image import SMALLEST_SEARCHED, Found, detect
from brightline.watermark.keyring import Key

NAME = "provenance.watermark_image"
SIDE = 2048  # pixels of the longer side that is searched; marks are made to be read at 768, and crops fill the rest


def prepare(settings: Settings) -> Detect:
    """A detector for the operator's keys; one that finds nothing where there are none.

    Raises:
        DetectorError: there is a keyring, and it cannot be used.
    """
    return partial(_detect, own_keys(settings), settings.limits)


def _detect(keys: tuple[Key, ...], limits: Limits, subject: Subject) -> Iterator[Finding]:
    """One finding where a key's pattern is in the first frame.

    Raises:
        DetectorError: the picture cannot be decoded, or is over a limit.
    """
    if not keys:
        return
    whole = size(subject, limits)
    if min(whole.width, whole.height) < SMALLEST_SEARCHED:
        return  # icons hold no mark: ours are only put on pictures of more than twice that side
    pixels = thumbnail(subject, SIDE, limits)
    if min(pixels.shape[:2]) < SMALLEST_SEARCHED:
        return
    found = detect(pixels, keys)
    if found is not None:
        yield _finding(found, Box(0, 0, whole.width, whole.height))


def _finding(found: Found, where: Box) -> Finding:
    words = Words(
        en=f"the picture carries the watermark of your key `{found.key}`: it was marked as AI-generated when it was made",
        zh=f"图片中含有贵方密钥 `{found.key}` 的水印：生成时已被标记为人工智能生成内容",
    )
    payload = "" if found.payload is None else f"{found.payload:012x}"
    return own_mark(
        NAME,
        "image",
        words,
        where,
        key=found.key,
        p_value=found.p_value,
        payload=payload,
        score=f"{found.score:.2f}",
    )
