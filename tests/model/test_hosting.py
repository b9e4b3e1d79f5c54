"""Tables of hosts: kinds are known ones, and safe shorteners are shorteners."""

from sekisho.model.hosting import (
    HOSTING,
    ODD_TLDS,
    REDIRECTORS,
    REWRITERS,
    SAFE_SHORTENERS,
    SHORTENERS,
    TRACKERS,
    VERY_ODD_TLDS,
)


def test_kinds():
    assert set(HOSTING.values()) == {"site", "storage", "form", "tunnel", "ipfs"}
    assert HOSTING["github.io"] == "site"
    assert HOSTING["trycloudflare.com"] == "tunnel"


def test_tables_agree():
    assert SAFE_SHORTENERS <= SHORTENERS
    assert VERY_ODD_TLDS <= ODD_TLDS
    assert not TRACKERS & SHORTENERS
    assert all(path.startswith("/") for _, path, _ in REDIRECTORS)
    assert all(names for _, names in REWRITERS)
