"""A short run of the mutants; ``mutants.py`` runs any number of them."""

import importlib.util
import sys
from pathlib import Path

import pytest

COUNT = 1_200


@pytest.fixture(scope="module")
def mutants():
    folder = str(Path(__file__).parent)
    sys.path.insert(0, folder)
    try:
        spec = importlib.util.spec_from_file_location("mutants", f"{folder}/mutants.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(folder)


def test_no_mutant_breaks_an_analyser(mutants):
    ends, broken = mutants.run(range(COUNT), seed=1, jobs=2)
    assert not broken
    assert sum(ends.values()) == COUNT


def test_a_mutant_is_the_same_every_time(mutants):
    known = mutants.seeds()
    assert mutants.mutant(17, known, 1) == mutants.mutant(17, known, 1)
    assert mutants.mutant(17, known, 1).data != mutants.mutant(18, known, 1).data
