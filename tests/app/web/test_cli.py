import io

import pytest

from sekisho.app.cli import main
from sekisho.app.console.database import Database


def run(*words):
    with pytest.raises(SystemExit) as left:
        raise SystemExit(main(list(words)))
    return left.value.code


def test_accounts_are_made_listed_and_changed(tmp_path, monkeypatch, capsys):
    folder = str(tmp_path / "desk")
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert run("accounts", "add", "suzuki", "--role", "admin", "--data", folder) == 0
    assert run("accounts", "add", "tanaka", "--role", "viewer", "--email", "t@corp.example", "--data", folder) == 0
    assert run("accounts", "change", "tanaka", "--role", "analyst", "--disable", "--data", folder) == 0
    capsys.readouterr()
    assert run("accounts", "list", "--data", folder) == 0
    assert capsys.readouterr().out.splitlines() == ["suzuki\tadmin\tpassword", "tanaka\tanalyst\tdisabled"]
    base = Database(tmp_path / "desk")
    assert base.count("SELECT count(*) FROM audit WHERE who = 'sekisho'") == 3
    base.close()


def test_a_short_password_makes_no_account(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert run("accounts", "add", "suzuki", "--role", "admin", "--data", str(tmp_path / "desk")) == 2
    assert "characters" in capsys.readouterr().err


def test_other_machines_are_not_served_without_an_account(tmp_path, capsys):
    assert run("serve", "--data", str(tmp_path / "desk"), "--host", "0.0.0.0") == 2
    said = capsys.readouterr().err
    assert "sekisho accounts add" in said
    assert "Traceback" not in said
