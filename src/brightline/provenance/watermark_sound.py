"""`provenance.watermark_sound`: the operator's own watermark in a sound track.

Basis DECLARED: whoever holds the key said so when the sound was made. Absence says nothing and is no finding.
"""

from collections.abc import Iterator
from functools import partial

from brightline.core.finding import Finding, Seconds
from brightline.core.signatures import Detect
from brightline.core.subject import Media, Subject
from brightline.core.words import Words
from brightline.media.audio import RATE_HZ, decode_audio, opened
from brightline.provenance.watermark_own import own_keys, own_mark
from brightline.settings import Settings
from brightline.watermark.keyring import Key
from brightline.watermark.sound import Found, detect

NAME = "provenance.watermark_sound"
SECONDS = 180.0  # three minutes hold 58 repeats of the pattern; more would only cost time


def prepare(settings: Settings) -> Detect:
    """A detector for the operator's keys; one that finds nothing where there are none.

    Raises:
        DetectorError: there is a keyring, and it cannot be used.
    """
    return partial(_detect, own_keys(settings))


def _detect(keys: tuple[Key, ...], subject: Subject) -> Iterator[Finding]:
    """One finding where a key's pattern is in the first three minutes.

    Raises:
        DetectorError: the sound cannot be decoded.
    """
    if not keys or (subject.kind.media is Media.VIDEO and not _has_sound(subject)):
        return
    samples = decode_audio(subject, RATE_HZ, SECONDS)
    found = detect(samples, RATE_HZ, keys)
    if found is not None:
        yield _finding(found, len(samples) / RATE_HZ)


def _has_sound(subject: Subject) -> bool:
    with opened(subject) as container:
        return bool(container.streams.audio)


def _finding(found: Found, seconds: float) -> Finding:
    words = Words(
        en=f"the sound carries the watermark of your key `{found.key}`: it was marked as AI-generated when it was made",
        zh=f"声音中含有贵方密钥 `{found.key}` 的水印：生成时已被标记为人工智能生成内容",
    )
    payload = "" if found.payload is None else f"{found.payload:04x}"
    where = Seconds(0.0, seconds)
    return own_mark(
        NAME,
        "sound",
        words,
        where,
        key=found.key,
        p_value=found.p_value,
        payload=payload,
        score=f"{found.score:.1f}",
    )
