"""What an estimate says of its verdict: one set of words for pictures and for videos."""

from enum import StrEnum

from brightline.core.words import Words


class Verdict(StrEnum):
    """Whether a person should look, nothing can be told, or nothing shows."""

    LIKELY = "likely"
    UNCLEAR = "unclear"
    UNLIKELY = "unlikely"


NOWHERE = Words("", "")


def verdict_of(probability: float, threshold: float, abstain: tuple[float, float]) -> Verdict:
    """The verdict on a calibrated probability.

    Args:
        probability: at equal priors.
        threshold: from which on a person should look.
        abstain: between its lower bound and `threshold` nothing is said.

    >>> str(verdict_of(0.7, 0.8, (0.4, 0.8)))
    'unclear'
    """
    if probability >= threshold:
        return Verdict.LIKELY
    return Verdict.UNCLEAR if probability >= abstain[0] else Verdict.UNLIKELY


def generator_words(verdict: Verdict, probability: float, place: Words = NOWHERE) -> Words:
    """Whether a model made it, how surely, and where it shows.

    Args:
        verdict: what is said.
        probability: at equal priors; told in percent.
        place: what follows the percentage where traces are likely, punctuation included.
    """
    percent = round(100 * probability)
    match verdict:
        case Verdict.LIKELY:
            return Words(
                f"traces of a generator are {percent} % likely{place.en}",
                f"出现生成模型痕迹的可能性为 {percent}%{place.zh}",
            )
        case Verdict.UNCLEAR:
            return Words(
                f"it cannot be told whether a model made it ({percent} %)",
                f"无法判定是否由模型生成（{percent}%）",
            )
        case Verdict.UNLIKELY:
            return Words(
                f"no clear trace of a generator shows ({percent} %)",
                f"未见明显的生成模型痕迹（{percent}%）",
            )
