"""`speaker.enrolled`: does a voice sound like a person who asked to be protected? Off unless the operator switches it on.

Voices are compared with the register and with nothing else: a stranger's is made, compared and forgotten, and nothing of
it is told or kept. Each comparison leaves a finding, found or not, and so an entry in the ledger: that is the record of
access. A likeness alone is no harm; with signs of synthesis the house policy asks for a person.
"""

from collections.abc import Iterator

import msgspec

from brightline.core.finding import Basis, Finding, Seconds, details
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.person.consented import with_register
from brightline.detectors.person.register import Person, Register
from brightline.detectors.person.voice import Speaker, nearest, probability_of, speakers_in
from brightline.media.audio import opened
from brightline.settings import Limits, Settings

NAME = "speaker.enrolled"
TELL = 0.5  # probability from which a likeness is told: below it a stranger is the likelier reason
WALL_SHARE = 0.8  # of the detector's limit that decoding may take
STRETCHES_SHOWN = 20


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """A voice that is like a protected person's."""

    person: Person
    speaker: Speaker
    likeness: float
    probability: float


def prepare(settings: Settings) -> Detect:
    """The detector, with the register opened once; while it is switched off it looks at nothing.

    Raises:
        DetectorError: the register or its key cannot be opened.
    """
    return with_register(settings, findings)


def findings(subject: Subject, register: Register, limits: Limits) -> Iterator[Finding]:
    """One finding for each likeness, or one that there is none; none at all where nobody speaks or is enrolled.

    Raises:
        DetectorError: the sound cannot be decoded, or a network cannot run.
    """
    persons = tuple(person for person in register.in_force() if person.voice_arrays())
    if not persons:
        return
    with opened(subject) as container:
        if not container.streams.audio:
            return
    speakers = speakers_in(subject, WALL_SHARE * limits.detector_seconds)
    if not speakers:
        return
    found = compare_voices(speakers, persons)
    if not found:
        yield _none(len(speakers), register)
    for one in found:
        yield _like(one, len(speakers), register)


def compare_voices(speakers: list[Speaker], persons: tuple[Person, ...]) -> list[Likeness]:
    """Likenesses of voices to persons in the register, the surest first, one a person."""
    enrolled = [person for person in persons if person.voice_arrays()]
    comparisons = len(speakers) * len(enrolled)
    found = []
    for person in enrolled:
        near, speaker = max(
            ((nearest(one.voice, person.voice_arrays()), one) for one in speakers),
            key=lambda pair: pair[0],
            default=(0.0, None),
        )
        if speaker is None:
            continue
        probability = probability_of(near, comparisons, is_narrow=speaker.is_narrow)
        if probability >= TELL:
            found.append(Likeness(person=person, speaker=speaker, likeness=near, probability=probability))
    return sorted(found, key=lambda one: (-one.probability, -one.likeness, one.person.record))


def _like(one: Likeness, speakers: int, register: Register) -> Finding:
    percent, record = round(100 * one.probability), one.person.record[:8]
    return Finding(
        detector=NAME,
        claim=NAME,
        basis=Basis.ESTIMATE,
        probability=one.probability,
        why=Words(
            en=f"a voice is like that of a person who asked to be protected (record {record}, {percent} %); "
            "a likeness is no proof, a person must listen",
            zh=f"录音中有声音与申请保护的人员相似（记录 {record}，{percent}%）；相似不等于同一人，须由人工复听核实",
        ),
        where=tuple(Seconds(at.start_s, at.end_s) for at in one.speaker.stretches[:STRETCHES_SHOWN]),
        details=details(
            band="narrow" if one.speaker.is_narrow else "wide",
            likeness=f"{one.likeness:.3f}",
            record=one.person.record,
            register=register.digest,
            verdict="found",
            voices=str(speakers),
        ),
    )


def _none(speakers: int, register: Register) -> Finding:
    return Finding(
        detector=NAME,
        claim=NAME,
        basis=Basis.ESTIMATE,
        probability=0.0,
        why=Words(
            en="no voice is like that of a person who asked to be protected",
            zh="录音中的声音与申请保护的人员均不相似",
        ),
        details=details(register=register.digest, verdict="not_found", voices=str(speakers)),
    )
