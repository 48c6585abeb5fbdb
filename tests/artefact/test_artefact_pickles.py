import contextlib
import io
import pickle
import random
import struct
import time

import families
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.core.subject import Blob, Context
from brightline.detectors.artefact.judge import Verdict, verdict_of
from brightline.detectors.artefact.steps import walk
from brightline.detectors.artefact.values import Name
from brightline.examine.catalogue import CATALOGUE
from brightline.examine.run import examine, load_all
from brightline.intake.open import open_file, open_subject
from brightline.settings import Limits, Settings

CONTEXT = Context(time="2026-11-24T00:00:00Z")
DETECTORS = load_all([one for one in CATALOGUE if one.name.startswith("artefact.")], Settings())
MALICIOUS, BENIGN = families.malicious(), families.benign()
NOT_BLOCKED = {
    "unknown module",
    "marshalled code",
    "packed as 7z",
}  # not vetted, or not opened: a person looks


def examined(data: bytes):
    subject = open_subject(Blob(data), name="model.bin", context=CONTEXT, limits=Limits())
    return examine(subject, DETECTORS, Settings(), "0" * 64)


def claims(data: bytes) -> set[str]:
    return {finding.claim for finding in examined(data).findings}


def warns(data: bytes) -> bool:
    """A finding that warns, or a gap: either way it is not let through."""
    found = examined(data)
    return bool(found.gaps) or any(one.harm is not None for one in found.findings)


def test_there_are_many_families():
    assert len(MALICIOUS) >= 180


@pytest.mark.parametrize("family", MALICIOUS)
def test_a_malicious_file_is_told(family):
    found = claims(MALICIOUS[family])
    if family in NOT_BLOCKED:
        assert found & {"artefact.unvetted", "artefact.code", "artefact.unopened"}
    else:
        assert "artefact.executes" in found


@pytest.mark.parametrize("family", BENIGN)
def test_a_benign_file_raises_no_alarm(family):
    found = examined(BENIGN[family])
    assert {one.claim for one in found.findings} <= {"artefact.read"}
    assert not found.gaps


@pytest.mark.parametrize("protocol", range(6))
def test_what_python_itself_writes_is_followed_to_its_end(protocol):
    value = {
        "a": np.arange(9.0),
        "b": [1.5] * 99,
        "c": {1, 2},
        "d": list(range(300)),
        "e": (None, True, b"x" * 300),
    }
    data = pickle.dumps(value, protocol=protocol)
    walked = walk(data, 0, len(data))
    assert walked.is_whole
    assert walked.end == len(data)
    assert not walked.odd
    assert {verdict_of(name) for name in walked.names} <= {Verdict.ALLOWED}


def test_the_whole_standard_library_is_denied_by_default():
    for path in (
        "os.getpid",
        "tty.setraw",
        "this.s",
        "wave.open",
        "netrc.netrc",
        "turtle.Turtle",
        "nis.cat",
        "zipapp.main",
    ):
        module, _, name = path.rpartition(".")
        assert verdict_of(Name(module, name, 0)) is Verdict.DANGEROUS, path


def test_a_class_made_with_arguments_is_not_vetted_though_it_is_a_framework_s():
    name = Name("sklearn.svm._classes", "SVC", 0)
    assert verdict_of(name) is Verdict.ALLOWED
    name.calls, name.plain = 1, False
    assert verdict_of(name) is Verdict.UNVETTED


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([bytes([one]) for one in range(256)]) | st.binary(max_size=12), max_size=80))
def test_random_opcodes_neither_crash_nor_hang(pieces):
    data = b"\x80\x04" + b"".join(pieces)
    walked = walk(data, 0, len(data))
    assert walked.is_whole or walked.fault
    assert 0 <= walked.end <= len(data)
    examined(data)


class Counting(pickle.Unpickler):
    """Python's own machine, which is told of every import and resolves none."""

    def __init__(self, data):
        super().__init__(io.BytesIO(data))
        self.asked = []

    def find_class(self, module, name):
        self.asked.append((module, name))
        return lambda *_, **__: None

    def persistent_load(self, _):
        return None


def asked_of_python(data: bytes) -> list[tuple[str, str]]:
    machine = Counting(data)
    with contextlib.suppress(Exception):  # flipped bytes raise anything
        machine.load()
    return machine.asked


@pytest.mark.parametrize("family", [one for one in families.streams() if one != "extension code"])
def test_no_flip_hides_an_import_that_python_would_make(family):
    """Every import that the real machine asks for on a damaged stream, the walker has seen, or it says that it broke."""
    chance = random.Random(9)
    data = MALICIOUS[family]
    for _ in range(30):
        flipped = bytearray(data)
        for _ in range(chance.choice((1, 1, 2))):
            flipped[chance.randrange(len(data))] = chance.randrange(256)
        damaged = bytes(flipped[: chance.choice((len(data), chance.randrange(1, len(data))))])
        asked = asked_of_python(damaged)
        walked = walk(damaged, 0, len(damaged))
        seen = [(name.module, name.name) for name in walked.names]
        assert len(seen) >= len(asked) or not walked.is_whole, damaged
        assert all(one in seen for one in asked), (damaged, asked, seen)


@pytest.mark.parametrize(
    "family", ["protocol 2", "protocol 4 framed", "archive", "archive deflated", "NumPy array of objects"]
)
def test_no_cut_makes_a_malicious_file_clean_while_its_payload_stands(family):
    data = MALICIOUS[family]
    at = data.find(b"R.") if b"R." in data else len(data) // 2
    for end in range(max(at, 40), len(data)):
        assert warns(data[:end]), end


def test_a_large_checkpoint_is_stepped_over(tmp_path):
    body = (
        b"\x80\x04]("
        + b"".join(b"\x8e" + struct.pack("<Q", 8 << 20) + bytes(8 << 20) for _ in range(12))
        + b"e"
    )
    file = tmp_path / "large.pkl"
    file.write_bytes(body + families.SHELL[2:])
    subject = open_file(file, context=CONTEXT, limits=Limits())
    began = time.process_time()
    found = examine(subject, DETECTORS, Settings(), "0" * 64)
    assert time.process_time() - began < 1.0  # 100 MB at 100 MB a second
    assert any(one.claim == "artefact.executes" for one in found.findings)
