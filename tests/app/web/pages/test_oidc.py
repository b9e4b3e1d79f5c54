from urllib.parse import parse_qs, urlsplit

from starlette.testclient import TestClient

from sekisho.app.console.accounts import Role
from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.oidc import Config, Oidc
from sekisho.app.web.server import create
from tests.app.console.test_oidc import Issuer
from tests.listener import listening


def test_a_browser_goes_to_the_issuer_and_comes_back_signed_in(desk):
    desk.accounts.add("suzuki", Role.ANALYST, "", SYSTEM, "suzuki@corp.example")
    with (
        listening() as listener,
        TestClient(create(desk), base_url="http://127.0.0.1:8765", follow_redirects=False) as client,
    ):
        issuer = Issuer(listener)
        config = Config(
            "社内 SSO", issuer.url, "sekisho", "x", "http://127.0.0.1:8765/login/oidc/back", ("127.0.0.0/8",)
        )
        assert client.get("/login/oidc").status_code == 404
        desk.oidc = Oidc(config, desk.database)
        assert "社内 SSO" in client.get("/login").text
        answer = client.get("/login/oidc?next=/incidents")
        assert answer.status_code == 303
        query = {name: one[0] for name, one in parse_qs(urlsplit(answer.headers["location"]).query).items()}
        issuer.nonce = query["nonce"]
        assert client.get("/login/oidc/back?error=access_denied").status_code == 400
        assert client.get("/login/oidc/back?state=x&code=y").status_code == 403
        answer = client.get("/login/oidc/back", params={"state": query["state"], "code": "c"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
        assert client.get("/incidents").status_code == 200
