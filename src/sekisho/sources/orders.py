"""Orders of a web shop as tables: EC-CUBE 2 to 4 (export and ``dtb_order``), WooCommerce, Shopify, Japanese malls.

Source: EC-CUBE, ``dtb_csv`` of versions 2.13 and 4 (names of the order export) and ``dtb_order``; WooCommerce, "Import
and Export of WooCommerce Orders" (column headings); Shopify help, "Exporting orders" (orders CSV); Rakuten RMS and
Yahoo! shopping, order downloads.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._packed import peek
from sekisho.sources.delimited import (
    DELIMITERS,
    HEAD_BYTES,
    MAX_COLUMNS,
    SAMPLE_ROWS,
    Layout,
    decode,
    read_as,
    readable,
    unique,
)
from sekisho.sources.json_stream import as_utf8

MAX_NAME_CHARS = 100
_BETWEEN = re.compile(r"[\s_()（）・.:：\-]+")
ORDER = frozenset(
    "orderid orderno ordernumber ordernumberformatted 注文id 注文番号 受注id 受注番号 受注no 注文no 注文コード 伝票番号"
    " lineitemname financialstatus".split()
)
"""One of these names an order, written without what lies between words."""
CUSTOMER = frozenset(
    "ordername01 orderaddr01 name01 addr01 companyname ordercompanyname billingfirstname billinglastname billingname"
    " billingaddress1 billingcompany shippingname shippingaddress1 shippingaddressindex customernote customeremail"
    " お名前姓 お名前名 お名前 氏名 会社名 住所 住所1 住所2 都道府県 都道府県名称 市区町村 郵便番号 メールアドレス"
    " 注文者名 注文者氏名 注文者住所 注文者住所1 送付先氏名 送付先住所 お届け先住所 お届け先氏名 配送先住所1"
    " 配送先お名前姓 購入者名 購入者住所 注文者名字 注文者郵便番号 shipname billname shipaddress1 billaddress1".split()
)
"""Two of these name who ordered."""


def recognise(head: bytes, path: Path) -> bool:
    """Tell a table of orders by its column names: one of ORDER and two of CUSTOMER."""
    return layout_of(head) is not None


@lru_cache(maxsize=1)
def layout_of(head: bytes) -> Layout | None:
    """Give the layout of a table of orders, None for anything else."""
    text = b"".join(as_utf8([peek(head)[:HEAD_BYTES]]))
    if not text or text[0] in b"{[<" or b"\0" in text.partition(b"\n")[0]:
        return None
    newline = "\n" if b"\n" in text else "\r"
    lines = decode(text).split(newline)
    if len(text) >= HEAD_BYTES - 2:
        lines.pop()  # it may be cut
    at = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    for delimiter in DELIMITERS if lines[at:] else ():
        rows = readable(csv.reader((f"{line}\n" for line in lines[at:]), delimiter=delimiter))
        header = [name.strip() for name in next(rows, [])]
        if _names_orders(header) and any(len(row) == len(header) for row in islice(rows, SAMPLE_ROWS)):
            return Layout(delimiter, unique(header), at + 1, False, newline)
    return None


def _names_orders(header: list[str]) -> bool:
    if not 3 <= len(header) <= MAX_COLUMNS or any(len(name) > MAX_NAME_CHARS for name in header):
        return False
    folded = {_BETWEEN.sub("", name).lower() for name in header}
    return not folded.isdisjoint(ORDER) and len(folded & CUSTOMER) >= 2


@source("csv-orders", recognise=recognise, event_class="records")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    """Read every order, or every line of one, under the table's own column names.

    Yields:
        Rows and gaps as :func:`sekisho.sources.delimited.read` gives them: a cell that a customer wrote into, with
        delimiters, quotes or line breaks, stays one cell as long as the shop quoted it.

    Raises:
        SourceError: the file cannot be opened.
    """
    return read_as(path, layout_of)
