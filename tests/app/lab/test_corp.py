"""The company and its clock."""

from datetime import date

from sekisho.app.lab.corp import DESKS, OPENER, moment


def test_opener():
    assert (OPENER.mailbox, OPENER.account, OPENER.fqdn) == (
        "user01@corp.example",
        "CORP\\user01",
        "PC-0142.corp.example",
    )
    assert len({desk.sid for desk in DESKS}) == len(DESKS) == 4


def test_wall_time_is_japans():
    assert moment(date(2022, 4, 25), "09:31:47.120").isoformat() == "2022-04-25T09:31:47.120000+09:00"
