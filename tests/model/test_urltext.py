"""URLs in text: all ways of hiding one, where one ends in Japanese, and that nothing takes quadratic time."""

import json
import random
from pathlib import Path

import pytest

from sekisho.model.urltext import defang, find_urls, parse_url, refang

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def found(text):
    return [(url.raw, url.canonical) for url in find_urls(text, "text")]


@pytest.mark.parametrize(
    ("raw", "canonical", "ip", "hidden_by"),
    [
        ("http://0xc12a24f5/cc.html", "http://193.42.36.245/cc.html", "193.42.36.245", "hex-ip"),
        ("http://0056.0151.0121.0114/c.html", "http://46.105.81.76/c.html", "46.105.81.76", "octal-ip"),
        ("h^tt^p^:/^/0xb907d607/fer/fe3.html", "http://185.7.214.7/fer/fe3.html", "185.7.214.7", "caret, hex-ip"),
        ("http://0x7f.0x0.0x0.0x1/", "http://127.0.0.1/", "127.0.0.1", "hex-ip"),
        ("http://0177.0.0.1/", "http://127.0.0.1/", "127.0.0.1", "octal-ip"),
        ("http://2130706433/", "http://127.0.0.1/", "127.0.0.1", "integer-ip"),
        ("http://127.1/", "http://127.0.0.1/", "127.0.0.1", "short-ip"),
        ("http://0x7f000001/", "http://127.0.0.1/", "127.0.0.1", "hex-ip"),
        ("http://0300.0250.1.1/", "http://192.168.1.1/", "192.168.1.1", "octal-ip"),
        ("http://0xC0.0250.257/", "http://192.168.1.1/", "192.168.1.1", "mixed-ip, short-ip"),
        ("http://%31%32%37.0.0.1/", "http://127.0.0.1/", "127.0.0.1", "percent-encoded-host"),
        ("http://１２７。０。０。１/", "http://127.0.0.1/", "127.0.0.1", "full-width"),
        (
            "http://user:pw@google.com@2130706433/",
            "http://user:pw%40google.com@127.0.0.1/",
            "127.0.0.1",
            "userinfo, integer-ip",
        ),
        ("http://google.com@192.0.2.1/", "http://google.com@192.0.2.1/", "192.0.2.1", "userinfo"),
        ("http:\\\\host.example\\x", "http://host.example/x", "", "backslash"),
        ("https:host.example", "https://host.example/", "", "slashes"),
        ("http://ex%61mple.com/", "http://example.com/", "", "percent-encoded-host"),
        (
            "http://example.com%E3%80%82evil.example/",
            "http://example.com.evil.example/",
            "",
            "percent-encoded-host, full-width",
        ),
        ("http://ⓔⓧⓐⓜⓟⓛⓔ.com/", "http://example.com/", "", "compatibility-letters"),
        ("http://exa\u00admple.com/", "http://example.com/", "", "soft-hyphen"),
        (" java\tscript:alert(1)", "javascript:alert(1)", "", "control-characters"),
        ("hxxp://evil[.]example/a", "http://evil.example/a", "", "defanged"),
        ("hxxps[:]//evil(.)example/a", "https://evil.example/a", "", "defanged"),
        ("http://4294967297/", "", "", ""),
        ("http://[::ffff:192.0.2.1]/", "http://[::ffff:c000:201]/", "192.0.2.1", "mapped-ip"),
        ("http://a.example/%61%62%63", "http://a.example/%61%62%63", "", "percent-encoded-path"),
        ("ftp://user:secret@files.example/", "ftp://user:secret@files.example/", "", ""),
    ],
)
def test_one_url_as_a_browser_reads_it(raw, canonical, ip, hidden_by):
    url = parse_url(raw, where="text")
    assert (url.canonical, url.ip, url.hidden_by) == (canonical, ip, hidden_by)


def test_tricks_undone_before_come_first():
    assert parse_url("http://127.1/", hidden_by="caret").hidden_by == "caret, short-ip"


def test_a_relative_reference_is_no_url():
    assert parse_url("form.html").canonical == ""
    assert parse_url("../x").canonical == ""
    assert parse_url("").canonical == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("参照：http://example.com/a。次", ["http://example.com/a"]),
        ("「https://example.jp/あ」です", ["https://example.jp/あ"]),
        ("（http://example.com/x）", ["http://example.com/x"]),
        ("http://example.com/をご覧ください", ["http://example.com/"]),
        ("https://example.com/a.htmlをご覧", ["https://example.com/a.html"]),
        ("https://example.jp。A社は", ["https://example.jp"]),
        ("詳細はhttps://日本.example/道 まで", ["https://日本.example/道"]),
        ("see (http://x.example/a_(b)).", ["http://x.example/a_(b)"]),
        ("[http://x.example/a]", ["http://x.example/a"]),
        ("<a href='http://x.example/a'>", ["http://x.example/a"]),
        ("http://x.example/a&quot;b", ["http://x.example/a"]),
        ("http://x.example/?a=1&b=2, and", ["http://x.example/?a=1&b=2"]),
        ('CALL("urlmon","URLDownloadToFileA","JJCCBB",0,"http://x.example/","..\\a.ocx",0,0)', ["http://x.example/"]),
        ('["http://a.example/","https://b.example/"]', ["http://a.example/", "https://b.example/"]),
        (r'"https:\/\/a.example\/b"', [r"https:\/\/a.example\/b"]),
        ("set x=http://a.example/b&&call", ["http://a.example/b"]),
        ("www.example.com/a. Then", ["www.example.com/a"]),
        ("evil.example/path and form.doc/x, Node.js/npm", ["evil.example/path"]),
        ("evil[.]example/path", ["evil[.]example/path"]),
        ("file://server.example/share", ["file://server.example/share"]),
        ("HTTP://EXAMPLE.COM/", ["HTTP://EXAMPLE.COM/"]),
        ("192.0.2.1/a 0xc12a24f5/cc.html", []),
        ("http:// http://% mailto:a@b.example", []),
        ("http://a.example/ http://a.example/", ["http://a.example/"]),
        ("http://[2001:db8::1]:8080/x", ["http://[2001:db8::1]:8080/x"]),
    ],
)
def test_where_a_url_begins_and_ends(text, expected):
    assert [raw for raw, _ in found(text)] == expected


def test_found_in_the_order_met_and_up_to_a_limit():
    text = " ".join(f"http://h{n}.example/" for n in range(20))
    assert [url.host for url in find_urls(text, "x", limit=3)] == ["h0.example", "h1.example", "h2.example"]
    assert {url.where for url in find_urls(text, "x")} == {"x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://203.0.113.10/a.html", "hxxp://203.0.113[.]10/a.html"),
        ("mail user@corp.example now", "mail user@corp[.]example now"),
        ("see www.example.co.jp.", "see www.example.co[.]jp."),
        ("open form.doc or C:\\x\\a.com", "open form.doc or C:\\x\\a.com"),
        ("System.Net.WebClient", "System.Net.WebClient"),
        ("詳細はexample.jpへ", "詳細はexample[.]jpへ"),
        ("1.2.3.4.5 and 192.0.2.1", "1.2.3.4.5 and 192.0.2[.]1"),
        ("http://google.com@192.0.2.1/", "hxxp://google[.]com@192.0.2[.]1/"),
        ("http://[2001:db8::1]/", "hxxp://[2001:db8::1]/"),
        ("ftp://files.example/x.zip", "fxp://files[.]example/x.zip"),
        ("INVOICE 2022-04-22_1033, USA.doc.lnk", "INVOICE 2022-04-22_1033, USA.doc.lnk"),
    ],
)
def test_defang(text, expected):
    assert defang(text) == expected
    assert defang(defang(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hxxp://a[.]b.example/ and x[at]y.example", "http://a.b.example/ and x@y.example"),
        ("hXXps[:]//a(dot)example", "https://a.example"),
        ("hxxp[://]a{.}example", "http://a.example"),
        ("fxp://a.example", "ftp://a.example"),
        ("nothing (here) [to] do", "nothing (here) [to] do"),
        ("http://[::1]/", "http://[::1]/"),
    ],
)
def test_refang(text, expected):
    assert refang(text) == expected


def test_refang_undoes_defang():
    text = "http://203.0.113.10/a ftp://files.example/ user@corp.example www.example.co.jp"
    assert refang(defang(text)) == text


@pytest.mark.parametrize(
    ("piece", "size"),
    [("a.", 2_000_000)]
    + [
        (piece, 300_000)
        for piece in (
            ".com/",
            "http://",
            "http://a&quot;",
            "hxxp[:]",
            "h^t",
            "[.]",
            "1.",
            "http://a。",
            "www.",
            "a.com/a ",
        )
    ],
)
def test_time_grows_with_the_text_and_no_faster(piece, size):
    text = piece * (size // len(piece))
    find_urls(text, "text")
    defang(text)


def test_nothing_is_raised_on_any_text():
    rng = random.Random(3)
    letters = "htps:/\\.[]()@%^&0x1aｚ。．\u00ad\ud800 \t\n日本\"'<>{}-_~#?="
    for _ in range(400):
        text = "".join(rng.choices(letters, k=rng.randint(0, 120)))
        find_urls(text, "x")
        parse_url(text)
        refang(text)
        assert defang(defang(text)) == defang(text)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")
def test_agrees_with_the_url_standard():
    rows = json.loads((SHARED / "url" / "urltestdata.json").read_text(encoding="utf-8"))
    schemes = ("http:", "https:", "ftp:")
    checked = 0
    for row in rows:
        if not isinstance(row, dict) or row.get("base") or not row["input"].lower().startswith(schemes):
            continue
        if any("\ud800" <= letter <= "\udfff" for letter in row["input"]) or set("^[]") & set(row["input"]):
            continue
        checked += 1
        url = parse_url(row["input"])
        assert url.canonical == row.get("href", ""), row["input"]
        if not row.get("failure") and row["hostname"][:1].isdigit() and row["hostname"][-1:].isdigit():
            assert url.ip == row["hostname"]
    assert checked > 100


@pytest.mark.parametrize("separator", ["*", ",", ";", "@", "!", "|"])
def test_lists_that_loaders_split_are_split(separator):
    first, second = "http://shop.example/wp-content/a/", "http://bakery.example/b/"
    assert [url.raw for url in find_urls(f"'{first}{separator}{second}'.Split('{separator}')", "script")] == [
        first,
        second,
    ]


def test_an_address_inside_an_address_stays():
    raw = "http://shop.example/go?to=http://bakery.example/"
    assert [url.raw for url in find_urls(raw, "text")] == [raw]
