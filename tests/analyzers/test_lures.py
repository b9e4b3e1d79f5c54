"""What a text asks for: lures score, honest mail of the same topics stays low, hostile text stays cheap."""

import random
import time

import pytest

from sekisho.analyzers.lures import LURE_FEATURES, lures


def read(subject, text, recipients=("taro.yamada@victim.example",), sender=""):
    found = {}
    for feature in lures(subject, text, list(recipients), sender):
        assert feature.name in LURE_FEATURES
        found.setdefault(feature.name, []).append(feature.value)
    return found


def score(found, name):
    return found.get(f"lure.{name}", [0])[0]


@pytest.mark.parametrize(
    ("subject", "text", "theme"),
    [
        (
            "Your mailbox is full",
            "Your mailbox storage has exceeded the storage limit. Release messages now.",
            "mailbox",
        ),
        ("Unusual sign-in activity", "We noticed suspicious activity. Your account has been limited.", "account"),
        (
            "Your package could not be delivered",
            "Pay the customs fee to schedule redelivery of your parcel.",
            "delivery",
        ),
        ("Tax refund", "The Internal Revenue has calculated your tax refund for the last tax return.", "tax"),
        (
            "Beneficiary",
            "I am the next of kin of my late husband; the sum of 8 million dollars is yours.",
            "inheritance",
        ),
        ("Your secrets", "I hacked your device and have recorded you by your webcam. Send my bitcoin.", "extortion"),
        ("You have won", "Congratulations! You have been selected for a gift card. Claim now.", "prize"),
        ("Connect", "Validate your MetaMask wallet with the recovery phrase to claim the airdrop token.", "crypto"),
        ("ACH", "See the attached invoice, an unpaid invoice is past due. Remittance advice follows.", "invoice"),
        ("Bonus", "Human resources: salary increase and payroll direct deposit form.", "salary"),
        ("Shared", "Anna shared a document with you. Review and sign the secure document.", "document"),
        ("【重要】お荷物のお届けについて", "ご不在のため持ち帰りました。再配達をご依頼ください。住所不明", "delivery"),
        ("お支払い方法の更新", "アカウントの異常を検知しました。本人確認が必要です。", "account"),
        ("【三井住友カード】ご利用確認", "カードのご利用を一時的に制限しました。不正利用の可能性。", "bank"),
        ("未納の税金", "国税庁です。税金が滞納されています。差押えとなります。", "tax"),
        ("Ihr Paket", "Zustellung fehlgeschlagen, Sendung wartet.", "delivery"),
        ("Sua encomenda", "Seu pedido esta retido: taxa alfandegária pendente.", "delivery"),
    ],
)
def test_themes(subject, text, theme):
    found = read(subject, text)
    assert found["lure.theme"] == [theme]
    assert score(found, theme) >= 0.5
    assert found["lure.words"]


@pytest.mark.parametrize(
    "text",
    [
        "Please verify your account within 24 hours or it will be suspended.",
        "Your password will expire today. Enter your email and current password to keep same password immediately.",
        "24時間以内に本人確認を行わない場合、アカウントは停止されます。パスワードを入力してください。至急",
        "Confirme seus dados imediatamente: sua conta sera bloqueada. Atualize seus dados.",
    ],
)
def test_credentials_under_pressure(text):
    found = read("Notice", text)
    assert score(found, "credentials") >= 0.5
    assert score(found, "pressure") >= 0.5


HONEST = [
    (
        "会議の件",
        "お世話になっております。株式会社サンプルの山田です。来週の会議の資料を添付いたします。ご確認のほどよろしくお願いいたします。",
    ),
    (
        "発送完了のお知らせ",
        "ご注文いただいた商品を発送いたしました。お届け予定日は4月3日です。ご利用ありがとうございました。",
    ),
    (
        "11月分ご請求書",
        "平素より大変お世話になっております。11月分の請求書を添付いたします。お支払い期限は12月末日です。",
    ),
    (
        "カードご利用のお知らせ",
        "いつも当行カードをご利用いただきありがとうございます。ご利用日時、ご利用金額は下記の通りです。",
    ),
    ("メルマガ 11月号", "新商品のご案内、スタッフのおすすめ。配信停止はこちらからお手続きください。"),
    (
        "Minutes of Monday",
        "Hi all, here are the minutes. Please review the document before Friday and send me your comments.",
    ),
    (
        "Your November statement is ready",
        "Your statement is now available. Sign in at our website or app to see it. We never ask for your PIN by mail.",
    ),
    (
        "Reset your password",
        "Someone asked to reset the password of your account. If it was you, use the button. The link is valid for one hour.",
    ),
    (
        "Order 10442 has shipped",
        "Thanks for shopping with us. Your order is on its way and arrives on Thursday. Track it on our site.",
    ),
    (
        "Release 2.4",
        "This release fixes the validation of tokens, updates account details in the profile page and removes old passwords.",
    ),
]


@pytest.mark.parametrize(("subject", "text"), HONEST, ids=[subject for subject, _ in HONEST])
def test_honest_mail_stays_below_what_rules_ask_for(subject, text):
    found = read(subject, text)
    assert not (score(found, "credentials") >= 0.5 and score(found, "pressure") >= 0.5)
    assert score(found, "pressure") < 0.75
    assert max(score(found, name) for name in ("prize", "inheritance", "extortion", "crypto", "mailbox")) < 0.5
    assert score(found, "credentials") < 0.75


def test_words_count_only_as_words():
    assert "lure.words" not in read("", "Ethereal methods, the prebooked packages tour, counterclaims and sunsetting")
    assert "lure.crypto" not in read("", "ether method together")


def test_a_negated_promise_is_none():
    for text in ("You won't need it.", "You won\u2019t need it.", "Wonderful, you wont."):
        assert not score(read("Re: drive", text), "prize")
    assert score(read("", "You won! Call now."), "prize") >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "You are hereby notified that any review, use or copying of this e-mail and account data is forbidden.",
        "A secure place to keep database passwords is the system's key store.",
    ],
)
def test_adjectives_and_disclaimers_ask_for_nothing(text):
    assert not score(read("", text), "credentials")


@pytest.mark.parametrize(
    "text", ["Secure your account", "Please review your account", "To review the account, sign in"]
)
def test_the_same_words_as_requests_do(text):
    assert score(read("", text), "credentials") >= 0.5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Withdraw your 15,661$ today", "15,661$"),
        ("You hold $ 28.282", "$ 28.282"),
        ("USD 12,800,000 in a bank", "usd 12,800,000"),
        ("the sum of 8 million", "8 million"),
        ("0.7495 BTC are yours", "0.7495 btc"),
        ("500万円を進呈", "500万円"),
    ],
)
def test_large_sums(text, found):
    assert read("You have won", text)["lure.sum"] == [found]


def test_a_sum_on_a_bill_is_no_offer():
    assert "lure.sum" not in read("Invoice 17", "The total is $ 15,661. Please pay by Friday.")


def test_small_sums_and_other_numbers_are_none():
    for text in ("That is $ 12.50", "order 123456", "in 2024", "call 03-1234-5678", "300円"):
        assert "lure.sum" not in read("You have won", text)


def test_fields_that_a_mailing_program_left():
    for text in ("Dear %email%", "ref %rand9%", "Hi ##email##", "Hi [[-Email-]]", "Hi [-Email-]", "code [RANDOM_6]"):
        assert "text.placeholder" in read("", text)
        assert "text.placeholder" in read(text, "")
    for text in ("Hi {{first_name}}", "*|FNAME|*", "%%emailaddr%%", "100% email% of", "%PATH%", "[random]ly"):
        assert "text.placeholder" not in read("", text.replace("[random]", "[at random]"))


def test_filler_that_makes_each_copy_differ():
    run = "aB3" * 20
    assert read("", f"Confirm {run} now")["text.filler"] == [run]
    assert read("Release - 6NwlyfzWcsNerv0", "")["text.filler"] == ["6NwlyfzWcsNerv0"]
    for text in ("A" * 60, "1" * 60, "ab12" * 16, f"-----BEGIN PGP SIGNATURE-----\n{run}", f"{run}\n{run}+/{run}"):
        assert "text.filler" not in read("", text)
    assert "text.filler" not in read("", "\n".join([run] * 6))
    for subject in ("Your iPhone14ProMax", "Order 1A2345678901", "Invoice INV20240115001"):
        assert "text.filler" not in read(subject, "")


def test_disguised_words_are_read_and_named():
    found = read("Vеrify your аccount", "Your p\u200bassword ехpires")
    assert score(found, "credentials") > 0
    assert len(found["text.obfuscated"]) >= 2
    assert "text.obfuscated" not in read("Größe", "Eine naïve Frage, 東京")


def test_salutations():
    assert read("x", "Dear taro.yamada, your mailbox")["lure.greeting"] == ["address"]
    assert read("x", "Hello taro.yamada@victim.example!")["lure.greeting"] == ["address"]
    assert read("x", "Dear customer,")["lure.greeting"] == ["generic"]
    assert "lure.greeting" not in read("x", "Dear Hanako,")
    assert "lure.greeting" not in read("x", "Hi taro, lunch?", ("taro@victim.example",))


def test_the_recipient_in_the_subject():
    assert read("taro.yamada@victim.example password expired", "")["lure.address_in_subject"] == [True]
    assert "lure.address_in_subject" not in read("Password expired", "")


def test_a_sentence_ends_what_belongs_together():
    assert score(read("", "Please confirm. Account statements follow by post."), "credentials") == 0


def test_long_and_broken_text_is_cheap():
    dice = random.Random(11)
    pieces = [
        "verify ",
        "account ",
        "update",
        "\u200b",
        "確認",
        "アカウント",
        "\n",
        ". ",
        "dear ",
        "аbс",
        "@",
        "x" * 50,
    ]
    began = time.process_time()
    for _ in range(60):
        read("".join(dice.choices(pieces, k=20)), "".join(dice.choices(pieces, k=3_000)))
    read("verify account" * 100, "verify account " * 100_000)
    assert time.process_time() - began < 6
