"""Renders `report.json` as docs/reference/images.md."""

from folds import FOLDS
from scores import VARIANTS

HEAD = """# Images: how far the estimate can be trusted

Written by `make eval-image` from `training/image/report.json`; don't edit. How the model was made, and everything that
was tried: `training/image/NOTES.md`.

Every score below is of a picture whose source **and** whose generator the scoring model never saw: four models, each
trained without its fold's real sources and generators, with the recipe of the model that ships (the shipped weights
themselves learnt from all). A generator is compared with the real sources of its own fold, source by source; the mean
stands for it. Brackets hold 95 % intervals (bootstrap over pictures within their source). "Caught" is the share above
the score that 5 % of the real pictures exceed.

What is measured joins two voices as what ships does: `places` (our network) and `frozen` (EfficientNet-Lite0 as ImageNet made
it: four regressions, on its last depth, its last block, two earlier ones together, and the noise residual). Their weights, the share above and the steepness of
the calibration were chosen on these folds, so expect a little less elsewhere.

Only the web family is of today's generators (GPT-4o, Gemini); a quarter of it looks like photographs. It is told from photographs
of web templates, polished as it is, and both are left out at once: that is the hardest pair here. StyleGAN2's faces are ranked
*below* FFHQ's where both are strangers: what ships learnt from both, and from portraits, but a new maker of faces may pass.
"""


RULE = """The threshold of a bucket is the score that at most 5.5 % of every single real source exceed: the worst source sets it, for
a stranger's photographs may be like it. Here it is set, and the calibration fitted, on the sources of the other folds, and what
lies beyond it is counted in the fold whose sources and generators the network never saw."""


def cell(value: list[float]) -> str:
    return f"{value[0]:.2f} [{value[1]:.2f}, {value[2]:.2f}]"


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def table(title: str, part: dict, kind: str) -> list[str]:
    """Generators down, variants across."""
    names = [key.removeprefix(f"{kind} ") for key in part["original"] if key.startswith(f"{kind} ")]
    lines = ["", f"## {title}", "", row("generator", *VARIANTS), row("---", *["---"] * len(VARIANTS))]
    return lines + [row(name, *(cell(part[v][f"{kind} {name}"]) for v in VARIANTS)) for name in names]


def transferred(part: dict) -> list[str]:
    """What the rule that ships would have done: set on three folds, measured on the fourth."""
    told = {v: part[v]["transferred"] for v in VARIANTS}
    lines = ["", "## The shipped rule, set on three folds and measured on the fourth", "", RULE, "",
             row("", *VARIANTS), row("---", *["---"] * len(VARIANTS))]  # fmt: skip
    for kind, label, digits in (("false positives", "real", "1"), ("caught", "caught", "0")):
        lines += [
            row(f"{label}: {name}", *(f"{told[v][kind][name]:.{digits}%}" for v in VARIANTS))
            for name in told["original"][kind]
        ]
        mean = {"real": ("**all real pictures**", "of all real"),
                "caught": ("**caught, mean of generators**", "caught, mean")}[label]  # fmt: skip
        lines.append(row(mean[0], *(f"**{told[v][mean[1]]:.1%}**" for v in VARIANTS)))
    lines.append(row("calibration error", *(f"{told[v]['calibration error']:.3f}" for v in VARIANTS)))
    return lines


def baselines(report: dict) -> list[str]:
    lines = ["", "## Baselines, same folds, same pictures: macro AUROC, and by how much the model is ahead (paired)", "",
             row("baseline", *VARIANTS), row("---", *["---"] * len(VARIANTS))]  # fmt: skip
    for name, part in report["baselines"].items():
        cells = [f"{part[v]['auroc macro'][0]:.2f}; {cell(part['behind the model by'][v])}" for v in VARIANTS]
        lines.append(row(name, *cells))
    return lines


def folds() -> list[str]:
    lines = [
        "",
        "## What each fold leaves out",
        "",
        row("fold", "real sources", "generators"),
        row("---", "---", "---"),
    ]
    return lines + [
        row(str(n), ", ".join(sorted(real)), ", ".join(sorted(made))) for n, (real, made) in enumerate(FOLDS)
    ]


def page(report: dict) -> str:
    """docs/reference/images.md."""
    lines = [HEAD.rstrip()]
    lines += table("AUROC by generator", report["model"], "auroc")
    lines += table("Caught at 5 % false positives", report["model"], "caught")
    lines += table(
        "AUROC, generated pictures that look like photographs alone", report["photographs alone"], "auroc"
    )
    lines += transferred(report["model"])
    if report["baselines"]:
        lines += baselines(report)
    return "\n".join(lines + folds()) + "\n"
