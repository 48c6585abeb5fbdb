"""What the console holds beside the service's own state: the looker, and who read what a moment ago."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator

from fastapi import Request

from brightline.doors.service.api_submissions import read_on_record
from brightline.doors.service.console.looker import Look, Looker
from brightline.doors.service.oidc import Oidc
from brightline.doors.service.state import Rates, State
from brightline.review import content
from brightline.review.people import Person
from brightline.review.submissions import Submission

ONE_READING_S = (
    900.0  # a player asks for a film in many pieces: within a quarter of an hour that is one reading
)
READINGS_MOST = 10_000  # that are remembered; a forgotten one is recorded again
SIGN_INS_PER_MINUTE = 60  # from one address: hashing a password is dear on purpose
OUTSIDERS_PER_MINUTE = 20  # forms of people without an account, from one address


class Console:
    """Shared by all pages of one process."""

    def __init__(self, service: State) -> None:
        self.service = service
        self.looker = Looker(service.house.settings)
        self.sign_ins = Rates(SIGN_INS_PER_MINUTE, "sign-ins")
        self.outsiders = Rates(OUTSIDERS_PER_MINUTE, "forms")
        oidc = service.setting.oidc
        self.oidc = Oidc(oidc, service.store.vault) if oidc is not None else None
        self._readings: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the looker's worker."""
        self.looker.close()

    def read(self, person: Person, submission: Submission) -> Iterator[bytes]:
        """The bytes of a submission; the ledger holds who reads them before the first byte is given out.

        Raises:
            NotThereError: they were erased.
            LedgerError: the reading could not be recorded; nothing is given out.
        """
        if self._read_before(person.id, submission.id):
            return content.read(self.service.store, submission.content, submission.tenant)
        pieces = read_on_record(self.service, person, submission)
        with self._lock:
            self._readings[person.id, submission.id] = time.monotonic()
            if len(self._readings) > READINGS_MOST:
                self._readings.popitem(last=False)
        return pieces

    def look(self, person: Person, submission: Submission) -> Look:
        """What people may look at of a submission, on record likewise."""
        return self.looker.look(submission.name, self.read(person, submission))

    def _read_before(self, person: str, submission: str) -> bool:
        with self._lock:
            at = self._readings.get((person, submission))
        return at is not None and time.monotonic() - at < ONE_READING_S


def console_of(request: Request) -> Console:
    """What the console holds."""
    found: Console = request.app.state.console
    return found
