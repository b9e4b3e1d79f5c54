"""A day of a web shop in Japan: what customers order, what browsers ask for, what mails go out, what the staff does.

Everything comes from a seed. Names, towns and goods are common words put together by chance; every address is reserved
for documentation.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from urllib.parse import quote

from sekisho.app.lab.corp import moment
from sekisho.app.lab.mail import Mail, Relay

SHOP, ADMIN = "shop.example", "/shop_admin"
OFFICE, MAINTAINER = "192.0.2.10", "192.0.2.11"
"""Where the staff works, and who maintains the pages."""
ORDERS, VISITS, REPORTS, MAILS = 3_000, 2_500, 150, 25
FIRST_ORDER = 4_001
HEADER = (
    "注文ID", "注文番号", "会員ID", "お名前(姓)", "お名前(名)", "お名前(セイ)", "お名前(メイ)", "会社名",
    "メールアドレス", "TEL", "郵便番号", "都道府県", "住所1", "住所2", "備考", "支払い合計", "注文日",
)  # fmt: skip
"""Source: EC-CUBE 4, names of the order export."""
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/89.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 14_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0.3",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:87.0) Gecko/20100101 Firefox/87.0",
    "Mozilla/5.0 (compatible; searchbot/2.1; +https://search.example/bot.html)",
)
_FAMILY = (
    ("佐藤", "サトウ"), ("鈴木", "スズキ"), ("高橋", "タカハシ"), ("田中", "タナカ"), ("伊藤", "イトウ"),
    ("渡辺", "ワタナベ"), ("山本", "ヤマモト"), ("中村", "ナカムラ"),
)  # fmt: skip
_GIVEN = (("花子", "ハナコ"), ("太郎", "タロウ"), ("美咲", "ミサキ"), ("健", "ケン"), ("誠", "マコト"))
_TOWNS = (
    ("東京都", "港区本町"), ("大阪府", "大阪市北区梅田"), ("愛知県", "名古屋市中区栄"),
    ("福岡県", "福岡市中央区天神"), ("北海道", "札幌市北区北七条西"),
)  # fmt: skip
_BUILDINGS = (
    "", "", "", "青空ビル{n}F", "＜新館＞{n}階", "メゾン緑 {n}号室", "A&Bビル {n}F", "第{n}ﾊｲﾂ",
    "〈東棟〉{n}", 'コーポ"桜"{n}', "<本社>{n}F",
)  # fmt: skip
_COMPANIES = (
    "", "", "", "", "(株)青空商事", "㈱みどり", "A & B <Japan> Co., Ltd.", "有限会社 月光", "ｶ)ﾋｶﾞｼ", "O'Neil & Sons",
    "Ｂｌｕｅ＆Ｒｅｄ",
)  # fmt: skip
_REMARKS = (
    "", "", "", "", "急ぎません m(_ _)m", "のし: 「御祝」", "サイズはA<Bのほう", "領収書は <経理> 宛で",
    "50%オフと聞きました", "5,000円以内; 配送は午後", "1 < 2 => OK",
)  # fmt: skip
_GOODS = "煎茶 ほうじ茶 玄米茶 急須 湯呑 抹茶ラテ 茶筒 和菓子".split()
_SELF = Relay(f"mail.{SHOP}", "192.0.2.20", "192.0.2.21", "shop-web", dkim="pass", dmarc="pass")


@dataclass(frozen=True, slots=True)
class Order:
    """One row of the table of orders."""

    number: int
    at: datetime
    family: str
    given: str
    family_kana: str
    given_kana: str
    company: str
    prefecture: str
    town: str
    rest: str
    remark: str
    total: int

    @property
    def cells(self) -> tuple[str, ...]:
        """Give the cells in the order of HEADER."""
        return (
            str(self.number), f"A-{self.number}", "", self.family, self.given, self.family_kana, self.given_kana,
            self.company, f"customer{self.number}@customer.example", f"03{self.number * 7919 % 100_000_000:08d}",
            f"{self.number * 31 % 1_000:03d}-{self.number * 77 % 10_000:04d}", self.prefecture, self.town, self.rest,
            self.remark, str(self.total), f"{self.at:%Y/%m/%d %H:%M:%S}",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """One request as the access log has it."""

    at: datetime
    client: str
    method: str
    uri: str
    status: int
    referer: str = "-"
    agent: str = AGENTS[0]
    mark: str = ""
    """What it is in a case; empty for background."""

    @property
    def line(self) -> str:
        """Give the line of a log in the combined format.

        Source: Apache, mod_log_config, ``combined``.
        """
        size = 300 + sum(self.uri.encode()) * 37 % 20_000
        request = f"{self.method} {self.uri} HTTP/1.1"
        stamp = f"{self.at:%d}/{_MONTHS[self.at.month - 1]}/{self.at:%Y:%H:%M:%S %z}"
        return f'{self.client} - - [{stamp}] "{request}" {self.status} {size} "{self.referer}" "{self.agent}"'


_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def orders(case: str, day: date) -> list[Order]:
    """Give the orders of the weeks before a day, oldest first; symbols stand in many addresses."""
    dice = Random(f"{case}/orders")
    found = []
    at = moment(day, "09:00:00") - timedelta(days=60)
    for number in range(FIRST_ORDER, FIRST_ORDER + ORDERS):
        at += timedelta(seconds=dice.randrange(60, 3_000))
        (family, family_kana), (given, given_kana) = dice.choice(_FAMILY), dice.choice(_GIVEN)
        prefecture, town = dice.choice(_TOWNS)
        rest = f"{dice.randrange(1, 9)}-{dice.randrange(1, 30)}-{dice.randrange(1, 20)}"
        rest = f"{rest} {dice.choice(_BUILDINGS).format(n=dice.randrange(1, 30))}".strip()
        found.append(
            Order(
                number,
                at,
                family,
                given,
                family_kana,
                given_kana,
                dice.choice(_COMPANIES),
                prefecture,
                town,
                rest,
                dice.choice(_REMARKS),
                dice.randrange(10, 300) * 110,
            )
        )
    return found


def table(listed: list[Order]) -> bytes:
    """Write orders as the shop exports them: Shift_JIS, lines ended by CRLF.

    Source: EC-CUBE 4, ``eccube_csv_export_encoding`` (SJIS-win by default).
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    writer.writerows(order.cells for order in listed)
    return out.getvalue().encode("cp932")


def visits(case: str, day: date) -> list[Hit]:
    """Give a day of customers and search engines, and of the staff at their daily work."""
    return [*_customers(case, day), *_staff(case, day)]


def _customers(case: str, day: date) -> Iterator[Hit]:
    dice = Random(f"{case}/visits")
    opening = moment(day, "00:00:30")
    for _ in range(VISITS):
        at = opening + timedelta(seconds=dice.randrange(86_000))
        client = f"{dice.choice(('198.51.100', '203.0.113'))}.{dice.randrange(70, 250)}"
        agent = dice.choice(AGENTS)
        good = dice.choice(_GOODS)
        yield Hit(
            at, client, "GET", f"/products/list?category_id={dice.randrange(9)}&name={quote(good)}", 200, agent=agent
        )
        referer = f"https://{SHOP}/products/list?name={quote(good)}"
        yield Hit(
            at + timedelta(seconds=9), client, "GET", f"/products/detail/{dice.randrange(300)}", 200, referer, agent
        )
        if dice.randrange(6) == 0:
            yield from _buys(at + timedelta(seconds=40), client, agent)


def _buys(at: datetime, client: str, agent: str, mark: str = "") -> Iterator[Hit]:
    for step, (method, uri, status) in enumerate(
        (
            ("POST", "/products/add_cart/12", 302),
            ("GET", "/shopping", 200),
            ("POST", "/shopping/nonmember", 302),
            ("POST", "/shopping/confirm", 200),
            ("POST", "/shopping/checkout", 302),
        )
    ):
        last = mark if not mark or uri == "/shopping/checkout" else "basket"
        yield Hit(at + timedelta(seconds=11 * step), client, method, uri, status, f"https://{SHOP}/cart", agent, last)


def buys(at: datetime, client: str, mark: str) -> list[Hit]:
    """Give the requests of one purchase, the last of them marked and those on the way to it as ``basket``."""
    return list(_buys(at, client, AGENTS[0], mark))


def _staff(case: str, day: date) -> Iterator[Hit]:
    """Give the staff's day: orders opened all the time, pages changed at noon by somebody else and never in between."""
    dice = Random(f"{case}/staff")
    for hour in (9, 10, 13, 14, 15, 16):
        yield Hit(moment(day, f"{hour:02d}:00:05"), OFFICE, "POST", f"{ADMIN}/login", 302)
        for number in range(22):
            at = moment(day, f"{hour:02d}:01:00") + timedelta(seconds=number * 150 + dice.randrange(100))
            order = FIRST_ORDER + dice.randrange(ORDERS)
            yield Hit(at, OFFICE, "GET", f"{ADMIN}/order?page_no={number}", 200)
            yield Hit(
                at + timedelta(seconds=4),
                OFFICE,
                "GET",
                f"{ADMIN}/order/{order}/edit",
                200,
                f"https://{SHOP}{ADMIN}/order",
            )
            yield Hit(at + timedelta(seconds=22), OFFICE, "POST", f"{ADMIN}/order/{order}/edit", 302)
    for minute, uri in (
        (4, "content/page/3/edit"),
        (9, "content/block/7/edit"),
        (21, "content/css"),
        (33, "content/js"),
    ):
        at = moment(day, f"12:{minute:02d}:00")
        yield Hit(at, MAINTAINER, "GET", f"{ADMIN}/{uri}", 200)
        yield Hit(at + timedelta(minutes=3), MAINTAINER, "POST", f"{ADMIN}/{uri}", 302)


def log(hits: list[Hit]) -> tuple[bytes, dict[str, list[int]]]:
    """Write an access log in time order, and tell the line numbers of marked requests."""
    listed = sorted(hits, key=lambda hit: hit.at)
    marked: dict[str, list[int]] = {}
    for number, hit in enumerate(listed, 1):
        if hit.mark:
            marked.setdefault(hit.mark, []).append(number)
    return "".join(f"{hit.line}\n" for hit in listed).encode(), marked


def reports(case: str, day: date) -> list[dict[str, object]]:
    """Give a day of policy reports: what customers' browser extensions and old pages ask for."""
    dice = Random(f"{case}/reports")
    blocked = (
        ("inline", "style-src-attr"),
        ("https://toolbar.example/inject.css", "style-src-elem"),
        ("https://analytics.example/analytics.js", "script-src-elem"),
        (f"https://static.{SHOP}/old.js", "script-src-elem"),
        ("data", "font-src"),
    )
    found = []
    for _ in range(REPORTS):
        at = moment(day, "00:01:00") + timedelta(seconds=dice.randrange(86_000))
        uri, directive = dice.choice(blocked)
        page, client = dice.randrange(300), f"198.51.100.{dice.randrange(70, 250)}"
        found.append(report(at, f"https://{SHOP}/products/detail/{page}", uri, directive, client))
    return found


def report(at: datetime, document: str, blocked: str, directive: str, client: str) -> dict[str, object]:
    """Give one report as a collector notes it."""
    inside = {
        "document-uri": document,
        "blocked-uri": blocked,
        "effective-directive": directive,
        "disposition": "enforce",
    }
    return {"time": at.isoformat(), "client_ip": client, "csp-report": inside}


def report_lines(listed: list[dict[str, object]]) -> bytes:
    """Write reports one a line, in time order."""
    return "".join(
        f"{json.dumps(one, ensure_ascii=False)}\n" for one in sorted(listed, key=lambda one: str(one["time"]))
    ).encode()


def order_mail(case: str, order: Order) -> Mail:
    """Give the mail that tells the shop of an order.

    Source: the fields of EC-CUBE's template of order mails.
    """
    text = f"""{order.family} {order.given} 様

この度はご注文いただき誠にありがとうございます。

ご注文日時：{order.at:%Y/%m/%d %H:%M:%S}
ご注文番号：A-{order.number}
お支払い合計：{order.total:,} 円

お名前　：{order.family} {order.given} 様
会社名　：{order.company}
住所　　：{order.prefecture}{order.town}{order.rest}
電話番号：{order.cells[9]}
備考　　：{order.remark}

青空茶舗"""
    return Mail(
        case=case,
        key=f"order {order.number}",
        sender_name="青空茶舗",
        sender=f"order@{SHOP}",
        to=(f"staff@{SHOP}",),
        subject=f"[青空茶舗] ご注文ありがとうございます A-{order.number}",
        text=text,
        sent_at=order.at,
        relay=_SELF,
        mailer="EC shop",
    )
