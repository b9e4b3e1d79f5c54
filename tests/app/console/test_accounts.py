import pytest

from sekisho.app.console import accounts as module
from sekisho.app.console.accounts import Accounts, Role, Visitor
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.database import Database
from sekisho.model.errors import SourceError

PASSWORD = "correct horse battery"


@pytest.fixture
def base(tmp_path):
    opened = Database(tmp_path)
    yield opened
    opened.close()


def test_a_password_opens_only_its_own_account(base):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.ANALYST, PASSWORD, SYSTEM)
    assert accounts.check("suzuki", PASSWORD)
    assert accounts.check("SUZUKI", PASSWORD)
    assert not accounts.check("suzuki", PASSWORD + "x")
    assert not accounts.check("tanaka", PASSWORD)
    assert not accounts.check("suzuki", "")


def test_an_account_without_a_password_is_opened_by_none(base):
    accounts = Accounts(base)
    accounts.add("sso", Role.VIEWER, "", SYSTEM, "sso@corp.example")
    assert not accounts.check("sso", "")


@pytest.mark.parametrize("name", ["", "local", "a b", "../x", "x" * 65, "<script>", "-x"])
def test_names_that_are_none_are_refused(base, name):
    with pytest.raises(SourceError):
        Accounts(base).add(name, Role.VIEWER, PASSWORD, SYSTEM)


def test_short_passwords_and_taken_names_are_refused(base):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.VIEWER, PASSWORD, SYSTEM)
    with pytest.raises(SourceError, match="characters"):
        accounts.add("tanaka", Role.VIEWER, "short", SYSTEM)
    with pytest.raises(SourceError, match="there is an account"):
        accounts.add("Suzuki", Role.VIEWER, PASSWORD, SYSTEM)


def test_a_session_is_believed_until_it_ends_or_grows_old(base, monkeypatch):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.RESPONDER, PASSWORD, SYSTEM)
    secret = accounts.begin("suzuki", "192.0.2.1")
    visitor = accounts.visitor(secret, "192.0.2.1")
    assert (visitor.name, visitor.role) == ("suzuki", Role.RESPONDER)
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + module.IDLE_S + 1)
    assert accounts.visitor(secret, "192.0.2.1") is None
    monkeypatch.setattr(module.time, "time", lambda: now)
    accounts.end(visitor)
    assert accounts.visitor(secret, "192.0.2.1") is None
    assert accounts.visitor("made up", "192.0.2.1") is None


def test_only_the_secret_s_digest_is_kept(base):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.VIEWER, PASSWORD, SYSTEM)
    secret = accounts.begin("suzuki", "")
    _, token = accounts.make_token("suzuki", "feed", frozenset({"read"}), 30, SYSTEM)
    kept = "\n".join(base.base.iterdump())
    assert secret not in kept
    assert token not in kept
    assert PASSWORD not in kept


def test_who_started_a_console_is_its_only_user_until_there_are_accounts(base):
    accounts = Accounts(base)
    secret = accounts.begin("local", "127.0.0.1")
    assert accounts.visitor(secret, "127.0.0.1").role is Role.ADMIN
    accounts.add("suzuki", Role.ADMIN, PASSWORD, SYSTEM)
    assert accounts.visitor(secret, "127.0.0.1") is None


def test_the_last_administrator_stays(base):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.ADMIN, PASSWORD, SYSTEM)
    for change in ({"disabled": True}, {"role": Role.VIEWER}):
        with pytest.raises(SourceError, match="last administrator"):
            accounts.change("suzuki", SYSTEM, **change)
    accounts.add("tanaka", Role.ADMIN, PASSWORD, SYSTEM)
    accounts.change("suzuki", SYSTEM, disabled=True)
    assert not accounts.check("suzuki", PASSWORD)


def test_sessions_end_when_role_or_password_change(base):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.VIEWER, PASSWORD, SYSTEM)
    for change in ({"role": Role.ANALYST}, {"password": PASSWORD + "!"}, {"disabled": True}):
        secret = accounts.begin("suzuki", "")
        accounts.change("suzuki", SYSTEM, **change)
        assert accounts.visitor(secret, "") is None


def test_a_token_may_no_more_than_its_scopes_and_its_account(base):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.ANALYST, PASSWORD, SYSTEM)
    _, secret = accounts.make_token("suzuki", "all", frozenset({"read", "admin"}), 30, SYSTEM)
    bearer = accounts.bearer(secret, "")
    assert bearer.may(Role.ANALYST)
    assert not bearer.may(Role.RESPONDER)
    _, secret = accounts.make_token("suzuki", "read", frozenset({"read"}), 30, SYSTEM)
    bearer = accounts.bearer(secret, "")
    assert bearer.may(Role.VIEWER)
    assert not bearer.may(Role.ANALYST)
    assert not bearer.csrf


def test_a_token_ends(base, monkeypatch):
    accounts = Accounts(base)
    accounts.add("suzuki", Role.ANALYST, PASSWORD, SYSTEM)
    _, secret = accounts.make_token("suzuki", "x", frozenset({"read"}), 1, SYSTEM)
    now = module.time.time()
    monkeypatch.setattr(module.time, "time", lambda: now + 2 * 86_400)
    assert accounts.bearer(secret, "") is None
    for scopes, days in ((frozenset(), 1), (frozenset({"root"}), 1), (frozenset({"read"}), 0)):
        with pytest.raises(SourceError):
            accounts.make_token("suzuki", "x", scopes, days, SYSTEM)


def test_a_role_may_what_the_ones_before_may():
    for role in Role:
        visitor = Visitor("x", role)
        assert [visitor.may(other) for other in Role] == [other <= role for other in Role]
    with pytest.raises(ValueError, match="no such role"):
        Role.of("root")
