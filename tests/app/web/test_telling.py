"""What must be proved is made in a process of its own, one at a time."""

import asyncio

import pytest

from sekisho.app.exchange.export import Wish
from sekisho.app.web import telling
from sekisho.model.errors import SekishoError
from tests.app.web.small_desk import desk_with


def test_a_failure_in_the_other_process_comes_back_as_itself(tmp_path):
    desk, _ = desk_with(tmp_path)
    with pytest.raises(SekishoError, match="no such incident"):
        asyncio.run(telling._proved(str(desk.database.folder), "i0", "sigma", Wish()))


def test_a_process_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(telling, "LONGEST_S", 0.01)
    desk, _ = desk_with(tmp_path)
    with pytest.raises(SekishoError, match="in time"):
        asyncio.run(telling._proved(str(desk.database.folder), "i0", "sigma", Wish()))
