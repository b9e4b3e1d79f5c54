"""Planted steps are written beside a case, not into it, and read again."""

import json

from sekisho.app.lab.planted import Planted, path_of, read, write

STEPS = (
    Planted("proxylogon", "web", "evidence/iis/u_ex211109.log", "4711"),
    Planted("spam", "mail", "evidence/mailboxes/user01@corp.example/a.eml", ""),
)


def test_written_beside_the_folder_and_read_again(tmp_path):
    folder = tmp_path / "exchange-hijack"
    folder.mkdir()
    path = write(folder, "exchange-hijack", STEPS)
    assert path == path_of(folder) == tmp_path / "exchange-hijack.planted.json"
    assert list(folder.iterdir()) == []
    assert read(folder) == STEPS
    document = json.loads(path.read_text())
    assert (document["schema"], document["case"]) == ("sekisho-planted/1", "exchange-hijack")
