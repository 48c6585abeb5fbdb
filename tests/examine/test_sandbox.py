"""A worker under the sandbox reaches no network and starts no program, and provenance does not need either.

Every check runs in a child process of its own, because a filter cannot be taken off again.
"""

import io
import multiprocessing
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

import c2pa as library
import pytest
from PIL import Image

import signing
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.examine import sandbox
from brightline.provenance import c2pa, generators
from brightline.settings import Settings

REMOTE = "http://manifests.example.com/a.c2pa"
KILLED = -int(signal.SIGSYS)
SPAWN = multiprocessing.get_context("spawn")

pytestmark = pytest.mark.skipif(
    os.uname().machine not in {"x86_64", "aarch64"}, reason="no filter for this machine"
)


def run(deed: Callable[..., None], *arguments: object) -> int | None:
    """Run a deed in a fresh process; its exit code, negative if a signal ended it."""
    child = SPAWN.Process(target=deed, args=arguments)
    child.start()
    child.join(30)
    assert child.exitcode is not None, "the child hangs"
    return child.exitcode


@cache
def jpeg() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").save(out, "JPEG")
    return out.getvalue()


def subject_of(data: bytes) -> Subject:
    context = Context(time="2026-11-23T12:00:00Z")
    return Subject(digest="0" * 64, size_bytes=len(data), kind=Kind.JPEG, context=context, blob=Blob(data))


def open_socket(family: int, kill: bool) -> None:
    assert sandbox.deny_network(kill=kill)
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
    except PermissionError:
        os._exit(7)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET])
def test_no_network_socket_can_be_opened(family: int) -> None:
    assert run(open_socket, int(family), False) == 7


def test_a_local_socket_stays_possible_for_talking_with_the_parent() -> None:
    assert run(open_socket, int(socket.AF_UNIX), False) == 0


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_UNIX])
def test_the_killing_filter_ends_a_process_that_opens_any_socket(family: int) -> None:
    """Shows that the tests below can fail."""
    assert run(open_socket, int(family), True) == KILLED


def connect_an_inherited_socket() -> None:
    unbound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    assert sandbox.deny_network()
    try:
        unbound.connect(("127.0.0.1", 9))
    except PermissionError:
        os._exit(7)


def test_a_socket_from_before_cannot_be_connected() -> None:
    assert run(connect_an_inherited_socket) == 7


def start_a_program() -> None:
    assert sandbox.deny_network()
    try:
        os.execv("/bin/true", ["true"])
    except PermissionError:
        os._exit(7)


def test_no_program_can_be_started() -> None:
    assert run(start_a_program) == 7


def thread_opens_socket(kill: bool) -> None:
    import threading

    ready, refused = threading.Event(), threading.Event()

    def late() -> None:
        ready.wait(10)
        try:
            socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
        except PermissionError:
            refused.set()

    worker = threading.Thread(target=late)
    worker.start()
    assert sandbox.deny_network(kill=kill)
    ready.set()
    worker.join(10)
    os._exit(7 if refused.is_set() else 0)


def test_threads_that_started_before_the_filter_are_held_too() -> None:
    assert run(thread_opens_socket, False) == 7


def grow(size_bytes: int) -> None:
    assert sandbox.limit_memory(size_bytes)
    try:
        bytearray(2 * size_bytes)
    except MemoryError:
        os._exit(7)


def test_memory_beyond_the_limit_is_a_memory_error() -> None:
    assert run(grow, 512 * 1024 * 1024) == 7


def abort_without_core() -> None:
    assert sandbox.limit_cores()
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def test_no_core_is_dumped() -> None:
    assert run(abort_without_core) == 0


def linger(parent: int, pipe: Connection) -> None:
    assert sandbox.die_with_parent(parent)
    pipe.send(os.getpid())
    time.sleep(30)


def start_and_crash(pipe: Connection) -> None:
    SPAWN.Process(target=linger, args=(os.getpid(), pipe), daemon=True).start()
    time.sleep(30)


def test_a_worker_dies_with_a_parent_that_is_killed() -> None:
    ours, theirs = SPAWN.Pipe()
    parent = SPAWN.Process(target=start_and_crash, args=(theirs,))
    parent.start()
    assert ours.poll(30)
    worker = ours.recv()
    parent.kill()
    parent.join(10)
    deadline = time.monotonic() + 10
    while _is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_running(worker)


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def test_a_worker_whose_parent_is_already_gone_ends_at_once() -> None:
    assert run(linger_with_wrong_parent) == -int(signal.SIGKILL)


def linger_with_wrong_parent() -> None:
    sandbox.die_with_parent(1 if os.getppid() != 1 else 2)


def read_provenance(data: bytes, present: str) -> None:
    """Under the killing filter, from before the first read on."""
    detectors = [c2pa.prepare(Settings()), generators.detect]
    assert sandbox.deny_network(kill=True)
    findings = [finding for detect in detectors for finding in detect(subject_of(data))]
    os._exit(0 if findings[0].detail("present") == present else 9)


@pytest.mark.parametrize("present", ["no", "yes", "remote_only"])
def test_reading_provenance_opens_no_socket_of_any_family(present: str) -> None:
    files = {
        "no": jpeg,
        "yes": lambda: signing.sign(jpeg(), "image/jpeg", source_type=signing.AI_SOURCE),
        "remote_only": lambda: signing.sign(jpeg(), "image/jpeg", remote_url=REMOTE),
    }
    assert run(read_provenance, files[present](), present) == 0


def read_with_library_defaults(data: bytes) -> None:
    assert sandbox.deny_network(kill=True)
    library.Reader("image/jpeg", io.BytesIO(data)).json()


def test_the_own_defaults_of_the_library_would_reach_for_the_network() -> None:
    """Shows what our settings prevent, and that the filter sees it."""
    assert run(read_with_library_defaults, signing.sign(jpeg(), "image/jpeg", remote_url=REMOTE)) == KILLED


def keep_little() -> None:
    if not sandbox.give_back_memory():
        os._exit(77)  # another C library
    held = [bytearray(10 * 1024 * 1024) for _ in range(6)]
    small = [bytearray(100) for _ in range(1000)]
    most = sandbox._private_bytes()
    held.clear()
    os._exit(0 if small and most - sandbox._private_bytes() > 50 * 1024 * 1024 else 1)


def test_freed_blocks_are_given_back_so_that_the_next_subject_has_room():
    assert run(keep_little) in {0, 77}
