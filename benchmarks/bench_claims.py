"""Speed of the lanes against false information, on one core: rumour likelihood, claim matching, sources.

    python benchmarks/bench_claims.py [--checks 10000]

Texts are put together from the claims and posts written for this project.
"""

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

from brightline.core.subject import Context, Kind, Subject
from brightline.detectors.text import sources, stance
from brightline.detectors.text.claim_bank import open_bank, write_bank
from brightline.detectors.text.claim_match import rank
from brightline.detectors.text.claim_sense import e5, senses
from brightline.detectors.text.fact_checks import FactCheck, Verdict
from brightline.detectors.text.rumour_model import likelihood, words_that_weighed

WRITTEN = Path(__file__).parents[1] / "training/text/written/claims"


def lines(name):
    return [json.loads(line) for line in (WRITTEN / name).read_text("utf-8").splitlines()]


def made(count):
    """Claims recombined, so that a bank of any size has the words of true ones."""
    draw = random.Random(1)
    claims = [row["claim"] for language in ("en", "zh") for row in lines(f"claims-{language}.jsonl")]
    for number in range(count):
        one, other = draw.sample(claims, 2)
        text = f"{one[: len(one) // 2]}{other[len(other) // 2 :]} {number}"
        yield FactCheck(claim=text, id=str(number), verdict=Verdict.FALSE, rating="False")


def rate(name, work, texts, seconds=3.0):
    work(texts[0])  # weights are read and models opened
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        work(texts[done % len(texts)])
        done += 1
    print(f"{name}: {done / spent:,.0f} a second, {1000 * spent / done:.2f} ms each")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=10_000)
    count = parser.parse_args().checks
    english = [row["post"] for row in lines("posts-en.jsonl")]
    chinese = [row["post"] for row in lines("posts-zh.jsonl")]
    began = time.perf_counter()
    likelihood(chinese[0])
    print(f"rumour, ready: {time.perf_counter() - began:.2f} s")
    rate("rumour likelihood, words", likelihood, chinese)
    rate("rumour, words that weighed", words_that_weighed, chinese)
    if (model := e5()) is not None:
        rate("rumour likelihood, words and sense", lambda text: likelihood(text, model), chinese)
    rate("stance", stance.stance_of, english + chinese)
    context = Context(time="2026-11-23T00:00:00Z")
    rate(
        "sources",
        lambda text: list(
            sources.detect(Subject(digest="", size_bytes=0, kind=Kind.TEXT, context=context, text=text))
        ),
        english + chinese,
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_bank(Path(folder) / "bank", made(count), ())
        print(f"bank of {count} fact-checks, words: written in {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        bank = open_bank("bench", Path(folder) / "bank")
        print(f"opened in {1000 * (time.perf_counter() - began):.0f} ms")
        rate("claim matching by words, English", lambda text: rank(bank, text, ()), english)
        rate("claim matching by words, 中文", lambda text: rank(bank, text, ()), chinese)
    with tempfile.TemporaryDirectory() as folder:
        few = min(count, 500)
        began = time.perf_counter()
        write_bank(Path(folder) / "bank", made(few), senses())
        print(f"bank of {few} fact-checks, words and sense: written in {time.perf_counter() - began:.1f} s")
        bank = open_bank("bench", Path(folder) / "bank")
        rate("claim matching with models, English", lambda text: rank(bank, text, senses()), english)
        rate("claim matching with models, 中文", lambda text: rank(bank, text, senses()), chinese)


if __name__ == "__main__":
    main()
