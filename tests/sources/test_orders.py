"""Tables of orders as Japanese and other shops export them."""

import random

import pytest

from sekisho.normalize import records
from sekisho.sources import Gap, Row
from sekisho.sources.delimited import recognise_records
from sekisho.sources.orders import read, recognise

ECCUBE = (
    "注文ID,注文番号,会員ID,お名前(姓),お名前(名),お名前(セイ),お名前(メイ),会社名,メールアドレス,TEL,住所1,住所2,注文日\r\n"
    '12,A-12,,佐藤,花子,サトウ,ハナコ,"(株)青空, ""本社""",a@customer.example,0312345678,千代田区,"1-2-3\n＜新館＞ 5F",2021/04/01 10:00:00\r\n'
)
TABLE = (
    "order_id,create_date,order_name01,order_addr01,order_addr02,message\n7,2021-04-01 10:00:00,佐藤,港区,1-1,急ぎ\n"
)
WOO = "order_id,order_number,order_date,customer_ip_address,billing_first_name,billing_company,customer_note\n1,1001,2021-04-01 10:00:00,192.0.2.9,Ann,A & B <Ltd>,\n"
SHOPIFY = "Name,Email,Financial Status,Created at,Lineitem name,Billing Name,Billing Address1,Notes\n#1001,a@customer.example,paid,2021-04-01 10:00:00 +0900,Tea,Ann,1 High St,\n"


def rows(tmp_path, data):
    path = tmp_path / "orders.csv"
    path.write_bytes(data)
    return list(read(path))


def events(tmp_path, data):
    return list(records.normalize(rows(tmp_path, data), "orders.csv"))


@pytest.mark.parametrize("text", [ECCUBE, TABLE, WOO, SHOPIFY])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_recognised_by_its_columns(tmp_path, text, encoding):
    assert recognise(text.encode(encoding), tmp_path / "x")


@pytest.mark.parametrize(
    "text", ["", "a,b,c\n1,2,3\n", "注文番号,メモ,数\n1,2,3\n", "time,order_id,status\n2021-04-01 10:00:00,1,ok\n"]
)
def test_other_tables_are_not_orders(tmp_path, text):
    assert not recognise(text.encode(), tmp_path / "x")


def test_a_table_of_orders_without_times_is_one_all_the_same(tmp_path):
    text = "注文番号,お名前(姓),住所1\nA-1,佐藤,港区\n".encode("cp932")
    assert not recognise_records(text, tmp_path / "x")
    assert recognise(text, tmp_path / "x")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_cells_hold_whatever_a_customer_wrote(tmp_path, encoding):
    (row,) = rows(tmp_path, ECCUBE.encode(encoding))
    assert row.record == "2"
    assert row.fields["会社名"] == '(株)青空, "本社"'
    assert row.fields["住所2"] == "1-2-3\n＜新館＞ 5F"
    assert row.fields["注文日"] == "2021/04/01 10:00:00"


@pytest.mark.parametrize(
    ("text", "service", "order"),
    [(ECCUBE, "eccube", "A-12"), (TABLE, "eccube", "7"), (WOO, "woocommerce", "1001"), (SHOPIFY, "shopify", "#1001")],
)
def test_events_are_orders(tmp_path, text, service, order):
    (event,) = events(tmp_path, text.encode())
    assert event.logsource == ("shop", "order", service)
    assert event.fields["order.id"] == order
    assert event.time_ns is not None


def test_a_japanese_shop_writes_the_time_of_japan(tmp_path):
    japan, other, zoned = (events(tmp_path, text.encode())[0].time_ns for text in (ECCUBE, WOO, SHOPIFY))
    assert japan == zoned == 1_617_238_800_000_000_000
    assert other == japan + 9 * 3_600_000_000_000, "no zone is known of it"


def test_the_address_that_ordered_is_the_clients(tmp_path):
    (event,) = events(tmp_path, WOO.encode())
    assert event.fields["c-ip"] == "192.0.2.9"


def test_broken_tables_raise_nothing(tmp_path):
    dice = random.Random(6)
    for _ in range(200):
        data = bytearray(ECCUBE.encode("cp932"))
        for _ in range(dice.randrange(1, 9)):
            data[dice.randrange(len(data))] = dice.choice(b'",\r\n\xff\x00A')
        recognise(bytes(data), tmp_path / "x")
        assert all(isinstance(one, (Row, Gap)) for one in rows(tmp_path, bytes(data)))
