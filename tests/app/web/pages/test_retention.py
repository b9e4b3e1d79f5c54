from sekisho.app.console.retention import Policy, policy


def test_an_administrator_sees_what_would_go_before_it_does(desk, people, browser):
    client = browser("admin")
    with desk.database.change() as base:
        base.execute("UPDATE triage SET state = 'closed'")
        base.execute("UPDATE cases SET changed_at = 0")
    page = client.post("/settings/retention", data={"case_days": "30", "step": "try"})
    assert "青空商事" in page.text
    assert policy(desk.database) == Policy()
    assert client.post("/settings/retention", data={"case_days": "30", "step": "keep"}).status_code == 303
    assert policy(desk.database) == Policy(case_days=30)
    assert client.post("/settings/retention", data={"case_days": "-1"}).status_code == 422
    assert browser("responder").get("/settings/retention").status_code == 403
