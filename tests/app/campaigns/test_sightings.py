from sekisho.app.campaigns.sightings import Read, read

NOTE = "THREAT IDENTIFICATION:  EMOTET (E4)\n\nSENDERS OBSERVED\na@b.example\n\nEMOTET C2s\n198.51.100.7:443\n"


def test_notes_mails_and_files_in_one_folder(tmp_path):
    (tmp_path / "2022-01-02 Emotet (E4) IOCs").write_text(NOTE)
    (tmp_path / "a.eml").write_text("From: a@b.example\nTo: x@y.jp\nSubject: Hello there\n\nText of it\n")
    (tmp_path / "f.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken")
    told = Read()
    found = {one.kind: one for one in read([str(tmp_path)], str(tmp_path / "c.db"), 1, told)}
    assert (told.mails, told.notes, told.undated, told.unread) == (1, 1, 1, 1)
    assert (found["report"].family, found["report"].distributor) == ("emotet", "e4")
    assert found["mail"].country == "jp" and found["mail"].at_s is None


def test_copies_of_a_mail_are_one_and_a_borrowed_id_is_not(tmp_path):
    head = "From: a@b.example\nTo: x@y.jp\nMessage-ID: <1@b.example>\nSubject: Hello there\n"
    (tmp_path / "a.eml").write_text(head + "\nText of the mail that is sent\n")
    (tmp_path / "b.eml").write_text(
        "Received: from m by n; Mon, 3 Jan 2022 10:00:00 +0000\n" + head + "\nText of the mail that is sent\n"
    )
    (tmp_path / "c.eml").write_text(head + "\nQuite another wording with a http://h.example/x link\n")
    found = {one.id for one in read([str(tmp_path)], str(tmp_path / "c.db"), 1, Read())}
    assert len(found) == 2


def test_a_sender_who_is_the_reader_is_no_trait(tmp_path):
    (tmp_path / "a.eml").write_text("From: X@y.example\nTo: x@y.example\nSubject: Fw: offer\n\nText of it\n")
    (tmp_path / "b.eml").write_text("From: a@b.example\nTo: x@y.example\nSubject: Fw: offer\n\nText of it\n")
    found = [dict(one.traits) for one in read([str(tmp_path)], str(tmp_path / "c.db"), 1, Read())]
    assert [one.get("sender.address") for one in sorted(found, key=len)] == [None, "a@b.example"]


def test_a_list_of_phishing_links_is_read_and_another_table_is_not(tmp_path):
    rows = "2021/06/01 08:36:00,https://card.shop.example/a,LINE\n2021/06/01,nothing\n"
    (tmp_path / "202106.csv").write_text("date,URL,description\n" + rows)
    (tmp_path / "other.csv").write_text("a,b,c\n1,2,3\n")
    told = Read()
    found = list(read([str(tmp_path)], str(tmp_path / "c.db"), 1, told))
    assert told.links == 1 and [one.rpartition("/")[2] for one in told.reasons] == ["202106.csv:3: 2 columns"]
    assert [one.brand for one in found if one.kind == "report"] == ["LINE"]
