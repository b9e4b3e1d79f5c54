"""Numbers in every spelling, charges that ask for a call, and invoices that do not."""

import random
import time

import pytest

from sekisho.analyzers.callback import CALLBACK_FEATURES, callback


def read(text, subject="Order confirmation", sender="someone@mail.example"):
    found = {}
    for feature in callback(subject, text, sender):
        assert feature.name in CALLBACK_FEATURES
        found.setdefault(feature.name.removeprefix("callback."), []).append(feature.value)
    return found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Call us at +1 (202) 555-0143 now", "+12025550143"),
        ("call 202-555-0143", "2025550143"),
        ("Call (202) 555.0143", "2025550143"),
        ("helpline 1.202.555.0143", "12025550143"),
        ("Toll free: +1 - 202 - 555 - 0143", "+12025550143"),
        ("call 2O2-555-O143", "2025550143"),
        ("dial 2 0 2 5 5 5 0 1 4 3", "2025550143"),
        ("Call ２０２−５５５−０１４３".replace("−", "-"), "2025550143"),
        ("Call 2️⃣0️⃣2️⃣-5️⃣5️⃣5️⃣-0️⃣1️⃣4️⃣3️⃣", "2025550143"),
        ("call two zero two five five five zero one four three", "2025550143"),
        ("call 2025550143", "2025550143"),
        ("call 202*555*0143", "2025550143"),
        ("お電話ください 0120-000-123", "0120000123"),
        ("サポートセンター 050-0000-1234", "05000001234"),
        ("電話 +81 3-0000-1234", "+81300001234"),
        ("Tel. +44 20 7946 0123", "+442079460123"),
    ],
)
def test_numbers(text, number):
    assert read(text)["phone"] == [number]


@pytest.mark.parametrize(
    "text",
    ["2026-11-28 10:15:30", "Order 20261128-000123", "192.0.2.15", "https://www.example.com/call/2025550143", "4111 1111 1111 1111 1111",
     "1,234,567,890", "no number at all", "call me at 5 pm", "tracking 1234567890123456", "00000000000", "version 10.0.19042.1645"],
)  # fmt: skip
def test_no_numbers(text):
    assert read(text) == {}


LURES = [
    "Dear customer, your Norton subscription has been renewed for $389.99. Invoice ID: NRT-2801-139. The amount will be debited "
    "within 24 hours. If you did not authorize this charge, call our helpline +1 (202) 555-0143 to cancel.",
    "Thank you for your order. Geek Squad total protection. Order No: GS8812345. $499.99 has been charged to your account. "
    "To cancel the subscription call 1 202 555 O143.",
    "Your free trial is about to end. You will be charged $89.99. Subscriber ID 10382911. To cancel call 202.555.0143.",
    "セキュリティソフトの自動更新が完了し、49,800円が引き落とされます。お客様番号: 88123456。"
    "お心当たりのない場合は24時間以内にサポートセンター 050-0000-1234 までお電話ください。",
]


@pytest.mark.parametrize("text", LURES)
def test_lures(text):
    assert read(text)["score"][0] >= 0.75


HONEST = [
    "Invoice 10442 for October: $1,240.00, due within 30 days. If you have any questions about it, call us at 202-555-0143.",
    "Hi Anna, I moved offices. My new number is (202) 555-0143. See you on Monday.",
    "株式会社サンプルの山田です。請求書をお送りいたします。ご不明な点は 03-0000-1234 までお問い合わせください。",
    "Your appointment is confirmed for Tuesday. To change it call 202-555-0143.",
    "ご注文ありがとうございます。注文番号: 12345678 合計 3,980円。お問い合わせ 0120-000-123 (平日9-17時)",
]


@pytest.mark.parametrize("text", HONEST)
def test_honest_mail_with_a_number(text):
    assert read(text)["score"][0] < 0.75


def test_where_it_comes_from_and_how_it_is_written():
    assert read(LURES[0], sender="a@gmail.com")["free_mail"] == [True]
    assert "free_mail" not in read(LURES[0])
    assert read(LURES[1])["disguised"] == [True]
    assert "disguised" not in read(LURES[0])


def test_any_text_is_cheap():
    dice = random.Random(2)
    pieces = [
        "1",
        "0",
        "+",
        "(",
        ")",
        "-",
        " ",
        "call ",
        "o",
        "two ",
        "$",
        "id ",
        "order ",
        "within ",
        "if you did not ",
        "2️⃣",
        "\n",
    ]
    began = time.process_time()
    for _ in range(100):
        read("".join(dice.choices(pieces, k=4_000)))
    for piece in pieces:
        read(piece * 8_000)
    assert time.process_time() - began < 4
