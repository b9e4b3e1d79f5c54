"""Fixtures that several rooms share: an end to every hang, and one lab case made and investigated once."""

import os
import signal

import pytest

HANG_S = 120  # no test measures speed, but none may run for ever; the slowest takes some seconds


@pytest.fixture(autouse=True)
def no_hang():
    """Fail a test that does not come back."""

    def give_up(*_):
        raise TimeoutError(f"still running after {HANG_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def lab_case(tmp_path_factory):
    """Give the folder of one lab case, as ``sekisho lab make`` writes it."""
    from sekisho.app.lab import cases

    return cases.make("emotet-xlm-hexip", tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="session")
def lab_result(lab_case):
    """Give the result of investigating it."""
    from sekisho.app import ruleset
    from sekisho.app.pipeline import Options, investigate

    here = os.getcwd()
    os.chdir(lab_case)
    try:
        return investigate(["evidence"], ruleset.load([], cache=False), Options(jobs=2))
    finally:
        os.chdir(here)
