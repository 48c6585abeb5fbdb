"""How long the audit of a data set takes, and how much memory: rows of real texts, cut and joined anew until there are enough.

    python benchmarks/bench_audit.py [--rows 1000000] [--processes 2] [--data FOLDER]      # `make bench-audit`

Rows have the lengths that instruction data have (40 to 600 characters), eight labels, five sources. The drawn rows are not judged here: that
is `make bench`.
"""

import argparse
import json
import lzma
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from brightline.detectors.dataset.audit import Plan, audit

ROOT = Path(__file__).parents[1]
FILES = ("ai_en_train", "scam_en_train", "scam_zh_train", "ai_zh_train")
SHORTEST, LONGEST = 40, 600  # characters of a row


def texts(data: Path) -> list[tuple[str, str]]:
    """Texts with their labels."""
    found = []
    for name in FILES:
        with lzma.open(data / "text" / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            found += [(row["text"], f"{name[:-6]}-{row['label']}") for row in map(json.loads, lines)]
    return found


def rows(source: list[tuple[str, str]], count: int, seed: int) -> Iterator[dict[str, str]]:
    """Each row is two cuts of two texts, labelled as the first, so that no two rows are alike beyond what real sets have."""
    chance = random.Random(seed)
    for number in range(count):
        parts, labels = [], []
        for _ in range(2):
            text, label = chance.choice(source)
            labels.append(label)
            begin = chance.randrange(max(1, len(text) - SHORTEST))
            parts.append(text[begin : begin + chance.randint(SHORTEST // 2, LONGEST // 2)].strip())
        yield {"text": " ".join(parts), "label": labels[0], "source": f"source-{number % 5}"}


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("--rows", type=int, default=1_000_000)
    told.add_argument("--processes", type=int, default=2)
    told.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    asked = told.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        with file.open("w", encoding="utf-8") as stream:
            for row in rows(texts(asked.data), asked.rows, 7):
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        size = file.stat().st_size
        began = time.monotonic()
        found = audit([file], Plan(seed=1, processes=asked.processes))
        took = time.monotonic() - began
    children, own = (resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    cpu = sum(one.ru_utime + one.ru_stime for one in (children, own))
    peak = (own.ru_maxrss + asked.processes * children.ru_maxrss) / 1e6
    print(
        f"{found.rows:,} rows, {size / 1e6:,.0f} MB: {took:.0f} s, {cpu:.0f} CPU s with making the rows, at most {peak:.1f} GB"
    )
    print(f"{found.rows / took:,.0f} rows/s, {size / 1e6 / took:.1f} MB/s; gaps: {len(found.gaps)}")


if __name__ == "__main__":
    main()
