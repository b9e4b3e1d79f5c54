"""Callback phishing: a charge nobody made, a number to call, and nothing a filter could open.

The number is read in any spelling that people dial: grouped, spaced, in full-width or keycap digits, with letters for
digits, in words. Neither a number nor a charge alone says anything: invoices have both.

Source: MITRE ATT&CK T1566.004 and T1598.004; the BazarCall mails of 2021 and the later ones in the name of security
software, as CISA, the FTC (renewal scams) and IPA (偽のサポート詐欺) describe them; E.164 for lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.folded import fold
from sekisho.model.hosting import FREE_MAIL

CALLBACK_FEATURES = (
    *("callback.phone", "callback.amount", "callback.id", "callback.charge", "callback.call", "callback.disguised"),
    *("callback.brand", "callback.free_mail", "callback.score"),
)
CHARS = 8_000
NEAR = 120
"""Characters around a number in which it is said what it is for."""
PHONES = 5

_RUN = re.compile(r"(?<![\w.@/=&?#-])[+(]{0,2}[\doil][\doil\s().*_~|/\u2010-\u2015\u30fc-]{6,34}[\doil](?![\w@])")
_SHAPE = re.compile(
    r"(?:\+?1\D{0,3})?\(?[2-9]\d{2}\D{1,3}\d{3}\D{1,3}\d{4}"  # North America, grouped
    r"|\+\d[\d\D]{8,30}"  # any country, with its code
    r"|0120\D{0,2}\d{3}\D{0,2}\d{3}|0(?:[5789]0|800)\D{0,2}\d{3,4}\D{0,2}\d{4}"
    r"|0\d{1,3}\D{1,2}\d{2,4}\D{1,2}\d{4}"  # Japan
    r"|0[1-9]\d{1,3}\D{1,2}\d{3,4}\D{0,2}\d{3,4}"  # Europe, national
    r"|1?[2-9]\d{9}"  # North America, in one run
)
_ONE_RUN = re.compile(r"1?[2-9]\d{9}")
_SPACED = re.compile(r"(?<!\w)(?:[\doil][ .\-*_]{1,3}){9,11}[\doil](?!\w)")
_DIGIT_WORDS = {
    **dict(zip("zero one two three four five six seven eight nine".split(), "0123456789", strict=True)),
    "oh": "0",
}
_IN_WORDS = re.compile(rf"\b(?:(?:{'|'.join(_DIGIT_WORDS)})[\s,.-]{{1,3}}){{6,14}}(?:{'|'.join(_DIGIT_WORDS)})\b")
_KEYCAP = re.compile("[\ufe0f\u20e3]")
_CALL = re.compile(
    r"\b(?:call|dial|phone|telephone|tel|helpline|helpdesk|help desk|toll[ -]?free|hotline|contact (?:us|our"
    r"|the|support)|speak|reach (?:us|out)"
    r"|support (?:number|team|at|line)|customer (?:care|service|support)|ring|llame|ligue|anrufen|appelez)\b"
    r"|電話|お問い合わせ|フリーダイヤル|サポートセンター|サポート窓口|ダイヤル|☎|📞"
)
_CHARGE = re.compile(
    r"\b(?:(?:has|have|had|will|was|is|been|be)(?: been| be)? (?:successfully )?(?:charged|debited|deducted"
    r"|renewed|billed|withdrawn|processed|placed)"
    r"|auto[ -]?(?:renew\w*|debit\w*|pay\w*)|renewal (?:of|charge|amount|date|confirmation)|subscription (?:has"
    r"|will|is|renew\w*|plan|was)|free (?:trial|period)"
    r"|membership (?:has|will|is|renew\w*)|charge of|amount debited|debited from|purchase of"
    r"|thank you for (?:your (?:purchase|order|payment|renew\w*|subscri\w*)|renew\w*|choosing|using our))"
    r"|自動更新|引き落と|請求されま|請求いたしま|課金され|更新手続き|ご購入が完了|決済が完了|決済されま"
)
_CANCEL = re.compile(
    r"\b(?:to cancel|cancel (?:the|your|this|it|or)|cancell?ation|if you (?:did ?n[o'\u2019]t|did not|have not"
    r"|haven'?t|wish to|want to|believe|think|would like to) [\w ]{0,30}?"
    r"(?:authoriz\w*|authoris\w*|make|made|place\w*|cancel|refund|stop|discontinue|purchase\w*|order\w*"
    r"|recogni\w*|unauthori\w*)|not (?:authorized|authorised|made) by you|dispute"
    r"|claim (?:a|your) refund|get (?:a|your) refund|request (?:a|your)? ?refund|to stop|unsubscribe by)"
    r"|キャンセル|解約|心当たりのない|身に覚えのない|お心当たり|取り消し|返金"
)
_DEADLINE = re.compile(
    r"\b(?:within|in|next|before) (?:the )?(?:next )?\d{1,2} ?(?:-|to)? ?\d{0,2} ?(?:hours?|hrs?|days?)"
    r"|\btoday\b|immediately|as soon as possible|urgent"
    r"|\d{1,3}時間以内|本日中|至急|直ちに|今すぐ"
)
_AMOUNT = re.compile(
    r"(?:\$|us\$|usd|\u00a3|\u20ac|eur|gbp|\u00a5|\uffe5|aud|cad)\s{0,2}\d{1,3}(?:[,.]?\d{2,3}){0,3}\b"
    r"|\b\d{1,3}(?:[,.]?\d{2,3}){0,3}\s{0,2}(?:\$|usd|dollars?|euros?|eur|gbp|\u20ac|\u00a3|円|ドル)"
)
_ID = re.compile(
    r"\b(?:invoice|order|customer|subscri(?:ber|ption)|membership|member|transaction|reference|ref|ticket"
    r"|product|case|confirmation|receipt|billing|license|user)"
    r"[ -]{0,2}(?:id|no|number|num|code|key"
    r"|identifier)?\.?\s{0,2}[:#\u2116-]{0,2}\s{0,2}#?([a-z]{0,6}[-_#]{0,2}\d[a-z0-9_-]{3,24})"
    r"|(?:請求番号|注文番号|お客様番号|会員番号|契約番号|受付番号|お客様id|取引番号)\s{0,2}[:]?\s{0,2}([a-z0-9-]{4,24})"
)
# Whose name such mails use. Source: FTC on impersonated companies, 2023; CISA alerts on callback phishing.
_BRAND = re.compile(
    r"\b(norton\w*|mcafee|geek ?squad|best ?buy|paypal|windows defender|microsoft defender|defender|avast"
    r"|kaspersky|bitdefender|trend micro|webroot|lifelock|quickbooks|coinbase|amazon|apple"
    r"|ebay|antivirus|anti-?virus|total protection|life ?pc|pc protection|masterclass|duolingo|netflix)\b"
    r"|ノートン|マカフィー|ウイルスバスター|セキュリティソフト|マイクロソフト"
)
_WEIGHTS = {"charge": 0.25, "call": 0.25, "cancel": 0.2, "amount": 0.1, "id": 0.1, "deadline": 0.05, "brand": 0.15}


def callback(subject: str, text: str, sender: str) -> Iterator[Feature]:
    """Give what makes a mail ask for a telephone call.

    Yields:
        Nothing without a telephone number; else ``callback.phone`` (digits, ``+`` kept) for each, ``callback.call``
        (the text says to call it), ``callback.disguised`` (spelt so that programs do not see a number),
        ``callback.amount``, ``callback.id``, ``callback.charge`` and ``callback.brand`` (as read),
        ``callback.free_mail`` (the sender's address is one that anybody has) and ``callback.score`` (0 to 1).
    """
    shown = " ".join(fold(_KEYCAP.sub("", f"{subject[:400]} \n {text[:CHARS]}")).split())
    phones = dict(_phones(shown))
    if not phones:
        return
    seen = {"call": any(called for called, _ in phones.values())}
    yield from (Feature("callback.phone", phone) for phone in phones)
    if seen["call"]:
        yield Feature("callback.call", True)
    if any(hidden for _, hidden in phones.values()):
        yield Feature("callback.disguised", True)
    for name, pattern in (("amount", _AMOUNT), ("id", _ID), ("charge", _CHARGE), ("brand", _BRAND)):
        if found := pattern.search(shown):
            seen[name] = True
            yield Feature(f"callback.{name}", (next(filter(None, found.groups()), "") or found[0])[:60].strip())
    seen["cancel"] = _CANCEL.search(shown) is not None
    seen["deadline"] = _DEADLINE.search(shown) is not None
    if sender.rpartition("@")[2].lower() in FREE_MAIL:
        yield Feature("callback.free_mail", True)
    yield Feature("callback.score", round(min(1.0, sum(_WEIGHTS[name] for name, there in seen.items() if there)), 2))


def _phones(text: str) -> Iterator[tuple[str, tuple[bool, bool]]]:
    """Give each number with whether the text says to call it and whether its spelling hides it."""
    count = 0
    for found in (*_RUN.finditer(text), *_SPACED.finditer(text), *_IN_WORDS.finditer(text)):
        number, hidden = _number(found[0])
        around = text[max(0, found.start() - NEAR) : found.end() + NEAR]
        called = _CALL.search(around) is not None
        if number and (called or not _ONE_RUN.fullmatch(found[0].strip())):
            yield number, (called, hidden)
            count += 1
        if count >= PHONES:
            return


def _number(written: str) -> tuple[str, bool]:
    """Give the digits of a number as it would be dialled, empty when it is none, and whether it was disguised."""
    text = written.strip()
    hidden = False
    if text[0].isalpha() and text.split()[0].strip(",.-") in _DIGIT_WORDS:
        text, hidden = "".join(_DIGIT_WORDS.get(word, "") for word in re.split(r"[\s,.-]+", text)), True
    letters = sum(map(str.isalpha, text))
    if letters:
        if letters > 4 or sum(map(str.isdigit, text)) < 6:
            return "", False
        text, hidden = text.translate(str.maketrans("oil", "011")), True
    digits = re.sub(r"\D", "", text)
    spaced = _SPACED.fullmatch(text) is not None
    hidden = hidden or spaced or any(mark in text for mark in "*_~|")
    if not 9 <= len(digits) <= 14 or len(set(digits)) < 3:
        return "", False
    bare = digits if spaced or any(mark in text for mark in "*_~|") else text
    if not _SHAPE.fullmatch(bare) and not _SHAPE.fullmatch(digits):
        return "", False
    if not text.startswith(("+", "(+")) and re.fullmatch(r"(?:19|20)\d\d\D\d\d?\D\d\d?\D.*", text):  # a date and time
        return "", False
    return ("+" if text.lstrip("(").startswith("+") else "") + digits, hidden
