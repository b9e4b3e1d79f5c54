"""Script in orders and requests, and scripts that a browser refused, as fields that rules read."""

import pytest

from sekisho.model.event import Event, Logsource
from sekisho.model.injection import find_injection
from sekisho.normalize.injections import MAX_PAIRS, enrich

ORDER, WEB, REPORT = (
    Logsource("shop", "order", "eccube"),
    Logsource("", "webserver"),
    Logsource("browser", "csp_violation"),
)


def enriched(logsource, **fields):
    return enrich(
        Event(logsource, {name.replace("_", "-"): value for name, value in fields.items()}), find_injection
    ).fields


def test_an_order_says_where_and_how():
    event = Event(
        ORDER,
        {"お名前(姓)": "佐藤", "住所2": "1-2 &lt;script src=//a.googleoapis.com/x&gt;", "会社名": "(株)青空 <本社>"},
    )
    found = enrich(event, find_injection).fields
    assert found["injection.field"] == ["住所2"]
    assert found["injection.kind"] == ["script"]
    assert found["injection.layers"] == ["entity"]
    assert found["injection.text"] == "<script src=//a.googleoapis.com/x>"
    assert found["injection.host"] == ["a.googleoapis.com"]
    assert found["injection.lookalike"] == "googleapis.com"
    assert found["会社名"] == "(株)青空 <本社>"


def test_what_carries_nothing_is_the_very_same():
    event = Event(ORDER, {"住所": "港区1-2", "会社名": "A & B <本社>"})
    assert enrich(event, find_injection) is event
    process = Event(Logsource("windows", "process_creation"), {"CommandLine": "<script>f()</script>"})
    assert enrich(process, find_injection) is process


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"cs_uri_query": "a=1&q=%3Cscript%3Ef()%3C/script%3E"}, "cs-uri-query"),
        ({"cs_uri_query": "a=%22+onmouseover=alert(1)+x=%22"}, "cs-uri-query"),
        ({"cs_uri_query": "url=javascript:alert(1)"}, "cs-uri-query"),
        ({"cs_uri_query": "q=<a href=x&y onload=f()>"}, "cs-uri-query"),
        ({"cs_uri_stem": "/products/%3Csvg%20onload=f()%3E"}, "cs-uri-stem"),
        ({"cs_user_agent": "<script>f()</script>"}, "cs-user-agent"),
        ({"cs_referer": "https://a.example/?q=%3Cscript%3E"}, "cs-referer"),
    ],
)
def test_each_part_of_a_request(fields, name):
    found = enriched(WEB, **fields)
    assert found["injection.field"] == [name]


@pytest.mark.parametrize(
    "fields",
    [
        {"cs_uri_query": "q=A%3CB&name=%E6%9C%AC&sort=price+desc"},
        {"cs_uri_query": "utm_source=x&ref=https%3A%2F%2Fa.example%2F%3Fb%3D1%26c%3D2"},
        {"cs_user_agent": "Mozilla/5.0 (X11; Linux) Gecko/2010 (like; this)"},
    ],
)
def test_ordinary_requests_carry_nothing(fields):
    assert "injection.kind" not in enriched(WEB, **fields)


def test_what_a_long_query_ends_with_is_not_lost():
    found = enriched(WEB, cs_uri_query="a=1&" * (MAX_PAIRS + 50) + "x=%3Cscript%3E")
    assert found["injection.kind"] == ["script"]


def test_a_report_tells_foreign_and_lookalike_hosts():
    found = enriched(
        REPORT,
        document_uri="https://shop.example/admin/order/7/edit",
        document_host="shop.example",
        blocked_host="ajax.googleoapis.com",
    )
    assert found["blocked-foreign"] is True
    assert found["blocked-lookalike"] == "googleapis.com"
    assert found["admin-page"] is True


def test_a_shops_own_host_and_known_ones_are_no_lookalikes():
    for host in ("static.shop.example", "fonts.googleapis.com", "www.googletagmanager.com"):
        found = enriched(REPORT, document_uri="https://shop.example/", document_host="shop.example", blocked_host=host)
        assert "blocked-lookalike" not in found
        assert found["blocked-foreign"] is (not host.endswith("shop.example"))
        assert found["admin-page"] is False
