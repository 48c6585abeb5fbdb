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

What is measured joins two voices as what ships does: `places` (our network) and `frozen` (EfficientNet-Lite0 and a
regression); their weights were chosen on these folds.

Only the web family is of today's generators (GPT-4o, Gemini); a quarter of it looks like photographs. The fold without faces
among its real pictures takes FFHQ's for generated: `stylegan2_1024`, `discodiffusion` and `glide` are measured against
those. What ships learnt from FFHQ; it will be surest to err on faces, and on sources unlike all seven here.
"""


def cell(value: list[float]) -> str:
    return f"{value[0]:.2f} [{value[1]:.2f}, {value[2]:.2f}]"


def row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def table(title: str, part: dict, kind: str) -> list[str]:
    """Generators down, variants across."""
    names = [key.removeprefix(f"{kind} ") for key in part["original"] if key.startswith(f"{kind} ")]
    lines = ["", f"## {title}", "", row("generator", *VARIANTS), row("---", *["---"] * len(VARIANTS))]
    return lines + [row(name, *(cell(part[v][f"{kind} {name}"]) for v in VARIANTS)) for name in names]


def sources(part: dict) -> list[str]:
    names = list(part["original"]["sources"])
    lines = ["", "## Real sources, each at the threshold that all the others set (5 %)", "",
             row("source", *VARIANTS), row("---", *["---"] * len(VARIANTS))]  # fmt: skip
    for name in names:
        cells = [part[v]["sources"][name] for v in VARIANTS]
        if "false positives" in cells[0]:
            lines.append(row(name, *(f"{c['false positives']:.1%}" for c in cells)))
    lines.append(row("**mean**", *(f"{_mean(part[v]['sources'], 'false positives'):.1%}" for v in VARIANTS)))
    lines.append(
        row("caught, mean of generators", *(f"{_mean(part[v]['sources'], 'caught'):.1%}" for v in VARIANTS))
    )
    lines.append(row("calibration error", *(f"{part[v]['calibration error']:.3f}" for v in VARIANTS)))
    return lines


def _mean(part: dict, kind: str) -> float:
    values = [c[kind] for c in part.values() if kind in c]
    return sum(values) / len(values)


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
    lines += sources(report["model"])
    if report["baselines"]:
        lines += baselines(report)
    return "\n".join(lines + folds()) + "\n"
