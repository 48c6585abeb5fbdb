"""What disguises cost, and how mixed texts fare, with the shipped weights: `robustness.py --data DIR --packages DIR`.

The texts are those of training: what is measured is the difference that a disguise makes, not how good the model is.
"""

import random

from corpus import Row, arguments, load

from brightline.core.finding import Finding
from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.text import ai_written

TEXTS = 300
MIXED = 150
DISGUISES = {
    "none": str,
    "capitals": str.upper,
    "spaces": lambda text: text.replace(" ", "   "),
    "line breaks": lambda text: text.replace(". ", ".\n\n").replace("。", "。\n"),
    "zero width": lambda text: "\u200b".join(text),
    "look-alikes": lambda text: text.translate(str.maketrans("aeopcx", "аеорсх")),  # the disguise
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "soft hyphens": lambda text: text.replace("e", "e\u00ad"),
    "spread words": lambda text: " ".join(" ".join(w) + " " if i % 10 == 0 else w for i, w in enumerate(text.split())),
    "spaces in words": lambda text: " ".join(w[:3] + " " + w[3:] if i % 10 == 0 else w for i, w in enumerate(text.split())),
    "typing errors": lambda text: " ".join(w[:1] + w[2:] if i % 20 == 0 else w for i, w in enumerate(text.split())),
}  # fmt: skip


def main() -> None:
    given = arguments(__doc__ or "")
    for language in given.language or ("en", "zh"):
        rng = random.Random(0)
        rows = load(language, given.data, given.packages)
        machine = rng.sample([row for row in rows if row.truth], TEXTS)
        for name, disguise in DISGUISES.items():
            found = [findings(disguise(row.text)) for row in machine]
            sure = [next((f.probability for f in fs), 0.0) for fs in found]
            caught = [sum(p >= level for p in sure) / TEXTS for level in (0.5, 0.9)]
            print(language, name, *(f"{share:.3f}" for share in caught), sep="\t")
        print(language, "mixed found, people flagged", *mixed(rows, machine, rng), sep="\t")


def mixed(rows: list[Row], machine: list[Row], rng: random.Random) -> tuple[float, float]:
    """Share of texts whose machine's third is pointed at, and share of texts by several people that are flagged."""
    people = [row.text for row in rows if not row.truth and row.length > 100]
    longer = [row.text for row in machine if row.length > 120]
    found = flagged = 0
    for _ in range(MIXED):
        around, between = rng.sample(people, 4), rng.sample(longer, 2)
        parts = findings(" ".join(around[:2] + between + around[2:]))
        found += any(f.claim.endswith("part") and f.probability >= ai_written.LIKELY for f in parts)
        flagged += any(f.probability >= ai_written.LIKELY for f in findings(" ".join(rng.sample(people, 6))))
    return found / MIXED, flagged / MIXED


def findings(text: str) -> list[Finding]:
    """What the detector says of a text."""
    context = Context(time="2026-11-23T00:00:00Z")
    subject = Subject(digest="0" * 64, size_bytes=len(text), kind=Kind.TEXT, text=text, context=context)
    return list(ai_written.detect(subject))


if __name__ == "__main__":
    main()
