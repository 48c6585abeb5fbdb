"""Says whether a picture shows a person who asked to be protected; off unless the operator switches it on.

Faces are compared with the templates in the register and with nothing else: a stranger's template is made, compared
and forgotten, and nothing of it is told or kept. Each comparison leaves a finding, found or not, and so an entry in
the ledger: that is the record of access.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from brightline.core.finding import Basis, Detail, Finding
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.image.faces import Face, find_faces
from brightline.detectors.person.consented import with_register
from brightline.detectors.person.odds import FARTHEST, probability_of
from brightline.detectors.person.register import Person, Register
from brightline.detectors.person.template import LEAST_FACE, template_of
from brightline.media.image import Pixels, decode
from brightline.settings import Limits, Settings

NAME = "person.protected"
FACES_LIMIT = 8  # the largest faces of one picture, about 70 ms each
TELL = 0.5  # probability from which a likeness is told: below it a stranger is the likelier reason


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """A face that is like a protected person's."""

    person: Person
    face: Face
    distance: float
    probability: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one picture: faces large enough to compare, and the likenesses among them, the surest first."""

    faces: int
    likenesses: tuple[Likeness, ...]


def prepare(settings: Settings) -> Detect:
    """The detector, with the register opened once; while it is switched off it looks at nothing.

    Raises:
        DetectorError: the register or its key cannot be opened.
    """
    return with_register(settings, findings)


def findings(subject: Subject, register: Register, limits: Limits) -> Iterator[Finding]:
    """One finding for each likeness, or one that there is none; none at all for a picture without a large face.

    Raises:
        DetectorError: the picture cannot be decoded, or the network that makes templates is not installed.
    """
    persons = register.in_force()
    if not persons:
        return
    compared = compare(decode(subject, limits), persons)
    if not compared.faces:
        return
    if not compared.likenesses:
        yield _none(compared, register)
    for one in compared.likenesses:
        yield _likeness(one, compared, register)


def compare(pixels: Pixels, persons: tuple[Person, ...]) -> Comparison:
    """Compare the largest faces of a picture with persons in the register.

    Raises:
        DetectorError: the network that makes templates is not installed.
    """
    large = sorted(
        (face for face in find_faces(pixels) if face.side >= LEAST_FACE), key=lambda face: -face.side
    )
    faces = large[:FACES_LIMIT]
    owners = [person for person in persons for _ in person.templates]
    known = np.array([one for person in persons for one in person.arrays()])
    comparisons = len(faces) * len(persons)
    found: dict[str, Likeness] = {}
    for face in faces if len(known) else []:
        distances = np.linalg.norm(known - template_of(pixels, face), axis=1)
        for index in np.nonzero(distances <= FARTHEST)[0]:
            distance = float(distances[index])
            probability = probability_of(distance, comparisons)
            person, before = owners[index], found.get(owners[index].record)
            if probability >= TELL and (before is None or distance < before.distance):
                found[person.record] = Likeness(
                    person=person, face=face, distance=distance, probability=probability
                )
    surest = sorted(found.values(), key=lambda one: (-one.probability, one.distance, one.person.record))
    return Comparison(faces=len(faces), likenesses=tuple(surest))


def _likeness(one: Likeness, compared: Comparison, register: Register) -> Finding:
    percent, record = round(100 * one.probability), one.person.record[:8]
    return Finding(
        detector=NAME,
        claim=NAME,
        basis=Basis.ESTIMATE,
        probability=one.probability,
        why=Words(
            en=f"a face is like that of a person who asked to be protected (record {record}, {percent} %); "
            "a likeness is no proof, a person must look",
            zh=f"画面中有人脸与申请保护的人员相似（记录 {record}，{percent}%）；相似不等于同一人，须由人工核实",
        ),
        where=(one.face.box,),
        details=(
            Detail("distance", f"{one.distance:.3f}"),
            Detail("faces", str(compared.faces)),
            Detail("record", one.person.record),
            Detail("register", register.digest),
            Detail("verdict", "found"),
        ),
    )


def _none(compared: Comparison, register: Register) -> Finding:
    return Finding(
        detector=NAME,
        claim=NAME,
        basis=Basis.ESTIMATE,
        probability=0.0,
        why=Words(
            en="no face is like that of a person who asked to be protected",
            zh="画面中的人脸与申请保护的人员均不相似",
        ),
        details=(
            Detail("faces", str(compared.faces)),
            Detail("register", register.digest),
            Detail("verdict", "not_found"),
        ),
    )
