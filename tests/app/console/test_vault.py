import pytest

from sekisho.app.console.vault import NAME, Vault
from sekisho.model.errors import SourceError


def test_a_secret_is_kept_where_only_its_user_reads_it(tmp_path):
    Vault(tmp_path).keep("webhook", "s3cret")
    assert Vault(tmp_path).get("webhook") == "s3cret"
    assert Vault(tmp_path).known() == {"webhook"}
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    Vault(tmp_path).keep("webhook", "")
    assert Vault(tmp_path).known() == frozenset()
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def test_the_environment_comes_first(tmp_path, monkeypatch):
    Vault(tmp_path).keep("smtp", "kept")
    monkeypatch.setenv("SEKISHO_SECRET_SMTP", "given")
    assert Vault(tmp_path).get("smtp") == "given"


def test_what_is_no_secret_is_refused(tmp_path):
    for name, value in (("other", "x"), ("smtp", "a\nb"), ("smtp", "x" * 5000)):
        with pytest.raises(SourceError):
            Vault(tmp_path).keep(name, value)
    (tmp_path / NAME).write_text("{")
    with pytest.raises(SourceError, match="cannot be read"):
        Vault(tmp_path).get("smtp")
