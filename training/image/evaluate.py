"""Measures the image models anew and rewrites docs/reference/images.md: `make eval-image`.

    python evaluate.py --data DATA [--packages FOLDER] [--each 70] [--scores SCORES.json]

Scores both voices on what each never saw (`scores.py`; without torch), makes `report.json`, renders the page. Either voice alone
and the baselines in `baselines/` (`probe.py` and `baselines.py` made them, which needs torch) stand beside it, on the same
pictures. With `--scores`, those of `scores.py` are taken.
"""

import argparse
import json
from pathlib import Path

from corpus import pictures
from page import page
from scores import joined, scored
from tables import report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "reference" / "images.md"
SHIPPED = ROOT / "src" / "brightline" / "weights" / "image_generated.onnx"
EACH = 70  # pictures of a source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--each", type=int, default=EACH)
    parser.add_argument("--scores", type=Path)
    options = parser.parse_args()
    if options.scores:
        voices = json.loads(options.scores.read_text("utf-8"))
    else:
        voices = scored(pictures(options.data, options.packages), SHIPPED, options.each)
    others = voices | {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted((HERE / "baselines").glob("*.json"))
    }
    names = set.intersection(*({row["name"] for row in rows} for rows in others.values()))
    if missing := len(voices["places"]) - len(names):
        print(f"{missing} pictures have no score of a baseline and are left out")
    others = {voice: [row for row in rows if row["name"] in names] for voice, rows in others.items()}
    found = report(joined(others), others)
    (HERE / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
