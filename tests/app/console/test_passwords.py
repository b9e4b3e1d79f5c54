"""Passwords that people give for a case."""

import importlib.util
from pathlib import Path

import pytest

from sekisho.app.console import messages, passwords
from sekisho.app.console.messages import Choice
from sekisho.model.errors import SourceError

SPEC = importlib.util.spec_from_file_location("mail_desk", Path(__file__).with_name("mail_desk.py"))
mail_desk = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(mail_desk)
WHO = mail_desk.WHO


@pytest.fixture
def locked(tmp_path):
    held = mail_desk.locked("x.txt", b"hello", "秘密の言葉".encode())
    desk, key = mail_desk.desk_with(tmp_path, {"a.eml": mail_desk.mail(html="", files=[("x.zip", held)])})
    yield desk, key
    desk.database.close()


def test_a_given_password_opens_what_was_locked(locked):
    desk, key = locked
    assert messages.counted(desk.database, Choice(unscanned=True)) == 1
    assert passwords.give(desk.database, key, "秘密の言葉", WHO)
    assert not passwords.give(desk.database, key, "秘密の言葉", WHO)
    assert passwords.of(desk.database, key) == ("秘密の言葉",)
    mail_desk.again(desk, key)
    assert messages.counted(desk.database, Choice(unscanned=True)) == 0
    [one] = messages.listed(desk.database, Choice(), 5)
    assert messages.get(desk.database, one.id).passwords() == ("秘密の言葉",)


def test_the_audit_log_tells_who_gave_one_but_not_the_word(locked):
    desk, key = locked
    passwords.give(desk.database, key, "correct horse", WHO)
    row = desk.database.one("SELECT * FROM audit WHERE action = 'password.give'")
    assert (row["who"], row["target"]) == ("suzuki", key)
    assert "horse" not in row["detail"]


@pytest.mark.parametrize("word", ["", "x" * 201, "two\nlines", "nul\0", "\ud800"])
def test_what_is_no_password_is_refused(locked, word):
    desk, key = locked
    with pytest.raises(SourceError):
        passwords.give(desk.database, key, word, WHO)


def test_a_case_has_no_more_than_are_tried(locked):
    desk, key = locked
    for number in range(passwords.MOST):
        passwords.give(desk.database, key, f"word{number}", WHO)
    with pytest.raises(SourceError, match="20"):
        passwords.give(desk.database, key, "one more", WHO)
    with pytest.raises(SourceError):
        passwords.give(desk.database, "c000000000000", "word", WHO)
    desk.cases.delete(key, WHO)
    assert passwords.of(desk.database, key) == ()
