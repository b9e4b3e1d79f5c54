import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from sekisho.model.errors import ResponseError
from sekisho.respond.microsoft import Application, Cloud, Moved, find, find_host, move, sign_in
from sekisho.respond.outward import allowed
from tests.listener import listening

BAD, BOX = "<bad.1@sender.example>", "user01@corp.example"
HERE = allowed(["127.0.0.1"], ["127.0.0.0/8"])


class Service:
    """The three services on this machine: they check what they are asked, and keep mailboxes and hosts."""

    def __init__(self, listener):
        self.listener, self.tokens = listener, 0
        self.mails = {"m1": [BAD, "inbox-id"], "m2": ["<good@sender.example>", "inbox-id"], "m/3+": [BAD, "archive-id"]}
        self.purged, self.hosts, self.cut = [], {"h1": "pc-0142.corp.example", "h2": "pc-01421.corp.example"}, set()
        listener.answer = self.answer

    def app(self):
        url = self.listener.url
        return Application("tenant", "client", "s3cret", url, url, f"{url}/defender")

    def answer(self, method, path, headers, body):
        where, query = urlsplit(path), parse_qs(urlsplit(path).query)
        if where.path == "/tenant/oauth2/v2.0/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if (form["client_secret"], form["grant_type"]) != ("s3cret", "client_credentials"):
                return 401, {}, {"error": "invalid_client"}
            self.tokens += 1
            scope = "defender" if "/defender/.default" in form["scope"] else "graph"
            return 200, {}, {"access_token": scope, "expires_in": 3600}
        wanted = "defender" if where.path.startswith("/defender") else "graph"
        if headers.get("authorization") != f"Bearer {wanted}":
            return 403, {}, {"error": {"message": "Access is denied"}}
        if where.path.startswith("/defender"):
            return self.machines(where.path, query, body)
        return self.messages(method, where.path, query, body)

    def messages(self, method, path, query, body):
        base = f"/v1.0/users/{BOX}/messages"
        if path == base and method == "GET":
            text = query["$filter"][0].removeprefix("internetMessageId eq '").removesuffix("'").replace("''", "'")
            found = [key for key, (message, _) in self.mails.items() if message == text]
            rows = [{"id": key, "internetMessageId": text, "parentFolderId": self.mails[key][1]} for key in found]
            return 200, {}, {"value": rows}
        key, _, order = path.removeprefix(f"{base}/").partition("/")
        key = unquote(key)
        if key not in self.mails or method != "POST":
            return 404, {}, {"error": {"message": "not found"}}
        if order == "permanentDelete":
            self.purged.append(key)
            del self.mails[key]
            return 204, {}, {}
        message, _ = self.mails.pop(key)
        self.mails[f"{key}-moved"] = [message, json.loads(body)["destinationId"]]
        return 201, {}, {"id": f"{key}-moved"}

    def machines(self, path, query, body):
        if path == "/defender/api/machines":
            start = query["$filter"][0].removeprefix("startswith(computerDnsName,'").removesuffix("')").lower()
            rows = [{"id": key, "computerDnsName": name} for key, name in self.hosts.items() if name.startswith(start)]
            return 200, {}, {"value": rows}
        _, _, _, _, key, order = path.split("/")
        told = json.loads(body)
        assert told["Comment"]
        if order == "isolate":
            assert told["IsolationType"] == "Full"
            self.cut.add(key)
        else:
            self.cut.discard(key)
        return 201, {}, {"id": "action", "status": "Pending"}


@pytest.fixture
def service():
    with listening() as listener:
        yield Service(listener)


def test_mails_are_moved_out_and_back(service):
    cloud = Cloud(service.app(), HERE)
    moved = cloud.quarantine(BOX, BAD)
    assert {folder for _, folder in service.mails.values()} == {"inbox-id", "recoverableitemsdeletions"}
    assert sorted(one.folder for one in moved) == ["archive-id", "inbox-id"]
    for one in moved:
        cloud.restore(BOX, one)
    assert sorted(folder for message, folder in service.mails.values() if message == BAD) == ["archive-id", "inbox-id"]
    assert service.tokens == 1
    with pytest.raises(ResponseError, match="has no copy"):
        cloud.quarantine(BOX, "<none@sender.example>")
    with pytest.raises(ResponseError, match="answered 404: not found"):
        cloud.restore(BOX, Moved(BAD, "m9", "inbox-id"))


def test_mails_are_deleted_for_good(service):
    assert Cloud(service.app(), HERE).purge(BOX, BAD) == 2
    assert list(service.mails) == ["m2"]


def test_hosts_are_cut_off_and_let_back(service):
    cloud = Cloud(service.app(), HERE)
    key = cloud.isolate("PC-0142.corp.example", "because")
    assert service.cut == {"h1"}
    assert cloud.isolate("PC-0142", "because") == key
    cloud.release(key, "over")
    assert service.cut == set()
    for name in ("PC-9", "pc"):
        with pytest.raises(ResponseError, match="no or several"):
            cloud.isolate(name, "because")


def test_a_wrong_secret_does_nothing(service):
    url = service.listener.url
    with pytest.raises(ResponseError, match="answered 401: invalid_client"):
        Cloud(Application("tenant", "client", "wrong", url, url, url), HERE).quarantine(BOX, BAD)
    assert len(service.listener.asked) == 1


def test_what_a_sender_chose_stays_one_text_in_the_query():
    app = Application("t", "c", "s", "https://l.example", "https://g.example", "https://d.example")
    request = find(app, BOX, "<a'or''eq'&$top=9#x@y>")
    query = parse_qs(urlsplit(request.url).query)
    assert query["$filter"] == ["internetMessageId eq '<a''or''''eq''&$top=9#x@y>'"]
    assert query["$top"] == ["21"]
    for message in ("", "a", "<>", "<a b@c>", "<a\r\n@c>", "<é@c.example>"):
        with pytest.raises(ResponseError, match="no Message-ID"):
            find(app, BOX, message)
    for box in ("", "a/../b@c.example", "a@b.example/messages", "a b@c.example", "a%2f@c.example"):
        with pytest.raises(ResponseError, match="is no mailbox"):
            move(app, box, "k", "f")
    for host in ("", "a' or '1", "a b", "../x"):
        with pytest.raises(ResponseError, match="is no host"):
            find_host(app, host)


def test_secrets_are_not_told():
    app = Application("t", "c", "s3cret", "https://l.example", "https://g.example", "https://d.example")
    assert "s3cret" not in sign_in(app, app.graph).told()
    assert "tok" not in find(app, BOX, BAD, "tok").told().replace("internetMessageId", "")
