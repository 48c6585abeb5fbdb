"""How often `provenance.explicit` fires on texts that people wrote: `python benchmarks/measure_explicit.py FOLDER`.

FOLDER holds `*.jsonl.xz` with `text` and `label` (1 = written by AI in the `ai_*` files). Prints, for each file and
label: texts; texts with a mark, by position; texts in which the bare two-element pattern stands in the first or last
64 non-space characters (what a plain pattern would have said); characters a second; and the sentences that fired.
"""

import collections
import json
import lzma
import sys
import time
from pathlib import Path

import re2

from brightline.provenance.explicit import WINDOW_CHARACTERS, find_marks

PLAIN = re2.compile(
    r"(人工智能|AI)[^。\n]{0,12}(生成|合成|generated)|(生成|合成|generated)[^。\n]{0,12}(人工智能|AI)"
)


def plain(text: str) -> bool:
    """Whether the bare pattern stands at either end."""
    squeezed = "".join(text.split())
    return any(PLAIN.search(piece) for piece in (squeezed[:WINDOW_CHARACTERS], squeezed[-WINDOW_CHARACTERS:]))


def measure(file: Path) -> None:
    counts: collections.Counter[tuple[int, str]] = collections.Counter()
    shown: list[str] = []
    characters, spent = 0, 0.0
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text, label = row["text"], row["label"]
            characters += len(text)
            clock = time.process_time()
            marks = find_marks(text)
            spent += time.process_time() - clock
            counts[label, "plain"] += plain(text)
            counts[label, "texts"] += 1
            for mark in marks[:1]:
                counts[label, mark.position] += 1
                shown.append(f"  label {label} {mark.position}: {text[mark.start : mark.end]}")
    print(f"{file.name}: {characters / spent / 1e6:.1f} million characters/s")
    for label in (0, 1):
        fired = {position: counts[label, position] for position in ("start", "middle", "end")}
        print(
            f"  label {label}: {counts[label, 'texts']} texts, marks {fired}, plain pattern {counts[label, 'plain']}"
        )
    print("\n".join(shown[:40]))


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).glob("*.jsonl.xz")):
        measure(path)
