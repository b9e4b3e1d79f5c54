"""The hunt page, with answers that an attacker wrote."""

import pytest

from sekisho.app.console.hunts import understood
from sekisho.app.web.pages.hunt import EXAMPLES
from tests.app.searching import HOSTILE, fill, visit


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    desk = fill(tmp_path_factory.mktemp("desk"))
    yield visit(desk)
    desk.database.close()


def page(client, **query):
    answer = client.get("/hunt", params=query, headers={"accept-language": query.pop("lang", "en")})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("text", EXAMPLES)
def test_each_example_is_a_question(text):
    assert understood(text)


def test_the_form_tells_which_logs_there_are(client):
    text = page(client)
    assert "windows/process_creation/sysmon (9)" in text
    assert "Examples" in text


def test_answers_are_a_table_with_the_questions_fields(client):
    text = page(client, q="Image|contains:cmd", limit=5)
    assert text.count('class="whole"') == 5
    assert "The latest 5 events; there are more" in text
    assert "cmd8.exe" in text
    assert "cmd3.exe" not in text
    assert "/hunt/times?" in text


def test_few_answers_come_with_their_chart(client):
    text = page(client, q="n|lt:3")
    assert "data-chart" in text
    assert "3 events" in text


def test_what_evidence_holds_is_shown_and_never_acts(client):
    text = page(client, q="n:5")
    assert HOSTILE not in text
    assert "<img" not in text.replace('<img src="/static/sekisho.svg"', "")
    assert "‹202E›" in text


def test_a_mistake_is_shown_at_its_place_with_advice_in_the_readers_language(client):
    text = page(client, q="a Image|endwith:<b>")
    assert "<mark>Image|endwith:&lt;b&gt;</mark>" in text
    assert "There is no such modifier" in text
    answer = client.get("/hunt", params={"q": "a Image|endwith:x", "lang": "ja"})
    assert "この修飾子はありません" in answer.text


def test_answers_are_counted_by_a_field(client):
    text = page(client, q="Image|exists:true", by="@host")
    assert "PC-0142.corp[.]example" in text
    assert "9 events, 1 values" in text
    assert "@host:PC-0142.corp.example" in text.replace("%40", "@").replace("%3A", ":")


def test_all_answers_over_time_come_as_a_piece(client):
    answer = client.get("/hunt/times", params={"q": "Image|exists:true"})
    assert "9 events over time" in answer.text
    assert "<html" not in answer.text


def test_one_event_opens_whole_as_a_piece_and_as_a_page(client):
    text = page(client, q="n:5", last="90d", logsource="windows/process_creation/sysmon")
    address = text.split('hx-get="/hunt/event?')[1].split('"')[0].replace("&amp;", "&")
    piece = client.get(f"/hunt/event?{address}", headers={"hx-request": "true"})
    assert piece.status_code == 200
    assert "<html" not in piece.text
    assert HOSTILE not in piece.text
    assert "/entities/host?value=PC-0142.corp.example" in piece.text
    assert "exclude" in piece.text
    assert "last=90d&amp;logsource=windows%2Fprocess_creation%2Fsysmon" in piece.text
    whole = client.get(f"/hunt/event?{address}")
    assert "<html" in whole.text
    assert client.get("/hunt/event", params={"source": "a", "record": "b", "id": "e000000000000"}).status_code == 404


def test_answers_are_given_as_files(client):
    lines = client.get("/hunt/export", params={"q": "Image|exists:true", "form_of": "json"})
    assert lines.text.count("\n") == 9
    assert "attachment" in lines.headers["content-disposition"]
    table = client.get("/hunt/export", params={"q": "Image|exists:true", "form_of": "csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert client.get("/hunt/export", params={"q": "Image:"}).status_code == 400


@pytest.mark.parametrize(
    "query",
    [{"q": "\x00"}, {"q": "a", "since": "x"}, {"q": "a", "logsource": "a/b/c/d/e"}, {"q": "a" * 8_000}, {"q": "*"}],
)
def test_odd_input_has_an_answer(client, query):
    assert client.get("/hunt", params=query).status_code == 200


def test_a_rule_is_a_question(client):
    rule = "title: T\nlogsource: {product: windows}\ndetection:\n  one: {Image|contains: cmd}\n  condition: one"
    assert "9 events" in page(client, q=rule)
