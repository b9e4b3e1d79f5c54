from sekisho.app.console.audit import SYSTEM
from sekisho.app.console.choices import Reach, load

FORM = {"imap_folder": "Quarantine", "imap_security": "tls", "block_days": "30"}


def test_everybody_sees_and_administrators_change(desk, people, browser):
    assert browser("viewer").get("/settings").status_code == 200
    assert browser("responder").get("/settings/response").status_code == 403
    client = browser("admin")
    answer = client.post(
        "/settings/response", data={**FORM, "own": "corp.example\n10.0.0.0/8", "second_person": "true"}
    )
    assert answer.status_code == 303
    kept = load(desk.database, Reach)
    assert (kept.own, kept.second_person, kept.block_days) == (("corp.example", "10.0.0.0/8"), True, 30)
    assert kept.graph_base == "https://graph.microsoft.com"
    assert "Kept." in client.get(answer.headers["location"]).text


def test_secrets_are_kept_and_never_shown(desk, people, browser):
    client = browser("admin")
    client.post("/settings/response", data={**FORM, "secret_webhook": "s3cret-key"})
    assert desk.vault.get("webhook") == "s3cret-key"
    page = client.get("/settings/response").text
    assert "s3cret-key" not in page
    assert "is set; leave empty to keep it" in page
    client.post("/settings/response", data=FORM)
    assert desk.vault.get("webhook") == "s3cret-key"
    client.post("/settings/response", data={**FORM, "forget": "webhook"})
    assert desk.vault.get("webhook") == ""
    assert not desk.database.count("SELECT count(*) FROM audit WHERE detail LIKE '%s3cret%'")


def test_what_cannot_be_used_is_said_and_nothing_is_kept(desk, people, browser):
    client = browser("admin")
    answer = client.post("/settings/response", data={**FORM, "webhook": "https://a.example/", "imap": "mail.example"})
    assert answer.status_code == 400
    assert "not among the allowed" in answer.text
    assert load(desk.database, Reach) == Reach()
    desk.accounts.change("responder", SYSTEM, disabled=True)
    answer = client.post("/settings/response", data={**FORM, "second_person": "true"})
    assert answer.status_code == 400
