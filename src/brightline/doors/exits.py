"""Exit codes, with the same meaning at every command-line door."""

from enum import IntEnum

from brightline.core.decision import Action
from brightline.doors.answer import caught_by, is_incomplete
from brightline.line import Judgement


class Exit(IntEnum):
    """How a run ended."""

    ALLOWED = 0  # everything was looked at and allowed
    CAUGHT = 1  # a rule asked for at least what `--fail-on` says
    NOT_JUDGED = 2  # usage error, or something could not be judged at all
    INCOMPLETE = 3  # nothing caught, but something was not looked at


class Tally:
    """Adds up judgements into an exit code: caught > not judged > incomplete > allowed."""

    def __init__(self, fail_on: Action) -> None:
        self._fail_on = fail_on
        self._caught = self._unread = self._incomplete = False

    def add(self, judgement: Judgement) -> None:
        """Take one judgement into account."""
        if judgement.decision is None:
            self._unread = True
            return
        self._caught |= caught_by(judgement.decision) >= self._fail_on
        self._incomplete |= is_incomplete(judgement.decision)

    def could_not_read(self) -> None:
        """Something named on the command line could not be read."""
        self._unread = True

    @property
    def exit(self) -> Exit:
        """The code."""
        if self._caught:
            return Exit.CAUGHT
        if self._unread:
            return Exit.NOT_JUDGED
        return Exit.INCOMPLETE if self._incomplete else Exit.ALLOWED
