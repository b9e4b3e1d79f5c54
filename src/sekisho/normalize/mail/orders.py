"""Mails about orders: what a customer wrote into a form comes to the shop by mail as well, script and all.

Source: mission article 7 (Water Pamola): script in the address or company of an order; EC-CUBE's templates of order
mails, which put each field on a line behind its name; WooCommerce and Shopify, "New order" mails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.injection import Injection, find_injection
from sekisho.model.organisation import Organisation
from sekisho.normalize.mail import Mail, mail_facts

LINES = 3_000
LINE_CHARS = 4_000
MANY = 3
"""Names of fields that a mail about an order has at least: one of the order, two of the customer."""
_FIELD = re.compile(r"[\s\u3000■●◆◇▼・*\-\[【(]{0,12}([^:：\n]{1,30}?)[\s\u3000\])】]{0,8}[:：]\s?(.*)", re.DOTALL)
_BLANKS = re.compile(r"[\s\u3000]+")
ORDER = re.compile(
    r"(?:ご?注文|受注|オーダー)(?:番号|no\.?|id|日時?|内容)|order(?:number|no\.?|id|date|#)|お支払い?合計|合計金額|total",
    re.IGNORECASE,
)
CUSTOMER = re.compile(
    r"(?:ご?(?:注文|購入)者|お届け先|配送先|送付先)?(?:様)?(?:の)?(?:お?名前|氏名|お?なまえ|フリガナ|住所|ご住所|郵便番号|電話番号?|tel|メールアドレス|e-?mail"
    r"|会社名|法人名|備考|お問い?合わ?せ|ご?要望|配送備考)|(?:billing|shipping)?(?:name|address\d?|phone|company|email|zip|postcode|note)",
    re.IGNORECASE,
)


@mail_facts(
    "orders",
    features=(
        "order.mail",
        "order.script",
        "order.script_field",
        "order.script_text",
        "order.script_layers",
        "order.script_host",
    ),
)
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Tell a mail about an order by its fields, and script in any of its lines.

    Yields:
        ``order.mail``; where there is script, ``order.script`` (its kind, see
        :data:`sekisho.model.injection.KINDS`), ``order.script_field`` (name of the field, ``html`` for a body that runs
        script itself), ``order.script_text`` (decoded), ``order.script_layers`` and ``order.script_host`` (each).
    """
    lines = mail.text("body.text").split("\n")[:LINES]
    names = [_name(line) for line in lines]
    orders = {name for name in names if name and ORDER.fullmatch(name)}
    customers = {name for name in names if name and CUSTOMER.fullmatch(name)}
    if not orders or len(orders) + len(customers) < MANY or not customers:
        return
    yield Feature("order.mail", True)
    found, where = _script([mail.text("subject"), *lines], ["subject", *names])
    if found is not None:
        yield Feature("order.script", found.kind)
        yield Feature("order.script_field", where)
        yield Feature("order.script_text", found.text)
        yield from (Feature("order.script_layers", layer) for layer in found.layers)
        yield from (Feature("order.script_host", host) for host in found.hosts)
    elif any(body.first("html.script", False) for body in mail.bodies):
        yield Feature("order.script", "script")
        yield Feature("order.script_field", "html")


def _name(line: str) -> str:
    """Give the name of the field that a line begins with, without blanks; empty for any other line."""
    found = _FIELD.match(line[:LINE_CHARS])
    return _BLANKS.sub("", found[1]).lower() if found else ""


def _script(lines: list[str], names: list[str]) -> tuple[Injection | None, str]:
    """Give the first script in the lines, and the field it stands in: a field may go on for lines."""
    last = ""
    for line, name in zip(lines, names, strict=True):
        last = name or last
        value = _FIELD.match(line[:LINE_CHARS])
        for text in (value[2], line) if value and name else (line,):
            if (found := find_injection(text[:LINE_CHARS])) is not None:
                return found, last
    return None, ""
