import base64

from sekisho.app.console.audit import Actor

ACTION = {"kind": "block", "way": "lists", "targets": [{"kind": "domain", "value": "evil.example"}]}
ADMIN = Actor("admin")


def test_an_action_s_whole_life_over_the_api(desk, people, browser):
    client = browser("responder")
    key = client.post("/api/v1/actions", json=ACTION).json()["id"]
    assert client.get(f"/api/v1/actions/{key}/plan").json()[0]["sends"] == ["/api/v1/feeds/domain.txt\n+ evil.example"]
    assert client.post(f"/api/v1/actions/{key}/undo").status_code == 400
    assert client.post(f"/api/v1/actions/{key}/approve").json()["state"] == "approved"
    assert client.post(f"/api/v1/actions/{key}/approve").status_code == 409
    assert client.post(f"/api/v1/actions/{key}/run").json()["state"] == "running"
    desk.response.work()
    assert client.get(f"/api/v1/actions/{key}").json()["targets"][0]["state"] == "done"
    assert client.get("/api/v1/actions?state=done").json()[0]["id"] == key
    assert client.get("/api/v1/feeds/domain.txt").text == "evil.example\n"
    assert "evil.example" in client.get("/api/v1/feeds/domain.csv").text
    assert client.get("/api/v1/feeds/ip.txt").text == ""
    assert client.post("/api/v1/actions/x000000000000/run").status_code == 404


def test_what_cannot_be_is_refused_plainly(desk, people, browser):
    client = browser("responder")
    for changed in (
        {"targets": []},
        {"kind": "destroy"},
        {"targets": [{"kind": "domain", "value": "google.com"}]},
        {"targets": [{"kind": "domain", "value": "a\x00b"}]},
        {
            "incident": "i0\x00",
            "kind": "quarantine",
            "way": "hand",
            "targets": [{"kind": "mailbox", "value": "a@b.example"}],
        },
        {"way": "webhook"},
    ):
        assert client.post("/api/v1/actions", json={**ACTION, **changed}).status_code in (400, 422)
    body = b'{"kind":"block","way":"lists","reason":"\\ud800","targets":[{"kind":"domain","value":"\\ud800.example"}]}'
    answer = client.post("/api/v1/actions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)


def test_an_incident_s_proposals_are_told(desk, people, browser):
    client = browser("viewer")
    incident = desk.database.one("SELECT id FROM incidents ORDER BY rank DESC")["id"]
    found = client.get(f"/api/v1/incidents/{incident}/proposals").json()
    assert {"quarantine", "block"} <= {one["kind"] for one in found}
    assert client.get("/api/v1/incidents/i000000000000/proposals").status_code == 404


def test_a_firewall_s_token_reads_lists_and_nothing_else(desk, people, browser):
    client = browser("viewer")
    client.cookies.clear()
    _, secret = desk.accounts.make_token("admin", "firewall", frozenset({"feed"}), 30, ADMIN)
    basic = base64.b64encode(f"any:{secret}".encode()).decode()
    for given in (f"Bearer {secret}", f"Basic {basic}"):
        head = {"authorization": given}
        assert client.get("/api/v1/feeds/domain.txt", headers=head).status_code == 200
        assert client.get("/api/v1/cases", headers=head).status_code in (401, 403)
        assert client.post("/api/v1/actions", json=ACTION, headers=head).status_code in (401, 403)
    _, whole = desk.accounts.make_token("admin", "all", frozenset({"read", "respond", "triage"}), 30, ADMIN)
    basic = base64.b64encode(f"any:{whole}".encode()).decode()
    assert client.get("/api/v1/actions", headers={"authorization": f"Basic {basic}"}).status_code == 401
    for given in ("Basic x", "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Basic"):
        assert client.get("/api/v1/feeds/domain.txt", headers={"authorization": given}).status_code == 401
