"""A shop's ordinary day: rows that our own sources read back, and nothing hidden in them."""

import csv
import io
import json
from datetime import date, timedelta

from sekisho.app.lab import shop
from sekisho.model.injection import find_injection
from sekisho.sources.access_log import read
from sekisho.sources.csp_report import recognise as recognise_reports
from sekisho.sources.orders import recognise as recognise_orders

DAY = date(2021, 4, 28)


def test_orders_are_a_table_of_thousands_with_symbols_and_no_script(tmp_path):
    listed = shop.orders("x", DAY)
    data = shop.table(listed)
    assert recognise_orders(data[:65_536], tmp_path / "x")
    rows = list(csv.reader(io.StringIO(data.decode("cp932"))))
    assert tuple(rows[0]) == shop.HEADER
    assert len(rows) == shop.ORDERS + 1
    cells = {cell for row in rows for cell in row}
    assert any("<本社>" in cell for cell in cells)
    assert any("＜新館＞" in cell for cell in cells)
    assert not [cell for cell in cells if find_injection(cell)]


def test_the_same_seed_gives_the_same_day():
    assert shop.table(shop.orders("x", DAY)) == shop.table(shop.orders("x", DAY))
    assert shop.orders("x", DAY) != shop.orders("y", DAY)
    assert shop.visits("x", DAY) == shop.visits("x", DAY)


def test_the_log_is_in_time_order_and_knows_its_marks(tmp_path):
    hits = [*shop.visits("x", DAY), *shop.buys(shop.visits("x", DAY)[0].at, "203.0.113.66", "order")]
    data, marked = shop.log(hits)
    path = tmp_path / "access.log"
    path.write_bytes(data)
    rows = list(read(path))
    assert len(rows) == len(hits)
    (number,) = marked["order"]
    assert rows[number - 1].fields["remote_host"] == "203.0.113.66"
    assert rows[number - 1].fields["request_uri"] == "/shopping/checkout"


def test_the_staff_never_changes_a_page_soon_after_it_opened_an_order():
    staff = [hit for hit in shop.visits("x", DAY) if hit.uri.startswith(shop.ADMIN)]
    opened = [hit.at for hit in staff if hit.uri.endswith("/edit") and "/order/" in hit.uri]
    changed = [hit.at for hit in staff if hit.method == "POST" and "/content/" in hit.uri]
    assert len(opened) > 200
    assert len(changed) == 4
    assert not [at for at in changed if any(timedelta(0) <= at - before < timedelta(minutes=10) for before in opened)]


def test_reports_are_read_as_such(tmp_path):
    listed = shop.reports("x", DAY)
    data = shop.report_lines(listed)
    assert len(listed) == shop.REPORTS
    assert recognise_reports(data[:65_536], tmp_path / "x")
    times = [json.loads(line)["time"] for line in data.splitlines()]
    assert times == sorted(times)


def test_an_order_mail_has_the_orders_fields():
    order = shop.orders("x", DAY)[0]
    mail = shop.order_mail("x", order)
    assert f"ご注文番号：A-{order.number}" in mail.text
    assert order.rest in mail.text
