"""Honest mail of this decade, read whole: no rule about lures, links, brands, calls or threads above ``low`` matches it."""

from pathlib import Path

import pytest
import yaml

from sekisho.app.examine import analyse
from sekisho.detect.rules import load
from sekisho.model.artifact import Artifact
from sekisho.model.limits import DEFAULT
from sekisho.normalize import artifacts, mail

ROOT = Path(__file__).parents[2]
OURS = ("brand_", "link_", "lure_", "page_", "text_", "callback_", "thread_")
PATHS = [path for path in sorted((ROOT / "rules" / "mail").glob("*.yml")) if path.stem.startswith(OURS)]
NAMES = {yaml.safe_load(path.read_text())["id"]: path.stem for path in PATHS}
RULES = load([(str(path), path.read_text()) for path in PATHS])


def matched(source):
    """Give the names of rules above low that match a mail."""
    tree, queue = [], [Artifact("m.eml", source.encode(), "m.eml")]
    while queue:
        examined = analyse(queue.pop(0), DEFAULT)
        tree.append(examined.analysis)
        queue += examined.children
    events = artifacts.events(mail.with_facts(tree), "m.eml")
    return {NAMES[finding.rule_id]: finding.level for event in events for finding in RULES.match(event)}


def letter(sender, subject, body, kind="plain", to="taro.yamada@victim.example", extra=""):
    return (
        f"From: {sender}\nTo: {to}\nSubject: {subject}\nDate: Fri, 27 Nov 2026 10:00:00 +0900\n{extra}"
        f"MIME-Version: 1.0\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{body}"
    )


def page(*paragraphs):
    return (
        "<html><head><title>News</title></head><body>"
        + "".join(f"<p>{one}</p>" for one in paragraphs)
        + "</body></html>"
    )


SOCIAL = (
    "<a href='https://www.facebook.com/shop'><img alt='Facebook' src='https://cdn.shop.example/fb.png'></a>"
    "<a href='https://www.instagram.com/shop'><img alt='Instagram' src='https://cdn.shop.example/ig.png'></a>"
    "<a href='https://x.com/shop'><img alt='Twitter' src='https://cdn.shop.example/x.png'></a>"
)
BENIGN = {
    "company": letter("山田 <yamada@sample.example>", "Re: 見積の件", "お世話になっております。株式会社サンプルの山田です。\nお見積書を添付いたします。ご査収のほどよろしくお願いいたします。"),
    "invoice_ja": letter("経理部 <keiri@sample.example>", "【株式会社サンプル】11月分ご請求書送付のご案内", "平素より格別のご高配を賜り厚く御礼申し上げます。11月分のご請求書を添付にてお送りいたします。お支払い期限は12月末日です。ご不明な点は 03-0000-1234 までお問い合わせください。"),
    "delivery_ja": letter("サンプル通販 <order@shop.example>", "【サンプル通販】商品発送のお知らせ", "ご注文の商品を発送いたしました。お届け予定日: 11月29日\n配送会社: ヤマト運輸\n追跡番号: 0000-0000-0000\nhttps://www.shop.example/orders/1042\nhttps://toi.kuronekoyamato.co.jp/cgi-bin/tneko"),
    "yamato": letter("ヤマト運輸 <mail@kuronekoyamato.co.jp>", "お荷物お届けのお知らせ", "クロネコメンバーズのヤマト運輸よりお荷物のお届け予定をご連絡します。ご不在の場合は再配達をご依頼ください。\nhttps://cmypage.kuronekoyamato.co.jp/portal/entrance"),
    "card_ja": letter("三井住友カード <mail@contact.vpass.ne.jp>", "ご利用のお知らせ【三井住友カード】", "いつも三井住友カードをご利用頂きありがとうございます。お客様のカードご利用内容をお知らせいたします。\nご利用金額: 3,980円\nhttps://www.smbc-card.com/mem/index.jsp"),
    "rakuten": letter("楽天市場 <order@rakuten.co.jp>", "【楽天】注文内容ご確認（自動配信メール）", "この度は楽天市場内のショップをご利用いただきありがとうございます。ご注文内容をご確認ください。\nhttps://order.my.rakuten.co.jp/"),
    "amazon_ja": letter("\"Amazon.co.jp\" <shipment-tracking@amazon.co.jp>", "ご注文の発送", page("Amazon.co.jp をご利用いただき、ありがとうございます。お客様のご注文を発送いたしました。", "<a href='https://www.amazon.co.jp/gp/css/order-details'>注文の詳細</a>"), "html"),
    "magazine_ja": letter("サンプル書店 <news@books.example>", "【今週の新刊】ポイント2倍キャンペーン本日まで", page("会員様限定、ポイント2倍は本日まで。", "<a href='https://click.mail.books.example/x1'>新刊を見る</a>", "PayPay・楽天ペイ・Amazon Pay がご利用いただけます。", SOCIAL, "<a href='https://mail.books.example/optout?m=taro.yamada@victim.example'>配信停止はこちら</a>"), "html"),
    "reset_ja": letter("サンプルサービス <no-reply@service.example>", "パスワード再設定のご案内", "パスワード再設定の手続きを受け付けました。30分以内に下記URLから再設定してください。お心当たりのない場合は本メールを破棄してください。\nhttps://www.service.example/reset/abcdef"),
    "bank_ja": letter("みずほ銀行 <info@mizuhobank.co.jp>", "【みずほ銀行】フィッシング詐欺にご注意ください", "みずほ銀行を装った不審なメールにご注意ください。当行がメールで暗証番号やパスワードをお聞きすることはありません。\nhttps://www.mizuhobank.co.jp/crime/index.html"),
    "etax": letter("国税庁 <info@e-tax.nta.go.jp>", "税務署からのお知らせ", "国税電子申告・納税システム（e-Tax）をご利用いただきありがとうございます。メッセージボックスをご確認ください。\nhttps://www.e-tax.nta.go.jp/"),
    "hr_ja": letter("人事部 <jinji@victim.example>", "年末調整書類の提出について（期限: 12月4日）", "社員各位\n年末調整の書類を12月4日までに提出してください。期限までに提出がない場合、ご自身での確定申告が必要となります。"),
    "meeting_ja": letter("鈴木 <suzuki@partner.example>", "Zoom会議のご案内", "来週の打ち合わせのURLをお送りします。\nhttps://us02web.zoom.us/j/00000000000\nパスコード: 123456"),
    "github": letter("GitHub <noreply@github.com>", "[GitHub] A new SSH key was added to your account", "The following SSH key was added to your account. If you believe this key was added in error, you can remove it:\nhttps://github.com/settings/keys"),
    "microsoft": letter("Microsoft account team <account-security-noreply@accountprotection.microsoft.com>", "Microsoft account unusual sign-in activity", page("Microsoft account", "Unusual sign-in activity", "We detected something unusual about a recent sign-in to the Microsoft account.", "<a href='https://account.live.com/activity'>Review recent activity</a>", "Thanks, The Microsoft account team"), "html"),
    "google": letter("Google <no-reply@accounts.google.com>", "Security alert", page("A new sign-in on Windows", "We noticed a new sign-in to your Google Account. If this was you, you don't need to do anything.", "<a href='https://accounts.google.com/AccountChooser'>Check activity</a>"), "html"),
    "drive": letter("\"Hanako (via Google Docs)\" <drive-shares-dm-noreply@google.com>", "Document shared with you: \"Minutes\"", page("Hanako has invited you to edit the following document: Minutes", "<a href='https://docs.google.com/document/d/abc/edit'>Open</a>"), "html"),
    "dropbox": letter("Dropbox <no-reply@dropbox.com>", "Hanako shared \"photos\" with you", page("Hi Taro, Hanako shared a folder with you.", "<a href='https://www.dropbox.com/l/scl/abc'>View folder</a>"), "html"),
    "paypal": letter("\"service@paypal.com\" <service@paypal.com>", "Receipt for your payment to Example Store", page("You sent a payment of $30.00 USD to Example Store. Transaction ID: 1AB23456CD789012E", "<a href='https://www.paypal.com/activity'>View details</a>", "If you did not authorize this, call 1-888-555-0143."), "html"),
    "newsletter": letter("Example Store <news@shop.example>", "Last chance: 30% off ends tonight", page("Hurry, sale ends tonight!", "<a href='https://click.e.shop.example/?qs=abc'>Shop now</a>", "Pay with PayPal, Apple Pay or Klarna.", SOCIAL, "<a href='https://click.e.shop.example/unsub?e=taro.yamada@victim.example'>Unsubscribe</a>"), "html"),
    "esp": letter("Example School <info@school.example>", "Open day on Saturday", page("Dear parents, please join us on Saturday.", "<a href='https://school.us1.list-manage.com/track/click?u=1'>www.school.example</a>", "<a href='https://forms.gle/abcdef'>Register here</a>"), "html"),
    "confirm": letter("Example App <hello@app.example>", "Confirm your email address", page("Thanks for signing up! Please confirm your email address to get started.", "<a href='https://u1.ct.sendgrid.net/ls/click?upn=abc'>Confirm email</a>", "This link expires in 24 hours."), "html"),
    "renewal": letter("Example Software <billing@software.example>", "Your subscription renews on December 1", "Hi Taro, your subscription will be renewed on December 1 for $49.00. Order number 88123456. To cancel or change it, sign in at https://www.software.example/account or call our support at 1-800-555-0143."),
    "overdue": letter("Accounts <accounts@supplier.example>", "Reminder: invoice 10442 is overdue", "Dear Taro, our invoice 10442 for $1,240.00 is now overdue. Please arrange payment this week. If you have any questions call me on 202-555-0143.\nKind regards, Anna"),
    "list": letter("Anna <anna@else.example>", "Re: [macs] Apple's new phone", "On Thu, 26 Nov 2026 at 09:00, Bob <bob@third.example> wrote:\n> Apple showed a phone.\nI like it, see https://news.example/apple", extra="List-Id: <macs.lists.example>\n"),
    "reply": letter("Hanako <hanako@partner.example>", "RE: quotation", "Thanks, looks good. Details at https://www.partner.example/x\n\nFrom: Taro <taro.yamada@victim.example>\nSent: Thursday, November 26, 2026 9:00 AM\nTo: Hanako <hanako@partner.example>\nSubject: quotation\n\nPlease find it attached."),
    "bounce": letter("Mail Delivery Subsystem <mailer-daemon@victim.example>", "Undelivered Mail Returned to Sender", "This is the mail system at host mx.victim.example. Your message could not be delivered to one or more recipients."),
    "quarantine": letter("Quarantine <quarantine@messaging.microsoft.com>", "Microsoft 365 security: You have messages in quarantine", page("Review these messages", "<a href='https://security.microsoft.com/quarantine'>Review message</a>"), "html"),
    "docusign": letter("\"Anna via Docusign\" <dse@docusign.net>", "Complete with Docusign: Contract", page("Anna sent you a document to review and sign.", "<a href='https://www.docusign.net/Signing/'>Review document</a>"), "html"),
    "travel": letter("Example Air <tickets@air.example>", "Your booking ABC123", page("Dear Mr Yamada, thank you for your booking.", "<a href='https://www.air.example/manage'>Manage booking</a>", "Hotels by Booking.com, cars by others.", "<a href='https://www.booking.com/index.html?aid=1'>Hotels</a>"), "html"),
    "charity": letter("Example Charity <news@charity.example>", "Your donation helps", page("Thanks to your donation of $20 we planted trees.", "<a href='https://www.charity.example/donate'>Donate again</a>"), "html"),
    "security_news": letter("Security News <news@security.example>", "Phishing wave against banks", page("Attackers ask victims to verify their account within 24 hours and threaten that it will be suspended. Never enter your password.", "<a href='https://www.security.example/a'>Read more</a>"), "html"),
}  # fmt: skip
TALKED_ABOUT = {"security_news": {"lure_credentials_pressure"}}
"""A text that quotes lures has their words: one medium reason is not a verdict."""


@pytest.mark.parametrize("name", BENIGN)
def test_honest_mail_has_no_reason_above_low(name):
    found = {rule for rule, level in matched(BENIGN[name]).items() if level not in ("low", "informational")}
    assert found <= TALKED_ABOUT.get(name, set())
