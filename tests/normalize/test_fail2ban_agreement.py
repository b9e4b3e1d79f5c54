"""Labelled lines of mail servers, read as fail2ban's own tests expect.

A label says whether a line is held against a client, and against which; at times also who, and when. One line may be
labelled for several modes: it counts as held against the client when any of them does. A line of ours is when a login
failed or was given up, a mail was refused, or an SMTP client broke the rules. ``DISAGREED`` are the lines where we mean
to differ, by a part of the line, with the reason.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.normalize import syslog
from sekisho.sources import Row
from sekisho.sources.syslog import read, recognise

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "maillogs" / "fail2ban"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not DATA.exists(), reason="no shared data")]
FILES = (
    "postfix", "dovecot", "exim", "exim-spam", "courier-auth", "courier-smtp", "cyrus-imap", "sendmail-auth",
    "sendmail-reject",
)  # fmt: skip
NOW = datetime(2005, 8, 14, 12, tzinfo=UTC).timestamp()
"""The day that the labels count years from."""
LABEL = "# failJSON:"
DISAGREED = {
    # The label speaks of one mode, in which only "too many errors" counts. The line is a violation in all others.
    "improper command pipelining after AUTH from unknown[192.0.2.11]": "of one mode only",
}


def labelled(text):
    """Give (line number, line, label) of each labelled line."""
    label = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(LABEL):
            label = json.loads(line[len(LABEL) :])
        elif line.strip() and not line.startswith("#"):
            if label is not None:
                yield number, line, label
            label = None


def held_against(event):
    fields = event.fields
    if event.logsource.category == "authentication":
        return fields["result"] in ("failure", "aborted") and fields.get("stage") != "worker"
    return fields.get("status") == "rejected" or fields.get("spam") == "true" or "violation" in fields


def read_file(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    os.utime(copy, (NOW, NOW))
    assert recognise(copy.read_bytes()[:65_536], copy)
    found = {}
    for event in syslog.normalize((item for item in read(copy) if isinstance(item, Row)), path.name):
        found.setdefault(event.record, []).append(event)
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_label_is_agreed_with(tmp_path, name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {name} in the shared data")
    found = read_file(path, tmp_path)
    lines = list(labelled(path.read_text()))
    words = {line.split(": ", 1)[-1]: label for _, line, label in lines if label["match"]}
    wrong = []
    for number, line, label in lines:
        if any(part in line for part in DISAGREED):
            continue
        expected = label if label["match"] else words.get(line.split(": ", 1)[-1])
        events = [event for event in found.get(str(number), ()) if held_against(event)]
        hosts = {str(event.fields.get("src_ip")) for event in events}
        if expected is None:
            agreed = not events
        else:
            agreed = expected["host"].lower() in hosts
            agreed &= "user" not in expected or any(event.user == expected["user"] for event in events)
        if not agreed:
            wrong.append(f"{path.name}:{number}: {label} {line}")
    assert not wrong, "\n".join(wrong)
    assert len(lines) > 5


@pytest.mark.parametrize("name", FILES)
def test_times_have_the_year_of_the_label(tmp_path, name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no {name} in the shared data")
    found = read_file(path, tmp_path)
    for number, line, label in labelled(path.read_text()):
        if label["match"] and "time" in label and str(number) in found:
            date, _, clock = label["time"].partition("T")
            year, month, day = map(int, date.split("-"))
            expected = datetime(year, month, day, *map(int, clock.split(":")), tzinfo=UTC).timestamp()
            assert found[str(number)][0].time_ns == int(expected) * 10**9, line
