"""Measure how often the shipped packs speak up about content that people made: the figures in `decisions/0005`.

    .venv/bin/python benchmarks/measure_packs.py --data DIR [--count N]

Reads DIR's `images/real` and the texts with truth 0 of `text/*.jsonl.xz`, a random N of each with a fixed seed, and
judges them in this process with the default settings. Prints, for each source: actions, rules, and one example a rule.
"""

import argparse
import json
import lzma
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from brightline.core.decision import Decision
from brightline.core.subject import Blob, Context
from brightline.examine.catalogue import catalogue
from brightline.examine.run import examine, load_all
from brightline.intake.open import open_subject
from brightline.policy.decide import compile_policy
from brightline.policy.packs import load_packs
from brightline.settings import Settings

SEED = 11
CONTEXT = Context(time="2026-11-23T12:00:00Z")  # public, nothing declared: the strictest an upload can be
TEXTS = ("ai_en_train", "ai_zh_train", "scam_en_train", "scam_zh_train", "rumor_zh_train_weibo21")


def judged(blobs: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, Decision]]:
    """A decision for each named piece of content."""
    settings = Settings()
    detectors = load_all(catalogue(), settings)
    policy = compile_policy(load_packs(settings.policies))
    for name, data in blobs:
        subject = open_subject(Blob(data), name=name, context=CONTEXT, limits=settings.limits)
        yield name, policy.decide(examine(subject, detectors, settings, "0" * 64))


def texts(file: Path, count: int) -> Iterator[tuple[str, bytes]]:
    """A random sample of the texts that people wrote."""
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["label"] == 0]
    for row in random.Random(SEED).sample(rows, min(count, len(rows))):
        yield row["text"][:40].replace("\n", " "), row["text"].encode("utf-8", "surrogatepass")


def pictures(folder: Path, count: int) -> Iterator[tuple[str, bytes]]:
    """A random sample of the photographs."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in random.Random(SEED).sample(files, min(count, len(files))):
        yield path.name, path.read_bytes()


def show(source: str, blobs: Iterator[tuple[str, bytes]]) -> None:
    """Print what was decided of one source."""
    actions: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    example: dict[str, str] = {}
    for name, decision in judged(blobs):
        actions[decision.action.value] += 1
        for match in decision.matches:
            rules[match.rule] += 1
            example.setdefault(match.rule, name)
    print(f"{source}: {sum(actions.values())} judged, {dict(actions)}")
    for rule, count in rules.most_common():
        print(f"    {count:5} {rule}, such as {example[rule]!r}")


def main() -> None:
    """Measure all sources under the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2500)
    options = parser.parse_args()
    show("images/real", pictures(options.data / "images" / "real", options.count))
    for name in TEXTS:
        show(name, texts(options.data / "text" / f"{name}.jsonl.xz", options.count))


if __name__ == "__main__":
    main()
