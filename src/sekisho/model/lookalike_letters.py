"""Letters by what they look like, and words that look-alike domains add.

Source: shapes by the Unicode code charts (Latin, Cyrillic, Greek, Armenian, Katakana, CJK), compared in the usual fonts
of mail programs; words from reports on combo-squatting (Kintis et al., CCS 2017) and the Council of Anti-Phishing
Japan's monthly lists. as_of: 2026-11.
"""

from __future__ import annotations

_TWINS = {
    "a": "аɑαạ",
    "b": "ьƅβ",
    "c": "сϲᴄ",
    "d": "ԁɗđ",
    "e": "еєҽεə",
    "f": "ƒք",
    "g": "ɡցǥ",
    "h": "һհн",
    "i": "іıɩι",
    "j": "јϳ",
    "k": "кκ",
    "l": "ӏłℓ|ǀ",
    "m": "мӎ",
    "n": "пηոŋ",
    "o": "оοօøσ〇ᴏס",
    "p": "рρþ",
    "q": "ԛզ",
    "r": "гᴦ",
    "s": "ѕꜱ",
    "t": "тτŧ",
    "u": "υսᴜц",
    "v": "ѵνᴠ",
    "w": "ԝωшա",
    "x": "хχ",
    "y": "уγүʏ",
    "z": "ᴢʐ",
    "ss": "ß",
    "ae": "æ",
    "oe": "œ",
    "-": "ー一‐‑‒–—―−",
    # Kanji that are taken for kana.
    "ロ": "口囗",
    "カ": "力か",
    "エ": "工",
    "ニ": "二",
    "ハ": "八",
    "タ": "夕",
    "ト": "卜",
    "チ": "千",
    "セ": "七",
    "オ": "才",
    "ミ": "三",
    "ヘ": "へ",
    "リ": "り",
    "ソ": "ン",
    "ノ": "丿",
    "ム": "厶",
    "メ": "乂",
    "ヌ": "又",
}
LOOKS_LIKE = {char: plain for plain, chars in _TWINS.items() for char in chars}
"""Letter to the plain one that it is taken for."""
FAKE_SLASHES = frozenset("んンノソゝ丶丿ー一〳〵")
"""Letters allowed in domain names that read as a slash or a hyphen amid Latin ones."""

ADDED_WORDS = frozenset(
    """account accounts admin alert alerts app apps assist auth authentication bank billing business card cards care
    center centre check client cloud com confirm connect contact corp customer customers desk device docs document
    email en express file files global group help helpdesk home hq hr id identity inc info information intl invoice it
    japan jp limited live llc login logins ltd mail mails manage member members membership message mobile my net new
    news notice notification office official online order orders page pay payment payments payroll pin point points
    portal protect protection recover recovery refund remote renew reset reward rewards safe safety sec secure secured
    security service services share shop sign signin signon site sso staff statement store support system team tech
    ticket track tracking uk unlock update updates upgrade us usa user users validate verification verify vpn wallet
    web webmail www""".split()
)
"""Words that a real name is joined with to make a false one."""
PROXIES = frozenset(
    """translate.goog ampproject.org edgekey.net edgesuite.net akamaized.net akadns.net cloudflare.net cloudfront.net
    amazonaws.com googleapis.com outlook.com azureedge.net azurewebsites.net fastly.net netdna-cdn.com hwcdn.net
    safelinks.protection.outlook.com urldefense.com proofpoint.com mimecast.com barracudanetworks.com exct.net
    sendgrid.net archive.org""".split()
)
"""Hosts that honestly carry the names of others in front of their own."""
NEIGHBOURS = frozenset(
    """onmicrosoft.com windowsupdate.com windows.net googlevideo.com googlesource.com googlegroups.com
    google-analytics.com amazon-adsystem.com amazonalexa.com amazongames.com appleid.com paypal-community.com
    facebook.net facebook-hardware.com netflixtechblog.com yahooapis.com yahooinc.com docomo-cycle.jp rakuten-static.com
    internet.com upcmail.nl""".split()
)
"""Honest domains that look like others because they are their owners', or were there first."""
