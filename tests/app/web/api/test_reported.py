MAIL = b"From: evil@x.example\r\nSubject: s\r\nMessage-ID: <a@b>\r\n\r\nx\r\n"


def test_reports_are_handed_in_and_answered(desk, people, browser):
    client = browser("analyst")
    head = {"content-type": "message/rfc822"}
    answer = client.post("/api/v1/reported?reporter=user01@corp.example", content=MAIL, headers=head)
    assert answer.status_code == 201
    key = answer.json()["id"]
    assert client.get(f"/api/v1/reported/{key}").json()["reporter"] == "user01@corp.example"
    assert client.get("/api/v1/reported").json()[0]["id"] == key
    assert client.post(f"/api/v1/reported/{key}/answer", json={"answer": "looking"}).status_code == 204
    large = MAIL + b"x" * 3_000_000
    assert client.post("/api/v1/reported", content=large, headers=head).status_code == 201


def test_what_is_no_report_is_refused(desk, people, browser):
    client = browser("analyst")
    for body in (b"", b"\x00", b"hello", b"%PDF-1.4"):
        assert client.post("/api/v1/reported", content=body).status_code == 400
    assert client.post("/api/v1/reported?reporter=a%00b", content=MAIL).status_code == 422
    assert client.get("/api/v1/reported/r000000000000").status_code == 404
    assert client.post("/api/v1/reported/r000000000000/answer", json={"answer": "clean"}).status_code == 404
    assert browser("viewer").post("/api/v1/reported", content=MAIL).status_code == 403
