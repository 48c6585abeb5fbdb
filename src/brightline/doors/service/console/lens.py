"""What a person is shown of a subject, taken from it inside a worker: text, headers and links; run like a detector.

The service itself parses none of the bytes that people hand in. A worker without network opens them, and this module hands
over what the pages show: as findings, because that is what workers say.
"""

from collections.abc import Iterator

from brightline.core.finding import Basis, Finding, details
from brightline.core.subject import Subject
from brightline.core.words import Words

NAME = "console.lens"
TEXT, HEADER, LINK = "lens.text", "lens.header", "lens.link"
TEXT_CHARACTERS = 40_000  # of one part; beyond them the page shows excerpts
HEADERS_MOST, LINKS_MOST = 60, 200  # of one part
VALUE_CHARACTERS = 2_000  # of one header or link
_SHOWN = Words("for the page", "供页面显示")


def detect(subject: Subject) -> Iterator[Finding]:
    """The text, headers and links of one node; not claims about it."""
    if subject.text:
        yield _told(TEXT, text=subject.text[:TEXT_CHARACTERS], length=str(len(subject.text)))
    for header in subject.headers[:HEADERS_MOST]:
        yield _told(HEADER, name=header.name[:100], value=header.value[:VALUE_CHARACTERS])
    for link in subject.links[:LINKS_MOST]:
        yield _told(LINK, target=link.target[:VALUE_CHARACTERS], shown=link.shown[:VALUE_CHARACTERS])


def _told(claim: str, **facts: str) -> Finding:
    return Finding(
        detector=NAME,
        claim=claim,
        basis=Basis.DECLARED,
        probability=1.0,
        why=_SHOWN,
        details=details(**facts),
    )
