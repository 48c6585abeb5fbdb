"""Embeds the posts of Weibo21 by the optional model, once, for `train.py`.

python training/text/rumour/embed.py --data DIR --out vectors.npy
"""

import argparse
from pathlib import Path

import numpy as np
from corpora import honest, read

from brightline.detectors.text.claim_sense import e5
from brightline.detectors.text.rumour_model import sense_form


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--honest", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    sense = e5()
    if sense is None:
        raise SystemExit("install brightline[claims] first")
    texts = honest(asked.data) if asked.honest else read(asked.data)[0]
    np.save(asked.out, np.array([sense.of_claim(sense_form(text)) for text in texts]))


if __name__ == "__main__":
    main()
