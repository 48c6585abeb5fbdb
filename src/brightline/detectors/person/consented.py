"""Detectors that compare with the register of protected persons: it is opened once, and only where it is switched on."""

from collections.abc import Callable, Iterator

from brightline.core.errors import BankError, DetectorError, KeyringError
from brightline.core.finding import Finding
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.detectors.person.register import Register
from brightline.settings import Limits, Settings

Compare = Callable[[Subject, Register, Limits], Iterator[Finding]]


def with_register(settings: Settings, compare: Compare) -> Detect:
    """A detector over the register; while it is switched off it looks at nothing.

    Raises:
        DetectorError: the register or its key cannot be opened.
    """
    if not settings.protect_persons:
        return _look_at_nothing
    try:
        register = Register.load(settings.home)
    except (BankError, KeyringError) as error:
        raise DetectorError(str(error)) from error

    def detect(subject: Subject) -> Iterator[Finding]:
        yield from compare(subject, register, settings.limits)

    return detect


def _look_at_nothing(subject: Subject) -> Iterator[Finding]:  # noqa: ARG001 - a detector's signature
    return iter(())
