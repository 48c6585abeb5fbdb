"""What a worker process may not do while it handles untrusted bytes: talk to a network, start programs, grow, linger.

The network filter is seccomp-BPF through ctypes: the kernel itself refuses, whatever native decoder is fooled into
asking. Nothing here raises where a platform lacks it; the caller learns whether it is in force.

Source: Linux seccomp(2), prctl(2), setrlimit(2), mallopt(3); audit architecture numbers from linux/audit.h.
"""

import ctypes
import errno
import os
import resource
import signal
import sys
from pathlib import Path

import msgspec

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h of glibc
_LARGE_BLOCK = (
    8 * 1024 * 1024
)  # bytes; with 1 MB networks take twice their time, since their blocks are new each time
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1  # all threads of the process, also those that libraries started on import
_RET_KILL_PROCESS = 0x8000_0000
_RET_ERRNO_EPERM = 0x0005_0000 | errno.EPERM
_RET_ALLOW = 0x7FFF_0000
_AF_UNIX = 1  # a constant here, because nothing below the doors imports `socket`
_X32_BIT = 0x4000_0000  # second numbering of system calls on x86-64, a way around filters by number

# Classic BPF: load a word of `struct seccomp_data` (nr at 0, arch at 4, low half of the first argument at 16),
# compare, return.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _ARCH_OFFSET, _FIRST_ARGUMENT_OFFSET = 0, 4, 16


class _Machine(msgspec.Struct, frozen=True, kw_only=True):
    """System call numbers of one architecture."""

    arch: int
    socket: int
    seccomp: int
    refused: tuple[
        int, ...
    ]  # connect, io_uring_setup, ptrace, execve, execveat, process_vm_readv, process_vm_writev


_MACHINES = {
    "x86_64": _Machine(arch=0xC000003E, socket=41, seccomp=317, refused=(42, 425, 101, 59, 322, 310, 311)),
    "aarch64": _Machine(
        arch=0xC00000B7, socket=198, seccomp=277, refused=(203, 425, 117, 221, 281, 270, 271)
    ),
}


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jump_true", ctypes.c_uint8),
        ("jump_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def deny_network(*, kill: bool = False) -> bool:
    """Forbid this process, all its threads and its future children to reach a network or start programs.

    Refused with EPERM: `socket()` of every family but AF_UNIX, `connect()`, `io_uring_setup()`, `ptrace()`,
    reading other processes' memory, `execve()` and `execveat()`. Pipes, socket pairs and descriptors that are
    already open stay usable. It cannot be undone.

    Args:
        kill: end the process on any of these, and on `socket()` of AF_UNIX too; for tests that prove that
            none is called.

    Returns:
        Whether the filter is in force; False on other systems than Linux on x86-64 or arm64, or where a
        kernel or container does not allow filters.
    """
    machine = _MACHINES.get(os.uname().machine) if sys.platform == "linux" else None
    if machine is None:
        return False
    instructions = _filter_of(machine, kill=kill)
    block = (_Instruction * len(instructions))(*instructions)
    program = _Program(len(instructions), block)
    if _prctl(_PR_SET_NO_NEW_PRIVS, 1) != 0:
        return False
    call = ctypes.CDLL(None, use_errno=True).syscall
    return bool(
        call(
            ctypes.c_long(machine.seccomp),
            ctypes.c_long(_SECCOMP_SET_MODE_FILTER),
            ctypes.c_long(_SECCOMP_FILTER_FLAG_TSYNC),
            ctypes.byref(program),
        )
        == 0
    )


def limit_memory(size_bytes: int) -> bool:
    """Let private memory (heap and anonymous maps, RLIMIT_DATA) grow by no more than that; mapped files are free.

    It counts from now, since what our libraries reserve on import differs by machine (OpenBLAS: 40 MB for each core).

    Returns:
        Whether the limit is in force.
    """
    return _set_limit(resource.RLIMIT_DATA, _private_bytes() + size_bytes)


def give_back_memory() -> bool:
    """Have large blocks given back to the kernel as soon as they are freed; glibc by itself keeps up to 64 MB of them.

    What is kept would count against the memory limit when the next subject is large; so would further arenas of 64 MB,
    which glibc opens where the limit stops the first one, and never closes. Costs a picture some 5 %.

    Returns:
        Whether it is in force; False with other C libraries than glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = ((_M_MMAP_THRESHOLD, _LARGE_BLOCK), (_M_TRIM_THRESHOLD, _LARGE_BLOCK), (_M_ARENA_MAX, 1))
    return all(mallopt(what, value) for what, value in wanted)


def _private_bytes() -> int:
    """What RLIMIT_DATA has counted so far; 0 where the kernel does not tell."""
    try:
        with Path("/proc/self/status").open(encoding="ascii") as status:
            lines = [line.split() for line in status if line.startswith("VmData:")]
    except OSError:
        return 0
    return int(lines[0][1]) * 1024 if lines else 0


def limit_cores() -> bool:
    """Write no core dump: it would hold the subject's content.

    Returns:
        Whether the limit is in force.
    """
    return _set_limit(resource.RLIMIT_CORE, 0)


def die_with_parent(parent: int | None = None) -> bool:
    """Have the kernel kill this process when the thread that started it ends.

    Args:
        parent: process id of the parent, taken before the start; if it has ended meanwhile, this process
            ends at once, because the kernel will not say so again.

    Returns:
        Whether it is in force; False on systems other than Linux.
    """
    if sys.platform != "linux" or _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL)) != 0:
        return False
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return True


def _filter_of(machine: _Machine, *, kill: bool) -> list[_Instruction]:
    """The filter: refuse foreign numberings, then `socket`, then each refused number, allow the rest."""
    refuse = _Instruction(_RETURN, 0, 0, _RET_KILL_PROCESS if kill else _RET_ERRNO_EPERM)
    allow = _Instruction(_RETURN, 0, 0, _RET_ALLOW)
    steps = [
        _Instruction(_LOAD, 0, 0, _ARCH_OFFSET),
        _Instruction(_JUMP_EQUAL, 1, 0, machine.arch),
        refuse,
        _Instruction(_LOAD, 0, 0, _NUMBER_OFFSET),
        _Instruction(_JUMP_AT_LEAST, 0, 1, _X32_BIT),
        refuse,
    ]
    for number in machine.refused:
        steps += [_Instruction(_JUMP_EQUAL, 0, 1, number), refuse]
    if kill:
        return [*steps, _Instruction(_JUMP_EQUAL, 0, 1, machine.socket), refuse, allow]
    return [
        *steps,
        _Instruction(_JUMP_EQUAL, 0, 3, machine.socket),
        _Instruction(_LOAD, 0, 0, _FIRST_ARGUMENT_OFFSET),
        _Instruction(_JUMP_EQUAL, 1, 0, _AF_UNIX),
        refuse,
        allow,
    ]


def _prctl(option: int, value: int) -> int:
    zero = ctypes.c_ulong(0)
    call = ctypes.CDLL(None, use_errno=True).prctl
    return int(call(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def _set_limit(kind: int, value: int) -> bool:
    _, hard = resource.getrlimit(kind)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(kind, (bound, bound))
    except (OSError, ValueError):
        return False
    return True
