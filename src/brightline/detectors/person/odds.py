"""How sure a likeness is: from the distance of two templates, and how many were compared, to a probability.

Counted by `benchmarks/measure_persons.py` over 39,060 pairs of different photographs (280 faces of FFHQ, some of which
may show one person twice). Copies of an enrolled picture all lay within 0.35. What a new photograph of the same person
does was not measured, since none was at hand.
"""

PRIOR = 0.01  # of a hundred pictures looked at one shows a protected person: an assumption, in the card
FARTHEST = 0.45  # templates that lie farther apart are never told of
# Of pairs of different persons, the share in each band of distance: (count + 0.5) / pairs, Jeffreys.
_PAIRS = 39_060
_CONFUSED = ((0.30, 0.5), (0.35, 3.5), (0.40, 6.5), (FARTHEST, 50.5))


def probability_of(distance: float, comparisons: int) -> float:
    """Probability, at `PRIOR`, that the nearest of so many templates is of the same person.

    Each comparison is another chance for a stranger to look alike, so a large register makes each likeness weaker.

    >>> round(probability_of(0.2, 1), 3), round(probability_of(0.38, 1), 3), round(probability_of(0.38, 100), 2)
    (0.999, 0.984, 0.38)
    """
    for farthest, count in _CONFUSED:
        if distance <= farthest:
            confused = min(1.0, max(1, comparisons) * count / _PAIRS)
            return PRIOR / (PRIOR + (1.0 - PRIOR) * confused)
    return 0.0
