"""The store of indicators: who told, until when, and what is refused."""

import json

import pytest

from sekisho.app.exchange.store import DAY_S, Seen, Store, Terms, judge, learn
from sekisho.model.errors import SourceError
from sekisho.model.indicator import Indicator
from sekisho.sources.indicators import Told

NOW = 1_790_000_000
TERMS = Terms(NOW)
POISON = [
    "10.0.0.1",
    "google.com",
    ".*",
    "a",
    "8.8.8.8",
    "http://www.microsoft.com/",
    "co.jp",
    "gmail.com",
    "0.0.0.0/0",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "corp.co.jp",
    "127.0.0.1",
    "localhost",
    "github.io",
]


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "i.db"), write=True) as opened:
        yield opened


def put(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_poison_is_refused_with_reasons(tmp_path, store):
    path = put(tmp_path, "feed.csv", "value\n" + "\n".join(POISON) + "\nevil-shop.net\n")
    counts = learn([path], store, Terms(NOW, frozenset({"corp.co.jp"})))
    assert [one.value for one in store.active(NOW)] == ["evil-shop.net"]
    assert (counts.told, counts.kept) == (len(POISON) + 1, 1)
    assert sum(counts.refused.values()) == len(POISON)
    assert set(counts.refused) == {
        "private",
        "top_site",
        "no_value",
        "resolver",
        "suffix",
        "free_mail",
        "standard_file",
        "own",
        "free_host",
    }


def test_two_tellers_make_one_value(tmp_path, store):
    first = put(tmp_path, "a.csv", "value,confidence,first_seen,description\nevil-shop.net,40,2026-06-01,old\n")
    second = put(tmp_path, "b.txt", "evil-shop[.]net\n")
    learn([first, second], store, TERMS)
    learn([second], store, TERMS)  # again: nothing doubles
    (one,) = store.all()
    assert (one.confidence, one.source, one.note, one.sightings) == (50, "a.csv, b.txt", "old", 0)
    assert one.first_at == 1_780_272_000


def test_what_is_told_without_an_end_grows_old_by_kind():
    ends = {
        told: judge(Told(told, "1"), "f", TERMS)[0].until_at - NOW
        for told in ("45.76.12.34", "evil-shop.net", "1" * 64)
    }
    assert ends == {"45.76.12.34": 30 * DAY_S, "evil-shop.net": 120 * DAY_S, "1" * 64: 3650 * DAY_S}
    assert judge(Told("45.76.12.34", "1"), "f", Terms(NOW, days={"ip": 1}))[0].until_at == NOW + DAY_S


def test_what_is_old_already_is_refused_and_no_end_is_for_ever():
    assert judge(Told("45.76.12.34", "1", last_at=NOW - 31 * DAY_S), "f", TERMS) == (None, "expired")
    assert judge(Told("45.76.12.34", "1", until_at=NOW - 1), "f", TERMS) == (None, "expired")
    assert judge(Told("45.76.12.34", "1", until_at=NOW * 100), "f", TERMS)[0].until_at < NOW + 21 * 366 * DAY_S
    assert judge(Told("45.76.12.34", "1", first_at=NOW * 50), "f", TERMS)[0].until_at == NOW + 30 * DAY_S


def test_expiry_forgets_only_when_it_is_meant(store):
    store.add([Indicator("ip", "45.76.12.34", until_at=NOW - 1), Indicator("ip", "45.76.12.35", until_at=NOW + 1)], NOW)
    assert store.expire(NOW, really=False) == 1
    assert len(list(store.all())) == 2
    assert [one.value for one in store.all(old=True, now=NOW)] == ["45.76.12.34"]
    assert store.expire(NOW, really=True) == 1
    assert [one.value for one in store.all("ip")] == ["45.76.12.35"]


def test_sightings_are_counted(store):
    store.add([Indicator("ip", "45.76.12.34", until_at=NOW + 1, source="a", sightings=3)], NOW)
    for again in range(2):
        store.sighted([Seen("ip", "45.76.12.34", f"f{n}", NOW) for n in range(4)] + [Seen("ip", "45.76.12.99", "f", 0)])
        assert [one.sightings for one in store.all()] == [7], again
    store.expire(NOW + 2, really=True)
    assert store.base.execute("SELECT count(*) FROM sighting").fetchone() == (0,)


def test_unreadable_files_are_named_and_the_rest_goes_on(tmp_path, store):
    cut = put(
        tmp_path,
        "cut.json",
        json.dumps(
            {
                "type": "bundle",
                "objects": [{"type": "indicator", "id": "i", "pattern": "[ipv4-addr:value = '45.76.12.34']"}],
            }
        )[:-30],
    )
    good = put(tmp_path, "good.txt", "evil-shop.net\n")
    counts = learn([cut, str(tmp_path / "none"), good], store, TERMS)
    assert [path for path, _ in counts.gaps] == [cut, str(tmp_path / "none")]
    assert counts.unread == 2
    assert [one.value for one in store.all()] == ["evil-shop.net"]


def test_only_a_store_is_opened(tmp_path):
    with pytest.raises(SourceError, match="import makes one"):
        Store(str(tmp_path / "none"))
    with pytest.raises(SourceError, match="is no store"):
        Store(put(tmp_path, "x.db", "hello " * 500))


def test_pages_are_chosen_by_text_as_it_is_written(tmp_path):
    told = [
        Indicator("domain", "a_b.example", 50, None, None, 2_000_000_000, "ISAC", "100% Emotet"),
        Indicator("domain", "axb.example", 50, None, None, 1_000, "ISAC", "old"),
    ]
    with Store(str(tmp_path / "i.db"), write=True) as store:
        store.add(told, 1)

        def found(text, old=None):
            given = store.page("domain", text, old=old, now=5_000, most=9, skip=0)
            assert store.count("domain", text, old=old, now=5_000) == len(given)
            return [one.value for one in given]

        assert found("A_B") == ["a_b.example"]
        assert found("0% emo") == ["a_b.example"]
        assert found("%") == ["a_b.example"]
        assert found("", old=True) == ["axb.example"]
        assert found("example", old=False) == ["a_b.example"]
        assert store.page("", "", old=None, now=0, most=1, skip=1)[0].value == "axb.example"
