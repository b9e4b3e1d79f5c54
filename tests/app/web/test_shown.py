import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from sekisho.app.web import shown
from sekisho.app.web.shown import Look, size, translations, when

WEB = Path(shown.__file__).parent
KINDS = [("**/templates/**.html", "jinja2"), ("**.html", "jinja2"), ("**.py", "python")]


def asked():
    """Every text that pages ask for in the reader's language."""
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
    found = extract_from_dir(WEB, KINDS, {"**.html": {"extensions": "jinja2.ext.do", "silent": "false"}}, keywords)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def catalogues():
    for path in sorted((WEB / "locale" / "ja").glob("*.po")):
        with path.open("rb") as file:
            yield path.name, read_po(file, locale="ja")


def test_every_text_is_in_japanese_too():
    known = {
        message.id if isinstance(message.id, str) else message.id[0]
        for _, one in catalogues()
        for message in one
        if message.id and message.string
    }
    assert asked() - known == set()


def test_no_text_is_translated_twice_or_for_nobody():
    refusals = "".join(path.read_text("utf-8") for path in (WEB.parent / "console").glob("*.py"))  # shown translated
    seen, wanted = {}, asked()
    for name, one in catalogues():
        for message in one:
            if not message.id:
                continue
            key = message.id if isinstance(message.id, str) else message.id[0]
            assert key not in seen, f"{key!r} is in {seen.get(key)} and in {name}"
            assert key in wanted or key in refusals, f"{key!r} in {name} is asked for nowhere"
            seen[key] = name


def test_translations_fill_the_same_places():
    for name, one in catalogues():
        for message in one:
            if isinstance(message.id, str) and message.id:
                places = [sorted(re.findall(r"%\(\w+\)s", text)) for text in (message.id, message.string)]
                assert places[0] == places[1], f"{name}: {message.id!r}"


def test_no_page_has_inline_script_or_style():
    for path in (WEB / "templates").rglob("*.html"):
        if path.name == "body.html":
            continue  # a page without an origin: its style stands within, and its policy knows that by its digest
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|\|\s*safe\b", text), (
            path.name
        )


@pytest.mark.parametrize(
    ("cookie", "accept", "expected"),
    [
        ("", "ja,en;q=0.5", Look("ja", "auto", "Asia/Tokyo")),
        ("", "en-US", Look("en", "auto", "UTC")),
        ("", "", Look("en", "auto", "UTC")),
        ("ja|dark|Europe/Paris", "en", Look("ja", "dark", "Europe/Paris")),
        ("xx|neon|Nowhere/City", "ja", Look("ja", "auto", "UTC")),
        ('"><script>|', "en", Look("en", "auto", "UTC")),
    ],
)
def test_a_look_is_what_was_chosen_or_what_the_browser_asks(cookie, accept, expected):
    from starlette.requests import Request

    headers = [(b"cookie", f"{shown.LOOK}={cookie}".encode()), (b"accept-language", accept.encode())]
    scope = {"type": "http", "headers": headers, "query_string": b"", "path": "/", "method": "GET"}
    assert shown.look_of(Request(scope)) == expected


def test_values_of_the_evidence_cannot_act():
    assert "\u202e" not in shown.shown("a\u202eb\x1b[31m")
    assert len(shown.shown("x" * 9999)) == 400


def test_moments_and_sizes():
    assert when(1652659524, Look("ja", zone="Asia/Tokyo")) == "2022-05-16 09:05:24"
    assert when(None, Look("en")) == ""
    assert [size(count, "en") for count in (0, 999, 1500, 38_600_000, 5e12)] == [
        "0 B",
        "999 B",
        "1.5 KB",
        "38.6 MB",
        "5,000 GB",
    ]


def test_english_needs_no_file():
    assert translations("en").gettext("Overview") == "Overview"
    assert translations("ja").gettext("Overview") == "概要"
