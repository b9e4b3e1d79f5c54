"""What is pasted is looked into in a process that ends, whatever it holds."""

import asyncio

import pytest

from sekisho.app.console.trying import Asked
from sekisho.app.web import aside
from sekisho.model.errors import LimitError, SekishoError

RULE = """title: Odd
logsource: {product: windows, category: process_creation}
detection: {selection: {Image|endswith: '\\odd.exe'}, condition: selection}
"""


def test_it_is_checked_and_tried():
    assert asyncio.run(aside.worked_out(Asked("en", RULE)))["usable"]
    assert asyncio.run(aside.worked_out(Asked("ja", RULE, '{"Image": "C:\\\\odd.exe"}')))["matched"] == 1


def test_an_error_comes_back_as_itself():
    with pytest.raises(SekishoError, match="not JSON"):
        asyncio.run(aside.worked_out(Asked("en", RULE, "word")))


def test_one_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(aside, "LONGEST_S", 0.01)
    with pytest.raises(LimitError):
        asyncio.run(aside.worked_out(Asked("en", RULE)))
