"""Where in a text the machine speaks: stretches of sentences with their probability, and the words that decided."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np

from brightline.core.finding import Span
from brightline.detectors.text.ai_lane import LEAST, Lane, Reading
from brightline.detectors.text.ai_model import Floats

STRETCHES_MOST = 200  # of one text that are judged
RUNS_MOST = 40  # of one length that are looked at for quoting
PHRASES = 3  # that are quoted
PHRASE_CHARACTERS = 24  # so that three of them stay below 80
_ENDS = frozenset(".!?;\n") | {"...", "!!", "??"}


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Neighbouring sentences that are long enough to be judged together.

    Attributes:
        start: first token.
        end: token after the last.
        log_odds: calibrated, at equal priors.
    """

    start: int
    end: int
    log_odds: float


def stretches(lane: Lane, reading: Reading, words: list[str]) -> list[Stretch]:
    """The text cut at ends of sentences into stretches of at least the length that can be judged.

    One stretch alone is no news beside the whole text: then the list is empty.
    """
    cuts = list(_cuts(reading, words))[:STRETCHES_MOST]
    if len(cuts) < 2:
        return []
    found = []
    for start, end in cuts:
        odds = lane.log_odds(lane.score(reading, start, end), reading.length(start, end))
        found.append(Stretch(start=start, end=end, log_odds=odds))
    return found


def phrases(lane: Lane, reading: Reading, spans: list[Span]) -> list[Span]:
    """The runs of two or three tokens that speak most for a machine, as places in the levelled text, best first."""
    model = lane.model
    best: list[tuple[float, int, int]] = []
    worth = model.weights * model.rarity
    for length in (3, 2):
        rows = reading.rows[length - 1]
        value = np.where(rows >= 0, worth[rows], 0.0)
        top = [int(place) for place in np.argsort(-value, kind="stable")[:RUNS_MOST]]
        best += [(float(value[place]), place, place + length) for place in top if value[place] > 0]
    return _distinct(sorted(best, key=lambda run: (-run[0], run[1])), reading.plain.text, spans)


def worst_sentences(shares: Floats, words: list[str], most: int) -> list[tuple[int, int]]:
    """Tokens [start, end) of the sentences that add most for a machine, in the order of the text."""
    ends = [place + 1 for place, word in enumerate(words) if word in _ENDS]
    bounds = [0, *ends] if ends and ends[-1] == len(words) else [0, *ends, len(words)]
    sums = [(float(shares[a:b].sum()), a, b) for a, b in pairwise(bounds) if b > a]
    best = sorted((s for s in sums if s[0] > 0), key=lambda s: (-s[0], s[1]))[:most]
    return sorted((a, b) for _, a, b in best)


def _cuts(reading: Reading, words: list[str]) -> Iterator[tuple[int, int]]:
    """Tokens [start, end) of the stretches; what is left at the end joins the last."""
    least, start, held = LEAST[reading.language], 0, None
    for place, word in enumerate(words, start=1):
        if word in _ENDS and reading.length(start, place) >= least:
            if held is not None:
                yield held
            held, start = (start, place), place
    if held is not None:
        yield (held[0], len(words))


def _distinct(runs: list[tuple[float, int, int]], level: str, spans: list[Span]) -> list[Span]:
    taken: set[int] = set()
    said: set[str] = set()
    found: list[Span] = []
    for _, start, end in runs:
        span = Span(spans[start].start, spans[end - 1].end)
        shown = level[span.start : span.end]
        if taken & set(range(start, end)) or shown in said or len(shown) > PHRASE_CHARACTERS:
            continue
        if not any(letter.isalpha() for letter in shown):
            continue
        taken |= set(range(start, end))
        said.add(shown)
        found.append(span)
        if len(found) == PHRASES:
            break
    return found
