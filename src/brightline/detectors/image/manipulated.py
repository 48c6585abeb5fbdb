"""Estimate whether a face was swapped or manipulated: each large face is cut out upright and judged by itself.

Small faces and hard compressed pictures get a finding `image.scope` and no number; a picture without a face gets none.
"""

from collections.abc import Iterator
from math import exp

import msgspec

from brightline.core.finding import Basis, Detail, Finding
from brightline.core.harm import Harm
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.image.face_model import FaceJudge, quality_of, shipped
from brightline.detectors.image.faces import Face, find_faces
from brightline.media.image import decode
from brightline.media.jpeg_tables import compression_of

NAME = "image.face"
FACES_LIMIT = 8  # the largest faces of one picture
# Under it no face is called likely, whatever the table says: it was set on the source that the network learnt from, and
# of 28 real faces of two other sources, saved at six qualities, 12 % reach the table's bar and none this one.
LIKELY_LEAST = 0.95


class Judged(msgspec.Struct, frozen=True):
    """A face and the calibrated probability, at equal priors, that it was manipulated."""

    face: Face
    probability: float


def detect(subject: Subject) -> Iterator[Finding]:
    """`manipulated.face`: one for each face that may have been, or one for all together where none may have been.

    Raises:
        DetectorError: the picture cannot be decoded, or a network is missing, damaged or cannot run.
    """
    yield from judged(subject, shipped())


def judged(subject: Subject, judge: FaceJudge) -> Iterator[Finding]:
    """The findings on one picture; of an animation, on its first frame.

    Raises:
        DetectorError: as above.
    """
    pixels = decode(subject)
    found = sorted(find_faces(pixels), key=lambda face: (-face.side, face.box.x, face.box.y))
    if not found:
        return
    compression = compression_of(subject)
    large = tuple(face for face in found if face.side >= judge.said.least_face)[:FACES_LIMIT]
    if quality_of(compression) < judge.said.least_quality:
        yield _outside("compressed", found[0], judge, quality_of(compression))
    elif not large:
        yield _outside("small", found[0], judge, quality_of(compression))
    else:
        odds = judge.read(pixels, large, compression)
        faces = [Judged(face, 1.0 / (1.0 + exp(-one))) for face, one in zip(large, odds, strict=True)]
        yield from _told(faces, judge, quality_of(compression))


def _told(faces: list[Judged], judge: FaceJudge, quality: int) -> Iterator[Finding]:
    told = [one for one in faces if one.probability >= judge.said.unlikely]
    for one in told:
        verdict = "likely" if one.probability >= max(judge.said.likely, LIKELY_LEAST) else "unclear"
        yield _finding(verdict, [one], quality)
    if not told:
        yield _finding("unlikely", faces, quality)


def _finding(verdict: str, faces: list[Judged], quality: int) -> Finding:
    surest = max(faces, key=lambda one: one.probability)
    return Finding(
        detector=NAME,
        claim="manipulated.face",
        basis=Basis.ESTIMATE,
        probability=surest.probability,
        harm=Harm.IMPERSONATION_FACE if verdict == "likely" else None,
        why=_why(verdict, surest, len(faces)),
        where=tuple(one.face.box for one in faces),
        details=(
            Detail("face", str(surest.face.side)),
            Detail("faces", str(len(faces))),
            Detail("quality", str(quality)),
            Detail("verdict", verdict),
        ),
    )


def _why(verdict: str, one: Judged, count: int) -> Words:
    percent, side = round(100 * one.probability), one.face.side
    match verdict:
        case "likely":
            return Words(
                f"a face of {side} px shows traces of having been swapped or altered, {percent} % likely",
                f"一张 {side} 像素的人脸出现换脸或篡改痕迹的可能性为 {percent}%",
            )
        case "unclear":
            return Words(
                f"it cannot be told whether a face of {side} px was swapped or altered ({percent} %)",
                f"无法判定一张 {side} 像素的人脸是否经过换脸或篡改（{percent}%）",
            )
        case _:
            return Words(
                f"hardly any trace of swapping or altering shows in {count} {'face' if count == 1 else 'faces'} ({percent} %)",
                f"在 {count} 张人脸中几乎未见换脸或篡改痕迹（{percent}%）",
            )


def _outside(reason: str, largest: Face, judge: FaceJudge, quality: int) -> Finding:
    said = judge.said
    why = {
        "small": Words(
            f"whether a face was manipulated is not judged: the largest is {largest.side} px, expected at least {said.least_face}",
            f"未判断人脸是否经过篡改：最大的人脸为 {largest.side} 像素，至少需要 {said.least_face} 像素",
        ),
        "compressed": Words(
            f"whether a face was manipulated is not judged: JPEG quality about {quality}, expected at least {said.least_quality}",
            f"未判断人脸是否经过篡改：JPEG 质量约 {quality}，至少需要 {said.least_quality}",
        ),
    }[reason]
    return Finding(
        detector=NAME,
        claim="image.scope",
        basis=Basis.PROOF,
        probability=1.0,
        why=why,
        where=(largest.box,),
        details=(
            Detail("face", str(largest.side)),
            Detail("quality", str(quality)),
            Detail("reason", reason),
            Detail("verdict", "not_applicable"),
        ),
    )
