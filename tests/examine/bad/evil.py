"""Makes one finding, then fails in the way that the text asks for."""

import ctypes
import time

from bad import good
from brightline.core.errors import DetectorError

NAME = "bad.evil"


def detect(subject):
    text = subject.text
    yield from good.detect(subject)
    if "CRASH" in text:
        ctypes.string_at(0)
    if "NATIVE-HANG" in text:
        libc = ctypes.PyDLL(None)  # PyDLL holds the interpreter lock, as a careless extension would
        while True:
            libc.sleep(60)
    if "HANG" in text:
        while True:
            time.sleep(0.01)
    if "RAISE" in text:
        raise KeyError("careless")
    if "REFUSE" in text:
        raise DetectorError("too short to judge")
    if "MEMORY" in text:
        hoard = bytearray(4 * 1024**3)
        raise AssertionError(len(hoard))
    if "EXIT" in text:
        import os

        os._exit(3)
    if "FLOOD" in text:
        while True:
            yield from good.detect(subject)
