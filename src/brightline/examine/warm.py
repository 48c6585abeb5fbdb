"""Imports our detectors once, in the process that workers are forked from, so that a new worker starts in milliseconds.

A module that cannot be imported is passed over here: the worker finds out by itself, and leaves gaps.
"""

import contextlib
import importlib

from brightline.examine.catalogue import CATALOGUE

for _entry in CATALOGUE:
    with contextlib.suppress(Exception):
        importlib.import_module(_entry.module)
