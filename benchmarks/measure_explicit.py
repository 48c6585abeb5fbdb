"""How often `provenance.explicit` fires on texts that people wrote: `python benchmarks/measure_explicit.py FOLDER`.

FOLDER holds `*.jsonl.xz` with `text` and `label` (1 = written by AI in the `ai_*` files). Prints, for each file and
label, texts, texts with a mark by position, characters a second, and every sentence that fired on a human text.
"""

import collections
import json
import lzma
import sys
import time
from pathlib import Path

from brightline.provenance.explicit import find_marks


def measure(file: Path) -> None:
    counts: collections.Counter[tuple[int, str]] = collections.Counter()
    shown: list[str] = []
    characters, begin = 0, time.process_time()
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text, label = row["text"], row["label"]
            characters += len(text)
            marks = find_marks(text)
            counts[label, "texts"] += 1
            for mark in marks[:1]:
                counts[label, mark.position] += 1
                shown.append(f"  label {label} {mark.position}: {text[mark.start : mark.end]}")
    speed = characters / (time.process_time() - begin) / 1e6
    print(f"{file.name}: {speed:.1f} million characters/s (with decompression)")
    for label in (0, 1):
        fired = {position: counts[label, position] for position in ("start", "middle", "end")}
        print(f"  label {label}: {counts[label, 'texts']} texts, marks {fired}")
    print("\n".join(shown[:40]))


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).glob("*.jsonl.xz")):
        measure(path)
