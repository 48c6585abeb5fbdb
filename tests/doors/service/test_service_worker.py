"""A worker goes on after a fault of ours: what it held is leased again, and nothing is lost or allowed unseen."""

import time

from brightline.core.subject import Context
from brightline.doors.service.serve import open_state
from brightline.review import submissions
from brightline.review.submissions import Offer
from brightline.settings import Settings
from brightline.settings_service import ServiceSetting


def test_a_fault_that_nobody_foresaw_ends_no_worker(tmp_path, caplog):
    setting = ServiceSetting(lease_seconds=1.0, attempts=5)
    with open_state(Settings(home=tmp_path, jobs=1, service=setting)) as state:
        worker, told = state.worker, []

        def fail_once(ids):  # what hears of completed submissions is ours as well, and may be wrong
            told.extend(ids)
            if len(told) == 1:
                raise ZeroDivisionError

        worker._told = fail_once
        offers = [
            Offer(
                tenant="t", name=f"{n}.txt", data=f"Plain note {n}.".encode(), asked=f"{n}",
                context=Context(channel="api", time="2026-11-23T12:00:00Z"),
            )
            for n in range(3)
        ]  # fmt: skip
        taken = [one.id for one in submissions.accept(state.store, offers, setting)]
        worker.start()
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and not all(_state(state, one) == "done" for one in taken):
                time.sleep(0.1)
            assert [_state(state, one) for one in taken] == ["done"] * 3
        finally:
            worker.stop()
    assert any("leases run out" in one.message for one in caplog.records)


def _state(state, submission):
    with state.store.reading() as connection:
        return submissions.get(connection, submission, "t").state
