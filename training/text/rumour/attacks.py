"""What attacks cost the rumour model: one domain left out, its rumours rewritten, the threshold kept.

python training/text/rumour/attacks.py --data DIR
"""

import argparse
import random
from pathlib import Path

import numpy as np
from corpora import SEED, read
from train import BLEND, both, fit, table

LEFT_OUT = "社会生活"  # the largest domain
HONEST_SHARE = 0.06  # of true posts above the threshold, as at 0.75


def attacks(draw):
    return {
        "as it stands": lambda text: text,
        "zero-width characters, a third of the places": lambda text: sprinkle(draw, text, "\u200b", 0.3),
        "spaces, a third of the places": lambda text: sprinkle(draw, text, " ", 0.3),
        "emoji, a tenth of the places": lambda text: sprinkle(draw, text, "😀", 0.1),
        "full-width letters": lambda text: "".join(
            chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text
        ),
        "second half cut": lambda text: text[: len(text) // 2],
    }


def sprinkle(draw, text, sign, share):
    return "".join(one + (sign if draw.random() < share else "") for one in text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    texts, truth, domain = read(parser.parse_args().data)
    out = domain == LEFT_OUT
    counts, signs = table(texts)
    model = fit(counts[~out], signs[~out], truth[~out])
    held = both(model, counts[out], signs[out])
    scale = np.array([1, BLEND]) / held.std(0)
    honest = np.sort(held[truth[out] == 0] @ scale)
    threshold = honest[int(len(honest) * (1 - HONEST_SHARE))]
    rumours = [text for text, is_out, label in zip(texts, out, truth, strict=True) if is_out and label == 1]
    print(f"{LEFT_OUT} left out, {len(rumours)} rumours, {HONEST_SHARE:.0%} of true posts flagged")
    for name, change in attacks(random.Random(SEED)).items():
        scores = both(model, *table([change(text) for text in rumours])) @ scale
        print(f"{name}: {(scores >= threshold).mean():.3f} caught")


if __name__ == "__main__":
    main()
