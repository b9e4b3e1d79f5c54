"""The advisory command: forms, dates, zones, and what it says when it cannot."""

from dataclasses import replace

import pytest

from sekisho.app.exchange.advisories import Asked, write
from sekisho.app.exchange.export import Wish
from sekisho.model.errors import SekishoError

WISH = Wish(language="ja", exercise=True, now_ns=1_643_068_800_000_000_000)


@pytest.mark.parametrize(("form", "start"), [("md", b"# "), ("html", b"<!DOCTYPE"), ("pdf", b"%PDF")])
def test_forms(lab_result, form, start):
    data, notes = write(lab_result, WISH, Asked("staff", form))
    assert data.startswith(start)
    assert notes == []


def test_dates_and_zones(lab_result):
    assert "2022年1月25日\n" in write(lab_result, WISH, Asked("staff"))[0].decode()
    told = write(lab_result, WISH, Asked("staff", day="2022-02-01", zone="Asia/Tokyo"))[0].decode()
    assert "2022年2月1日\n" in told
    assert "2022年1月21日 09:11" in told


def test_other_partners_are_named(lab_result):
    _, notes = write(lab_result, WISH, Asked("partner"))
    assert notes == ["メールに現れるほかの取引先（--partner）: partner[.]example"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("staff", day="2022-13-01"), "YYYY-MM-DD"),
        (Asked("staff", zone="Mars/Base"), "no such zone"),
        (Asked("partner", partner="x.example"), "no partner x.example"),
    ],
)
def test_mistakes_are_named(lab_result, asked, said):
    with pytest.raises(SekishoError, match=said):
        write(lab_result, WISH, asked)


def test_a_result_without_incident_cannot_be_told(lab_result):
    with pytest.raises(SekishoError, match="no incident"):
        write(replace(lab_result, incidents=()), WISH, Asked("staff"))
