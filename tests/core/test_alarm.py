"""A detector's time limit is heard even where native code calls back and swallows what is raised."""

import ctypes
import io
import sys
import time

import pytest

from brightline.core.alarm import Abortable, StepTimeout, ring_again, time_limit, uninterrupted


@ctypes.CFUNCTYPE(None)
def _busy():
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pass


def test_a_timeout_that_a_callback_swallows_rings_again_and_says_nothing(monkeypatch, capfd):
    monkeypatch.setattr(sys, "unraisablehook", ring_again)  # as a worker has it
    started = time.monotonic()
    with pytest.raises(StepTimeout), time_limit(0.1):  # noqa: PT012 - both lines are under the limit
        _busy()  # native code calls back into Python, and passes nothing on
        time.sleep(30)
    assert time.monotonic() - started < 5
    assert capfd.readouterr().err == ""


def test_other_lost_exceptions_are_still_told(monkeypatch, capfd):
    @ctypes.CFUNCTYPE(None)
    def broken():
        raise ValueError("said")

    monkeypatch.setattr(sys, "unraisablehook", ring_again)  # as a worker has it
    broken()
    assert "ValueError: said" in capfd.readouterr().err


def test_a_limit_that_runs_out_in_an_uninterrupted_stretch_is_raised_at_its_end():
    reached = False
    with pytest.raises(StepTimeout), time_limit(0.05):  # noqa: PT012 - what comes after it must not run
        with uninterrupted():
            time.sleep(0.2)
            with pytest.raises(TimeoutError):
                Abortable(io.BytesIO(b"x")).readinto(bytearray(1))
            reached = True
        time.sleep(30)
    assert reached
