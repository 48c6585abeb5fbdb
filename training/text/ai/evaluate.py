"""Tables from the held-out scores that `train.py` left: `evaluate.py --data DIR --out DIR`."""

import numpy as np
from corpus import arguments
from fitting import calibrate, even, probabilities
from heldout import area, calibration_error, caught, interval

SHIPPED = 0.9


def main() -> None:
    given = arguments(__doc__ or "")
    for language in given.language or ("en", "zh"):
        report(language, dict(np.load(given.out / f"heldout_{language}.npz", allow_pickle=False)))


def report(language: str, held: dict[str, np.ndarray]) -> None:
    """Print one line a held-out source, then length, calibration and the generator that was held out."""
    truth, length, whole = held["truth"], held["length"], held["whole"]
    source = np.array([name.split("-")[0] for name in held["source"]])
    probability, people = unseen(language, held, source), truth == 0
    print(
        f"\n### {language}\n\n| held out | people | machine | AUROC | caught at 1 % | people at 0.9 | machine at 0.9 |\n|---|---|---|---|---|---|---|"
    )
    means = []
    for name in sorted(set(source)):
        human, machine = (source == name) & people, (source == name) & ~people
        cells = ["", ""]
        if human.any() and machine.any():
            both = human | machine
            found = [interval(truth[both], whole[both], measure) for measure in (area, caught)]
            means.append([x[0] for x in found])
            cells = [f"{x[0]:.3f} ({x[1]:.3f}-{x[2]:.3f})" for x in found]
        at = [f"{(probability[m] >= SHIPPED).mean():.3f}" if m.any() else "" for m in (human, machine)]
        print(f"| {name} | {human.sum()} | {machine.sum()} | {cells[0]} | {cells[1]} | {at[0]} | {at[1]} |")
    print("mean", np.mean(means, axis=0).round(3))
    written = source == "written"
    for key in ("whole", "generator"):
        for name in sorted(set(source[people])):
            both = written | (people & (source == name))
            s = np.where(written, held[key], whole)[both]
            print(
                key,
                "written against people of",
                name,
                round(area(truth[both], s), 3),
                round(caught(truth[both], s), 3),
            )
    error = calibration_error(truth, probability, even(truth, source))
    print(
        f"ECE {error:.4f}; people at 0.9 {(probability[people] >= SHIPPED).mean():.4f}, machine {(probability[~people] >= SHIPPED).mean():.3f}"
    )
    for low, high in ((50, 100), (100, 200), (200, 400), (400, 10**6)):
        of = (length >= low) & (length < high)
        if of.sum() > 50 and len(set(truth[of])) == 2:
            e = calibration_error(truth[of], probability[of], even(truth[of], source[of]))
            print(
                f"length {low}-{high}: {of.sum()} texts, AUROC {area(truth[of], whole[of]):.3f}, caught at 1 % {caught(truth[of], whole[of]):.3f}, people at 0.9 {(probability[of & people] >= SHIPPED).mean():.4f}, ECE {e:.3f}"
            )


def unseen(language: str, held: dict[str, np.ndarray], source: np.ndarray) -> np.ndarray:
    """Probabilities by a calibration that, like the model, never saw the source."""
    owner = held["owner"]
    score, length = (
        np.concatenate([held["whole"], held["pieces"]]),
        np.concatenate([held["length"], held["piece_length"]]),
    )
    truth, whose = (
        np.concatenate([held["truth"], held["truth"][owner]]),
        np.concatenate([source, source[owner]]),
    )
    probability = np.zeros(len(source))
    for name in set(source):
        other, of = whose != name, source == name
        numbers = calibrate(score[other], length[other], truth[other], whose[other], language)
        probability[of] = probabilities(held["whole"][of], held["length"][of], numbers, language)
    return probability


if __name__ == "__main__":
    main()
