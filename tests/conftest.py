"""Fixtures that several rooms share: one lab case made and investigated once."""

import os

import pytest


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
