"""The mean of several runs' weights: `soup.py --work WORK --name NAME RUN RUN ...`; runs that follow from each other."""

import argparse
from pathlib import Path

import torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("runs", nargs="+")
    options = parser.parse_args()
    found = [torch.load(options.work / f"{run}.pt") for run in options.runs]
    mean = {key: sum(own[key] for own in found) / len(found) for key in found[0]}
    torch.save(mean, options.work / f"{options.name}.pt")


if __name__ == "__main__":
    main()
