import json
import time

import pytest

from sekisho.app.console.audit import Actor
from sekisho.app.console.choices import Reach, save
from sekisho.app.console.database import Database
from sekisho.app.console.vault import Vault
from sekisho.app.console.ways import PartlyError, Task, ways
from sekisho.model.errors import ResponseError
from sekisho.respond.webhook import genuine
from tests.dovecot import dovecot
from tests.listener import listening
from tests.respond.test_microsoft import BAD, BOX, Service


def task(kind="block", target_kind="domain", target="evil.example", messages=()):
    return Task("x1", kind, "i1", "because", target_kind, target, messages, "suzuki")


def way(folder, name, **chosen):
    database, vault = Database(folder), Vault(folder)
    if chosen:
        with database.change() as base:
            save(base, Actor("admin"), Reach(**chosen))
    return next(one for one in ways(database, vault) if one.name == name)


def test_a_value_goes_on_its_list_and_from_it(tmp_path):
    lists = way(tmp_path, "lists", block_days=2)
    assert lists.told(task()) == ["/api/v1/feeds/domain.txt\n+ evil.example"]
    receipt = lists.do(task())
    row = Database(tmp_path).one("SELECT * FROM blocks")
    assert (row["value"], row["who"], row["reason"]) == ("evil.example", "suzuki", "because")
    assert row["until_at"] == row["since_at"] + 2 * 86_400
    lists.undo(task(), receipt)
    assert not Database(tmp_path).all("SELECT * FROM blocks")
    with pytest.raises(ResponseError, match="cannot stand on a block list"):
        lists.do(task(target="evil.example\n0.0.0.0"))


def test_a_webhook_gets_signed_orders_to_do_and_to_undo(tmp_path):
    Vault(tmp_path).keep("webhook", "key")
    with listening() as listener:
        where = {"webhook": f"{listener.url}/in", "hosts": ("127.0.0.1",), "networks": ("127.0.0.0/8",)}
        hook = way(tmp_path, "webhook", **where)
        assert hook.lacks() == ""
        told = hook.told(task("isolate", "host", "pc1"))[0]
        assert "***" in told
        assert '"value":"pc1"' in told
        receipt = hook.do(task("isolate", "host", "pc1"))
        hook.undo(task("isolate", "host", "pc1"), receipt)
        (_, _, headers, body), (_, _, again, undone) = listener.asked
        listener.answers["POST /in"] = (500, {"error": "full"})
        with pytest.raises(ResponseError, match="answered 500: full"):
            hook.do(task())
    assert genuine("key", headers, body, int(time.time()))
    assert genuine("key", again, undone, int(time.time()))
    assert headers["x-sekisho-nonce"] != again["x-sekisho-nonce"]
    assert json.loads(body)["target"] == {"kind": "host", "value": "pc1", "messages": []}
    assert [json.loads(one)["order"] for one in (body, undone)] == ["do", "undo"]


def test_mails_are_quarantined_over_imap_and_restored(tmp_path):
    text = b"From: a@b.example\r\nMessage-ID: <bad@b.example>\r\n\r\nbody\r\n"
    with dovecot("user01@corp.example") as server:
        where = {"imap": f"127.0.0.1:{server.port}", "imap_security": "none", "imap_account": server.account}
        assert way(tmp_path, "imap", **where).lacks() == "imap_password"
        Vault(tmp_path).keep("imap", server.password)
        imap = way(tmp_path, "imap")
        assert imap.lacks() == ""
        server.deliver("user01@corp.example", text, "1")
        asked = task("quarantine", "mailbox", "user01@corp.example", ("<bad@b.example>", "<other@b.example>"))
        assert server.password not in "".join(imap.told(asked))
        receipt = imap.do(asked)
        assert receipt["said"] == "1 moved, 1 not found"
        assert server.mails("user01@corp.example") == []
        assert imap.undo(asked, receipt) == {"said": "1 moved back"}
        assert server.mails("user01@corp.example") == [text]


def test_microsoft_s_services_are_asked_and_undone(tmp_path):
    with listening() as listener:
        service = Service(listener)
        url = listener.url
        where = {"tenant": "tenant", "client": "client", "login_base": url, "graph_base": url}
        where |= {"defender_base": f"{url}/defender", "networks": ("127.0.0.0/8",)}
        assert way(tmp_path, "graph", **where).lacks() == "client_secret"
        Vault(tmp_path).keep("graph", "s3cret")
        graph, defender = way(tmp_path, "graph"), way(tmp_path, "defender")
        asked = task("quarantine", "mailbox", BOX, (BAD,))
        told = "\n".join(graph.told(asked))
        assert "s3cret" not in told
        assert "/move" in told
        receipt = graph.do(asked)
        assert receipt["said"] == "2 moved"
        assert graph.undo(asked, receipt) == {"said": "2 moved back"}
        with pytest.raises(PartlyError) as partly:
            graph.do(task("quarantine", "mailbox", BOX, (BAD, "<no id@x.example>")))
        assert len(partly.value.receipt["moved"]) == 2
        asked = task("purge", "mailbox", BOX, ("<good@sender.example>", "<none@x.example>"))
        assert graph.do(asked)["said"] == "1 deleted, 1 not found"
        with pytest.raises(ResponseError, match="has no copy"):
            graph.do(asked)
        cut = task("isolate", "host", "PC-0142")
        assert "isolate" in "".join(defender.told(cut))
        receipt = defender.do(cut)
        assert service.cut == {"h1"}
        assert defender.undo(cut, receipt) == {}
        assert service.cut == set()


def test_ways_say_what_they_lack(tmp_path):
    assert way(tmp_path, "webhook").lacks() == "webhook"
    assert way(tmp_path, "webhook", webhook="https://soar.example/").lacks() == "webhook_key"
    assert way(tmp_path, "hand").lacks() == ""
