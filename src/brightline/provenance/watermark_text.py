"""`provenance.watermark_text`: the operator's own watermark in text that its gateway wrote.

Basis DECLARED: whoever holds the key said so when the text was made. Absence says nothing and is no finding.
"""

from collections.abc import Iterator
from functools import partial

from brightline.core.finding import Finding, Span
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.provenance.watermark_own import own_keys, own_mark
from brightline.settings import Settings
from brightline.watermark.keyring import Key
from brightline.watermark.words import FoundWords, detect

NAME = "provenance.watermark_text"


def prepare(settings: Settings) -> Detect:
    """A detector for the operator's keys; one that finds nothing where there are none.

    Raises:
        DetectorError: there is a keyring, and it cannot be used.
    """
    return partial(_detect, own_keys(settings))


def _detect(keys: tuple[Key, ...], subject: Subject) -> Iterator[Finding]:
    """One finding where the word pairs follow a key."""
    found = detect(subject.text, keys) if keys and subject.text else None
    if found is not None:
        yield _finding(found)


def _finding(found: FoundWords) -> Finding:
    share = round(100 * found.heads / found.pairs)
    words = Words(
        en=f"{share} % of {found.pairs} word pairs follow your key `{found.key}`, half would by chance: your gateway wrote this",
        zh=f"{found.pairs} 个词对中有 {share}% 符合贵方密钥 `{found.key}`（随机情况下约为一半）：该文本由贵方网关生成",
    )
    counts = {"heads": str(found.heads), "pairs": str(found.pairs)}
    where = Span(found.start, found.end)
    return own_mark(NAME, "text", words, where, key=found.key, p_value=found.p_value, **counts)
