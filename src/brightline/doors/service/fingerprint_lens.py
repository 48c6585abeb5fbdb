"""Fingerprints of a subject, taken inside a worker and handed over as findings; run like a detector, claims nothing."""

from collections.abc import Iterator

from brightline.core.finding import Basis, Finding, details
from brightline.core.subject import Subject
from brightline.core.words import Words

NAME = "service.fingerprints"
CLAIM = "bank.row"
VALUE_CHARACTERS = 200_000  # of one fingerprint; a bank's line holds a quarter of a megabyte
_SHOWN = Words("for a bank", "供名单使用")


def detect(subject: Subject) -> Iterator[Finding]:
    """SHA-256 of anything, PDQ of pictures and videos, TLSH and words of texts."""
    from brightline.detectors.known.banks import bank_from_subjects  # late: it brings numpy

    for row in bank_from_subjects([subject]):
        if len(row.value) <= VALUE_CHARACTERS:
            told = details(type=row.type.value, value=row.value)
            yield Finding(
                detector=NAME, claim=CLAIM, basis=Basis.PROOF, probability=1.0, why=_SHOWN, details=told
            )
