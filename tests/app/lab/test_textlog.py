"""Rows added in any order become a file in the order of time, whose planted lines are known."""

from datetime import UTC, datetime

from sekisho.app.lab.planted import Planted
from sekisho.app.lab.textlog import TextLog


def at(minute):
    return datetime(2021, 11, 9, 1, minute, tzinfo=UTC)


def test_rows_in_the_order_of_time_with_their_line_numbers():
    log = TextLog("iis/a.log", "web", ("#one", "#two"))
    log.add(at(5), "late", "step")
    log.add(at(1), "early")
    log.add(at(3), "middle", "step")
    assert log.data() == b"#one\r\n#two\r\nearly\r\nmiddle\r\nlate\r\n"
    assert log.planted() == [
        Planted("step", "web", "evidence/iis/a.log", "4"),
        Planted("step", "web", "evidence/iis/a.log", "5"),
    ]
    assert len(log) == 3


def test_other_line_ends():
    log = TextLog("a", "web", newline="\n")
    log.add(at(1), "x")
    assert log.data() == b"x\n"
