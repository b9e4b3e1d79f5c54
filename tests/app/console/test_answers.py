"""Events as people read them."""

import csv
import io

from sekisho.app.console.answers import as_csv, columns, entity_of, inert, named, summary, text_of, unfolded, whole
from sekisho.detect.hunting import parse
from sekisho.model.event import Event, Logsource

PROCESS = Logsource("windows", "process_creation", "sysmon")
ONE = Event(
    PROCESS,
    {"CommandLine": 'cmd /c "a*b"', "Image": "C:\\cmd.exe", "X": "", "Hashes": "MD5=0,SHA256=" + "AB" * 32, "n": 7},
    1_000_000_000,
    "PC-1",
    "CORP\\u",
    "a.log",
    "1",
)
OTHER = Event(Logsource("zeek", "dns", "dns"), {"query": "a.example", "answers": ["192.0.2.1", "x"]}, None)


def test_columns_are_the_questions_own_then_the_kinds():
    assert columns([ONE], ["n"]) == ("n", "Image", "CommandLine")
    assert columns([ONE, OTHER], ["n"]) == ()
    assert columns([OTHER], []) == ("query", "answers")
    assert summary(ONE, ["N"])[0] == ("n", "7")


def test_values_lead_to_entities_and_back_into_the_question():
    fields = {one.name: one.values for one in whole(ONE)}
    assert (fields["@host"][0].kind, fields["@host"][0].entity) == ("host", "PC-1")
    assert (fields["Hashes"][0].kind, fields["Hashes"][0].entity) == ("sha256", "ab" * 32)
    assert "X" not in fields
    for values in fields.values():
        assert parse(values[0].term).answers(
            Event(PROCESS, {**ONE.fields, "@host": "PC-1", "@user": "CORP\\u", "@source": "a.log"})
        )
    assert [one.entity for one in whole(OTHER)[1].values] == ["192.0.2.1", ""]


def test_an_address_is_an_address_whatever_the_field_is_called():
    assert entity_of("DestinationHostname", "203.0.113.5") == ("ip", "203.0.113.5")
    assert entity_of("DestinationIp", "no address") is None
    assert entity_of("unknown", "x") is None
    assert entity_of("User", "-") is entity_of("TargetUserName", "-") is entity_of("Image", " ") is None


def test_long_lists_and_values_are_cut():
    made = Event(PROCESS, {"recipients": [f"a{n}@corp.example" for n in range(90)], "long": "x" * 500})
    fields = {one.name: one for one in whole(made)}
    assert (len(fields["recipients"].values), fields["recipients"].more) == (40, 50)
    assert fields["long"].values[0].term == ""
    assert len(whole(Event(PROCESS, {"a": "y" * 30_000}))[0].values[0].text) == 20_001
    huge = whole(Event(PROCESS, {f"f{n}": "y" * 30_000 for n in range(20)}))
    assert {len(one.values[0].text) for one in huge} == {301}
    assert unfolded("http://a.example/\u202e\x1b") == "hxxp://a[.]example/‹202E›‹001B›"
    assert text_of(None) == ""


def test_a_spreadsheet_takes_nothing_for_a_formula():
    made = [Event(PROCESS, {"=cmd": "+1", "b": 'x,"y"\nz'}, None, "@host", "", "-a", "1")]
    rows = list(csv.reader(io.StringIO(as_csv(made).decode("utf-8-sig"))))
    assert rows[1][1] == "'@host"
    assert rows[0][-2:] == ["'=cmd", "b"]
    assert rows[1][-2:] == ["'+1", 'x,"y"\nz']
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert inert("a") == "a"


def test_a_finding_keeps_what_its_event_names():
    assert set(named(ONE.fields)) == {("path", "C:\\cmd.exe"), ("process", 'cmd /c "a*b"'), ("sha256", "ab" * 32)}
    assert list(named(OTHER.fields)) == [("domain", "a.example")]
    many = {name: f"C:\\{at}" for at, name in enumerate(["Image", "ParentImage", "TargetFilename"] * 9)}
    assert len(list(named({**many, **{"IMAGE" + " " * n: "x" for n in range(40)}}))) <= 12
