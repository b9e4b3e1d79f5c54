"""Advisories on campaigns: the same facts in both languages, defanged, for each reader, in each form."""

import re
from datetime import date
from zoneinfo import ZoneInfo

import pypdfium2
import pytest

from sekisho.model.errors import SekishoError
from sekisho.respond import campaign_advisory, campaigns
from sekisho.respond._page import html, markdown
from sekisho.respond._pdf import pdf
from sekisho.respond._sheet import Letter
from sekisho.respond.wording import LANGUAGES, Words
from tests.respond.campaign_world import dossier


def page(reader, language="en", *, internal=False):
    told = dossier()
    letter = Letter(date(2022, 1, 25), hide=campaigns.hider(told, internal=internal))
    words = Words(language, (), ZoneInfo("Asia/Tokyo"))
    return campaign_advisory.page(told, campaigns.picked(told, exercise=True), reader, words, letter)


def facts(text):
    """Give numbers, defanged addresses, hashes, techniques and ids, each with how often it is told."""
    plain = re.sub(r"(?<![\d-])0(\d)", r"\1", re.sub(r"(\d{4})年(\d+)月(\d+)日", r"\1-\2-\3", text))
    plain = re.sub(r"(\d{4})-0?(\d+)-0?(\d+)", r"\1-\2-\3", plain)
    return sorted(re.findall(r"[\w@-]+(?:\.[\w-]+)*\[\.\]\w+|[0-9a-f]{12,64}|T\d{4}\.\d{3}|\d+(?:-\d+)*%?", plain))


@pytest.mark.parametrize("reader", campaign_advisory.READERS)
def test_both_languages_tell_the_same_facts(reader):
    english, japanese = (facts(markdown(page(reader, language))) for language in ("en", "ja"))
    assert english == japanese
    assert len(english) > 10


@pytest.mark.parametrize("reader", campaign_advisory.READERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_readers_addresses_and_live_links_are_nowhere(reader, language):
    text = html(page(reader, language))
    assert "reader1" not in text
    assert not re.search(r"sender\.example|203\.0\.113\.7|198\.51\.100\.9", text)


def test_each_reader_is_told_what_that_reader_needs():
    staff, admin, csirt = (markdown(page(reader)) for reader in campaign_advisory.READERS)
    assert "198.51.100[.]9" not in staff and "198.51.100[.]9" in admin and "198.51.100[.]9" in csirt
    assert "call the IT service desk at once" in staff and "opened it yet" not in staff
    assert "google" not in staff
    assert "Spearphishing Attachment" in csirt and "emotet with 80%" in csirt
    assert "203.0.113[.]80" in admin


def test_inside_addresses_stay():
    assert "reader1@corp[.]example" in markdown(page("csirt", internal=True))


def test_a_partner_gets_no_letter_on_a_campaign():
    with pytest.raises(SekishoError, match="needs an incident"):
        page("partner")


def test_it_is_written_as_pdf():
    document = pypdfium2.PdfDocument(pdf(page("csirt", "ja")))
    text = "".join(document[number].get_textpage().get_text_bounded() for number in range(len(document)))
    assert "キャンペーン" in text and "198.51.100[.]9" in text
