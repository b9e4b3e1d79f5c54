from dataclasses import replace

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.choices import Reach, load, save, words
from sekisho.app.console.database import Database
from sekisho.model.errors import SourceError

ADMIN = Actor("admin")


def test_choices_are_kept_and_the_log_says_what_changed(tmp_path):
    database = Database(tmp_path)
    assert load(database, Reach) == Reach()
    chosen = Reach(second_person=True, own=("corp.example",), hosts=("soar.corp.example",)).checked()
    with database.change() as base:
        save(base, ADMIN, chosen)
    assert load(database, Reach) == chosen
    row = database.one("SELECT * FROM audit")
    assert (row["action"], row["target"]) == ("settings.change", "reach")
    assert row["detail"] == ('{"changed":{"second_person":true,"own":["corp.example"],"hosts":["soar.corp.example"]}}')


def test_lists_are_read_however_they_are_written():
    assert words(" A.example, b.example\n\nc.example a.EXAMPLE ") == ("a.example", "b.example", "c.example")
    assert words("  ") == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook": "https://soar.example/"},
        {"webhook": "http://[::1"},
        {"webhook": "javascript:alert(1)"},
        {"networks": ("10.0.0.0/99",)},
        {"own": ("not a domain",)},
        {"own": ("x" * 600,)},
        {"imap": "mail.example:143/x"},
        {"imap_security": "ssl"},
        {"imap_folder": "a\r\nb"},
        {"imap_folder": "隔離"},
        {"tenant": "a/b"},
        {"block_days": -1},
        {"graph_base": "https://user:word@graph.example"},
        {"login_base": "https://x.example/" + "a" * 600},
    ],
)
def test_what_cannot_be_used_is_refused(changed):
    with pytest.raises(SourceError):
        replace(Reach(), **changed).checked()
