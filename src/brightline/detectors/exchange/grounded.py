"""`exchange.ungrounded`: an answer from retrieved documents that names no source with its link.

Qinglang 2026, 1.4: generated answers are to carry links to the sources that they quote. The door says by the header
`documents` how many retrieved documents the prompt held; without it nothing is claimed.
"""

from collections.abc import Iterator

import re2

from brightline.core.finding import Basis, Finding, details
from brightline.core.subject import Subject
from brightline.core.words import Words

NAME = "exchange.ungrounded"

HEADER = "documents"
SHORTEST = 80  # characters of an answer that states something; shorter ones greet, ask or decline
_LINK = re2.compile(r"(?i)https?://[^\s)\]>]{4,}|\bdoi:\s?10\.[0-9]{4,9}/\S+|\bwww\.[a-z0-9-]+\.[a-z]{2,}")


def detect(subject: Subject) -> Iterator[Finding]:
    """Claims `exchange.ungrounded`."""
    documents = subject.header(HEADER)
    if not documents or len(subject.text) < SHORTEST or _LINK.search(subject.text) is not None:
        return
    yield Finding(
        detector=NAME,
        claim="exchange.ungrounded",
        basis=Basis.PROOF,
        probability=1.0,
        why=Words(
            f"the prompt held {documents} retrieved documents, and the answer links to none",
            f"提示词含 {documents} 份检索文档，而回答未标注任何引用信息链接",
        ),
        details=details(documents=documents),
    )
