"""Artifact trees as events: the fields that mail and file rules read."""

import pytest

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.url import Url
from sekisho.normalize import artifacts
from sekisho.normalize._file_types import type_mismatch

MAIL = "m.eml"
LINK = Url("http://0xc0000201/a", "http://192.0.2.1/a", "192.0.2.1", "192.0.2.1", "hex-ip")


def analysis(address, *features, analyzers=(), parent=None, relation="attachment", unscanned=""):
    artifact = Artifact(
        address.split(" » ")[-1], b"", address, parent, address.count("»"), relation, unscanned=unscanned
    )
    return Analysis(artifact, "a" * 64, 10, "x/y", analyzers, tuple(Feature(*one) for one in features))


TREE = (
    analysis(
        MAIL, ("subject", "請求書"), ("sender.address", "a@partner.example"), ("recipients", "b@corp.example"),
        ("recipients", "c@corp.example"), ("received_at", "2022-04-25T00:14:02+00:00"), analyzers=("eml",), relation="input",
    ),
    analysis(f"{MAIL} » body.html", ("url", LINK), parent=MAIL, relation="body", analyzers=("html",)),
    analysis(f"{MAIL} » a.zip", ("archive.encrypted", True), parent=MAIL, analyzers=("zip",)),
    analysis(
        f"{MAIL} » a.zip » form.doc.lnk", parent=f"{MAIL} » a.zip", relation="member",
        unscanned="encrypted: no password found (4 tried)",
    ),
)  # fmt: skip


def by_category(tree=TREE):
    found = {}
    for event in artifacts.events(tree, MAIL):
        found.setdefault(event.logsource.category, []).append(event)
    return found


def test_one_event_per_message_file_and_url():
    counts = {category: len(events) for category, events in by_category().items()}
    assert counts == {"message": 1, "attachment": 2, "url": 1}


def test_message_counts_files_and_its_body_links():
    (event,) = by_category()["message"]
    assert event.fields["attachment.extension"] == ["zip"]
    assert event.fields["attachment.count"] == 1
    assert event.fields["urls"] == ["http://192.0.2.1/a"]
    assert event.fields["url.hidden_by"] == ["hex-ip"]
    assert event.fields["recipients"] == ["b@corp.example", "c@corp.example"]
    assert event.time_ns == 1_650_845_642_000_000_000


def test_a_locked_member_still_shows_its_name_and_lock():
    fields = by_category()["attachment"][1].fields
    assert fields["name"] == "form.doc.lnk"
    assert fields["double_extension"] is True
    assert fields["encrypted"] is True
    assert fields["parent.encrypted"] is True
    assert fields["message.subject"] == "請求書"


def test_event_ids_differ_and_stay():
    first = [event.id for event in artifacts.events(TREE, MAIL)]
    assert len(set(first)) == len(first)
    assert first == [event.id for event in artifacts.events(TREE, MAIL)]


def test_declared_fields_are_the_ones_given():
    found = by_category()
    assert set(artifacts.MESSAGE_FIELDS) <= found["message"][0].fields.keys()
    assert set(artifacts.ATTACHMENT_FIELDS) <= found["attachment"][1].fields.keys()
    assert set(artifacts.URL_FIELDS) == found["url"][0].fields.keys()


@pytest.mark.parametrize(
    ("name", "double"),
    [
        ("form.doc.lnk", True),
        ("INVOICE 2022-04-22_1033, USA.doc.lnk", True),
        ("請求書.pdf.exe", True),
        ("list.pdf   .js", True),
        ("report.v2.docx", False),
        ("setup.exe", False),
        ("archive.tar.gz", False),
        ("a.doc.lnk. ", True),
    ],
)
def test_double_extension(name, double):
    assert artifacts.has_double_extension(name) is double


@pytest.mark.parametrize("text", ["", "yesterday", "9999999-01-01", "0001-01-01T00:00:00+23:59"])
def test_a_broken_date_is_no_date(text):
    one = analysis(MAIL, ("subject", "x"), ("received_at", text), analyzers=("eml",))
    assert artifacts.time_ns(one) is None or text.startswith("0001")


def test_a_document_answers_for_the_macros_in_it():
    tree = [
        analysis("a.docm", analyzers=("ooxml",)),
        analysis("a.docm » vbaProject.bin", ("macro.grade", "auto_exec"), analyzers=("vba_project",), parent="a.docm", relation="embedded"),
        analysis("a.docm » vbaProject.bin » M.bas", ("macro.grade", "inert"), analyzers=("vba",), parent="a.docm » vbaProject.bin", relation="macro"),
        analysis("b.docx", analyzers=("ooxml",)),
        analysis("c.xls", ("macro.grade", "inert"), ("macro.grade", "obfuscated_exec"), analyzers=("ole", "vba_project", "xlm")),
        analysis("d.bas", ("macro.grade", "auto_run"), analyzers=("vba",)),
    ]  # fmt: skip
    found = {one.address: one.values("macro.grade") for one in artifacts.graded(tree)}
    assert found["a.docm"] == ["auto_exec"]
    assert found["b.docx"] == ["none"]
    assert found["c.xls"] == ["obfuscated_exec"]
    assert found["d.bas"] == ["auto_run"]
    events = {event.record: event.fields for event in artifacts.events(artifacts.graded(tree), "a.docm")}
    assert "macro.grade" not in events["a.docm » vbaProject.bin"], "one macro is one reason"
    assert events["d.bas"]["macro.grade"] == "auto_run"


@pytest.mark.parametrize(
    ("name", "media_type", "hidden"),
    [
        ("a.exe", "application/x-dosexec", ""),
        ("a.ocx", "application/x-dosexec", ""),
        ("a.jpg", "application/x-dosexec", "program"),
        ("a.tgx", "application/x-dosexec", "program"),
        ("a.dat", "application/x-dosexec", "program"),
        ("a", "application/x-dosexec", ""),
        ("a.bin", "application/x-dosexec", ""),
        ("a.pdf", "application/x-ms-shortcut", "program"),
        ("a.doc", "application/x-msi", "program"),
        ("a.png", "text/vbscript", "script"),
        ("a.txt", "text/javascript", ""),
        ("a.pdf", "application/zip", "archive"),
        ("a.docx", "application/zip", ""),
        ("a.kmz", "application/zip", ""),
        ("a.zip", "application/vnd.rar", ""),
        ("a.pdf", "text/html", "page"),
        ("a.xls", "text/html", ""),
        ("a.doc", "application/rtf", "document"),
        ("a.doc", "application/x-ole-storage", ""),
        ("a.docx", "application/x-ole-storage", ""),
        ("a.png", "image/jpeg", ""),
        ("Thumbs.db", "application/x-ole-storage", ""),
    ],
)
def test_what_hides_under_a_name(name, media_type, hidden):
    assert type_mismatch(artifacts.extension_of(name), media_type) == hidden
