"""Train, calibrate and write the weights of the AI-written lane: `train.py --data DIR --packages DIR --out DIR`."""

import hashlib

import numpy as np
from corpus import arguments, load, split_characters
from fitting import calibrate, fit, signs, tabulate, twins
from heldout import fold_fits, held_out_scores
from safetensors.numpy import save_file

from brightline.detectors.text.ai_tokens import Signs


def main() -> None:
    given = arguments(__doc__ or "")
    for language in given.language or ("en", "zh"):
        rows = load(language, given.data, given.packages)
        names = signs(rows, language)
        pairs = twins(given.packages) if language == "zh" else ""
        table = tabulate(rows, Signs(names, pairs), language)
        whole, pieces = held_out_scores(table, fold_fits(table, language))
        score, length = np.concatenate([whole, pieces]), np.concatenate([table.length, table.piece_length])
        truth = np.concatenate([table.truth, table.truth[table.owner]])
        parents = np.array([name.split("-")[0] for name in table.source])  # as `measure.py` calibrates
        source = np.concatenate([parents, parents[table.owner]])
        numbers = calibrate(score, length, truth, source, language)
        model = fit(table, np.ones(len(rows), bool))
        splits = split_characters() if language == "zh" else []
        path = given.out / f"ai_written_{language}.safetensors"
        save_file(
            {
                "signs": np.frombuffer("\n".join(names).encode(), np.uint8).copy(),
                "twins": np.frombuffer(pairs.encode(), np.uint8).copy(),
                "splits": np.frombuffer("".join(splits).encode(), np.uint8).copy(),
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
