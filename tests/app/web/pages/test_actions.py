def propose(client, **more):
    given = {"action": "block", "way": "lists", "target": ["domain:evil.example", "ip:203.0.113.9"], **more}
    return client.post("/actions/propose", data=given)


def test_an_action_is_put_together_from_an_incident_and_done(desk, people, browser):
    client = browser("responder")
    incident = desk.database.one("SELECT id FROM incidents ORDER BY rank DESC")["id"]
    page = client.get(f"/actions/propose?incident={incident}").text
    assert page.count('name="target"') > 8
    assert "1 already opened" in page
    answer = propose(client, incident=incident, reason="<script>alert(1)</script>")
    assert answer.status_code == 303
    here = answer.headers["location"]
    page = client.get(here).text
    assert "evil[.]example" in page
    assert "<script>alert" not in page
    assert "/api/v1/feeds/domain.txt" in page
    assert client.post(f"{here}/approve").status_code == 303
    assert client.post(f"{here}/run").status_code == 303
    assert 'hx-trigger="every 2s"' in client.get(here).text
    desk.response.work()
    assert client.get(f"{here}/targets").headers["hx-refresh"] == "true"
    assert client.post(f"{here}/undo").status_code == 303
    assert client.post(f"{here}/undo").status_code == 400
    for path in ("/actions", "/actions?state=open", f"/actions?incident={incident}"):
        assert client.get(path).status_code == 200


def test_values_come_from_links_of_other_pages(desk, people, browser):
    client = browser("analyst")
    page = client.get("/actions/propose", params={"kind": "domain", "value": "evil.example"}).text
    assert 'value="domain:evil.example"' in page
    assert "checked" in page
    page = client.get("/actions/propose", params={"kind": "ip", "value": "10.0.0.1"}).text
    assert "disabled" in page
    assert client.get("/actions/propose").status_code == 200
    assert client.get("/actions/propose?incident=i0").status_code == 404
    assert client.get("/actions/x0").status_code == 404


def test_who_may_propose_may_not_always_act(desk, people, browser):
    analyst = browser("analyst")
    here = propose(analyst).headers["location"]
    assert "/approve" not in analyst.get(here).text
    for order in ("approve", "refuse", "run", "undo"):
        assert analyst.post(f"{here}/{order}").status_code == 403
    assert propose(browser("viewer")).status_code == 403
    assert propose(analyst, target=["domain:google.com"]).status_code == 400
    assert propose(analyst, target=[]).status_code == 400
