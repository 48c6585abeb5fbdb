"""Speed of the exchange detectors on one core: each voice by itself, and both detectors on whole prompts.

bench_exchange.py [--rounds N]

Texts are those written for training (English and Chinese) and a long document of 20,000 characters with an order in it.
Times are CPU time of the process, so that neighbours on a shared machine count little; the first texts warm up.
"""

import argparse
import json
import os
from pathlib import Path
from time import process_time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read once, when numpy loads

import numpy as np

from brightline.detectors.exchange import judging
from brightline.detectors.exchange.model import linear_score, sense_score

WRITTEN = Path(__file__).parents[1] / "training/exchange/written"
WARM = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    texts = [
        json.loads(line)["text"]
        for path in sorted(WRITTEN.glob("*.jsonl"))
        for line in path.open("rt", encoding="utf-8")
    ]
    texts = texts[:: max(1, len(texts) // rounds)]
    mail = "\n".join(text for text in texts if len(text) > 200)[:4_000]
    long = (mail * 5)[:20_000]
    for name, work, given in (
        ("linear voice", linear_score, texts),
        ("network", sense_score, texts),
        ("both, with readings", lambda text: judging._judge(text, thorough=True), texts),  # noqa: SLF001 - past the memory
        ("both, 500 tokens", lambda text: judging._judge(text, thorough=True), [mail[:2_000]] * 60),  # noqa: SLF001
        ("both, 20,000 characters", lambda text: judging._judge(text, thorough=True), [long] * 40),  # noqa: SLF001
    ):
        for text in given[:WARM]:
            work(text)
        times = []
        for text in given:
            begin = process_time()
            work(text)
            times.append((process_time() - begin) * 1_000)
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{name:26} {len(given):4} texts   p50 {p50:6.2f} ms   p95 {p95:6.2f} ms")


if __name__ == "__main__":
    main()
