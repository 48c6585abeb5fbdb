"""How many short messages a second `message.fraud` judges on one core.

python benchmarks/bench_fraud.py --data DIR    (the folder that holds text/scam_en_train.jsonl.xz)
"""

import argparse
import json
import lzma
import time
from pathlib import Path

from brightline.detectors.message.fraud_language import is_judged
from brightline.detectors.message.fraud_model import judge
from brightline.detectors.message.fraud_normal import plain

SHORT = 300  # characters
WARM_UP = 2_000  # automata build their states from the first texts; a worker does so once


def rate(texts: list[str]) -> float:
    for text in texts[:WARM_UP]:
        judge(plain(text))
    began = time.process_time()
    for text in texts:
        spelled = plain(text)
        if is_judged(spelled):
            judge(spelled)
    return len(texts) / (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    told = parser.parse_args()
    began = time.perf_counter()
    judge(plain("a first message to be judged, so that all weights and tables are read"))
    judge(plain("第一条消息，让权重和字表都读进来"))
    print(f"ready in {1000 * (time.perf_counter() - began):.0f} ms")
    for language in ("en", "zh"):
        with lzma.open(
            told.data / "text" / f"scam_{language}_train.jsonl.xz", "rt", encoding="utf-8"
        ) as stream:
            texts = [text for line in stream if len(text := json.loads(line)["text"]) <= SHORT]
        mean = sum(map(len, texts)) / len(texts)
        print(f"{language}: {rate(texts):,.0f} messages a second, {len(texts):,} of {mean:.0f} characters")


if __name__ == "__main__":
    main()
