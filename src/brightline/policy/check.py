"""Checks a pack's file: everything that loading refuses, and warnings."""

from pathlib import Path

from brightline.policy.claims import known_claims
from brightline.policy.load import read_pack
from brightline.policy.source import Problem


def check_pack(path: Path) -> list[Problem]:
    """All problems of a pack's file, in the order of the file; empty for a good one.

    Raises:
        PolicyError: the file cannot be read.
    """
    return list(read_pack(path, known_claims()).problems)
