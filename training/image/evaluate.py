"""Measures the image models anew and rewrites docs/reference/images.md: `make eval-image`.

    python evaluate.py --data DATA [--packages FOLDER] [--each 70]

Scores the four networks of `folds/` on what each never saw, makes `report.json`, renders the page. The baselines'
scores stand in `baselines/` (`baselines.py` makes them; it needs torch, this does not); they are of the same pictures
only when `--packages` and `--each` are those that they were made with, and are left out otherwise.
"""

import argparse
import json
from pathlib import Path

from corpus import pictures
from page import page
from scores import scored
from tables import report

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reference" / "images.md"
EACH = 70  # pictures of a source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--packages", type=Path)
    parser.add_argument("--each", type=int, default=EACH)
    options = parser.parse_args()
    rows = scored(
        pictures(options.data, options.packages), sorted((HERE / "folds").glob("*.onnx")), options.each
    )
    names = {row["name"] for row in rows}
    others = {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted((HERE / "baselines").glob("*.json"))
    }
    same = {name: own for name, own in others.items() if {row["name"] for row in own} == names}
    found = report(rows, same)
    (HERE / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
