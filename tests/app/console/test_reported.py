import random
import subprocess
import sys
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from sekisho.app.console.audit import SYSTEM, Actor
from sekisho.app.console.choices import Inbox, Post, Reach, save
from sekisho.app.console.reported import unfold
from sekisho.model.errors import SourceError
from tests.dovecot import dovecot
from tests.smtp_sink import smtp_sink

ANALYST = Actor("analyst")
BAD = b"From: evil@sender.example\r\nMessage-ID: <bad@sender.example>\r\nSubject: invoice\r\nX-Odd:  kept  \r\n\r\nopen it\r\n"


def forward(mail=BAD, note="これは怪しいです", subject="Fwd: invoice", how="rfc822"):
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "user01@corp.example", "report@corp.example", subject
    made.set_content(note)
    if how == "rfc822":
        head, _, tail = made.as_bytes().partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-")]
        first = b"\r\n".join(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-"))
        kept += [b'Content-Type: multipart/mixed; boundary="b1"', b"", b"--b1", first, b"", tail]
        kept += [b"--b1", b"Content-Type: message/rfc822", b"", mail.rstrip(b"\r\n"), b"--b1--", b""]
        return b"\r\n".join(kept)
    if how == "eml":
        made.add_attachment(mail, maintype="application", subtype="octet-stream", filename="suspicious.eml")
    return made.as_bytes()


def choose(desk, *chosen):
    with desk.database.change() as base:
        for one in chosen:
            save(base, SYSTEM, one)


@pytest.mark.parametrize("how", ["rfc822", "eml"])
def test_the_attached_mail_comes_out_as_it_was(how):
    told = unfold(forward(how=how))
    assert told.mail.rstrip() == BAD.rstrip()
    assert (told.reporter, told.subject, told.language, told.attached) == (
        "user01@corp.example",
        "Fwd: invoice",
        "ja",
        True,
    )
    assert told.note == "これは怪しいです"


def test_without_an_attachment_the_forwarded_text_is_looked_at():
    raw = forward(how="none", note="see below")
    told = unfold(raw)
    assert (told.mail, told.attached, told.language) == (raw, False, "en")


def test_what_is_no_mail_is_refused():
    for raw in (b"", b"\0" * 50, b"hello", b"PK\x03\x04" + b"x" * 99):
        with pytest.raises(SourceError, match="is no mail"):
            unfold(raw)


def test_only_foreseen_errors_come_out_of_broken_reports():
    dice = random.Random(11)
    seeds = [forward(how=how) for how in ("rfc822", "eml", "none")]
    for _ in range(400):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with suppress(SourceError):
            unfold(bytes(data[: dice.randrange(1, len(data) + 1)]))


def test_a_report_is_taken_in_once_investigated_and_answered(desk):
    original = desk.database.one("SELECT address FROM messages WHERE incident != '' AND kind = 'mail'")["address"]
    mail = (desk.cases.folder / original).read_bytes()
    raw = forward(mail)
    key = desk.reports.receive(raw, ANALYST, "api")
    assert desk.reports.receive(raw, ANALYST, "inbox") == key
    report = desk.reports.get(key)
    assert report["verdict"] is None
    assert desk.reports.proposed(report) == "looking"
    job = desk.jobs.recent(1)[0]
    assert (job.case_id, job.state) == (report["case_id"], "queued")
    work = [sys.executable, "-m", "sekisho.app.console.work", str(desk.database.folder), str(job.id), "--jobs", "1"]
    subprocess.run(work, check=True, capture_output=True)
    report = desk.reports.get(key)
    assert report["verdict"] == "malicious"
    assert len(desk.reports.others(report)) >= 3
    assert desk.reports.proposed(report) == "malicious"
    assert desk.reports.listed(5)[0]["id"] == key
    subject, text = desk.reports.text(report, "malicious")
    assert subject == "Re: Fwd: invoice"
    assert "悪性" in text


def test_only_own_people_are_answered_by_mail(desk):
    ours = desk.reports.receive(forward(), ANALYST, "api")
    other = desk.reports.receive(BAD, ANALYST, "api", "x@corp.example.evil.example")
    with smtp_sink() as sink:
        choose(
            desk,
            Reach(own=("corp.example", "10.0.0.0/8")),
            Post(f"127.0.0.1:{sink.port}", "none", "", "soc@corp.example"),
        )
        assert desk.reports.may_answer(desk.reports.get(ours))
        assert not desk.reports.may_answer(desk.reports.get(other))
        desk.reports.answer(ours, "looking", ANALYST)
        desk.reports.answer(other, "looking", ANALYST)
        while desk.notices.send():
            pass
    assert sink.recipients == ["rcpt TO:<user01@corp.example>"]
    assert sink.mails[0]["Subject"] == "Re: Fwd: invoice"
    assert desk.reports.get(other)["answer"] == "looking"
    with pytest.raises(SourceError):
        desk.reports.answer(ours, "maybe", ANALYST)


def test_a_mailbox_of_reports_is_read(desk):
    with dovecot("report@corp.example") as server:
        choose(desk, Inbox(f"127.0.0.1:{server.port}", "none", "report@corp.example"))
        server.deliver("report@corp.example", forward(), "1")
        server.deliver("report@corp.example", b"garbage\r\n", "2")
        desk.reports.poll()
        assert not desk.reports.listed(5)  # no password yet
        desk.vault.keep("inbox", "word of report@corp.example")
        desk.reports.poll()
        assert [one["reporter"] for one in desk.reports.listed(5)] == ["user01@corp.example"]
        assert desk.reports.trouble() == ""
        desk.reports._polled_at = -1e9
        desk.reports.poll()
        assert len(desk.reports.listed(5)) == 1
        assert desk.database.count("SELECT count(*) FROM audit WHERE action = 'report.refuse'") == 1
        desk.vault.keep("inbox", "wrong")
        desk.reports._polled_at = -1e9
        desk.reports.poll()
        assert desk.reports.trouble()
