"""Estimate whether a model made a picture, from native pixels, and show where it looks so.

A small network sees a few crops; its score is calibrated for how large the picture is and how hard it was compressed.
Pictures that such a network cannot judge get a finding `image.scope` and no number.
"""

from collections.abc import Iterator
from math import exp

from brightline.core.finding import Basis, Finding, Heat, details
from brightline.core.harm import Harm
from brightline.core.heat_words import heat_words
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.image.crops import Cut, filled, tile_places
from brightline.detectors.image.heat import heat_of
from brightline.detectors.image.model import Judge, Reading, shipped
from brightline.detectors.image.scope import TILE_SIDE, TILES_MOST, OutOfScope, out_of_scope_by, too_small
from brightline.detectors.image.verdict import NOWHERE, Verdict, generator_words, verdict_of
from brightline.media.image import Size, crops, size
from brightline.media.jpeg_tables import Coding, Compression, compression_of

NAME = "image.generated"
GATE = 0.95  # how sure the gate is of what it measures by hand; see the card


def detect(subject: Subject) -> Iterator[Finding]:
    """One `synthetic.image`, or one `image.scope` for a picture that cannot be judged.

    Raises:
        DetectorError: the picture cannot be decoded, or the network is missing, damaged or cannot run.
    """
    yield judged(subject, shipped())


def judged(subject: Subject, judge: Judge) -> Finding:
    """The finding on one picture; of an animation, on its first frame.

    Raises:
        DetectorError: as above.
    """
    whole = size(subject)
    if (tiny := too_small(min(whole.width, whole.height), judge.said.crops.least_side)) is not None:
        return _outside(tiny, whole)
    gate = tile_places(whole.width, whole.height, TILE_SIDE, TILES_MOST)
    places = judge.places(whole.width, whole.height)
    pieces = crops(subject, (*gate, *places))  # in one go: decoding costs more than all the rest
    if (outside := out_of_scope_by(filled(pieces[: len(gate)], TILE_SIDE))) is not None:
        return _outside(outside, whole)
    compression = compression_of(subject)
    chosen = Cut(filled(pieces[len(gate) :], judge.said.input.side), places)
    return _estimate(judge.read(chosen, min(whole.width, whole.height), compression), whole, compression)


def _estimate(reading: Reading, whole: Size, compression: Compression) -> Finding:
    probability = 1.0 / (1.0 + exp(-reading.log_odds))
    verdict = verdict_of(probability, reading.calibration.threshold, reading.calibration.abstain)
    shown: tuple[Heat, ...] = ()
    if verdict is not Verdict.UNLIKELY:
        shown = (heat_of(whole.width, whole.height, reading.places, reading.local),)
    return Finding(
        detector=NAME,
        claim="synthetic.image",
        basis=Basis.ESTIMATE,
        probability=probability,
        harm=Harm.UNLABELLED_AIGC if verdict is Verdict.LIKELY else None,
        why=_why(verdict, probability, reading, whole, compression, shown),
        where=shown,
        details=details(
            bucket=str(reading.bucket),
            coding=str(compression.coding),
            quality=str(compression.quality) if compression.coding is Coding.JPEG else "",
            size=f"{whole.width}x{whole.height}",
            verdict=str(verdict),
        ),
    )


def _why(
    verdict: Verdict,
    probability: float,
    reading: Reading,
    whole: Size,
    compression: Compression,
    shown: tuple[Heat, ...],
) -> Words:
    """What was looked at, how it was stored, how sure we are, and where."""
    stored = _stored(compression)
    many = len(reading.places)
    looked = Words(
        en=f"in {many} native crop{'s' if many > 1 else ''} of a picture of {whole.width} x {whole.height} px, {stored.en}, ",
        zh=f"在一幅 {whole.width} x {whole.height} 像素、{stored.zh} 的图片中取 {many} 处原始像素检视，",
    )
    end = generator_words(verdict, probability, _place(shown))
    return Words(looked.en + end.en, looked.zh + end.zh)


def _place(shown: tuple[Heat, ...]) -> Words:
    if not shown:
        return NOWHERE
    found = heat_words(shown[0])
    return Words(f", {found.en}", f"，{found.zh}")


def _stored(compression: Compression) -> Words:
    match compression.coding:
        case Coding.JPEG:
            return Words(f"JPEG quality about {compression.quality}", f"JPEG 质量约 {compression.quality}")
        case Coding.LOSSY:
            return Words("stored with loss", "有损存储")
        case Coding.LOSSLESS:
            return Words("stored without loss", "无损存储")


def _outside(reason: OutOfScope, whole: Size) -> Finding:
    return Finding(
        detector=NAME,
        claim="image.scope",
        basis=Basis.PROOF if reason.measured else Basis.ESTIMATE,
        probability=1.0 if reason.measured else GATE,
        why=Words(
            en=f"whether a model made this picture is not judged: {reason.why.en}",
            zh=f"未判断该图片是否由模型生成：{reason.why.zh}",
        ),
        details=details(reason=reason.reason, size=f"{whole.width}x{whole.height}", verdict="not_applicable"),
    )
