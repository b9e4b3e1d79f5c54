"""Pages: what is claimed, links and what they show, forms, scripts, smuggled files."""

from __future__ import annotations

import base64
import random
from contextlib import suppress

import pytest

from sekisho.analyzers import _smuggling, html, load
from sekisho.analyzers._appearance import APPEARANCE_FEATURES
from sekisho.analyzers._htmltext import meta_charset, visible_text
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError

HTML = load()["html"]
ZIP = b"PK\x03\x04" + bytes(range(256)) * 3
PAGE = """\
<!DOCTYPE html><html><head><title> Sign in </title><base href="http://evil.example/p/">
<meta http-equiv="refresh" content="3; URL=login.php"></head><body onload="document.forms[0].submit()">
<a href="http://192.0.2.7/x">https://www.bank.example/login</a><a href="next?a=1">Next</a>
<a href="https://www.bank.example/">bank.example</a><a href="#top">top</a><a href="mailto:a@x.example">a@x.example</a>
<area href="http://area.example/"><iframe src="http://frame.example/"></iframe><img src="cid:1">
<form action="http://form.example/c.php"><input type=PassWord name=p></form>
<div style="Display : none">hidden words</div><p style="color:#fff;background:#FFF">white words</p>
<p>see http://text.example/a</p><script src="http://script.example/s.js"></script></body></html>"""


def read(page: str | bytes, name: str = "x.html", declared: str = "") -> tuple[dict[str, list[object]], list[Artifact]]:
    data = page if isinstance(page, bytes) else page.encode()
    features: dict[str, list[object]] = {}
    children = []
    for item in HTML.run(Artifact(name, data, name, declared_type=declared)):
        if isinstance(item, Feature):
            assert item.name in HTML.features
            features.setdefault(item.name, []).append(item.value)
        else:
            children.append(item)
    return features, children


def test_what_a_page_says():
    found, children = read(PAGE)
    assert found["html.title"] == ["Sign in"]
    assert found["html.form_action"] == ["http://form.example/c.php"]
    assert found["html.password_field"] == [True]
    assert found["html.auto_submit"] == [True]
    assert found["html.meta_refresh"] == ["login.php"]
    assert found["html.iframe"] == ["http://frame.example/"]
    assert found["html.hidden_text"] == ["hidden words\nwhite words"]
    assert [child.kind for child in children] == ["jscript"]


def test_links_resolved_and_compared_with_what_is_shown():
    found, _ = read(PAGE)
    assert [(url.where, url.canonical, url.shown) for url in found["url"]] == [
        ("href", "http://192.0.2.7/x", "https://www.bank.example/login"),
        ("href", "http://evil.example/p/next?a=1", ""),
        ("href", "https://www.bank.example/", ""),
        ("href", "http://area.example/", ""),
        ("form", "http://form.example/c.php", ""),
        ("iframe", "http://frame.example/", ""),
        ("script", "http://script.example/s.js", ""),
        ("refresh", "http://evil.example/p/login.php", ""),
        ("text", "http://text.example/a", ""),
    ]
    assert found["url"][1].raw == "next?a=1"


def smuggler(literal: str) -> str:
    return (
        f"<html><body><script>var f={literal};var b=new Blob([atob(f)]);a=document.createElement('a');"
        "a.href=URL.createObjectURL(b);a.download='invoice.zip';a.click()</script></body></html>"
    )


def test_smuggled_file_is_handed_back():
    text = base64.b64encode(ZIP).decode()
    for literal in (f"'{text}'", f"'{text[:301]}' +\n '{text[301:]}'", f"'{text[::-1]}'"):
        found, children = read(smuggler(literal))
        assert found["html.smuggling"] == ["atob", "blob", "object-url", "download", "base64-literal"]
        assert [(child.name, child.relation, child.data) for child in children[1:]] == [("invoice.zip", "decoded", ZIP)]


@pytest.mark.parametrize("literal", ["[" + ",".join(map(str, ZIP)) + "]", f"'{ZIP.hex()}'"])
def test_smuggled_as_numbers_or_hex(literal):
    _, children = read(smuggler(literal))
    assert children[1].data == ZIP


def test_base64_without_script_or_of_no_file_is_no_child():
    text = base64.b64encode(ZIP).decode()
    assert read(f"<html><body><p>{text}</p></body></html>")[1] == []
    _, children = read(smuggler("'" + base64.b64encode(b"nothing" * 100).decode() + "'"))
    assert [child.kind for child in children] == ["jscript"]


def test_kinds_of_files():
    assert _smuggling.file_kind(bytes(0x8001) + b"CD001") == "iso"
    assert _smuggling.file_kind(b"MZ\x90\0" + bytes(64)) == "exe"
    assert _smuggling.file_kind(b"MZ is how this text starts") == ""


def test_markup_written_by_script():
    page = "<script>document.write(unescape('%3Cform%20action%3D%22http%3A//q.example/%22%3E'))</script>"
    found, children = read(page)
    assert found["html.smuggling"] == ["unescape-write"]
    assert (children[1].kind, children[1].data) == ("html", b'<form action="http://q.example/">')
    inner = base64.b64encode(b"<html><body>x</body></html>").decode()
    assert read(f"<script>document.write(atob('{inner}'))</script>")[1][1].data == b"<html><body>x</body></html>"


def test_hta_and_languages():
    vbs = "<script language='VBScript'>\nSub Window_OnLoad\nMsgBox 1\nEnd Sub\n</script><hta:application id=x>"
    found, children = read(vbs)
    assert found["html.hta"] == [True]
    assert [(child.name, child.kind) for child in children] == [("script1.vbs", "vbscript")]
    assert read('<script>Dim a\nSet a = CreateObject("x")\n</script>', "x.hta")[1][0].kind == "vbscript"
    assert read("<html><script type='application/ld+json'>{}</script>")[1] == []


def test_data_uri_and_srcdoc():
    page = "<html><a href='data:text/html;base64,PGI+' download='x.html'>x</a><iframe srcdoc='&lt;b&gt;hi'></iframe>"
    found, children = read(page)
    assert found["html.download"] == ["x.html"]
    assert [(child.name, child.data) for child in children] == [("data1.html", b"<b>"), ("srcdoc.html", b"<b>hi")]


def test_charsets():
    page = "<html><head><meta charset=shift_jis><title>請求書①</title></head></html>"
    assert read(page.encode("cp932"))[0]["html.title"] == ["請求書①"]
    assert read(b"\xff\xfe" + page.encode("utf-16-le"))[0]["html.title"] == ["請求書①"]
    russian = "<html><title>Привет</title></html>".encode("koi8-r")
    assert read(russian, declared="text/html; charset=koi8-r")[0]["html.title"] == ["Привет"]
    assert meta_charset(b"<meta http-equiv=x content='text/html; charset=EUC-JP'>") == "EUC-JP"


def test_visible_text():
    page = "<head><title>t</title></head><p>a<b>b</b>\n c<br>d<script>no</script><style>no</style><p>z\u200bz &amp; x"
    assert visible_text(page) == "ab c\nd\nzz & x"
    assert visible_text("a <a href=x>link</a> b", links=False) == "a  b"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<!DOCTYPE html><p>", "x"),
        (b"\xef\xbb\xbf  <html>", "x"),
        (b"<!-- c --> <!-- d -->\n<body>", "x"),
        (b"<?xml version='1.0'?><html xmlns='x'>", "x"),
        (b"\xff\xfe" + "<html>".encode("utf-16-le"), "x"),
        (b"<hta:application>", "x"),
        (b"Hello,<br><p>click <a href='http://a.example/'>here</a></p><body>", "part"),
        (b"just text, then <b>bold</b>", "x.html"),
    ],
)
def test_claimed(data, name):
    assert HTML.claims(Artifact(name, data, name))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "x.html"),
        (b"var a='<html><body>';", "a.js"),
        (b"var a='<html><body>';", "a"),
        (b'Document.Write "<script>"', "a.vbs"),
        (b"<?xml version='1.0'?><w:doc xmlns:w='x'><w:p/></w:doc>", "a.xml"),
        (b"From: a@x.example\nSubject: s\n\n<html><body>", "a"),
        (b"PK\x03\x04\0\0<html><body>", "a.html"),
        (b"a < b and c > d", "a"),
    ],
)
def test_not_claimed(data, name):
    assert not HTML.claims(Artifact(name, data, name))


@pytest.mark.parametrize(
    "page",
    [
        "<html>" + "<div>" * 200_000,
        "<html>" + "<div></b>" * 50_000,
        "<html><a " + " ".join(f"a{number}=1" for number in range(50_000)) + ">",
        "<html>" + "".join(f"<a href='http://a{number}.example/'>b.example</a>" for number in range(20_000)),
        "<html><script>" + ("A" * 399 + " ") * 2_000 + "'" * 100_000 + "</script>",
        "<html>" + "<img src='data:image/png;base64,AAAA'>" * 20_000,
        "<!-- a -->" * 400 + "x",
    ],
    ids=["deep", "bogus", "attributes", "links", "literals", "data", "comments"],
)
def test_hostile_shapes_cost_little(page):
    HTML.claims(Artifact("x", page.encode(), "x"))
    with suppress(LimitError):
        read(page)


def test_damage_never_escapes():
    chance = random.Random(4)
    sample = (PAGE + smuggler("'" + base64.b64encode(ZIP).decode() + "'")).encode()
    for _ in range(120):
        data = bytearray(sample[: chance.randrange(len(sample))] if chance.random() < 0.3 else sample)
        for _ in range(chance.randrange(1, 12)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            list(html.analyze(Artifact("x", bytes(data), "x")))
        except (MalformedError, LimitError):
            continue


def appearance(text):
    found = {}
    for item in load()["html"].run(Artifact("body.html", text.encode(), "body.html", declared_type="text/html")):
        if isinstance(item, Feature) and item.name in APPEARANCE_FEATURES:
            found.setdefault(item.name, []).append(item.value)
    return found


def test_a_page_that_is_one_linked_picture():
    found = appearance(
        "<html><body><a href='https://x.example/'><center><img src='https://i.example/PayPal_Logo-2.png'></center></a></body>"
    )
    assert found["html.picture_only"] == [True]
    assert found["html.logo"] == ["PayPal Logo 2"]
    text = "<p>" + "Here is all you need to know about your order in words. " * 4
    assert appearance(f"<html><body><a href='https://x.example/'><img alt='Shop' src='a.png'></a>{text}")[
        "html.picture_only"
    ] == [False]
    assert "html.picture_only" not in appearance(
        "<html><body><a href='https://x.example/'><img width=1 src='a.png'>x</a>"
    )


def test_words_split_by_what_is_not_shown():
    page = "<html><body><p>Micr<span style='font-size:0px'>qq</span>osoft acc<span style=\"display:none\">zz</span>ount"
    assert appearance(page)["html.split_words"] == [2]
    assert "html.split_words" not in appearance("<html><body><p>Micr<span style='color:red'>o</span>soft</p>")


def test_links_that_lead_nowhere():
    page = "<html><body><a href='data:text/html;base64,PGI+'>a</a><a href='javascript:void(0)'>b</a><a href='https://x.example/'>c</a>"
    assert [one[:14] for one in appearance(page)["html.odd_link"]] == ["data:text/html"]


def test_letters_that_nobody_sees_are_counted():
    page = "<html><body><div style='display:none'>" + "word " * 100 + "</div><p>Hi</p>"
    assert appearance(page)["html.unseen_chars"] == [400]


def test_shares_in_links_are_urls():
    page = rb'<html><a href="\\files.example.com\s\c.lnk">z</a><a href="\\localhost\c$\a">y</a></html>'
    urls = [one.value for one in html.analyze(Artifact("a.html", page, "a.html")) if one.name == "url"]
    assert [(url.raw, url.canonical) for url in urls] == [
        (r"\\files.example.com\s\c.lnk", "file://files.example.com/s/c.lnk")
    ]
