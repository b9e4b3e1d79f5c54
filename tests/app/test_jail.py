"""The jail: which layers hold here, and that what analysers need still works inside."""

import os
import sys
from multiprocessing import Pipe

import pytest

from sekisho.app import jail
from sekisho.app.doctor import jail_layers
from sekisho.model.limits import Limits


def inside(attempt):
    """Run something in a freshly jailed process and give what it returned or raised."""
    ours, theirs = Pipe()
    pid = os.fork()
    if pid == 0:
        try:
            jail.enter(Limits())
            theirs.send(attempt())
        except BaseException as error:
            theirs.send(repr(error))
        finally:
            os._exit(0)
    theirs.close()
    answer = ours.recv()
    os.waitpid(pid, 0)
    return answer


@pytest.mark.skipif(sys.platform != "linux", reason="the jail is made of Linux parts")
def test_layers_are_told():
    assert {"rlimit", "no_new_privs"} <= set(jail_layers())


def test_modules_can_still_be_imported():
    assert inside(lambda: __import__("wave").__name__) == "wave"


def test_temporary_files_live_in_memory():
    def use():
        import tempfile

        with tempfile.TemporaryFile() as file:
            file.write(b"abc")
            file.seek(0)
            return file.read()

    assert inside(use) == b"abc"


def test_no_second_process_can_be_started():
    import os

    assert "PermissionError" in inside(os.fork) or "BlockingIOError" in inside(os.fork)


def test_memory_is_bounded():
    assert "MemoryError" in inside(lambda: len(bytearray(4 * 1024**3)))


def test_seccomp_knows_this_machine_or_is_not_claimed():
    import platform

    assert ("seccomp" in jail_layers()) <= (platform.machine() in jail.DENIED)
