"""A day's background."""

import json
from datetime import date

from sekisho.app.lab.corp import DESKS, MAILBOXES, moment
from sekisho.app.lab.endpoint import CONTEXT, STORY, Machine
from sekisho.app.lab.noise import background_events, background_mails

DAY = date(2022, 4, 25)


def test_mails_are_in_both_languages_and_to_known_mailboxes():
    mails = background_mails("case", DAY)
    assert {mail.charset for mail in mails} == {"us-ascii", "iso-2022-jp", "utf-8"}
    assert {box for mail in mails for box in mail.to} == set(MAILBOXES)
    assert {part.media_type for mail in mails for part in mail.attachments} >= {
        "text/plain",
        "application/pdf",
        "image/png",
    }
    assert mails[1].in_reply_to == mails[0].message_id


def test_events_are_background_and_know_the_administrators_tools():
    for desk, tools in ((DESKS[0], True), (DESKS[1], False)):
        machine = Machine(desk, "case", moment(DAY, "08:31:00"))
        background_events(machine, DAY, tools=tools)
        export = machine.export()
        assert export.lines[STORY] == ()
        assert len(export.lines[CONTEXT]) == 3
        rows = [json.loads(line)["winlog"]["event_data"] for line in export.data.decode().splitlines()]
        assert len(rows) > 100
        images = {row.get("Image", "").rpartition("\\")[2] for row in rows}
        assert ({"regsvr32.exe", "rundll32.exe", "powershell.exe"} <= images) == tools
