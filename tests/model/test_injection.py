"""Script in text, by what a browser makes of it; and text that only looks odd."""

import random

import pytest

from sekisho.model.injection import KINDS, SHOWN_CHARS, find_injection
from sekisho.model.textlayers import MAX_CHARS


@pytest.mark.parametrize(
    ("text", "kind", "context"),
    [
        ("<script src=//cdn.loader.example/x></script>", "script", "content"),
        ("<ScRiPt\n>f()", "script", "content"),
        ("<svg:script>f()</svg:script>", "script", "content"),
        ('"><script>f()</script>', "script", "content"),
        ("<!--<img src=x onerror=f()>", "handler", "value"),
        ("<img src=x onerror=f()", "handler", "content"),
        ("<body/onload=f()>", "handler", "content"),
        ("<x onfuturething=alert(1)>", "handler", "content"),
        ('" onmouseover="alert(1)" x="', "handler", "value"),
        ("' autofocus onfocus='alert(1)", "handler", "value"),
        ("x onmouseover=alert(1)", "handler", "value"),
        ("onfocus=alert(1) autofocus", "handler", "value"),
        ("<a href=javascript:alert(1)>", "script-url", "content"),
        ("<a href='java\nscript:alert(1)'>", "script-url", "content"),
        ("<iframe src=data:text/html,x>", "script-url", "content"),
        ("javascript:alert(document.cookie)", "script-url", "url"),
        (" java\tscript:x", "script-url", "url"),
        ("data:text/html;base64,PGI+", "script-url", "url"),
        ("<p style='width:expres/**/sion(f())'>", "style", "content"),
        ("<style>@import'//a.example/x.css';</style>", "style", "content"),
        ("<iframe src=//a.example>", "active-element", "content"),
        ("<base href=//a.example/>", "active-element", "content"),
        ("<meta http-equiv=refresh content='0;//a.example'>", "active-element", "content"),
        ("<set attributeName=onmouseover to=f()>", "active-element", "content"),
        ("<!ENTITY x SYSTEM 'file:///x'>", "declaration", "content"),
        ("';alert(1)//", "string-break", "script"),
        ('"-alert(1)-"', "string-break", "script"),
        ("{{constructor.constructor('alert(1)')()}}", "template", "script"),
        ("${alert(1)}", "template", "script"),
        ("alert(document.cookie)", "code", "script"),
    ],
)
def test_each_context(text, kind, context):
    found = find_injection(text)
    assert found is not None
    assert (found.kind, found.context, found.layers) == (kind, context, ())


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("%3Cscript%20src%3D%2F%2Fa.example%3E", ("percent",)),
        ("%u003cscript%u0020src=//a.example%u003e", ("percent",)),
        ("&lt;script src=//a.example&gt;", ("entity",)),
        ("&#60script src=//a.example&#62", ("entity",)),
        ("＜ｓｃｒｉｐｔ　ｓｒｃ＝／／ａ．ｅｘａｍｐｌｅ＞", ("full-width",)),
        ("%26lt%3Bscript src=//a.example%26gt%3B", ("percent", "entity")),
        ("+ADw-script src=//a.example+AD4-", ("utf-7",)),
        ("ｱｵｿﾞﾗ<scr\0ipt src=//a.example>", ("unseen",)),
    ],
)
def test_hidden_ones_say_how(text, layers):
    found = find_injection(text)
    assert found is not None
    assert (found.kind, found.layers, found.hosts) == ("script", layers, ("a.example",))


def test_evidence_is_the_part_that_acts():
    text = "港区1-2-3<script src=https://cdn.loader.example:8080/x.js></script>ビル"
    found = find_injection(text)
    assert found.text == "<script src=https://cdn.loader.example:8080/x.js>"
    assert text[found.at : found.end] == found.text
    assert (found.why, found.hosts) == ("script", ("cdn.loader.example",))
    assert len(find_injection("<script>" + "a" * 5_000).text) == SHOWN_CHARS


@pytest.mark.parametrize(
    "text",
    [
        "東京都港区本町1-2-3 ＜新館＞ 5F",
        "<本社> (株)青空商事 & Co.",
        "㈱ｱｵｿﾞﾗ　〈東棟〉",
        "サイズはA<Bのほう、3 < x < 5",
        "if (a<b && c>d) x",
        "宛名は <taro@customer.example> で",
        'taro <taro@customer.example>, "H" <h@customer.example>',
        "<b>太字</b><br>改行",
        "<a href='https://customer.example/'>私の店</a>",
        '<a href="javascript:void(0)">x</a>',
        "<Tシャツ> <S> <M>",
        "on Monday = OK, onion = 5, online=yes",
        "JavaScript: The Good Parts (2冊)",
        "javascript: 入門の本",
        "O'Reilly; 'Learning' (2nd ed.)",
        'He said "hi", then left (early)',
        '5" x 7" frame; glass on top',
        "&hearts; &lt;3 thanks",
        "data: 3/4, time: 10:00",
        "{{名前}} ${氏名} #{no}",
        "style: modern; color: red",
        "C:\\Users\\taro\\x41.txt",
        "¼ inch と ¾ inch",
        "50%オフ %E6%9C%AC",
        "(^o^)/ m(_ _)m ->",
        "/* 備考 */ -- なし -- <!-- 目印 -->",
        "備考　：書名「onclick=入門」; 宛名は <taro@customer.example>",
        "print(A4) 2部, open(24h)",
        "history.jp (歴史)",
        "open(2021)",
        "top(10)",
        "self.(x)",
        "Object(s), Array(s) & Math(s)",
        "query GetCart { cart { id lines(first: 10) { edges { node { id } } } } }",
        "${jndi:ldap://198.51.100.7/a}",
        "' OR 1=1 --",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; .NET CLR 2.0.50727; {1C69E7AA-C14E-200E})",
        "sess=\"abc\"; theme='dark'; opt=(a,b)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
        "https://shop.example/list?category_id=3&name=%E6%9C%AC#top",
        "",
    ],
)
def test_ordinary_text_is_clean(text):
    assert find_injection(text) is None


def test_the_plainest_reading_is_given():
    assert find_injection("<iframe src=//a.example><img onerror=f() src=x>").kind == "handler"


def test_only_so_much_of_a_text_counts():
    assert find_injection("a" * MAX_CHARS + "<script>") is None


def test_any_text_is_read():
    dice = random.Random(5)
    parts = [
        "<",
        ">",
        "'",
        '"',
        "script",
        "on",
        "load=",
        "%3C",
        "&lt",
        "\\u003c",
        "＜",
        "{{",
        "}}",
        "alert(",
        ")",
        "//",
        "style=",
        "\0",
    ]
    for _ in range(500):
        text = "".join(dice.choice(parts) for _ in range(dice.randrange(20)))
        found = find_injection(text)
        assert found is None or found.kind in KINDS


def test_hostile_text_ends_soon():
    for part in ('<a x="', "<style>@", "{{", "${a", "`${", "'+", "<x on=", "+AD", "alert(", "/*", '<a style="x:\\'):
        find_injection(part * 20_000)
