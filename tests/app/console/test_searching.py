"""Search over everything."""

import random

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.entities import add_note
from sekisho.app.console.fulltext import row_of, terms
from sekisho.app.console.searching import COUNTED, SHOWN, cleaned, like, search, spellings
from tests.app.searching import AT, CASE, HASH, INCIDENT, fill


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    desk = fill(tmp_path_factory.mktemp("desk"))
    add_note(desk.database, "ip", "203.0.113.9", "税関の件と同じ", Actor("suzuki"))
    yield desk.database
    desk.database.close()


def hits(database, text, kind):
    return [row for group in search(database, text).groups if group.kind == kind for row in group.rows]


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("請求", ["請求書の送付"]),
        ("請求書", ["請求書の送付"]),
        ("見積", ["見積書を送ります"]),
        ("税", ["税務署からのお知らせ"]),
        ("quarterly", ["Quarterly report"]),
        ("送", ["見積書を送ります", "請求書の送付"]),
    ],
)
def test_japanese_words_of_two_letters_and_one_are_found(database, text, subjects):
    assert [row["subject"] for row in hits(database, text, "messages")] == subjects


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("hxxp://bad[.]example/a?b=1", ("url", "http://bad.example/a?b=1")),
        ("BAD[.]EXAMPLE", ("domain", "bad.example")),
        ("203.0.113[.]9", ("ip", "203.0.113.9")),
        ("0xcb007109", ("ip", "203.0.113.9")),
        (HASH.upper(), ("sha256", HASH)),
        ("<boss[@]partner.example>", ("mailbox", "boss@partner.example")),
        ("m1@a.example", ("message", "<m1@a.example>")),
        ("pc-0142.CORP.example", ("host", "PC-0142.corp.example")),
        (INCIDENT, ("incident", INCIDENT)),
        (CASE, ("case", CASE)),
        ("a000000000001", ("message-page", "a000000000001")),
        ("corp\\USER01", ("user", "CORP\\user01")),
    ],
)
def test_a_thing_is_known_however_it_is_written(database, text, exact):
    assert search(database, text).exact == (exact,)


def test_each_kind_of_thing_is_found(database):
    assert hits(database, "bad.exam", "entities")[0]["value"] == "bad.example"
    [host] = hits(database, "0142.corp", "entities")
    assert (host["value"], host["last_at"], host["uses"]) == ("PC-0142.corp.example", AT, 2)
    assert hits(database, "ショートカット", "incidents")[0]["id"] == INCIDENT
    assert hits(database, "請求書.eml", "files")[0]["case_id"] == CASE
    assert hits(database, "cd" * 32, "files")
    assert hits(database, "装う", "comments")[0]["incident"] == INCIDENT
    assert hits(database, "税関", "notes")[0]["value"] == "203.0.113.9"
    assert hits(database, "シェル", "rules")[0]["rule_id"] == "r1"
    assert hits(database, "http://bad.example/zzz", "entities")[0]["value"] == "bad.example"


def test_signs_of_patterns_are_letters(database):
    assert hits(database, "100%", "incidents") == []
    assert hits(database, "_", "incidents") == []
    assert like("a%_\\") == "%a\\%\\_\\\\%"


def test_nothing_is_found_of_nothing(database):
    for text in ("", "  ", "\x00", '""'):
        assert search(database, text).groups == ()


def test_many_hits_are_counted_up_to_a_bound(database):
    with database.change() as base:
        for n in range(COUNTED + 20):
            key = f"a{n + 0xF00:012x}"
            base.execute(
                "INSERT INTO messages SELECT ?, case_id, kind, address, message_id, 'common', sender, sender_name, "
                "recipients, ?, verdict, probability, attachments, urls, unscanned, '', doc FROM messages WHERE id = ?",
                (key, n, "a000000000001"),
            )
            base.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row_of(key), terms("common")))
    [group] = [one for one in search(database, "common").groups if one.kind == "messages"]
    assert (group.total, group.more, len(group.rows)) == (COUNTED, True, SHOWN)


def test_whatever_is_written_has_an_answer(database):
    dice = random.Random(3)
    pieces = [
        "a",
        "税",
        "[.]",
        "://",
        "hxxp",
        "<",
        ">",
        "%",
        '"',
        "'",
        "*",
        "(",
        "AND",
        " ",
        "\x00",
        "\ud800",
        "1.2",
        ":",
        "[",
        "NEAR",
    ]
    for _ in range(150):
        text = "".join(dice.choice(pieces) for _ in range(dice.randrange(9)))
        assert search(database, text)
    assert cleaned("「税」") == "税"
    assert "<a@b>" in spellings("a@b")
