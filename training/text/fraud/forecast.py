"""Measures the weights that ship on written files that they never saw: what a set written by others will say of them.

    forecast.py --parts 30-47 --out forecast.json

To be run on files that were not trained on (`data.TRAINED_TO`); on others its figures are worth nothing.
"""

import argparse
import json
from pathlib import Path

import data
import numpy as np
from measure import SUSPECTED
from measures import calibration_error

from brightline.detectors.message.fraud_model import judge
from brightline.detectors.message.fraud_normal import plain

MAIL = ("newsletter", "receipt", "account_mail", "bank_notice", "hr_it", "shipping")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", required=True, help="first and last number of the files, 30-47")
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    first, last = map(int, told.parts.split("-"))
    found = {language: forecast(language, first, last) for language in ("en", "zh")}
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if told.out:
        told.out.write_text(text + "\n", "utf-8")
    print(text)


def forecast(language: str, first: int, last: int) -> dict[str, object]:
    rows = [row for row in data.written(language) if first <= data.part_number(row.part) <= last]
    if not rows:
        return {}
    truth = np.array([row.label for row in rows])
    judged = [judge(plain(row.text)) for row in rows]
    probability = np.array([one.probability for one in judged])
    flagged = probability >= SUSPECTED
    kind = np.array([row.kind for row in rows])
    mail = (truth == 0) & np.isin(kind, MAIL)
    return {
        "lures caught": part(flagged[truth == 1]),
        "honest flagged": part(flagged[truth == 0]),
        "honest mail flagged": part(flagged[mail]),
        "auroc": round(auroc(truth, probability), 3),
        "ece": round(calibration_error(truth, probability), 3),
        "lures by kind": {
            name: part(flagged[(truth == 1) & (kind == name)]) for name in sorted(set(kind[truth == 1]))
        },
        "honest by kind": {
            name: part(flagged[(truth == 0) & (kind == name)]) for name in sorted(set(kind[truth == 0]))
        },
    }


def part(flagged: np.ndarray) -> str:
    return f"{int(flagged.sum())}/{len(flagged)}"


def auroc(truth: np.ndarray, score: np.ndarray) -> float:
    fraud, honest = score[truth == 1][:, None], score[truth == 0][None]
    return float((fraud > honest).mean() + 0.5 * (fraud == honest).mean())


if __name__ == "__main__":
    main()
