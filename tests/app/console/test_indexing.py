from sekisho.app.console.database import unpacked
from sekisho.app.console.indexing import _succeed, index, seconds
from sekisho.model.result import Result
from sekisho.model.verdict import Verdict


def test_a_case_can_be_found_by_all_that_it_names(desk):
    base = desk.database
    incident = base.one("SELECT * FROM incidents")
    assert incident["severity"] == "critical"
    assert incident["title_ja"] != incident["title_en"]
    document = unpacked(incident["doc_ja"])
    assert document["incident"]["id"] == incident["id"]
    assert set(document["incident"]["findings"]) <= set(document["findings"])
    for kind in ("host", "mailbox", "sha256", "ip", "user", "url"):
        assert base.count("SELECT count(*) FROM entities WHERE kind = ?", kind), kind
    assert base.one("SELECT state FROM triage WHERE incident = ?", incident["id"])["state"] == "new"
    assert base.count("SELECT count(*) FROM messages WHERE incident = ?", incident["id"])
    message = unpacked(base.one("SELECT doc FROM messages WHERE incident != ''")["doc"])
    assert message[0]["parent"] is None
    assert all(set(reason["text"]) == {"en", "ja"} for one in message for reason in one["reasons"])


def test_the_same_result_twice_changes_nothing(desk, lab_result):
    def rows():
        return [
            line
            for line in desk.database.base.iterdump()
            if line.startswith("INSERT") and '"words_' not in line and '"cases"' not in line
        ]

    key = desk.database.one("SELECT id FROM cases")["id"]
    index(desk.database, key, lab_result)
    once = rows()
    index(desk.database, key, lab_result)
    assert rows() == once
    assert desk.database.count("SELECT count(*) FROM incidents") == len(lab_result.incidents)


def test_what_was_found_before_goes(desk):
    base = desk.database
    key = base.one("SELECT id FROM cases")["id"]
    index(base, key, Result(Verdict.CLEAN, (), (), (), (), (), 1, ()))
    for table in ("incidents", "messages", "findings", "entities", "words"):
        assert base.count(f"SELECT count(*) FROM {table}") == 0, table
    assert base.one("SELECT verdict FROM cases")["verdict"] == "clean"


def test_a_case_deleted_meanwhile_is_not_written(desk):
    index(desk.database, "c000000000000", Result(Verdict.CLEAN, (), (), (), (), (), 1, ()))
    assert desk.database.count("SELECT count(*) FROM incidents") == 1


def row(key):
    return (key,) + (None,) * 15


def test_people_s_work_goes_to_the_incident_that_shares_most(desk):
    base = desk.database
    with base.change() as writing:
        writing.execute("DELETE FROM triage")
        writing.execute(
            "INSERT INTO triage (incident, state, changed_at) VALUES ('old', 'progress', 1), ('gone', 'closed', 1)"
        )
        writing.execute("INSERT INTO comments (incident, at, who, text) VALUES ('old', 1, 'x', 'y')")
        new = [(row("near"), {"a", "b"}), (row("far"), {"c"}), (row("kept"), {"d"})]
        _succeed(writing, {"old": {"a", "b", "c"}, "gone": {"z"}, "kept": {"d"}}, new)
    assert base.one("SELECT state FROM triage WHERE incident = 'near'")["state"] == "progress"
    assert base.one("SELECT incident FROM comments")["incident"] == "near"
    assert base.one("SELECT target FROM audit WHERE action = 'incident.succeed'")["target"] == "near"


def test_times_are_seconds():
    assert seconds("2022-05-16T00:05:24Z") == 1652659524
    assert seconds(None) is None
