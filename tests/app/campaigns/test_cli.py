import json

import pytest

from sekisho.app.cli import main

BODY = "Your statement for the shipment {n} waits in the archive below, please open it with the code that we gave you."


def mail(folder, n, *, host="203.0.113.7", day=3, subject="Shipment statement {n}", body=BODY):
    text = (
        f"From: Desk <desk{n}@sender{n}.example>\nTo: taro@reader.jp\nSubject: {subject.format(n=n)}\n"
        f"Date: Mon, {day:02} Jan 2022 10:00:00 +0000\nMessage-ID: <{n}{day}@sender.example>\n"
        f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body.format(n=n)}\nhttp://{host}/fer/fe{n}.html\n"
    )
    (folder / f"m{n}.eml").write_text(text)


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "mails"
    folder.mkdir()
    for n in range(4):
        mail(folder, n, host="0xcb007107" if n % 2 else "203.0.113.7", day=3 + n)
    mail(
        folder, 9, host="h.example", subject="Lunch", body="Shall we meet for lunch next week or rather the week after"
    )
    path = str(tmp_path / "c.db")
    assert main(["campaigns", "add", str(folder), "--store", path, "--jobs", "1"]) == 0
    return path


def told(capsys, *words):
    capsys.readouterr()
    assert main(["campaigns", *words]) == 0
    return capsys.readouterr().out


def test_mails_become_a_campaign_that_is_explained_split_and_mended(store, capsys):
    (one,) = json.loads(told(capsys, "list", "--json", "--store", store))["campaigns"]
    assert one["count"] == 4
    shown = json.loads(told(capsys, "show", one["id"], "--json", "--store", store))
    first, last = shown["members"][0], shown["members"][-1]
    why = json.loads(told(capsys, "explain", first, last, "--json", "--store", store))
    assert (
        why["same_campaign"]
        and {"kind": "url.ip", "value": "203.0.113.7"}.items()
        <= next(each for each in why["shared"] if each["kind"] == "url.ip").items()
    )
    told(capsys, "split", first, last, "--reason", "not one", "--store", store)
    assert not json.loads(told(capsys, "explain", first, last, "--json", "--store", store))["same_campaign"]
    told(capsys, "undo", "--store", store)
    again = json.loads(told(capsys, "list", "--json", "--store", store))["campaigns"]
    assert again == [one]


def test_texts_in_both_languages(store, capsys, tmp_path):
    (one,) = json.loads(told(capsys, "list", "--json", "--store", store))["campaigns"]
    for language in ("en", "ja"):
        assert one["id"] in told(capsys, "list", "--lang", language, "--store", store)
        assert "url.ip" in told(capsys, "show", one["id"], "--lang", language, "--store", store)
        html = tmp_path / "t.html"
        told(capsys, "trend", "--by", "country", "--lang", language, "--html", str(html), "--store", store)
        assert "<svg" in html.read_text(encoding="utf-8")


def test_labels_and_decisions_from_a_file(store, capsys, tmp_path):
    (one,) = json.loads(told(capsys, "list", "--json", "--store", store))["campaigns"]
    told(capsys, "label", one["id"], "--family", "Emotet", "--store", store)
    (one,) = json.loads(told(capsys, "list", "--json", "--store", store))["campaigns"]
    assert one["guesses"]["family"]["name"] == "emotet"
    members = json.loads(told(capsys, "show", one["id"], "--json", "--store", store))["members"]
    file = tmp_path / "d.txt"
    file.write_text(f"# mine\napart {members[0]} {members[1]} other crew\n")
    told(capsys, "decide", str(file), "--store", store)
    assert not json.loads(told(capsys, "explain", *members[:2], "--json", "--store", store))["same_campaign"]
    file.write_text("nonsense\n")
    assert main(["campaigns", "decide", str(file), "--store", store]) == 2


def test_adding_again_changes_nothing_and_mistakes_are_named(store, capsys, tmp_path):
    before = told(capsys, "list", "--json", "--store", store)
    told(capsys, "add", str(tmp_path / "mails"), "--store", store, "--jobs", "1")
    assert told(capsys, "list", "--json", "--store", store) == before
    assert main(["campaigns", "show", "c0", "--store", store]) == 2
    assert main(["campaigns", "list", "--store", str(tmp_path / "none.db")]) == 2
    assert main(["campaigns", "trend", "--since", "tomorrow", "--store", store]) == 2


def test_a_trend_of_nothing_says_what_to_do(store, capsys, tmp_path):
    html = tmp_path / "t.html"
    shown = told(capsys, "trend", "--by", "family", "--html", str(html), "--store", store)
    assert "sekisho campaigns label" in shown
    assert "sekisho campaigns label" in html.read_text(encoding="utf-8")
