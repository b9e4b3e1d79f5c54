"""Long questions: a few at a time, and ended when nobody waits."""

import asyncio
import threading
import time

import pytest

from sekisho.app.console.hunts import BusyError, LeftError
from sekisho.app.web import patience
from sekisho.app.web.patience import AT_ONCE, patiently


class Visitor:
    """A request whose browser leaves after some looks."""

    def __init__(self, looks=1_000):
        self.looks = looks

    async def is_disconnected(self):
        self.looks -= 1
        return self.looks < 0


def test_a_few_run_at_a_time_and_the_others_wait():
    running, most, lock = [0], [0], threading.Lock()

    def work(watch):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        return 7

    async def all_of_them():
        return await asyncio.gather(*(patiently(Visitor(), work) for _ in range(6)))

    assert asyncio.run(all_of_them()) == [7] * 6
    assert most[0] <= AT_ONCE


def test_who_leaves_ends_the_work():
    def work(watch):
        while True:
            watch()
            time.sleep(0.01)

    with pytest.raises(LeftError):
        asyncio.run(patiently(Visitor(looks=1), work))


def test_who_waits_too_long_is_told(monkeypatch):
    monkeypatch.setattr(patience, "WAIT_S", 0.1)
    done = threading.Event()

    async def crowd():
        first = [asyncio.create_task(patiently(Visitor(), lambda _: done.wait(5))) for _ in range(AT_ONCE)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await patiently(Visitor(), lambda _: None)
        assert await patiently(Visitor(), lambda _: 1, heavy=False) == 1
        done.set()
        await asyncio.gather(*first)

    asyncio.run(crowd())


def test_a_failure_lets_the_next_one_in():
    def work(watch):
        raise ValueError("x")

    for _ in range(AT_ONCE + 1):
        with pytest.raises(ValueError, match="x"):
            asyncio.run(patiently(Visitor(), work))
    assert asyncio.run(patiently(Visitor(), lambda _: 1)) == 1
