"""How probable it is that a match is the known item, by distance: measured, at a stated prior.

probability = prior x kept / (prior x kept + confused), where `kept` is the share of true copies that fall into the
band, `confused` the share of different items that have a false match there (Jeffreys estimate: count + 0.5), and the
prior is one known item in a hundred looked up. Printed by `benchmarks/measure_known.py`; the card has the counts.
"""

from collections.abc import Sequence

PRIOR = 0.01

# (largest distance in bits of a PDQ hash, probability)
PDQ_ODDS = ((8, 0.97), (16, 0.84), (31, 0.48))
# (largest TLSH distance, probability)
TLSH_ODDS = ((30, 0.93), (50, 0.89))
# (least similarity of shingles, probability)
TEXT_ODDS = ((0.7, 0.98), (0.5, 0.94))
# Several different pictures of a known video one after the other, at the same distance in time. Two pictures that are
# mistaken independently (3 of 2,748 each) would give more than 0.99; films share titles and stock shots, so it is set
# to that of a near picture. No stranger was taken for known in 220 look-ups.
VIDEO_ODDS = 0.97
VIDEO_SINGLE_BITS = (
    16  # where a video is one picture throughout, it has to be near: as sure as PDQ is of a picture
)
SAME_TEXT_ODDS = 0.98  # the same words in the same order; the case, spaces, numbers may differ

PDQ_RADIUS = PDQ_ODDS[-1][0]
TLSH_RADIUS = TLSH_ODDS[-1][0]
TEXT_SIMILARITY = TEXT_ODDS[-1][0]


def by_distance(odds: Sequence[tuple[float, float]], distance: float) -> float:
    """Give the probability of the band that a distance falls into; 0.0 beyond the last.

    >>> by_distance(PDQ_ODDS, 0), by_distance(PDQ_ODDS, 32)
    (0.97, 0.0)
    """
    return next((probability for most, probability in odds if distance <= most), 0.0)


def by_similarity(odds: Sequence[tuple[float, float]], similarity: float) -> float:
    """Give the probability of the band that a similarity falls into; 0.0 below the last."""
    return next((probability for least, probability in odds if similarity >= least), 0.0)
