"""One line a detector, provenance too. Listing imports none of them."""

import hashlib
import importlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import msgspec

from brightline.core.errors import DetectorError
from brightline.core.harm import Harm
from brightline.core.signatures import Detect
from brightline.core.subject import Kind, Media, Subject
from brightline.settings import Settings


class Entry(msgspec.Struct, frozen=True):
    """One detector: what it is called, where it lives, and what it looks at.

    A detector's module has `NAME`, and either `detect(subject)` or, where it needs settings,
    `prepare(settings) -> Detect`. Its card lies beside it as `<module>.card.toml`.

    Attributes:
        name: unique dotted name.
        module: Python module that holds it.
        media: families of subjects it looks at; empty is every one that is not empty.
        kinds: kinds that it looks at besides; used where a family is too broad.
        harms: misuse codes its findings can carry.
        text: it looks at any subject that has text, whatever its kind.
    """

    name: str
    module: str
    media: tuple[Media, ...] = ()
    kinds: tuple[Kind, ...] = ()
    harms: tuple[Harm, ...] = ()
    text: bool = False


CATALOGUE: tuple[Entry, ...] = ()


def fits(entry: Entry, subject: Subject) -> bool:
    """Whether this detector should look at this node of a subject."""
    if subject.kind is Kind.EMPTY:
        return False
    if entry.text:
        return bool(subject.text)
    if not entry.media and not entry.kinds:
        return True
    return subject.kind.media in entry.media or subject.kind in entry.kinds


def load(entry: Entry, settings: Settings) -> Detect:
    """Import a detector and prepare it.

    Raises:
        DetectorError: the module cannot be imported or has neither `detect` nor `prepare`.
    """
    try:
        module = importlib.import_module(entry.module)
    except ImportError as error:
        raise DetectorError(f"`{entry.name}` cannot be imported: {error}") from error
    if hasattr(module, "prepare"):
        return module.prepare(settings)  # type: ignore[no-any-return]  # checked by the contract tests
    if hasattr(module, "detect"):
        return module.detect  # type: ignore[no-any-return]  # checked by the contract tests
    raise DetectorError(f"`{entry.module}` has neither `detect` nor `prepare`")
