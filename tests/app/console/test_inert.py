"""HTML of mails made inert."""

import random
import re

import pytest

from sekisho.app.console.inert import cleaned, inert, leads_elsewhere, visible

TAG = re.compile(r"<(/?[a-z0-9]+)( [^>]*)?>")
CLASS = re.compile(r' class="(?:x-link|x-target|x-target x-wrong|x-note|x-hidden)"')
# Each is written by us after a kind of attack on pages that show mail.
ATTACKS = (
    "<script>window.__hit=1</script>",
    "<img src=x onerror=window.__hit=1>",
    "<svg/onload=window.__hit=1>",
    "<svg><style><img src=x onerror=window.__hit=1></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src onerror=window.__hit=1>'>",
    "<a href='javascript:window.__hit=1'>read</a>",
    "<a href='data:text/html,<script>1</script>'>read</a>",
    "<iframe srcdoc='<script>window.__hit=1</script>'></iframe>",
    "<form action='javascript:window.__hit=1'><button>go</button></form>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "<base href='http://evil.example/'><link rel=stylesheet href=//evil.example/a.css>",
    "<style>@import url(//evil.example/x);body{background:url(//evil.example/y)}</style>",
    "<p style='background:url(//evil.example/z)' class='x-target'>text</p>",
    "<details open ontoggle=window.__hit=1>more</details>",
    "<noscript><p title='</noscript><img src=x onerror=window.__hit=1>'></noscript>",
    "<textarea></textarea><img src=x onerror=window.__hit=1></textarea>",
    "<template><img src=x onerror=window.__hit=1></template>",
    "<b id=a name=b tabindex=1 onfocus=window.__hit=1 autofocus>x</b>",
    "<plaintext><script>window.__hit=1</script>",
    "<xmp><script>window.__hit=1</script></xmp>",
    "<!--[if mso]><script>window.__hit=1</script><![endif]-->",
    "<object data='javascript:window.__hit=1'><embed src=//evil.example/a.swf>",
    "\x00<scr\x00ipt>window.__hit=1</scr\x00ipt>",
    "&lt;script&gt;window.__hit=1&lt;/script&gt;",
    "<a href='http://x.example/\" onmouseover=window.__hit=1 \"'>x</a>",
    "<p title='\"><img src=x onerror=window.__hit=1>'>x</p>",
)


def plain(html):
    """Tell whether markup holds tags of ours only, with classes of ours at most."""
    return all(not attributes or CLASS.fullmatch(attributes) for _, attributes in TAG.findall(html))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_an_attack_is_left_but_its_text(attack):
    for source in (attack, f"<p>before {attack} after</p>", f"<table><tr><td>{attack}"):
        made = inert(source).html
        assert cleaned(made).count("<") == made.count("<")  # the second sanitiser finds nothing to take out
        assert plain(cleaned(made))
        for html in (made, cleaned(made)):
            tags = {name.lstrip("/") for name, _ in TAG.findall(html)}
            assert tags <= {"p", "table", "tbody", "tr", "td", "span", "b"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_second_sanitiser_holds_alone(attack):
    assert plain(cleaned(attack))
    assert not re.search(r"<(?:script|img|svg|math|iframe|form|style|object|embed|meta|base|link)", cleaned(attack))


def test_a_link_is_text_with_its_real_target():
    html = cleaned(inert('<a href="http://evil.example/a?b=1&amp;c=2">Invoice</a>').html)
    assert html == (
        '<span class="x-link">Invoice</span> <span class="x-target">→ hxxp://evil[.]example/a?b=1&amp;c=2</span>'
    )


def test_a_link_that_names_another_host_is_marked():
    assert "x-wrong" in inert('<a href="http://evil.example/">https://bank.example/login</a>').html
    assert "x-wrong" not in inert('<a href="http://www.bank.example/x">bank.example</a>').html
    assert leads_elsewhere("www.bank.example", "http://0xcb00710a/")
    assert not leads_elsewhere("click here", "http://evil.example/")


def test_hidden_text_is_seen_and_marked():
    for style in ("display:none", "visibility: hidden", "font-size:0", "color:#fff;background:#fff"):
        made = inert(f'<p>seen <span style="{style}">unseen</span></p>')
        assert made.hidden == 1
        assert '<span class="x-hidden"><span class="x-note">[hidden text]</span> unseen</span>' in made.html
    assert inert("<p hidden>unseen</p>").hidden == 1
    assert inert("<p>seen</p>").hidden == 0


def test_what_is_not_shown_is_named_in_the_language():
    source = "<img src='http://t.example/p.gif' alt='logo'><script>1</script><form action='http://a.example/'><input type=password>"
    english, japanese = inert(source).html, inert(source, "ja").html
    for word in ("[picture logo t[.]example]", "[script, not run]", "[form, sends to hxxp://a[.]example/]", "password"):
        assert word in english
    assert "[画像 logo t[.]example]" in japanese


def test_an_author_cannot_write_our_marks():
    assert "x-" not in cleaned(inert('<span class="x-target">→ https://good.example</span>').html)


def test_characters_that_act_are_shown():
    assert visible("a\u202eb\x00\r\nc\x1b[2J") == "a‹202E›b‹0000›\nc‹001B›[2J"
    assert "‹202E›" in inert("<b>\u202egpj.exe</b>").html


def test_deep_wide_and_long_pages_are_cut_and_say_so():
    for source in ("<div>" * 50_000 + "x", "<b>x</b>" * 200_000, "x " * 900_000):
        made = inert(source)
        assert made.cut
        assert "the rest is not shown" in made.html
        assert len(made.html) < 3_000_000


def test_broken_markup_gives_plain_markup():
    dice = random.Random(3)
    for _ in range(300):
        text = "".join(dice.choice(ATTACKS) for _ in range(3))
        broken = "".join(one for one in text if dice.random() > 0.03)
        for _ in range(3):
            at = dice.randrange(len(broken))
            broken = broken[:at] + dice.choice("<>\"'=/&;-! ") + broken[at:]
        assert plain(cleaned(inert(broken).html))
