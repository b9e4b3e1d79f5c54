import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from sekisho.app.console.accounts import Accounts, Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.database import Database
from sekisho.app.console.oidc import Config, Oidc, read
from sekisho.model.errors import ResponseError, SourceError
from tests.listener import listening

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})


class Issuer:
    """An issuer on this machine; what its tokens say can be changed."""

    def __init__(self, listener):
        self.url, self.listener = listener.url, listener
        self.changed, self.key, self.header, self.nonce = {}, KEY, {"alg": "RS256", "kid": "k1"}, ""
        self.published = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        listener.answer = self.answer

    def answer(self, method, path, headers, body):
        if path == "/.well-known/openid-configuration":
            return 200, {}, self.published
        if path == "/keys":
            return 200, {}, KeySet([KEY]).as_dict(private=False)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "s1",
            "aud": "sekisho",
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonce,
            "email": "Suzuki@corp.example",
            "email_verified": True,
            **self.changed,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return 200, {}, {"id_token": jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])}


@contextmanager
def signing_in(folder):
    database = Database(folder)
    Accounts(database).add("suzuki", Role.ANALYST, "", SYSTEM, "suzuki@corp.example")
    with listening() as listener:
        issuer = Issuer(listener)
        config = Config(
            "SSO", issuer.url, "sekisho", "s3cret", "http://127.0.0.1:8765/login/oidc/back", ("127.0.0.0/8",)
        )
        yield issuer, Oidc(config, database), database


def begin(issuer, oidc):
    url, browser = oidc.begin("/incidents")
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    issuer.nonce = query["nonce"]
    return query, browser


def test_who_is_vouched_for_comes_in_and_is_bound_to_their_subject(tmp_path):
    with signing_in(tmp_path) as (issuer, oidc, database):
        query, browser = begin(issuer, oidc)
        assert (query["response_type"], query["code_challenge_method"], query["scope"]) == (
            "code",
            "S256",
            "openid email",
        )
        assert oidc.finish(query["state"], "c0de", browser, "") == ("suzuki", "/incidents")
        _, _, headers, body = issuer.listener.asked[-1]
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        assert headers["authorization"] == "Basic c2VraXNobzpzM2NyZXQ="
        import base64
        import hashlib

        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == query["code_challenge"]
        issuer.changed = {"email": "other@corp.example"}  # the subject counts from now on
        query, browser = begin(issuer, oidc)
        assert oidc.finish(query["state"], "c0de", browser, "")[0] == "suzuki"
        issuer.changed = {"sub": "s2"}  # somebody else who now has the address
        query, browser = begin(issuer, oidc)
        with pytest.raises(ResponseError, match="no account"):
            oidc.finish(query["state"], "c0de", browser, "")
        actions = [row["action"] for row in database.all("SELECT action FROM audit ORDER BY number")]
        assert actions == ["account.add", "account.bind", "session.refuse"]


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["sekisho", "another"]},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"nonce": "other"},
        {"nonce": None},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "nobody@corp.example"},
    ],
)
def test_tokens_that_say_something_else_are_not_believed(tmp_path, changed):
    with signing_in(tmp_path) as (issuer, oidc, database):
        issuer.changed = changed
        query, browser = begin(issuer, oidc)
        with pytest.raises(ResponseError):
            oidc.finish(query["state"], "c0de", browser, "")
        assert database.one("SELECT subject FROM accounts")["subject"] is None


def test_tokens_that_others_signed_are_not_believed(tmp_path):
    with signing_in(tmp_path) as (issuer, oidc, _):
        shared = OctKey.import_key("s3cret-s3cret-s3cret-s3cret-s3cret")
        for key, header in ((OTHER, {"alg": "RS256", "kid": "k1"}), (shared, {"alg": "HS256", "kid": "k1"})):
            issuer.key, issuer.header = key, header
            query, browser = begin(issuer, oidc)
            with pytest.raises(ResponseError, match="not believed"):
                oidc.finish(query["state"], "c0de", browser, "")


def test_only_the_browser_that_began_may_finish_and_once(tmp_path):
    with signing_in(tmp_path) as (issuer, oidc, _):
        query, browser = begin(issuer, oidc)
        with pytest.raises(ResponseError, match="another browser"):
            oidc.finish(query["state"], "c0de", "stolen", "")
        with pytest.raises(ResponseError, match="not begun here"):
            oidc.finish(query["state"], "c0de", browser, "")
        with pytest.raises(ResponseError, match="not begun here"):
            oidc.finish("made up", "c0de", browser, "")


def test_a_disabled_account_stays_out(tmp_path):
    with signing_in(tmp_path) as (issuer, oidc, database):
        Accounts(database).change("suzuki", SYSTEM, disabled=True)
        query, browser = begin(issuer, oidc)
        with pytest.raises(ResponseError, match="no account"):
            oidc.finish(query["state"], "c0de", browser, "")


def test_an_issuer_that_is_another_or_incomplete_is_refused(tmp_path):
    with signing_in(tmp_path) as (issuer, oidc, _):
        for changed in ({"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": "http://[x"}):
            kept = dict(issuer.published)
            issuer.published.update(changed)
            with pytest.raises(ResponseError):
                oidc.begin("/")
            issuer.published = kept


def test_the_file_that_names_it_is_read(tmp_path):
    good = (
        'name = "SSO"\nissuer = "https://login.example"\nclient_id = "a"\nclient_secret = "b"\n'
        'redirect = "https://soc.example/login/oidc/back"\n'
    )
    path = tmp_path / "oidc.toml"
    path.write_text(good)
    assert read(path) == Config("SSO", "https://login.example", "a", "b", "https://soc.example/login/oidc/back")
    for bad in (
        "",
        "= x",
        good + 'extra = "x"\n',
        good + "networks = 1\n",
        good + 'networks = ["x"]\n',
        good.replace('"b"', "1"),
        good.replace("https://login.example", "login.example"),
        good.replace("https://login.example", "http://[::1"),
    ):
        path.write_text(bad)
        with pytest.raises(SourceError, match=r"oidc\.toml"):
            read(path)
    with pytest.raises(SourceError):
        read(tmp_path / "missing.toml")
