"""What one peer says of texts: `judges.py PEER < texts.jsonl > said.jsonl`, run in that peer's own environment.

Each line out is {"score": ..., "flagged": ...}: the peer's own number, higher meaning more so, and its own verdict at
the threshold that it ships with. Nothing of Brightline is imported here.
"""

import json
import sys
from collections.abc import Iterator

Said = tuple[float, bool]


def lmscan(texts: list[str]) -> Iterator[Said]:
    from lmscan.detector import detect

    for text in texts:
        found = detect(text)
        yield found.ai_probability, "AI" in found.verdict


def is_it_slop(texts: list[str]) -> Iterator[Said]:
    from is_it_slop import predict_batch

    for found in predict_batch(texts):
        yield found.ai_probability, found.classification == "AI"


def lurescope(texts: list[str]) -> Iterator[Said]:
    from lurescope.service import score

    for text in texts:
        found = score(text or " ")
        yield found.fraud_probability, found.label == "fraud"


def fraudurl(texts: list[str]) -> Iterator[Said]:
    from fraudurl import cli

    cli._init_worker(False, None)  # noqa: SLF001 - the offline model has no public function for a list
    for found in cli.score_rows(texts):
        yield float(found.get("fraud_probability", 0.0)), found["fraud_verdict"] == "FRAUD"


JUDGES = {"lmscan": lmscan, "is-it-slop": is_it_slop, "lurescope": lurescope, "fraudurl": fraudurl}


if __name__ == "__main__":
    told = [json.loads(line)["text"] for line in sys.stdin]
    for number, verdict in JUDGES[sys.argv[1]](told):
        print(json.dumps({"score": round(float(number), 6), "flagged": bool(verdict)}))
