"""Advisories: the same facts in both languages, defanged, for each reader, in each form."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pypdfium2
import pytest

from sekisho.model.errors import SekishoError
from sekisho.respond import advisory
from sekisho.respond._discreet import hider
from sekisho.respond._figures import Bars, bars_svg, bars_text, volume
from sekisho.respond._page import Heading, Items, Page, Para, Table, html, markdown
from sekisho.respond._pdf import pdf
from sekisho.respond._sheet import told
from sekisho.respond.observed import pick
from sekisho.respond.wording import LANGUAGES, Words

TOKYO = ZoneInfo("Asia/Tokyo")
HOUR = 3_600_000_000_000


def made(result, reader, language, **letter):
    (incident,) = result.incidents
    picked = pick(result, (incident,), frozenset({"corp.example"}), exercise=True)
    hide = letter.pop("hide", hider((incident,)))
    words = Words(language, result.findings, TOKYO)
    return advisory.page(
        advisory.gather(result, incident, picked),
        reader,
        words,
        advisory.Letter(date(2022, 1, 25), hide=hide, **letter),
    )


def numbers(text):
    """Give the numbers of a text with how often each stands there; leading zeros do not matter."""
    found = {}
    for one in re.findall(r"\d+", text):
        found[int(one)] = found.get(int(one), 0) + 1
    return found


def values(text):
    """Give addresses, hashes, file names and ids."""
    return set(re.findall(r"[\w.@/:-]*\[\.\][\w./]*|[0-9a-f]{12,64}|T\d{4}(?:\.\d{3})?|[\w.]+\.(?:exe|xls|dll)", text))


@pytest.mark.parametrize("reader", advisory.READERS)
def test_both_languages_tell_the_same_facts(lab_result, reader):
    one, other = (markdown(made(lab_result, reader, language)) for language in LANGUAGES)
    assert values(one) == values(other)
    assert len(values(one)) > 3
    if reader != "csirt":  # in the timeline, sentences of other rooms count in words here and in digits there
        assert numbers(one) == numbers(other)
    else:
        assert set(numbers(one)) == set(numbers(other))


@pytest.mark.parametrize("reader", advisory.READERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_can_be_clicked(lab_result, reader, language):
    page = made(lab_result, reader, language)
    for text in (markdown(page), html(page)):
        assert not re.search(r"https?://", text)
        assert not re.search(r"203\.0\.113\.\d", text)
        assert not re.search(r"hotel\.example|partner\.example", text)


@pytest.mark.parametrize("reader", ["staff", "csirt", "partner"])
def test_victims_are_not_named_to_those_who_need_not_know(lab_result, reader):
    text = markdown(made(lab_result, reader, "ja"))
    assert not re.search(r"user0\d|PC-0142|corp\[\.\]example", text)


def test_mail_administrators_are_told_which_mailboxes(lab_result):
    text = markdown(made(lab_result, "mail-admin", "ja", hide=lambda text: text))
    assert "user02@corp[.]example" in text


def test_staff_are_told_what_it_looks_like_and_what_to_do(lab_result):
    text = markdown(made(lab_result, "staff", "ja", issuer="情報システム部", contact="内線 1234"))
    for words in (
        "【注意喚起】",
        "Re: invoice by post",
        "ACH Form.xls<br>form 01.21.2022.xls",
        "「コンテンツの有効化」",
        "LAN ケーブル",
        "内線 1234",
        "2022年1月21日 09:11",
    ):
        assert words in text
    assert "情報システム部です。" in text


def test_the_letter_to_whose_account_was_abused_has_its_form(lab_result):
    text = markdown(made(lab_result, "partner", "ja", partner="hotel.example", addressee="株式会社ホテル"))
    order = [
        "不正利用に関するご連絡",
        "株式会社ホテル",
        "拝啓",
        "さて、",
        "SPF=pass",
        "つきましては、",
        "敬具",
        "## 記",
        "多要素認証",
        "以上",
    ]
    places = [text.index(word) for word in order]
    assert places == sorted(places)
    assert "partner[.]example" not in text  # another partner's name is none of this one's business


def test_the_letter_to_whose_mail_was_stolen_says_so(lab_result):
    text = markdown(made(lab_result, "partner", "en", partner="partner.example"))
    assert "Mail may have been taken from you" in text
    with pytest.raises(SekishoError, match=r"there are: hotel\.example, partner\.example"):
        made(lab_result, "partner", "en", partner="nobody.example")


def test_other_teams_get_techniques_indicators_and_what_is_unknown(lab_result):
    text = markdown(made(lab_result, "csirt", "en", tlp="green"))
    for words in ("TLP:GREEN", "| T1218.005 | Mshta |", "198.51.100[.]23", "What is not known", "] mshta.exe"):
        assert words in text


def test_html_loads_and_runs_nothing(lab_result):
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.seen, self.acts = set(), []

        def handle_starttag(self, tag, attributes):
            self.seen.add(tag)
            self.acts += [name for name, _ in attributes if name in ("src", "href") or name.startswith("on")]

    tags = Tags()
    tags.feed(html(made(lab_result, "csirt", "ja")))
    assert tags.acts == []
    assert "svg" in tags.seen
    assert not tags.seen & {"script", "img", "link", "iframe", "a"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pdf_holds_the_same_values_and_is_the_same_each_time(lab_result, language):
    page = made(lab_result, "mail-admin", language)
    data = pdf(page)
    assert data == pdf(page)
    document = pypdfium2.PdfDocument(data)
    text = re.sub(r"\s", "", "".join(one.get_textpage().get_text_range() for one in document))
    for one in ("198.51.100[.]23", "116fe93eb50494a7f7d37d0bd26a760e71cfa9f9cd0a5148f03cbef2c0cf18ab", "ACHForm.xls"):
        assert one in text
    assert ("遮断する値" if language == "ja" else "Valuestoblock") in text
    document.close()


def test_hostile_subjects_stay_text(lab_result):
    hostile = "</td><script>alert(1)</script> [x](http://evil.example) | ` \x1b[2J \u202e" + "あ" * 5_000
    (incident,) = lab_result.incidents
    facts = advisory.gather(lab_result, incident, pick(lab_result, (incident,), exercise=True))
    facts = replace(facts, mails=tuple(replace(one, subject=hostile, files=(hostile,)) for one in facts.mails))
    for reader in advisory.READERS:
        page = advisory.page(facts, reader, Words("ja", lab_result.findings), advisory.Letter(date(2022, 1, 25)))
        text = html(page)
        assert "<script" not in text
        assert "\x1b" not in text
        assert "](http" not in markdown(page)
        assert pdf(page).startswith(b"%PDF")


def test_an_incident_without_mails_can_be_told(lab_result):
    (incident,) = lab_result.incidents
    facts = advisory.gather(
        replace(lab_result, artifacts=()),
        replace(incident, steps=(), entities=(), nodes=(), edges=()),
        pick(lab_result, ()),
    )
    for reader in ("staff", "mail-admin", "csirt"):
        page = advisory.page(facts, reader, Words("en"), advisory.Letter(date(2022, 1, 25)))
        assert markdown(page)
        assert html(page)
        assert pdf(page)


@pytest.mark.parametrize(
    ("hours", "bars"),
    [([0, 1, 1, 5], 21), ([0, 24 * 9], 19), ([0, 24 * 365], 27), ([0, 24 * 365 * 90], 31)],
)
def test_bars_fit_whatever_the_span(hours, bars):
    made = volume([HOUR * (450_000 + hour) for hour in hours], "t")
    assert len(made.bars) == bars
    assert sum(count for _, count in made.bars) == len(hours)


def test_no_figure_where_all_came_at_once():
    assert volume([], "t") is None
    assert volume([HOUR, HOUR], "t") is None


def test_figures_are_drawn():
    bars = Bars("t<", (("01-01", 4), ("01-02", 0), ("01-03", 1)))
    assert "█ 1" in bars_text(bars)
    assert bars_svg(bars).count("<rect") == 2


def test_empty_tables_and_headings_are_left_out():
    blocks = [Heading("a"), Table((), ()), Heading("b"), Para("c"), Heading("d")]
    assert list(told(blocks)) == [Heading("b"), Para("c")]


def test_pages_are_written_plainly():
    page = Page("en", "a*b", "", (Para("one\ntwo"), Items(("x", "y"), numbered=True), Table(("h",), (("a|b\nc",),))))
    assert markdown(page) == "# a\\*b\n\none  \ntwo\n\n1. x\n2. y\n\n| h |\n| --- |\n| a\\|b<br>c |\n"
