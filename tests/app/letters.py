"""Mails written for the tests: ordinary ones that must stay clean, and attacks that must not.

All are invented. Addresses are reserved ones, but where a mail speaks for a brand its real domain has to stand there.
Each is (name, sender, recipient, subject, extra headers, text, html); either text or html may be empty.
"""

from __future__ import annotations

from typing import NamedTuple

ME_EN, ME_JA = "alex@corp.example", "t.yamada@kaisha.example"


class Letter(NamedTuple):
    """One mail as data."""

    name: str
    sender: str
    recipient: str
    subject: str
    text: str = ""
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    locked: str = ""
    """Name of a text file in an attached ZIP that none of the mail's words opens."""


def authentic(domain: str) -> tuple[tuple[str, str], ...]:
    """Give the trace of a mail that its sender's own servers signed and sent."""
    return (
        ("Return-Path", f"<bounce@{domain}>"),
        (
            "Received",
            f"from mail.{domain} (mail.{domain} [198.51.100.7]) by mx.corp.example; Mon, 12 Feb 2024 09:00:03 +0900",
        ),
        (
            "Authentication-Results",
            f"mx.corp.example; spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}",
        ),
        ("Message-ID", f"<20240212.1@{domain}>"),
    )


def page(body: str, title: str = "") -> str:
    """Give a small page as mail programs of today write it."""
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{title}</title><style>p{{font-size:14px}}</style></head>"
        f"<body><table width='600'><tr><td>{body}</td></tr></table></body></html>"
    )


ORDINARY = (
    Letter(
        "newsletter with social footer",
        "Garden Weekly <news@garden-weekly.example>",
        ME_EN,
        "10 plants that survive any winter",
        html=page(
            "<h1>Ten plants for winter</h1><p>Dear reader, our editors picked the plants you should not miss this season.</p>"
            "<p><a href='https://garden-weekly.example/plants?utm_source=mail'>Read more</a></p>"
            "<p>Follow us on <a href='https://www.facebook.com/gardenweekly'>Facebook</a>, <a href='https://www.instagram.com/gardenweekly'>Instagram</a>"
            " and <a href='https://twitter.com/gardenweekly'>Twitter</a>.</p>"
            "<p><a href='https://garden-weekly.example/unsubscribe?id=88'>Unsubscribe</a> or <a href='https://garden-weekly.example/preferences'>update your preferences</a>.</p>"
            "<img src='https://garden-weekly.example/open.gif' width='1' height='1'>"
        ),
        headers=(
            *authentic("garden-weekly.example"),
            ("List-Unsubscribe", "<https://garden-weekly.example/unsubscribe?id=88>"),
        ),
    ),
    Letter(
        "newsletter through a mail service's click tracker",
        "Bike Store <hello@bikestore.example>",
        ME_EN,
        "Spring sale: 20% off until Sunday!",
        html=page(
            "<p>Hi Alex,</p><p>Our spring sale ends Sunday. Don't miss out: 20% off all road bikes.</p>"
            "<p><a href='https://click.mailservice.example/ls/click?upn=u001.abcDEF1234567890'>Shop now</a></p>"
            "<p>Visit <a href='https://click.mailservice.example/ls/click?upn=u001.zzz999'>our store</a> today. You receive this because you bought from us.</p>"
            "<p><a href='https://click.mailservice.example/wf/unsubscribe?upn=u001.q'>Unsubscribe</a></p>"
        ),
        headers=authentic("bikestore.example"),
    ),
    Letter(
        "password reset that was asked for",
        "Wiki <no-reply@wiki.example>",
        ME_EN,
        "Reset your password",
        html=page(
            "<p>Hello alex,</p><p>Someone (hopefully you) asked to reset the password of your account. The link is valid for 24 hours.</p>"
            "<p><a href='https://wiki.example/reset?token=6f1ed002ab5595859014ebf0951522d9'>Reset password</a></p>"
            "<p>If you did not ask for this, you can ignore this mail; your password stays as it is.</p>"
        ),
        headers=authentic("wiki.example"),
    ),
    Letter(
        "sign-in notice of a real service",
        "Google <no-reply@accounts.google.com>",
        ME_EN,
        "Security alert",
        html=page(
            "<p>A new sign-in on Windows</p><p>alex@corp.example</p><p>We noticed a new sign-in to your Google Account on a Windows device. If this was you, you don't need to do anything. If not, we'll help you secure your account.</p>"
            "<p><a href='https://accounts.google.com/AccountChooser?Email=alex@corp.example&continue=https://myaccount.google.com/alert/nt/1'>Check activity</a></p>"
        ),
        headers=authentic("accounts.google.com"),
    ),
    Letter(
        "file shared by a colleague",
        "Chris Example (via Google Drive) <drive-shares-dm-noreply@google.com>",
        ME_EN,
        'Document shared with you: "Budget 2024"',
        html=page(
            "<p>chris@corp.example has invited you to edit the following spreadsheet: Budget 2024</p><p><a href='https://docs.google.com/spreadsheets/d/1AbC/edit?usp=sharing_eil'>Open</a></p><p>Google LLC, Mountain View</p>"
        ),
        headers=authentic("google.com"),
    ),
    Letter(
        "invoice of a supplier",
        "Accounts <billing@papermill.example>",
        ME_EN,
        "Invoice 2024-0311",
        text="Dear Ms Example,\n\nplease find attached our invoice 2024-0311 for the delivery of 9 February over EUR 1,240.00.\nPayment is due within 30 days to the account you know.\nIf you have questions please call us at +49 30 901820.\n\nKind regards\nAccounts receivable, Paper Mill Ltd\n",
        headers=authentic("papermill.example"),
    ),
    Letter(
        "order confirmation",
        "Book Shop <orders@bookshop.example>",
        ME_EN,
        "Your order #10-4455 has been confirmed",
        html=page(
            "<p>Thank you for your order, Alex!</p><p>Order #10-4455, total $34.90, paid by Visa ending in 1111.</p><p><a href='https://www.bookshop.example/orders/10-4455'>View your order</a></p><p>Questions? Call 1-800-555-0142 or reply to this mail.</p>"
        ),
        headers=authentic("bookshop.example"),
    ),
    Letter(
        "shipping notice with the carrier's link",
        "Book Shop <orders@bookshop.example>",
        ME_EN,
        "Your package is on its way",
        html=page(
            "<p>Good news! Your order was handed to UPS today.</p><p>Track it here: <a href='https://www.ups.com/track?tracknum=1Z999AA10123456784'>1Z999AA10123456784</a></p>"
        ),
        headers=authentic("bookshop.example"),
    ),
    Letter(
        "subscription renewal by a small firm",
        "Cloud Notes <billing@cloudnotes.example>",
        ME_EN,
        "Your subscription will renew on March 1",
        text="Hi Alex,\n\nyour Cloud Notes Plus plan renews on March 1, 2024 for $48.00. No action is needed.\nTo change or cancel your plan, sign in at https://cloudnotes.example/account or write to support@cloudnotes.example.\n\nCloud Notes\n",
        headers=authentic("cloudnotes.example"),
    ),
    Letter(
        "colleague's reply in a thread",
        "Dana Example <dana@corp.example>",
        ME_EN,
        "Re: Meeting on Thursday",
        text="Works for me, see you at 10.\n\nDana\n\nOn Mon, Feb 12, 2024 at 9:12 AM Alex Example <alex@corp.example> wrote:\n> Can we move it to 10?\n> Alex\n",
        headers=(
            ("In-Reply-To", "<1@corp.example>"),
            ("References", "<1@corp.example>"),
            ("Message-ID", "<2@corp.example>"),
        ),
    ),
    Letter(
        "reply from a phone without thread headers",
        "Dana Example <dana@partner.example>",
        ME_EN,
        "Re: drawings",
        text="Will send them tonight. Sent from my phone\n",
        headers=authentic("partner.example"),
    ),
    Letter(
        "forwarded joke",
        "Sam Example <sam@friends.example>",
        ME_EN,
        "Fwd: Fwd: this is great",
        text="---------- Forwarded message ---------\nFrom: Kim <kim@friends.example>\nSubject: this is great\n\nWhy did the chicken cross the road? http://jokes.example/1\n",
        headers=authentic("friends.example"),
    ),
    Letter(
        "bounce",
        "Mail Delivery System <MAILER-DAEMON@mx.corp.example>",
        ME_EN,
        "Undelivered Mail Returned to Sender",
        text="This is the mail system at host mx.corp.example.\n\nI'm sorry to have to inform you that your message could not be delivered to one or more recipients. It's attached below.\n\n<nobody@partner.example>: host mx.partner.example[192.0.2.4] said: 550 5.1.1 User unknown (in reply to RCPT TO command)\n",
        headers=(("Auto-Submitted", "auto-replied"), ("Return-Path", "<>")),
    ),
    Letter(
        "mailbox nearly full, by one's own server",
        "Postmaster <postmaster@corp.example>",
        ME_EN,
        "Mailbox almost full",
        text="Your mailbox alex@corp.example is at 92 % of its quota of 10 GB. Please delete or archive old mail.\nThis is an automatic message.\n",
        headers=(("Message-ID", "<q@corp.example>"),),
    ),
    Letter(
        "out of office",
        "Dana Example <dana@partner.example>",
        ME_EN,
        "Automatic reply: drawings",
        text="I am out of the office until Monday. In urgent cases please call my colleague at 030 901820.\n",
        headers=(*authentic("partner.example"), ("Auto-Submitted", "auto-replied")),
    ),
    Letter(
        "mailing list about a product",
        "Kim via users <users@lists.project.example>",
        "users@lists.project.example",
        "[users] Microsoft Outlook shows the wrong charset",
        text="Hi,\n\nwe see that Microsoft Outlook ignores the charset of attachments. PayPal's notices show the same.\nSee https://bugs.project.example/1234 and http://192.0.2.8:8080/log.txt\n\n_______________________________________________\nusers mailing list\nhttps://lists.project.example/listinfo/users\n",
        headers=(
            *authentic("lists.project.example"),
            ("List-Id", "<users.lists.project.example>"),
            ("Reply-To", "users@lists.project.example"),
        ),
    ),
    Letter(
        "job application",
        "Robin Example <robin@freemail.example>",
        "jobs@corp.example",
        "Application for the position of accountant",
        text="Dear Sir or Madam,\n\nplease find attached my application and CV. I would be happy to hear from you: +44 20 7946 0958.\n\nYours faithfully\nRobin Example\n",
        headers=authentic("freemail.example"),
    ),
    Letter(
        "bank's monthly statement",
        "Example Bank <statements@examplebank.example>",
        ME_EN,
        "Your February statement is ready",
        html=page(
            "<p>Dear Alex Example,</p><p>your statement for the account ending in 4321 is now available in online banking. For your security we never ask for your password by e-mail. Please type our address into your browser to sign in.</p><p>Example Bank, 1 High Street</p>"
        ),
        headers=authentic("examplebank.example"),
    ),
    Letter(
        "two-factor code",
        "Bank <no-reply@examplebank.example>",
        ME_EN,
        "Your verification code: 123456",
        text="Your code is 123456. It expires in 10 minutes. Do not share it with anyone.\n",
        headers=authentic("examplebank.example"),
    ),
    Letter(
        "calendar reminder",
        "Calendar <calendar@corp.example>",
        ME_EN,
        "Reminder: Quarterly review at 14:00",
        text="Quarterly review\nToday 14:00 - 15:00\nRoom 3 or https://meet.corp.example/qr-2024\n",
        headers=(("Message-ID", "<c@corp.example>"),),
    ),
    Letter(
        "IT notice about planned work",
        "IT Service Desk <it@corp.example>",
        "all@corp.example",
        "Action required: update your client before Friday",
        text="Dear colleagues,\n\nplease update the mail client before Friday, otherwise you cannot send after the change of servers.\nInstructions: https://intranet.corp.example/mail\n\nIT Service Desk, ext. 4711\n",
        headers=(("Message-ID", "<i@corp.example>"),),
    ),
    Letter(
        "marketing with an exclamation and a prize draw",
        "Coffee Club <club@coffee.example>",
        ME_EN,
        "Win a year of free coffee!",
        html=page(
            "<p>Take part in our prize draw by 31 March. <a href='https://coffee.example/draw'>Enter now</a></p><p>Terms: coffee.example/terms. <a href='https://coffee.example/u'>Unsubscribe</a></p>"
        ),
        headers=authentic("coffee.example"),
    ),
    Letter(
        "ja: order confirmation",
        "ブックストア <order@books.example>",
        ME_JA,
        "【ご注文確認】ご注文ありがとうございます（注文番号：250-1234567）",
        text="山田 様\n\nこの度はご注文いただき、誠にありがとうございます。\n以下の内容で承りました。\n\n注文番号：250-1234567\n商品：入門書 1冊\n合計：2,420円（税込）\nお支払い方法：クレジットカード\n\nご注文の状況は下記よりご確認いただけます。\nhttps://books.example/orders/250-1234567\n\nお問い合わせ：0120-000-000（平日9時～18時）\n",
        headers=authentic("books.example"),
    ),
    Letter(
        "ja: delivery notice of the real carrier",
        "ヤマト運輸株式会社 <mail@kuronekoyamato.co.jp>",
        ME_JA,
        "お荷物お届けのお知らせ【受取の日時や場所をご指定ください】",
        text="山田様\n\nクロネコメンバーズのヤマト運輸からお荷物のお届けについてお知らせします。\nお届け予定日時：2月13日 14時～16時\n送り状番号：1234-5678-9012\n受取日時の変更は https://member.kms.kuronekoyamato.co.jp/parcel/detail?pno=123456789012\n",
        headers=authentic("kuronekoyamato.co.jp"),
    ),
    Letter(
        "ja: card statement of the real issuer",
        "三井住友カード <statement@vpass.ne.jp>",
        ME_JA,
        "お支払い金額のお知らせ",
        text="三井住友カードをご利用いただきありがとうございます。\n\n今回のお支払い金額が確定しました。\nVpassへログインのうえ、ご利用明細をご確認ください。\nhttps://www.smbc-card.com/mem/index.jsp\n\n※本メールは送信専用です。\n発行：三井住友カード株式会社\n",
        headers=authentic("vpass.ne.jp"),
    ),
    Letter(
        "ja: colleague asks",
        "佐藤 <sato@kaisha.example>",
        ME_JA,
        "Re: 見積書の件",
        text="山田さん\n\nお疲れ様です。佐藤です。\n見積書の件、承知しました。明日までに修正してお送りします。\n\nよろしくお願いいたします。\n\n> 山田です。\n> 金額の修正をお願いできますか。\n",
        headers=(
            ("In-Reply-To", "<a1@kaisha.example>"),
            ("References", "<a1@kaisha.example>"),
            ("Message-ID", "<a2@kaisha.example>"),
        ),
    ),
    Letter(
        "ja: PPAP, zip first and password after",
        "鈴木 <suzuki@torihiki.example>",
        ME_JA,
        "【パスワード通知】お見積書送付の件",
        text="株式会社カイシャ\n山田様\n\nいつもお世話になっております。トリヒキの鈴木です。\n先ほどお送りした添付ファイルのパスワードをお知らせします。\n\nパスワード：mitsumori0212\n\nよろしくお願いいたします。\n",
        headers=authentic("torihiki.example"),
    ),
    Letter(
        "ja: invoice of a partner",
        "経理担当 <keiri@torihiki.example>",
        ME_JA,
        "2月分ご請求書送付のご案内",
        text="株式会社カイシャ\nご担当者様\n\n平素より大変お世話になっております。\n2月分の請求書をお送りいたします。\nお支払期限は3月31日となっております。お振込先は請求書に記載の口座をご確認ください。\n\nご不明な点は 03-0000-0000 までお問い合わせください。\n",
        headers=authentic("torihiki.example"),
    ),
    Letter(
        "ja: newsletter",
        "旅の窓 <mag@tabi.example>",
        ME_JA,
        "【本日まで】春の温泉宿セール最大30％OFF！",
        html=page(
            "<p>いつもご利用ありがとうございます。</p><p>春の温泉宿セールは本日23:59まで。お早めにご予約ください。</p><p><a href='https://tabi.example/sale'>今すぐ予約する</a></p><p><a href='https://tabi.example/stop'>配信停止はこちら</a></p>"
        ),
        headers=authentic("tabi.example"),
    ),
    Letter(
        "ja: password reset that was asked for",
        "会員サイト <noreply@members.example>",
        ME_JA,
        "パスワード再設定のご案内",
        text="会員サイトをご利用いただきありがとうございます。\n\nパスワード再設定のお申し込みを受け付けました。\n下記URLより24時間以内に再設定してください。\nhttps://members.example/reset/9f8e7d\n\nお心当たりのない場合は本メールを破棄してください。\n",
        headers=authentic("members.example"),
    ),
    Letter(
        "ja: internal security notice that names phishing",
        "情報システム部 <infosec@kaisha.example>",
        "all@kaisha.example",
        "【注意喚起】Amazonや銀行をかたるフィッシングメールについて",
        text="各位\n\n情報システム部です。\nAmazon、三井住友カード、国税庁をかたるフィッシングメールが増えています。\n「アカウントが停止されました」「至急ご確認ください」といった件名のメールのリンクはクリックしないでください。\n不審なメールを受け取ったら infosec@kaisha.example まで転送してください。\n",
        headers=(("Message-ID", "<s@kaisha.example>"),),
    ),
    Letter(
        "ja: real tax office mail",
        "e-Tax <info@e-tax.nta.go.jp>",
        ME_JA,
        "税務署からのお知らせ【メッセージボックスの内容確認について】",
        text="山田太郎 様\n\n税務署からお知らせします。\nメッセージボックスに、申告に関するお知らせを格納しました。\ne-Taxホームページからログインしてご確認ください。\nhttps://www.e-tax.nta.go.jp/\n\n発行元：国税庁\n",
        headers=authentic("e-tax.nta.go.jp"),
    ),
    Letter(
        "ja: seminar",
        "セミナー事務局 <seminar@event.example>",
        ME_JA,
        "【再送】DXセミナー開催のご案内（参加無料）",
        html=page(
            "<p>平素よりお世話になっております。</p><p>下記のとおりセミナーを開催いたします。お申し込みはこちらから。</p><p><a href='https://event.example/dx?c=77'>お申し込み</a></p>"
        ),
        headers=authentic("event.example"),
    ),
    Letter(
        "ja: bounce",
        "Mail Delivery Subsystem <mailer-daemon@kaisha.example>",
        ME_JA,
        "Returned mail: see transcript for details",
        text="   ----- The following addresses had permanent fatal errors -----\n<nobody@torihiki.example>\n    (reason: 550 5.1.1 <nobody@torihiki.example>... User unknown)\n",
        headers=(("Auto-Submitted", "auto-generated"), ("Return-Path", "<>")),
    ),
    Letter(
        "ja: online meeting",
        "Zoom <no-reply@zoom.us>",
        ME_JA,
        "佐藤さんがあなたをミーティングに招待しています",
        text="佐藤さんがあなたを予約されたZoomミーティングに招待しています。\n\n参加 Zoom ミーティング\nhttps://us02web.zoom.us/j/81234567890?pwd=abcDEF\n\nミーティングID: 812 3456 7890\nパスコード: 123456\n",
        headers=authentic("zoom.us"),
    ),
)

HOSTILE = (
    Letter(
        "credential phishing for a mailbox",
        "Mail Administrator <admin@updates-center.example>",
        ME_EN,
        "Your password expires today",
        html=page(
            "<p>Dear alex@corp.example,</p><p>Your password will expire in 24 hours. To avoid losing access to your mailbox, keep your current password below.</p><p><a href='https://mail-verify.weebly.com/?e=alex@corp.example'>Keep my password</a></p><p>corp.example IT Support</p>"
        ),
    ),
    Letter(
        "quarantine notice",
        "corp.example Mail Server <noreply@notify-box.example>",
        ME_EN,
        "[Action Required] 6 messages on hold for alex@corp.example",
        html=page(
            "<p>You have 6 undelivered messages held in quarantine. They will be deleted permanently within 48 hours.</p><p><a href='https://storage.googleapis.com/hold-release/index.html#alex@corp.example'>Release messages</a></p>"
        ),
    ),
    Letter(
        "Microsoft account",
        "Microsoft account team <no-reply@access-accsecurity.example>",
        ME_EN,
        "Microsoft account unusual sign-in activity",
        html=page(
            "<p>Unusual sign-in activity</p><p>We detected something unusual about a recent sign-in to the Microsoft account al***@corp.example.</p><p>Country/region: Russia/Moscow</p><p><a href='mailto:report@freemail.example?subject=unusual'>Report The User</a> <a href='https://ms-account-review.example/'>Review recent activity</a></p><p>The Microsoft account team</p>"
        ),
    ),
    Letter(
        "PayPal limited",
        "PayPal Service <service@pp-resolution.example>",
        ME_EN,
        "Your account has been limited",
        html=page(
            "<p>Dear customer,</p><p>We noticed unusual activity on your PayPal account and have limited it until you confirm your information.</p><p><a href='http://203.0.113.9/~paypal/login.php'>https://www.paypal.com/confirm</a></p><p>If you do not verify your account within 24 hours it will be permanently suspended.</p>"
        ),
    ),
    Letter(
        "parcel fee",
        "USPS Delivery <track@parcel-info.example>",
        ME_EN,
        "Your package could not be delivered",
        html=page(
            "<p>Dear customer, your parcel US9514961195221 is pending due to an unpaid customs fee of $2.99. Please confirm your address and pay within 48 hours, or it will be returned.</p><p><a href='https://usps-redelivery.top/pay'>Schedule delivery</a></p>"
        ),
    ),
    Letter(
        "callback, antivirus",
        "Billing Team <q8812@freemail.example>",
        ME_EN,
        "Order confirmation NT-88120934",
        text="Dear Customer,\n\nThank you for choosing Norton. Your subscription has been renewed for 3 years and $399.99 will be charged to your account within 24 hours.\n\nInvoice no: NT-88120934\nProduct: Norton 360 Total Protection\nAmount: $399.99\n\nIf you did not authorize this transaction or want to cancel and get a refund, call our support team at +1 (808) 555-0147 immediately.\n\nRegards,\nBilling department\n",
    ),
    Letter(
        "callback, Geek Squad with odd digits",
        "Geek Squad <renewal77@freemail.example>",
        ME_EN,
        "Your plan has been renewed",
        text="Hello User,\nYour GEEK SQUAD yearly plan was auto renewed today. Amt: USD 349.00. Customer ID: GS-55471209.\nThe amount will reflect in your bank statement in 24-48 hrs. To cancel the auto debit call us on 1 - 8 0 5 - 5 5 5 - O 1 7 3.\n",
    ),
    Letter(
        "callback, free trial (BazarCall)",
        "Medical Reminder Service <12814@etickets.example>",
        ME_EN,
        "Do you want to extend your free trial?",
        text="Your free period is about to end!\n\nThank you for trying our service. Your trial ends tomorrow and your card will be charged $90.00 for the premium plan.\nYour subscription number is KZ14890232. If you wish to cancel, please contact us by phone: +1 323 555 0149 (Mon-Fri).\n",
    ),
    Letter(
        "fund transfer from the boss (BEC)",
        "Pat Example <ceo.office@freemail.example>",
        ME_EN,
        "Urgent",
        text="Alex,\n\nAre you at your desk? I need you to process a wire transfer today. I am in a meeting and cannot take calls. Keep this confidential and reply with your mobile number as soon as you get this.\n\nPat Example\nChief Executive Officer\nSent from my iPhone\n",
        headers=(("Reply-To", "pat.example.ceo@othermail.example"),),
    ),
    Letter(
        "advance fee",
        "Mr. Barrister <barr.office@freemail.example>",
        ME_EN,
        "INHERITANCE FUND",
        text="Dear Beneficiary,\n\nI am a barrister to a late client who left the sum of US$10,500,000.00 (ten million five hundred thousand dollars) in a bank here without next of kin. I seek your consent to present you as the beneficiary. Reply with your full name, address, telephone number and occupation for further details. Treat as strictly confidential.\n",
        headers=(("Reply-To", "barrister.chambers@othermail.example"),),
    ),
    Letter(
        "extortion",
        "You <alex@corp.example>",
        ME_EN,
        "Your account was hacked",
        text="I know your password. I infected your device with my private malware and recorded you through your webcam. Transfer $1400 in bitcoin to this wallet: bc1qexampleexampleexampleexampleexample00. You have 48 hours. If I don't receive the payment I will send the video to all your contacts.\n",
    ),
    Letter(
        "voicemail",
        "Voice Service <vm@voice-notify.example>",
        ME_EN,
        "New VoiceMail (00:47) from +1 (415) 555-0132",
        html=page(
            "<p>You received a new voice message.</p><p>Duration: 47 seconds</p><p><a href='https://alex-corp-voicemail.pages.dev/#YWxleEBjb3JwLmV4YW1wbGU='>Listen to voicemail</a></p><p>Office 365 Voice</p>"
        ),
    ),
    Letter(
        "shared document",
        "DocuSign Electronic Signature <dse@sign-doc.example>",
        ME_EN,
        "Please review and sign: Payment Agreement.pdf",
        html=page(
            "<p>Review Document</p><p>You have received a document to review and sign through DocuSign.</p><p><a href='https://bit.ly/3xYzAbC'>REVIEW DOCUMENT</a></p><p>Do not share this email.</p>"
        ),
    ),
    Letter(
        "wallet",
        "MetaMask Support <support@mm-kyc.example>",
        ME_EN,
        "Verify your MetaMask wallet",
        html=page(
            "<p>Dear user, due to new KYC regulations your wallet will be suspended on 15 February. Verify your wallet and enter your secret recovery phrase to keep access.</p><p><a href='https://metamask-verify.web.app/'>Verify my wallet</a></p>"
        ),
    ),
    Letter(
        "gift card",
        "Costco Rewards <promo@rewards-mail.example>",
        ME_EN,
        "Congratulations! You have been selected",
        html=page(
            "<p>Congratulations alex! You are one of our lucky winners and have been chosen to receive a $500 Costco gift card. Answer a short survey to claim your reward. This offer expires today.</p><p><a href='http://track.rewards-mail.example/cl/1_md/22/333/4/5/6'>CLAIM NOW</a></p>"
        ),
    ),
    Letter(
        "hijacked thread with a zip link",
        "Dana Example <reservation@hotel.example>",
        ME_EN,
        "Re: drawings for the bridge",
        text="Hello,\n\nplease see the document: http://aayom.example/etiste/quasnam-4966787\n\nPassword: W4ALLD\n\n-----Original Message-----\nFrom: Alex Example <alex@corp.example>\nSent: Tuesday, November 9, 2021 10:12 AM\nTo: Dana Example <dana@partner.example>\nSubject: drawings for the bridge\n\nDear Dana, could you send me the drawings?\n",
    ),
    Letter(
        "ja: Amazon",
        "Amazon.co.jp <account-update@amaz-on-jp.example>",
        ME_JA,
        "【重要】Amazonアカウントの利用制限に関するお知らせ",
        html=page(
            "<p>お客様</p><p>お客様のAmazonアカウントで異常なログインが検出されたため、アカウントの利用を一時的に制限しました。</p><p>24時間以内にご確認いただけない場合、アカウントは永久に停止されます。</p><p><a href='https://amazon-co-jp.account-check.cn/signin'>ログインはこちら</a></p><p>Amazon.co.jp カスタマーサービス</p>"
        ),
    ),
    Letter(
        "ja: card issuer",
        "三井住友カード <info@smbc-card-vp.example>",
        ME_JA,
        "【三井住友カード】ご利用確認のお願い",
        html=page(
            "<p>いつも三井住友カードをご利用いただきありがとうございます。</p><p>本人様のご利用かどうかを確認させていただきたいお取引がありましたので、カードのご利用を一部制限させていただいております。</p><p>至急、下記よりご確認をお願いいたします。</p><p><a href='https://smbc-card.vpass-login.top/'>ご利用確認はこちら</a></p>"
        ),
    ),
    Letter(
        "ja: ETC",
        "ETC利用照会サービス <etc@etc-meisai-service.example>",
        ME_JA,
        "ETCサービスをご利用のお客様",
        text="ETCサービスは無効になりました。\n引き続きサービスをご利用いただきたい場合は、下記リンクより詳細をご確認ください。\n\nhttps://www.etc-meisai.jp.login-etc.example/\n\n※24時間以内に更新がない場合、お客様のアカウントは解約となります。\n",
    ),
    Letter(
        "ja: tax office",
        "国税庁 <info@nta-gojp.example>",
        ME_JA,
        "税務署からのお知らせ【未払い税金のお支払い】",
        text="e-Taxをご利用いただきありがとうございます。\nあなたの所得税（または延滞金（法律により計算した客））について、これまで自主的に納付されるよう催促してきましたが、まだ納付されておりません。\n最終期限までに納付がない場合は、不動産、自動車などの財産の差押処分に着手致します。\n納税確認番号：****3182\n滞納金合計：50000円\nお支払いへ⇒ https://nta-pay.example.duckdns.org/\n",
    ),
    Letter(
        "ja: parcel",
        "日本郵便 <post@jp-post-info.example>",
        ME_JA,
        "荷物の配達ができませんでした",
        text="お客様\n\nお荷物をお届けに上がりましたが、宛先不明の為持ち帰りました。\n配送先住所の確認と手数料のお支払いをお願いします。\nhttps://jppost-re.duckdns.org\n48時間以内に手続きがない場合は返送されます。\n",
    ),
    Letter(
        "ja: mailbox",
        "メール管理者 <admin@mail-kanri.example>",
        ME_JA,
        "メールボックスの容量が上限に達しました",
        html=page(
            "<p>t.yamada@kaisha.example 様</p><p>お使いのメールボックスの容量が上限を超えたため、新しいメールを受信できません。本日中にアカウントを更新してください。</p><p><a href='https://kaisha-mail.weebly.com/'>アカウントを更新する</a></p>"
        ),
    ),
    Letter(
        "ja: callback",
        "サポートセンター <billing@freemail.example>",
        ME_JA,
        "自動更新のお知らせ",
        text="お客様\n\nノートン360の年間契約が自動更新され、39,800円が24時間以内に引き落とされます。\n契約番号：NT-5520981\n身に覚えがない場合やキャンセルをご希望の場合は、下記サポートセンターまで至急お電話ください。\n電話番号：０５０－０００－１２３４\n",
    ),
    Letter(
        "ja: hijacked thread with a password zip",
        "佐藤 <info@restaurant.example>",
        ME_JA,
        "RE: 見積書の件",
        text="お世話になっております。\n添付ファイルをご確認ください。\n\n解凍パスワード：8273\n\n差出人: 山田 <t.yamada@kaisha.example>\n送信日時: 2022年2月1日 10:12\n宛先: 佐藤 <sato@torihiki.example>\n件名: 見積書の件\n\n山田です。金額の修正をお願いできますか。\n",
        locked="見積書.xlsm",
    ),
    Letter(
        "ja: executive asks for a group chat",
        "山本 太郎 <ceo.yamamoto77@outlook.example>",
        ME_JA,
        "業務連絡",
        text="お疲れ様です。\n新しいプロジェクトのため、LINEの業務グループを作成し、QRコードをこのメールに返信してください。\n他の社員には内密にお願いします。\n\n代表取締役 山本 太郎\n",
    ),
)
