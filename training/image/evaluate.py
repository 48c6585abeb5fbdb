"""Measures the image models anew and rewrites docs/reference/images.md: `make eval-image`.

    python evaluate.py --data DATA [--packages FOLDER] [--each 70]

Scores the four networks of `folds/` on what each never saw, adds the scores of the whole (the frozen network with the
fold's regression, `baselines/frozen.json`: `baselines.py` made them, which needs torch), makes `report.json`, renders the
page. The parts alone stand in its table of baselines. Pictures that no fold's score of the whole is there for are left out.
"""

import argparse
import json
from pathlib import Path

from corpus import pictures
from page import page
from scores import joined, scored
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
    others = {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted((HERE / "baselines").glob("*.json"))
    }
    same = {row["name"] for row in others["frozen"]}
    if missing := {row["name"] for row in rows} - same:
        print(f"{len(missing)} pictures have no score of the whole and are left out; the others are measured")
    rows = [row for row in rows if row["name"] in same]
    names = {row["name"] for row in rows}
    others = {name: [row for row in own if row["name"] in names] for name, own in others.items()}
    same = others | {"places": rows}
    rows = joined(rows, others["frozen"])
    found = report(rows, same)
    (HERE / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
