"""Domains that look like others, and the many more that only look foreign."""

import pytest

from sekisho.model.freemail import FREEMAIL
from sekisho.model.lookalike import Index, is_mixed, mixed_host, scripts, shape, unicode_host
from sekisho.model.lookalike_letters import LOOKS_LIKE

OWN = Index(
    {
        "corp.example": "own",
        "sekisui-shoji.co.jp": "own",
        "株式会社ローカル.jp": "own",
        "tanaka.co.jp": "partner",
        "bigbrand.example": "brand",
        "brando.example": "brand",
    },
    frozenset({"corp-shop.example"}),
)


@pytest.mark.parametrize(
    ("host", "of", "how"),
    [
        ("c0rp.example", "corp.example", "letters"),
        ("соrр.example", "corp.example", "letters"),  # Cyrillic c, o and p
        ("xn--r-0tbhb.example", "corp.example", "letters"),
        ("bigbrаnd.example", "bigbrand.example", "letters"),
        ("blgbrand.example", "bigbrand.example", "letters"),
        ("株式会社口ーカル.jp", "株式会社ローカル.jp", "letters"),
        ("株式会社ロ一カル.jp", "株式会社ローカル.jp", "letters"),
        ("sekisui-shouji.co.jp", "sekisui-shoji.co.jp", "slip"),
        ("bigbarnd.test", "bigbrand.example", "slip"),
        ("corp-login.test", "corp.example", "word"),
        ("corpmail.test", "corp.example", "word"),
        ("tanaka-group.co.jp", "tanaka.co.jp", "word"),
        ("bigbrand-support.test", "bigbrand.example", "word"),
        ("secure-bigbrand-jp2.test", "bigbrand.example", "word"),
        ("sekisui-shoji.com", "sekisui-shoji.co.jp", "suffix"),
        ("corp.example.evil.test", "corp.example", "subdomain"),
        ("mail.corp-example.evil.test", "corp.example", "subdomain"),
        ("bigbrand-card.co.jp.aazc.test", "bigbrand.example", "subdomain"),
        ("www.bigbrand.com.evil.test", "bigbrand.example", "subdomain"),
        ("my-corp-co-jp.test", "corp.example", "subdomain"),
        ("login.corp.example-a.test", "corp.example", "subdomain"),
    ],
)
def test_lookalikes(host, of, how):
    found = OWN.match(host)
    assert found is not None
    assert (found.of, found.how) == (of, how)


@pytest.mark.parametrize(
    "host",
    [
        *("corp.example", "mail.CORP.example", "corp-shop.example", "", "192.0.2.1", "localhost", "a..b"),
        *("other.example", "cord.example", "bigbrand-fans.test", "bigbrand.test", "bigbrands.test", "branda.test"),
        *(
            "corp.example.translate.goog",
            "bigbrand.sharehost.test",
            "bigbrand.news.test",
            "www.bigbrand.com",
            "mobile.test",
            "scorpion.test",
            "xn--.example",
            "xn--a-.example",
        ),
    ],
)
def test_others(host):
    assert OWN.match(host) is None


def test_what_is_found_does_not_hang_on_the_order_of_domains():
    one, two = (
        {"samplebank.de": "brand", "samplebank.com": "brand"},
        {"samplebank.com": "brand", "samplebank.de": "brand"},
    )
    found = [Index(given).match("samplebamk.example") for given in (one, two)]
    assert found[0] == found[1]
    assert found[0].of == "samplebank.com"


def test_an_empty_index_finds_nothing():
    assert Index({}).match("c0rp.example") is None


ORDINARY = """
日本語.jp 総務省.jp はじめよう.みんな 三菱電機.jp ソニー.jp カメラのキタムラ.jp お名前.com ネット銀行.jp eコマース.jp it用語辞典.jp
24時間テレビ.jp ローソン.jp 一番.jp münchen.de bücher.de élysée.fr straße.de россия.рф ελλάδα.gr 中国.cn 한국.kr ไทย.ไทย
ｇｏｏｇｌｅ.example ラーメン二郎.jp 力の源.jp 八ヶ岳.jp スーパー.com corp.example
""".split()


@pytest.mark.parametrize("host", ORDINARY)
def test_ordinary_names_of_other_scripts_are_no_signal(host):
    assert not mixed_host(host)
    ace = (
        host
        if "ß" in host
        else ".".join("xn--" + one.encode("punycode").decode() if not one.isascii() else one for one in host.split("."))
    )
    assert not mixed_host(ace)
    assert OWN.match(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "pаypal.example",
        "gооgle.example",
        "xn--pypal-4ve.example",
        "αpple.example",
        "a.comんlogin.b.example",
        "bankーjp.example",
        "タпо.jp",
    ],
)
def test_scripts_that_nobody_mixes(host):
    assert mixed_host(host)


def test_words():
    assert is_mixed("Micrоsoft")
    assert not is_mixed("Microsoftサポート")
    assert scripts("aあ1-") == {"LATIN", "HIRAGANA"}


def test_shapes():
    assert shape("rnicr0soft") == shape("microsoft")
    assert shape("péppèr") == shape("pepper")
    assert all(len(char) == 1 for char in LOOKS_LIKE)


def test_broken_punycode_stays():
    assert unicode_host("xn--99999999999999999999.example") == "xn--99999999999999999999.example"
    assert unicode_host("xn--wgv71a119e.jp") == "日本語.jp"


def test_freemail_is_lower_case():
    assert all(one == one.lower() and "." in one for one in FREEMAIL)
