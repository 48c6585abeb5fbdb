"""Embeds the posts of Weibo21 by the optional model, once, for `train.py`.

python training/text/rumour/embed.py --data DIR --out vectors.npy
"""

import argparse
import json
import lzma
from pathlib import Path

import numpy as np

from brightline.detectors.text.claim_sense import e5
from brightline.detectors.text.rumour_model import sense_form


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    sense = e5()
    if sense is None:
        raise SystemExit("install brightline[claims] first")
    with lzma.open(asked.data / "text/rumor_zh_train_weibo21.jsonl.xz", "rt") as stream:
        texts = [json.loads(line)["text"] for line in stream]
    np.save(asked.out, np.array([sense.of_claim(sense_form(text)) for text in texts]))


if __name__ == "__main__":
    main()
