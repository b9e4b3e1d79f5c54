"""The bench of script in text: two halves that never change, and requests cut as a server cuts them."""

from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "xss"


@pytest.fixture(autouse=True)
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))


def test_a_text_stays_in_its_half():
    import vectors

    assert [vectors.is_held(text) for text in "abcdefgh"] == [False, False, False, False, True, True, True, False]


def test_the_halves_of_what_customers_write_share_no_words():
    import vectors

    words = vectors.customers()
    assert set(words) == {"prefectures", "cities", "towns", "buildings", "companies", "notes", "later"}
    notes = [note for note in words["notes"] if len(note) > 8]
    for sample in vectors.honest(2_000):
        for note in notes:
            if note in sample.texts[0]:
                assert vectors.is_held(note) is sample.held or any(
                    note in other and vectors.is_held(other) is sample.held for other in notes if other != note
                )


def test_vectors_come_once_and_remarks_not_at_all(tmp_path):
    import vectors

    (tmp_path / "a.txt").write_bytes(b"# remark\n<b>\n\n<b>\r\n<i>\n")
    assert [(one.texts, one.is_attack) for one in vectors.libinjection(tmp_path)] == [
        (("<b>",), True),
        (("<i>",), True),
    ]


REQUEST = """rule_id: 941000
tests:
  - test_id: 1
    stages:
      - input: {uri: "/a?x=%3Cb%3E&y=1+2", headers: {User-Agent: u, Host: h}, data: "c=d"}
        output: {log: {expect_ids: [941000]}}
  - test_id: 2
    stages:
      - input: {uri: /}
        output: {log: {no_expect_ids: [941000]}}
      - input: {uri: /}
        output: {status: 200}
"""


def test_requests_are_cut_into_what_an_attacker_fills(tmp_path):
    import vectors

    (tmp_path / "a.yaml").write_text(REQUEST)
    first, second = vectors.core_rule_set(tmp_path)
    assert first.texts == ("/a", "x=%3Cb%3E&y=1+2", "x", "<b>", "y", "1 2", "u", "c=d", "c=d", "c", "d")
    assert (first.is_attack, second.is_attack, second.name) == (True, False, "941000-2")


def test_rows_count_by_set_and_half():
    import evaluate
    from vectors import Sample

    samples = [Sample("a", ("x",), True, held, "") for held in (False, False, True)]
    rows = evaluate.count(samples, [True, False, True])
    assert rows["a", True, False] == (1, 2)
    assert rows["a", True, True].share == "1"
