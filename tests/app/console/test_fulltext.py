import sqlite3

import pytest

from sekisho.app.console.fulltext import query, row_of, terms

TEXTS = {
    1: "請求書の送付につきまして",
    2: "ご請求内容のご確認 INV-2022",
    3: "税務署からのお知らせ",
    4: "Invoice INV-2022 overdue, please pay",
    5: "見積書の件 カタカナ ﾊﾝｶｸ",
    6: "東京税関",
}


@pytest.fixture(scope="module")
def base():
    opened = sqlite3.connect(":memory:")
    opened.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'unicode61')")
    opened.executemany(
        "INSERT INTO words (rowid, text) VALUES (?, ?)", [(key, terms(text)) for key, text in TEXTS.items()]
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("請求", {1, 2}),
        ("請求書", {1}),
        ("見積", {5}),
        ("税", {3, 6}),
        ("関", {6}),
        ("務所", set()),
        ("inv-2022", {2, 4}),
        ("INVOICE pay", {4}),
        ("invoice 請求", set()),
        ("ハンカク", {5}),
        ("カタ", {5}),
        ("請求 INV", {2}),
    ],
)
def test_words_of_any_length_are_found(base, asked, found):
    rows = base.execute("SELECT rowid FROM words WHERE words MATCH ?", (query(asked),)).fetchall()
    assert {row[0] for row in rows} == found


@pytest.mark.parametrize("asked", ["", '"', "' OR 1=1 --", "*", "NEAR(", "a AND", "() ", "col:x", "\x00", "🦆", "-"])
def test_no_question_breaks_the_query(base, asked):
    wanted = query(asked)
    if wanted:
        base.execute("SELECT rowid FROM words WHERE words MATCH ?", (wanted,)).fetchall()


def test_an_id_is_a_row():
    assert row_of("a0000000000ff") == 255
    assert 0 <= row_of("affffffffffff") < 2**63
