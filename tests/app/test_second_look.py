"""The second look reads again only what holds what it looks for."""

import gzip
import json

from sekisho.app import intake
from sekisho.app.second_look import holds, second_look
from sekisho.correlate.history import History
from sekisho.model.limits import DEFAULT
from sekisho.model.observable import Observable


def zeek(path, *queries):
    rows = [
        {"_path": "dns", "ts": 1.6e9 + number, "uid": f"C{number}", "id.orig_h": "10.0.0.7", "id.orig_p": 50000,
         "id.resp_h": "10.0.0.53", "id.resp_p": 53, "query": query, "qtype": 1}
        for number, query in enumerate(queries)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_records_that_name_it_are_added_once(tmp_path):
    zeek(tmp_path / "dns.log", "ordinary.example", "Hacked.example", "hacked.example")
    zeek(tmp_path / "other.log", "ordinary.example")
    logs = list(intake.walk([str(tmp_path)], DEFAULT))
    wanted = {Observable("domain", "hacked.example")}
    history = History()
    history.link()
    assert second_look(history, logs, wanted, jobs=1, limits=DEFAULT) == 2
    assert second_look(history, logs, wanted, jobs=1, limits=DEFAULT) == 0
    assert [one.fields["query"] for one in history.loose()] == ["Hacked.example", "hacked.example"]


def test_which_files_may_hold_it(tmp_path):
    plain, packed, wide = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    plain.write_bytes(b"x" * (4 * 1024 * 1024 - 5) + b"hAcked.example" + b"y" * 100)
    packed.write_bytes(gzip.compress(b"nothing"))
    wide.write_bytes("nothing".encode("utf-16"))
    assert holds(plain, {"hacked.example"})
    assert not holds(plain, {"else.example"})
    assert not holds(plain, set())
    assert holds(packed, {"hacked.example"})
    assert holds(wide, {"hacked.example"})
    assert not holds(tmp_path / "none", {"hacked.example"})
