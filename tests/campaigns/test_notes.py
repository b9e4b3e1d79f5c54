import random

from sekisho.campaigns import notes

NOTE = """THREAT IDENTIFICATION:  QAKBOT ("obama999")

SUBJECTS OBSERVED
All subjects were from previously stolen email threads.
Offer 12

SENDERS OBSERVED
info@sender.example

ZIP FILE DOWNLOAD URLS
hxxps://host[.]example/urf/b0/UjIEDgB5.zip

ZIP FILE HASHES
REJ-12345678-Apr-12.zip
0123456789abcdef0123456789abcdef
(all files are named: "REJ-<8-10 digits>-Apr-12.zip)

QAKBOT PAYLOAD DOWNLOAD URLS
http://203.0.113.4/7790983516.dat

QAKBOT C2s
198.51.100.7:443

SUPPORTING EVIDENCE
https://tria.ge/000000-aaaa
"""


def test_the_mail_stage_holds_only_the_mail():
    note = notes.read(NOTE, "2022-04-12 Qakbot (obama999) IOCs")
    assert note.mail.urls == ("https://host.example/urf/b0/UjIEDgB5.zip",)
    assert note.mail.subjects == ("Offer 12",)
    assert note.mail.stolen_thread
    assert note.mail.senders == ("info@sender.example",)
    assert [one.name for one in note.mail.files] == ["REJ-12345678-Apr-12.zip", "REJ-1234567-Apr-12.zip"]
    assert not note.mail.contacts
    assert note.whole.contacts == ("198.51.100.7:443",)
    assert "http://203.0.113.4/7790983516.dat" in note.whole.urls


def test_labels_and_date():
    note = notes.read(NOTE, "2022-04-12 Qakbot (obama999) IOCs")
    assert (note.family, note.distributor, note.wave, note.at_s) == ("qakbot", "obama", "obama999", 1649764800)
    other = notes.read("Emotet 2022 | epoch4 | 21.03.2022 |", "e4_emotet_21.03.2022.txt")
    assert (other.family, other.distributor, other.at_s) == ("emotet", "e4", 1647864000)
    assert notes.read("nothing", "readme").at_s is None
    assert notes.read("", "31.02.2022").at_s is None


def test_broken_notes_are_read_up_to_their_end():
    dice = random.Random(5)
    for _ in range(200):
        text = list(NOTE)
        for _ in range(dice.randrange(1, 20)):
            text[dice.randrange(len(text))] = dice.choice("\0\n<>[]. A9\ud800")
        notes.read("".join(text[: dice.randrange(len(text))]), "x")
