"""A process that can only compute: what an analyser worker gives up before it sees hostile bytes.

Each layer is tried on its own, so that a kernel or container without one still gets the others;
:func:`enter` says which hold, and ``sekisho doctor`` shows them.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from sekisho.model.limits import Limits

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 38, 22
SIGKILL = 9
SECCOMP_MODE_FILTER = 2
OPEN_FILES = 64  # a worker needs its pipe and the modules it still imports

# Landlock: system call numbers are the same on every architecture. Source: linux/landlock.h, kernel documentation.
SYS_CREATE_RULESET, SYS_ADD_RULE, SYS_RESTRICT_SELF = 444, 445, 446
ACCESS_FS_ALL_V1 = (1 << 13) - 1  # everything that ABI 1 can forbid
ACCESS_READ_FILE, ACCESS_READ_DIR = 1 << 2, 1 << 3
RULE_PATH_BENEATH = 1

# Denied system calls. Source: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h.
DENIED = {
    "x86_64": {
        "arch": 0xC000003E,
        "calls": {
            "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "bind": 49, "listen": 50, "socketpair": 53,
            "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "ptrace": 101, "mount": 165, "tkill": 200,
            "tgkill": 234, "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "execveat": 322,
            "io_uring_setup": 425, "clone3": 435,
        },
    },
    "aarch64": {
        "arch": 0xC00000B7,
        "calls": {
            "mount": 40, "ptrace": 117, "kill": 129, "tkill": 130, "tgkill": 131, "socket": 198, "socketpair": 199,
            "bind": 200, "listen": 201, "accept": 202, "connect": 203, "sendto": 206, "clone": 220, "execve": 221,
            "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "execveat": 281, "io_uring_setup": 425,
            "clone3": 435,
        },
    },
}  # fmt: skip
BPF_LOAD_WORD, BPF_JUMP_EQUAL, BPF_JUMP_GREATER, BPF_RETURN = 0x20, 0x15, 0x25, 0x06
HIGHEST_CALL = 0x3FFFFFFF  # above lie the x32 numbers, a second door to the same calls
SECCOMP_ALLOW, SECCOMP_ERRNO_EPERM = 0x7FFF0000, 0x00050001


def end_with_parent() -> None:
    """Have this process killed when the one that started it ends, however that ends. Source: prctl(2)."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def enter(limits: Limits, readable: Sequence[str] = ()) -> tuple[str, ...]:
    """Give up all that an analyser does not need; tell which layers hold.

    Call it once, in a freshly forked worker, after the usual imports. ``readable`` are files it may still open.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    layers = ["rlimit"]
    vars(tempfile)["TemporaryFile"] = _in_memory
    _bound_resources(limits)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        layers.append("no_new_privs")
        if _landlock(libc, readable):
            layers.append("landlock")
        if _seccomp(libc):
            layers.append("seccomp")
    return tuple(layers)


def renew_cpu(limits: Limits) -> None:
    """Allow the next artifact its CPU seconds (the kernel counts a process's whole life)."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + limits.cpu_s, hard))


def _in_memory(*_: object, **__: object) -> BytesIO:
    """Stand in for a temporary file: a jailed process has no folder to write to, but some libraries want one."""
    return BytesIO()


def _bound_resources(limits: Limits) -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    memory = used + limits.memory_bytes
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        _, hard = resource.getrlimit(kind)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))


def _library_folders() -> list[str]:
    """Folders that imports inside an analyser may still read."""
    library = Path(__file__).resolve().parents[2]
    paths = {*sysconfig.get_paths().values(), *(entry for entry in sys.path if entry), str(library), "/usr/lib", "/lib"}
    return [path for path in sorted(paths) if Path(path).is_dir()]


def _landlock(libc: ctypes.CDLL, readable: Sequence[str]) -> bool:
    attributes = ctypes.create_string_buffer(struct.pack("=Q", ACCESS_FS_ALL_V1))
    ruleset = libc.syscall(SYS_CREATE_RULESET, attributes, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    try:
        allowed = [(path, ACCESS_READ_FILE | ACCESS_READ_DIR) for path in _library_folders()]
        for path, access in [*allowed, *((path, ACCESS_READ_FILE) for path in readable)]:
            try:
                handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue  # it went away; opening it will say so
            beneath = ctypes.create_string_buffer(struct.pack("=Qi", access, handle))
            libc.syscall(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, beneath, 0)
            os.close(handle)
        return bool(libc.syscall(SYS_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _seccomp(libc: ctypes.CDLL) -> bool:
    table = DENIED.get(platform.machine())
    if table is None:
        return False
    arch, calls = table["arch"], table["calls"]
    assert isinstance(arch, int)
    assert isinstance(calls, dict)
    numbers = sorted(calls.values())
    program = [(BPF_LOAD_WORD, 0, 0, 4), (BPF_JUMP_EQUAL, 1, 0, arch), (BPF_RETURN, 0, 0, SECCOMP_ERRNO_EPERM)]
    program += [(BPF_LOAD_WORD, 0, 0, 0), (BPF_JUMP_GREATER, len(numbers) + 1, 0, HIGHEST_CALL)]
    for index, number in enumerate(numbers):
        program.append((BPF_JUMP_EQUAL, len(numbers) - index, 0, number))
    program += [(BPF_RETURN, 0, 0, SECCOMP_ALLOW), (BPF_RETURN, 0, 0, SECCOMP_ERRNO_EPERM)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("@HxxxxxxQ", len(program), ctypes.addressof(code)))
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) == 0)
