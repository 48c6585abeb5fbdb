"""The measured figures as a page, targets beside them."""

from pathlib import Path

TITLE = """# Exchange detectors: measured

`make eval-exchange DATA=folder` writes this page. Every figure is on sources that the scoring model never saw: the sources
are left out in six folds, each of which holds attacks and honest texts; texts written for this project are one of the
folds, and thus judged by a model that read none of them. AUROC and what is caught at 1 % false positives carry 95 %
intervals by bootstrap, shares carry Wilson's. The ranks pool the folds, at one scale; they leave out texts that were
planted, which have a table of their own. Caught at 1 % is by a threshold on the same language's honest texts, among
which the hard negatives stand; where these are most of the honest texts, the figure is about them.
Texts are judged here as one window each; the detector also judges sentences of longer texts by themselves, hidden
readings and joined turns, which these tables leave out. MiniLM stands only where `MINILM_MOST` is not 0.

The reserved sets of acceptance are other sources again, and are not measured here. Targets there: attacks AUROC 0.92 and
40 % caught at 1 % false positives (Chinese 30 %, inside mails 50 %), harmful intent AUROC 0.90.

"""

NAMES = {
    "attack": "Attacks on the model (`exchange.injection`)",
    "harm": "Requests for harm (`exchange.harm`)",
}


def write(found: dict, path: Path) -> None:
    """The page, in a fixed order."""
    parts = [TITLE]
    for task, part in found.items():
        parts.append(f"## {NAMES[task]}\n\n### Beside baselines on the same folds\n\n")
        parts.append(_ranks(part["ranks"]))
        if part["planted"]:
            parts.append(
                "### Planted in honest mails, posts and documents\n\nAttacks of left-out sources in carriers; honest are carriers alone and two carriers in one.\n\n"
            )
            parts.append(_ranks(part["planted"]))
        parts.append("### Each fold\n\n")
        parts.append(_ranks(part["folds"], first="fold"))
        parts.append(
            "### By length\n\n| characters | AUROC | caught at 1 % | positive | honest | calibration error |\n|---|---|---|---|---|---|\n"
        )
        parts += [
            f"| {band} | {_row(one['ranks'])} | {one['calibration']:.3f} |\n"
            for band, one in part["length"].items()
        ]
        told = ", ".join(f"{lang} {value:.3f}" for lang, value in part["calibration"].items())
        parts.append(f"\nExpected calibration error at equal priors: {told}.\n\n")
        parts.append("### Honest texts that are flagged, by probability\n\n" + _shares(part["honest"]))
        parts.append("### Caught, by probability\n\n" + _shares(part["caught"]))
    path.write_text("".join(parts).rstrip() + "\n", "utf-8")


def _ranks(table: dict, first: str = "model") -> str:
    lines = [
        f"| {first} | language | AUROC | caught at 1 % | positive | honest |\n|---|---|---|---|---|---|\n"
    ]
    for name, by_language in table.items():
        for lang, one in by_language.items():
            if one[0] is not None:
                lines.append(f"| {name} | {lang} | {_row(one)} |\n")
    return "".join(lines) + "\n"


def _row(one: list) -> str:
    return " | ".join([*(_interval(value) for value in one[:2]), str(one[2]), str(one[3])])


def _interval(value: list | None) -> str:
    return "-" if value is None else f"{value[0]:.3f} ({value[1]:.3f}-{value[2]:.3f})"


def _shares(table: dict) -> str:
    limits = list(table)
    lines = [
        "| group | texts | "
        + " | ".join(f"at {limit}" for limit in limits)
        + " |\n|---|---|"
        + "---|" * len(limits)
        + "\n"
    ]
    for name, row in table[limits[0]].items():
        told = " | ".join(
            f"{table[limit][name][0]:.1%} ({table[limit][name][1]:.1%}-{table[limit][name][2]:.1%})"
            for limit in limits
        )
        lines.append(f"| {name} | {row[3]} | {told} |\n")
    return "".join(lines) + "\n"
